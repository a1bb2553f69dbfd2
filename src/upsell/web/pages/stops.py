"""Stops: what somebody stopped by hand, by whom and why; stopping everything, a channel or a workflow."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler

from upsell.clock import Clock, format_moment, to_datetime
from upsell.decisions.stops import STOPPABLE, Stop
from upsell.errors import ConfigError
from upsell.runtime import desk
from upsell.store.lending import Lender
from upsell.store.messages import count_stopped, count_waiting_messages
from upsell.store.stops import open_stops
from upsell.web.pages.change_forms import word_of
from upsell.web.pages.customer import LARGEST_FORM
from upsell.web.pages.notices import Notice
from upsell.web.pages.posting import Form, done, posted
from upsell.web.pages.shell import shown

AnyRequest = Request[Any, Any, Any]

PATH: Final = "/stops"


class StopRow(msgspec.Struct, frozen=True):
    """One stop that holds: of what, since when, by whom, why, and how many messages wait because of it."""

    what: str
    when: str
    by: str
    because: str
    waiting: int
    channel: str
    workflow: str


class StopsPage(msgspec.Struct, frozen=True):
    """What is stopped by hand, what can be, and how many messages wait to go out.

    Attributes:
        headline: What is stopped, in a sentence.
        rows: Each stop that holds.
        is_all: Whether everything is stopped.
        channels: Channels that can be stopped by name.
        waiting: How many messages wait to go out now, whatever for.
    """

    headline: str
    rows: tuple[StopRow, ...]
    is_all: bool
    channels: tuple[str, ...]
    waiting: int


def stop_routes(lender: Lender, clock: Clock) -> list[HTTPRouteHandler]:
    """Give the routes of the page of stops, and of its forms."""

    @route([PATH], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False)
    def show_stops(request: AnyRequest) -> Response[bytes]:
        """Show what is stopped."""
        with lender.lent() as connection:
            stops, counts = open_stops(connection), count_stopped(connection)
            waiting = count_waiting_messages(connection)
        page = stops_page(stops, counts, waiting)
        rows = [
            {**msgspec.to_builtins(each), "started_at": format_moment(each.started_at)}
            | {"waiting": counts.get(each.number, 0)}
            for each in stops
        ]
        told = msgspec.json.encode({"rows": rows, "waiting": waiting})
        return shown(request, "stops.html", page, told=told)

    @route(
        [f"{PATH}/begin"],
        http_method=["POST"],
        status_code=HTTPStatus.SEE_OTHER,
        include_in_schema=False,
        request_max_body_size=LARGEST_FORM,
    )
    async def stop(request: AnyRequest) -> Response[bytes]:
        """Stop everything, or a channel."""

        def doing(form: Form) -> Response[bytes]:
            """Stop it, in the words of the form."""
            word, channel = word_of(form), form.said("channel")
            with lender.lent() as connection:
                is_new = desk.stop(connection, clock, word.by, word.because, channel=channel)
            if not is_new:
                msg = f"expected what is not stopped, got {channel or 'everything'}, which is already"
                raise ConfigError(msg)
            return done(request, PATH, Notice.STOPPED)

        return await posted(request, doing)

    @route(
        [f"{PATH}/end"],
        http_method=["POST"],
        status_code=HTTPStatus.SEE_OTHER,
        include_in_schema=False,
        request_max_body_size=LARGEST_FORM,
    )
    async def resume(request: AnyRequest) -> Response[bytes]:
        """Let go on what is stopped."""

        def doing(form: Form) -> Response[bytes]:
            """Let it go on, in the words of the form."""
            word, channel, workflow = word_of(form), form.said("channel"), form.said("workflow")
            with lender.lent() as connection:
                is_ended = desk.resume(
                    connection, clock, word.by, word.because, channel=channel, workflow=workflow
                )
            if not is_ended:
                msg = f"expected what is stopped, got {workflow or channel or 'everything'}, which is not"
                raise ConfigError(msg)
            return done(request, PATH, Notice.LET_GO_ON)

        return await posted(request, doing)

    return [show_stops, stop, resume]


def stops_page(stops: tuple[Stop, ...], counts: dict[int, int], waiting: int) -> StopsPage:
    """Give what the page says."""
    rows = tuple(
        StopRow(
            f"{each.words[:1].upper()}{each.words[1:]}",
            f"{to_datetime(each.started_at):%Y-%m-%d %H:%M}",
            each.by,
            each.because,
            counts.get(each.number, 0),
            each.channel,
            each.workflow,
        )
        for each in stops
    )
    is_all = any(each.is_of_all for each in stops)
    if is_all:
        headline = "Everything is stopped: nothing goes out."
    elif rows:
        headline = f"{len(rows)} {'thing is' if len(rows) == 1 else 'things are'} stopped; the rest goes out."
    else:
        headline = "Nothing is stopped by hand."
    channels = tuple(each for each in STOPPABLE if each not in {stop.channel for stop in stops})
    return StopsPage(headline, rows, is_all, channels, waiting)
