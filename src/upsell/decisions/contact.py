"""Contact: what was said to a person, what still fits, and whether they allow it.

Caps count reservations, so two workflows can never both queue into the last free place. A
message that was withdrawn or failed gives its place back; one that was sent, or may have been,
keeps it, from when it was sent. So however late what was reserved is sent, no window holds too much.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from upsell.catalog.offers import OfferKind
from upsell.clock import DAY, Duration, Moment, format_duration
from upsell.decisions.channel_fit import Answers, merge_answers
from upsell.decisions.decision import Seen, Verdict
from upsell.decisions.hours import calendar_window
from upsell.decisions.intents import PROMOTIONAL, Intent
from upsell.decisions.policy import Cap, Per
from upsell.decisions.reasons import Reason

ON_THE_WAY: Duration = 7 * DAY
"""How long a place is held as one of this moment while nobody knows what became of its message."""


class Speech(msgspec.Struct, frozen=True):
    """What is to be said, as far as caps ask.

    Attributes:
        intent: What it is for.
        channel: How: a channel, or ``task`` for work given to a person.
        workflow: Key of the workflow that says it.
        category: The workflow's category, empty for none.
        kind: Kind of the offer it makes, None when it makes none.
        family: Product family of that offer, empty for the main one.
        families: The families of all its parts, for withdrawals.
        obeys_caps: Whether caps may stop it; a hard one always does.
        is_counted: Whether caps count it.
    """

    intent: Intent
    channel: str
    workflow: str = ""
    category: str = ""
    kind: OfferKind | None = None
    family: str = ""
    families: tuple[str, ...] = ()
    obeys_caps: bool = True
    is_counted: bool = True


class Touch(msgspec.Struct, array_like=True):
    """One reserved or spent place: the message's key, when, and what was said.

    A held-out unit's shadow spends places too, with the key the message would have had. One that
    ``is_open`` is of a message on its way, which may be said at any moment.
    """

    key: str
    at: Moment
    intent: Intent
    channel: str
    workflow: str = ""
    category: str = ""
    kind: OfferKind | None = None
    is_open: bool = False

    def counts_until(self, within: Duration) -> Moment:
        """Give until when it counts in a rolling window."""
        return self.at + within + (ON_THE_WAY if self.is_open else 0)


def touch_of(key: str, at: Moment, speech: Speech, *, is_open: bool = False) -> Touch:
    """Give the place that a message with a key spends."""
    said = (speech.intent, speech.channel, speech.workflow, speech.category, speech.kind)
    return Touch(key, at, *said, is_open)


class Proof(msgspec.Struct, frozen=True, array_like=True):
    """How consent was given: when, where and how, and the version of the text that was shown."""

    at: Moment
    how: str
    text_version: str


class Pause(msgspec.Struct, frozen=True, array_like=True, order=True):
    """A pause somebody asked for: when they did, and the moment it ends."""

    at: Moment
    until: Moment


class Full(msgspec.Struct, frozen=True, array_like=True):
    """A cap found full at an address by what other ids were sent there: the cap in words, and until when."""

    address: str
    cap: str
    until: Moment


class Contact(msgspec.Struct, omit_defaults=True):
    """What was said to a person and what they allow.

    Attributes:
        touches: Places reserved or spent that a cap may still count, as they were taken.
        withdrawn: Scopes for which consent was withdrawn, and when; ``*`` is every channel.
        proofs: Where and how consent was given last, by scope.
        given: Scopes for which consent was given, and when last.
        bounced: Keys of their addresses that are suppressed.
        answers: How they answer, by channel; of channels nothing was sent by nothing.
        full: Caps that the gate before sending found full at an address, by what others were sent there.
        pauses: Withdrawals that end by themselves, by scope; the last that was said of each.
    """

    touches: list[Touch] = []
    withdrawn: dict[str, Moment] = {}
    given: dict[str, Moment] = {}
    bounced: list[str] = []
    proofs: dict[str, Proof] = {}
    answers: dict[str, Answers] = {}
    full: list[Full] = []
    pauses: dict[str, Pause] = {}


def reserve(contact: Contact, touch: Touch, caps: Iterable[Cap]) -> None:
    """Spend a place, and forget places that no cap counts any more."""
    longest = max((cap.within for cap in caps), default=0)
    contact.touches = [kept for kept in contact.touches if kept.counts_until(longest) > touch.at]
    contact.touches.append(touch)


def settle_touch(contact: Contact, key: str, at: Moment) -> None:
    """Count a message that was on its way from when it was said."""
    if any(touch.is_open and touch.key == key for touch in contact.touches):
        contact.touches = [
            msgspec.structs.replace(touch, at=max(touch.at, at), is_open=False) if touch.key == key else touch
            for touch in contact.touches
        ]


def release(contact: Contact, key: str) -> bool:
    """Give the place of a message back; tell whether it held one."""
    kept = [touch for touch in contact.touches if touch.key != key]
    had_place = len(kept) < len(contact.touches)
    contact.touches = kept
    return had_place


def keep_full(contact: Contact, full: Full, now: Moment) -> None:
    """Remember a cap that was found full at an address, and forget those that have opened."""
    kept = [each for each in contact.full if each.until > now]
    contact.full = [each for each in kept if (each.address, each.cap) != (full.address, full.cap)]
    contact.full.append(full)


def merge_contact(stays: Contact, gone: Contact) -> None:
    """Take over what was said to somebody who turns out to be the same person: every place stays spent."""
    known = {touch.key for touch in stays.touches}
    taken = [*stays.touches, *(touch for touch in gone.touches if touch.key not in known)]
    stays.touches = sorted(taken, key=lambda touch: (touch.at, touch.key))
    for channel, answers in gone.answers.items():
        own = stays.answers.get(channel)
        stays.answers[channel] = merge_answers(own, answers) if own is not None else answers
    stays.bounced.extend(address for address in gone.bounced if address not in stays.bounced)
    latest: dict[tuple[str, str], Full] = {}
    for full in (*stays.full, *gone.full):
        held = latest.get((full.address, full.cap))
        if held is None or held.until < full.until:
            latest[full.address, full.cap] = full
    stays.full = [latest[name] for name in sorted(latest)]


def ask_caps(
    contact: Contact,
    caps: Iterable[Cap],
    speech: Speech,
    now: Moment,
    *,
    zone: str = "UTC",
    but: str = "",
    beside: int = 0,
    others: Sequence[Touch] = (),
) -> Verdict | None:
    """Say which cap leaves no place at ``now`` and when it will, or None when all have one.

    Each cap counts the touches in its window, without the message with key ``but`` (at the gate
    before sending, a message does not stand in its own way) and with ``beside`` more that are about
    to be reserved. When several caps are full, the verdict is that of the one that opens last.

    Args:
        contact: What was said before.
        caps: The caps asked.
        speech: What is to be said.
        now: The moment asked about.
        zone: The zone whose calendar a calendar window follows.
        but: Key of the message itself.
        beside: How many more take places before it.
        others: What others were sent that counts too; one the person has themselves counts once.
    """
    full: Verdict | None = None
    touches = _with_others(contact, others)
    for cap in caps:
        if not _is_asked(cap, speech):
            continue
        verdict = _ask_cap(touches, cap, now, zone, but, beside)
        if verdict is None:
            continue
        if full is None or (
            full.retry_at is not None and (verdict.retry_at is None or verdict.retry_at > full.retry_at)
        ):
            full = verdict
    return full


def ask_full(
    contact: Contact, caps: Iterable[Cap], speech: Speech, address: str, now: Moment
) -> Verdict | None:
    """Say which cap was found full at an address and opens last, or None when none is known to be.

    A cap that the policy no longer has holds nobody.
    """
    until = {full.cap: full.until for full in contact.full if full.address == address and full.until > now}
    asked = {words_of(cap) for cap in caps if _is_asked(cap, speech)} if until else ()
    held = [(until[words], words) for words in asked if words in until]
    if not held:
        return None
    opens_at, words = max(held)
    return Verdict(Reason.CAPPED, words, (), opens_at)


def full_by_others(
    contact: Contact, caps: Iterable[Cap], others: Sequence[Touch], now: Moment, zone: str
) -> list[Verdict]:
    """Give the caps that have a place by what a person was sent, and none with what others were."""
    together = _with_others(contact, others)
    found = []
    for cap in caps:
        full = _ask_cap(together, cap, now, zone, "", 0)
        if full is not None and _ask_cap(contact.touches, cap, now, zone, "", 0) is None:
            found.append(full)
    return found


def _with_others(contact: Contact, others: Sequence[Touch]) -> list[Touch]:
    if not others:
        return contact.touches
    known = {touch.key for touch in contact.touches}
    return [*contact.touches, *(touch for touch in others if touch.key not in known)]


def _ask_cap(
    touches: Iterable[Touch], cap: Cap, now: Moment, zone: str, but: str, beside: int
) -> Verdict | None:
    within, ends_at = cap.within, None
    if cap.calendar is not None:
        started_at, ends_at = calendar_window(zone, now, cap.calendar)
        within = now - started_at + 1
    counted = sorted(
        touch.at
        for touch in touches
        if touch.counts_until(within) > now and touch.key != but and is_concerned(cap, touch)
    )
    if len(counted) + beside < cap.at_most:
        return None
    first = len(counted) + beside - cap.at_most
    if ends_at is None and first < len(counted):
        ends_at = counted[first] + within
        # What has been on its way for longer than the window is said now at the earliest.
        ends_at = ends_at if ends_at > now else now + within
    return Verdict(Reason.CAPPED, words_of(cap), (Seen("messages in the window", len(counted)),), ends_at)


def words_of(cap: Cap) -> str:
    """Give a cap in words, which are those of no other cap that counts otherwise."""
    whose = " per account" if cap.per is Per.ACCOUNT else ""
    if cap.is_hard:
        return f"at least {format_duration(cap.within)} between two upsell touches"
    window = f"per calendar {cap.calendar.value}" if cap.calendar else f"within {format_duration(cap.within)}"
    return f"at most {cap.at_most}{whose} {window}{_scope_of(cap)}"


def _scope_of(cap: Cap) -> str:
    """Give in words what a cap counts when it is not everything; empty when it is."""
    intents = {intent.value for intent in cap.intents} if cap.intents != PROMOTIONAL else set()
    kinds = {kind.value for kind in cap.kinds}
    named = (
        ("that", intents), ("by", cap.channels), ("in", cap.workflows),
        ("of category", cap.categories), ("offering", kinds),
    )  # fmt: skip
    return "".join(f" {what} {' or '.join(sorted(names))}" for what, names in named if names)


def _is_asked(cap: Cap, speech: Speech) -> bool:
    return is_concerned(cap, speech) and (speech.obeys_caps or cap.is_hard)


def is_concerned(cap: Cap, said: Speech | Touch) -> bool:
    """Tell whether a cap counts, and may stop, what is said."""
    return (
        said.intent in cap.intents
        and (not cap.channels or said.channel in cap.channels)
        and (not cap.workflows or said.workflow in cap.workflows)
        and (not cap.categories or said.category in cap.categories)
        and (not cap.kinds or said.kind in cap.kinds)
    )
