"""Connections: where events come from and where they go, with how each stands."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler

from upsell.clock import Clock
from upsell.config import Settings
from upsell.runtime.connections import Connected, Connections, read_connections
from upsell.store.lending import Lender
from upsell.web.pages.shell import shown

PATH: Final = "/settings/connections"


class ConnectionsPage(msgspec.Struct, frozen=True):
    """What the page says: how many there are, in a sentence, and each."""

    headline: str
    sources: tuple[Connected, ...]
    sinks: tuple[Connected, ...]


def connections_route(lender: Lender, clock: Clock, settings: Settings) -> HTTPRouteHandler:
    """Give the route of the page."""

    @route([PATH], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False)
    def show_connections(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Show how every source and sink stands."""
        with lender.lent() as connection:
            found = read_connections(connection, settings, clock.now())
        return shown(request, "connections.html", connections_page(found))

    return show_connections


def connections_page(found: Connections) -> ConnectionsPage:
    """Give what the page says."""
    sources, sinks = len(found.sources), len(found.sinks)
    words = (
        f"{sources or 'No'} {'source' if sources == 1 else 'sources'} beside the API, and "
        f"{sinks or 'no'} {'sink' if sinks == 1 else 'sinks'}."
    )
    return ConnectionsPage(words, found.sources, found.sinks)
