"""Stripe's webhooks: what proves them, what they become, and what is kept aside."""

from __future__ import annotations

import inspect
import json
import re
from itertools import pairwise
from typing import Any

import pytest
import stripe

from tests.stripe_world import (
    BEGAN,
    FILE,
    OBJECTS,
    PRICE,
    SECRET,
    SOLD,
    VARIABLE,
    Life,
    make_hook,
    make_item,
    make_object,
    make_price,
    make_source,
    make_subscription,
    send,
    signed,
)
from upsell.clock import MINUTE, SECOND, format_moment
from upsell.decisions.policy import SENSITIVE_STATES
from upsell.decisions.sensitive import take_state
from upsell.errors import DefinitionError
from upsell.signals.profiles import Profile
from upsell.sources.definitions import read_sources
from upsell.sources.reports import ForgedError, MalformedError
from upsell.sources.segment import Draft
from upsell.sources.source import Delivery, Taken, take_delivery
from upsell.sources.stripe.applied import TELLING
from upsell.sources.stripe.reading import READ
from upsell.sources.vendor_ids import NotYetError

NOW = (BEGAN + 60) * SECOND
SUB = OBJECTS["subscription"]["id"]
CUSTOMER = OBJECTS["customer"]["id"]


def events(taken: Taken) -> list[tuple[str, dict[str, Any]]]:
    """Give name and properties of what was taken; nothing may have been refused."""
    assert not taken.asides, taken.asides
    drafts = [item for item in taken.items if isinstance(item, Draft)]
    assert len(drafts) == len(taken.items), taken.items
    return [(draft.event.name, draft.event.properties) for draft in drafts]


def names(life: Life) -> list[list[str]]:
    """Give the names of the events that each webhook of a life becomes."""
    return [[name for name, _ in events(send(hook))] for hook in life.hooks]


def code_of(hook: Any, source: Any = None) -> tuple[str, str]:
    """Give code and message of the one thing a webhook is kept aside for."""
    taken = send(hook, source=source) if source is not None else send(hook)
    assert not taken.items
    (aside,) = taken.asides
    return aside.code, aside.message


def invoice(**changed: Any) -> dict[str, Any]:
    """Give an invoice of 10.00."""
    return make_object("invoice", **changed)


# What proves a webhook.


def test_a_webhook_signed_by_the_vendors_library_is_read() -> None:
    assert events(send(make_hook("invoice.paid", invoice(amount_paid=1000)))) == [
        ("Invoice Paid", {"invoice_id": OBJECTS["invoice"]["id"], "amount": 1000, "currency": "USD"})
    ]


@pytest.mark.parametrize(
    "forge",
    [
        lambda true: Delivery(true.body, {}),
        lambda true: Delivery(true.body + b" ", true.headers),
        lambda true: Delivery(b"\xff" + true.body, true.headers),
        lambda true: Delivery(true.body, {"stripe-signature": "t=1"}),
        lambda true: Delivery(true.body, {"stripe-signature": "t=x,v1=00"}),
        lambda true: Delivery(true.body, {"stripe-signature": true.headers["stripe-signature"][:-1] + "g"}),
        lambda true: Delivery(
            true.body, {"stripe-signature": true.headers["stripe-signature"].replace("v1", "v0")}
        ),
        lambda true: signed(true.body.decode(), NOW, "whsec_another"),
    ],
)
def test_a_body_that_was_not_signed_so_is_forged(forge: Any) -> None:
    true = signed(make_hook("invoice.paid", invoice()), NOW)
    with pytest.raises(ForgedError):
        take_delivery(make_source(), forge(true), NOW)


@pytest.mark.parametrize(("off", "is_taken"), [(-5, True), (5, True), (-6, False), (6, False)])
def test_a_signature_is_good_for_five_minutes_of_the_clock_that_is_given(off: int, is_taken: bool) -> None:
    delivery = signed(make_hook("plan.created", OBJECTS["plan"]), NOW)
    at = NOW + off * MINUTE
    if is_taken:
        assert take_delivery(make_source(), delivery, at).passed_over == 1
    else:
        with pytest.raises(ForgedError, match="last 5 minutes"):
            take_delivery(make_source(), delivery, at)


