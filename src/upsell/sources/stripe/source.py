"""The Stripe source: a file ``sources/NAME.yaml`` with the key ``stripe``, and what its secrets make of it.

The laws: nothing is read that Stripe did not sign; and what each price is of stands in the catalog or in the
file, never in a guess.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Final

import msgspec

from upsell.clock import Moment
from upsell.config import secrets_of
from upsell.sources.definition import Sort
from upsell.sources.expressions import Expression, compile_expression
from upsell.sources.source import Delivery, Read, Source
from upsell.sources.stripe.applied import detail_in, lacking_in
from upsell.sources.stripe.people import DEFAULT_ACCOUNT, DEFAULT_CUSTOMER, Ownership
from upsell.sources.stripe.reading import naming_in, read_hook
from upsell.sources.stripe.signature import HEADER, prove_signature
from upsell.sources.stripe.sold import Sold
from upsell.sources.stripe.terms import PlanBook, Thing
from upsell.sources.vendor_details import Detail, Details, Named
from upsell.sources.vendor_ids import Naming, Owner
from upsell.sources.webhook_shape import EXPRESSION
from upsell.workspace import scalars
from upsell.workspace.documents import CATALOG
from upsell.workspace.findings import Findings, Place
from upsell.workspace.items import Leaf, Record
from upsell.workspace.scalars import SETTING
from upsell.workspace.shapes import Key, ListOf, MapOf, RecordOf

_EXPRESSION: Final = msgspec.structs.replace(
    EXPRESSION,
    expected="an expression in JMESPath over metadata, customer, object and type, such as metadata.account",
)

_SHAPE: Final = RecordOf(
    {
        "path": Key(scalars.NAME, "where it takes requests: /hooks/ and this; without it the file's name"),
        "secrets": Key(
            ListOf(SETTING, least=1),
            "variables that hold the endpoint's signing secret (whsec_...), several while one is changed",
            True,
        ),
        "account": Key(
            _EXPRESSION,
            "finds whose it is: the account's id; without it and customer, metadata.upsell_account",
        ),
        "customer": Key(_EXPRESSION, "finds whose it is: the customer's id, where persons subscribe"),
        "plans": Key(
            MapOf(scalars.ID, "price", scalars.ID),
            "plan or product of the catalog by id of a price, lookup key or id of a product at Stripe",
        ),
    }
)


class StripeDefinition(msgspec.Struct, frozen=True):
    """Stripe as it is written.

    Attributes:
        name: The file's name.
        place: Where it is written.
        path: Under which path of ``/hooks/`` it takes requests.
        settings: The variables that hold its secrets.
        ownership: How it is told whose something is.
        plans: Plan or product by what it is at Stripe, each where it is written.
        sold: What the catalog sells.
    """

    name: str
    place: Place
    path: str
    settings: tuple[str, ...]
    ownership: Ownership
    plans: Mapping[str, Leaf]
    sold: Sold = Sold()

    def selling(self, sold: Sold, findings: Findings) -> StripeDefinition:
        """Give it with what the catalog sells; what its file names and the catalog lacks is noted."""
        for leaf in self.plans.values():
            if leaf.text not in sold.parts:
                findings.unknown(leaf.place, "plan", leaf.text, sold.parts, CATALOG)
        return msgspec.structs.replace(self, sold=sold)

    def open(self, secrets: Mapping[str, str]) -> Source:
        """Give the source with its secrets."""
        named = {**self.sold.prices, **{key: leaf.text for key, leaf in self.plans.items()}}
        things = {key: Thing(thing, self.sold.parts.get(thing, "")) for key, thing in named.items()}
        return StripeSource(self.name, secrets_of(self.settings, secrets), PlanBook(things), self.ownership)


class StripeSource(msgspec.Struct, frozen=True):
    """Stripe with the secrets of its endpoint."""

    name: str
    secrets: tuple[str, ...]
    book: PlanBook
    ownership: Ownership
    details: Details = {}

    def prove(self, delivery: Delivery, now: Moment) -> None:
        """Hold a request to Stripe's signature."""
        prove_signature(delivery.body, delivery.headers.get(HEADER, ""), self.secrets, now)

    def read(self, delivery: Delivery, now: Moment) -> Read:
        """Read the event it holds."""
        return read_hook(delivery.body, self.book, self.ownership, now, self.details)

    def naming(self, delivery: Delivery) -> Naming | None:
        """Give whom it names by Stripe's id of its customer, and whom it says that is."""
        return naming_in(delivery.body, self.ownership)

    def detail(self, delivery: Delivery) -> Detail | None:
        """Give what it tells of a discount or coupon."""
        return detail_in(delivery.body)

    def lacking(self, delivery: Delivery, known: Details) -> Set[Named]:
        """Give the discounts and coupons it names by id that were not asked about."""
        return lacking_in(delivery.body, known)

    def knowing(self, owners: Mapping[str, Owner], details: Details) -> StripeSource:
        """Give the source with whom Stripe's ids mean, and what discounts and coupons take off."""
        ownership = msgspec.structs.replace(self.ownership, owners=owners)
        return msgspec.structs.replace(self, ownership=ownership, details=details)


def _read(name: str, written: Record, findings: Findings) -> StripeDefinition | None:
    plans = written.record("plans")
    return StripeDefinition(
        name,
        written.place,
        written.text("path", name),
        tuple(leaf.text for leaf in written.leaves("secrets")),
        _ownership(written, findings),
        {} if plans is None else {key: leaf for key in plans.items if (leaf := plans.leaf(key)) is not None},
    )


def _ownership(written: Record, findings: Findings) -> Ownership:
    if not (written.has("account") or written.has("customer")):
        place, nothing = written.place, Findings()
        account = compile_expression(DEFAULT_ACCOUNT, place, nothing)
        return Ownership(account, compile_expression(DEFAULT_CUSTOMER, place, nothing), is_default=True)
    return Ownership(_compiled(written, "account", findings), _compiled(written, "customer", findings))


def _compiled(written: Record, key: str, findings: Findings) -> Expression | None:
    leaf = written.leaf(key)
    return compile_expression(leaf.text, leaf.place, findings) if leaf is not None else None


STRIPE: Final = Sort("the webhooks of Stripe", _SHAPE, _read)
"""The sort of source that Stripe is."""
