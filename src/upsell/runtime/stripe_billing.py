"""Stripe billing: purchases told to Stripe, by the ids of the catalog and what is known of who pays.

For whoever fulfils orders, and for pages that say beforehand what will be charged. The laws: ids are those of
the catalog as it is now, for they may have been put right since; what was shown is not. And whoever waits for
a page waits for Stripe no longer than a moment.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, Final, TypeVar

import httpx
import msgspec
import structlog

from upsell.channels.fulfillers import Fulfilment, GivingBack, Outcome, Purchase
from upsell.channels.loopback import is_loopback
from upsell.channels.stripe_catalog import sale_from
from upsell.channels.stripe_door import StripeDoor
from upsell.channels.stripe_foresight import Foreseen, Outlook, foresee
from upsell.channels.stripe_fulfiller import CUSTOMER_TRAIT, SUBSCRIPTION_TRAIT, StripeFulfiller
from upsell.channels.stripe_returner import BackForeseen, BackOutlook, StripeReturner, Taken
from upsell.channels.stripe_sale import Sale
from upsell.clock import Moment
from upsell.config import Settings, link_base
from upsell.errors import ConfigError
from upsell.ids import account_unit, customer_unit
from upsell.journeys.program import Program
from upsell.rules.facts import Scalar
from upsell.runtime.programs import Programs
from upsell.runtime.readers import program_when
from upsell.store.connect import Connection, connect
from upsell.store.households import read_unit_traits
from upsell.store.orders import find_order

TIMEOUT: Final = 4.0
"""Seconds Stripe may take over one call of those by which something is made theirs."""

FORESEE_TIMEOUT: Final = 1.5
"""Seconds it may take over one call of those by which somebody is told beforehand what it costs."""

FORESEE_WITHIN: Final = 2.5
"""Seconds after which a page is shown without its answer."""

FORESEEN_FOR: Final = 30.0
"""Seconds for which an answer is kept."""

MOST_FORESEEN: Final = 1_000
"""How many answers are kept."""

PAID_PATH: Final = "/paid"
"""The page to which whoever paid comes back where the team has none of its own."""

SILENT: Final[Foreseen | None] = Foreseen(Outlook.SILENT)
"""What is said where Stripe does not answer."""

_T = TypeVar("_T")

_log = structlog.get_logger(__name__)


class StripeBilling:
    """Tells Stripe of purchases, with what the database knows of them; for threads."""

    def __init__(self, url: str, door: StripeDoor, return_url: str, *, is_confirming: bool = False) -> None:
        """Read the database at ``url`` and speak through ``door``.

        ``is_confirming`` is whether Stripe is set up to tell customers itself what is done.
        """
        self.is_confirming, self.takes_back = is_confirming, True
        self._sales = Sales(url)
        self._fulfiller = StripeFulfiller(door, return_url)
        self._returner = StripeReturner(door)

    def fulfil(self, purchase: Purchase, now: Moment) -> Fulfilment:
        """Tell Stripe of a purchase, perhaps again; what it cannot do is for the team."""
        sale = self._sales.find(purchase, now)
        if sale is None:
            detail = f"the catalog says no price at Stripe for {purchase.thing} by {purchase.offer}"
            return Fulfilment(Outcome.BY_HAND, detail=detail)
        return self._fulfiller.fulfil(purchase, sale)

    def take_back(self, giving: GivingBack, now: Moment) -> Fulfilment:  # noqa: ARG002  # as all fulfillers do
        """Take back at Stripe what was made theirs, perhaps again; what is not certain is for the team."""
        return self._returner.take_back(giving, self._sales.find_taken(giving))

    def close(self) -> None:
        """Close nothing: the library keeps its connections by thread."""


class Sales:
    """Finds what purchases are at Stripe, for threads."""

    def __init__(self, url: str) -> None:
        """Read the database at ``url``; nothing is opened yet."""
        self._url = url
        self._programs = Programs()
        self._reading = threading.Lock()

    def find(self, purchase: Purchase, now: Moment) -> Sale | None:
        """Say what a purchase is at Stripe; None where the catalog names no price for it."""
        with connect(self._url) as connection, self._reading:
            self._programs.refresh(connection)
            found = None
            for program in self._known(purchase, now):
                offer = program.catalog.offers.get(purchase.offer)
                found = found or (offer and sale_from(program.catalog, offer, purchase.terms))
            return _with_payer(connection, purchase, found) if found else None

    def find_taken(self, giving: GivingBack) -> Taken:
        """Say where Stripe has what somebody goes back from."""
        with connect(self._url) as connection:
            payer = _payer(connection, giving.purchase)
            taken, back = find_order(connection, giving.purchase.key), find_order(connection, giving.key)
            return Taken(
                customer=str(payer.get(CUSTOMER_TRAIT) or ""),
                subscription=str(payer.get(SUBSCRIPTION_TRAIT) or ""),
                checkout=taken.checkout if taken is not None else "",
                round=back.round if back is not None else 0,
                due_from=(back.due_from or 0) if back is not None else 0,
                refunded=back.refunded if back is not None else None,
            )

    def _known(self, purchase: Purchase, now: Moment) -> list[Program]:
        """Give what is live, then what was live when it was accepted: terms outlive what made them."""
        newest = self._programs.newest()
        live = self._programs.compiled(newest.number) if newest is not None else None
        then = program_when(self._programs, purchase.offer, min(purchase.accepted_at, now))
        return [each for each in (live, then) if each is not None]


class ForesightDesk:
    """Says beforehand what an offer would cost, for a server's threads."""

    def __init__(self, url: str, door: StripeDoor) -> None:
        """Read the database at ``url`` and speak through ``door``."""
        self._sales = Sales(url)
        self._door = door
        self._returner = StripeReturner(door)
        self._pool = ThreadPoolExecutor(4, "foresee")
        self._known: dict[str, tuple[float, Future[Any]]] = {}
        self._lock = threading.Lock()

    def foresee(self, purchase: Purchase) -> Foreseen | None:
        """Say what would be charged; within a moment, else that Stripe is silent.

        None where nothing falls due or the team sets it up. An answer is kept for a little, and one that came
        too late is there when the page is opened anew.
        """
        return self._await(purchase.key, lambda: self._look(purchase), SILENT)

    def foresee_back(self, giving: GivingBack) -> BackForeseen:
        """Say what going back comes to; within a moment, else that Stripe is silent."""

        def look() -> BackForeseen:
            return self._returner.foresee(giving, self._sales.find_taken(giving))

        return self._await(giving.key, look, BackForeseen(BackOutlook.SILENT))

    def forget(self, key: str) -> None:
        """Forget an answer, since what it was about was taken."""
        with self._lock:
            self._known.pop(key, None)

    def close(self) -> None:
        """Wait for nothing any more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _await(self, key: str, look: Callable[[], _T], silent: _T) -> _T:
        """Give an answer that is here within a moment, else that there is none."""
        asked = self._ask(key, look)
        wait([asked], FORESEE_WITHIN)
        if not asked.done():
            return silent
        error = asked.exception()
        if error is not None:
            _log.warning("charge_not_foreseen", key=key, error=repr(error))
            return silent
        found: _T = asked.result()
        return found

    def _ask(self, key: str, look: Callable[[], _T]) -> Future[Any]:
        now = time.monotonic()
        with self._lock:
            known = self._known.get(key)
            if known is not None and now < known[0] + FORESEEN_FOR and not _is_silent(known[1]):
                return known[1]
            if len(self._known) >= MOST_FORESEEN:
                self._known.clear()
            asked = self._pool.submit(look)
            self._known[key] = (now, asked)
            return asked

    def _look(self, purchase: Purchase) -> Foreseen | None:
        sale = self._sales.find(purchase, purchase.accepted_at)
        return foresee(self._door, purchase, sale) if sale is not None else None


def open_stripe(settings: Settings, url: str) -> StripeBilling:
    """Give who tells Stripe, as the settings say.

    Raises:
        ConfigError: There is other billing beside it, or its key would go in the open.
    """
    if settings.billing_url:
        msg = "expected one billing, got both UPSELL_STRIPE_SECRET_KEY and UPSELL_BILLING_URL; leave one of "
        msg += "them out, or what is accepted could be charged twice"
        raise ConfigError(msg)
    return_url = settings.stripe_return_url or link_base(settings) + PAID_PATH
    is_confirming = bool(settings.billing_confirms)
    return StripeBilling(url, open_door(settings, TIMEOUT), return_url, is_confirming=is_confirming)


def open_foresight(settings: Settings, url: str) -> ForesightDesk | None:
    """Give who says beforehand what is charged; None where Stripe does not bill."""
    if not settings.stripe_secret_key:
        return None
    return ForesightDesk(url, open_door(settings, FORESEE_TIMEOUT))


def open_door(settings: Settings, timeout: float) -> StripeDoor:
    """Give a way to Stripe.

    Raises:
        ConfigError: The key would go in the open, or is none that may be used by a server.
    """
    parsed = httpx.URL(settings.stripe_url)
    if parsed.scheme != "https" and not is_loopback(parsed.host):
        msg = f"expected https for Stripe that is not this machine, got http and {parsed.host}; look at "
        raise ConfigError(f"{msg}UPSELL_STRIPE_URL")
    if not settings.stripe_secret_key.startswith(("sk_", "rk_")):
        msg = "expected UPSELL_STRIPE_SECRET_KEY to be a secret or restricted key (sk_... or rk_...), got "
        raise ConfigError(f"{msg}another text; publishable keys (pk_...) may change nothing")
    return StripeDoor(settings.stripe_secret_key, settings.stripe_url, timeout)


def _is_silent(asked: Future[Any]) -> bool:
    """Tell whether an answer is none, so that it is asked for anew."""
    if not asked.done():
        return False
    if asked.cancelled() or asked.exception() is not None:
        return True
    found = asked.result()
    return found is not None and found.outlook in (Outlook.SILENT, BackOutlook.SILENT)


def _payer(connection: Connection, purchase: Purchase) -> Mapping[str, Scalar]:
    """Read what is known of whoever pays: the account, or the customer without one."""
    is_of_account = purchase.account_id is not None
    unit = account_unit(purchase.account_id or "") if is_of_account else customer_unit(purchase.customer_id)
    return read_unit_traits(connection, unit)


def _with_payer(connection: Connection, purchase: Purchase, sale: Sale) -> Sale:
    """Add what is known of who pays, and what was done for them before."""
    person = read_unit_traits(connection, customer_unit(purchase.customer_id))
    payer = _payer(connection, purchase)
    order = find_order(connection, purchase.key)
    return msgspec.structs.replace(
        sale,
        customer=str(payer.get(CUSTOMER_TRAIT) or ""),
        subscription=str(payer.get(SUBSCRIPTION_TRAIT) or ""),
        email=str(person.get("email") or ""),
        name=str(payer.get("name") or ""),
        checkout=order.checkout if order is not None else "",
        round=order.round if order is not None else 0,
        due_from=(order.due_from or 0) if order is not None else 0,
    )
