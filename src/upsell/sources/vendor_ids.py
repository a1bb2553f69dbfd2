"""Vendor ids: whom a vendor means by an id of its own, as another delivery of it told before.

Some deliveries name their customer by the vendor's id alone, and others say whom that is. The law: whom an id
means is told by the vendor and never guessed; what cannot be told yet is asked for again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Final, Protocol, runtime_checkable

import msgspec

from upsell.clock import HOUR, Duration
from upsell.signals.events import ACCOUNT_IDENTIFIED, CUSTOMER_IDENTIFIED, Event
from upsell.sources.bounds import LONGEST_NAME
from upsell.sources.reports import MalformedError
from upsell.sources.source import Delivery, Source
from upsell.sources.vendor_details import Detail, Details, Named

STRIPE_ID: Final = "stripe_customer_id"
"""The trait that says who somebody is at Stripe."""

PATIENCE: Final[Duration] = HOUR
"""How long after it happened a delivery is asked for again: what says whom it means may be on its way."""


class NotYetError(MalformedError):
    """Whom or what a delivery means may yet be told; the same delivery can be sent again."""


class Owner(msgspec.Struct, frozen=True):
    """Whom an id means: a customer, an account, or both."""

    customer_id: str | None
    account_id: str | None


def said_in(events: Iterable[Event]) -> dict[str, Owner]:
    """Give whom ids of Stripe's mean by the traits that events tell, the last of each holding.

    An account that is called as Stripe calls it says nothing by that.
    """
    return {
        said: Owner(None, event.account_id) if is_account else Owner(event.customer_id, None)
        for event in events
        if (is_account := event.name == ACCOUNT_IDENTIFIED) or event.name == CUSTOMER_IDENTIFIED
        if isinstance(said := event.properties.get(STRIPE_ID), str) and 0 < len(said) <= LONGEST_NAME
        if said != event.account_id
    }


class Naming(msgspec.Struct, frozen=True):
    """Who a delivery names.

    Attributes:
        vendor_id: The vendor's id of its customer.
        owner: Whom it says that is; None where it does not.
        is_own: Whether the vendor's customer itself says so, which goes before what is said beside it.
    """

    vendor_id: str
    owner: Owner | None
    is_own: bool


@runtime_checkable
class NamingSource(Protocol):
    """A source whose deliveries may name their customer, and other things, by the vendor's ids alone."""

    def naming(self, delivery: Delivery) -> Naming | None:
        """Give who a delivery names; None where it names nobody, or cannot be read."""

    def detail(self, delivery: Delivery) -> Detail | None:
        """Give what a delivery tells of a thing; None where it tells of none, or cannot be read."""

    def lacking(self, delivery: Delivery, known: Details) -> Set[Named]:
        """Give what a delivery, or what is known of what it names, names by id and was not asked about."""

    def knowing(self, owners: Mapping[str, Owner], details: Details) -> Source:
        """Give the source with whom ids of the vendor's mean, and what was told of the things they name."""
