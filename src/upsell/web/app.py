"""The web application: every route over one intake, for as long as the server runs."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

from upsell.clock import Clock
from upsell.config import Settings
from upsell.runtime.intake import Intake
from upsell.web.api.answers import answer_exception
from upsell.web.api.events import event_routes
from upsell.web.api.health import health_route


def make_app(settings: Settings, url: str, clock: Clock, pages: Sequence[HTTPRouteHandler] = ()) -> Litestar:
    """Give the application over the database at ``url``, with pages beside its API.

    The intake's thread runs from start-up to shut-down, which waits for what is being written.
    """
    intake = Intake(url, clock)

    @asynccontextmanager
    async def running(_: Litestar) -> AsyncGenerator[None]:
        """Keep the intake going while the application is."""
        intake.start()
        try:
            yield
        finally:
            intake.stop()

    return Litestar(
        [*event_routes(intake, clock, settings.write_key), health_route(url), *pages],
        exception_handlers={Exception: answer_exception},
        lifespan=[running],
        openapi_config=None,
        logging_config=None,
    )
