"""The page of an offer over HTTP: what was shown, taken or declined by whoever may, and going back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes
from html import unescape
from typing import Any

import pytest
from litestar.testing import TestClient

from tests.commands import typed
from tests.live_world import make_documents
from tests.offer_world import CATALOG, Offered, offer_documents, open_offers
from tests.sinks import open_sink
from tests.stories.world import START, workflow
from tests.unit.channels.test_scanners import CHROME
from upsell.channels.link_facts import OFFER, UNSUBSCRIBE, key_token
from upsell.channels.scanners import HELD_BACK, TOO_SOON
from upsell.clock import DAY, HOUR, MINUTE
from upsell.runtime.visits import tell_people
from upsell.store.link_secrets import add_link_secret, read_link_secrets
from upsell.web.app import make_app

pytestmark = pytest.mark.postgres


class Visitor:
    """A browser without a script, before one live world."""

    def __init__(self, offered: Offered, client: TestClient[Any]) -> None:
        self.offered, self.client = offered, client

    def get(self, path: str, **headers: str) -> str:
        return _words(self.client.get(path, headers=headers).text)

    def fields(self, path: str) -> dict[str, str]:
        """Give what the page's own form for accepting sends, without the box that is ticked by hand."""
        html = self.client.get(path).text
        hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', html)
        return {**dict(hidden), "action": "accept"}

    def accept(self, path: str, **changed: str) -> Any:
        return self.client.post(path, data={**self.fields(path), "may_decide": "yes", **changed})

    def decline(self, path: str, answer: str = "not_now", **said: str) -> str:
        return _words(self.client.post(path, data={"action": answer, **said}).text)

    def orders(self) -> list[tuple[Any, ...]]:
        return self.offered.world.rows("select key, customer_id, unit_id, via from orders")


def _words(html: str) -> str:
    body = html[html.index("<body>") :] if "<body>" in html else html
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", body)).split())


@pytest.fixture
def visitor(database: str) -> Iterator[Visitor]:
    with open_offers(database) as offered, TestClient(make_app(database, offered.world.clock)) as client:
        yield Visitor(offered, client)


def test_the_page_says_why_what_it_does_and_what_it_costs_beside_what_they_have(visitor: Visitor) -> None:
    page = visitor.get(visitor.offered.offer(visitor.offered.to_account()))
    for said in (
        "Room for ten times the calls",
        "For a***@acme.example, Acme GmbH",
        "Your calls keep running into the limit of Starter",
        "You had used 85% of what your plan includes when we wrote.",
        "API calls 850 1,000",
        "Adds single sign on.",
        "10,000 API calls instead of 1,000.",
        "API calls 1,000 10,000",
        "Single sign on No Yes",
        "Price $49.00 per month $134.10 per month",
        "$134.10 per month for 6 months, then $149.00 per month.",
        "850 API calls (28 hours saved at 2 minutes each)",
        "We stopped counting calls. Grace Hopper, Navy Works",
        "Your money back within 30 days, without a question.",
        "Back to Starter at any time, in one click.",
        "These terms hold until 16 March 2026, 10:00 GMT+01:00.",
        "Get Pro for $134.10 per month",
        "Not now",
        "No, and do not ask again",
    ):
        assert said in page, said
    assert "ada@" not in page


def test_whoever_speaks_german_reads_german_with_their_money(visitor: Visitor) -> None:
    page = visitor.get(visitor.offered.offer(visitor.offered.to_account(locale="de-AT")))
    assert "Warum Sie das sehen Sie hatten 85 % dessen genutzt" in page.replace("\xa0", " ")
    assert "134,10" in page
    assert "Nein, und nicht mehr fragen" in page
    assert "Seit dem 2. März 2026: 850 API calls." in page
    assert not re.search(r"Why you|Now and then|per month|These terms", page)


def test_what_the_catalog_says_in_german_too_is_read_in_german(visitor: Visitor) -> None:
    said = (
        "    locales: {de: {title: Platz für mehr, reason: Sie stoßen an., guarantee: Geld zurück.,"
        " downgrade: Zurück.}}"
    )
    catalog = CATALOG.replace("    months: 6", f"    months: 6\n{said}")
    world = visitor.offered.world
    world.clock.move_to(world.clock.now() + MINUTE)
    world.apply({**offer_documents(), "catalog.yaml": catalog})
    key = visitor.offered.to_account(locale="de-AT")
    path = visitor.offered.offer(key)
    page = visitor.get(path)
    for words in ("Platz für mehr", "Sie stoßen an.", "Geld zurück.", "Zurück."):
        assert words in page, words
    assert not re.search("Room for|money back|Back to Starter", page)
    visitor.accept(path)
    assert "Geld zurück." in visitor.get(visitor.offered.back(key))
    ((guarantee,),) = world.rows("select guarantee from orders")
    assert guarantee == "Geld zurück."


