"""Leaving and choosing by the links of a mail that was really sent: over HTTP, and at the next gate."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes
from html import unescape
from typing import Any

import pytest
from litestar.testing import TestClient

from tests.live_world import LiveWorld, make_documents, open_world, two_mails
from tests.sinks import Sink, open_sink
from tests.stories.world import CATALOG, START, workflow
from upsell.channels.link_facts import PREFERENCES, UNSUBSCRIBE, key_token
from upsell.clock import DAY, HOUR, MINUTE
from upsell.runtime.preferences import PAUSE
from upsell.signals.events import Event
from upsell.store.consents import read_consent_events, read_texts
from upsell.store.link_secrets import add_link_secret, read_link_secrets
from upsell.store.outbox import count_failures
from upsell.web.app import make_app

pytestmark = pytest.mark.postgres

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
CHAT = CATALOG.replace(
    "offers:",
    "  chat: {name: Chat, tier: 1, price: {month: 9}, family: chat}\noffers:\n"
    "  chat: {kind: cross-sell, plan: chat, title: Chat}",
)


class Reader:
    """A customer's mail client and browser, before one live world."""

    def __init__(self, world: LiveWorld, sink: Sink, client: TestClient[Any]) -> None:
        self.world, self.client = world, client
        self._sink = sink

    def mail(self, number: int = -1) -> Any:
        return message_from_bytes(self._sink.contents[number])

    def links(self, number: int = -1) -> tuple[str, str]:
        """Give the paths by which a mail is left, and by which what is heard is chosen."""
        text = self.mail(number).get_payload()[0].get_payload(decode=True).decode()
        (leave,) = re.findall(r"http://127.0.0.1:8600(/u/\S+)", text)
        (choose,) = re.findall(r"http://127.0.0.1:8600(/p/\S+)", text)
        assert self.mail(number)["List-Unsubscribe"].strip() == f"<http://127.0.0.1:8600{leave}>"
        return leave, choose

    def said(self, customer_id: str = "ada") -> list[Event]:
        return read_consent_events(self.world.connection, customer_id)

    def words(self, customer_id: str = "ada") -> list[tuple[str, str]]:
        return [(event.name.removeprefix("Consent "), _scope(event)) for event in self.said(customer_id)]

    def choose(self, path: str, action: str = "choose", **ticked: list[str]) -> str:
        answered = self.client.post(path, data={"action": action, **ticked})
        assert answered.status_code == 200, answered.text
        return answered.text


def _scope(event: Event) -> str:
    said = event.properties
    return "/".join(str(said[name]) for name in ("channel", "purpose", "family") if name in said)


def ticks(page: str) -> dict[str, bool]:
    """Give what can be ticked on a page, and whether it is."""
    found = re.findall(r'<input type="checkbox" name="\w+" value="([^"]+)"( checked)?>', page)
    return {value: bool(checked) for value, checked in found}


@pytest.fixture
def reader(database: str) -> Iterator[Reader]:
    """Ada has had a first mail, and a second one is due in a day."""
    sms = workflow(trigger="{on: Never}", journey="[{sms: {content: t1, intent: help}}]")
    chat = workflow(trigger="{on: Asked}", journey="[{email: {content: t2, offer: chat}}]")
    service = workflow(trigger="{on: Bought}", journey="[{email: {content: t3, intent: service}}]")
    documents = make_documents({"w": two_mails("1 days"), "sms": sms, "chat": chat, "service": service})
    documents = {**documents, "catalog.yaml": CHAT, "templates/t1.sms.txt": "Hello"}
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(documents)
        world.happens("Customer Identified", "ada", email="ada@example.com", phone="+15551234567")
        world.happens("Pricing Viewed", "ada")
        world.settle()
        with TestClient(make_app(database, world.clock)) as client:
            yield Reader(world, sink, client)


def test_a_mail_that_is_queued_is_withheld_once_its_reader_has_left(reader: Reader) -> None:
    leave, _ = reader.links()
    world = reader.world
    world.clock.move_to(world.clock.now() + DAY)
    world.worker.run_until_idle()
    assert world.states()["reserved"] == 1
    assert reader.client.post(leave, data=ONE_CLICK).status_code == 200
    # The worker has not come to it: what was said is in the ledger alone.
    world.dispatcher.run_until_idle()
    assert world.states() == {"sent": 1, "withdrawn": 1}
    reason = world.rows("select reason from outbox where state = 'withdrawn'")
    assert reason == [("no_consent: consent was withdrawn (email)",)]
    assert count_failures(world.connection, 0) == []


