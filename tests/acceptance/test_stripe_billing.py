"""Stripe behind what is accepted: told once, waited for, said beforehand, and honest where it fails."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from typing import Any

import pytest
from litestar.testing import TestClient

from tests.acceptance.test_accepting import PRICE, Shop
from tests.commands import typed
from tests.live_world import open_world
from tests.offer_world import CATALOG as OFFERED
from tests.offer_world import Offered, offer_documents
from tests.stories.world import CATALOG
from tests.stripe_billing.server import MONTH, SECRET_KEY, Stripe, open_stripe_server
from upsell.channels.fulfillers import Fulfiller, Purchase
from upsell.channels.prompt_words import WORDS
from upsell.clock import DAY, HOUR, MINUTE, SECOND
from upsell.config import Settings
from upsell.errors import ConfigError
from upsell.runtime.accepting import Accept
from upsell.runtime.fulfil_desk import FulfilDesk, open_fulfiller
from upsell.runtime.fulfilling import LEASE, fulfil_due, settle_by_hand
from upsell.runtime.identities import Identity, sign_identity
from upsell.runtime.order_outcomes import LONGEST_WAIT, SHORTEST_WAIT
from upsell.runtime.stripe_billing import open_door
from upsell.runtime.telling import Told
from upsell.store.identity_secrets import make_identity_secret
from upsell.store.keys import PUBLIC, Kind, create_key
from upsell.store.orders import Order, OrderState, Via, claim_orders, find_order
from upsell.web.app import make_app

pytestmark = pytest.mark.postgres

EN = WORDS["en"]


def _with_ids(catalog: str) -> str:
    """Say what the stories' plans are at Stripe."""
    for name, ids in (("month: 49", "month: price_starter"), ("month: 149, year: 1490", "month: price_pro")):
        is_flow = f"price: {{{name}}}, " in catalog
        written = f"price: {{{name}}}{',' if is_flow else chr(10) + '   '} stripe: {{{ids}}}"
        catalog = catalog.replace(f"price: {{{name}}}", written)
    return catalog


def _settings(url: str) -> Settings:
    return Settings(stripe_secret_key=SECRET_KEY, stripe_url=url)


class Till(Shop):
    """A shop of which Stripe bills what is accepted; ada pays 49 a month by card, since half a month."""

    stripe: Stripe
    settings: Settings
    fulfiller: Fulfiller

    def begin(self, stripe: Stripe, url: str) -> None:
        self.stripe, self.settings = stripe, _settings(url)
        fulfiller = open_fulfiller(self.settings, self.url)
        assert fulfiller is not None
        self.fulfiller = fulfiller
        stripe.price("price_starter", 4_900)
        stripe.price("price_pro", 14_900)
        stripe.now = self.now - MONTH // 2
        stripe.customer("cus_ada")
        stripe.subscribe("sub_ada", "cus_ada", ("price_starter", 1))
        stripe.now = self.now
        self.apply(_with_ids(CATALOG))
        self.world.happens(
            "Customer Identified", "ada", email="ada@acme.example", stripe_customer_id="cus_ada"
        )
        self.world.happens("Customer Identified", "bob", email="bob@acme.example")
        self.world.worker.run_until_idle()

    @property
    def now(self) -> int:
        return self.world.clock.now() // SECOND

    def move(self, by: int) -> None:
        self.world.clock.move_to(self.world.clock.now() + by)
        self.stripe.now = self.now

    def take_offer(self, key: str, who: str = "ada", *locales: str) -> Told:
        desk = FulfilDesk(self.url, self.world.clock, self.fulfiller)
        return desk.take(Accept(key, Identity(who), PRICE, "USD", Via.PROMPT), locales)

    def order(self, key: str) -> Order:
        found = find_order(self.world.connection, key)
        assert found is not None
        return found

    def due(self) -> int:
        return fulfil_due(self.world.connection, self.world.clock, self.fulfiller)

    def tasks(self) -> list[str]:
        self.world.worker.run_until_idle()
        return [title for (title,) in self.world.rows("select title from tasks order by opened_at, title")]

    def charged(self) -> int:
        return sum(amount for _, amount in self.stripe.charged)


