"""A Stripe of our own on loopback: it keeps what it is told, and refuses what Stripe does not know.

It charges by the second for the rest of a period, as docs.stripe.com/billing/subscriptions/prorations says;
keeps the answer to a key for a day, errors too, as docs.stripe.com/api/idempotent_requests says; and ends a
trial that is to cancel without an invoice. Objects are Stripe's own examples with our values in them.
"""

from __future__ import annotations

import copy
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.stripe_billing.answers import check_answer
from tests.stripe_billing.books import OBJECTS, Books, listed
from tests.stripe_billing.description import OPERATIONS, check
from upsell.testing.stand_ins import QuietHandler

SETUP_INTENT = {
    "object": "setup_intent", "id": "seti_1", "created": 1_780_000_000, "livemode": False,
    "payment_method_types": ["card"], "status": "succeeded", "usage": "off_session",
    "application": None, "cancellation_reason": None,
    "customer": None, "latest_attempt": None, "mandate": None, "metadata": None, "on_behalf_of": None,
    "single_use_mandate": None,
}  # fmt: skip
KEPT_FOR = 24 * 3600
MONTH, YEAR = 30 * 86_400, 365 * 86_400
SECRET_KEY = "sk_test_upsell"


class RefusalError(Exception):
    """An answer that is an error of Stripe's."""

    def __init__(self, status: int, kind: str, message: str, **more: str) -> None:
        self.status = status
        self.body = {"error": {"type": kind, "message": message, **more}}


