"""``POST /v1/prompts/live``: a page hears when to ask again, by server-sent events.

It is told that something changed for whoever its token names, and never what: for that it asks, as any page.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream

from upsell.runtime.following import Followers
from upsell.runtime.identities import Identity
from upsell.sources.bounds import LARGEST_EVENT
from upsell.web.api.identity_door import METHODS, Asker, Door

_Request: TypeAlias = Request[Any, Any, Any]


class LiveBody(Asker, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What a page says that follows: who looks."""


_live_body = msgspec.json.Decoder(LiveBody).decode


def live_prompt_route(door: Door, followers: Followers) -> HTTPRouteHandler:
    """Give the route that pages follow."""

    @route("/v1/prompts/live", http_method=METHODS, status_code=200, request_max_body_size=LARGEST_EVENT)
    async def live(request: _Request) -> Response[Any]:
        """Tell a page whenever something changed for whoever looks."""

        async def work(_: LiveBody, who: Identity) -> Response[Any]:
            """Begin to follow."""
            events = await followers.follow(who)
            # A proxy that gathered events would make them late.
            return Stream(events, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

        return await door.take(request, _live_body, '{"token": "..."}', work)

    return live
