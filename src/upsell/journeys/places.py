"""Places: what a message to a person spends of the caps, the person's own and their account's.

The law: both places of a message are spent together and given back together, in the input that
decides it, so that two members of an account never both take its last one.
"""

from __future__ import annotations

from upsell.decisions.contact import Contact, Touch, ask_caps, release, reserve
from upsell.decisions.decision import Verdict
from upsell.decisions.intents import Intent
from upsell.decisions.policy import Cap, Per
from upsell.journeys.household import Unit
from upsell.journeys.scene import Scene


def ask_places(
    scene: Scene,
    person: Unit,
    intent: Intent,
    channel: str,
    *,
    but: str = "",
    beside: int = 0,
) -> Verdict | None:
    """Say which cap has no place for a message to a person now, or None when all have one.

    Args:
        scene: The household, as of now.
        person: Whom it is to.
        intent: What it is for.
        channel: How it is sent.
        but: Key of the message itself, when it holds its places already.
        beside: How many messages to others of the account are about to take places before it.
    """
    personal = ask_caps(person.contact, _caps(scene, Per.PERSON), intent, channel, scene.now, but=but)
    shared = ask_caps(
        _shared(scene, person),
        _caps(scene, Per.ACCOUNT),
        intent,
        channel,
        scene.now,
        but=but,
        beside=beside,
    )
    if personal is None or shared is None:
        return personal or shared
    # The one that opens last answers, and one that never does is last.
    return max(personal, shared, key=lambda full: (full.retry_at is None, full.retry_at or 0))


def take_places(scene: Scene, person: Unit, touch: Touch) -> None:
    """Spend the places of a message to a person, unless it holds them already."""
    shared = _shared(scene, person)
    _take(person.contact, touch, scene.program.policy.caps)
    if shared is not person.contact and _caps(scene, Per.ACCOUNT):
        _take(shared, touch, scene.program.policy.caps)


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
    return tuple(cap for cap in scene.program.policy.caps if cap.per is per)
