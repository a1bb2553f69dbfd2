"""Going back by Stripe: as it was before, with what is owed and no more, once, and where it is certain.

Amounts come from the closed form of a proration: the rest of the period's share of the price that is left
less that of the one they go back to.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.live_world import make_documents
from tests.stripe_billing.server import KEPT_FOR, MONTH, Stripe, open_stripe_server
from tests.unit.channels.test_stripe_fulfiller import CATALOG, HALF, Desk
from upsell.catalog.catalog import Catalog
from upsell.channels.fulfillers import Fulfilment, GivingBack, Outcome
from upsell.channels.stripe_before import Before, read_before, write_before
from upsell.channels.stripe_objects import BEFORE
from upsell.channels.stripe_returner import BackForeseen, BackOutlook, StripeReturner, Taken
from upsell.clock import SECOND
from upsell.workspace.compile import compile_documents

PAID = (14_900 - 4_900) // 2
"""What ada pays for the rest of the half month."""

LATER = HALF + MONTH // 4
"""When she asks to go back, a quarter of the month before its end."""

CHANGE = "POST /v1/subscriptions/{id}"
REFUND = "POST /v1/refunds"
END = "DELETE /v1/subscriptions/{id}"


class Way(Desk):
    """Ada took something at half of the month, and goes back a quarter of a month later."""

    def went(self, offer: str = "pro", **more: Any) -> None:
        done = self.take(offer, **more)
        assert done.outcome is Outcome.DONE
        self.stripe.now = LATER

    def giving(self, *, refund: bool, offer: str = "pro", key: str = "k1", at: int = LATER) -> GivingBack:
        terms, _ = self.terms(offer, 14_900, {})
        purchase = self.purchase(offer, terms, key, HALF)
        return GivingBack(f"back-{key}", purchase, None, refund, "", at * SECOND)

    def back(self, *, refund: bool, offer: str = "pro", key: str = "k1", **taken: Any) -> Fulfilment:
        giving = self.giving(refund=refund, offer=offer, key=key)
        return StripeReturner(self.door).take_back(giving, Taken(**{"customer": "cus_ada", **taken}))

    def foresee_back(self, *, refund: bool, offer: str = "pro", **taken: Any) -> BackForeseen:
        giving = self.giving(refund=refund, offer=offer)
        return StripeReturner(self.door).foresee(giving, Taken(**{"customer": "cus_ada", **taken}))

    @property
    def given(self) -> list[tuple[str, int]]:
        return [(each["charge"], each["amount"]) for each in self.stripe.books.refunds]

    @property
    def changes_back(self) -> list[dict[str, Any]]:
        return [each for each in self.changes if "upsell_back_back-k1" in each.get("metadata", {})]


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    documents = dict(make_documents({}))
    documents["catalog.yaml"] = CATALOG
    return compile_documents(documents).program.catalog


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Stripe, str]]:
    with open_stripe_server() as served:
        yield served


@pytest.fixture
def way(catalog: Catalog, served: tuple[Stripe, str]) -> Way:
    stripe, url = served
    wrong = stripe.wrong
    stripe.begin_anew()
    stripe.wrong = wrong
    return Way(stripe, url, catalog)


def test_within_the_guarantee_the_item_is_as_it_was_and_what_was_paid_is_given_back(way: Way) -> None:
    way.went()
    done = way.back(refund=True)
    assert (done.outcome, done.refunded, done.credited, done.until) == (Outcome.DONE, PAID, 0, None)
    assert way.items() == [("price_basic", 1)]
    assert [amount for _, amount in way.given] == [PAID]
    assert way.stripe.books.balance == {"cus_ada": 0}, "nothing is credited beside"
    (item,) = way.stripe.subscriptions["sub_ada"]["items"]["data"]
    assert item["metadata"] == {}
    (refund,) = way.stripe.done(REFUND)
    assert (refund["reason"], refund["metadata"]["upsell_order"]) == ("requested_by_customer", "back-k1")


def test_after_the_guarantee_the_rest_of_the_period_is_credited_and_nothing_refunded(way: Way) -> None:
    way.went()
    done = way.back(refund=False)
    rest = (14_900 - 4_900) // 4
    assert (done.outcome, done.refunded, done.credited) == (Outcome.DONE, 0, rest)
    assert way.items() == [("price_basic", 1)]
    assert (way.given, way.stripe.books.balance) == ([], {"cus_ada": -rest})


@pytest.mark.parametrize("refund", [True, False])
def test_what_is_foreseen_is_what_is_then_given_back(way: Way, refund: bool) -> None:
    way.went()
    before = len(way.changes)
    seen = way.foresee_back(refund=refund)
    assert (len(way.changes), way.given) == (before, []), "looking ahead changes nothing"
    done = way.back(refund=refund)
    assert seen == BackForeseen(BackOutlook.AT_ONCE, done.refunded or 0, done.credited or 0, None, "USD")


def test_after_a_renewal_what_was_paid_more_for_the_new_period_is_given_back_too(way: Way) -> None:
    way.went()
    renewed = way.stripe.renew("sub_ada")
    way.stripe.now += MONTH // 4
    done = way.back(refund=True)
    assert (done.outcome, done.refunded) == (Outcome.DONE, PAID + 14_900 - 4_900)
    assert way.given[1] == (f"ch_{renewed['id']}", 14_900 - 4_900)


def test_after_two_renewals_the_team_gives_back_and_nothing_is_changed(way: Way) -> None:
    way.went()
    way.stripe.renew("sub_ada")
    way.stripe.renew("sub_ada")
    left = way.back(refund=True)
    assert (left.outcome, way.given, way.items()) == (Outcome.BY_HAND, [], [("price_pro", 1)])
    assert "one period since they took it" in left.detail


def test_a_discount_that_the_offer_brought_goes_with_it(way: Way) -> None:
    way.went("less", price=13_410, full=14_900)
    done = way.back(refund=True, offer="less")
    assert (done.outcome, done.refunded) == (Outcome.DONE, (13_410 - 4_900) // 2)
    (item,) = way.stripe.subscriptions["sub_ada"]["items"]["data"]
    assert (item["discounts"], item["price"]["id"]) == ([], "price_basic")


def test_an_add_on_is_no_item_any_more_and_its_rest_is_credited(way: Way) -> None:
    way.went("sso", price=2_000)
    done = way.back(refund=False, offer="sso")
    assert (done.outcome, done.credited) == (Outcome.DONE, 500)
    assert way.items() == [("price_basic", 1)]


def test_more_seats_are_as_many_as_before(way: Way) -> None:
    way.went("seats", price=3 * 4_900, quantity=3.0)
    done = way.back(refund=True, offer="seats")
    assert (done.outcome, done.refunded, way.items()) == (Outcome.DONE, 3 * 4_900 // 2, [("price_basic", 1)])


def test_another_interval_goes_back_with_its_rest_credited_and_with_a_refund_by_the_team(way: Way) -> None:
    way.went("yearly", price=49_000, interval="year")
    left = way.back(refund=True, offer="yearly")
    assert (left.outcome, way.given) == (Outcome.BY_HAND, [])
    done = way.back(refund=False, offer="yearly")
    rest = round(49_000 * (365 * 86_400 - MONTH // 4) / (365 * 86_400)) - 4_900
    assert (done.outcome, done.credited, way.items()) == (Outcome.DONE, rest, [("price_basic", 1)])


def test_a_trial_ends_at_once_and_nothing_is_charged_or_given_back(way: Way) -> None:
    way.went("try")
    done = way.back(refund=False, offer="try")
    assert (done.outcome, done.refunded, done.credited, done.until) == (Outcome.DONE, 0, 0, None)
    assert {each["status"] for each in way.stripe.subscriptions.values()} == {"active", "canceled"}
    again = way.back(refund=False, offer="try")
    assert (again.outcome, len(way.stripe.done(END))) == (Outcome.DONE, 1)


def test_a_subscription_of_their_first_goes_on_to_the_end_of_what_is_paid(way: Way) -> None:
    way.stripe.customer("cus_bob")
    asked = way.take("pro", customer="", email="bob@acme.example")
    assert asked.bill is not None
    way.stripe.pay(asked.bill.id, customer="cus_bob")
    made = way.stripe.subscriptions[way.stripe.sessions[asked.bill.id]["subscription"]]
    until = made["items"]["data"][0]["current_period_end"]
    assert way.foresee_back(refund=False, customer="", checkout=asked.bill.id).until == until * SECOND
    done = way.back(refund=False, customer="", checkout=asked.bill.id)
    assert (done.outcome, done.until) == (Outcome.DONE, until * SECOND)
    assert (made["status"], made["cancel_at_period_end"]) != ("canceled", True)
    assert way.stripe.subscriptions[made["id"]]["cancel_at_period_end"] is True


def test_within_the_guarantee_their_first_subscription_ends_now_with_all_that_was_paid(way: Way) -> None:
    way.stripe.customer("cus_bob")
    asked = way.take("pro", customer="", email="bob@acme.example")
    assert asked.bill is not None
    way.stripe.pay(asked.bill.id, customer="cus_bob")
    done = way.back(refund=True, customer="", checkout=asked.bill.id)
    assert (done.outcome, done.refunded) == (Outcome.DONE, 14_900)
    (made,) = [each for each in way.stripe.subscriptions.values() if each["customer"] == "cus_bob"]
    assert made["status"] == "canceled"
    again = way.back(refund=True, customer="", checkout=asked.bill.id)
    assert (again.outcome, again.refunded, len(way.given)) == (Outcome.DONE, 14_900, 1)


def test_what_was_due_once_is_given_back_within_its_guarantee_and_else_left_to_the_team(way: Way) -> None:
    asked = way.take("setup", price=50_000, interval="")
    assert asked.bill is not None
    way.stripe.pay(asked.bill.id, customer="cus_ada")
    assert way.back(refund=False, checkout=asked.bill.id).outcome is Outcome.BY_HAND
    for _ in range(2):
        done = way.back(refund=True, checkout=asked.bill.id)
        assert (done.outcome, done.refunded) == (Outcome.DONE, 50_000)
    assert [amount for _, amount in way.given] == [50_000]


def test_paid_terms_of_a_trial_end_with_what_is_paid(way: Way) -> None:
    way.stripe.customer("cus_bob")
    way.take("try", customer="cus_bob", key="k0")
    way.take("pro", customer="cus_bob")
    way.stripe.now = HALF + 14 * 86_400
    way.stripe.end_trials()
    done = way.back(refund=True, customer="cus_bob")
    assert (done.outcome, done.refunded) == (Outcome.DONE, 14_900)
    assert [each["status"] for each in way.stripe.subscriptions.values()] == ["active", "canceled"]


def _pays_on_a_page(way: Way) -> dict[str, Any]:
    way.stripe.customer("cus_bob")
    asked = way.take("pro", customer="", email="bob@acme.example")
    assert asked.bill is not None
    way.stripe.pay(asked.bill.id, customer="cus_bob")
    made: dict[str, Any] = way.stripe.subscriptions[way.stripe.sessions[asked.bill.id]["subscription"]]
    return made


def _pays_after_a_trial(way: Way) -> dict[str, Any]:
    way.stripe.customer("cus_bob")
    way.take("try", customer="cus_bob", key="k0")
    way.take("pro", customer="cus_bob")
    way.stripe.now = HALF + 14 * 86_400
    way.stripe.end_trials()
    (made,) = [each for each in way.stripe.subscriptions.values() if each["customer"] == "cus_bob"]
    return made


def _bill_seats(way: Way, made: dict[str, Any], price: str) -> None:
    """Have 20.00 paid for what the team adds, as by Stripe's dashboard."""
    item = way.stripe._item("si_team", price, 1)
    line = way.stripe._line(item, 0.5) | {"amount": 2_000, "discount_amounts": []}
    way.stripe._bill(made, "subscription_update", [line])


