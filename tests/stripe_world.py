"""Stripe for tests: webhooks made of the vendor's own sample objects and signed by the vendor's own library.

The objects are under ``tests/vendor/stripe``. What is filled in there that Stripe would not send together is
taken out here.
"""

from __future__ import annotations

import copy
import hmac
import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
from stripe import WebhookSignature

from tests.stories.world import CATALOG
from upsell.clock import SECOND, Moment
from upsell.sources.definitions import read_sources
from upsell.sources.source import Delivery, Taken, take_delivery
from upsell.sources.stripe.hook import CREATED, DELETED, UPDATED
from upsell.sources.vendor_details import Detail, Named
from upsell.testing.contract import UNKNOWN, Example

OBJECTS: dict[str, Any] = json.loads((Path(__file__).parent / "vendor/stripe/objects.json").read_text())
"""The vendor's objects, by name."""

SECRET = "whsec_correct-horse"
VARIABLE = "UPSELL_SECRET_STRIPE"
PRICE = "price_1PgafmB7WZ01zgkW6dKueIc5"
"""The vendor's price: 20.00 USD a month."""

PLANS = "{price_starter: starter, price_pro: pro, price_sso: sso, " + f"{PRICE}: pro}}"
FILE = f"stripe:\n  secrets: [{VARIABLE}]\n  plans: {PLANS}\n"
SOLD = f"{CATALOG}products:\n  sso: {{kind: add-on, name: SSO, price: {{month: 10}}}}\n"

BEGAN = 1_772_452_800  # 2026-03-02T12:00:00Z, which is a Monday


def make_source(file: str = FILE, catalog: str = SOLD) -> Any:
    """Open the source that a file describes."""
    documents = {"sources/stripe.yaml": file, "catalog.yaml": catalog}
    return read_sources(documents)["stripe"].open({VARIABLE: SECRET})


SOURCE = make_source()


def make_object(name: str, /, **changed: Any) -> dict[str, Any]:
    """Give an object of the vendor's with some of it changed."""
    return {**copy.deepcopy(OBJECTS[name]), **changed}


def make_price(price: str = PRICE, amount: int | None = 2000, /, **changed: Any) -> dict[str, Any]:
    """Give a monthly price; ``every`` is its interval and how many of them, ``usage`` its usage type."""
    interval, every = changed.pop("every", ("month", 1))
    recurring = {**OBJECTS["price"]["recurring"], "interval": interval, "interval_count": every}
    recurring["usage_type"] = changed.pop("usage", "licensed")
    said = {
        "id": price,
        "unit_amount": amount,
        "unit_amount_decimal": None if amount is None else str(amount),
        "recurring": recurring,
        "transform_quantity": None,
        **changed,
    }
    return make_object("price", **said)


def make_item(price: dict[str, Any], quantity: int | None = 1, /, **changed: Any) -> dict[str, Any]:
    """Give an item of a subscription."""
    said = {
        "id": f"si_{price['id']}",
        "created": BEGAN,
        "current_period_start": BEGAN,
        "current_period_end": BEGAN + 30 * 86_400,
        **changed,
    }
    item = make_object("subscription_item", price=price, quantity=quantity, **said)
    del item["plan"]
    return item


