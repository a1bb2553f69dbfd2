"""Places: what a message to a person spends of the caps, the person's own and their account's.

The law: both places of a message are spent together and given back together, in the input that
decides it, so that two members of an account never both take its last one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from upsell.clock import MINUTE, Duration, Moment
from upsell.decisions.addresses import address_key
from upsell.decisions.contact import (
    Contact,
    Speech,
    Touch,
    ask_caps,
    ask_full,
    release,
    reserve,
    settle_touch,
)
from upsell.decisions.contact_hours import ask_contact_hours, hours_binding
from upsell.decisions.decision import Verdict
from upsell.decisions.hours import all_hold, zone_of
from upsell.decisions.policy import Cap, Per, caps_per
from upsell.decisions.reasons import Reason
from upsell.ids import bare, share
from upsell.journeys.effects import Spend
from upsell.journeys.household import Unit
from upsell.journeys.scene import Scene
from upsell.rules.facts import Scalar

RELEASED_OVER: Duration = 15 * MINUTE
"""The stretch over which those who waited for the same opening are asked again."""


def ask_places(
    scene: Scene,
    person: Unit,
    speech: Speech,
    *,
    but: str = "",
    beside: int = 0,
    others: Sequence[Touch] = (),
) -> Verdict | None:
    """Say which cap has no place for a message to a person now, or None when all have one.

    Args:
        scene: The household, as of now.
        person: Whom it is to; the account itself for a task about it.
        speech: What is to be said.
        but: Key of the message itself, when it holds its places already.
        beside: How many messages to others of the account are about to take places before it.
        others: Places at the person's address that were taken before it, by whatever id.
    """
    zone = zone_for(scene, person)
    personal = None
    if person is not scene.household.account:
        caps = _caps(scene, Per.PERSON)
        personal = ask_caps(person.contact, caps, speech, scene.now, zone=zone, but=but, others=others)
    shared = ask_caps(
        _shared(scene, person),
        _caps(scene, Per.ACCOUNT),
        speech,
        scene.now,
        zone=zone,
        but=but,
        beside=beside,
    )
    if personal is None or shared is None:
        return personal or shared
    # The one that opens last answers, and one that never does is last.
    return max(personal, shared, key=lambda full: (full.retry_at is None, full.retry_at or 0))


def ask_address(scene: Scene, person: Unit, speech: Speech, address: str) -> Verdict | None:
    """Say which cap was found full at a person's address by the gate before sending, or None when none was.

    What others are sent there is known to the gate alone; that it was too much is told by the receipt.
    """
    if not person.contact.full:
        return None
    key = address_key(speech.channel, address)
    return ask_full(person.contact, _caps(scene, Per.PERSON), speech, key, scene.now)


def ask_hours(scene: Scene, person: Unit, channel: str) -> Verdict | None:
    """Say until when a channel may not speak to a person now by their own clock, or None when it may.

    Asked are the team's own hours and, for channels that obey it, the law of every place they may be in.
    Who waits for the same opening is asked again over a quarter of an hour, not all at once.
    """
    policy = scene.program.policy
    own, law = policy.hours.get(channel), policy.law if channel in policy.lawful else None
    if own is None and law is None:
        return None
    of_account = _account_traits(scene)
    binding = hours_binding(own, law, person.profile.traits, of_account, scene.program.zone, scene.now)
    opening = ask_contact_hours(binding, scene.now)
    if opening is None:
        return None
    jitter = int(share("hours", person.id) * RELEASED_OVER)
    if not all_hold(binding, opening.at + jitter):
        jitter = 0
    return Verdict(Reason.OUTSIDE_HOURS, f"{channel} {opening.told}", (), opening.at + jitter)


def zone_for(scene: Scene, person: Unit) -> str:
    """Give the zone of a person's wall clock: their own, their account's, or the team's."""
    return zone_of(person.profile.traits, _account_traits(scene), scene.program.zone)


def _account_traits(scene: Scene) -> Mapping[str, Scalar]:
    account = scene.household.account
    return account.profile.traits if account is not None else {}


def take_places(scene: Scene, person: Unit, touch: Touch) -> None:
    """Spend the places of a message to a person, unless it holds them already."""
    shared = _shared(scene, person)
    _take(person.contact, touch, scene.program.policy.caps)
    if shared is not person.contact and _caps(scene, Per.ACCOUNT):
        _take(shared, touch, scene.program.policy.caps)


def spend_at(
    scene: Scene, person: Unit, touch: Touch, address: str, *, is_shadow: bool, obeys_caps: bool
) -> None:
    """Ask for a place at an address too, where a cap per person counts it for whoever is written to there."""
    if not _caps(scene, Per.PERSON):
        return
    key, zone = address_key(touch.channel, address), zone_for(scene, person)
    scene.effects.append(Spend(key, bare(person.id), touch, is_shadow, obeys_caps, zone))


def settle_places(scene: Scene, person: Unit, key: str, at: Moment) -> None:
    """Count a message to a person that was on its way from when it was said."""
    settle_touch(person.contact, key, at)
    shared = _shared(scene, person)
    if shared is not person.contact:
        settle_touch(shared, key, at)


def give_places_back(scene: Scene, person: Unit | None, key: str) -> None:
    """Give the places of a message back to whoever waits for one; ``person`` None looks for its holder."""
    people = scene.household.customers.values() if person is None else (person,)
    account = scene.household.account
    for unit in (*people, *((account,) if account is not None else ())):
        if release(unit.contact, key):
            scene.has_freed = True


def _take(contact: Contact, touch: Touch, caps: tuple[Cap, ...]) -> None:
    if all(kept.key != touch.key for kept in contact.touches):
        reserve(contact, touch, caps)


def _shared(scene: Scene, person: Unit) -> Contact:
    """Give where messages to anybody of the account are counted; a person without one has their own."""
    account = scene.household.account
    return person.contact if account is None else account.contact


def _caps(scene: Scene, per: Per) -> tuple[Cap, ...]:
    return caps_per(scene.program.policy, per)
