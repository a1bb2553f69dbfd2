"""Reports: what whoever delivers mail says became of a message, whatever words they say it in.

Every provider's webhook and every returned mail is read into these. The law: a report names the messages it
may be about and never guesses; what cannot be read is kept aside with its reason and is no report.
"""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Iterable
from typing import Final

import msgspec

from upsell.clock import SECOND, Moment, parse_moment
from upsell.errors import IntakeError

LONGEST_REASON: Final = 500
"""How many characters of what a server said are kept."""

LONGEST_ID: Final = 300
"""How many characters an id of a provider's may have."""

_KEY = re.compile(r"[A-Za-z0-9._-]{1,200}")
_LATEST = 4_102_444_800  # 2100-01-01: a moment beyond it was not said in seconds


class Kind(enum.Enum):
    """What became of a message, or what its reader did."""

    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    OPENED = "opened"
    CLICKED = "clicked"
    WITHDRAWN = "withdrawn"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One report about one message and one recipient.

    Attributes:
        kind: What it says.
        id: Its id at whoever says it: told again it is the same.
        at: When it happened.
        keys: What may be the message's key.
        provider_ids: What may be the provider's own id of the message.
        recipients: What may be the address it is about; none where it is not said.
        is_soft: Of a bounce, whether the next message may get through.
        status: Of a bounce, its enhanced status code, where one is said.
        reason: Of a bounce, what the server said.
        link: Of a click, which link.
    """

    kind: Kind
    id: str
    at: Moment
    keys: tuple[str, ...] = ()
    provider_ids: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    is_soft: bool = False
    status: str = ""
    reason: str = ""
    link: str = ""


class Unread(msgspec.Struct, frozen=True):
    """What could not be read: where it is, a short stable code, what was expected, and what came."""

    place: str
    code: str
    message: str
    body: str


class Reading(msgspec.Struct, frozen=True):
    """What was read.

    Attributes:
        reports: What it says of messages.
        unread: What could not be read.
        passed_over: How much was understood and is of no use here, such as that a message was accepted.
    """

    reports: tuple[Report, ...] = ()
    unread: tuple[Unread, ...] = ()
    passed_over: int = 0


class ForgedError(IntakeError):
    """A request does not prove that it comes from whom it says it does."""


class MalformedError(IntakeError):
    """A request that proved who it comes from is not in a form that is known."""


def join_readings(readings: Iterable[Reading]) -> Reading:
    """Give several readings as one, in order."""
    every = list(readings)
    return Reading(
        tuple(report for each in every for report in each.reports),
        tuple(unread for each in every for unread in each.unread),
        sum(each.passed_over for each in every),
    )


def keys_in(*said: object) -> tuple[str, ...]:
    """Give what may be keys of messages of ours in what is said: a Message-ID's left side, or a key alone."""
    found: dict[str, None] = {}
    for text in said:
        if not isinstance(text, str):
            continue
        for word in text.split()[:20]:
            key = word.strip("<>").rpartition("@")[0] or word.strip("<>")
            if _KEY.fullmatch(key):
                found.setdefault(key)
    return tuple(found)


def id_in(said: object) -> str | None:
    """Give an id of a provider's, None when what is said is none: an empty, endless or unprintable one."""
    if isinstance(said, int) and not isinstance(said, bool):
        said = str(said)
    if not isinstance(said, str) or not 0 < len(said) <= LONGEST_ID or not said.isprintable():
        return None
    return said


def moment_in(said: object) -> Moment | None:
    """Give a moment that is said as ISO 8601 with a zone or in seconds since 1970; None for anything else."""
    if isinstance(said, str):
        return parse_moment(said)
    if isinstance(said, bool) or not isinstance(said, int | float):
        return None
    if not math.isfinite(said) or not 0 <= said < _LATEST:
        return None
    return round(said * SECOND)


def words_in(*said: object) -> str:
    """Give texts as one line, with nothing unprintable and not too long."""
    words = " ".join(text for text in said if isinstance(text, str) and text)
    line = " ".join("".join(each if each.isprintable() else " " for each in words[:4_000]).split())
    return line[:LONGEST_REASON]


def addresses_in(*said: object) -> tuple[str, ...]:
    """Give the addresses in what is said, each once."""
    return tuple(dict.fromkeys(address for each in said if (address := address_in(each))))


def address_in(said: object) -> str:
    """Give the address in what is said, such as ``Ada <ada@example.com>``; empty when there is none."""
    if not isinstance(said, str) or len(said) > 1_000:
        return ""
    found = re.search(r"[^\s<>,;\"'()]+@[^\s<>,;\"'()]+", said)
    return found[0].strip(".") if found is not None and found[0].isprintable() else ""