@pytest.fixture
def till(database: str) -> Iterator[Till]:
    with open_world(database) as world, open_stripe_server() as (stripe, url):
        till = Till(world, database)
        till.begin(stripe, url)
        yield till
        till.decider.close()


def _half(new: int, old: int) -> int:
    """Give what the rest of half a period comes to, give or take the seconds of the story."""
    return (new - old) // 2


def test_a_click_changes_the_item_and_says_what_was_charged(till: Till) -> None:
    told = till.take_offer(till.show("ada"))
    assert told.order.state is OrderState.FULFILLED
    assert till.charged() == pytest.approx(_half(PRICE, 4_900), abs=1)
    assert told.order.paid == till.charged()
    assert told.message == f"Done. Pro is yours. ${till.charged() / 100:.2f} was charged."
    items = till.stripe.subscriptions["sub_ada"]["items"]["data"]
    assert [each["price"]["id"] for each in items] == ["price_pro"]
    assert till.order(told.order.key) == told.order
    assert till.tasks() == []


def test_a_double_click_in_many_tabs_charges_once(till: Till) -> None:
    key = till.show("ada")
    with ThreadPoolExecutor(5) as pool:
        told = list(pool.map(lambda _: till.take_offer(key), range(5)))
    assert len({each.message for each in told}) == 1
    assert len(till.stripe.charged) == 1


def test_a_crash_while_stripe_is_told_charges_once(till: Till) -> None:
    key = till.show("ada")
    till.take(key, "ada")
    till.stripe.troubles["POST /v1/subscriptions/{id}"] = ["lost"]
    now = till.world.clock.now()
    (lost,) = claim_orders(till.world.connection, now, now + LEASE, 1, key)
    till.fulfiller.fulfil(_purchase(lost), now)
    till.move(LEASE)
    assert till.due() == 1
    assert till.order(key).state is OrderState.FULFILLED
    assert len(till.stripe.charged) == 1


def test_a_declined_card_is_told_in_stripes_words_becomes_work_and_is_tried_anew(till: Till) -> None:
    till.stripe.declines = True
    key = till.show("ada")
    told = till.take_offer(key)
    assert (told.is_failed, told.message) == (True, "Your card was declined.")
    (title,) = till.tasks()
    assert "was refused by billing" in title
    till.stripe.declines = False
    till.move(HOUR)
    assert settle_by_hand(
        till.world.connection, till.world.clock, till.order(key), OrderState.ACCEPTED, "a new card"
    )
    assert till.due() == 1
    assert till.order(key).state is OrderState.FULFILLED
    assert len(till.stripe.charged) == 1


def test_another_price_at_stripe_fails_honestly_with_a_task(till: Till) -> None:
    till.stripe.prices["price_pro"]["unit_amount"] = 15_900
    told = till.take_offer(till.show("ada"))
    assert (told.is_failed, told.message) == (True, EN.refused.format(name="Pro"))
    assert "found 15900 at Stripe" in told.order.detail
    assert till.stripe.charged == []
    assert len(till.tasks()) == 1


def test_what_the_catalog_names_no_price_for_is_for_the_team(till: Till) -> None:
    till.apply(CATALOG)
    told = till.take_offer(till.show("ada"))
    assert (told.order.state, told.message) == (OrderState.WAITING, EN.waiting.format(name="Pro"))
    assert till.tasks() == ["Accepted, make it so: Pro (pro-annual), 134.10 USD per month for ada"]
    till.move(DAY)
    assert till.due() == 0


def test_ids_put_right_since_hold_for_what_was_accepted_before(till: Till) -> None:
    till.apply(_with_ids(CATALOG).replace("price_pro", "price_wrong"))
    key = till.show("ada")
    till.stripe.troubles["GET /v1/prices/{id}"] = [500]
    till.take_offer(key)
    till.move(MINUTE)
    till.apply(_with_ids(CATALOG))
    assert till.due() == 1
    assert till.order(key).state is OrderState.FULFILLED