def test_while_a_secret_is_changed_either_is_good() -> None:
    file = f"stripe: {{secrets: [{VARIABLE}, UPSELL_SECRET_NEXT]}}"
    defined = read_sources({"sources/stripe.yaml": file})["stripe"]
    source = defined.open({VARIABLE: SECRET, "UPSELL_SECRET_NEXT": "whsec_next"})
    hook = make_hook("plan.created", OBJECTS["plan"])
    for secrets in ((SECRET,), ("whsec_next",), ("whsec_old", "whsec_next")):
        assert take_delivery(source, signed(hook, NOW, *secrets), NOW).passed_over == 1


# What a life of a subscription becomes.


def test_a_trial_that_is_paid_for_and_a_subscription_that_ends() -> None:
    life = Life(make_item(make_price(), 3), status="trialing", trial_end=BEGAN + 30 * 86_400)
    life.now += 1000
    life.change(status="active", trial_end=life.now)
    life.set_items(make_item(make_price(), 5))
    life.now += 1000
    life.renew()
    life.change(cancel_at_period_end=True)
    life.change(cancel_at_period_end=False)
    life.delete()
    assert names(life) == [
        ["Subscription Started", "Trial Started"],
        ["Subscription Changed", "Trial Ended"],
        ["Subscription Changed"],
        ["Subscription Renewed"],
        ["Subscription Canceled"],
        ["Subscription Changed"],
        ["Subscription Canceled"],
    ]
    said = [events(send(hook)) for hook in life.hooks]
    assert said[0][1][1] == {
        "subscription_id": SUB,
        "plan": "pro",
        "ends_at": format_moment((BEGAN + 30 * 86_400) * SECOND),
    }
    assert said[1][1][1]["converted"] is True
    ends_at = format_moment((BEGAN + 60 * 86_400) * SECOND)
    assert (said[4][0][1]["ends_at"], said[4][0][1]["renews_at"]) == (ends_at, ends_at)
    assert said[6][0][1]["ends_at"] == format_moment(life.now * SECOND)
    chain = [(each["state_before"], each["state_after"]) for ((_, each), *_) in said]
    assert all(after == before for (_, after), (before, _) in pairwise(chain))


def test_a_change_while_an_end_is_set_is_told_before_the_end_is_told_again() -> None:
    life = Life()
    life.change(cancel_at=BEGAN + 90 * 86_400)
    life.set_items(make_item(make_price(), 2))
    taken = send(life.hooks[2]).items
    told = [(each.event.name, each.event.occurred_at % SECOND) for each in taken if isinstance(each, Draft)]
    assert told == [("Subscription Changed", 1_000), ("Subscription Canceled", 1_001)]


def test_a_subscription_starts_when_its_first_payment_came() -> None:
    life = Life(status="incomplete")
    life.change(status="active")
    assert names(life) == [[], ["Subscription Started"]]
    never = Life(status="incomplete")
    never.change(status="incomplete_expired")
    assert names(never) == [[], []]


def test_a_trial_that_nobody_pays_for_ends_unconverted() -> None:
    paused = Life(status="trialing", trial_end=BEGAN + 86_400)
    paused.change(status="paused")
    paused.change(status="active")
    assert names(paused)[1:] == [["Subscription Canceled", "Trial Ended"], ["Subscription Changed"]]
    ended = Life(status="trialing", trial_end=BEGAN + 86_400)
    ended.now += 86_400
    ended.delete()
    assert names(ended)[1] == ["Subscription Canceled", "Trial Ended"]
    assert events(send(ended.hooks[1]))[1][1]["converted"] is False


def test_what_is_past_due_is_still_had_and_what_is_unpaid_is_not() -> None:
    life = Life()
    life.change(status="past_due")
    life.change(status="unpaid")
    life.change(status="active")
    assert names(life)[1:] == [[], ["Subscription Canceled"], ["Subscription Changed"]]