def _add_seats(way: Way, made: dict[str, Any]) -> None:
    way.stripe.price("price_seats", 2_000)
    made["items"]["data"].append(way.stripe._item("si_team", "price_seats", 1))
    _bill_seats(way, made, "price_seats")


def _add_seats_unbilled(way: Way, made: dict[str, Any]) -> None:
    way.stripe.price("price_seats", 2_000)
    made["items"]["data"].append(way.stripe._item("si_team", "price_seats", 1))


def _raise_quantity(way: Way, made: dict[str, Any]) -> None:
    made["items"]["data"][0]["quantity"] = 2


def _change_price(way: Way, made: dict[str, Any]) -> None:
    made["items"]["data"][0]["price"] = way.stripe.prices["price_basic"]


def _had_seats(way: Way, made: dict[str, Any]) -> None:
    way.stripe.price("price_seats", 2_000)
    _bill_seats(way, made, "price_seats")


def _had_two_lines(way: Way, made: dict[str, Any]) -> None:
    lines = way.stripe.books.invoices[made["latest_invoice"]]["lines"]["data"]
    lines.append({**lines[0], "amount": 0})


def _had_two_units(way: Way, made: dict[str, Any]) -> None:
    item = {**made["items"]["data"][0], "quantity": 2}
    way.stripe._bill(made, "subscription_cycle", [way.stripe._line(item, 1.0)])