def test_whoever_is_to_pay_first_is_told_where_and_it_is_theirs_once_they_did(till: Till) -> None:
    key = till.show("bob")
    told = till.take_offer(key, "bob")
    assert (told.order.state, told.message) == (OrderState.WAITING, EN.to_pay.format(name="Pro"))
    assert told.order.pay_url.startswith("https://checkout.stripe.com/")
    assert till.take_offer(key, "bob").order == told.order, "a second click finds the same page"
    assert (till.due(), till.tasks()) == (0, [])
    till.move(10 * SECOND)
    assert till.due() == 1
    assert till.order(key).state is OrderState.WAITING, "nobody paid yet"
    till.stripe.pay(told.order.checkout)
    till.move(HOUR)
    assert till.due() == 1
    order = till.order(key)
    assert (order.state, order.paid, order.pay_url) == (OrderState.FULFILLED, PRICE, "")
    assert till.take_offer(key, "bob").message == "Done. Pro is yours. $134.10 was charged."
    till.world.worker.run_until_idle()
    traits = till.world.rows(
        "select properties::json ->> 'stripe_customer_id' from events where customer_id = 'bob'"
        " and name = 'Customer Identified' and source = 'accepting'"
    )
    assert traits == [("cus_new",)], "as whom Stripe knows them is kept"


def test_a_page_nobody_pays_on_lapses_with_a_task_and_without_a_charge(till: Till) -> None:
    key = till.show("bob")
    till.take_offer(key, "bob")
    pauses: list[int] = []
    for moved in (0, HOUR, 20 * HOUR):
        till.move(moved)
        till.due()
        pauses.append((till.order(key).next_attempt_at or 0) - till.world.clock.now())
        till.move(pauses[-1])
    assert pauses == [SHORTEST_WAIT, pytest.approx(HOUR / 8, rel=0.01), LONGEST_WAIT], "the longer the later"
    till.move(4 * HOUR)
    assert till.due() == 1
    order = till.order(key)
    assert (order.state, order.pay_url, order.is_given_up) == (OrderState.FAILED, "", False)
    told = till.take_offer(key, "bob")
    assert (told.is_failed, told.message) == (True, EN.not_paid.format(name="Pro"))
    (title,) = till.tasks()
    assert title.startswith("Accepted, but it was not paid in time; tell bob")
    settle_by_hand(till.world.connection, till.world.clock, order, OrderState.ACCEPTED, "called them")
    assert till.due() == 1
    again = till.order(key)
    assert (again.state, again.checkout != order.checkout) == (OrderState.WAITING, True)


def test_while_a_page_is_open_a_silent_stripe_gives_nothing_up(till: Till) -> None:
    key = till.show("bob")
    told = till.take_offer(key, "bob")
    till.stripe.troubles["GET /v1/checkout/sessions/{id}"] = [500] * 16
    for _ in range(16):
        till.move((till.order(key).next_attempt_at or 0) - till.world.clock.now())
        assert till.due() == 1
    still = till.order(key)
    assert (still.state, still.pay_url) == (OrderState.WAITING, told.order.pay_url)


def test_an_account_pays_as_stripe_knows_it_by_whichever_member_accepts(till: Till) -> None:
    till.member("acme", "ada", "admin")
    till.world.happens("Account Identified", None, "acme", stripe_customer_id="cus_acme")
    till.stripe.customer("cus_acme")
    till.stripe.subscribe("sub_acme", "cus_acme", ("price_starter", 1))
    told = till.take_offer(till.show("ada", "acme"))
    assert told.order.state is OrderState.FULFILLED
    assert {subscription for subscription, _ in till.stripe.charged} == {"sub_acme"}


def test_two_billings_are_refused_at_start_and_a_key_never_goes_in_the_open() -> None:
    both = Settings(stripe_secret_key=SECRET_KEY, billing_url="https://billing.acme.example/x")
    with pytest.raises(ConfigError, match="got both UPSELL_STRIPE_SECRET_KEY and UPSELL_BILLING_URL"):
        open_fulfiller(both, "")
    with pytest.raises(ConfigError, match="publishable keys"):
        open_door(Settings(stripe_secret_key="pk_test_1"), 1)
    with pytest.raises(ConfigError, match=r"expected https for Stripe .* got http and stripe\.example"):
        open_door(Settings(stripe_secret_key=SECRET_KEY, stripe_url="http://stripe.example"), 1)


