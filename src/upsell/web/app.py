"""The web application: every route over one intake, for as long as the server runs."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

from upsell.clock import Clock
from upsell.runtime.deciding import Decider
from upsell.runtime.intake import Intake
from upsell.runtime.keyring import KeyRing
from upsell.web.api.answers import answer_exception
from upsell.web.api.decide import decide_routes
from upsell.web.api.description import description_route
from upsell.web.api.events import event_routes
from upsell.web.api.health import health_route
from upsell.web.api.incidents import incident_route
from upsell.web.api.prompts import prompt_routes
from upsell.web.api.segments import segment_routes
from upsell.web.sdk.routes import sdk_route


def make_app(url: str, clock: Clock, pages: Sequence[HTTPRouteHandler] = ()) -> Litestar:
    """Give the application over the database at ``url``, with pages beside its API.

    The intake's thread runs from start-up to shut-down, which waits for what is being written.
    """
    intake = Intake(url, clock)
    ring = KeyRing(url, clock)
    decider = Decider(url, clock)

    @asynccontextmanager
    async def running(_: Litestar) -> AsyncGenerator[None]:
        """Keep the intake going while the application is."""
        intake.start()
        try:
            yield
        finally:
            intake.stop()
            ring.close()
            decider.close()

    return Litestar(
        [
            *event_routes(intake, clock, ring),
            incident_route(ring, url, clock),
            *decide_routes(ring, url, clock, decider),
            *segment_routes(ring, url, clock),
            *prompt_routes(ring, url, clock, decider, intake),
            sdk_route(),
            health_route(url),
            description_route(),
            *pages,
        ],
        exception_handlers={Exception: answer_exception},
        lifespan=[running],
        openapi_config=None,
        logging_config=None,
    )