@pytest.mark.parametrize("pays", [_pays_on_a_page, _pays_after_a_trial])
@pytest.mark.parametrize(
    ("meanwhile", "has_refund"),
    [
        (_add_seats, True),
        (_add_seats, False),
        (_add_seats_unbilled, True),
        (_add_seats_unbilled, False),
        (_raise_quantity, True),
        (_raise_quantity, False),
        (_change_price, True),
        (_change_price, False),
        (_had_seats, True),
        (_had_two_lines, True),
        (_had_two_units, True),
    ],
)
def test_what_the_team_added_to_a_subscription_an_order_made_is_neither_given_back_nor_ended(
    way: Way, pays: Any, meanwhile: Any, has_refund: bool
) -> None:
    made = pays(way)
    meanwhile(way, made)
    ask = {"customer": "cus_bob"}
    assert way.foresee_back(refund=has_refund, **ask).outlook is BackOutlook.BY_HAND
    left = way.back(refund=has_refund, **ask)
    assert (left.outcome, way.given) == (Outcome.BY_HAND, []), left.detail
    kept = way.stripe.subscriptions[made["id"]]
    assert (kept["status"], kept["cancel_at_period_end"]) == ("active", False)


def test_a_trial_to_which_the_team_added_something_is_not_ended(way: Way) -> None:
    way.stripe.customer("cus_bob")
    way.take("try", customer="cus_bob")
    (made,) = [each for each in way.stripe.subscriptions.values() if each["customer"] == "cus_bob"]
    _add_seats_unbilled(way, made)
    left = way.back(refund=False, offer="try", customer="cus_bob")
    assert (left.outcome, way.stripe.done(END)) == (Outcome.BY_HAND, [])
    assert "found 2 items in it" in left.detail


