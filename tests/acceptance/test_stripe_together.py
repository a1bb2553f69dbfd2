"""Stripe beside approval and mails about orders: told once, reckoned from when it is theirs, said plainly."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes, policy

import pytest
from litestar.testing import TestClient

from tests.acceptance.test_accepting import PRICE
from tests.acceptance.test_order_mails import PROMISED
from tests.acceptance.test_stripe_billing import Till as StripeTill
from tests.acceptance.test_stripe_billing import Window, _with_ids, mail_offer
from tests.live_world import open_world
from tests.sinks import Sink, open_sink
from tests.stripe_billing.server import MONTH, Stripe, open_stripe_server
from upsell.clock import DAY, HOUR, MINUTE, SECOND
from upsell.runtime.approving import Decision, approve
from upsell.runtime.fulfilling import settle_by_hand
from upsell.runtime.programs import Programs
from upsell.store.orders import Order, OrderState
from upsell.web.app import make_app
from upsell.web.pages.offer_words import OFFER_WORDS

pytestmark = pytest.mark.postgres

LIMIT = "accepting: {approval_above: {USD: 1000}, approval_within: 9 days}\n"


class Till(StripeTill):
    """A till of Stripe's whose customers have a mailbox."""

    sink: Sink

    def begin(self, stripe: Stripe, url: str) -> None:
        super().begin(stripe, url)
        self.sell()

    def sell(self, settings: str = "") -> None:
        self.apply(_with_ids(PROMISED), settings=settings)

    def mails(self) -> list[tuple[str, str]]:
        """Give subject and text of each mail, in the order they were sent."""
        self.world.settle()
        said = []
        for each in self.sink.contents:
            mail = message_from_bytes(each, policy=policy.default)
            part = mail.get_body(("plain",))
            assert part is not None
            said.append((str(mail["Subject"]), " ".join(str(part.get_content()).split())))
        return said

    def approve(self, key: str) -> Order:
        programs = Programs()
        programs.refresh(self.world.connection)
        decision = Decision("grace@acme.example", "fits")
        return approve(self.world.connection, self.world.clock, programs, self.order(key), decision)

    def anew(self, key: str) -> None:
        """Have the team let billing be told anew."""
        order = self.order(key)
        assert settle_by_hand(
            self.world.connection, self.world.clock, order, OrderState.ACCEPTED, "a new card"
        )

    def show_above_limit(self) -> str:
        self.sell(LIMIT)
        return self.show("ada")

    def told(self, operation: str) -> int:
        return len(self.stripe.done(operation))


@pytest.fixture
def till(database: str) -> Iterator[Till]:
    with (
        open_sink() as sink,
        open_world(database, sink, base="https://links.acme.example") as world,
        open_stripe_server() as (stripe, url),
    ):
        till = Till(world, database)
        till.sink = sink
        till.begin(stripe, url)
        yield till
        till.decider.close()


CHANGE = "POST /v1/subscriptions/{id}"


def test_what_is_approved_is_told_to_stripe_once_and_charged_from_then_on(till: Till) -> None:
    till.sell(LIMIT)
    told = till.take_offer(till.show("ada"))
    assert (told.order.state, till.told(CHANGE), till.due()) == (OrderState.ASKED, 0, 0)
    till.move(5 * DAY)
    till.approve(told.order.key)
    assert (till.due(), till.due(), till.told(CHANGE)) == (1, 0, 1)
    order = till.order(told.order.key)
    assert order.state is OrderState.FULFILLED
    # By hand: of a month that began 15 days before, 10 days are left, give or take the hour.
    left = 10 * DAY / (MONTH * SECOND)
    assert order.paid == pytest.approx((PRICE - 4_900) * left, abs=(PRICE - 4_900) * HOUR / (MONTH * SECOND))
    subjects = [subject for subject, _ in till.mails()]
    assert subjects == ["Your quote for Pro", "Pro is yours"]
    assert order.paid is not None
    assert f"${order.paid / 100:.2f} was charged" in till.mails()[-1][1]


