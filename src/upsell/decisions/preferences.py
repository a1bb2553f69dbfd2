"""Preferences: what somebody hears from us by channel and by subject, and what they say to change it.

For the page on which customers choose. The laws: what is turned on comes with consent that was given, what is
turned off with a withdrawal, and nothing else changes with it; so of several withdrawals behind one switch
each is taken back in its own words, and what those stopped beside it is withdrawn by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import msgspec

from upsell.clock import Moment
from upsell.decisions.consents import (
    EVERYTHING,
    MARKETING,
    PROFILING,
    Scope,
    ask_consent,
    ask_pause,
    give_consent,
    is_given,
    kept_scope,
    withdraw_consent,
)
from upsell.decisions.contact import Contact
from upsell.decisions.grounds import Basis, Grounds
from upsell.decisions.intents import Intent
from upsell.decisions.reach import CAPPED


class Choices(msgspec.Struct, frozen=True):
    """What is on, or what is wanted on.

    Attributes:
        channels: The channels by which they are promoted to.
        families: The product families they hear about beside the main one.
        is_profiled: Whether what is shown and offered may be chosen by what they do.
    """

    channels: frozenset[str]
    families: frozenset[str] = frozenset()
    is_profiled: bool = True


class Said(msgspec.Struct, frozen=True):
    """One thing somebody says: that they consent, or that they withdraw, and for what."""

    is_consent: bool
    scope: Scope


def standing_choices(contact: Contact, families: Collection[str], grounds: Mapping[str, Grounds]) -> Choices:
    """Give what is on for somebody, whether they pause or not.

    Args:
        contact: What they allow.
        families: The product families there are.
        grounds: What the policy takes as ground, by channel. One that consent alone opens is off until it
            is given.
    """
    return Choices(
        channels=frozenset(channel for channel in CAPPED if _is_open(contact, channel, grounds)),
        families=frozenset(family for family in families if not any(_of_family(contact, family))),
        is_profiled=not any(_of_profiling(contact)),
    )


def change_choices(
    contact: Contact,
    wanted: Choices,
    families: Collection[str],
    grounds: Mapping[str, Grounds],
    now: Moment,
) -> tuple[Said, ...]:
    """Give what is to be said so that what is on is what is wanted; nothing when it is already.

    What is said is given first and then withdrawn, all at ``now``. The contact is not changed.

    Args:
        contact: What they allow.
        wanted: What is to be on.
        families: The product families there are; others stay as they are.
        grounds: What the policy takes as ground, by channel.
        now: The moment it is said.
    """
    speaker = _Speaker(contact, now)
    before = standing_choices(contact, families, grounds)
    for channel in CAPPED:
        if channel in wanted.channels and channel not in before.channels:
            speaker.give(Scope(channel), _of_channel(speaker.contact, channel))
    if wanted.is_profiled and not before.is_profiled:
        speaker.give(Scope(EVERYTHING, PROFILING), _of_profiling(speaker.contact))
    for family in sorted(wanted.families - before.families):
        speaker.give(Scope(EVERYTHING, MARKETING, family), _of_family(speaker.contact, family))
    after = standing_choices(speaker.contact, families, grounds)
    for channel in CAPPED:
        if channel in after.channels and channel not in wanted.channels:
            speaker.withdraw(Scope(channel))
    if after.is_profiled and not wanted.is_profiled:
        speaker.withdraw(Scope(EVERYTHING, PROFILING))
    for family in sorted(after.families - wanted.families):
        speaker.withdraw(Scope(EVERYTHING, MARKETING, family))
    return tuple(speaker.said)


def everything_on(families: Collection[str]) -> Choices:
    """Give what is wanted by whoever wants to hear everything again."""
    return Choices(frozenset(CAPPED), frozenset(families))


def paused_until(contact: Contact, now: Moment) -> Moment | None:
    """Give when the pause of everything that holds at ``now`` ends; None when there is none."""
    verdict = ask_pause(contact, "", now, intent=Intent.HELP)
    return verdict.retry_at if verdict is not None else None


class _Speaker:
    """Says things about a copy of what somebody allows, and remembers what was said."""

    def __init__(self, contact: Contact, now: Moment) -> None:
        self.contact = Contact(withdrawn=dict(contact.withdrawn), given=dict(contact.given))
        self.said: list[Said] = []
        self._now = now

    def give(self, scope: Scope, withdrawn: Iterator[Scope]) -> None:
        """Consent to a scope, and take back in their own words the withdrawals that stop it."""
        for each in (*list(withdrawn), scope):
            if Said(is_consent=True, scope=each) not in self.said:
                self.said.append(Said(is_consent=True, scope=each))
                give_consent(self.contact, each, self._now)

    def withdraw(self, scope: Scope) -> None:
        self.said.append(Said(is_consent=False, scope=scope))
        withdraw_consent(self.contact, scope, self._now)


def _is_open(contact: Contact, channel: str, grounds: Mapping[str, Grounds]) -> bool:
    asked = grounds.get(channel)
    is_asked_first = asked is not None and set(asked.bases) <= {Basis.CONSENT, Basis.PROVEN_CONSENT}
    if is_asked_first and not is_given(contact, channel, ""):
        return False
    return ask_consent(contact, channel) is None


def _of_channel(contact: Contact, channel: str) -> Iterator[Scope]:
    """Give the withdrawals that stop a channel for every subject."""
    for key in sorted(contact.withdrawn):
        alone = Contact(withdrawn={key: contact.withdrawn[key]})
        if ask_consent(alone, channel) is not None:
            yield kept_scope(key)


def _of_family(contact: Contact, family: str) -> Iterator[Scope]:
    found = (kept_scope(key) for key in sorted(contact.withdrawn))
    return (scope for scope in found if scope.family == family)


def _of_profiling(contact: Contact) -> Iterator[Scope]:
    found = (kept_scope(key) for key in sorted(contact.withdrawn))
    return (scope for scope in found if scope.purpose == PROFILING and not scope.family)