class Stripe:
    """What Stripe knows. ``now`` is in Unix seconds, and moves because the test moves it."""

    def __init__(self) -> None:
        self.begin_anew()

    def begin_anew(self) -> None:
        """Know nothing any more."""
        self.now = 0
        self.prices: dict[str, dict[str, Any]] = {}
        self.coupons: dict[str, dict[str, Any]] = {}
        self.customers: dict[str, dict[str, Any]] = {}
        self.subscriptions: dict[str, dict[str, Any]] = {}
        self.sessions: dict[str, dict[str, Any]] = {}
        self._opened: dict[str, dict[str, Any]] = {}
        self.charged: list[tuple[str, int]] = []
        self.asked: list[tuple[str, dict[str, Any], str]] = []
        self.wrong: list[str] = []
        self.troubles: dict[str, list[Any]] = {}
        self.declines = False
        self.authenticates = False
        self.books = Books(lambda: self.now)
        self._kept: dict[str, tuple[int, str, int, Any]] = {}
        self._lock = threading.Lock()
        self._made = 0

    # What a test sets up.

    def price(
        self, id_: str, amount: int, interval: str = "month", currency: str = "usd", **more: Any
    ) -> None:
        made = _object("price", id=id_, currency=currency, unit_amount=amount, active=True, **more)
        made |= {"unit_amount_decimal": str(amount), "transform_quantity": None}
        made["recurring"] = {**made["recurring"], "interval": interval} if interval else None
        self.prices[id_] = made

    def customer(self, id_: str, *, has_card: bool = True) -> None:
        made = _object("customer", id=id_, default_source=None)
        made["invoice_settings"]["default_payment_method"] = "pm_card" if has_card else None
        self.customers[id_] = made

    def subscribe(self, id_: str, customer: str, *items: tuple[str, int], **more: Any) -> dict[str, Any]:
        """Subscribe somebody from now on, for a month or a year."""
        price = self.prices[items[0][0]]
        made = _object(
            "subscription", id=id_, customer=customer, status="active", currency=price["currency"],
            metadata={}, cancel_at=None, cancel_at_period_end=False, latest_invoice=f"in_{id_}",
            default_payment_method=None,
        )  # fmt: skip
        made |= more
        made["items"]["data"] = [self._item(f"si_{id_}_{n}", *each) for n, each in enumerate(items)]
        self.subscriptions[id_] = made
        if made["latest_invoice"]:
            lines = [self._line(each, 1.0) for each in made["items"]["data"]]
            self.books.invoice(made["latest_invoice"], made, "subscription_create", lines)
        return made

    def pay(self, session: str, **more: Any) -> None:
        """Let a customer do on the page what it is for."""
        found = self.sessions[session]
        found |= {"status": "complete", "payment_status": "paid", "url": None, "customer": "cus_new", **more}
        if found["setup_intent"] is not None:
            found["setup_intent"] = {**SETUP_INTENT, **found["setup_intent"]}
        if found["customer"] not in self.customers:
            self.customer(found["customer"])
        given = self._opened[session]
        if found["mode"] == "subscription":
            (line,) = given["line_items"]
            made = self.subscribe(
                self._new("sub"), found["customer"], (line["price"], int(line["quantity"])),
                metadata=given["subscription_data"]["metadata"],
            )  # fmt: skip
            found["subscription"] = made["id"]
        if found["mode"] == "payment":
            paid = self.books.pay(session, found["amount_total"], found["currency"], found["customer"])
            found["payment_intent"] = paid

    def renew(self, id_: str) -> dict[str, Any]:
        """Begin another period of a subscription, and have it paid."""
        found = self.subscriptions[id_]
        for item in found["items"]["data"]:
            lasts = item["current_period_end"] - item["current_period_start"]
            item["current_period_start"] = item["current_period_end"]
            item["current_period_end"] += lasts
        self.now = max(self.now, found["items"]["data"][0]["current_period_start"])
        lines = [self._line(each, 1.0) for each in found["items"]["data"]]
        return self._bill(found, "subscription_cycle", lines)

    def _bill(self, subscription: dict[str, Any], reason: str, lines: list[dict[str, Any]]) -> dict[str, Any]:
        made = self.books.invoice(self._new("in"), subscription, reason, lines)
        subscription["latest_invoice"] = made["id"]
        return made

    def done(self, operation: str) -> list[dict[str, Any]]:
        return [given for name, given, _ in self.asked if name == operation]

    # What comes over the wire.

    def answer(self, method: str, path: str, given: dict[str, Any], key: str) -> tuple[int, Any]:
        operation = _operation(method, path)
        with self._lock:
            self.asked.append((operation, given, key))
            if said := check(operation, given):
                self.wrong.append(f"{operation}: {said}")
                return 400, RefusalError(400, "invalid_request_error", said).body
            trouble = self.troubles.get(operation, [])
            now = trouble.pop(0) if trouble else None
            if isinstance(now, int):
                return now, RefusalError(now, "api_error" if now >= 500 else "rate_limit", "not now").body
            if now == "silent":
                return 0, None
            if key and key in self._kept and self.now < self._kept[key][0] + KEPT_FOR:
                _, asked, status, body = self._kept[key]
                if asked != json.dumps([operation, path, given]):
                    said = "Keys for idempotent requests can only be used with the same parameters"
                    return 400, RefusalError(400, "idempotency_error", said).body
                return status, body
            try:
                status, body = 200, self._do(operation, path.rsplit("/", 1)[-1], path, given)
            except RefusalError as error:
                status, body = error.status, error.body
            if key:
                self._kept[key] = (
                    self.now,
                    json.dumps([operation, path, given]),
                    status,
                    copy.deepcopy(body),
                )
            body = _written(body)
            if status == 200 and (said := check_answer(body)):
                self.wrong.append(f"{operation} answered {said}")
            return (0, None) if now == "lost" else (status, copy.deepcopy(body))

    def _do(self, operation: str, id_: str, path: str, given: dict[str, Any]) -> Any:
        if operation.endswith("/expire"):
            found = self._find(self.sessions, path.split("/")[-2])
            found["status"] = "expired"
            return found
        act: Callable[[], Any] = {
            "GET /v1/prices": lambda: {"object": "list", "data": [], "has_more": False, "url": "/v1/prices"},
            "GET /v1/prices/{id}": lambda: self._find(self.prices, id_, "price"),
            "GET /v1/coupons/{id}": lambda: _object("coupon", **self._find(self.coupons, id_, "coupon")),
            "POST /v1/coupons": lambda: self._make_coupon(given),
            "POST /v1/customers": lambda: self._make_customer(given),
            "GET /v1/subscriptions": lambda: self._list(given),
            "GET /v1/subscriptions/{id}": lambda: self._with_customer(self._find(self.subscriptions, id_)),
            "POST /v1/subscriptions": lambda: self._make_subscription(given),
            "POST /v1/subscriptions/{id}": lambda: self._change(self._find(self.subscriptions, id_), given),
            "POST /v1/invoices/create_preview": lambda: self._preview(given),
            "DELETE /v1/subscriptions/{id}": lambda: self._end(id_, given),
            "GET /v1/invoices": lambda: self.books.list_invoices(given),
            "GET /v1/invoice_payments": lambda: self.books.list_payments(given),
            "GET /v1/payment_intents/{id}": lambda: self.books.payment(id_),
            "GET /v1/refunds": lambda: self.books.list_refunds(given),
            "POST /v1/refunds": lambda: self.books.refund(given, _refusal),
            "POST /v1/checkout/sessions": lambda: self._make_session(given),
            "GET /v1/checkout/sessions/{id}": lambda: self._session(id_),
        }[operation]
        return act()

    def _find(self, among: dict[str, dict[str, Any]], id_: str, noun: str = "object") -> dict[str, Any]:
        if id_ not in among:
            raise RefusalError(
                404, "invalid_request_error", f"No such {noun}: '{id_}'", code="resource_missing"
            )
        return among[id_]

    def _new(self, prefix: str) -> str:
        self._made += 1
        return f"{prefix}_{self._made}"

    def _item(self, id_: str, price: str, quantity: int) -> dict[str, Any]:
        found = self._find(self.prices, price, "price")
        lasts = YEAR if found["recurring"]["interval"] == "year" else MONTH
        return _object(
            "subscription_item", id=id_, price=copy.deepcopy(found), quantity=quantity, discounts=[],
            metadata={}, current_period_start=self.now, current_period_end=self.now + lasts,
        )  # fmt: skip

    def _with_customer(self, subscription: dict[str, Any]) -> dict[str, Any]:
        return {**subscription, "customer": self.customers[subscription["customer"]]}

    def _list(self, given: dict[str, Any]) -> dict[str, Any]:
        self._find(self.customers, given["customer"], "customer")
        held = [
            self._with_customer(each)
            for each in self.subscriptions.values()
            if each["customer"] == given["customer"]
            and (each["status"] != "canceled" or given.get("status") == "all")
        ]
        return listed("/v1/subscriptions", held)

    def _end(self, id_: str, given: dict[str, Any]) -> dict[str, Any]:
        """End a subscription at once; one that has ended is not found, as Stripe says."""
        found = self._find(self.subscriptions, id_, "subscription")
        if found["status"] == "canceled":
            raise RefusalError(
                404, "invalid_request_error", f"No such subscription: '{id_}'", code="resource_missing"
            )
        comment = given.get("cancellation_details", {}).get("comment")
        details = {"comment": comment, "feedback": None, "reason": "cancellation_requested"}
        found |= {"status": "canceled", "cancellation_details": details}
        return found

    def _make_coupon(self, given: dict[str, Any]) -> dict[str, Any]:
        if given["id"] in self.coupons:
            raise RefusalError(
                400, "invalid_request_error", "Coupon already exists.", code="resource_already_exists"
            )
        numbers = {"percent_off": float, "amount_off": int, "duration_in_months": int}
        empty = dict.fromkeys((*numbers, "currency"))
        told = {name: numbers[name](each) if name in numbers else each for name, each in given.items()}
        self.coupons[given["id"]] = _object("coupon", **{**empty, **told})
        return self.coupons[given["id"]]

    def _make_customer(self, given: dict[str, Any]) -> dict[str, Any]:
        id_ = self._new("cus")
        self.customer(id_, has_card=False)
        self.customers[id_] |= given
        return self.customers[id_]

    def _make_subscription(self, given: dict[str, Any]) -> dict[str, Any]:
        items = [(each["price"], int(each["quantity"])) for each in given["items"]]
        trial_end = int(given.get("trial_end", 0))
        made = self.subscribe(
            self._new("sub"), given["customer"], *items, status="trialing" if trial_end else "active",
            trial_end=trial_end or None, cancel_at_period_end=given.get("cancel_at_period_end") == "true",
            metadata=given.get("metadata", {}), latest_invoice=None,
        )  # fmt: skip
        for item, told in zip(made["items"]["data"], given["items"], strict=True):
            item["metadata"] = told.get("metadata", {})
            item["current_period_end"] = trial_end or item["current_period_end"]
        return made

    def end_trials(self) -> None:
        """Do what Stripe does at the end of a trial: cancel, or charge for the first period."""
        for each in self.subscriptions.values():
            if each["status"] != "trialing" or self.now < each["trial_end"]:
                continue
            if each["cancel_at_period_end"] or not self._has_card(each):
                each["status"] = "canceled"
                continue
            each["status"] = "active"
            paid = self._bill(
                each, "subscription_cycle", [self._line(item, 1.0) for item in each["items"]["data"]]
            )
            self.charged.append((each["id"], paid["amount_paid"]))

    def _has_card(self, subscription: dict[str, Any]) -> bool:
        settings = self.customers[subscription["customer"]]["invoice_settings"]
        return bool(subscription["default_payment_method"] or settings["default_payment_method"])

    def _net(self, item: dict[str, Any]) -> int:
        gross = _unit(item) * int(item["quantity"])
        return gross - self._off(gross, item)

    def _off(self, gross: int, item: dict[str, Any]) -> int:
        off = 0
        for each in item["discounts"]:
            coupon = self._find(self.coupons, each["coupon"], "coupon")
            share = coupon["percent_off"]
            off += round(gross * share / 100) if share is not None else coupon["amount_off"]
        return off

    def _changed(self, subscription: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        after = copy.deepcopy(subscription)
        for told in given.get("items", []):
            item = next((each for each in after["items"]["data"] if each["id"] == told.get("id")), None)
            if told.get("deleted") == "true":
                after["items"]["data"].remove(item)
                continue
            if item is None:
                item = self._item(self._new("si"), told["price"], int(told.get("quantity", 1)))
                begun = after["items"]["data"][0]
                item |= {name: begun[name] for name in ("current_period_start", "current_period_end")}
                after["items"]["data"].append(item)
            elif "price" in told:
                new = self._item(item["id"], told["price"], int(told.get("quantity", 1)))
                is_other = new["price"]["recurring"]["interval"] != item["price"]["recurring"]["interval"]
                item["price"], item["quantity"] = new["price"], new["quantity"]
                if is_other:
                    item["current_period_start"] = new["current_period_start"]
                    item["current_period_end"] = new["current_period_end"]
            if "discounts" in told:
                item["discounts"] = told["discounts"] or []
            item["metadata"] = _merged(item["metadata"], told)
        after["metadata"] = _merged(after["metadata"], given)
        if "cancel_at_period_end" in given:
            after["cancel_at_period_end"] = given["cancel_at_period_end"] == "true"
        after["default_payment_method"] = given.get("default_payment_method", after["default_payment_method"])
        return after

    def _lines(
        self, before: dict[str, Any], after: dict[str, Any], given: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Give the lines of the invoice that a change makes at once, or of the next one."""
        lines: list[dict[str, Any]] = []
        is_at_once = given["proration_behavior"] == "always_invoice"
        old = {each["id"]: each for each in before["items"]["data"]}
        at = int(given.get("proration_date", self.now))
        for item in after["items"]["data"]:
            was = old.get(item["id"])
            is_anew = was is not None and was["current_period_start"] != item["current_period_start"]
            if is_anew or not is_at_once:
                lines.append(self._line(item, 1.0))
            if is_at_once and (was is None or self._net(was) != self._net(item)):
                if was is not None:
                    whole = was["current_period_end"] - was["current_period_start"]
                    lines.append(self._line(was, -(was["current_period_end"] - at) / whole))
                if not is_anew:
                    whole = item["current_period_end"] - item["current_period_start"]
                    lines.append(self._line(item, (item["current_period_end"] - at) / whole))
        left = {each["id"] for each in after["items"]["data"]}
        for gone in before["items"]["data"] if is_at_once else ():
            if gone["id"] not in left:
                whole = gone["current_period_end"] - gone["current_period_start"]
                lines.append(self._line(gone, -(gone["current_period_end"] - at) / whole))
        return [] if before["status"] == "trialing" and is_at_once else lines

    def _line(self, item: dict[str, Any], share: float) -> dict[str, Any]:
        gross = round(_unit(item) * item["quantity"] * share)
        line: dict[str, Any] = copy.deepcopy(OBJECTS["invoice"]["lines"]["data"][0])
        off = round(self._off(_unit(item) * item["quantity"], item) * share)
        line |= {"amount": gross, "discount_amounts": [{"amount": off, "discount": "di_1"}] if off else []}
        line["quantity"] = item["quantity"]
        line["pricing"] = {
            "price_details": {"price": item["price"]["id"], "product": "prod_1"},
            "type": "price_details",
        }
        line["parent"] = {
            "type": "subscription_item_details", "invoice_item_details": None,
            "subscription_item_details": {"proration": share != 1.0, "subscription_item": item["id"]},
        }  # fmt: skip
        return line

    def _preview(self, given: dict[str, Any]) -> dict[str, Any]:
        before = self._find(self.subscriptions, given["subscription"])
        details = given["subscription_details"]
        after = self._changed(before, details)
        lines = self._lines(before, after, details)
        due = sum(each["amount"] - sum(off["amount"] for off in each["discount_amounts"]) for each in lines)
        made = _object("invoice", currency=before["currency"], amount_due=max(0, due), total=due)
        made["period_end"] = before["items"]["data"][0]["current_period_end"]
        made["lines"]["data"] = lines
        return made

    def _change(self, before: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        after = self._changed(before, given)
        is_at_once = given.get("proration_behavior") == "always_invoice"
        lines = self._lines(before, after, given) if is_at_once else []
        due = sum(each["amount"] - sum(off["amount"] for off in each["discount_amounts"]) for each in lines)
        invoice = None
        if lines:
            if due > 0 and self.declines:
                said = "Your card was declined."
                raise RefusalError(
                    402, "card_error", said, code="card_declined", decline_code="generic_decline"
                )
            if due > 0 and self.authenticates and not given.get("default_payment_method"):
                said = "Your card was declined. This transaction requires authentication."
                raise RefusalError(
                    402, "card_error", said, code="authentication_required",
                    decline_code="authentication_required",
                )  # fmt: skip
            if due > 0 and not self._has_card(after):
                raise RefusalError(
                    400, "invalid_request_error", "This customer has no attached payment source"
                )
            invoice = self._bill(after, "subscription_update", lines)
            self.charged.append((after["id"], max(0, due)))
        self.subscriptions[after["id"]] = after
        if invoice is None and after["latest_invoice"]:
            invoice = self.books.invoices[after["latest_invoice"]]
        return {**after, "latest_invoice": invoice}

    def _make_session(self, given: dict[str, Any]) -> dict[str, Any]:
        id_ = self._new("cs")
        made = _object(
            "checkout.session", id=id_, mode=given["mode"], status="open", payment_status="unpaid",
            expires_at=self.now + 86_400, url=f"https://checkout.stripe.com/c/pay/{id_}", setup_intent=None,
            metadata=given.get("metadata", {}), currency=given.get("currency"),
        )  # fmt: skip
        made["customer"] = given.get("customer")
        if given["mode"] != "setup":
            (line,) = given["line_items"]
            gross = self._find(self.prices, line["price"], "price")["unit_amount"] * int(line["quantity"])
            off = self._off(gross, {"discounts": given.get("discounts", [])})
            made |= {"amount_subtotal": gross, "amount_total": gross - off}
            made["total_details"] = {"amount_discount": off, "amount_shipping": 0, "amount_tax": 0}
        self.sessions[id_], self._opened[id_] = made, given
        return made

    def _session(self, id_: str) -> dict[str, Any]:
        found: dict[str, Any] = self._find(self.sessions, id_)
        if found["status"] == "open" and self.now >= found["expires_at"]:
            found |= {"status": "expired", "url": None}
        return found


@contextmanager
def open_stripe_server() -> Iterator[tuple[Stripe, str]]:
    """Give a Stripe and where its API is; at the end, every request and answer was one that Stripe knows."""
    stripe = Stripe()

    class Handler(QuietHandler):
        def reply(self) -> None:
            self._answer(self.command)

        def _answer(self, method: str) -> None:
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
            given = _nested(parse_qsl(body if method == "POST" else url.query, keep_blank_values=True))
            if self.headers.get("authorization") != f"Bearer {SECRET_KEY}":
                said = RefusalError(401, "invalid_request_error", "Invalid API Key provided")
                status, answer = said.status, said.body
            else:
                status, answer = stripe.answer(
                    method, url.path, given, self.headers.get("idempotency-key") or ""
                )
            if not status:
                self.close_connection = True
                return
            written = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(written)))
            self.end_headers()
            self.wfile.write(written)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield stripe, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert not stripe.wrong, stripe.wrong[:3]


def _written(answer: Any) -> Any:
    """Give an answer as Stripe writes it: discounts of an item by their ids."""
    if isinstance(answer, list):
        return [_written(each) for each in answer]
    if not isinstance(answer, dict):
        return answer
    written = {name: _written(each) for name, each in answer.items()}
    if written.get("object") == "subscription_item":
        written["discounts"] = [f"di_{each['coupon']}" for each in written["discounts"]]
    return written


def _refusal(said: str, code: str) -> RefusalError:
    return RefusalError(400, "invalid_request_error", said, code=code)


def _merged(metadata: dict[str, str], given: dict[str, Any]) -> dict[str, str]:
    """Give metadata with what was told of it; what is told as empty is taken away."""
    merged = {**metadata, **given.get("metadata", {})}
    return {name: value for name, value in merged.items() if value}


def _unit(item: dict[str, Any]) -> int:
    """Give what one unit costs in dollars, which all subscriptions here are in."""
    price = item["price"]
    option = price.get("currency_options", {}).get("usd", price)
    return int(option["unit_amount"])


def _object(noun: str, **values: Any) -> dict[str, Any]:
    return {**copy.deepcopy(OBJECTS[noun]), **values}


def _operation(method: str, path: str) -> str:
    for each in OPERATIONS:
        verb, _, template = each.partition(" ")
        pattern = re.sub(r"\{id\}", "[^/]+", template)
        if verb == method and re.fullmatch(pattern, path) and f"{method} {path}" not in OPERATIONS:
            return each
    return f"{method} {path}"


def _nested(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Read ``items[0][price]`` and the like as values within values."""
    root: dict[str, Any] = {}
    for name, value in pairs:
        at = root
        *way, last = re.findall(r"[^\[\]]+", name)
        for step in way:
            at = at.setdefault(step, {})
        at[last] = value
    return {name: _listed(value) for name, value in root.items()}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _listed(each) for name, each in value.items()}
    is_list = inner and all(name.isdigit() for name in inner)
    return [inner[name] for name in sorted(inner, key=int)] if is_list else inner