def make_subscription(*items: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """Give a subscription that is active; without items one to the vendor's own price."""
    listed = {**OBJECTS["subscription"]["items"], "data": list(items) or [make_item(make_price())]}
    cleared = ("cancel_at", "canceled_at", "ended_at", "trial_start", "trial_end", "pause_collection")
    said = {
        **dict.fromkeys(cleared),
        "cancel_at_period_end": False,
        "created": BEGAN,
        "start_date": BEGAN,
        "items": listed,
        **changed,
    }
    return make_object("subscription", **said)


def make_hook(kind: str, about: dict[str, Any], /, **said: Any) -> dict[str, Any]:
    """Give an event of the vendor's; ``previous`` is what its update changed."""
    data = {"object": copy.deepcopy(about)}
    if (previous := said.pop("previous", None)) is not None:
        data["previous_attributes"] = copy.deepcopy(previous)
    return make_object("event", **{"type": kind, "created": BEGAN, "data": data, **said})


def signed(hook: Any, at: Moment, *secrets: str) -> Delivery:
    """Give a webhook as Stripe would send it at a moment, signed with each of its secrets."""
    body = hook if isinstance(hook, str) else json.dumps(hook)
    parts = [
        WebhookSignature.generate_signature_header(body, secret, at // SECOND)
        for secret in secrets or (SECRET,)
    ]
    first, *others = parts
    header = ",".join([first, *(other.partition(",")[2] for other in others)])
    return Delivery(body.encode(), {"stripe-signature": header})


def send(hook: Any, at: Moment | None = None, source: Any = SOURCE) -> Taken:
    """Send a webhook to a source, by default ten seconds after what it tells of."""
    now = at if at is not None else (BEGAN + 400 * 86_400) * SECOND
    return take_delivery(source, signed(hook, now), now)


def make_coupon(percent: int = 25, /, **changed: Any) -> dict[str, Any]:
    """Give a coupon for ever."""
    said = {"percent_off": percent, "amount_off": None, "duration": "forever", "duration_in_months": None}
    return make_object("coupon", **{"id": f"OFF{percent}", "created": BEGAN, **said, **changed})


def make_discount(name: str, coupon: dict[str, Any] | str, /, **changed: Any) -> dict[str, Any]:
    """Give a discount: with its coupon whole as until 2025-09-30 (clover), or by id as from then on."""
    where = (
        {"source": {"type": "coupon", "coupon": coupon}} if isinstance(coupon, str) else {"coupon": coupon}
    )
    return make_object("discount", **{"id": name, "start": BEGAN, "source": None, **where, **changed})


class Remembering:
    """Stripe with what it told of discounts and coupons, kept as the desk keeps it."""

    def __init__(self, source: Any = SOURCE) -> None:
        self._source = source
        self._kept: dict[Named, tuple[Detail, ...]] = {}

    def send(self, hook: dict[str, Any], at: Moment | None = None) -> Taken:
        """Send a webhook, by default ten seconds after what it tells of."""
        now = at if at is not None else (hook["created"] + 10) * SECOND
        delivery = signed(hook, now)
        if (told := self._source.detail(delivery)) is not None:
            self._kept[told.named] = (*self._kept.get(told.named, ()), told)
        known: dict[Named, tuple[Detail, ...]] = {}
        while lacking := self._source.lacking(delivery, known):
            known |= {named: self._kept.get(named, ()) for named in lacking}
        return take_delivery(self._source.knowing({}, known), delivery, now)


class Life:
    """The life of one subscription at Stripe, told by the webhooks it makes.

    Attributes:
        now: What time it is, in seconds.
        hooks: What was told so far, in order.
        subscription: What it is now.
    """

    def __init__(self, *items: dict[str, Any], is_old: bool = False, **changed: Any) -> None:
        """Create it; ``is_old`` is as API versions before 2025-03-31 and 2020-08-27 write it."""
        self.now = BEGAN
        self.hooks: list[dict[str, Any]] = []
        self._is_old = is_old
        self._numbers: Iterator[int] = count(1)
        self.subscription = make_subscription(*items, **changed)
        self.tell(CREATED, self._written())

    def change(self, **changed: Any) -> None:
        """Change fields, and be told what they were before."""
        before = self._written()
        self.subscription = {**self.subscription, **copy.deepcopy(changed)}
        after = self._written()
        self.tell(UPDATED, after, previous=difference(before, after))

    def set_items(self, *items: dict[str, Any]) -> None:
        """Put other items into it."""
        self.change(items={**self.subscription["items"], "data": list(items)})

    def renew(self) -> None:
        """Begin another period."""
        items = copy.deepcopy(self.subscription["items"]["data"])
        for item in items:
            length = item["current_period_end"] - item["current_period_start"]
            item["current_period_start"] = item["current_period_end"]
            item["current_period_end"] += length
        self.set_items(*items)

    def delete(self) -> None:
        """End it at once."""
        self.subscription |= {"status": "canceled", "ended_at": self.now, "canceled_at": self.now}
        self.tell(DELETED, self._written())

    def tell_invoice(self, kind: str, number: int, paid: int = 0) -> None:
        """Tell of an invoice of 20.00."""
        invoice = make_object(
            "invoice", id=f"in_{number}", amount_due=2000, amount_paid=paid, attempt_count=1
        )
        self.tell(kind, invoice)

    def tell(self, kind: str, about: dict[str, Any], **said: Any) -> None:
        """Tell of it, or of something beside it."""
        number = f"evt_{next(self._numbers)}"
        self.hooks.append(make_hook(kind, about, id=number, created=self.now, **said))

    def _written(self) -> dict[str, Any]:
        said = copy.deepcopy(self.subscription)
        if self._is_old:
            ends = [item.pop("current_period_end") for item in said["items"]["data"]]
            starts = [item.pop("current_period_start") for item in said["items"]["data"]]
            said |= {"current_period_end": min(ends), "current_period_start": max(starts)}
            for item in said["items"]["data"]:
                item["plan"] = as_plan(item.pop("price"))
        return said


def stripe_example() -> Example:
    """Give Stripe as an example of a source that keeps the contract."""
    now = (BEGAN + 60) * SECOND
    life = Life(make_item(make_price(), 3), status="trialing", trial_end=BEGAN + 3600)
    life.change(status="active", trial_end=BEGAN)
    life.change(cancel_at_period_end=True)
    life.now += 1
    life.delete()
    charge = make_object("charge", customer="cus_1", amount_refunded=100)
    others = {
        "paid": (make_hook("invoice.paid", make_object("invoice", amount_paid=1000)), ("Invoice Paid",)),
        "failed": (make_hook("invoice.payment_failed", OBJECTS["invoice"]), ("Invoice Payment Failed",)),
        "voided": (make_hook("invoice.voided", OBJECTS["invoice"]), ("Invoice Voided",)),
        "refunded": (make_hook("charge.refunded", charge), ("Refunded",)),
        "customer": (make_hook("customer.created", OBJECTS["customer"]), ("Account Identified",)),
        "plan": (make_hook("plan.created", OBJECTS["plan"]), ()),
    }
    for place, (hook, _) in enumerate(others.values()):
        hook["id"] = f"evt_other_{place}"
    names = (
        ("Subscription Started", "Trial Started"),
        ("Subscription Changed", "Trial Ended"),
        ("Subscription Canceled",),
        ("Subscription Canceled",),
    )
    lived = {hook["id"]: (hook, name) for hook, name in zip(life.hooks, names, strict=True)}
    kinds = {"unknown": f"customer.subscription.{UNKNOWN}", "lacking": "invoice.paid"}
    nobodys = make_object("invoice", customer=None, amount_paid=1)
    return Example(
        source=SOURCE,
        now=now,
        makes={name: (signed(hook, now), told) for name, (hook, told) in {**lived, **others}.items()},
        seal=lambda delivery: msgspec.structs.replace(delivery, headers=_sealed(delivery.body, now)),
        strip=lambda delivery: msgspec.structs.replace(delivery, headers={}),
        unknown=json.dumps(make_hook(kinds["unknown"], {})).encode(),
        lacking=json.dumps(make_hook(kinds["lacking"], nobodys)).encode(),
    )


def _sealed(body: bytes, at: Moment) -> dict[str, str]:
    """Sign any bytes, such as no text, which the library's own function for it does not take."""
    stamp = str(at // SECOND)
    made = hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, "sha256").hexdigest()
    return {"stripe-signature": f"t={stamp},v1={made}"}


def as_plan(price: dict[str, Any]) -> dict[str, Any]:
    """Give a price as the plan it was before 2020-08-27."""
    rhythm = {key: price["recurring"][key] for key in ("interval", "interval_count", "usage_type")}
    amounts = {"amount": price["unit_amount"], "amount_decimal": price["unit_amount_decimal"]}
    plain = {key: price[key] for key in ("id", "currency", "product", "billing_scheme")}
    return {"object": "plan", "transform_usage": price["transform_quantity"], **plain, **amounts, **rhythm}


def difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Give what fields were where they changed, as Stripe does: of objects key by key, of lists all."""
    found: dict[str, Any] = {}
    for key in {**before, **after}:
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            found[key] = difference(old, new)
        else:
            found[key] = old
    return found
