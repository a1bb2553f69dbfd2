"""The page of a quote: what was asked for above a limit, on screen and on paper.

The law: opening it changes nothing; it says what was accepted, how it stands, and what it does not prove.
"""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from upsell.channels.footer import whom_and_where
from upsell.channels.link_facts import QUOTE
from upsell.clock import Clock
from upsell.runtime.preferences import Desk
from upsell.runtime.quotes import QuoteDesk
from upsell.web.pages.customer import answered, customer_page, unknown_link


def quote_routes(url: str, clock: Clock, desk: Desk) -> list[HTTPRouteHandler]:
    """Give the route ``/q/<token>``, over the database at ``url``."""
    quotes = QuoteDesk(url, clock)

    def show(token: str, accepted: str) -> Response[bytes]:
        key = desk.open(QUOTE, token)
        sheet = quotes.read(key, accepted) if key is not None else None
        if sheet is None:
            return unknown_link(accepted, desk.sender_address())
        sender = sheet.sender
        return customer_page(
            "quote.html",
            sheet.words.language,
            words=sheet.words,
            title=sheet.title,
            sheet=sheet,
            sender=sender.name,
            sender_address=sender.reply_to or sender.address,
            from_whom=whom_and_where(sender.name, sender.postal_address),
        )

    @route(["/q/{token:str}"], http_method=["GET", "HEAD"], include_in_schema=False)
    async def show_quote(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[bytes]:
        """Show a quote; nothing is changed."""
        return await answered(request, lambda accepted: show(token, accepted))

    return [show_quote]
