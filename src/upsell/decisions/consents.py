"""Consents: what somebody allows and withdrew, in whatever words their source says it.

The law: a withdrawal is never lost for its words. Letter case, blanks and usual other words are read as
what they mean; a withdrawal in words nobody here knows holds for everything they might mean, until
consent is given in the same words. Consent in such words is a ground for nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import msgspec

from upsell.clock import Moment
from upsell.decisions.contact import Contact, Proof
from upsell.decisions.decision import Verdict
from upsell.decisions.reach import CAPPED, EMAIL, PUSH, SMS, WEBHOOK
from upsell.decisions.reasons import Reason

EVERYTHING: Final = "*"
"""Every channel."""

MARKETING: Final = "marketing"
PROFILING: Final = "profiling"

_CHANNELS: Final = frozenset({EVERYTHING, WEBHOOK, *CAPPED})
_PURPOSES: Final = frozenset({MARKETING, PROFILING})

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
}


class Scope(msgspec.Struct, frozen=True):
    """What a consent is about.

    Attributes:
        channel: A channel, or ``*`` for all.
        purpose: ``marketing`` or ``profiling``.
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
        """Tell whether consent for this is consent for all of another."""
        is_wide = self.channel == EVERYTHING and other.channel in _CHANNELS
        return (
            (is_wide or self.channel == other.channel)
            and self.purpose == other.purpose
            and self.family in ("", other.family)
        )


def told_scope(channel: object, purpose: object = None, family: object = None) -> Scope:
    """Read the scope that a source tells; of what it does not say, everything and marketing are meant."""
    named = _words(family).strip().casefold()
    return Scope(_read(channel, _CHANNEL_WORDS), _read(purpose, _PURPOSE_WORDS), named)


def withdraw_consent(contact: Contact, scope: Scope, at: Moment) -> None:
    """Take a withdrawal that happened at ``at``; one from before consent was given again changes nothing."""
    if max((since for key, since in contact.given.items() if _scope(key).covers(scope)), default=at) <= at:
        contact.withdrawn[scope.key] = max(at, contact.withdrawn.get(scope.key, at))


def give_consent(contact: Contact, scope: Scope, at: Moment) -> None:
    """Take consent that was given at ``at``.

    It does not undo a withdrawal that happened later, nor one for more than it is given for.
    """
    contact.given[scope.key] = max(at, contact.given.get(scope.key, at))
    contact.withdrawn = {
        key: since for key, since in contact.withdrawn.items() if since > at or not scope.covers(_scope(key))
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
    given = [(_scope(key), since) for key, since in stays.given.items()]
    stays.withdrawn = {
        key: at
        for key, at in withdrawn.items()
        if at >= max((since for scope, since in given if scope.covers(_scope(key))), default=at)
    }
    for key, proof in gone.proofs.items():
        _keep_proof(stays, key, proof)


def ask_consent(
    contact: Contact, channel: str, *, families: Collection[str] = (), is_selling: bool = False
) -> Verdict | None:
    """Say why this channel may not be used, or None when it may.

    Args:
        contact: What the person allows.
        channel: The channel; empty for what no channel carries, such as an offer a person would make.
        families: Product families of what is offered, of a bundle those of all its parts.
        is_selling: Whether it would show or offer something, which takes profiling: its withdrawal counts.
    """
    for key in sorted(contact.withdrawn):
        scope = _scope(key)
        is_of_channel = scope.channel in (EVERYTHING, channel) or scope.channel not in _CHANNELS
        is_of_purpose = scope.purpose != PROFILING or is_selling
        if is_of_channel and is_of_purpose and (not scope.family or scope.family in families):
            return Verdict(Reason.NO_CONSENT, key)
    return None


def allows_tracking(contact: Contact, channel: str) -> bool:
    """Tell whether what somebody does with a message of this channel may be noted.

    It takes profiling: who withdrew that for the channel, for all, or in words nobody knows is not watched.
    """
    return not any(
        scope.channel in (EVERYTHING, channel) or scope.channel not in _CHANNELS
        for scope in map(_scope, contact.withdrawn)
        if scope.purpose != MARKETING
    )


def is_given(contact: Contact, channel: str, family: str) -> bool:
    """Tell whether consent was given to be written to by a channel about a family; empty for the main one."""
    means = (
        Scope(EVERYTHING),
        Scope(channel),
        Scope(EVERYTHING, MARKETING, family),
        Scope(channel, MARKETING, family),
    )
    return any(scope.key in contact.given for scope in means)


def is_read(scope: Scope) -> bool:
    """Tell whether the words of a scope mean something here."""
    return scope.channel in _CHANNELS and scope.purpose in _PURPOSES


def _words(said: object) -> str:
    return said if isinstance(said, str) else ""


def _read(said: object, meant: dict[str, str]) -> str:
    word = " ".join(_words(said).casefold().replace("_", " ").split())
    return meant.get(word, word)


def _scope(key: str) -> Scope:
    channel, _, rest = key.partition("/")
    purpose, _, family = rest.partition("/")
    # What was kept before words were read is read now.
    return told_scope(channel, purpose, family)


def _keep_proof(contact: Contact, key: str, proof: Proof) -> None:
    held = contact.proofs.get(key)
    if held is None or _rank(held) < _rank(proof):
        contact.proofs[key] = proof


def _rank(proof: Proof) -> tuple[Moment, str, str]:
    return proof.at, proof.how, proof.text_version
