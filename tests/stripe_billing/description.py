"""What Stripe says of the requests it takes, and whether a request is one.

``description.json`` is the part needed here: every parameter of the operations that are used, nested where
they are used. It is read off the types that Stripe makes of its OpenAPI description
(github.com/stripe/openapi, MIT) for its Python library (stripe 16, MIT), and was held by eye against
``latest/openapi.spec3.json`` there for coupons and for changes of subscriptions. ``python -m
tests.stripe_billing.description`` writes it anew.
"""

from __future__ import annotations

import importlib
import json
import types
import typing
from decimal import Decimal
from pathlib import Path
from typing import Any

from stripe import RequestOptions, StripeContext, params
from stripe._stripe_object import UntypedStripeObject
from stripe.params import checkout

DESCRIPTION = Path(__file__).with_name("description.json")

OPERATIONS: dict[str, Any] = {
    "POST /v1/checkout/sessions": checkout.SessionCreateParams,
    "GET /v1/checkout/sessions/{id}": checkout.SessionRetrieveParams,
    "POST /v1/checkout/sessions/{id}/expire": checkout.SessionExpireParams,
    "POST /v1/coupons": params.CouponCreateParams,
    "GET /v1/coupons/{id}": params.CouponRetrieveParams,
    "POST /v1/customers": params.CustomerCreateParams,
    "GET /v1/invoice_payments": params.InvoicePaymentListParams,
    "GET /v1/invoices": params.InvoiceListParams,
    "POST /v1/invoices/create_preview": params.InvoiceCreatePreviewParams,
    "GET /v1/payment_intents/{id}": params.PaymentIntentRetrieveParams,
    "GET /v1/prices": params.PriceListParams,
    "GET /v1/prices/{id}": params.PriceRetrieveParams,
    "GET /v1/refunds": params.RefundListParams,
    "POST /v1/refunds": params.RefundCreateParams,
    "GET /v1/subscriptions": params.SubscriptionListParams,
    "POST /v1/subscriptions": params.SubscriptionCreateParams,
    "GET /v1/subscriptions/{id}": params.SubscriptionRetrieveParams,
    "POST /v1/subscriptions/{id}": params.SubscriptionUpdateParams,
    "DELETE /v1/subscriptions/{id}": params.SubscriptionCancelParams,
}

NESTED = frozenset(
    """
    adaptive_pricing cancellation_details discounts end_behavior items line_items metadata
    payment_intent_data setup_intent_data subscription_data subscription_details trial_settings
    """.split()
)
"""Parameters that are described inside too. Of others only that they are, and a request that has one is wrong
until it is named here, so that each is held to its last key."""

_NAMES = {"StripeContext": StripeContext, "UntypedStripeObject": UntypedStripeObject, "Decimal": Decimal}


def derive() -> dict[str, Any]:
    """Read the description off the library's types."""
    return {
        "source": "https://github.com/stripe/openapi, as Stripe has made it types of stripe-python",
        "licence": "MIT, Copyright (c) Stripe, Inc.",
        "operations": {name: _record(each) for name, each in OPERATIONS.items()},
    }


def check(operation: str, given: dict[str, Any]) -> str:
    """Say what is wrong with a request as a server reads it off the wire; empty for nothing."""
    described = json.loads(DESCRIPTION.read_text())["operations"]
    if operation not in described:
        return f"no operation {operation}"
    return _check("", given, described[operation])


def _record(record: Any) -> dict[str, Any]:
    module = vars(importlib.import_module(record.__module__))
    hints = typing.get_type_hints(record, {**vars(typing), **_NAMES, **module})
    options = RequestOptions.__annotations__
    named = {name: hint for name, hint in hints.items() if name not in options}
    needed = sorted(name for name in named if name in record.__required_keys__)
    return {"keys": {name: _shape(name, hint) for name, hint in sorted(named.items())}, "required": needed}


def _shape(name: str, hint: Any) -> Any:
    origin = typing.get_origin(hint)
    if origin is typing.NotRequired:
        return _shape(name, typing.get_args(hint)[0])
    if origin in (typing.Union, types.UnionType):
        ways = [_shape(name, each) for each in typing.get_args(hint)]
        closed = [each for each in ways if isinstance(each, dict) and each.get("enum") not in (None, [""])]
        # The library lets any text stand beside the words that are meant; Stripe takes those words.
        return (
            {"any": [each for each in ways if not (closed and each == "string")]}
            if len(ways) > 1
            else ways[0]
        )
    if origin is typing.Literal:
        return {"enum": list(typing.get_args(hint))}
    if origin is list:
        return {"list": _shape(name, typing.get_args(hint)[0])}
    if origin is dict or getattr(origin, "__name__", "") == "UntypedStripeObject":
        return "map"
    if hasattr(hint, "__required_keys__"):
        return _record(hint) if name in NESTED else "object"
    return {bool: "boolean", int: "integer", float: "number", str: "string"}.get(hint, "object")


def _check(at: str, given: Any, shape: Any) -> str:
    if isinstance(shape, str):
        return _check_one(at, given, shape)
    if "any" in shape:
        wrong = [_check(at, given, each) for each in shape["any"]]
        return "" if "" in wrong else max(wrong, key=len)
    if "enum" in shape:
        return "" if given in shape["enum"] else f"{at}: {given!r} is none of {shape['enum']}"
    said = ""
    if "list" in shape:
        inner = [(f"{at}[{n}]", each, shape["list"]) for n, each in enumerate(given)]
        said = "" if isinstance(given, list) else f"{at}: {given!r} is no list"
    elif not isinstance(given, dict):
        return f"{at}: {given!r} has no keys"
    else:
        inner = [(f"{at}.{name}", each, shape["keys"].get(name, "unknown")) for name, each in given.items()]
        said = "".join(f"{at}: {name} is missing; " for name in shape["required"] if name not in given)
    return said or next((found for each in inner if (found := _check(*each))), "")


def _check_one(at: str, given: Any, shape: str) -> str:
    text = given if isinstance(given, str) else ""
    is_right = {
        # What nobody described is taken for wrong, so that every request is held down to its last key.
        "object": False,
        "map": isinstance(given, dict),
        "boolean": text in ("true", "false"),
        "integer": text.lstrip("-").isdigit(),
        "number": text.replace(".", "", 1).isdigit(),
        "string": isinstance(given, str),
        "unknown": False,
    }[shape]
    if is_right:
        return ""
    said = {"unknown": "is unknown", "object": "is not described; name it in NESTED"}
    return f"{at} {said[shape]}" if shape in said else f"{at}: {given!r} is no {shape}"


if __name__ == "__main__":
    DESCRIPTION.write_text(json.dumps(derive(), indent=1, sort_keys=True) + "\n")