def test_the_page_holds_what_was_shown_whatever_the_catalog_says_today(visitor: Visitor) -> None:
    path = visitor.offered.offer(visitor.offered.to_account())
    changed = CATALOG.replace("month: 149", "month: 199").replace("within 30 days", "within 3 days")
    visitor.offered.world.clock.move_to(START + DAY)
    visitor.offered.world.apply({**offer_documents(), "catalog.yaml": changed})
    visitor.offered.world.worker.run_until_idle()
    page = visitor.get(path)
    assert "$134.10 per month" in page
    assert "within 30 days" in page
    assert "179.10" not in page
    assert "199" not in page
    assert visitor.accept(path).status_code == 200
    assert "within 30 days" in visitor.get(visitor.offered.back(visitor.offered.key()))


def test_opening_a_page_changes_nothing(visitor: Visitor) -> None:
    key = visitor.offered.to_account()
    before = visitor.offered.world.rows("select count(*) from events")
    for path in (visitor.offered.offer(key), visitor.offered.back(key)):
        visitor.get(path)
        assert visitor.client.head(path).status_code == 200
        visitor.client.get(path + "?action=accept&price=13410&currency=USD&may_decide=yes")
    assert visitor.offered.world.rows("select count(*) from events") == before
    assert visitor.orders() == []


def test_an_offer_is_taken_once_at_the_price_that_was_stated(visitor: Visitor) -> None:
    key = visitor.offered.to_account()
    path = visitor.offered.offer(key)
    fields = {**visitor.fields(path), "may_decide": "yes"}
    assert (fields["price"], fields["currency"]) == ("13410", "USD")
    first, second = (visitor.client.post(path, data=fields) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 200)
    for answered in (first, second):
        assert "You took Pro on" in _words(answered.text)
    assert visitor.orders() == [(key, "ada", "a:acme", "page")]
    (told,) = visitor.offered.told("Offer Accepted")
    assert (told["key"], told["price"], told["currency"]) == (key, 13410, "USD")
    page = visitor.get(path)
    assert (
        "You took Pro on 2 March 2026, at the terms on this page. Thank you, we have your yes to Pro." in page
    )
    assert "Get Pro for" not in page
    assert "Not now" not in page
    assert "Go back to what you had" in page


@pytest.mark.parametrize(
    "changed",
    [
        {"price": "1"},
        {"price": ""},
        {"price": "x"},
        {"currency": "EUR"},
        {"key": "0" * 32},
        {"price": "-13410"},
    ],
)
def test_another_price_than_the_one_shown_takes_nothing(visitor: Visitor, changed: dict[str, str]) -> None:
    path = visitor.offered.offer(visitor.offered.to_account())
    answered = visitor.accept(path, **changed)
    assert answered.status_code == 409
    assert "The price is not the one you were shown. Nothing was charged" in answered.text
    assert visitor.orders() == []


def test_a_forwarded_mail_charges_no_company(visitor: Visitor) -> None:
    key = visitor.offered.to_account(role="viewer")
    path = visitor.offered.offer(key)
    assert "Get Pro for" not in visitor.get(path)
    # From a tab that was opened before.
    fields = {"key": key, "price": "13410", "currency": "USD", "action": "accept", "may_decide": "yes"}
    answered = visitor.client.post(path, data=fields)
    assert answered.status_code == 409
    assert "Your role may not decide this for your account" in answered.text
    assert visitor.orders() == []


def test_for_an_account_somebody_says_that_they_may(visitor: Visitor) -> None:
    path = visitor.offered.offer(visitor.offered.to_account())
    answered = visitor.client.post(path, data=visitor.fields(path))
    assert "Tick that you may decide this for Acme GmbH. Nothing was charged." in answered.text
    assert visitor.orders() == []