@pytest.mark.parametrize("refund", [True, False])
@pytest.mark.parametrize("operation", [CHANGE, REFUND])
@pytest.mark.parametrize("trouble", ["lost", "silent", 500])
@pytest.mark.parametrize("pause", [60, KEPT_FOR + 1])
def test_a_crash_at_any_step_gives_back_once_and_changes_once(
    way: Way, refund: bool, operation: str, trouble: Any, pause: int
) -> None:
    way.went()
    way.stripe.troubles[operation] = [trouble]
    first = way.back(refund=refund)
    meets = refund or operation == CHANGE
    assert first.outcome is (Outcome.NOT_YET if meets else Outcome.DONE)
    way.stripe.now += pause
    done = way.back(refund=refund)
    assert done.outcome is Outcome.DONE
    assert (done.refunded, done.credited) == ((PAID, 0) if refund else (0, 2_500))
    assert [amount for _, amount in way.given] == ([PAID] if refund else [])
    assert way.stripe.books.balance["cus_ada"] == (0 if refund else -2_500)
    assert way.items() == [("price_basic", 1)]


@pytest.mark.parametrize(
    "operation",
    ["GET /v1/subscriptions", "GET /v1/invoices", "GET /v1/invoice_payments", "GET /v1/refunds"],
)
def test_where_stripe_does_not_answer_nothing_is_changed_and_it_is_asked_again(
    way: Way, operation: str
) -> None:
    way.went()
    way.stripe.troubles[operation] = [500, 500]
    assert way.foresee_back(refund=True).outlook is BackOutlook.SILENT
    assert way.back(refund=True).outcome is Outcome.NOT_YET
    assert (way.given, way.items()) == ([], [("price_pro", 1)])
    assert way.back(refund=True).outcome is Outcome.DONE


