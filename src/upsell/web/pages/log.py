"""The page of the log: what users did, the newest first, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler

from upsell.clock import format_moment, to_datetime
from upsell.store.acts import Done, read_acts
from upsell.store.lending import Lender
from upsell.web.pages.shell import shown

PATH: Final = "/log"

MOST: Final = 50
"""How many rows stand on one page."""


class LogRow(msgspec.Struct, frozen=True):
    """What was done, in words."""

    when: str
    by: str
    act: str
    about: str
    words: str
    because: str


class LogPage(msgspec.Struct, frozen=True):
    """Some of what was done, and where what was done before stands; empty where that was all."""

    rows: tuple[LogRow, ...]
    older: str


def log_route(lender: Lender) -> HTTPRouteHandler:
    """Give the route of the log."""

    @route([PATH], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False)
    def show_log(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Show what users did."""
        said = request.query_params.get("before", "")
        before = int(said) if said.isdecimal() and len(said) < 19 else None
        with lender.lent() as connection:
            found = read_acts(connection, MOST + 1, before)
        rows = tuple(
            LogRow(
                f"{to_datetime(done.done_at):%Y-%m-%d %H:%M}",
                done.by,
                done.act.value,
                "" if done.about == done.by else done.about,
                done.words,
                done.because,
            )
            for done in found[:MOST]
        )
        older = f"{PATH}?before={found[MOST - 1].number}" if len(found) > MOST else ""
        told = msgspec.json.encode(log_content(found[:MOST], older))
        return shown(request, "log.html", LogPage(rows, older), told=told)

    return show_log


def log_content(found: Sequence[Done], older: str) -> dict[str, Any]:
    """Give the same as plain data, moments as ISO 8601."""
    rows = [{**msgspec.to_builtins(done), "done_at": format_moment(done.done_at)} for done in found]
    return {"rows": rows, "older": older}
