"""People: whose an object at Stripe is, by the ids a team knows them by, and what Stripe knows of them.

What a team wrote on the subscription goes before what it wrote on the invoice or the customer. The law: whose
something is is never guessed: where the expressions of the source find nobody, it is kept aside.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from upsell.sources.expressions import Expression, ExpressionError
from upsell.sources.reports import id_in
from upsell.sources.stripe.shapes import id_of
from upsell.sources.vendor_ids import STRIPE_ID, Naming, Owner

DEFAULT_ACCOUNT: Final = "metadata.upsell_account"
DEFAULT_CUSTOMER: Final = "metadata.upsell_customer"
"""Whose something is where the file does not say: what acceptances of offers write to customers at Stripe."""

_LONGEST: Final = 200

_TRAITS: Final[Mapping[str, tuple[str, ...]]] = {
    "name": ("name",),
    "phone": ("phone",),
    "country": ("address", "country"),
}
_EMAIL: Final = "email"


class NobodyError(Exception):
    """Nobody is found whose something is; the message says where it was looked.

    Attributes:
        may_be_told: Whether Stripe names a customer of whom more may yet be told.
    """

    def __init__(self, message: str, *, may_be_told: bool = False) -> None:
        """Say where it was looked, and whether looking again is of use."""
        super().__init__(message)
        self.may_be_told = may_be_told


class Ownership(msgspec.Struct, frozen=True):
    """How it is told whose something is.

    Attributes:
        account: Finds the account; None where nothing is about accounts.
        customer: Finds the customer; None where nothing is about persons.
        is_default: Whether the file says neither: then an account goes before a customer, and whoever is not
            known otherwise is the account called as Stripe calls its customer.
        owners: Whom Stripe's ids of customers mean, as was told before.
    """

    account: Expression | None
    customer: Expression | None
    is_default: bool = False
    owners: Mapping[str, Owner] = {}

    def owner(self, kind: str, said: Mapping[str, Any]) -> Owner:
        """Give whose an object is: as it says itself, or as was told of its customer at Stripe before.

        Raises:
            NobodyError: Nobody's, as far as is known.
        """
        page = page_of(kind, said)
        stripe_id = id_in(page["customer"].get("id"))
        found = self._said(page) or self.owners.get(stripe_id or "")
        if found is None and self.is_default and stripe_id is not None:
            return Owner(None, stripe_id)
        if found is None:
            asked = [each.text for each in (self.account, self.customer) if each is not None]
            msg = (
                f"expected whose it is in {' or '.join(asked)}, got nothing, and nothing told of {stripe_id}"
            )
            raise NobodyError(msg, may_be_told=stripe_id is not None)
        return found

    def naming(self, kind: str, said: Mapping[str, Any]) -> Naming | None:
        """Give whom an object names by Stripe's id of its customer, and whom it says that is.

        Raises:
            NobodyError: An expression makes no sense of it.
        """
        page = page_of(kind, said)
        stripe_id = id_in(page["customer"].get("id"))
        return (
            Naming(stripe_id, self._said(page), page["customer"] is said) if stripe_id is not None else None
        )

    def _said(self, page: Mapping[str, Any]) -> Owner | None:
        account_id, customer_id = _found(self.account, page), _found(self.customer, page)
        if account_id is None and customer_id is None:
            return None
        return Owner(None if self.is_default and account_id is not None else customer_id, account_id)


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
    text = str(found).strip()
    return text if 0 < len(text) <= _LONGEST and text.isprintable() else None