def test_one_click_is_proved_by_its_message_and_said_once(reader: Reader) -> None:
    leave, _ = reader.links()
    for _ in range(3):
        assert reader.client.post(leave, data=ONE_CLICK).status_code == 200
    (event,) = reader.said()
    (key,) = reader.world.rows("select key from outbox")[0]
    assert event.properties == {"channel": "email", "key": key, "proof": "one-click"}
    assert (event.name, event.customer_id, event.source) == ("Consent Withdrawn", "ada", "preferences")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_whoever_only_opens_a_link_changes_nothing(reader: Reader, method: str) -> None:
    for path in reader.links():
        answered = reader.client.request(method, f"{path}?List-Unsubscribe=One-Click&action=off")
        assert answered.status_code == 200
        assert bool(answered.content) is (method == "GET")
    assert reader.said() == []
    reader.world.after(2 * DAY)
    assert reader.world.states() == {"sent": 2}


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"),
        (
            b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n',
            "multipart/form-data; boundary=b",
        ),
        (b"", ""),
        (b"\xff\x00=&&&", "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
        (b"action=unsubscribe", "text/plain"),
    ],
)
def test_a_post_leaves_whatever_its_body_says(reader: Reader, content: bytes, kind: str) -> None:
    leave, _ = reader.links()
    answered = reader.client.post(leave, content=content, headers={"content-type": kind} if kind else {})
    assert (answered.status_code, reader.words()) == (200, [("Withdrawn", "email")])
    expected = "one-click" if b"One-Click" in content else "unsubscribe page"
    assert reader.said()[0].properties["proof"] == expected


def test_leaving_and_coming_back_on_the_page_keep_the_words_that_were_shown(reader: Reader) -> None:
    leave, choose = reader.links()
    page = reader.client.get(leave).text
    assert "Unsubscribe from Acme?" in page
    assert "a***@example.com" in page
    assert "ada@" not in page
    left = reader.client.post(leave, data={"action": "unsubscribe"}).text
    assert "You are unsubscribed" in left
    assert f'action="../p/{choose.rpartition("/")[2]}"' in left
    reader.choose(choose, "subscribe")
    assert reader.words() == [("Withdrawn", "email"), ("Given", "email")]
    versions = [event.properties["text_version"] for event in reader.said()]
    texts = read_texts(reader.world.connection, versions)
    withdrawn, given = (texts[version].said for version in versions)
    assert withdrawn.startswith("Unsubscribe from Acme?\nYou will get no more tips, suggestions and offers")
    assert given.endswith("Send me them again")
    for shown in withdrawn.split("\n"):
        assert shown in unescape(page), "what is kept is what stood there"
    reader.world.after(2 * DAY)
    assert reader.world.states() == {"sent": 1}, "the journey that was left is not resumed"


def test_service_is_told_to_whoever_left(reader: Reader) -> None:
    leave, _ = reader.links()
    reader.client.post(leave, data=ONE_CLICK)
    reader.world.happens("Bought", "ada")
    assert reader.world.settle()
    assert reader.mail()["Subject"] == "t3"
    assert reader.mail()["List-Unsubscribe"] is None, "it is no list to leave"


def test_the_page_shows_what_holds_and_takes_what_is_ticked(reader: Reader) -> None:
    _, choose = reader.links()
    on = {"email": True, "sms": True, "yes": True, "chat": True}
    assert ticks(reader.client.get(choose).text) == on
    page = reader.choose(choose, channel=["email"], profiling=["yes"])
    assert ticks(page) == {**on, "sms": False, "chat": False}
    assert reader.words() == [("Withdrawn", "sms"), ("Withdrawn", "*/chat")]
    reader.world.happens("Asked", "ada")
    reader.world.after(HOUR)
    assert reader.world.states() == {"sent": 1}, "no offer about chat"
    reader.choose(choose, channel=["email", "sms"], profiling=["yes"], family=["chat"])
    assert reader.words()[2:] == [("Given", "sms"), ("Given", "*/chat")]
    page = reader.choose(choose, channel=["email", "sms"], family=["chat"])
    assert (ticks(page)["yes"], reader.words()[4:]) == (False, [("Withdrawn", "*/profiling")])


def test_everything_off_and_on_again(reader: Reader) -> None:
    _, choose = reader.links()
    page = reader.choose(choose, "off")
    assert "Everything is off." in page
    assert ticks(page) == {"email": False, "sms": False, "yes": True, "chat": True}
    reader.choose(choose, "off")
    assert reader.words() == [("Withdrawn", "*")]
    page = reader.choose(choose, channel=["email"], profiling=["yes"], family=["chat"])
    assert ticks(page) == {"email": True, "sms": False, "yes": True, "chat": True}
    page = reader.choose(choose, "on")
    assert ticks(page) == {"email": True, "sms": True, "yes": True, "chat": True}