def test_an_add_on_is_a_subscription_of_its_own_and_the_plan_keeps_its_id() -> None:
    sso = make_item(make_price("price_sso", 1000))
    life = Life(make_item(make_price("price_starter"), id="si_1"), sso)
    life.set_items(make_item(make_price("price_pro"), id="si_2"), sso)
    life.set_items(make_item(make_price("price_pro"), id="si_2"))
    ids = [[(name, said["subscription_id"]) for name, said in events(send(hook))] for hook in life.hooks]
    assert ids == [
        [("Subscription Started", SUB), ("Subscription Started", f"{SUB}/sso")],
        [("Subscription Changed", SUB)],
        [("Subscription Canceled", f"{SUB}/sso")],
    ]


def test_what_changes_nothing_of_ours_is_no_event() -> None:
    life = Life()
    life.change(metadata={"note": "x"})
    life.change(default_payment_method="pm_1")
    life.change(pause_collection={"behavior": "void", "resumes_at": None})
    assert names(life)[1:] == [[], [], []]


def test_a_plan_of_another_family_is_had_beside_the_main_one() -> None:
    catalog = SOLD.replace("offers:", "  crm: {name: CRM, tier: 1, family: crm, price: {month: 5}}\noffers:")
    source = make_source(FILE.replace("plans: {", "plans: {prod_crm: crm, "), catalog)
    beside = make_item(make_price("price_9", 500, product="prod_crm"))
    hook = make_hook("customer.subscription.created", make_subscription(make_item(make_price()), beside))
    said = [(each["subscription_id"], each["plan"]) for _, each in events(send(hook, source=source))]
    assert said == [(SUB, "pro"), (f"{SUB}/family/crm", "crm")]


def test_prices_are_found_by_their_id_their_lookup_key_or_their_product_and_in_the_catalog() -> None:
    catalog = SOLD.replace("price: {month: 49}", "price: {month: 49}, stripe: {month: {USD: price_cat}}")
    source = make_source(
        f"stripe: {{secrets: [{VARIABLE}], plans: {{pro-monthly: pro, prod_1: pro}}}}", catalog
    )

    def plan(*price: Any, **said: Any) -> str:
        hook = make_hook(
            "customer.subscription.created", make_subscription(make_item(make_price(*price, **said)))
        )
        return str(events(send(hook, source=source))[0][1]["plan"])

    assert plan("price_cat") == "starter"
    assert plan("price_x", lookup_key="pro-monthly") == "pro"
    assert plan("price_x", product="prod_1") == "pro"
    assert plan("price_x", product={"id": "prod_1", "object": "product"}) == "pro"


# Payments.


def test_an_invoice_fails_is_paid_and_is_called_off() -> None:
    failed = make_hook("invoice.payment_failed", invoice(amount_remaining=700))
    voided = make_hook("invoice.voided", invoice())
    assert [(name, said["amount"]) for hook in (failed, voided) for name, said in events(send(hook))] == [
        ("Invoice Payment Failed", 700),
        ("Invoice Voided", 1000),
    ]
    paid = send(make_hook("invoice.paid", invoice(amount_paid=1000))).items[0]
    (fails,) = send(failed).items
    assert isinstance(paid, Draft) and isinstance(fails, Draft)
    assert fails.event.occurred_at < paid.event.occurred_at


def test_an_invoice_on_which_nothing_was_due_is_no_event() -> None:
    free = invoice(amount_due=0, amount_paid=0, attempt_count=0)
    assert send(make_hook("invoice.paid", free)).passed_over == 1


def test_each_refund_of_a_charge_counts_what_it_gave_back() -> None:
    charge = make_object("charge", customer=CUSTOMER, amount=1000, amount_refunded=300)
    first = make_hook("charge.refunded", charge, previous={"amount_refunded": 0, "refunded": False})
    second = make_hook(
        "charge.refunded", {**charge, "amount_refunded": 1000}, previous={"amount_refunded": 300}
    )
    assert [events(send(hook))[0][1]["amount"] for hook in (first, second)] == [300, 700]


