"""Signals: what comes in, what is wrong with it, and who reads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler

from upsell.clock import DAY, Moment, format_moment, to_datetime
from upsell.runtime.event_counts import (
    EventCount,
    SignalUse,
    SourceCount,
    event_counts,
    signal_uses,
    source_counts,
)
from upsell.runtime.examined import Severity
from upsell.runtime.incoming import DAYS, Incoming, IncomingBook
from upsell.runtime.overview import Tone
from upsell.runtime.source_standing import standing_words
from upsell.web.pages.shell import shown
from upsell.web.pages.signal_parts import (
    PATH,
    Found,
    Reader,
    all_readers,
    counted_to,
    event_content,
    event_path,
    finding_content,
    found_of,
    reader_of,
    upper,
)

AnyRequest = Request[Any, Any, Any]


class EventRow(msgspec.Struct, frozen=True):
    """One event in a line."""

    name: str
    path: str
    hour: int
    today: int
    month: int
    last: str
    readers: tuple[Reader, ...]


class SignalRow(msgspec.Struct, frozen=True):
    """One signal of the workspace."""

    name: str
    text: str
    reads: tuple[Reader, ...]
    users: tuple[Reader, ...]


class SourceRow(msgspec.Struct, frozen=True):
    """One source in a line."""

    name: str
    sort: str
    today: int
    month: int
    last: str
    said: tuple[str, ...]


class SignalsPage(msgspec.Struct, frozen=True):
    """What the page of what comes in says.

    Attributes:
        answer: How much came in, in a sentence; empty where nothing did.
        about: Over which time, and how far it is counted.
        found: What is wrong.
        notes: What is only to be known.
        events: Each event.
        signals: Each signal of the workspace.
        sources: Each source.
        is_cut: Whether more came within the hour than was counted.
        is_uncounted: Whether events came of which none is counted yet.
    """

    answer: str
    about: str
    found: tuple[Found, ...]
    notes: tuple[Found, ...]
    events: tuple[EventRow, ...]
    signals: tuple[SignalRow, ...]
    sources: tuple[SourceRow, ...]
    is_cut: bool
    is_uncounted: bool


def signals_route(incoming: IncomingBook) -> HTTPRouteHandler:
    """Give the route of what comes in."""

    @route([PATH], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False)
    def show_signals(request: AnyRequest) -> Response[bytes]:
        """Show what comes in."""
        found = incoming.read()
        return shown(
            request, "signals.html", signals_page(found), told=msgspec.json.encode(signals_content(found))
        )

    return show_signals


def signals_page(found: Incoming) -> SignalsPage:
    """Give what the page of what comes in says."""
    events = event_counts(found)
    findings = [found_of(each) for each in found.findings]
    return SignalsPage(
        answer=_answer(found, events),
        about=f"Over {DAYS} days, each of UTC, what was told of the past left out. {counted_to(found)}",
        found=tuple(each for each in findings if each.tone is not Tone.CALM),
        notes=tuple(each for each in findings if each.tone is Tone.CALM),
        events=tuple(_event_row(found, each) for each in events),
        signals=tuple(map(_signal_row, signal_uses(found.program))),
        sources=tuple(map(_source_row, source_counts(found))),
        is_cut=found.lately.is_cut,
        is_uncounted=not events and found.head > 0,
    )


def signals_content(found: Incoming) -> dict[str, Any]:
    """Give the same as plain data: moments as ISO 8601, counts as integers, days as their first moment."""
    return {
        "as_of": format_moment(found.now),
        "counted_to": format_moment(found.learned_to) if found.learned_to else None,
        "days": DAYS,
        "is_hour_cut": found.lately.is_cut,
        "findings": [finding_content(each) for each in found.findings],
        "events": [event_content(each) for each in event_counts(found)],
        "signals": msgspec.to_builtins(signal_uses(found.program)),
        "sources": [_source_content(each) for each in source_counts(found)],
        "refused": [
            {**msgspec.to_builtins(each), "last_at": format_moment(each.last_at)} for each in found.refused
        ],
    }


def minute_words(at: Moment) -> str:
    """Write the minute of a moment in UTC, as tables have it."""
    return f"{to_datetime(at):%Y-%m-%d %H:%M}"


def _answer(found: Incoming, events: Sequence[EventCount]) -> str:
    if not events:
        return ""
    today, month = sum(each.today for each in events), sum(each.month for each in events)
    kinds = sum(bool(each.month) for each in events)
    noun = "kind" if kinds == 1 else "kinds"
    if not month:
        return f"Nothing came within {DAYS} days."
    wrong = sum(each.severity is not Severity.NOTE for each in found.findings)
    asks = (
        "nothing asks to be mended"
        if not wrong
        else f"{wrong:,} {'thing asks' if wrong == 1 else 'things ask'} to be mended"
    )
    events_came = "1 event" if month == 1 else f"{month:,} events"
    return f"{events_came} of {kinds:,} {noun}, {today:,} of them today, and {asks}."


def _event_row(found: Incoming, each: EventCount) -> EventRow:
    return EventRow(
        each.name,
        event_path(each.name),
        each.hour,
        each.today,
        each.month,
        minute_words(each.last_at),
        all_readers(found, each.name),
    )


def _signal_row(each: SignalUse) -> SignalRow:
    return SignalRow(
        each.name,
        each.text,
        (
            *(Reader(name, event_path(name)) for name in each.events),
            *(Reader(name, "") for name in (*each.traits, *each.metrics)),
        ),
        tuple(map(reader_of, each.users)),
    )


def _source_row(each: SourceCount) -> SourceRow:
    said = (
        f"{each.refused:,} refused lately" if each.refused else "",
        f"{each.again:,} came again" if each.again else "",
        f"{each.late:,} late by a day or more" if each.late else "",
        upper(standing_words(each.standing)) if each.standing is not None else "",
    )
    last = f"{to_datetime(each.last_day * DAY):%Y-%m-%d}" if each.last_day is not None else ""
    return SourceRow(each.name, each.sort, each.today, each.month, last, tuple(filter(None, said)))


def _source_content(each: SourceCount) -> dict[str, Any]:
    last = format_moment(each.last_day * DAY) if each.last_day is not None else None
    standing = standing_words(each.standing) if each.standing is not None else None
    return {
        "name": each.name,
        "sort": each.sort,
        "today": each.today,
        "month": each.month,
        "late": each.late,
        "last_day": last,
        "again": each.again,
        "refused": each.refused,
        "standing": standing,
    }