class Window:
    """The pages and the API over HTTP."""

    def __init__(self, till: Till, client: TestClient[Any]) -> None:
        self.till, self.client = till, client
        now = till.world.clock.now()
        self.write = create_key(till.world.connection, "web", Kind.WRITE, PUBLIC, now)
        self.secret = make_identity_secret(till.world.connection, now)

    def post(self, path: str, who: str, **body: Any) -> Any:
        token = sign_identity(self.secret, Identity(who), self.till.world.clock.now() + HOUR)
        headers = {"Authorization": f"Bearer {self.write}"}
        return self.client.post(path, json={**body, "token": token}, headers=headers)

    def page(self, path: str, **headers: str) -> str:
        html = self.client.get(path, headers=headers).text
        body = html[html.index("<body>") :]
        return " ".join(unescape(re.sub(r"<[^>]*>", " ", body)).split())


@pytest.fixture
def window(till: Till) -> Iterator[Window]:
    with TestClient(make_app(till.url, till.world.clock, settings=till.settings)) as client:
        yield Window(till, client)


def test_a_prompt_is_answered_with_where_to_pay(window: Window) -> None:
    key = window.till.show("bob")
    answered = window.post("/v1/prompts/accepted", "bob", key=key, price=PRICE, currency="USD", locale="de")
    said = answered.json()
    assert (answered.status_code, said["state"], said["pay"]["label"]) == (200, "waiting", "Jetzt zahlen")
    assert said["pay"]["url"].startswith("https://checkout.stripe.com/")
    thanks = window.page("/paid")
    assert "Your payment is being checked" in thanks


def test_a_prompt_is_told_beforehand_what_would_be_charged_and_only_whoever_may_accept(
    window: Window,
) -> None:
    key = window.till.show("ada")
    said = window.post("/v1/prompts/charges", "ada", key=key, locale="de-AT").json()
    assert (said["outlook"], said["next"], said["currency"]) == ("charged", PRICE, "USD")
    assert said["now"] == pytest.approx(_half(PRICE, 4_900), abs=1)
    assert said["nextAt"].startswith("2026-03-17T")
    assert [each[:29] for each in said["lines"]] == [
        "Wird beim Annehmen abgebucht:",
        "Ihre nächste Rechnung beträgt",
    ]
    refused = window.post("/v1/prompts/charges", "bob", key=key)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_yours")
    assert window.post("/v1/prompts/charges", "ada", key="x").status_code == 404
    assert (window.till.stripe.charged, window.till.events()) == ([], [])
    with TestClient(make_app(window.till.url, window.till.world.clock)) as without:
        window.client = without
        assert window.post("/v1/prompts/charges", "ada", key=key).json()["outlook"] == "none"


def mail_offer(till: Till, policy: str = "") -> str:
    """Offer Pro by mail to ada; give the path of its page."""
    documents = dict(offer_documents(policy=policy))
    documents["catalog.yaml"] = _with_ids(OFFERED)
    world = till.world
    world.apply(documents)
    world.happens(
        "Subscription Started", "ada", subscription_id="s-ada", plan="starter", amount=4_900, currency="USD",
        interval="month",
    )  # fmt: skip
    world.happens("Pricing Viewed", "ada")
    world.worker.run_until_idle()
    offered = Offered(world)
    return offered.offer(offered.key())


def test_the_page_says_beforehand_what_is_then_charged(window: Window) -> None:
    path = mail_offer(window.till)
    page = window.page(path)
    (now,) = re.findall(r"Charged when you accept: \$([\d.]+) with tax", page)
    assert float(now) * 100 == pytest.approx(_half(PRICE, 4_900), abs=1)
    assert "Your next invoice is then $134.10, on 17 March 2026." in page
    assert window.till.stripe.charged == []
    hidden = dict(
        re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', window.client.get(path).text)
    )
    after = window.client.post(path, data={**hidden, "action": "accept"})
    assert f"${now} was charged." in after.text
    assert "Charged when you accept" not in after.text