# Whose it is, and what is known of them.


def owner(hook: Any, keys: str) -> tuple[str | None, str | None]:
    """Give customer and account of what a webhook becomes, by a file with some keys."""
    source = make_source(FILE + f"  {keys}\n" if keys else FILE)
    (first, *_) = send(hook, source=source).items
    assert isinstance(first, Draft), first
    return first.event.customer_id, first.event.account_id


def test_it_is_the_account_called_as_the_customer_at_stripe_unless_the_file_says_otherwise() -> None:
    noted = make_subscription(metadata={"account_id": "acme", "user": "ada"}, customer=CUSTOMER)
    hook = make_hook("customer.subscription.created", noted)
    assert owner(hook, "") == (None, CUSTOMER)
    assert owner(hook, "account: metadata.account_id") == (None, "acme")
    assert owner(hook, "account: metadata.missing || customer.id") == (None, CUSTOMER)
    assert owner(hook, "customer: metadata.user") == ("ada", None)
    both = "{account: metadata.account_id, customer: metadata.user}"
    assert owner(hook, both[1:-1].replace(", ", "\n  ")) == ("ada", "acme")


@pytest.mark.parametrize(
    "said",
    [
        {"parent": {"subscription_details": {"metadata": {"account_id": "acme"}}}},
        {"subscription_details": {"metadata": {"account_id": "acme"}}},
        {"metadata": {"account_id": "acme"}, "parent": None},
        {"customer": {"id": "cus_1", "metadata": {"account_id": "acme"}}, "parent": None},
    ],
)
def test_what_stands_on_the_subscription_goes_before_the_invoice_and_the_customer(
    said: dict[str, Any],
) -> None:
    hook = make_hook("invoice.paid", invoice(**{"parent": None, "amount_paid": 1, **said}))
    assert owner(hook, "account: metadata.account_id") == (None, "acme")
    hook["data"]["object"]["customer"] = {"id": "cus_1", "metadata": {"account_id": "other"}}
    if "customer" not in said:
        assert owner(hook, "account: metadata.account_id") == (None, "acme")


def test_what_is_nobodys_is_kept_aside() -> None:
    source = make_source(FILE + "  account: metadata.account_id\n")
    code, message = code_of(make_hook("charge.refunded", make_object("charge", amount_refunded=1)), source)
    assert (code, "metadata.account_id" in message) == ("missing_id", True)
    code, _ = code_of(make_hook("invoice.paid", invoice(customer=None, amount_paid=1)))
    assert code == "missing_id"


def known_by(keys: str, *told: Any) -> Any:
    """Give a source that was told of a customer at Stripe before, by webhooks, the last of which stands."""
    source = make_source(FILE + keys)
    for hook in told:
        naming = source.naming(signed(hook, NOW))
        source = source.knowing({naming.vendor_id: naming.owner}, {})
    return source


def test_whose_something_is_may_have_been_told_before_of_its_customer_at_stripe() -> None:
    person = make_object("customer", id="cus_1", metadata={"account_id": "acme"})
    bought = make_object("checkout.session", customer="cus_1", client_reference_id="acme", metadata={})
    refund = make_hook("charge.refunded", make_object("charge", customer="cus_1", amount_refunded=5))
    for told in (make_hook("customer.created", person), make_hook("checkout.session.completed", bought)):
        source = known_by("  account: metadata.account_id || object.client_reference_id\n", told)
        (item,) = send(refund, source=source).items
        assert isinstance(item, Draft)
        assert item.event.account_id == "acme"


def test_what_acceptances_write_to_a_customer_at_stripe_is_understood_without_a_word() -> None:
    both = {"upsell_account": "acme", "upsell_customer": "ada"}
    refund = make_hook("charge.refunded", make_object("charge", customer="cus_1", amount_refunded=5))
    for metadata, owned in (
        (both, (None, "acme")),
        ({"upsell_customer": "ada"}, ("ada", None)),
        ({}, (None, "cus_1")),
    ):
        person = make_hook("customer.created", make_object("customer", id="cus_1", metadata=metadata))
        source = make_source()
        naming = source.naming(signed(person, NOW))
        source = source.knowing({} if naming.owner is None else {"cus_1": naming.owner}, {})
        (item,) = send(refund, source=source).items
        assert isinstance(item, Draft)
        assert (item.event.customer_id, item.event.account_id) == owned


