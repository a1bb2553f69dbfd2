"""People: whose an object at Stripe is, by the ids a team knows them by, and what Stripe knows of them.

What a team wrote on the subscription goes before what it wrote on the invoice or the customer. The law: whose
something is is never guessed: where the expressions of the source find nobody, it is kept aside.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from upsell.sources.expressions import Expression, ExpressionError
from upsell.sources.stripe.shapes import id_of

DEFAULT_ACCOUNT: Final = "customer.id"
"""Whose something is where the file does not say: an account by Stripe's own id of the customer."""

STRIPE_ID: Final = "stripe_customer_id"
"""The trait that says who somebody is at Stripe."""

_TRAITS: Final[Mapping[str, tuple[str, ...]]] = {
    "name": ("name",),
    "phone": ("phone",),
    "country": ("address", "country"),
}
_EMAIL: Final = "email"


class Owner(msgspec.Struct, frozen=True):
    """Whose something is; one of the two at least is said."""

    customer_id: str | None
    account_id: str | None


class NobodyError(Exception):
    """The expressions of the source find nobody; the message says where they looked."""


class Ownership(msgspec.Struct, frozen=True):
    """How it is told whose something is.

    Attributes:
        account: Finds the account; None where nothing is about accounts.
        customer: Finds the customer; None where nothing is about persons.
    """

    account: Expression | None
    customer: Expression | None

    def owner(self, kind: str, said: Mapping[str, Any]) -> Owner:
        """Give whose an object is.

        Raises:
            NobodyError: Nobody's, as far as the expressions find.
        """
        page = page_of(kind, said)
        account_id, customer_id = _found(self.account, page), _found(self.customer, page)
        if account_id is None and customer_id is None:
            asked = [each.text for each in (self.account, self.customer) if each is not None]
            msg = f"expected whose it is in {' or '.join(asked)}, got nothing"
            raise NobodyError(msg)
        return Owner(customer_id, account_id)


def page_of(kind: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """Give what expressions see: ``type``, ``customer``, ``metadata`` and the whole ``object``."""
    is_customer = said.get("object") == "customer"
    named = said if is_customer else said.get("customer")
    customer = named if isinstance(named, Mapping) else {"id": id_of(named)}
    return {
        "type": kind,
        "object": said,
        "customer": customer,
        "metadata": {**_metadata(customer), **_metadata(said), **_of_subscription(said)},
    }


def traits_of(said: Mapping[str, Any], previous: Mapping[str, Any] | None) -> dict[str, Any]:
    """Give the traits of a customer at Stripe: of an update those alone that it changed.

    So a word that comes late takes back none that another told meanwhile.
    """
    is_new = previous is None or "metadata" in previous
    traits: dict[str, Any] = {STRIPE_ID: id_of(said)} if is_new else {}
    for trait, path in {**_TRAITS, _EMAIL: (_EMAIL,)}.items():
        if previous is not None and path[0] not in previous:
            continue
        value: Any = said
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        if isinstance(value, str) or (previous is not None and value is None):
            traits[trait] = value
    return traits


def as_account(traits: Mapping[str, Any]) -> dict[str, Any]:
    """Give traits as those of an account: the address bills go to is not one to write offers to."""
    return {("billing_email" if key == _EMAIL else key): value for key, value in traits.items()}


def _metadata(said: object) -> Mapping[str, Any]:
    found = said.get("metadata") if isinstance(said, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _of_subscription(said: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give what stands on the subscription of an invoice, under ``parent`` from 2025-03-31 (basil) on."""
    parent = said.get("parent")
    details = parent.get("subscription_details") if isinstance(parent, Mapping) else None
    return _metadata(details or said.get("subscription_details"))


def _found(expression: Expression | None, page: Mapping[str, Any]) -> str | None:
    if expression is None:
        return None
    try:
        found = expression.of(page)
    except ExpressionError as error:
        msg = f"expected {expression.text} to find an id, got: {error}"
        raise NobodyError(msg) from error
    if isinstance(found, bool) or not isinstance(found, str | int):
        return None
    return str(found).strip() or None
