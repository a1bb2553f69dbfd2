"""``GET /health``: 200 when events can be taken, 503 when not; how far the worker is behind."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from upsell.runtime.health import read_health
from upsell.web.api.answers import answer


def health_route(url: str) -> HTTPRouteHandler:
    """Give the route that asks the database at ``url``."""

    @get("/health")
    async def health() -> Response[bytes]:
        """Say how the program is."""
        found = await asyncio.to_thread(read_health, url)
        return answer(found, HTTPStatus.OK if found.is_ready else HTTPStatus.SERVICE_UNAVAILABLE)

    return health
