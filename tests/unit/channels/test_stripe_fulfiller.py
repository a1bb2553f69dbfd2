"""Fulfilment by Stripe: the very price that was shown, once, and told honestly when not.

Amounts come from the closed form of a proration: the rest of the period's share of the new price less that of
the old one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.live_world import make_documents
from tests.stripe_billing.description import DESCRIPTION, derive
from tests.stripe_billing.server import KEPT_FOR, MONTH, SECRET_KEY, YEAR, Stripe, open_stripe_server
from upsell.catalog.catalog import Catalog
from upsell.channels.fulfillers import Fulfilment, Outcome, Purchase
from upsell.channels.stripe_catalog import sale_from
from upsell.channels.stripe_door import StripeDoor
from upsell.channels.stripe_foresight import Foreseen, Outlook, foresee
from upsell.channels.stripe_fulfiller import StripeFulfiller
from upsell.channels.stripe_objects import from_stripe, to_stripe
from upsell.channels.stripe_sale import Change, Sale, ask_coupon, coupon_for
from upsell.clock import SECOND
from upsell.decisions.terms import Terms
from upsell.workspace.compile import compile_documents

CATALOG = """\
plans:
  free: {name: Free, tier: 0}
  basic:
    {name: Basic, tier: 1, price: {month: 49, year: 490}, stripe: {month: price_basic, year: price_basicY}}
  pro: {name: Pro, tier: 2, price: {month: 149, year: 1490}, stripe: {month: price_pro, year: price_proY}}
products:
  sso: {kind: add-on, name: SSO, price: {month: 20}, stripe: {month: price_sso}}
  setup: {kind: service, name: Setup, price: {once: 500}, stripe: {once: price_setup}}
  chat: {kind: add-on, name: Chat, price: {month: 10}}
offers:
  pro: {kind: upgrade, plan: pro, title: Pro}
  less: {kind: upgrade, plan: pro, title: Pro for less, discount: 10%, months: 3}
  spring: {kind: upgrade, plan: pro, title: Pro in spring, discount: 10%, months: 3, stripe: {coupon: SPRING}}
  try: {kind: upgrade, plan: pro, title: Try Pro, trial_days: 14}
  yearly: {kind: upgrade, interval: year, title: Paid yearly}
  sso: {kind: cross-sell, product: sso, title: SSO}
  setup: {kind: cross-sell, product: setup, title: Setup}
  seats: {kind: upgrade, seats: 3, title: More seats}
  chat: {kind: cross-sell, product: chat, title: Chat}