def test_a_break_withholds_what_is_queued_and_ends_by_itself(reader: Reader) -> None:
    leave, choose = reader.links()
    world = reader.world
    page = reader.choose(choose, "pause")
    assert "You hear nothing of this until 1 April 2026." in page
    assert ticks(page)["email"], "what they chose stays as they chose it"
    world.happens("Asked", "ada")
    world.clock.move_to(world.clock.now() + DAY)
    world.settle()
    assert world.states() == {"sent": 1}
    assert "You hear nothing" in reader.client.get(choose).text
    reader.choose(choose, "resume")
    world.settle()
    assert world.states() == {"sent": 3}, "the one that waited, and the one that stood still"
    reader.choose(choose, "pause")
    reader.client.post(leave, data=ONE_CLICK)
    assert reader.words()[-1] == ("Withdrawn", "email"), "a pause is no withdrawal"
    world.clock.move_to(world.clock.now() + PAUSE)
    assert "Pause for 30 days" in reader.client.get(choose).text


def test_a_break_outlasts_what_is_chosen_meanwhile(reader: Reader) -> None:
    _, choose = reader.links()
    reader.choose(choose, "off")
    reader.choose(choose, "pause")
    page = reader.choose(choose, channel=["email", "sms"], profiling=["yes"], family=["chat"])
    assert "You hear nothing of this until 1 April 2026." in page
    reader.world.clock.move_to(reader.world.clock.now() + MINUTE)
    assert "Pause for 30 days" in reader.choose(choose, "on")


@pytest.mark.parametrize("path", ["/u/", "/p/"])
@pytest.mark.parametrize("token", ["x", "%00", "A" * 43, "A" * 5000, "ä", "-_-_", "%F0%9F%98%80", "..."])
def test_a_link_that_is_none_helps_and_tells_nothing(reader: Reader, path: str, token: str) -> None:
    for method in ("GET", "POST"):
        answered = reader.client.request(
            method, path + token, data={"action": "off"} if method == "POST" else None
        )
        assert answered.status_code == 404
        assert "This link does not work" in answered.text
        assert "hello@acme.example" in answered.text
        assert "example.com" not in answered.text.replace("acme.example", "")
    assert reader.said() == []


def test_one_link_does_not_open_what_another_is_for(reader: Reader) -> None:
    leave, choose = reader.links()
    for path, other in (("/u/", choose), ("/p/", leave)):
        answered = reader.client.post(path + other.rpartition("/")[2], data={"action": "off"})
        assert answered.status_code == 404
    assert reader.said() == []


def test_a_link_of_a_message_that_nobody_knows_changes_nothing(reader: Reader) -> None:
    secret = read_link_secrets(reader.world.connection, START)[0]
    for path, purpose in (("/u/", UNSUBSCRIBE), ("/p/", PREFERENCES)):
        answered = reader.client.post(path + key_token(secret, purpose, "0" * 32), data={"action": "on"})
        assert answered.status_code == 404


def test_a_link_opens_for_ever_also_after_secrets_changed(reader: Reader) -> None:
    leave, _ = reader.links()
    world = reader.world
    world.clock.move_to(world.clock.now() + 20 * 365 * DAY)
    add_link_secret(world.connection, world.clock.now())
    assert reader.client.post(leave, data=ONE_CLICK).status_code == 200
    newest = read_link_secrets(world.connection, world.clock.now())[0]
    (key,) = world.rows("select key from outbox")[0]
    world.clock.move_to(world.clock.now() + MINUTE)
    assert reader.client.get(f"/u/{key_token(newest, UNSUBSCRIBE, key)}").status_code == 200


def test_pages_are_kept_nowhere_and_load_nothing(reader: Reader) -> None:
    leave, choose = reader.links()
    for path in (leave, choose, "/u/x"):
        answered = reader.client.get(path)
        policy = answered.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "form-action 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert answered.headers["referrer-policy"] == "no-referrer"
        assert answered.headers["cache-control"] == "no-store"
        assert answered.headers["x-robots-tag"] == "noindex"
        assert "set-cookie" not in answered.headers
        assert "<script" not in answered.text
        assert re.findall(r'(?:src|href)="(?!mailto:|\.\./|data:)', answered.text) == []


