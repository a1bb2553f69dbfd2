"""Mails about orders: what was accepted and what became of it, told once, through the outbox as all mail."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from tests.acceptance.test_fulfilling import Till
from tests.commands import typed
from tests.live_world import open_world
from tests.sinks import GATEWAY_SECRET, LOCAL, Sink, open_gateway, open_sink
from tests.stories.world import CATALOG
from upsell.channels.fulfillers import WebhookFulfiller
from upsell.channels.signing import read_secret
from upsell.clock import DAY
from upsell.runtime.fulfilling import fulfil_due, settle_by_hand
from upsell.runtime.order_mails import News, tell_by_mail
from upsell.runtime.order_outcomes import FIRST_PAUSE
from upsell.store.orders import OrderState

pytestmark = pytest.mark.postgres

PROMISED = CATALOG.replace(
    "discount: 10%}",
    "discount: 10%, months: 6, guarantee: Your money back within 30 days., downgrade: Back at any time.}",
    1,
)


class Post(Till):
    """A till whose customers have a mailbox."""

    sink: Sink

    def mails(self) -> list[EmailMessage]:
        self.world.settle()
        return [message_from_bytes(each, policy=policy.default) for each in self.sink.contents]

    def text(self, mail: EmailMessage) -> str:
        part = mail.get_body(("plain",))
        assert part is not None
        return " ".join(str(part.get_content()).split())

    def known(self, who: str = "ada", **traits: str) -> str:
        self.world.happens(
            "Customer Identified", who, email=f"{who}@acme.example", first_name="Ada", **traits
        )
        return self.show(who)


@pytest.fixture
def post(database: str) -> Iterator[Post]:
    with (
        open_sink() as sink,
        open_gateway() as gateway,
        open_world(database, sink, base="https://links.acme.example") as world,
    ):
        post = Post(world, database)
        post.sink, post.gateway = sink, gateway
        post.fulfiller = WebhookFulfiller(gateway.url, read_secret(GATEWAY_SECRET), LOCAL, timeout=2)
        post.apply(PROMISED)
        yield post
        post.fulfiller.close()
        post.decider.close()


def test_who_accepted_is_confirmed_at_the_terms_that_were_shown(post: Post) -> None:
    key = post.known()
    post.apply(PROMISED.replace("month: 149", "month: 199").replace("within 30 days", "within 3 days"))
    post.gateway.said = b'{"message": "Welcome to Pro!"}'
    post.take_offer(key)
    (mail,) = post.mails()
    assert (mail["To"], mail["Subject"]) == ("ada@acme.example", "Pro is yours")
    text = post.text(mail)
    for said in (
        "Hello Ada,",
        "Welcome to Pro!",
        "$134.10 a month for 6 months, then $149.00",
        # By hand: 6 times 134.10 and 6 times 149.
        "$1,698.60 over the first twelve months",
        "Your money back within 30 days.",
        "Back at any time.",
        "https://links.acme.example/d/",
    ):
        assert said in text, said
    assert "/u/" not in text, "what rests on the contract is not unsubscribed from"
    assert mail["List-Unsubscribe"] is None
    assert "/l/" not in text, "nobody watches what they do with it"


def test_it_is_told_in_their_language(post: Post) -> None:
    post.take_offer(post.known(locale="de-AT"))
    (mail,) = post.mails()
    assert mail["Subject"] == "Pro gehört Ihnen"
    text = post.text(mail)
    assert "Guten Tag Ada," in text
    assert "in den ersten zwölf Monaten" in text
    assert "Was Sie angenommen haben, am" in text


def test_what_fails_after_they_left_is_told_and_nothing_was_charged(post: Post) -> None:
    key = post.known()
    post.gateway.status = 503
    post.take_offer(key)
    assert post.mails() == [], "they were told on the page that it takes longer"
    post.gateway.status, post.gateway.said = 402, b'{"message": "The card was declined."}'
    post.world.clock.move_to(post.world.clock.now() + FIRST_PAUSE)
    post.due()
    (mail,) = post.mails()
    assert mail["Subject"] == "Pro could not be set up"
    assert "it could not be set up, and nothing was charged." in post.text(mail)
    assert "The card was declined." in post.text(mail)


def test_what_billing_never_answered_is_not_said_to_have_cost_nothing(post: Post) -> None:
    key = post.known()
    post.gateway.status = 500
    post.take_offer(key)
    while (next_at := post.order(key).next_attempt_at) is not None:
        post.world.clock.move_to(next_at)
        post.due()
    (mail,) = post.mails()
    assert "do not know yet whether our billing took it" in post.text(mail)
    assert "nothing was charged" not in post.text(mail)


def test_what_the_team_sets_up_is_received_and_then_confirmed_each_once(post: Post) -> None:
    key = post.known()
    post.take_offer(key, is_set_up=False)
    (mail,) = post.mails()
    assert mail["Subject"] == "We have your yes to Pro"
    order = post.order(key)
    settle_by_hand(post.world.connection, post.world.clock, order, OrderState.FULFILLED, "by hand")
    assert [mail["Subject"] for mail in post.mails()] == ["We have your yes to Pro", "Pro is yours"]


def test_billing_that_confirms_by_itself_is_left_to_it_and_failures_are_not(post: Post) -> None:
    secret = read_secret(GATEWAY_SECRET)
    post.fulfiller = WebhookFulfiller(post.gateway.url, secret, LOCAL, timeout=2, is_confirming=True)
    post.take_offer(post.known())
    assert post.mails() == []
    post.gateway.status = 402
    post.take_offer(post.known("bob"), "bob")
    assert [mail["Subject"] for mail in post.mails()] == ["Pro could not be set up"]


def test_told_again_after_a_crash_it_is_one_mail(post: Post) -> None:
    key = post.known()
    post.take_offer(key)
    post.take_offer(key)
    for _ in range(2):
        tell_by_mail(post.world.connection, post.order(key), News.CONFIRMED, post.world.clock.now())
    fulfil_due(post.world.connection, post.world.clock, post.fulfiller)
    assert len(post.mails()) == 1
    ((step, state, intent),) = post.world.rows("select step, state, intent from outbox")
    assert (step, state, intent) == ("order.confirmed", "sent", "service")


def test_a_marketing_opt_out_keeps_nothing_back_and_a_dead_address_does(post: Post) -> None:
    first, second, third = (post.known(who) for who in ("ada", "bob", "eve"))
    post.world.happens("Consent Withdrawn", "ada", channel="*")
    post.world.happens("Consent Withdrawn", "eve", channel="email", purpose="service")
    post.world.happens("Message Bounced", "bob", channel="email", kind="hard", email="bob@acme.example")
    post.take_offer(first)
    post.take_offer(second, "bob")
    post.take_offer(third, "eve")
    told = post.mails()
    reasons = dict(post.world.rows("select customer_id, reason from outbox where state = 'withdrawn'"))
    assert [mail["To"] for mail in told] == ["ada@acme.example"], reasons
    assert set(reasons) == {"bob", "eve"}


def test_a_mail_about_an_order_is_no_offer_and_spends_no_cap(post: Post) -> None:
    key = post.known()
    post.take_offer(key)
    post.mails()
    ((mailed,),) = post.world.rows("select key from outbox")
    assert post.code(lambda: post.take(mailed, "ada")) == "not_found"
    before = post.world.rows("select count(*) from orders")
    post.world.after(DAY)
    assert post.world.rows("select count(*) from orders") == before == [(1,)]


def test_the_teams_own_template_takes_the_place_of_the_shipped_one(post: Post) -> None:
    key = post.known()
    documents = {
        "templates/order.html": "---\nsubject: 'Ours: {{ order.news }}'\n---\n<p>{{ order.name }}</p>",
    }
    post.extra = documents
    post.apply(PROMISED)
    post.take_offer(key)
    (mail,) = post.mails()
    assert mail["Subject"] == "Ours: confirmed"


def test_the_outbox_lists_and_shows_it_as_all_mail(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    key = post.known()
    post.take_offer(key)
    post.mails()
    monkeypatch.setenv("UPSELL_DATABASE_URL", post.url)
    ((mailed,),) = post.world.rows("select key from outbox")
    listed = typed("outbox", "list")[1]
    assert "about an order, template order, intent service" in listed
    code, shown, _ = typed("outbox", "show", mailed)
    assert code == 0
    assert "Pro is yours" in shown
    assert f"upsell orders show {key}" in " ".join(shown.split())