def test_for_oneself_nobody_is_asked_whether_they_may(visitor: Visitor) -> None:
    key = visitor.offered.to_customer()
    path = visitor.offered.offer(key)
    page = visitor.get(path)
    assert "I may decide" not in page
    assert "API calls 420 1,000" in page
    assert "You had used" not in page, "they asked; no limit was passed"
    answered = visitor.client.post(path, data=visitor.fields(path))
    assert "You took Pro on" in answered.text
    assert visitor.orders() == [(key, "bob", "c:bob", "page")]


def test_terms_that_are_over_say_so_and_what_to_do(visitor: Visitor) -> None:
    path = visitor.offered.offer(visitor.offered.to_account())
    fields = {**visitor.fields(path), "may_decide": "yes"}
    visitor.offered.world.clock.move_to(START + 14 * DAY - 1)
    assert "Get Pro for" in visitor.get(path)
    visitor.offered.world.clock.move_to(START + 14 * DAY)
    for page in (visitor.get(path), _words(visitor.client.post(path, data=fields).text)):
        assert (
            "These terms held until 16 March 2026, 10:00 GMT+01:00 and are over. Nothing was charged." in page
        )
        assert "ask us for today's terms" in page
        assert "Get Pro for" not in page
    assert visitor.orders() == []
    visitor.offered.world.clock.move_to(START + 20 * 365 * DAY)
    assert visitor.client.get(path).status_code == 200, "the link itself never ends"


def test_a_no_is_heard_with_its_reason_and_never_is_never(visitor: Visitor) -> None:
    key = visitor.offered.to_account()
    path = visitor.offered.offer(key)
    page = visitor.decline(path, reason="missing_feature", feature=" An\n API  ")
    assert "Thank you for saying so. You said not now on 2 March 2026. Nothing changed." in page
    assert "Get Pro for" in page, "should they change their mind it is still here"
    visitor.decline(path, reason="missing_feature", feature="An API")
    (told,) = visitor.offered.told("Offer Declined")
    assert told == {
        "key": key, "offer": "more", "thing": "pro", "answer": "not_now",
        "reason": "missing_feature", "feature": "An API",
    }  # fmt: skip
    page = visitor.decline(path, "never", reason="made up")
    assert "You said no on 2 March 2026. Nothing changed, and we do not ask for this again." in page
    assert "Not for you?" not in page
    visitor.offered.world.clock.move_to(START + DAY)
    visitor.decline(path, "not_now")
    assert "You said no on 2 March 2026." in visitor.get(path)
    assert [each.get("reason") for each in visitor.offered.told("Offer Declined")] == [
        "missing_feature", None, None,
    ]  # fmt: skip


def test_what_is_taken_is_not_declined_after(visitor: Visitor) -> None:
    path = visitor.offered.offer(visitor.offered.to_account())
    visitor.accept(path)
    assert "You took Pro on" in visitor.decline(path, "never")
    assert visitor.offered.told("Offer Declined") == []


def test_who_has_it_already_is_sold_nothing(visitor: Visitor) -> None:
    path = visitor.offered.offer(visitor.offered.to_account())
    visitor.offered.world.happens(
        "Subscription Changed",
        "ada",
        "acme",
        subscription_id="s-ada",
        plan="pro",
        amount=14_900,
        currency="USD",
    )
    page = visitor.get(path)
    assert "You have Pro already. There is nothing to buy here." in page
    assert "Get Pro for" not in page


@pytest.mark.parametrize("path", ["/a/", "/d/"])
@pytest.mark.parametrize("token", ["x", "A" * 43, "%00", "ä", "A" * 5_000])
def test_a_link_that_is_none_helps_and_tells_nothing(visitor: Visitor, path: str, token: str) -> None:
    visitor.offered.to_account()
    for method in ("GET", "POST"):
        answered = visitor.client.request(method, path + token, data={"action": "accept"})
        assert answered.status_code == 404
        assert "This link does not work" in answered.text
    assert visitor.orders() == []


def test_one_link_does_not_open_what_another_is_for(visitor: Visitor) -> None:
    key = visitor.offered.to_account()
    secret = read_link_secrets(visitor.offered.world.connection, START)[0]
    for path in (f"/a/{key_token(secret, UNSUBSCRIBE, key)}", f"/d/{key_token(secret, OFFER, key)}"):
        assert visitor.client.post(path, data={"action": "accept"}).status_code == 404
    assert visitor.client.get(f"/a/{key_token(secret, OFFER, '0' * 32)}").status_code == 404