def test_an_approved_order_whose_card_is_declined_is_told_by_mail_and_can_be_tried_anew(till: Till) -> None:
    till.sell(LIMIT)
    key = till.take_offer(till.show("ada")).order.key
    till.approve(key)
    till.stripe.declines = True
    assert till.due() == 1
    assert till.order(key).state is OrderState.FAILED
    subject, text = till.mails()[-1]
    assert subject == "Pro could not be set up"
    assert "nothing was charged" in text
    assert "Your card was declined." in text
    till.stripe.declines = False
    till.move(DAY)
    till.anew(key)
    assert till.due() == 1
    assert till.order(key).state is OrderState.FULFILLED
    assert [subject for subject, _ in till.mails()][-1] == "Pro is yours"
    assert len(till.stripe.charged) == 1


def test_tried_anew_it_is_charged_from_then_on_and_not_for_the_days_they_did_not_have_it(till: Till) -> None:
    till.stripe.declines = True
    key = till.take_offer(till.show("ada")).order.key
    till.stripe.declines = False
    till.move(5 * DAY)
    till.anew(key)
    till.due()
    left = 10 * DAY / (MONTH * SECOND)
    assert till.charged() == pytest.approx(
        (PRICE - 4_900) * left, abs=(PRICE - 4_900) * HOUR / (MONTH * SECOND)
    )


def test_whoever_was_approved_and_is_to_pay_first_is_mailed_where(till: Till) -> None:
    till.sell(LIMIT)
    key = till.take_offer(till.show("bob"), "bob").order.key
    till.approve(key)
    assert till.due() == 1
    order = till.order(key)
    assert (order.state, bool(order.pay_url)) == (OrderState.WAITING, True)
    subject, text = till.mails()[-1]
    assert subject == "One step is left for Pro"
    assert order.pay_url in text
    assert "Nothing is charged before that" in text
    assert "/d/" not in text, "there is nothing to go back from"


def test_whoever_leaves_before_paying_is_mailed_once_where_they_can(till: Till) -> None:
    key = till.take_offer(till.show("bob"), "bob").order.key
    till.move(MINUTE)
    till.due()
    assert till.mails() == [], "they may be paying"
    for _ in range(3):
        till.move(HOUR)
        till.due()
    ((subject, text),) = till.mails()
    assert subject == "One step is left for Pro"
    assert till.order(key).pay_url in text
    till.stripe.pay(till.order(key).checkout)
    till.move(HOUR)
    till.due()
    subject, text = till.mails()[-1]
    assert subject == "Pro is yours"
    assert "$134.10 was charged" in text


def test_what_was_not_paid_in_time_is_mailed_as_that(till: Till) -> None:
    key = till.take_offer(till.show("bob"), "bob").order.key
    till.move(DAY + HOUR)
    assert till.due() == 1
    assert till.order(key).state is OrderState.FAILED
    subject, text = till.mails()[-1]
    assert subject == "Pro was not set up"
    assert "you did not get round to paying" in text
    assert "nothing was charged" in text
    assert "could not be set up" not in text
    till.anew(key)
    till.due()
    subject, text = till.mails()[-1]
    assert subject == "One step is left for Pro", "the new page is told of, too"
    assert till.order(key).pay_url in text


def test_a_bank_that_asks_for_its_customer_is_answered_on_stripes_page_and_then_it_is_theirs(
    till: Till,
) -> None:
    till.stripe.authenticates = True
    key = till.show("ada")
    told = till.take_offer(key)
    assert (told.is_failed, told.order.state) == (False, OrderState.WAITING)
    assert told.order.pay_url.startswith("https://checkout.stripe.com/")
    assert (till.stripe.charged, till.tasks()) == ([], [])
    (session,) = till.stripe.sessions.values()
    assert session["mode"] == "setup"
    till.stripe.pay(session["id"], setup_intent={"payment_method": "pm_known"}, customer="cus_ada")
    till.move(MINUTE)
    assert till.due() == 1
    order = till.order(key)
    assert (order.state, len(till.stripe.charged)) == (OrderState.FULFILLED, 1)
    assert order.paid == till.charged()
    assert till.stripe.subscriptions["sub_ada"]["default_payment_method"] == "pm_known"


