"""The web application: every route over one intake, for as long as the server runs."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from litestar import Litestar
from litestar.datastructures import State

from upsell.clock import Clock
from upsell.config import Settings
from upsell.runtime.colleagues import ColleagueDesk
from upsell.runtime.deciding import Decider
from upsell.runtime.following import Followers
from upsell.runtime.fulfil_desk import FulfilDesk, open_fulfiller
from upsell.runtime.identities import IdentityReader
from upsell.runtime.intake import Intake
from upsell.runtime.keyring import KeyRing
from upsell.runtime.mail_desk import MailDesk
from upsell.runtime.preferences import Desk
from upsell.runtime.push_desk import PushDesk
from upsell.runtime.source_desk import Desk as SourceDesk
from upsell.runtime.stripe_billing import open_foresight
from upsell.runtime.targets import TargetBook
from upsell.web.api.accepting import accept_routes
from upsell.web.api.answers import answer_exception
from upsell.web.api.charges import charges_route
from upsell.web.api.decide import decide_routes
from upsell.web.api.description import description_route
from upsell.web.api.events import event_routes
from upsell.web.api.health import health_route
from upsell.web.api.hooks import hook_routes
from upsell.web.api.identity_door import Door
from upsell.web.api.incidents import incident_route
from upsell.web.api.live_prompts import live_prompt_route
from upsell.web.api.prompts import prompt_routes
from upsell.web.api.push import push_routes
from upsell.web.api.segments import segment_routes
from upsell.web.api.sources import source_route
from upsell.web.api.tasks import task_routes
from upsell.web.pages.links import link_routes
from upsell.web.pages.offers import OfferPages
from upsell.web.pages.paid import paid_route
from upsell.web.pages.preferences import preference_routes
from upsell.web.pages.quotes import quote_routes
from upsell.web.sdk.routes import sdk_route
from upsell.web.team import TeamPages
from upsell.web.unhandled import answer_unhandled

FOLLOWERS: Final = "followers"
"""Under which name the state of an application has who follows it: they are to end before it can."""


def make_app(
    url: str,
    clock: Clock,
    pages: TeamPages | None = None,
    settings: Settings | None = None,
    desk: MailDesk | None = None,
) -> Litestar:
    """Give the application over the database at ``url``, with the team's pages beside its API.

    ``desk`` takes what mail providers say; None for one by the settings.

    The intake's thread runs from start-up to shut-down, which waits for what is being written.
    """
    intake = Intake(url, clock)
    ring = KeyRing(url, clock)
    decider = Decider(url, clock, intake)
    targets = TargetBook(url, clock)
    identities = IdentityReader(url, clock)
    identity_door = Door(ring, identities)
    fulfil_desk = FulfilDesk(url, clock, open_fulfiller(settings or Settings(), url))
    preferences = Desk(url, clock)
    colleagues = ColleagueDesk(url, clock)
    foresight = open_foresight(settings or Settings(), url)
    offers = OfferPages(url, clock, preferences, fulfil_desk, colleagues, targets, intake, foresight)
    followers = Followers(url, clock, (settings or Settings()).prompt_streams)
    mail_desk = desk or MailDesk(url, clock, settings or Settings())
    source_desk = SourceDesk(url, clock, (settings or Settings()).secrets)

    @asynccontextmanager
    async def running(_: Litestar) -> AsyncGenerator[None]:
        """Keep the intake going while the application is."""
        intake.start()
        try:
            yield
        finally:
            followers.close()
            intake.stop()
            mail_desk.close()
            source_desk.close()
            fulfil_desk.close()
            if foresight is not None:
                foresight.close()
            if pages is not None:
                pages.close()
            ring.close()
            identities.close()
            decider.close()
            targets.close()

    return Litestar(
        [
            *event_routes(intake, clock, ring),
            incident_route(ring, url, clock),
            *decide_routes(ring, url, clock, decider),
            *segment_routes(ring, url, clock),
            *task_routes(ring, url, clock),
            *link_routes(targets, intake, clock),
            *hook_routes(mail_desk, intake, clock, ring),
            source_route(source_desk, mail_desk, intake, clock, settings or Settings()),
            *prompt_routes(identity_door, url, clock, decider, intake, is_foreseen=foresight is not None),
            *accept_routes(identity_door, fulfil_desk, colleagues),
            charges_route(url, clock, identity_door, foresight),
            live_prompt_route(identity_door, followers),
            *push_routes(identity_door, PushDesk(url, clock, settings or Settings())),
            sdk_route(),
            health_route(url),
            description_route(),
            *preference_routes(preferences),
            *offers.routes(),
            *quote_routes(url, clock, preferences),
            paid_route(),
            *(pages.routes() if pages is not None else ()),
        ],
        exception_handlers={Exception: answer_exception if pages is None else answer_unhandled},
        lifespan=[running],
        state=State({FOLLOWERS: followers}),
        openapi_config=None,
        logging_config=None,
    )