def _other_price(way: Way) -> None:
    way.stripe.price("price_other", 9_900)
    (item,) = way.stripe.subscriptions["sub_ada"]["items"]["data"]
    item["price"] = way.stripe.prices["price_other"]


def _more_seats(way: Way) -> None:
    way.stripe.subscriptions["sub_ada"]["items"]["data"][0]["quantity"] = 4


def _ended(way: Way) -> None:
    way.stripe.subscriptions["sub_ada"]["status"] = "canceled"


def _past_due(way: Way) -> None:
    way.stripe.subscriptions["sub_ada"]["status"] = "past_due"


def _to_end(way: Way) -> None:
    way.stripe.subscriptions["sub_ada"]["cancel_at_period_end"] = True


def _forgotten(way: Way) -> None:
    way.stripe.subscriptions["sub_ada"]["items"]["data"][0]["metadata"] = {}


def _old(way: Way) -> None:
    way.stripe.subscriptions["sub_ada"]["items"]["data"][0]["metadata"].pop(BEFORE)


def _again(way: Way) -> None:
    way.take("less", price=13_410, full=14_900, key="k2")


def _charge(way: Way) -> dict[str, Any]:
    return way.stripe.books.charges[f"ch_{way.stripe.subscriptions['sub_ada']['latest_invoice']}"]


def _refunded(way: Way) -> None:
    _charge(way)["amount_refunded"] = 100


def _disputed(way: Way) -> None:
    _charge(way)["disputed"] = True


def _open(way: Way) -> None:
    latest = way.stripe.subscriptions["sub_ada"]["latest_invoice"]
    way.stripe.books.invoices[latest] |= {"status": "open", "amount_paid": 0}


def _from_balance(way: Way) -> None:
    way.stripe.books.invoices[way.stripe.subscriptions["sub_ada"]["latest_invoice"]]["amount_paid"] -= 7


def _other_lines(way: Way) -> None:
    invoice = way.stripe.books.invoices[way.stripe.subscriptions["sub_ada"]["latest_invoice"]]
    line = {**invoice["lines"]["data"][0], "parent": None, "pricing": None}
    invoice["lines"]["data"].append(line)


def _pending(way: Way, price: str) -> None:
    """Let the invoice of what ada took hold seats too, 40.00 of them, which the team added before."""
    latest = way.stripe.subscriptions["sub_ada"]["latest_invoice"]
    invoice, charge = way.stripe.books.invoices[latest], _charge(way)
    way.stripe.price("price_seats", 1_000)
    item = way.stripe._item("si_seats", price, 1)
    lines = [way.stripe._line(item, -0.5), way.stripe._line(item, 0.5)]
    for line, amount in zip(lines, (-4_000, 8_000), strict=True):
        line |= {"amount": amount, "discount_amounts": []}
    invoice["lines"]["data"] += lines
    for name in ("total", "amount_paid", "amount_due"):
        invoice[name] += 4_000
    charge["amount"] += 4_000


def _pending_seats(way: Way) -> None:
    _pending(way, "price_seats")


def _pending_of_the_same(way: Way) -> None:
    _pending(way, "price_pro")


@contextmanager
def _waiting(way: Way, price: str, amount: int) -> Iterator[None]:
    """Let Stripe have an invoice item waiting, which is in whatever is invoiced next, and in its preview."""
    real = way.stripe._preview

    def preview(given: dict[str, Any]) -> dict[str, Any]:
        made = real(given)
        made["lines"]["data"].append(
            way.stripe._line(way.stripe._item("si_waiting", price, 1), 0.5) | {"amount": amount}
        )
        made["total"] += amount
        return made

    with patch.object(way.stripe, "_preview", preview):
        yield


