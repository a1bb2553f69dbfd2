"""``GET /v1/segments``: how many units each segment holds; ``GET /v1/segments/{name}``: which, in pages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

import msgspec
import psycopg
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from upsell.clock import Clock
from upsell.errors import ConfigError, StoreError
from upsell.runtime.keyring import KeyRing
from upsell.runtime.segments import count_segments, counts_content, list_segment, units_content
from upsell.store.connect import Connection, connect
from upsell.store.keys import Scope
from upsell.web.api.answers import Refused, answer
from upsell.web.api.doors import AGAIN, turn_away

MOST_UNITS: Final = 10_000
"""The most units one page may have."""

USUAL_UNITS: Final = 1_000
"""How many units a page has when it is not said."""


def segment_routes(ring: KeyRing, url: str, clock: Clock) -> tuple[HTTPRouteHandler, ...]:
    """Give the routes that count and list segments over the database at ``url``."""

    @get("/v1/segments")
    async def segments(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Count the units of every live segment."""
        turned_away = await turn_away(ring, request, Scope.SEGMENTS)
        if turned_away is not None:
            return turned_away
        now = clock.now()
        return await _answered(url, lambda connection: counts_content(count_segments(connection, now), now))

    @get("/v1/segments/{segment:str}")
    async def units(request: Request[Any, Any, Any], segment: FromPath[str]) -> Response[bytes]:
        """List units of one segment, in the order of their ids."""
        turned_away = await turn_away(ring, request, Scope.SEGMENTS)
        if turned_away is not None:
            return turned_away
        after, limit = request.query_params.get("after", ""), _limit(request.query_params.get("limit"))
        if limit is None or not (after + segment).isprintable():
            words = f"expected limit from 1 to {MOST_UNITS:,}, and names in print, got another"
            return answer(Refused("invalid", words), HTTPStatus.BAD_REQUEST)
        now = clock.now()
        return await _answered(
            url,
            lambda connection: units_content(list_segment(connection, segment, now, after, limit), now),
        )

    return segments, units


def _limit(said: str | None) -> int | None:
    """Read how many units a page may have; None when it says something else."""
    if said is None:
        return USUAL_UNITS
    number = int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else 0
    return number if 1 <= number <= MOST_UNITS else None


async def _answered(url: str, asked: Callable[[Connection], dict[str, Any]]) -> Response[bytes]:
    """Answer with what the database gives, or with what stood in its way."""

    def ask() -> dict[str, Any]:
        """Ask over a connection of its own."""
        with connect(url) as connection:
            return asked(connection)

    try:
        content = await asyncio.to_thread(ask)
    except ConfigError as error:
        return answer(Refused("unknown", str(error)), HTTPStatus.BAD_REQUEST)
    except (psycopg.Error, StoreError):
        words = "the database did not answer; ask again"
        return answer(Refused("unavailable", words), HTTPStatus.SERVICE_UNAVAILABLE, AGAIN)
    return Response(msgspec.json.encode(content), media_type="application/json")