"""
BEGAN = 1_780_000_000 // 3600 * 3600
HALF = BEGAN + MONTH // 2


class Desk:
    """A Stripe with ada, who pays 49 a month by card since ``BEGAN``, half a month ago."""

    def __init__(self, stripe: Stripe, url: str, catalog: Catalog) -> None:
        self.stripe, self.url, self.catalog = stripe, url, catalog
        self.door = StripeDoor(SECRET_KEY, url, 2)
        self.fulfiller = StripeFulfiller(self.door, "https://acme.example/paid")
        for id_, amount in (("basic", 4_900), ("pro", 14_900), ("sso", 2_000)):
            stripe.price(f"price_{id_}", amount)
        stripe.price("price_basicY", 49_000, "year")
        stripe.price("price_proY", 149_000, "year")
        stripe.price("price_setup", 50_000, "")
        stripe.now = BEGAN
        stripe.customer("cus_ada")
        stripe.subscribe("sub_ada", "cus_ada", ("price_basic", 1))
        stripe.now = HALF

    def sale(self, offer: str, terms: Terms, **more: Any) -> Sale:
        found = sale_from(self.catalog, self.catalog.offers[offer], terms)
        assert found is not None
        return msgspec.structs.replace(found, **{"customer": "cus_ada", **more})

    def take(
        self, offer: str, *, price: int = 14_900, key: str = "k1", at: int = HALF, **more: Any
    ) -> Fulfilment:
        terms, known = self.terms(offer, price, more)
        return self.fulfiller.fulfil(self.purchase(offer, terms, key, at), self.sale(offer, terms, **known))

    def foresee(self, offer: str, *, price: int = 14_900, **more: Any) -> Foreseen | None:
        terms, known = self.terms(offer, price, more)
        return foresee(self.door, self.purchase(offer, terms, "k1", HALF), self.sale(offer, terms, **known))

    def terms(self, offer: str, price: int, more: dict[str, Any]) -> tuple[Terms, dict[str, Any]]:
        named = {name: more.pop(name) for name in list(more) if name in Terms.__struct_fields__}
        made = self.catalog.offers[offer]
        thing = {"seats": "basic", "yearly": "basic"}.get(offer, made.thing)
        terms = Terms(
            offer=offer, thing=thing, name="Pro", currency="USD", interval="month", full=price, price=price
        )
        return msgspec.structs.replace(terms, **named), more

    def purchase(self, offer: str, terms: Terms, key: str, at: int) -> Purchase:
        made = self.catalog.offers[offer]
        return Purchase(
            key=key, customer_id="ada", account_id=None, offer=offer, thing=terms.thing, kind=made.kind.value,
            terms=terms, trial_days=made.trial_days, accepted_at=at * SECOND,
        )  # fmt: skip

    def items(self, subscription: str = "sub_ada") -> list[tuple[str, int]]:
        found = self.stripe.subscriptions[subscription]["items"]["data"]
        return [(each["price"]["id"], each["quantity"]) for each in found]

    @property
    def changes(self) -> list[dict[str, Any]]:
        return self.stripe.done("POST /v1/subscriptions/{id}")


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    documents = dict(make_documents({}))
    documents["catalog.yaml"] = CATALOG
    return compile_documents(documents).program.catalog


@pytest.fixture
def desk(catalog: Catalog) -> Iterator[Desk]:
    with open_stripe_server() as (stripe, url):
        yield Desk(stripe, url, catalog)


def test_requests_are_held_against_what_stripe_says_of_them_today() -> None:
    assert msgspec.json.decode(DESCRIPTION.read_text()) == derive()


def test_an_upgrade_changes_the_item_of_the_plan_and_charges_the_rest_of_the_period(desk: Desk) -> None:
    done = desk.take("pro")
    assert (done.outcome, done.paid) == (Outcome.DONE, (14_900 - 4_900) // 2)
    assert desk.items() == [("price_pro", 1)]
    assert desk.stripe.charged == [("sub_ada", 5_000)]
    (asked,) = desk.changes
    assert asked["proration_behavior"] == "always_invoice"
    assert asked["payment_behavior"] == "error_if_incomplete"
    assert int(asked["proration_date"]) == HALF
    keys = [key for name, _, key in desk.stripe.asked if name == "POST /v1/subscriptions/{id}"]
    assert keys == ["k1"], "the key of the order is Stripe's key"


def test_the_quantity_is_kept_and_is_the_one_that_was_accepted(desk: Desk) -> None:
    desk.stripe.now = BEGAN
    desk.stripe.subscribe("sub_ada", "cus_ada", ("price_basic", 5))
    assert desk.take("pro", price=5 * 14_900, quantity=5.0).outcome is Outcome.DONE
    assert desk.items() == [("price_pro", 5)]


def test_seats_more_at_stripe_than_were_accepted_are_not_charged(desk: Desk) -> None:
    desk.stripe.subscribe("sub_ada", "cus_ada", ("price_basic", 7))
    refused = desk.take("pro", price=5 * 14_900, quantity=5.0)
    assert refused.outcome is Outcome.REFUSED
    assert "a quantity of 5, as was accepted, found 7" in refused.detail
    assert desk.stripe.charged == []


def test_an_add_on_is_an_item_beside_the_plan(desk: Desk) -> None:
    assert desk.take("sso", price=2_000).outcome is Outcome.DONE
    assert desk.items() == [("price_basic", 1), ("price_sso", 1)]
    assert desk.stripe.charged == [("sub_ada", 1_000)]


def test_more_seats_raise_the_quantity_once_however_often_it_is_told(desk: Desk) -> None:
    for at in (HALF, HALF + 60, HALF + 2 * KEPT_FOR):
        desk.stripe.now = at
        assert desk.take("seats", price=3 * 4_900, quantity=3.0).outcome is Outcome.DONE
    assert desk.items() == [("price_basic", 4)]
    assert len(desk.changes) == 1


def test_another_interval_begins_a_period_anew_and_credits_the_old_one(desk: Desk) -> None:
    done = desk.take("yearly", price=49_000, interval="year")
    assert (done.outcome, done.paid) == (Outcome.DONE, 49_000 - 4_900 // 2)
    assert desk.items() == [("price_basicY", 1)]
    assert desk.stripe.subscriptions["sub_ada"]["items"]["data"][0]["current_period_end"] == HALF + YEAR


@pytest.mark.parametrize("trouble", ["lost", "silent", 500, 503, 429])
def test_what_was_not_answered_is_told_again_under_one_key_and_charged_once(desk: Desk, trouble: Any) -> None:
    desk.stripe.troubles["POST /v1/subscriptions/{id}"] = [trouble]
    first = desk.take("pro")
    assert first.outcome is Outcome.NOT_YET
    again = desk.take("pro")
    assert again.outcome is Outcome.DONE
    assert desk.stripe.charged == [("sub_ada", 5_000)]
    keys = {key for name, _, key in desk.stripe.asked if name == "POST /v1/subscriptions/{id}"}
    assert keys == {"k1"}


def test_once_stripe_forgot_the_key_it_is_asked_first_whether_it_is_done(desk: Desk) -> None:
    desk.stripe.troubles["POST /v1/subscriptions/{id}"] = ["lost"]
    desk.take("pro")
    desk.stripe.now += KEPT_FOR + 1
    again = desk.take("pro")
    assert (again.outcome, again.paid) == (Outcome.DONE, None)
    assert len(desk.changes) == 1
    assert desk.stripe.charged == [("sub_ada", 5_000)]


def test_told_again_by_hand_it_has_a_key_of_its_own_so_that_a_new_card_is_tried(desk: Desk) -> None:
    desk.stripe.declines = True
    assert desk.take("pro").outcome is Outcome.REFUSED
    desk.stripe.declines = False
    assert desk.take("pro").outcome is Outcome.REFUSED, "Stripe gives a key the answer it gave"
    assert desk.take("pro", round=1).outcome is Outcome.DONE
    assert desk.stripe.charged == [("sub_ada", 5_000)]


def test_a_declined_card_is_told_in_stripes_words_and_changes_nothing(desk: Desk) -> None:
    desk.stripe.declines = True
    refused = desk.take("pro")
    assert (refused.outcome, refused.message) == (Outcome.REFUSED, "Your card was declined.")
    assert desk.items() == [("price_basic", 1)]


def test_a_price_that_stripe_does_not_know_is_refused_with_its_id_for_the_team(desk: Desk) -> None:
    del desk.stripe.prices["price_pro"]
    refused = desk.take("pro")
    assert (refused.outcome, refused.message) == (Outcome.REFUSED, "")
    assert "No such price: 'price_pro'" in refused.detail


def test_a_key_that_is_not_good_refuses_nobody(desk: Desk) -> None:
    door = StripeDoor("sk_test_other", desk.url, 2)
    desk.fulfiller = StripeFulfiller(door, "https://acme.example/paid")
    said = desk.take("pro")
    assert said.outcome is Outcome.NOT_YET
    assert "401" in said.detail


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"unit_amount": 15_900}, "found 15900 at Stripe"),
        ({"currency": "eur"}, "found none at Stripe"),
        ({"billing_scheme": "tiered"}, "found none at Stripe"),
        ({"active": False}, "found it otherwise"),
        (
            {"recurring": {"interval": "year", "interval_count": 1, "usage_type": "licensed"}},
            "found it otherwise",
        ),
        (
            {"recurring": {"interval": "month", "interval_count": 3, "usage_type": "licensed"}},
            "found it otherwise",
        ),
        (
            {"recurring": {"interval": "month", "interval_count": 1, "usage_type": "metered"}},
            "found it otherwise",
        ),
    ],
)
def test_another_price_at_stripe_than_was_shown_is_never_charged(desk: Desk, changed: Any, said: str) -> None:
    desk.stripe.prices["price_pro"] |= changed
    refused = desk.take("pro")
    assert refused.outcome is Outcome.REFUSED
    assert said in refused.detail
    assert (desk.changes, desk.stripe.charged) == ([], [])
    assert desk.foresee("pro") == Foreseen(Outlook.DIFFERS)


def test_a_price_in_several_currencies_is_held_against_the_one_accepted(desk: Desk) -> None:
    desk.stripe.prices["price_pro"] |= {"currency": "eur", "unit_amount": 13_900}
    desk.stripe.prices["price_pro"]["currency_options"] = {"usd": {"unit_amount": 14_900}}
    assert desk.take("pro").outcome is Outcome.DONE


def test_a_discount_they_have_at_stripe_already_is_another_price_and_refused(desk: Desk) -> None:
    desk.stripe.coupons["OLD"] = {"percent_off": 20, "amount_off": None}
    before = desk.stripe._line  # what the server would say of any line

    def line(item: Any, share: float) -> Any:
        return before({**item, "discounts": [*item["discounts"], {"coupon": "OLD"}]}, share)

    # Stripe as it answers where a discount lies on all they pay for: no request of ours makes one.
    with patch.object(desk.stripe, "_line", line):
        refused = desk.take("pro")
    assert refused.outcome is Outcome.REFUSED
    assert "Stripe would charge 11920" in refused.detail
    assert desk.changes == []


def test_a_discount_is_a_coupon_of_its_own_on_the_item_made_once_for_all(desk: Desk) -> None:
    done = desk.take("less", price=13_410, full=14_900)
    assert (done.outcome, done.paid) == (Outcome.DONE, (13_410 - 4_900) // 2)
    ((id_, coupon),) = desk.stripe.coupons.items()
    assert id_.startswith("upsell-")
    assert (coupon["percent_off"], coupon["duration"], coupon["duration_in_months"]) == (10, "repeating", 3)
    assert desk.stripe.subscriptions["sub_ada"]["items"]["data"][0]["discounts"] == [{"coupon": id_}]
    desk.stripe.customer("cus_bob")
    desk.stripe.subscribe("sub_bob", "cus_bob", ("price_basic", 1))
    assert desk.take("less", price=13_410, full=14_900, key="k2", customer="cus_bob").outcome is Outcome.DONE
    assert list(desk.stripe.coupons) == [id_]


@given(full=st.integers(1, 10**7), share=st.floats(0, 0.99), months=st.none() | st.integers(1, 24))
def test_a_coupon_comes_to_the_very_price_however_it_is_rounded(
    full: int, share: float, months: int | None
) -> None:
    price = full - int(full * share)
    terms = Terms(
        offer="o", thing="pro", name="Pro", currency="USD", interval="month", full=full, price=price
    )
    coupon = coupon_for(Sale("price_pro", Change.REPLACE, months=months), terms)
    if coupon is None:
        assert price == full
        return
    if coupon.percent_off is not None:
        off = Fraction(str(coupon.percent_off)) * full / 100
        assert {math.floor(full - off + Fraction(1, 2)), math.ceil(full - off - Fraction(1, 2))} == {price}
    else:
        assert (coupon.amount_off, coupon.currency) == (full - price, "usd")
    assert (coupon.duration, coupon.duration_in_months) == ("repeating" if months else "forever", months)
    ask_coupon(coupon, terms, coupon)


def test_a_discount_no_share_comes_to_takes_the_amount_off(desk: Desk) -> None:
    # A third off 490.00 is no share to two digits.
    done = desk.take("yearly", price=32_667, full=49_000, interval="year")
    (coupon,) = desk.stripe.coupons.values()
    assert (coupon["percent_off"], coupon["amount_off"], coupon["currency"]) == (None, 49_000 - 32_667, "usd")
    assert (done.outcome, done.paid) == (Outcome.DONE, 32_667 - 4_900 // 2)


def test_a_coupon_of_the_catalog_must_take_off_what_was_shown(desk: Desk) -> None:
    wrong = {"amount_off": None, "currency": None, "valid": True, "id": "SPRING", "duration": "repeating"}
    for changed in (
        {"percent_off": 15, "duration_in_months": 3},
        {"percent_off": 10, "duration_in_months": 6},
    ):
        desk.stripe.coupons["SPRING"] = {**wrong, **changed}
        refused = desk.take("spring", price=13_410, full=14_900)
        assert refused.outcome is Outcome.REFUSED
        assert "the coupon SPRING to take 1490 off for 3 months" in refused.detail
    desk.stripe.coupons["SPRING"] = {**wrong, "percent_off": 10, "duration_in_months": 3}
    assert desk.take("spring", price=13_410, full=14_900).outcome is Outcome.DONE
    assert list(desk.stripe.coupons) == ["SPRING"]


def test_an_old_discount_of_the_item_does_not_outlive_the_change(desk: Desk) -> None:
    desk.stripe.coupons["OLD"] = {"percent_off": 50, "amount_off": None}
    desk.stripe.subscriptions["sub_ada"]["items"]["data"][0]["discounts"] = [{"coupon": "OLD"}]
    assert desk.take("pro").outcome is Outcome.DONE
    assert desk.stripe.subscriptions["sub_ada"]["items"]["data"][0]["discounts"] == []


def test_a_trial_is_beside_what_they_pay_for_and_ends_without_a_charge(desk: Desk) -> None:
    done = desk.take("try")
    assert (done.outcome, done.paid) == (Outcome.DONE, 0)
    (made,) = desk.stripe.done("POST /v1/subscriptions")
    assert (made["cancel_at_period_end"], int(made["trial_end"])) == ("true", HALF + 14 * 86_400)
    assert made["metadata"] == {"upsell_customer": "ada", "upsell_order": "k1", "upsell_trial": "pro"}
    assert made["trial_settings"] == {"end_behavior": {"missing_payment_method": "cancel"}}
    assert desk.items() == [("price_basic", 1)], "what they pay for stays as it is"
    desk.stripe.now = HALF + 14 * 86_400
    desk.stripe.end_trials()
    assert desk.stripe.charged == []
    assert {each["status"] for each in desk.stripe.subscriptions.values()} == {"active", "canceled"}


def test_a_trial_is_begun_once_also_when_stripe_forgot_the_key(desk: Desk) -> None:
    desk.stripe.troubles["POST /v1/subscriptions"] = ["lost"]
    assert desk.take("try").outcome is Outcome.NOT_YET
    desk.stripe.now += KEPT_FOR + 1
    assert desk.take("try").outcome is Outcome.DONE
    assert len(desk.stripe.subscriptions) == 2


def test_whoever_tries_without_being_known_to_stripe_is_made_known_and_needs_no_card(desk: Desk) -> None:
    done = desk.take("try", customer="", email="bob@acme.example")
    assert done.outcome is Outcome.DONE
    (made,) = desk.stripe.done("POST /v1/customers")
    assert made == {"metadata": {"upsell_customer": "ada"}, "email": "bob@acme.example"}
    assert done.learned == {"stripe_customer_id": desk.stripe.done("POST /v1/subscriptions")[0]["customer"]}


def test_a_trial_goes_on_to_be_paid_when_its_paid_terms_are_accepted(desk: Desk) -> None:
    desk.stripe.customer("cus_bob")
    desk.take("try", customer="cus_bob")
    done = desk.take("pro", customer="cus_bob", key="k2")
    assert (done.outcome, done.paid) == (Outcome.DONE, 0)
    assert desk.stripe.charged == []
    desk.stripe.now = HALF + 14 * 86_400
    desk.stripe.end_trials()
    assert [amount for _, amount in desk.stripe.charged] == [14_900]
    assert desk.take("pro", customer="cus_bob", key="k2").outcome is Outcome.DONE


def test_paid_terms_without_a_card_ask_for_one_before_the_trial_goes_on(desk: Desk) -> None:
    desk.stripe.customer("cus_bob", has_card=False)
    desk.take("try", customer="cus_bob")
    asked = desk.take("pro", customer="cus_bob", key="k2")
    assert asked.outcome is Outcome.UNPAID
    desk.stripe.now = HALF + 14 * 86_400
    desk.stripe.end_trials()
    assert desk.stripe.charged == []


def test_whoever_has_no_subscription_pays_on_a_page_of_stripes(desk: Desk) -> None:
    asked = desk.take("pro", customer="", email="bob@acme.example")
    assert asked.outcome is Outcome.UNPAID
    assert asked.bill is not None
    assert asked.bill.url.startswith("https://checkout.stripe.com/")
    (made,) = desk.stripe.done("POST /v1/checkout/sessions")
    assert (made["mode"], made["line_items"]) == ("subscription", [{"price": "price_pro", "quantity": "1"}])
    assert made["subscription_data"]["metadata"] == {"upsell_customer": "ada", "upsell_order": "k1"}
    assert (made["customer_email"], made["adaptive_pricing"]) == ("bob@acme.example", {"enabled": "false"})
    twice = desk.take("pro", customer="", email="bob@acme.example")
    assert twice.bill == asked.bill, "a second click finds the same page"
    assert len(desk.stripe.sessions) == 1
    checkout = asked.bill.id
    assert desk.take("pro", customer="", checkout=checkout).bill == asked.bill
    desk.stripe.pay(checkout)
    done = desk.take("pro", customer="", checkout=checkout)
    assert (done.outcome, done.paid) == (Outcome.DONE, 14_900)
    assert done.learned == {"stripe_customer_id": "cus_new"}


def test_a_page_asks_the_price_less_its_discount(desk: Desk) -> None:
    asked = desk.take("less", price=13_410, full=14_900, customer="")
    assert asked.outcome is Outcome.UNPAID
    (session,) = desk.stripe.sessions.values()
    assert session["amount_total"] == 13_410


def test_a_page_that_would_ask_another_price_is_closed_at_once(desk: Desk) -> None:
    made = desk.stripe._make_session  # what the server opens
    # Stripe as it answers where a price was changed between our look and the page.
    other = {"amount_subtotal": 15_000}
    with patch.object(desk.stripe, "_make_session", lambda given: made(given) | other):
        made_of = desk.take("pro", customer="")
    assert made_of.outcome is Outcome.REFUSED
    assert desk.stripe.asked[-1][0] == "POST /v1/checkout/sessions/{id}/expire"


def test_a_page_nobody_paid_on_in_time_is_refused_as_lapsed(desk: Desk) -> None:
    asked = desk.take("pro", customer="")
    assert asked.bill is not None
    desk.stripe.now += 86_400
    lapsed = desk.take("pro", customer="", checkout=asked.bill.id)
    assert (lapsed.outcome, lapsed.is_lapsed) == (Outcome.REFUSED, True)


def test_a_payment_that_takes_its_time_is_waited_for(desk: Desk) -> None:
    asked = desk.take("pro", customer="")
    assert asked.bill is not None
    desk.stripe.pay(asked.bill.id, payment_status="unpaid")
    still = desk.take("pro", customer="", checkout=asked.bill.id)
    assert still.outcome is Outcome.UNPAID
    assert still.bill is not None
    assert still.bill.url == "", "there is nothing to be paid any more"


def test_what_is_due_once_is_paid_on_a_page(desk: Desk) -> None:
    asked = desk.take("setup", price=50_000, interval="")
    assert asked.outcome is Outcome.UNPAID
    (made,) = desk.stripe.done("POST /v1/checkout/sessions")
    assert (made["mode"], made["customer"]) == ("payment", "cus_ada")


def test_whoever_has_a_subscription_and_no_card_leaves_one_then_it_is_changed(desk: Desk) -> None:
    desk.stripe.customer("cus_ada", has_card=False)
    asked = desk.take("pro")
    assert asked.outcome is Outcome.UNPAID
    (made,) = desk.stripe.done("POST /v1/checkout/sessions")
    assert made["mode"] == "setup"
    assert asked.bill is not None
    desk.stripe.pay(
        asked.bill.id, customer="cus_ada", payment_status="no_payment_required",
        setup_intent={"id": "seti_1", "payment_method": "pm_new"},
    )  # fmt: skip
    done = desk.take("pro", checkout=asked.bill.id)
    assert (done.outcome, done.paid) == (Outcome.DONE, 5_000)
    assert desk.changes[0]["default_payment_method"] == "pm_new"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"cancel_at_period_end": True}, "which is to end"),
        ({"cancel_at": HALF + 9}, "which is to end"),
        ({"currency": "eur"}, "found EUR"),
    ],
)
def test_what_cannot_be_told_for_certain_is_left_to_the_team(desk: Desk, changed: Any, said: str) -> None:
    desk.stripe.subscriptions["sub_ada"] |= changed
    left = desk.take("pro")
    assert left.outcome is Outcome.BY_HAND
    assert said in left.detail
    assert desk.changes == []
    assert desk.foresee("pro") is None


def test_a_price_the_catalog_does_not_name_may_be_the_present_plan_so_nothing_is_added(desk: Desk) -> None:
    desk.stripe.price("price_legacy", 3_900)
    desk.stripe.subscribe("sub_ada", "cus_ada", ("price_legacy", 1))
    left = desk.take("pro")
    assert left.outcome is Outcome.BY_HAND
    assert "price_legacy, which may be the present plan" in left.detail


def test_of_several_subscriptions_the_trait_says_which(desk: Desk) -> None:
    desk.stripe.subscribe("sub_two", "cus_ada", ("price_basic", 1))
    assert desk.take("pro").outcome is Outcome.BY_HAND
    assert desk.take("pro", subscription="sub_two").outcome is Outcome.DONE
    assert (desk.items(), desk.items("sub_two")) == ([("price_basic", 1)], [("price_pro", 1)])


def test_what_they_have_already_is_theirs_and_nothing_is_charged(desk: Desk) -> None:
    desk.stripe.subscribe("sub_ada", "cus_ada", ("price_pro", 1))
    assert desk.take("pro").outcome is Outcome.DONE
    assert (desk.changes, desk.stripe.charged) == ([], [])


def test_what_the_catalog_names_no_price_for_is_not_sold_by_stripe(desk: Desk) -> None:
    terms = Terms(
        offer="chat", thing="chat", name="Chat", currency="USD", interval="month", full=1_000, price=1_000
    )
    assert sale_from(desk.catalog, desk.catalog.offers["chat"], terms) is None


def test_what_is_foreseen_is_what_is_then_charged(desk: Desk) -> None:
    foreseen = desk.foresee("pro")
    end = (BEGAN + MONTH) * SECOND
    assert foreseen == Foreseen(Outlook.CHARGED, now=5_000, next=14_900, next_at=end, currency="USD")
    assert desk.stripe.charged == []
    assert desk.take("pro", at=HALF + 3_599).paid == 5_000, "within the hour to the cent"


def test_foresight_of_another_interval_says_no_next_invoice(desk: Desk) -> None:
    foreseen = desk.foresee("yearly", price=49_000, interval="year")
    assert foreseen == Foreseen(Outlook.CHARGED, now=49_000 - 2_450, currency="USD")


def test_foresight_says_when_a_page_is_to_be_paid_on_and_nothing_of_trials(desk: Desk) -> None:
    assert desk.foresee("pro", customer="") == Foreseen(Outlook.CHECKOUT)
    assert desk.foresee("try") is None
    assert desk.stripe.sessions == {}


@pytest.mark.parametrize("trouble", ["silent", 500, 429])
def test_where_stripe_does_not_answer_nothing_is_invented(desk: Desk, trouble: Any) -> None:
    desk.stripe.troubles["POST /v1/invoices/create_preview"] = [trouble]
    assert desk.foresee("pro") == Foreseen(Outlook.SILENT)


@pytest.mark.parametrize(
    ("currency", "ours", "theirs"), [("USD", 149, 149), ("JPY", 149, 149), ("ISK", 149, 14_900)]
)
def test_money_is_counted_as_stripe_counts_it(currency: str, ours: int, theirs: int) -> None:
    assert (to_stripe(ours, currency), from_stripe(theirs, currency)) == (theirs, ours)
