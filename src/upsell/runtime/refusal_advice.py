"""Refusal advice: what to do about what a source refused or kept aside, by its sort and the reason's code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from upsell.store.census import Refused

_KEPT: Final = "what came is kept in the table rejections"
_AGAIN: Final = "then send the event again from Stripe's Workbench"

_STRIPE: Final[Mapping[str, str]] = {
    "unknown_price": "say under plans: in {file}, or under stripe: in catalog.yaml, what that price is of, "
    f"`upsell apply`, {_AGAIN}",
    "unknown_amount": "the event was taken without an amount: if that is of discounts, have the endpoint "
    "told of customer.discount.created and .updated, coupon.created and .updated; tiers never come "
    "along (docs/guides/stripe.md)",
    "missing_id": "write account: or customer: in {file} to where your id stands, or your id into the "
    f"metadata of the customer at Stripe; {_AGAIN}",
    "unknown_kind": "unselect that kind of event at the endpoint in Stripe's Workbench",
    "unknown_shape": "give the endpoint an API version that is read (docs/guides/stripe.md)",
}

_WEBHOOK: Final[Mapping[str, str]] = {
    "unknown_kind": "take it by a rule in {file}, or pass it over with ignore:, and try it with "
    "`upsell sources try`",
    "unknown_version": "see what changed in it, then list the version under version: in {file}, or have the "
    "vendor send one that is known",
    "missing_id": "write in {file} where the id stands (customer:, account:, id:), or have it sent along",
}

_KAFKA: Final[Mapping[str, str]] = {
    "unknown_kind": "take it by a rule in {file}, or pass it over with ignore:; without rules it must be a "
    "call in Segment's shape",
    "missing_id": "write in {file} where the id stands (customer:, account:, key:), or have it sent along",
    "invalid_key": "have the topic's keys written as UTF-8 text, or leave out key: in {file}",
}

_OF_SORT: Final[Mapping[str, Mapping[str, str]]] = {
    "stripe": _STRIPE,
    "webhook": _WEBHOOK,
    "kafka": _KAFKA,
    "query": {},
}
_USUAL: Final[Mapping[str, str]] = {
    "stripe": "mend it at Stripe, or in {file}",
    "webhook": "mend it at the vendor, or the rule in {file}",
    "kafka": "mend it where the message is written, or the rule in {file}",
    "query": "mend the row in the warehouse, or the record in {file}",
}


def refused_advice(refused: Refused, sort: str) -> str:
    """Say what to do about what was refused of a source; its sort is empty for none of ours."""
    if sort not in _USUAL:
        return f"put it right at the sender; {_KEPT}"
    said = _OF_SORT[sort].get(refused.code, _USUAL[sort])
    return f"{said.format(file=f'sources/{refused.source}.yaml')}; {_KEPT}"


def conflict_advice(source: str, sort: str) -> str:
    """Say what to do about another event under an id that is known."""
    file = f"sources/{source}.yaml"
    match sort:
        case "webhook":
            return f"write under id: in {file} what is another for each change"
        case "stripe":
            return f"harmless after plans: or account: in {file} changed: what was taken first holds"
        case "kafka" | "query":
            return f"give each event an id of its own where it is written, or in {file}"
        case _:
            return "give each event a messageId of its own"