def test_what_is_new_and_nobodys_yet_is_asked_for_again_for_an_hour() -> None:
    source = make_source(FILE + "  account: metadata.account_id\n")
    hook = make_hook("invoice.paid", make_object("invoice", customer="cus_1", amount_paid=1))
    with pytest.raises(NotYetError):
        send(hook, (BEGAN + 3_599) * SECOND, source)
    assert [each.code for each in send(hook, (BEGAN + 3_600) * SECOND, source).asides] == ["missing_id"]


def test_a_customer_is_told_of_as_the_account_and_the_person_they_are() -> None:
    person = make_object("customer", email="ada@acme.example", name="Acme", address={"country": "DE"})
    source = make_source(FILE + "  account: customer.id\n  customer: customer.email\n")
    told = events(send(make_hook("customer.created", person), source=source))
    assert told == [
        (
            "Customer Identified",
            {"stripe_customer_id": CUSTOMER, "email": "ada@acme.example", "name": "Acme", "country": "DE"},
        ),
        (
            "Account Identified",
            {
                "stripe_customer_id": CUSTOMER,
                "billing_email": "ada@acme.example",
                "name": "Acme",
                "country": "DE",
            },
        ),
    ]
    changed = make_hook("customer.updated", person, previous={"name": "Old", "balance": 3})
    assert events(send(changed)) == [("Account Identified", {"name": "Acme"})]
    assert send(make_hook("customer.updated", person, previous={"balance": 3})).passed_over == 1


# What is kept aside, and what is passed over.


def test_a_price_that_is_not_sold_is_kept_aside_and_named() -> None:
    hook = make_hook(
        "customer.subscription.created", make_subscription(make_item(make_price("price_x", product="prod_x")))
    )
    code, message = code_of(hook)
    assert (code, "price_x (product prod_x)" in message) == ("unknown_price", True)
    beside = make_subscription(make_item(make_price("price_x")), make_item(make_price("price_sso")))
    assert code_of(make_hook("customer.subscription.created", beside))[0] == "unknown_price"
    cut_off = make_subscription()
    cut_off["items"]["has_more"] = True
    assert code_of(make_hook("customer.subscription.created", cut_off))[0] == "unknown_price"


@pytest.mark.parametrize(
    ("kind", "about", "changed", "code"),
    [
        ("customer.subscription.created", "subscription", {"status": "hibernating"}, "unknown_state"),
        ("customer.subscription.created", "subscription", {"items": None}, "unknown_shape"),
        (
            "customer.subscription.created",
            "subscription",
            {"items": {"data": [{"id": "si"}]}},
            "unknown_shape",
        ),
        ("customer.subscription.created", "subscription", {"items": {"data": []}}, "unknown_price"),
        ("customer.subscription.created", "subscription", {"cancel_at": 2**62}, "unknown_shape"),
        ("customer.subscription.created", "subscription", {"start_date": -5}, "unknown_shape"),
        ("customer.subscription.deleted", "subscription", {"ended_at": 2**62}, "unknown_shape"),
        ("invoice.paid", "invoice", {"amount_paid": "ten"}, "unknown_shape"),
        ("invoice.paid", "invoice", {"id": None}, "unknown_shape"),
        ("charge.refunded", "charge", {"amount_refunded": None}, "unknown_shape"),
    ],
)
def test_a_shape_that_is_not_known_is_kept_aside_with_the_version_it_came_in(
    kind: str, about: str, changed: dict[str, Any], code: str
) -> None:
    hook = make_hook(kind, {**OBJECTS[about], **changed}, api_version="2031-01-01.quark")
    found, message = code_of(hook)
    assert (found, "2031-01-01.quark" in message) == (code, True), message


