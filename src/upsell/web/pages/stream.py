"""The stream: the newest events as they come in, asked for again while somebody looks, until they stop it.

The law: what it shows is read from the ledger's head, so many rows and no more, however much came before.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler

from upsell.clock import Clock, Moment, format_moment, to_datetime
from upsell.ids import account_unit, customer_unit
from upsell.runtime.costless import costless
from upsell.runtime.results import date_words
from upsell.signals.event_table import EVENT_TABLE
from upsell.store.lending import Lender
from upsell.store.stream import Arrived, read_newest_events
from upsell.web.access import Right
from upsell.web.pages.known import path_of
from upsell.web.pages.shell import shown
from upsell.web.pages.signal_parts import event_path

PATH: Final = "/events"
"""Where events are seen as they come in."""

MOST: Final = 30
"""How many stand there."""

SECONDS: Final = 5
"""How often they are asked for again."""

_LONGEST: Final = 160

_IDS: Final = frozenset({"key", "enrollment", "unit", "address_key", "customer", "account"})
"""What our own events name that their line says otherwise, or that nobody reads."""

_read = msgspec.json.Decoder(dict[str, Any]).decode


class Who(msgspec.Struct, frozen=True):
    """Whom an event is about, and where their page is."""

    name: str
    path: str


class StreamRow(msgspec.Struct, frozen=True):
    """One event in a line."""

    when: str
    name: str
    path: str
    who: tuple[Who, ...]
    source: str
    said: str
    is_ours: bool


class StreamPage(msgspec.Struct, frozen=True):
    """The newest events, whether they are asked for again and how often, and as of when."""

    rows: tuple[StreamRow, ...]
    is_live: bool
    seconds: int
    as_of: str


def stream_route(lender: Lender, clock: Clock) -> HTTPRouteHandler:
    """Give the route of the stream."""

    @route([PATH], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False)
    def show_stream(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Show the newest events."""
        now = clock.now()
        with lender.lent() as connection:
            found = read_newest_events(connection, MOST)
        if Right.SEE_MARGINS not in request.state.visit.rights:
            found = tuple(
                msgspec.structs.replace(each, properties=costless(each.properties)) for each in found
            )
        is_live = request.query_params.get("stream", "") != "stopped"
        page = StreamPage(tuple(map(_row, found)), is_live, SECONDS, date_words(now))
        told = msgspec.json.encode({"as_of": format_moment(now), "events": list(map(_content, found))})
        return shown(request, "stream.html", page, told=told)

    return show_stream


def _row(each: Arrived) -> StreamRow:
    fixed = EVENT_TABLE.get(each.name)
    is_ours = each.is_derived or (fixed is not None and fixed.is_ours)
    told = _read(each.properties).items()
    said = ", ".join(f"{name}: {_value(value)}" for name, value in told if not (is_ours and name in _IDS))
    return StreamRow(
        when=_second(each.seen_at),
        name=each.name,
        path=event_path(each.name),
        who=tuple(
            Who(name, path_of(unit))
            for name, unit in (
                (each.customer_id, customer_unit(each.customer_id or "")),
                (each.account_id, account_unit(each.account_id or "")),
            )
            if name is not None
        ),
        source=each.source,
        said=said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…",
        is_ours=is_ours,
    )


def _content(each: Arrived) -> dict[str, Any]:
    return {
        "position": each.position,
        "seen_at": format_moment(each.seen_at),
        "occurred_at": format_moment(each.occurred_at),
        "event": each.name,
        "customer": each.customer_id,
        "account": each.account_id,
        "source": each.source,
        # Properties are kept as JSON.
        "properties": msgspec.Raw(each.properties.encode()),
        "is_ours": each.is_derived,
    }


def _value(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _second(at: Moment) -> str:
    return f"{to_datetime(at):%m-%d %H:%M:%S}"
