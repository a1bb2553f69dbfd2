"""What Stripe says of the objects it answers with, and whether an answer is one.

``answers.json`` is the part needed here: every field of the objects that our own Stripe answers with, with
its type, its words where they are a closed set, and whether it is always there. It is read off the classes
that Stripe makes of its OpenAPI description (github.com/stripe/openapi, MIT) for its Python library, whose
version and API version stand in the file. ``python -m tests.stripe_billing.answers`` writes it anew.
"""

from __future__ import annotations

import functools
import importlib
import json
import types
import typing
from decimal import Decimal
from pathlib import Path
from typing import Any

import stripe
from stripe import checkout
from stripe._stripe_object import StripeObject, UntypedStripeObject

ANSWERS = Path(__file__).with_name("answers.json")

RESOURCES: dict[str, Any] = {
    "charge": stripe.Charge,
    "checkout.session": checkout.Session,
    "coupon": stripe.Coupon,
    "customer": stripe.Customer,
    "discount": stripe.Discount,
    "invoice": stripe.Invoice,
    "invoice_payment": stripe.InvoicePayment,
    "line_item": stripe.InvoiceLineItem,
    "payment_intent": stripe.PaymentIntent,
    "price": stripe.Price,
    "refund": stripe.Refund,
    "setup_intent": stripe.SetupIntent,
    "subscription": stripe.Subscription,
    "subscription_item": stripe.SubscriptionItem,
}
"""By the name that an object says it is."""

BESIDE = frozenset(
    """
    custom_fields destination_details last_finalization_error last_payment_error last_setup_error next_action
    payment_method_details payment_method_options payment_settings processing shipping wallet_options
    """.split()
)
"""Fields whose inside nothing here is read of: of these only that they are."""

LIST = {"data", "has_more", "object", "url"}


def derive() -> dict[str, Any]:
    """Read the description off the library's classes."""
    described: dict[str, Any] = {}
    for name, each in RESOURCES.items():
        _describe(name, each, described)
    return {
        "source": "https://github.com/stripe/openapi, as Stripe has made it classes of stripe-python",
        "licence": "MIT, Copyright (c) Stripe, Inc.",
        "api_version": stripe.api_version,
        "library": stripe.VERSION,
        "objects": described,
    }


def check_answer(answer: Any) -> str:
    """Say what is wrong with an answer; empty for nothing. Objects that are not described are wrong."""
    name = answer.get("object") if isinstance(answer, dict) else None
    if name == "list":
        wrong = sorted(LIST - set(answer))
        return f"list: {wrong} are missing" if wrong else _first(map(check_answer, answer["data"]))
    if name not in RESOURCES:
        return f"no object {name!r}"
    return _check(name, answer, {"ref": name})


def _describe(name: str, of: Any, described: dict[str, Any]) -> None:
    if name in described:
        return
    fields = described[name] = {}
    hints = {**of.__annotations__}
    module = vars(importlib.import_module(of.__module__))
    hints.pop("OBJECT_NAME", None)
    for field, hint in sorted(hints.items()):
        fields[field] = _shape(f"{name}.{field}", _resolve(hint, module), module, described)


def _resolve(hint: Any, module: dict[str, Any]) -> Any:
    """Give what a name in quotes stands for: a class of the library; of what is imported apart an object."""
    if isinstance(hint, typing.ForwardRef):
        hint = hint.__forward_arg__
    if not isinstance(hint, str):
        return hint
    if hint == "Session":
        return checkout.Session
    return module.get(hint) or getattr(stripe, hint, object)


def _shape(at: str, hint: Any, module: dict[str, Any], described: dict[str, Any]) -> Any:
    hint, origin = _resolve(hint, module), typing.get_origin(_resolve(hint, module))
    if origin is typing.Literal:
        return {"enum": list(typing.get_args(hint))}
    inner = [_resolve(each, module) for each in typing.get_args(hint)]
    if origin in (typing.Union, types.UnionType):
        ways = [_shape(at, each, module, described) for each in inner if each is not type(None)]
        closed = any(isinstance(each, dict) and "enum" in each for each in ways)
        ways = [each for each in ways if not (closed and each == "string")]
        shape = ways[0] if len(ways) == 1 else {"any": ways}
        return {"maybe": shape} if type(None) in inner else shape
    if origin is list:
        return {"list": _shape(at, inner[0], module, described)}
    if getattr(origin, "__name__", "") == "ListObject":
        return {"page": _shape(at, inner[0], module, described)}
    if origin is dict or getattr(origin, "__name__", "") == UntypedStripeObject.__name__:
        return "map"
    plain = {bool: "boolean", int: "integer", float: "number", str: "string", Decimal: "decimal"}.get(hint)
    if plain is not None:
        return plain
    return _object(at, hint, described)


def _object(at: str, hint: Any, described: dict[str, Any]) -> Any:
    known = next((name for name, each in RESOURCES.items() if each is hint), None)
    if known is not None:
        return {"ref": known}
    is_nested = isinstance(hint, type) and issubclass(hint, StripeObject) and "." in hint.__qualname__
    if not is_nested or at.rpartition(".")[2] in BESIDE:
        return "object"
    _describe(at, hint, described)
    return {"ref": at}


@functools.cache
def _objects() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ANSWERS.read_text())["objects"]
    return found


def _check(at: str, given: Any, shape: Any) -> str:
    if isinstance(shape, str):
        return _check_one(at, given, shape)
    ((word, inner),) = shape.items()
    match word:
        case "maybe":
            return "" if given is None else _check(at, given, inner)
        case "any":
            wrong = [_check(at, given, each) for each in inner]
            return "" if "" in wrong else max(wrong, key=len)
        case "enum":
            return "" if given in inner else f"{at}: {given!r} is none of {inner}"
        case "list" if isinstance(given, list):
            return _first(_check(f"{at}[{n}]", each, inner) for n, each in enumerate(given))
        case "page" if isinstance(given, dict) and set(given) >= LIST:
            return _check(at, given["data"], {"list": inner})
        case "ref" if isinstance(given, dict):
            return _check_fields(at, given, _objects()[inner])
        case _:
            return f"{at}: {given!r:.60} is no {word}"


def _check_fields(at: str, given: dict[str, Any], fields: dict[str, Any]) -> str:
    unknown = sorted(set(given) - set(fields))
    missing = sorted(
        name for name, shape in fields.items()
        if name not in given and not (isinstance(shape, dict) and "maybe" in shape)
    )  # fmt: skip
    if unknown or missing:
        return f"{at}: {', '.join(missing) or 'nothing'} missing, {', '.join(unknown) or 'nothing'} unknown"
    return _first(_check(f"{at}.{name}", each, fields[name]) for name, each in given.items())


def _check_one(at: str, given: Any, shape: str) -> str:
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    is_right = {
        "object": isinstance(given, dict | str | list),
        "map": isinstance(given, dict),
        "boolean": isinstance(given, bool),
        "integer": is_number and isinstance(given, int),
        "number": is_number,
        "decimal": isinstance(given, str),
        "string": isinstance(given, str),
    }[shape]
    return "" if is_right else f"{at}: {given!r:.60} is no {shape}"


def _first(said: typing.Iterable[str]) -> str:
    return next((each for each in said if each), "")


if __name__ == "__main__":
    ANSWERS.write_text(json.dumps(derive(), separators=(",", ":"), sort_keys=True) + "\n")