@pytest.mark.parametrize("created", [0, 2**62, BEGAN + 500 * 86_400])
def test_a_time_that_cannot_be_is_kept_aside(created: int) -> None:
    hook = make_hook("invoice.paid", invoice(amount_paid=1), created=created)
    assert code_of(hook)[0] == "invalid_time"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{",
        '{"type": "invoice.paid"}',
        json.dumps({"object": "v2.core.event", "id": "e", "type": "x"}),
    ],
)
def test_what_is_no_event_of_stripes_is_malformed(body: str) -> None:
    with pytest.raises(MalformedError, match="snapshot"):
        send(body)


@pytest.mark.parametrize("name", sorted(OBJECTS))
def test_every_object_of_the_vendors_becomes_something_or_is_said_why_not(name: str) -> None:
    for kind in (*sorted(READ), "checkout.session.completed"):
        try:
            taken = send(make_hook(kind, OBJECTS[name]))
        except MalformedError:
            pytest.fail(f"{kind} of {name} raised")
        assert taken.items or taken.asides or taken.passed_over
        assert all(isinstance(item, Draft) for item in taken.items)


def test_an_update_that_does_not_say_what_was_before_is_told_as_what_is_now() -> None:
    for previous in (None, {"items": {"data": [{"id": "si_0"}]}}, {"status": "hibernating"}):
        hook = make_hook("customer.subscription.updated", make_subscription(), previous=previous)
        ((name, said),) = events(send(hook))
        assert (name, "state_before" in said) == ("Subscription Changed", False)


def test_every_event_the_vendors_library_knows_is_read_or_passed_over() -> None:
    known = set(re.findall(r'"([a-z_]+(?:\.[a-z_]+)+)"', inspect.getsource(stripe.Event)))
    assert known > READ | TELLING
    for kind in sorted(known - READ - TELLING):
        assert send(make_hook(kind, {"object": "anything"})) == Taken(passed_over=1), kind


def test_an_event_about_a_subscription_that_nobody_knows_is_kept_aside() -> None:
    code, message = code_of(make_hook("customer.subscription.hibernated", make_subscription()))
    assert (code, "customer.subscription.hibernated" in message) == ("unknown_kind", True)


def test_what_was_before_is_found_where_an_update_tells_only_what_changed_of_an_item() -> None:
    life = Life(make_item(make_price(), 1, id="si_1"))
    now = make_subscription(make_item(make_price(), 4, id="si_1"))
    partly = {"items": {"data": [{"id": "si_1", "quantity": 1}]}, "metadata": {"note": None}}
    hook = make_hook("customer.subscription.updated", now, previous=partly)
    ((_, began),) = events(send(life.hooks[0]))
    ((name, said),) = events(send(hook))
    assert (name, said["quantity"], said["state_before"]) == ("Subscription Changed", 4, began["state_after"])


def test_an_invoice_that_is_called_off_ends_the_failed_payment() -> None:
    state = next(each for each in SENSITIVE_STATES if each.name == "failed_payment")
    for kinds in (["invoice.payment_failed", "invoice.voided"], ["invoice.voided", "invoice.payment_failed"]):
        profile = Profile()
        for kind in kinds:
            (item,) = send(make_hook(kind, invoice())).items
            assert isinstance(item, Draft)
            take_state(profile, state, item.event)
        assert profile.states["failed_payment"].opened == {}


# The file.


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("stripe: {}", "missing-key"),
        (f"stripe: {{secrets: [{VARIABLE}], plans: {{{PRICE}: prro}}}}", "unknown-plan"),
        (f"stripe: {{secrets: [{VARIABLE}], account: 'metadata.['}}", "expression"),
        (f"stripe: {{secrets: [{VARIABLE}], accounts: customer.id}}", "unknown-key"),
    ],
)
def test_what_is_wrong_with_the_file_is_told(text: str, code: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        read_sources({"sources/stripe.yaml": text, "catalog.yaml": SOLD})
    assert [problem.code for problem in refused.value.problems] == [code]
