"""The schema of one event: its properties, who reads it, and what is wrong with it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler

from upsell.clock import format_moment
from upsell.runtime.event_counts import (
    EventCount,
    PropertySeen,
    event_counts,
    event_readers,
    properties_seen,
    signal_uses,
)
from upsell.runtime.incoming import DAYS, Incoming, IncomingBook
from upsell.runtime.overview import State, Tone
from upsell.runtime.results import date_words
from upsell.signals.event_table import EVENT_TABLE
from upsell.web.pages.shell import Trouble, path_asked, refuse, shown
from upsell.web.pages.signal_parts import (
    PATH,
    Found,
    Reader,
    all_readers,
    counted_to,
    event_content,
    finding_content,
    found_of,
    is_about,
    reader_of,
    upper,
)


class PropertyRow(msgspec.Struct, frozen=True):
    """One property in a line."""

    name: str
    kinds: str
    filled: State
    meaning: str
    values: str
    readers: tuple[Reader, ...]


class SchemaPage(msgspec.Struct, frozen=True):
    """What the page of one event says.

    Attributes:
        name: Its name.
        answer: How often it came, in a sentence.
        about: What it means, and how far it is counted.
        found: What is wrong with it.
        properties: Its properties.
        readers: Who reads it.
        signals: The signals that count it.
        sources: Who sent it.
        facts: When it came, as term and words.
    """

    name: str
    answer: str
    about: str
    found: tuple[Found, ...]
    properties: tuple[PropertyRow, ...]
    readers: tuple[Reader, ...]
    signals: tuple[str, ...]
    sources: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]


def schema_route(incoming: IncomingBook) -> HTTPRouteHandler:
    """Give the route of each event."""

    @route(
        [f"{PATH}/{{event:path}}"], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False
    )
    def show_schema(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Show one event."""
        name = unquote(path_asked(request).partition(f"{PATH}/")[2])
        found = incoming.read()
        counted = next((each for each in event_counts(found) if each.name == name), None)
        if counted is None and name not in EVENT_TABLE and name not in event_readers(found.program):
            trouble = Trouble(
                "No event of that name came",
                f"Expected the name of an event as its source sends it, got {name!r}.",
                f"Every event that came stands at {PATH}; what came within the last minute may be missing.",
            )
            return refuse(request, trouble, "unknown", HTTPStatus.NOT_FOUND)
        told = msgspec.json.encode(schema_content(found, name, counted))
        return shown(request, "schema.html", schema_page(found, name, counted), told=told)

    return show_schema


def schema_page(found: Incoming, name: str, counted: EventCount | None) -> SchemaPage:
    """Give what the page of one event says; None counts nothing of it."""
    fixed = EVENT_TABLE.get(name)
    meaning = fixed.meaning if fixed is not None else "An event of your own."
    signals = [each.name for each in signal_uses(found.program) if name in each.events]
    return SchemaPage(
        name=name,
        answer=_came(counted, is_ours=fixed is not None and fixed.is_ours),
        about=f"{meaning} {counted_to(found)}",
        found=tuple(found_of(each) for each in found.findings if is_about(each, name)),
        properties=tuple(_property_row(each) for each in properties_seen(found, name)),
        readers=all_readers(found, name),
        signals=tuple(signals),
        sources=counted.sources if counted is not None else (),
        facts=()
        if counted is None
        else (
            ("Within the last hour", f"{counted.hour:,}{' or more' if found.lately.is_cut else ''}"),
            ("Today", f"{counted.today:,}"),
            (f"Within {DAYS} days", f"{counted.month:,}"),
            ("Late by a day or more", f"{counted.late:,}"),
            ("In all", f"{counted.total:,}"),
            ("First", date_words(counted.first_at)),
            ("Last", date_words(counted.last_at)),
        ),
    )


def schema_content(found: Incoming, name: str, counted: EventCount | None) -> dict[str, Any]:
    """Give one event as plain data."""
    properties = [
        {
            **msgspec.to_builtins(each),
            "last_at": format_moment(each.last_at) if each.last_at is not None else None,
        }
        for each in properties_seen(found, name)
    ]
    return {
        "name": name,
        "counted_to": format_moment(found.learned_to) if found.learned_to else None,
        "counts": None if counted is None else event_content(counted),
        "properties": properties,
        "readers": event_readers(found.program).get(name, ()),
        "findings": [finding_content(each) for each in found.findings if is_about(each, name)],
    }


def _came(counted: EventCount | None, *, is_ours: bool) -> str:
    if is_ours:
        return "Upsell records it itself; nobody sends it."
    if counted is None:
        return "It never came."
    if not counted.month:
        return f"It came last on {date_words(counted.last_at)}."
    times = "once" if counted.month == 1 else f"{counted.month:,} times"
    return f"It came {times} within {DAYS} days, {counted.today:,} of them today."


def _property_row(each: PropertySeen) -> PropertyRow:
    filled = f"{each.filled:.0%}" if each.kinds else "never"
    tone = Tone.CALM if each.filled >= 1 or not each.is_required else Tone.WARN
    return PropertyRow(
        name=each.name,
        kinds=", ".join(
            f"{kind}" if len(each.kinds) == 1 else f"{kind} {count:,}" for kind, count in each.kinds
        ),
        filled=State(f"{filled}{', and it is needed' if tone is Tone.WARN else ''}", tone),
        meaning=upper(each.meaning),
        values=", ".join(f"{value} ({count:,})" for value, count in each.values),
        readers=tuple(map(reader_of, each.readers)),
    )