@pytest.mark.parametrize(
    ("price", "said"),
    [("price_sso", "found 1 other lines in it"), ("price_pro", "found 3 lines of it")],
)
@pytest.mark.parametrize("amount", [-2_000, 2_000])
def test_what_waits_to_be_invoiced_is_no_part_of_what_a_renewal_is_given_back_of(
    way: Way, price: str, said: str, amount: int
) -> None:
    way.went()
    way.stripe.renew("sub_ada")
    with _waiting(way, price, amount):
        assert way.foresee_back(refund=True).outlook is BackOutlook.BY_HAND
        left = way.back(refund=True)
    assert (left.outcome, said in left.detail) == (Outcome.BY_HAND, True), left.detail
    assert (way.given, way.items()) == ([], [("price_pro", 1)])
    done = way.back(refund=True)
    assert (done.outcome, done.refunded) == (Outcome.DONE, PAID + 14_900 - 4_900)


def _manual(way: Way) -> None:
    found = way.stripe.subscriptions["sub_ada"]
    made = way.stripe._bill(found, "manual", [way.stripe._line(found["items"]["data"][0], 1.0)])
    assert made["status"] == "paid"


@pytest.mark.parametrize(
    ("meanwhile", "said"),
    [
        (_other_price, "found 1 of price_other"),
        (_more_seats, "found 4 of price_pro"),
        (_ended, "found sub_ada canceled"),
        (_past_due, "found sub_ada past_due"),
        (_to_end, "which is to end"),
        (_forgotten, "found nothing of it at Stripe"),
        (_old, "found nothing of it written there"),
        (_again, "found nothing of it at Stripe"),
        (_refunded, "found 100 of 5000 given back"),
        (_disputed, "disputed"),
        (_open, "found it open"),
        (_from_balance, "to be paid by card"),
        (_other_lines, "found 1 other lines in it"),
        (_pending_seats, "found 2 other lines in it"),
        (_pending_of_the_same, "found 4 lines of it"),
        (_manual, "refund them by hand"),
    ],
)
def test_what_somebody_else_changed_meanwhile_is_for_the_team_with_what_was_found(
    way: Way, meanwhile: Any, said: str
) -> None:
    way.went()
    meanwhile(way)
    items, changes = way.items(), len(way.changes)
    assert way.foresee_back(refund=True).outlook is BackOutlook.BY_HAND
    left = way.back(refund=True)
    assert (left.outcome, said in left.detail) == (Outcome.BY_HAND, True), left.detail
    assert (way.given, way.items(), len(way.changes)) == ([], items, changes)


def test_an_invoice_that_is_still_made_out_is_waited_for(way: Way) -> None:
    way.went()
    renewed = way.stripe.renew("sub_ada")
    way.stripe.books.invoices[renewed["id"]]["status"] = "draft"
    assert way.foresee_back(refund=True).outlook is BackOutlook.SILENT, "it is done by itself, later"
    assert way.back(refund=True).outcome is Outcome.NOT_YET
    way.stripe.books.invoices[renewed["id"]]["status"] = "paid"
    assert way.foresee_back(refund=True).outlook is BackOutlook.AT_ONCE
    assert way.back(refund=True).outcome is Outcome.DONE


def test_a_refund_that_stripe_refuses_changes_nothing_and_is_for_the_team(way: Way) -> None:
    way.went()

    def refund(given: dict[str, Any], refuse: Any) -> dict[str, Any]:
        raise refuse("Insufficient funds in your Stripe balance to refund this amount.", "insufficient_funds")

    with patch.object(way.stripe.books, "refund", refund):
        left = way.back(refund=True)
    assert (left.outcome, way.items()) == (Outcome.BY_HAND, [("price_pro", 1)])
    assert "Insufficient funds" in left.detail
    assert way.back(refund=True, round=1).outcome is Outcome.DONE, "told anew it has a key of its own"


