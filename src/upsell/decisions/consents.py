"""Consents: what somebody allows and withdrew, in whatever words their source says it.

The law: a withdrawal is never lost for its words. Letter case, blanks and usual other words are read as
what they mean; a withdrawal in words nobody here knows holds for everything they might mean, until
consent is given in the same words. Consent in such words is a ground for nothing. What is about what
somebody has rests on the contract: only a withdrawal that names it stops it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import msgspec

from upsell.clock import Moment
from upsell.decisions.contact import Contact, Pause, Proof
from upsell.decisions.decision import Verdict
from upsell.decisions.intents import SELLING, Intent
from upsell.decisions.reach import CAPPED, EMAIL, PUSH, SMS, WEBHOOK
from upsell.decisions.reasons import Reason

EVERYTHING: Final = "*"
"""Every channel."""

MARKETING: Final = "marketing"
PROFILING: Final = "profiling"
SERVICE: Final = "service"
"""What is about what they have. Whoever withdraws this wants to hear nothing at all."""

_CHANNELS: Final = frozenset({EVERYTHING, WEBHOOK, *CAPPED})
_PURPOSES: Final = frozenset({MARKETING, PROFILING, SERVICE})

_CHANNEL_WORDS: Final = {
    "": EVERYTHING,
    "all": EVERYTHING,
    "any": EVERYTHING,
    "every": EVERYTHING,
    "everything": EVERYTHING,
    "e-mail": EMAIL,
    "emails": EMAIL,
    "mail": EMAIL,
    "text": SMS,
    "texts": SMS,
    "text message": SMS,
    "mobile push": PUSH,
    "push notification": PUSH,
}
_PURPOSE_WORDS: Final = {
    "": MARKETING,
    "advertising": MARKETING,
    "commercial": MARKETING,
    "newsletter": MARKETING,
    "offer": MARKETING,
    "offers": MARKETING,
    "promotion": MARKETING,
    "promotional": MARKETING,
    "promotions": MARKETING,
    "personalisation": PROFILING,
    "personalised": PROFILING,
    "personalization": PROFILING,
    "personalized": PROFILING,
    "all": SERVICE,
    "any": SERVICE,
    "everything": SERVICE,
    "do not contact": SERVICE,
    "transactional": SERVICE,
}


class Scope(msgspec.Struct, frozen=True):
    """What a consent is about.

    Attributes:
        channel: A channel, or ``*`` for all.
        purpose: ``marketing``, ``profiling`` or ``service``.
        family: Product family, empty for all.
    """

    channel: str
    purpose: str = MARKETING
    family: str = ""

    @property
    def key(self) -> str:
        """What it is kept under; marketing, the usual purpose, is not written."""
        if self.purpose == MARKETING and not self.family:
            return self.channel
        return f"{self.channel}/{self.purpose}/{self.family}"

    def covers(self, other: Scope) -> bool:
        """Tell whether consent for this is consent for all of another.

        Whoever asks for marketing asks for what is about what they have too.
        """
        is_wide = self.channel == EVERYTHING and other.channel in _CHANNELS
        is_more = self.purpose == MARKETING and other.purpose == SERVICE
        return (
            (is_wide or self.channel == other.channel)
            and (is_more or self.purpose == other.purpose)
            and self.family in ("", other.family)
        )


def told_scope(channel: object, purpose: object = None, family: object = None) -> Scope:
    """Read the scope that a source tells; of what it does not say, everything and marketing are meant."""
    named = _words(family).strip().casefold()
    return Scope(_read(channel, _CHANNEL_WORDS), _read(purpose, _PURPOSE_WORDS), named)


def kept_scope(key: str) -> Scope:
    """Give the scope that something is kept under."""
    channel, _, rest = key.partition("/")
    purpose, _, family = rest.partition("/")
    # What was kept before words were read is read now.
    return told_scope(channel, purpose, family)


def withdraw_consent(contact: Contact, scope: Scope, at: Moment) -> None:
    """Take a withdrawal that happened at ``at``; one from before consent was given again changes nothing."""
    if _given_at(contact, scope, at) <= at:
        contact.withdrawn[scope.key] = max(at, contact.withdrawn.get(scope.key, at))


def pause_consent(contact: Contact, scope: Scope, at: Moment, until: Moment) -> None:
    """Take a withdrawal said at ``at`` that ends by itself at ``until``; the last word of a scope holds.

    One that ends when it is said ends the pause before it. One from before consent was given changes nothing.
    """
    held = contact.pauses.get(scope.key)
    said = Pause(at, until)
    if _given_at(contact, scope, at) <= at and (held is None or held < said):
        contact.pauses[scope.key] = said


def give_consent(contact: Contact, scope: Scope, at: Moment) -> None:
    """Take consent that was given at ``at``.

    It does not undo a withdrawal or a pause that was said later, nor one for more than it is given for.
    """
    contact.given[scope.key] = max(at, contact.given.get(scope.key, at))
    contact.withdrawn = {
        key: since
        for key, since in contact.withdrawn.items()
        if since > at or not scope.covers(kept_scope(key))
    }
    if contact.pauses:
        contact.pauses = {
            key: pause
            for key, pause in contact.pauses.items()
            if pause.at > at or not scope.covers(kept_scope(key))
        }


def keep_proof(contact: Contact, scope: Scope, proof: Proof) -> None:
    """Keep how consent was given last; of two at one moment the same one, in whatever order they come."""
    _keep_proof(contact, scope.key, proof)


def merge_consents(stays: Contact, gone: Contact) -> None:
    """Take over what somebody allows: of each scope the last word holds, a withdrawal before consent."""
    for key, at in gone.given.items():
        stays.given[key] = max(at, stays.given.get(key, at))
    withdrawn = dict(stays.withdrawn)
    for key, at in gone.withdrawn.items():
        withdrawn[key] = max(at, withdrawn.get(key, at))
    given = [(kept_scope(key), since) for key, since in stays.given.items()]
    stays.withdrawn = {
        key: at
        for key, at in withdrawn.items()
        if at >= max((since for scope, since in given if scope.covers(kept_scope(key))), default=at)
    }
    pauses = dict(stays.pauses)
    for key, pause in gone.pauses.items():
        pauses[key] = max(pause, pauses.get(key, pause))
    stays.pauses = {
        key: pause
        for key, pause in pauses.items()
        if pause.at
        >= max((since for scope, since in given if scope.covers(kept_scope(key))), default=pause.at)
    }
    for key, proof in gone.proofs.items():
        _keep_proof(stays, key, proof)


def ask_consent(
    contact: Contact, channel: str, *, families: Collection[str] = (), intent: Intent = Intent.HELP
) -> Verdict | None:
    """Say which withdrawal forbids to use this channel, or None when none does.

    Args:
        contact: What the person allows.
        channel: The channel; empty for what no channel carries.
        families: Product families of what is offered, of a bundle those of all its parts.
        intent: What for. To show or offer something takes profiling: its withdrawal counts. Service is
            forbidden by a withdrawal of service alone.
    """
    for key in sorted(contact.withdrawn):
        if _stops(kept_scope(key), channel, families, intent):
            return Verdict(Reason.NO_CONSENT, key)
    return None


def allows_tracking(contact: Contact, channel: str) -> bool:
    """Tell whether what somebody does with a message of this channel may be noted.

    It takes profiling: who withdrew that for the channel, for all, or in words nobody knows is not watched.
    """
    return not any(
        scope.channel in (EVERYTHING, channel) or scope.channel not in _CHANNELS
        for scope in map(kept_scope, contact.withdrawn)
        if scope.purpose != MARKETING
    )


def allows_pictures(contact: Contact, channel: str) -> bool:
    """Tell whether it may be noted that somebody looked at a message: who withdrew nothing that is for it."""
    return allows_tracking(contact, channel) and ask_consent(contact, channel, intent=Intent.OFFER) is None


def ask_pause(
    contact: Contact, channel: str, now: Moment, *, families: Collection[str] = (), intent: Intent
) -> Verdict | None:
    """Say which pause somebody asked for holds at ``now`` and ends last, and when; None when none does.

    A pause stops what a withdrawal in its words would; it ends at its end and not after.
    """
    if not contact.pauses:
        return None
    held = [
        (pause.until, key)
        for key, pause in contact.pauses.items()
        if pause.until > now and _stops(kept_scope(key), channel, families, intent)
    ]
    if not held:
        return None
    until, key = max(held)
    return Verdict(Reason.ASKED_TO_PAUSE, key, (), until)


def _stops(scope: Scope, channel: str, families: Collection[str], intent: Intent) -> bool:
    """Tell whether a withdrawal stops an intent on a channel; words nobody knows stop all they may mean."""
    is_of_channel = scope.channel in (EVERYTHING, channel) or scope.channel not in _CHANNELS
    if scope.purpose == SERVICE:
        is_of_purpose = True
    elif scope.purpose == PROFILING:
        is_of_purpose = intent in SELLING
    else:
        is_of_purpose = intent is not Intent.SERVICE
    return is_of_channel and is_of_purpose and (not scope.family or scope.family in families)


def is_given(contact: Contact, channel: str, family: str) -> bool:
    """Tell whether consent was given to be written to by a channel about a family; empty for the main one."""
    return any(scope.key in contact.given for scope in _meant(channel, family))


def is_proven(contact: Contact, channel: str, family: str) -> bool:
    """Tell whether such consent was given and is kept with its proof: how, and under which words."""
    return any(
        is_proof(contact.proofs[scope.key])
        for scope in _meant(channel, family)
        if scope.key in contact.given and scope.key in contact.proofs
    )


def is_proof(proof: Proof) -> bool:
    """Tell whether a proof says how consent was given and under which words."""
    return bool(proof.how and proof.text_version)


def has_proof(contact: Contact, channel: str) -> bool:
    """Tell whether consent to be promoted to by a channel, about whatever, is kept with its proof."""
    return any(
        scope.channel in (EVERYTHING, channel) and scope.purpose == MARKETING
        for scope in map(kept_scope, contact.given)
        if scope.key in contact.proofs and is_proof(contact.proofs[scope.key])
    )


def is_read(scope: Scope) -> bool:
    """Tell whether the words of a scope mean something here."""
    return scope.channel in _CHANNELS and scope.purpose in _PURPOSES


def _meant(channel: str, family: str) -> tuple[Scope, ...]:
    """Give the scopes that are consent for a channel and a family."""
    return (
        Scope(EVERYTHING),
        Scope(channel),
        Scope(EVERYTHING, MARKETING, family),
        Scope(channel, MARKETING, family),
    )


def _given_at(contact: Contact, scope: Scope, at: Moment) -> Moment:
    """Give when consent for all of a scope was given last; ``at`` where it never was."""
    return max((since for key, since in contact.given.items() if kept_scope(key).covers(scope)), default=at)


def _words(said: object) -> str:
    return said if isinstance(said, str) else ""


def _read(said: object, meant: dict[str, str]) -> str:
    word = " ".join(_words(said).casefold().replace("_", " ").split())
    return meant.get(word, word)


def _keep_proof(contact: Contact, key: str, proof: Proof) -> None:
    held = contact.proofs.get(key)
    if held is None or _rank(held) < _rank(proof):
        contact.proofs[key] = proof


def _rank(proof: Proof) -> tuple[Moment, str, str]:
    return proof.at, proof.how, proof.text_version
