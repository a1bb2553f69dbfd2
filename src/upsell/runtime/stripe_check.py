"""The check of Stripe: whether it answers to our key, and has what the live catalog names as it has it.

The law: reading changes nothing there; and what could not be asked is said to be unknown, never right.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
import stripe

from upsell.catalog.catalog import Catalog
from upsell.channels.stripe_catalog import coupon_ids, stated_prices
from upsell.channels.stripe_door import StripeDoor
from upsell.channels.stripe_sale import Change, DiffersError, Sale, ask_price
from upsell.config import Settings
from upsell.errors import ConfigError
from upsell.runtime.programs import Programs
from upsell.runtime.stripe_billing import TIMEOUT, open_door
from upsell.store.connect import Connection

_FATAL: Final = (stripe.AuthenticationError, stripe.APIConnectionError)
"""Errors after which asking further says nothing new."""


class Checked(msgspec.Struct, frozen=True):
    """One thing that was looked at.

    Attributes:
        id: Its id at Stripe, or ``key``.
        of: What it is of.
        wrong: What is wrong with it; empty for nothing.
    """

    id: str
    of: str
    wrong: str = ""


def check_stripe(connection: Connection, settings: Settings) -> list[Checked]:
    """Ask Stripe about the key, then about every price and coupon of the live catalog.

    Raises:
        ConfigError: No key is set, or it would go in the open.
        StoreError: What is live does not compile with this release.
    """
    if not settings.stripe_secret_key:
        msg = "expected UPSELL_STRIPE_SECRET_KEY, got none; without it nothing is billed by Stripe"
        raise ConfigError(msg)
    programs = Programs()
    programs.refresh(connection)
    newest = programs.newest()
    catalog = programs.program(newest.number).catalog if newest is not None else Catalog()
    return list(_checked(open_door(settings, TIMEOUT), catalog))


def _checked(door: StripeDoor, catalog: Catalog) -> Iterator[Checked]:
    try:
        door.knock()
    except stripe.PermissionError:
        # A restricted key may not list prices and yet read them one by one.
        yield Checked("key", "is known to Stripe, with restrictions")
    except stripe.StripeError as error:
        yield Checked("key", "of UPSELL_STRIPE_SECRET_KEY", said_of(error))
        if isinstance(error, _FATAL):
            return
    else:
        yield Checked("key", "is good, and Stripe answers")
    for price, terms in stated_prices(catalog):
        of = f"{terms.thing} per {terms.interval or 'piece, once'} in {terms.currency}"
        wrong = ""
        try:
            ask_price(Sale(price, Change.REPLACE), terms, door.price(price))
        except DiffersError as error:
            wrong = str(error)
        except stripe.StripeError as error:
            wrong = said_of(error)
        yield Checked(price, of, wrong)
    for coupon, offer in coupon_ids(catalog).items():
        wrong = ""
        try:
            if not door.coupon(coupon).valid:
                wrong = "expected a coupon that can be redeemed, found one that can be no more"
        except stripe.StripeError as error:
            wrong = said_of(error)
        yield Checked(coupon, f"discount of {offer}", wrong)


def said_of(error: stripe.StripeError) -> str:
    """Say in a line what Stripe said, without the key that was shown to it."""
    if isinstance(error, stripe.AuthenticationError):
        return "expected a key that Stripe knows, and it refused this one; look at UPSELL_STRIPE_SECRET_KEY"
    if isinstance(error, stripe.APIConnectionError):
        return "expected an answer of Stripe's, got none; look at UPSELL_STRIPE_URL and the way to it"
    return f"Stripe says: {error.user_message or error}"