@pytest.mark.parametrize(
    ("trouble", "outcome"), [(400, Outcome.REFUSED), (500, Outcome.NOT_YET), ("lost", Outcome.NOT_YET)]
)
def test_what_was_given_back_is_told_where_the_change_then_fails(
    way: Way, trouble: Any, outcome: Outcome
) -> None:
    way.went()
    source = way.stripe.subscriptions["sub_ada"]["latest_invoice"]
    way.stripe.troubles[CHANGE] = [trouble]
    left = way.back(refund=True)
    assert (left.outcome, left.refunded) == (outcome, PAID)
    assert left.detail.endswith(f"; gave back {PAID} of {source} already")
    assert [amount for _, amount in way.given] == [PAID]


def test_of_two_invoices_what_was_given_back_of_one_is_told_where_the_other_fails(way: Way) -> None:
    way.went()
    source = way.stripe.subscriptions["sub_ada"]["latest_invoice"]
    way.stripe.renew("sub_ada")
    real = way.stripe.books.refund

    def refund(given: dict[str, Any], refuse: Any) -> dict[str, Any]:
        if given["charge"] != f"ch_{source}":
            raise refuse("Insufficient funds in your Stripe balance.", "insufficient_funds")
        return real(given, refuse)

    with patch.object(way.stripe.books, "refund", refund):
        left = way.back(refund=True)
    assert (left.outcome, left.refunded, "Insufficient funds" in left.detail) == (Outcome.BY_HAND, PAID, True)
    assert left.detail.endswith(f"; gave back {PAID} of {source} already")
    _charge(way)["disputed"] = True
    again = way.back(refund=True, round=1)
    assert (again.outcome, again.refunded, "disputed" in again.detail) == (Outcome.BY_HAND, PAID, True)
    assert again.detail.endswith(f"; gave back {PAID} of {source} already")
    assert [amount for _, amount in way.given] == [PAID]


def test_what_an_attempt_before_gave_back_is_told_where_stripe_cannot_be_asked_for_it(way: Way) -> None:
    way.went()
    way.stripe.troubles[CHANGE] = [500]
    first = way.back(refund=True)
    _more_seats(way)
    left = way.back(refund=True, refunded=first.refunded)
    assert (left.outcome, left.refunded) == (Outcome.BY_HAND, PAID)
    assert left.detail.endswith(f"found 4 of price_pro; gave back {PAID} already, at an attempt before")


def test_going_back_that_would_cost_something_is_for_the_team(way: Way) -> None:
    way.stripe.price("price_pro", 900)
    way.went(price=900, full=900)
    left = way.back(refund=False)
    assert (left.outcome, "Stripe would charge 1000" in left.detail) == (Outcome.BY_HAND, True), left.detail


def test_a_discount_they_had_before_cannot_be_given_again_for_certain(way: Way) -> None:
    way.stripe.coupons["OLD"] = {"percent_off": 50, "amount_off": None}
    way.stripe.subscriptions["sub_ada"]["items"]["data"][0]["discounts"] = [{"coupon": "OLD"}]
    way.went()
    left = way.back(refund=False)
    assert (left.outcome, "had one; give it again" in left.detail) == (Outcome.BY_HAND, True)


def test_two_go_back_one_after_the_other_each_by_a_mark_of_its_own(way: Way) -> None:
    way.went("sso", price=2_000)
    way.take("pro", key="k2", at=LATER)
    assert way.back(refund=False, offer="sso").outcome is Outcome.DONE
    assert way.back(refund=False, key="k2").outcome is Outcome.DONE
    assert way.items() == [("price_basic", 1)]
    for key, offer in (("k1", "sso"), ("k2", "pro")):
        assert way.back(refund=False, key=key, offer=offer).outcome is Outcome.DONE
    assert len(way.changes) == 4


texts = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30)


@given(
    before=st.builds(
        Before, sold=texts, units=st.integers(0, 10**6), at=st.integers(0, 2**33), price=texts,
        quantity=st.integers(0, 10**6), invoice=texts, is_discounted=st.booleans(), is_trial=st.booleans(),
        is_anew=st.booleans(),
    )
)  # fmt: skip
def test_what_was_before_is_read_as_it_was_written(before: Before) -> None:
    assert read_before({BEFORE: write_before(before)}) == before
    assert len(write_before(before)) <= 500
    assert write_before(Before("x" * 600, 1)) == ""
    assert read_before({}) is None
    assert read_before({BEFORE: "{"}) is None