def test_a_link_opens_also_after_secrets_changed(visitor: Visitor) -> None:
    path = visitor.offered.offer(visitor.offered.to_account())
    world = visitor.offered.world
    add_link_secret(world.connection, world.clock.now())
    world.clock.move_to(world.clock.now() + MINUTE)
    assert visitor.client.get(path).status_code == 200


def test_pages_are_kept_nowhere_and_load_nothing(visitor: Visitor) -> None:
    key = visitor.offered.to_account()
    for path in (visitor.offered.offer(key), visitor.offered.back(key)):
        answered = visitor.client.get(path)
        policy = answered.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "form-action 'self'" in policy
        assert answered.headers["cache-control"] == "no-store"
        assert answered.headers["x-robots-tag"] == "noindex"
        assert answered.headers["referrer-policy"] == "no-referrer"
        assert not re.search(r'(src|href|action)="https?:', answered.text)
        assert "<script" not in answered.text


def test_what_was_promised_is_one_button_away_and_one_task_due_at_once(visitor: Visitor) -> None:
    key = visitor.offered.to_account()
    back = visitor.offered.back(key)
    assert "We find no offer that you took" in visitor.get(back)
    visitor.client.post(back, data={"because": "x"})
    assert visitor.offered.world.rows("select * from tasks") == []
    visitor.accept(visitor.offered.offer(key))
    page = visitor.get(back)
    assert "You took Pro on 2 March 2026." in page
    assert "Your money back within 30 days, without a question." in page
    for because in ("Too slow\nfor us", "again"):
        page = _words(visitor.client.post(back, data={"because": because}).text)
        assert "Our team has it, with what was promised, and writes to you." in page
    ((queue, title, offer, opened, due),) = visitor.offered.world.rows(
        "select queue, title, offer, opened_at, due_at from tasks where title like 'Take back%'"
    )
    assert (queue, offer, opened) == ("success", None, due)
    assert title == (
        "Take back from Pro, as promised: Your money back within 30 days, without a question. Back to "
        "Starter at any time, in one click. (they say: Too slow for us) - what they took is not set up"
    )
    (told,) = visitor.offered.told("Return Asked")
    assert (told["key"], told["via"], told["because"]) == (key, "page", "Too slow for us")
    assert "You told us on 2 March 2026." in visitor.get(back)


def test_the_mail_that_welcomes_leads_back_too(visitor: Visitor) -> None:
    world = visitor.offered.world
    key = visitor.offered.to_account()
    visitor.accept(visitor.offered.offer(key))
    world.clock.move_to(world.clock.now() + MINUTE)
    world.happens(
        "Subscription Changed",
        "ada",
        "acme",
        subscription_id="s-ada",
        plan="pro",
        amount=13_410,
        currency="USD",
    )
    world.worker.run_until_idle()
    welcome = visitor.offered.key("t2")
    assert welcome != key
    assert "Your money back within 30 days" in visitor.get(visitor.offered.back(welcome))


BASE = "http://127.0.0.1:8600"
BACK_TASKS = "select key from tasks where title like 'Take back%'"


@pytest.mark.parametrize("is_watched", [True, False])
def test_coming_to_an_offer_is_told_as_a_click_where_links_may_be_watched(
    database: str, is_watched: bool
) -> None:
    with (
        open_sink() as sink,
        open_offers(database, sink, BASE, policy="" if is_watched else "links: {clicks: false}") as offered,
        TestClient(make_app(database, offered.world.clock)) as client,
    ):
        key = offered.to_account()
        offered.world.settle()
        mail: Any = message_from_bytes(sink.contents[-1])
        html = mail.get_payload()[1].get_payload(decode=True).decode()
        assert f'href="{BASE}{offered.offer(key)}"' in html, "it stays as it is, for it may never end"
        offered.world.clock.move_to(offered.world.clock.now() + TOO_SOON + HOUR)
        assert client.get(offered.offer(key), headers={"User-Agent": CHROME}).status_code == 200
        # What was handed over is written before an event that came behind it is answered.
        assert client.post("/v1/track", json={"userId": "nobody", "event": "Looked"}).status_code == 200
        offered.world.clock.move_to(offered.world.clock.now() + HELD_BACK + MINUTE)
        tell_people(offered.world.connection, offered.world.clock)
        told = offered.told("Message Clicked")
        assert [each["link"] for each in told] == ([f"{BASE}{offered.offer(key)}"] if is_watched else [])


