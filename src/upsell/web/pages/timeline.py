"""Timeline rows: each thing that happened or was decided in words, and where more of it stands."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

import msgspec

from upsell.clock import Moment, to_datetime
from upsell.decisions.reasons import MEANINGS, Reason
from upsell.signals.events import (
    APPROVAL_ASKED,
    APPROVAL_GIVEN,
    APPROVAL_LAPSED,
    APPROVAL_REFUSED,
    MESSAGE_ANSWERED,
    MESSAGE_RESERVED,
    RECEIPTS,
    REPORTS,
    TASK_CHANGES,
)
from upsell.store.timeline import Happened, Kind

OF_MESSAGES: Final = RECEIPTS | REPORTS | {MESSAGE_RESERVED, MESSAGE_ANSWERED}
"""Events that say what became of a message; each names its ``key``."""

OF_ORDERS: Final = frozenset({APPROVAL_ASKED, APPROVAL_GIVEN, APPROVAL_REFUSED, APPROVAL_LAPSED})
"""Events that an order waits for approval and what became of that; each names the order's ``key``."""

_LONGEST: Final = 300

_STANDS: Final = (("/outbox", OF_MESSAGES), ("/queue", TASK_CHANGES), ("/orders", OF_ORDERS))
"""Under which what an event is about has its page, by its key."""

_KIND_WORDS: Final = {"ours": "by Upsell"}

_REASONS: Final = {each.value for each in Reason}


class TimelineRow(msgspec.Struct, frozen=True):
    """One thing that happened or was decided, in words; the path leads to more of it, empty for nowhere."""

    when: str
    what: str
    said: str
    kind: str
    path: str = ""


def timeline_row(each: Happened) -> TimelineRow:
    """Say one thing of a timeline."""
    when = minute(each.occurred_at)
    if each.place.kind is Kind.DECISION:
        words = MEANINGS[Reason(each.said)]
        rule = f" ({each.rule})" if each.rule else ""
        return TimelineRow(when, each.name, f"{words}{rule}", kind_of(each), f"/workflows/{quote(each.name)}")
    if each.name in OF_MESSAGES:
        return TimelineRow(when, each.name, _message_words(_read(each)), "message", path_of_more(each))
    if each.name in TASK_CHANGES:
        return TimelineRow(when, each.name, _task_words(_read(each)), "task", path_of_more(each))
    said = "" if each.said in ("", "{}") else each.said
    short = said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…"
    kind = kind_of(each)
    return TimelineRow(when, each.name, short, _KIND_WORDS.get(kind, kind), path_of_more(each))


def path_of_more(each: Happened) -> str:
    """Give where the message, task or order that an event is about stands; empty for nowhere."""
    found = [base for base, names in _STANDS if each.name in names]
    if each.place.kind is Kind.DECISION or not found:
        return ""
    key, base = _read(each).get("key"), found[0]
    return f"{base}/{quote(key, safe='')}" if isinstance(key, str) and key else ""


def kind_of(each: Happened) -> str:
    """Say what stands in a timeline: a decision, something of ours, or an event that came in."""
    if each.place.kind is Kind.DECISION:
        return "decision"
    return "ours" if each.is_derived else "event"


def minute(at: Moment) -> str:
    """Write a moment to the minute, in UTC."""
    return f"{to_datetime(at):%Y-%m-%d %H:%M}"


def _read(each: Happened) -> dict[str, Any]:
    said = msgspec.json.decode(each.said or "{}")
    return said if isinstance(said, dict) else {}


def _task_words(said: dict[str, Any]) -> str:
    """Say which task it is, what came of it or whose it is, and who says so."""
    about = [str(said[name]) for name in ("outcome", "owner", "until") if said.get(name)]
    by = f"by {said['by']}" if said.get("by") else ""
    title = f"{said.get('title', '')} [{said.get('queue', '')}]"
    return ", ".join(filter(None, [title, *about, by, str(said.get("note", ""))]))[:_LONGEST]


def _message_words(said: dict[str, Any]) -> str:
    """Say which message it is, and why what became of it did."""
    step, workflow = said.get("step"), said.get("workflow")
    by = [str(said[name]) for name in ("channel", "content") if said.get(name)]
    of = [f"step {step} of {workflow}"] if step and workflow else []
    reason = str(said.get("reason") or "")
    because = MEANINGS[Reason(reason)] if reason in _REASONS else reason
    words = ", ".join([*by, *of])
    return ": ".join(filter(None, [words, because]))[:_LONGEST]