def test_the_page_says_plainly_that_stripe_does_not_answer_and_invents_nothing(window: Window) -> None:
    path = mail_offer(window.till)
    window.till.stripe.troubles["POST /v1/invoices/create_preview"] = ["silent"]
    page = window.page(path)
    assert "cannot be said just now: our payment provider does not answer" in page
    assert "Charged when you accept:" not in page
    assert "Charged when you accept: $" in window.page(path), "silence is not kept"


def test_the_page_says_beforehand_that_another_price_will_not_be_charged(window: Window) -> None:
    path = mail_offer(window.till)
    window.till.stripe.prices["price_pro"]["unit_amount"] = 15_900
    assert "our payment provider has another price. Should you accept, nothing is charged" in window.page(
        path
    )


def test_the_page_leads_on_to_where_it_is_paid(window: Window) -> None:
    path = mail_offer(window.till)
    window.till.stripe.customers["cus_ada"]["invoice_settings"]["default_payment_method"] = None
    page = window.page(path, **{"accept-language": "de"})
    assert "Auf der nächsten Seite hinterlegen Sie, womit Sie zahlen; dann werden 42," in page
    assert "sie nennt den Betrag" not in page, "on that page nothing is charged, and no amount is said"
    hidden = dict(
        re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', window.client.get(path).text)
    )
    after = window.client.post(path, data={**hidden, "action": "accept"}).text
    assert re.search(r'<a class="main" href="https://checkout\.stripe\.com/[^"]+">Pay now</a>', after)


def _purchase(order: Order) -> Purchase:
    return Purchase(
        key=order.key, customer_id=order.customer_id, account_id=None, offer=order.offer, thing=order.thing,
        kind=order.kind, terms=order.terms, trial_days=0, accepted_at=order.accepted_at,
    )  # fmt: skip


def test_the_check_names_what_is_wrong_at_stripe(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPSELL_DATABASE_URL", till.url)
    monkeypatch.setenv("UPSELL_STRIPE_SECRET_KEY", SECRET_KEY)
    monkeypatch.setenv("UPSELL_STRIPE_URL", till.settings.stripe_url)
    code, out, _ = typed("orders", "check")
    assert (code, out.splitlines()) == (
        0,
        [
            "ok     key  is good, and Stripe answers",
            "ok     price_starter  starter per month in USD",
            "ok     price_pro  pro per month in USD",
        ],
    )
    till.stripe.prices["price_pro"]["unit_amount"] = 1
    del till.stripe.prices["price_starter"]
    code, out, _ = typed("orders", "check")
    assert code == 1
    assert "Stripe says: No such price: 'price_starter'" in out
    assert "expected price_pro to come to 14900 in USD for 1, as was shown, found 1 at Stripe" in out
    monkeypatch.setenv("UPSELL_STRIPE_SECRET_KEY", "sk_test_other")
    code, out, _ = typed("orders", "check")
    assert (code, len(out.splitlines())) == (1, 2)
    assert "expected a key that Stripe knows, and it refused this one" in out
    assert "sk_test_other" not in out
    monkeypatch.setenv("UPSELL_STRIPE_SECRET_KEY", "")
    code, _, err = typed("orders", "check")
    assert (code != 0, "expected UPSELL_STRIPE_SECRET_KEY, got none" in err) == (True, True)


@pytest.mark.parametrize("command", ["up", "serve", "worker"])
def test_two_billings_end_every_command_that_would_tell_them_at_its_start(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPSELL_DATABASE_URL", "postgresql://localhost:1/none")
    monkeypatch.setenv("UPSELL_STRIPE_SECRET_KEY", SECRET_KEY)
    monkeypatch.setenv("UPSELL_BILLING_URL", "https://billing.acme.example/x")
    code, out, err = typed(command)
    assert (code != 0, out) == (True, "")
    assert "got both UPSELL_STRIPE_SECRET_KEY and UPSELL_BILLING_URL; leave one of them out" in err