def test_a_bank_that_asks_again_is_a_refusal_said_plainly(till: Till) -> None:
    till.stripe.authenticates = True
    key = till.take_offer(till.show("ada")).order.key
    (session,) = till.stripe.sessions.values()
    till.stripe.pay(session["id"], setup_intent={"payment_method": "pm_known"}, customer="cus_ada")
    till.stripe.declines = True
    till.move(MINUTE)
    till.due()
    assert till.order(key).state is OrderState.FAILED
    assert till.stripe.charged == []
    assert "nothing was charged" in till.mails()[-1][1]


def test_a_change_of_a_cart_is_confirmed_by_nobody_but_the_shop(till: Till) -> None:
    key = till.take_offer(till.show("ada")).order.key
    before = len(till.mails())
    till.world.connection.execute(
        "update orders set state = 'in_cart', of_cart = true where key = %s", (key,)
    )
    settle_by_hand(till.world.connection, till.world.clock, till.order(key), OrderState.FULFILLED, "rang up")
    till.world.connection.execute("update orders set state = 'in_cart' where key = %s", (key,))
    settle_by_hand(till.world.connection, till.world.clock, till.order(key), OrderState.FAILED, "no")
    assert till.order(key).state is OrderState.LEFT_OUT
    assert len(till.mails()) == before


@pytest.fixture
def window(till: Till) -> Iterator[Window]:
    with TestClient(make_app(till.url, till.world.clock, settings=till.settings)) as client:
        yield Window(till, client)


def test_above_the_limit_page_and_prompt_say_that_nothing_is_charged_yet(till: Till, window: Window) -> None:
    page = window.page(mail_offer(window.till, LIMIT))
    assert "confirmed by one of us first, and nothing is charged when you accept" in page
    assert "Charged when you accept: $" not in page
    assert "Were it confirmed now" in page
    till.sell(LIMIT)
    key = till.show("ada")
    said = window.post("/v1/prompts/charges", "ada", key=key).json()
    assert said["approval"] is True
    assert said["lines"][0].startswith("An order of this size is confirmed by one of us first")
    assert said["lines"][1].startswith("Were it confirmed now, $")


def test_a_prompt_says_that_what_is_charged_can_be_asked_where_stripe_bills(
    till: Till, window: Window
) -> None:
    till.show("ada")
    said = window.post("/v1/prompts", "ada", placement="usage-page", locale="de").json()["prompt"]
    assert said["charges"] == "Einen Augenblick: Was beim Annehmen abgebucht wird, wird nachgesehen."
    with TestClient(make_app(till.url, till.world.clock)) as without:
        window.client = without
        assert "charges" not in window.post("/v1/prompts", "ada", placement="usage-page").json()["prompt"]


def test_the_page_to_go_back_asks_stripe_for_nobody_but_a_person(window: Window) -> None:
    path = mail_offer(window.till)
    hidden = dict(
        re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', window.client.get(path).text)
    )
    after = window.client.post(path, data={**hidden, "action": "accept"}).text
    (back,) = set(re.findall(r'href="\.\.(/d/[^"]+)"', after))
    asked = len(window.till.stripe.asked)
    window.client.head(back)
    window.client.get(back, headers={"user-agent": "Mozilla/5.0 (compatible; Proofpoint URLDefense)"})
    assert len(window.till.stripe.asked) == asked
    assert OFFER_WORDS["en"].back_then in window.page(back)


def test_neither_a_head_nor_a_scanner_calls_stripe(window: Window) -> None:
    path = mail_offer(window.till)
    asked = len(window.till.stripe.asked)
    window.client.head(path)
    window.client.get(path, headers={"user-agent": "Mozilla/5.0 (compatible; Proofpoint URLDefense)"})
    assert len(window.till.stripe.asked) == asked
    assert "Charged when you accept" in window.page(path)
