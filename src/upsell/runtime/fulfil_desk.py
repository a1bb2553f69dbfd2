"""The fulfil desk: acceptances are taken and seen through while somebody waits.

The law: whoever accepts a second time is told what the first was, once it is known.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from upsell.channels.border import read_border
from upsell.channels.fulfillers import Fulfiller, WebhookFulfiller
from upsell.channels.signing import read_secret
from upsell.clock import Clock
from upsell.config import Settings
from upsell.errors import ConfigError
from upsell.runtime.accept_checks import NotAcceptedError
from upsell.runtime.accepting import Accept, AcceptDesk, Accepted
from upsell.runtime.fulfilling import fulfil
from upsell.runtime.stripe_billing import open_stripe
from upsell.runtime.telling import Told, refusal_words, tell
from upsell.store.connect import Connection, connect
from upsell.store.households import read_traits
from upsell.store.orders import Order, OrderState, find_order

_PATIENCE: Final = 8.0
"""Seconds that whoever accepts a second time waits for what the first hears."""


class FulfilDesk:
    """Takes acceptances for a server's threads, and makes them theirs while somebody waits."""

    def __init__(self, url: str, clock: Clock, fulfiller: Fulfiller | None) -> None:
        """Work over the database at ``url``; without a fulfiller everything is left to the team."""
        self._url = url
        self._clock = clock
        self._fulfiller = fulfiller
        self._desk = AcceptDesk(url, clock)

    def take(self, asked: Accept, locales: Sequence[object] = ()) -> Told:
        """Take an acceptance and see it through, as far as billing answers now.

        Accepted again, what the first was told is told again; it is waited for while billing is spoken to.

        Args:
            asked: Who accepts what, at which price.
            locales: Locales they read, the best first; after these, the one among their traits.

        Raises:
            NotAcceptedError: It is not taken.
        """
        accepted = self._desk.accept(asked)
        with connect(self._url) as connection:
            order = self._see_through(connection, accepted)
            traits = read_traits(connection, order.customer_id)
        return tell(order, (*locales, traits.get("locale"), traits.get("language")))

    def see_through(self, key: str) -> None:
        """Tell billing of an order that was just made, as far as it answers now."""
        with connect(self._url) as connection:
            fulfil(connection, self._clock, self._fulfiller, key)

    @property
    def takes_back(self) -> bool:
        """Whether billing takes back by itself what it made somebody's, and not the team."""
        return self._fulfiller is not None and self._fulfiller.takes_back

    def refusal_words(self, error: NotAcceptedError, asked: Accept, locales: Sequence[object] = ()) -> str:
        """Say to whoever wanted to accept why it was not taken; locales as in ``take``."""
        with connect(self._url) as connection:
            traits = read_traits(connection, asked.identity.customer_id)
        return refusal_words(error, (*locales, traits.get("locale"), traits.get("language")))

    def close(self) -> None:
        """Close what is kept open."""
        if self._fulfiller is not None:
            self._fulfiller.close()

    def _see_through(self, connection: Connection, accepted: Accepted) -> Order:
        order = accepted.order
        if accepted.is_new:
            return fulfil(connection, self._clock, self._fulfiller, order.key) or order
        give_up_at = time.monotonic() + _PATIENCE
        while _is_being_told(order) and time.monotonic() < give_up_at:
            time.sleep(0.1)
            order = find_order(connection, order.key) or order
        return order


def open_fulfiller(settings: Settings, url: str = "") -> Fulfiller | None:
    """Give who makes things theirs, as the settings say; None for nobody but the team.

    Args:
        settings: Which billing is set up.
        url: The database, in which is written what is what at Stripe.

    Raises:
        ConfigError: Billing would be told in the open, or without a signature, or there are two.
    """
    if settings.stripe_secret_key:
        return open_stripe(settings, url)
    if not settings.billing_url:
        return None
    if not settings.gateway_secret:
        msg = "expected UPSELL_GATEWAY_SECRET beside UPSELL_BILLING_URL, got none; billing knows us by it"
        raise ConfigError(msg)
    secret, is_confirming = read_secret(settings.gateway_secret), bool(settings.billing_confirms)
    border = read_border(settings.webhook_hosts)
    return WebhookFulfiller(settings.billing_url, secret, border, is_confirming=is_confirming)


def _is_being_told(order: Order) -> bool:
    """Whether somebody is telling billing now, or is about to."""
    is_begun = order.state is OrderState.ACCEPTED and order.attempts == 0
    return is_begun or order.state is OrderState.FULFILLING
