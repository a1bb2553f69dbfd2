"""The page of the log: what users did, the newest first, page by page."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler

from upsell.clock import to_datetime
from upsell.store.acts import read_acts
from upsell.store.lending import Lender
from upsell.web.pages.shell import shown

PATH: Final = "/log"

MOST: Final = 50
"""How many rows stand on one page."""


class LogRow(msgspec.Struct, frozen=True):
    """What was done, in words."""

    number: int
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
                done.number,
                f"{to_datetime(done.done_at):%Y-%m-%d %H:%M}",
                done.by,
                done.act.value,
                "" if done.about == done.by else done.about,
                done.words,
                done.because,
            )
            for done in found[:MOST]
        )
        older = f"{PATH}?before={rows[-1].number}" if len(found) > MOST else ""
        return shown(request, "log.html", LogPage(rows, older))

    return show_log
