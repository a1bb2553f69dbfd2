"""Going back where Stripe bills: by page and by command, said beforehand, done once, told honestly."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from litestar.testing import TestClient

from tests.acceptance.test_going_back import PROMISED, Leaver
from tests.acceptance.test_stripe_billing import _with_ids
from tests.commands import typed
from tests.offer_world import offer_documents, open_offers
from tests.sinks import open_gateway, open_sink
from tests.stripe_billing.server import MONTH, SECRET_KEY, Stripe, open_stripe_server
from upsell.channels.fulfillers import Fulfiller
from upsell.clock import DAY, HOUR, MINUTE, SECOND
from upsell.config import Settings
from upsell.runtime.fulfil_desk import open_fulfiller
from upsell.runtime.fulfilling import fulfil_due, settle_by_hand
from upsell.store.orders import OrderState, list_orders
from upsell.web.app import make_app

pytestmark = pytest.mark.postgres

PRICE = 13_410


class Payer(Leaver):
    """Acme, whose Starter is paid by card since half a month, and who took Pro; before the pages."""

    stripe: Stripe
    fulfiller: Fulfiller
    settings: Settings

    url: str

    def begin(self, stripe: Stripe, settings: Settings, url: str) -> None:
        self.stripe, self.settings, self.url = stripe, settings, url
        world = self.offered.world
        fulfiller = open_fulfiller(settings, url)
        assert fulfiller is not None
        self.fulfiller = fulfiller
        world.apply({**offer_documents(), "catalog.yaml": _with_ids(PROMISED)})
        stripe.price("price_starter", 4_900)
        stripe.price("price_pro", 14_900)
        stripe.now = self.now - MONTH // 2
        stripe.customer("cus_acme")
        stripe.subscribe("sub_acme", "cus_acme", ("price_starter", 1))
        stripe.now = self.now
        world.happens("Account Identified", None, "acme", stripe_customer_id="cus_acme")
        world.worker.run_until_idle()
        self.take()
        assert self.items() == ["price_pro"]

    @property
    def now(self) -> int:
        return self.offered.world.clock.now() // SECOND

    def move(self, by: int) -> None:
        clock = self.offered.world.clock
        clock.move_to(clock.now() + by)
        self.stripe.now = self.now

    def items(self) -> list[str]:
        return [each["price"]["id"] for each in self.stripe.subscriptions["sub_acme"]["items"]["data"]]

    def charged(self) -> int:
        ((_, paid),) = self.stripe.charged
        return paid

    def given(self) -> int:
        return sum(each["amount"] for each in self.stripe.books.refunds)

    def mail(self) -> str:
        """Give what the last mail says."""
        body = message_from_bytes(self.sink.contents[-1], policy=default).get_body(("plain",))
        assert body is not None
        return " ".join(body.get_content().split())

    def back(self) -> Any:
        return next(each for each in list_orders(self.offered.world.connection) if each.returns)

    def due(self) -> int:
        world = self.offered.world
        return fulfil_due(world.connection, world.clock, self.fulfiller)


@pytest.fixture
def payer(database: str) -> Iterator[Payer]:
    with (
        open_sink() as sink,
        open_gateway() as gateway,
        open_offers(database, sink) as offered,
        open_stripe_server() as (stripe, url),
    ):
        settings = Settings(stripe_secret_key=SECRET_KEY, stripe_url=url)
        with TestClient(make_app(database, offered.world.clock, settings=settings)) as client:
            payer = Payer(offered, client, gateway, sink)
            payer.begin(stripe, settings, database)
            yield payer


def _dollars(amount: int) -> str:
    return f"${amount / 100:.2f}"


def test_the_page_says_what_is_given_back_and_one_button_does_it_once(payer: Payer) -> None:
    paid = payer.charged()
    payer.move(DAY)
    page = payer.look()
    assert f"What happens then {_dollars(paid)} is given back to what you paid with" in page
    assert "It is done at once, as promised above" in page
    assert payer.given() == 0, "looking changes nothing"
    done = payer.go_back("too slow")
    assert f"Done. You are back on Starter. {_dollars(paid)} is given back to what you paid with" in done
    assert (payer.items(), payer.given()) == (["price_starter"], paid)
    back = payer.back()
    assert (back.state, back.refunded, back.credited) == (OrderState.FULFILLED, paid, 0)
    payer.go_back("again")
    assert payer.given() == paid
    assert payer.subjects() == ["order.confirmed", "order.returned"]
    assert f"{_dollars(paid)} is given back to what you paid with" in payer.mail()
    assert payer.tasks() == []


def test_after_the_guarantee_the_page_says_what_is_credited_and_it_is(payer: Payer) -> None:
    payer.stripe.renew("sub_acme")
    payer.move(31 * DAY)
    credit = round((PRICE - 4_900) * (1 - (31 * DAY // SECOND - MONTH // 2) / MONTH))
    page = payer.look()
    assert "for the time you paid and do not use, is taken off your next invoices" in page
    done = payer.go_back()
    assert "You are back on Starter." in done
    assert payer.back().credited == pytest.approx(credit, abs=PRICE * 3600 / MONTH)
    assert _dollars(payer.back().credited) in page
    assert (payer.given(), payer.items()) == (0, ["price_starter"])


def test_what_somebody_changed_at_stripe_is_a_task_with_what_was_found_and_they_are_told(
    payer: Payer,
) -> None:
    payer.stripe.subscriptions["sub_acme"]["items"]["data"][0]["quantity"] = 3
    page = payer.look()
    assert "It is done at once" not in page
    assert "What happens then" not in page
    assert "Our team has it, with what was promised, and writes to you." in payer.go_back()
    (title,) = payer.tasks()
    assert title.startswith("Take back from Pro, as promised: Your money back")
    assert "give back what was paid - expected" in title
    assert title.endswith("found 3 of price_pro")
    assert payer.subjects() == ["order.confirmed", "order.returning"]
    assert payer.given() == 0


def test_a_silent_stripe_is_said_and_asked_again_until_it_is_done(payer: Payer) -> None:
    payer.stripe.troubles["GET /v1/subscriptions"] = ["silent", 500]
    assert "cannot be said just now: our payment provider does not answer" in payer.look()
    assert "It is being done, and is confirmed to you by mail." in payer.go_back()
    payer.move(MINUTE)
    assert payer.due() == 1
    assert payer.back().state is OrderState.FULFILLED
    assert "You are back on Starter." in payer.look()


def test_a_crash_after_the_refund_neither_refunds_again_nor_leaves_it_half_done(payer: Payer) -> None:
    payer.stripe.troubles["POST /v1/subscriptions/{id}"] = ["lost"]
    payer.go_back()
    assert (payer.given(), payer.back().state) == (payer.charged(), OrderState.ACCEPTED)
    payer.move(26 * HOUR)
    assert payer.due() == 1
    assert (payer.given(), payer.items()) == (payer.charged(), ["price_starter"])
    assert payer.back().refunded == payer.charged()


def test_what_was_given_back_before_stripe_refused_the_change_is_in_the_task(payer: Payer) -> None:
    paid, world = payer.charged(), payer.offered.world
    payer.stripe.troubles["POST /v1/subscriptions/{id}"] = [400]
    payer.go_back()
    (title,) = payer.tasks()
    assert " - billing refused it: 400 InvalidRequestError" in title
    assert f"; gave back {paid} of in_" in title
    assert title.endswith(" already")
    back = payer.back()
    assert (back.state, back.refunded, payer.given()) == (OrderState.FAILED, paid, paid)
    assert settle_by_hand(world.connection, world.clock, back, OrderState.FULFILLED, "put back by hand")
    payer.offered.world.settle()
    assert "What you paid is given back under the guarantee." in payer.mail()
    assert f"{_dollars(paid)} is given back" not in payer.mail(), "the team may have given back the rest"


def test_told_anew_or_given_up_by_hand_what_was_given_back_before_stays_known(payer: Payer) -> None:
    paid, world = payer.charged(), payer.offered.world
    payer.stripe.troubles["POST /v1/subscriptions/{id}"] = [400]
    payer.go_back()
    payer.move(MINUTE)
    on = settle_by_hand(world.connection, world.clock, payer.back(), OrderState.ACCEPTED, "try again")
    assert on is not None
    assert on.refunded == payer.back().refunded == paid
    payer.stripe.subscriptions["sub_acme"]["items"]["data"][0]["quantity"] = 3
    assert payer.due() == 1
    back = payer.back()
    assert (back.state, back.refunded, payer.given()) == (OrderState.WAITING, paid, paid)
    assert payer.tasks()[-1].endswith(f"; gave back {paid} already, at an attempt before")
    assert settle_by_hand(world.connection, world.clock, back, OrderState.FAILED, "they stay")
    assert payer.back().refunded == paid
    assert settle_by_hand(world.connection, world.clock, payer.back(), OrderState.FULFILLED, "all by hand")
    assert payer.back().refunded is None, "the team may have given back more"


def test_told_anew_by_hand_it_is_done_once_what_stood_in_the_way_is_gone(payer: Payer) -> None:
    item = payer.stripe.subscriptions["sub_acme"]["items"]["data"][0]
    item["quantity"] = 3
    payer.go_back()
    item["quantity"] = 1
    world = payer.offered.world
    assert settle_by_hand(world.connection, world.clock, payer.back(), OrderState.ACCEPTED, "put right")
    assert payer.due() == 1
    assert (payer.back().state, payer.given()) == (OrderState.FULFILLED, payer.charged())
    assert payer.back().task == ""


def test_the_command_says_what_is_given_back_before_and_after(
    payer: Payer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPSELL_DATABASE_URL", payer.url)
    monkeypatch.setenv("UPSELL_STRIPE_SECRET_KEY", SECRET_KEY)
    monkeypatch.setenv("UPSELL_STRIPE_URL", payer.settings.stripe_url)
    paid = f"{payer.charged() / 100:.2f} USD"
    # The command goes by the clock of the machine, by which the guarantee is over.
    payer.stripe.subscriptions["sub_acme"]["items"]["data"][0]["quantity"] = 3
    code, out, _ = typed("honour", payer.key)
    assert (code, "  by hand: expected" in out, "Nothing is asked for yet" in out) == (0, True, True)
    payer.stripe.subscriptions["sub_acme"]["items"]["data"][0]["quantity"] = 1
    world = payer.offered.world
    world.connection.execute("update orders set guarantee_until = now() + interval '1 day'")
    code, out, _ = typed("honour", payer.key)
    assert (code, f"  gives back: {paid}, to what they paid with" in out) == (0, True), out
    code, out, _ = typed("honour", payer.key, "--because", "too slow")
    assert (code, "is fulfilled: Take back from Pro, as promised" in out) == (0, True), out
    assert f"  given back: {paid}" in out
    assert (payer.given(), payer.items()) == (payer.charged(), ["price_starter"])
    code, out, _ = typed("honour", payer.key)
    assert (code, f"  given back: {paid}" in out) == (0, True)
    code, out, _ = typed("orders", "show", payer.back().key)
    assert (code, f"  given back: {paid}" in out) == (0, True)
