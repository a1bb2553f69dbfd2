"""The page to which whoever paid comes back: it says what happens next, and claims nothing.

The law: that somebody comes back proves no payment; what was paid is asked of whom it was paid to.
"""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler

from upsell.channels.charge_words import WORDS
from upsell.channels.languages import language_of
from upsell.runtime.stripe_billing import PAID_PATH
from upsell.web.pages.customer import customer_page


def paid_route() -> HTTPRouteHandler:
    """Give the route of the page."""

    @route([PAID_PATH], http_method=["GET", "HEAD"], include_in_schema=False)
    async def paid(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Thank whoever comes back."""
        words = WORDS[language_of({}, request.headers.get("accept-language", ""))]
        return customer_page(
            "unknown_link.html",
            words.language,
            words=words,
            title=words.paid_title,
            said=words.paid_said,
            advice="",
        )

    return paid