@pytest.mark.parametrize(
    ("traits", "accepted", "title"),
    [
        ({"locale": "de-DE"}, "en", "Von Acme abmelden?"),
        ({}, "de", "Von Acme abmelden?"),
        ({}, "fr", "Unsubscribe"),
    ],
)
def test_pages_are_in_the_language_of_whoever_reads_them(
    reader: Reader, traits: dict[str, str], accepted: str, title: str
) -> None:
    leave, _ = reader.links()
    if traits:
        reader.world.happens("Customer Identified", "ada", **traits)
    answered = reader.client.get(leave, headers={"accept-language": accepted})
    assert title in answered.text
    assert f'<html lang="{answered.headers["content-language"]}">' in answered.text


def test_a_link_speaks_for_who_its_reader_went_into(reader: Reader) -> None:
    leave, _ = reader.links()
    reader.world.happens("Customers Merged", "grace", **{"from": "ada"})
    assert reader.client.post(leave, data=ONE_CLICK).status_code == 200
    assert reader.words("grace") == [("Withdrawn", "email")]


def test_what_a_member_says_is_theirs_alone(reader: Reader) -> None:
    world = reader.world
    account = workflow(
        trigger="{on: Shared, again_after: 1 days}",
        journey="[{email: {content: t4, intent: help}}]",
        unit="account",
    )
    world.apply({**make_documents({"a": account}), "catalog.yaml": CHAT})
    for who in ("bob", "cyd"):
        world.happens("Account Identified", who, "acme", roles=["admin"])
        world.happens("Customer Identified", who, email=f"{who}@example.com")
    world.happens("Shared", "bob", "acme")
    world.settle()
    (number,) = [place for place in (-1, -2) if reader.mail(place)["To"] == "bob@example.com"]
    reader.client.post(reader.links(number)[0], data=ONE_CLICK)
    assert (reader.words("bob"), reader.words("cyd")) == ([("Withdrawn", "email")], [])
    before = world.states()["sent"]
    world.clock.move_to(world.clock.now() + 3 * DAY)
    world.happens("Shared", "bob", "acme")
    world.settle()
    assert world.states()["sent"] == before + 1
    assert reader.mail()["To"] == "cyd@example.com"


def test_while_the_database_is_away_nothing_is_said_to_have_changed(reader: Reader, database: str) -> None:
    leave, choose = reader.links()
    nowhere = database.replace("/postgres", "/gone") if "/postgres" in database else f"{database}x"
    with TestClient(make_app(nowhere, reader.world.clock)) as client:
        for path in (leave, choose):
            answered = client.post(path, data=ONE_CLICK)
            assert (answered.status_code, answered.headers["retry-after"]) == (503, "60")
            assert "Nothing was changed" in answered.text


def test_a_form_of_any_size_is_no_fault(reader: Reader) -> None:
    leave, choose = reader.links()
    assert reader.client.post(leave, content=b"x" * 20_000).status_code == 413
    many = "&".join(f"channel={number}" for number in range(300))
    assert reader.client.post(choose, content=many.encode()).status_code == 200
    assert reader.client.post(choose, data={"action": "hack", "channel": "*"}).status_code == 200
    assert reader.said() == []


def test_who_leaves_does_so_while_what_is_live_does_not_compile(reader: Reader) -> None:
    leave, _ = reader.links()
    reader.world.connection.execute(
        "insert into revisions (number, hash, documents, live_from, live_at, applied_at, note)"
        " select 2, 'other', '{\"upsell.yaml\": \"no\"}', live_from, live_at, applied_at, '' from revisions"
    )
    answered = reader.client.post(leave, data=ONE_CLICK)
    assert (answered.status_code, reader.words()) == (200, [("Withdrawn", "email")])
    assert "Acme sends you no more" in answered.text


def test_pages_speak_in_the_name_of_the_sender_their_mail_came_from(database: str) -> None:
    named = workflow(
        trigger="{on: Asked}", journey="[{email: {content: t1, intent: help}}]", more="sender: shop"
    )
    shop = "senders: {shop: {name: The Shop, address: shop@shop.example, postal_address: 9 Lane}}\n"
    documents = make_documents({"named": named}, policy=shop)
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(documents)
        world.happens("Customer Identified", "ada", email="ada@example.com")
        world.happens("Asked", "ada")
        world.settle()
        with TestClient(make_app(database, world.clock)) as client:
            reader = Reader(world, sink, client)
            assert reader.mail()["From"] == "The Shop <shop@shop.example>"
            for path in reader.links():
                page = client.get(path).text
                assert "The Shop" in page
                assert "9 Lane" in page
                assert "Acme" not in page