def test_a_member_to_whom_an_offer_was_made_decides_for_the_account_that_pays(visitor: Visitor) -> None:
    world = visitor.offered.world
    world.happens("Customer Identified", "bob", email="bob@acme.example")
    world.happens("Account Identified", "bob", "acme", name="Acme GmbH", role="viewer")
    world.happens("Pricing Viewed", "bob")
    world.worker.run_until_idle()
    path = visitor.offered.offer(visitor.offered.key())
    assert "I may decide this for Acme GmbH" not in visitor.get(path)
    assert "Your role may not decide this for your account" in visitor.get(path)
    world.happens("Account Identified", "bob", "acme", role="admin")
    assert "I may decide this for Acme GmbH" in visitor.get(path)
    assert "You took Pro on" in visitor.accept(path).text


def test_whoever_looks_at_their_own_answer_did_not_come_by_the_link(database: str) -> None:
    with (
        open_sink() as sink,
        open_offers(database, sink, BASE) as offered,
        TestClient(make_app(database, offered.world.clock)) as client,
    ):
        path = offered.offer(offered.to_account())
        offered.world.settle()
        offered.world.clock.move_to(offered.world.clock.now() + TOO_SOON + HOUR)
        answered = client.post(path, data={"action": "not_now"}, headers={"User-Agent": CHROME})
        assert [each.status_code for each in (*answered.history, answered)] == [303, 200]
        assert str(answered.url).endswith(f"{path}?answered")
        assert client.post("/v1/track", json={"userId": "nobody", "event": "Looked"}).status_code == 200
        offered.world.clock.move_to(offered.world.clock.now() + HELD_BACK + MINUTE)
        tell_people(offered.world.connection, offered.world.clock)
        assert offered.told("Message Clicked") == []


def test_an_offer_without_an_end_that_is_made_no_more_says_so(database: str) -> None:
    endless = {**offer_documents(), "catalog.yaml": CATALOG.replace("    valid_for: 14 days\n", "")}
    gone = {
        "own": workflow(trigger="{on: Never}", journey="[{email: {content: t1, intent: help}}]"),
    }
    with open_offers(database) as offered, TestClient(make_app(database, offered.world.clock)) as client:
        offered.world.apply(endless)
        visitor = Visitor(offered, client)
        path = offered.offer(offered.to_account())
        assert "These terms hold until" not in visitor.get(path)
        without = CATALOG[: CATALOG.index("offers:")]
        offered.world.apply({**make_documents(gone), "catalog.yaml": without})
        page = _words(visitor.accept(path).text)
        assert "This offer is made no more. Nothing was charged." in page
        assert visitor.orders() == []


def test_a_database_that_does_not_answer_is_said_calmly(database: str) -> None:
    with open_offers(database) as offered:
        path = offered.offer(offered.to_account())
        away = "postgresql://postgres:@127.0.0.1:1/none"
        with TestClient(make_app(away, offered.world.clock)) as client:
            for answered in (client.get(path), client.post(path, data={"action": "accept"})):
                assert answered.status_code == 503
                assert "Nothing was changed. Please try again in a minute." in answered.text


def test_the_same_is_said_by_command(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    monkeypatch.setenv("UPSELL_DATABASE_URL", database)
    key = visitor.offered.to_account()

    def honour(*words: str) -> tuple[int, str, str]:
        return typed("honour", *words)

    code, _, err = honour("0" * 32)
    assert code == 1
    assert "expected the key of what made an offer" in err
    code, _, err = honour(key[:8], "--because", "x")
    assert code == 1
    assert "which nobody took" in err
    visitor.accept(visitor.offered.offer(key))
    code, out, _ = honour(key[:8])
    assert code == 0
    assert "a:acme took Pro for 134.10 USD a month on 2026-03-02 09:00 UTC." in out
    assert "  promised: Your money back within 30 days, without a question." in out
    assert len(visitor.offered.world.rows(BACK_TASKS)) == 0
    code, out, _ = honour(key[:8], "--because", "too slow")
    assert code == 0
    assert "is waiting: Take back from Pro, as promised: Your money back" in out
    code, out, _ = honour(key, "--because", "again")
    assert code == 1
    assert "It was asked for before; nothing changed." in out
    assert len(visitor.offered.world.rows(BACK_TASKS)) == 1
    assert "You told us on" in visitor.get(visitor.offered.back(key))
