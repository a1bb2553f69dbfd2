"""A customer looked after by the team: left alone and let be, found by address, shown what they would get."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from litestar.testing import TestClient

from tests.live_world import ON_PRICING, make_documents, open_world
from tests.pages_world import field, invite, join
from tests.sinks import open_sink
from tests.stories.world import START, make_program, workflow
from upsell.clock import DAY, SetClock
from upsell.config import Settings
from upsell.decisions.addresses import address_key
from upsell.decisions.reach import EMAIL, SMS
from upsell.runtime.explaining import stand_now
from upsell.runtime.previewing import Wanted, preview
from upsell.store import acts
from upsell.store.connect import connect
from upsell.store.suppressions import Cause, Suppress, end_suppression, read_suppressed, suppress_addresses
from upsell.store.timeline import NOW, Happened, Kind, Place, read_timeline
from upsell.store.users import Role
from upsell.web.app import make_app
from upsell.web.pages.timeline import timeline_row
from upsell.web.team import TeamPages

pytestmark = pytest.mark.postgres

MAIL = "[{email: {content: t1, intent: help}}, {email: {content: t2, intent: help}}]"
OF_ACCOUNTS = workflow(
    trigger=ON_PRICING,
    journey="[{email: {content: t3, intent: offer, offer: pro-annual, to: admin}}]",
    unit="account",
    suppress='["coalesce(account.do_not_contact, false)"]',
)
CLOCK = SetClock(START + DAY)


@pytest.fixture(scope="module")
def url(shared_database: str) -> str:
    """Give a database in which Ada was written to, with an account of five and twenty, and others."""
    with open_sink() as sink, open_world(shared_database, sink) as world:
        flows = {"help": workflow(trigger=ON_PRICING, journey=MAIL), "team": OF_ACCOUNTS}
        world.apply(make_documents(flows))
        for who in ("ada", "bob", "eve"):
            world.happens("Customer Identified", who, email=f"{who}@example.com", country="DE")
        for number in range(25):
            world.happens("Customer Identified", f"m{number:02}", "acme", email=f"m{number}@acme.example")
        world.happens("Customer Identified", "zoe", country="DE")
        world.happens("Customer Identified", "bob", phone="+4915112345678")
        world.happens("Consent Withdrawn", "eve", channel="email")
        world.happens("Pricing Viewed", "ada")
        world.settle()
    return shared_database


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[httpx.Client]:
    app = make_app(url, CLOCK, TeamPages(url, CLOCK, Settings()), Settings())
    with TestClient(app) as client:
        client.headers["Accept"] = "text/html"
        client.follow_redirects = False
        join(client, invite(url, "ana@acme.example", Role.SUCCESS, CLOCK))
        yield client


def send(client: httpx.Client, action: str, unit: str, why: str = "they asked by phone") -> httpx.Response:
    form = {"form": field(client.get("/customers").text, "form"), "unit": unit, "why": why}
    return client.post(f"/contact/{action}", data=form, headers={"Accept": "application/json"})


def told(client: httpx.Client, path: str) -> Any:
    return client.get(path, params={"format": "json"} if "?" not in path else None).json()


def causes(url: str, *keys: str) -> list[Cause | None]:
    with connect(url) as connection:
        held = read_suppressed(connection, keys)
    return [held[key].cause if key in held else None for key in keys]


def test_who_is_left_alone_is_so_by_every_address_until_the_team_takes_it_back(
    client: httpx.Client, url: str
) -> None:
    mail, phone = address_key(EMAIL, "bob@example.com"), address_key(SMS, "+4915112345678")
    assert "Leave them alone" in client.get("/customers/c:bob").text
    assert send(client, "stop", "c:bob").json() == {"done": "contact_stopped", "path": "/customers/c%3Abob"}
    assert causes(url, mail, phone) == [Cause.BY_HAND, Cause.BY_HAND]
    page = client.get("/customers/c:bob?done=contact_stopped").text
    assert "Nothing more is sent to them." in page
    assert "Leave them alone" not in page
    assert "by hand, by ana@acme.example" in page
    again = send(client, "stop", "c:bob")
    assert (again.status_code, "each is suppressed already" in again.json()["message"]) == (400, True)
    assert send(client, "resume", "c:bob", "they called again").json()["done"] == "contact_resumed"
    assert causes(url, mail, phone) == [None, None]
    with connect(url) as connection:
        done = acts.read_acts(connection, 2, by="ana@acme.example")
    assert [(each.act, each.about, each.because) for each in done] == [
        (acts.Act.CONTACT_RESUMED, "bob", "they called again"),
        (acts.Act.CONTACT_STOPPED, "bob", "they asked by phone"),
    ]
    assert "bob@" not in done[0].words


def test_what_a_customer_withdrew_themselves_the_team_cannot_take_back(
    client: httpx.Client, url: str
) -> None:
    key = address_key(EMAIL, "eve@example.com")

    withdrawn = told(client, "/customers/c:eve")["consents"]["withdrawn"]
    assert list(withdrawn) != []
    refused = send(client, "resume", "c:eve")
    assert (refused.status_code, "theirs to take back" in refused.json()["message"]) == (400, True)
    assert send(client, "stop", "c:eve").status_code == 200
    assert send(client, "resume", "c:eve").status_code == 200
    assert told(client, "/customers/c:eve")["consents"]["withdrawn"] == withdrawn
    # What they called spam is theirs, too, and what refused mail is nobody's word.
    for cause in (Cause.COMPLAINT, Cause.HARD_BOUNCE):
        with connect(url) as connection, connection.transaction():
            connection.execute("delete from suppressions")
            suppress_addresses(connection, [Suppress(key, cause, "postmark", "spam", START)])
        assert "Take that back" not in client.get("/customers/c:eve").text
        assert send(client, "resume", "c:eve").status_code == 400
        assert causes(url, key) == [cause]


def test_what_is_called_spam_while_the_team_leaves_somebody_alone_stands_when_it_does_not(
    client: httpx.Client, url: str
) -> None:
    key = address_key(EMAIL, "bob@example.com")
    assert send(client, "stop", "c:bob").status_code == 200
    with connect(url) as connection, connection.transaction():
        spam = [Suppress(key, cause, "postmark", "as told", CLOCK.now()) for cause in Cause]
        (held,) = suppress_addresses(connection, spam)
        assert suppress_addresses(connection, spam) == []
    assert held.why == "as told; before: by_hand by ana@acme.example, they asked by phone"
    # The number that the team left alone is given back, and the address is not.
    assert send(client, "resume", "c:bob").status_code == 200
    assert causes(url, key, address_key(SMS, "+4915112345678")) == [Cause.COMPLAINT, None]
    assert send(client, "resume", "c:bob").status_code == 400
    with connect(url) as connection:
        # Of two at once, the complaint came between looking and taking back.
        assert end_suppression(connection, key, "ana", "they called", CLOCK.now(), Cause.BY_HAND) is None
        assert end_suppression(connection, key, "ana", "they called", CLOCK.now()) is not None


@pytest.mark.parametrize("unit", ["a:acme", "c:nobody", "c:\0", "c:zoe"])
def test_whom_nobody_writes_to_is_not_left_alone_and_the_answer_says_why(
    client: httpx.Client, unit: str
) -> None:
    for action in ("stop", "resume"):
        answered = send(client, action, unit)
        assert (answered.status_code, answered.json()["code"]) == (400, "refused")
    assert send(client, "burn", "c:bob").status_code == 404
    assert send(client, "stop", "c:bob", "").status_code == 400


def test_a_viewer_says_nothing_about_contact_or_tasks(client: httpx.Client, url: str) -> None:
    app = make_app(url, CLOCK, TeamPages(url, CLOCK, Settings()), Settings())
    with TestClient(app) as viewer:
        viewer.follow_redirects = False
        join(viewer, invite(url, "vic@acme.example", Role.VIEWER, CLOCK))
        form = {"form": field(viewer.get("/customers").text, "form"), "unit": "c:bob", "why": "x"}
        for path in ("/contact/stop", "/queue/x/take"):
            assert viewer.post(path, data=form).status_code == 403
        assert "Leave them alone" not in viewer.get("/customers/c:bob").text


def test_the_customers_of_an_account_are_listed_each_once(client: httpx.Client) -> None:
    path, seen = "/customers/a:acme?format=json", []
    while path:
        page = client.get(path).json()
        seen += page["members"]
        path = page["more_members"].replace("#members", "&format=json")
    assert seen == [f"c:m{number:02}" for number in range(25)]
    assert "Nobody writes to an account" in client.get("/customers/a:acme").text


def test_of_an_account_little_is_looked_through_at_a_time_and_nothing_is_left_out(url: str) -> None:
    found: list[Happened] = []
    before: Place | None = NOW
    stretches = 0
    with connect(url) as connection, connection.transaction(force_rollback=True):
        connection.execute(
            "insert into decisions (unit_id, workflow, version, decided_at, reason, rule, seen)"
            " values ('c:m03', 'help', '', moment(%s), 'enrolled', '', '{}')",
            (START - DAY,),
        )
        while before is not None:
            stretch = read_timeline(connection, "c:m03", "a:acme", 50, before, 4)
            found += stretch.happened
            before, stretches = stretch.older, stretches + 1
        whole = connection.execute("select count(*) from events where household_id = 'a:acme'").fetchone()
    assert [each.name for each in found] == ["Customer Identified", "help"]
    assert whole is not None
    assert stretches == whole[0] // 4 + 1


def test_an_address_that_was_written_to_finds_whose_it_is(client: httpx.Client) -> None:
    found = client.get("/customers?q=ADA@example.com&format=json").json()["found"]
    assert [(each["unit"], each["how"]) for each in found] == [("c:ada", "written to at this address")]
    assert client.get("/customers?q=bob@example.com&format=json").json()["found"] == []
    assert client.get("/customers?q=%2B4915112345678&format=json").json()["found"] == []


def test_a_preview_is_what_the_command_shows_and_its_letter_stands_alone(
    client: httpx.Client, url: str
) -> None:
    page = told(client, "/preview?unit=c:ada&workflow=help&template=t2&format=json")
    with connect(url) as connection:
        stood = stand_now(connection, "c:ada", CLOCK.now())
    shown = preview(stood.program, stood.household, Wanted("t2", "ada", "help"), CLOCK.now())
    assert (page["subject"], page["text"], page["html"]) == (
        shown.letter.subject,
        shown.letter.text,
        shown.letter.html,
    )
    assert [each["template"] for each in page["messages"]] == ["t1", "t2"]
    written = client.get("/preview?unit=c:ada&workflow=help&template=t2")
    assert "frame-src 'self'" in written.headers["content-security-policy"]
    letter = client.get("/preview/letter?unit=c:ada&workflow=help&template=t2")
    assert letter.text.replace('<base target="_blank">', "") == shown.letter.html
    assert "sandbox" in letter.headers["content-security-policy"]
    assert "frame-src" not in client.get("/customers/c:ada").headers["content-security-policy"]


def test_a_preview_says_who_would_let_them_in_and_what_stands_in_the_way(client: httpx.Client) -> None:
    page = told(client, "/preview?unit=c:m00&format=json")
    assert {each["key"] for each in page["workflows"]} == {"help", "team"}
    assert told(client, "/preview?unit=c:ada&workflow=nothing&format=json")["workflow"] == "help"
    assert client.get("/preview?unit=c:zoe&workflow=help").status_code == 200
    for unit in ("a:acme", "c:nobody", "", "%00"):
        answered = client.get(f"/preview?unit={unit}")
        assert answered.status_code == 404
        assert "Nothing can be shown of them" in answered.text


def test_a_message_in_a_timeline_leads_to_the_outbox() -> None:
    said = '{"key": "k/1", "channel": "email", "step": "1", "workflow": "help", "reason": "no_consent"}'
    sent = Happened(Place(START, Kind.EVENT, 1), START, "Message Withheld", said, "", "core", True)
    task = Happened(Place(START, Kind.EVENT, 2), START, "Task Opened", '{"key": "t1"}', "", "core", True)
    row = timeline_row(sent)
    assert row.path == "/outbox/k%2F1"
    assert row.said.startswith("email, step 1 of help: ")
    assert timeline_row(task).path == "/queue/t1"


def test_the_advice_for_a_whole_account_is_a_rule_that_workflows_take() -> None:
    for unit in ("account", "customer"):
        flow = workflow(
            trigger=ON_PRICING,
            journey="[{task: {queue: q, title: t, due: 1 days}}]",
            unit=unit,
            suppress='["coalesce(account.do_not_contact, false)"]',
        )
        assert make_program({"flow": flow}).workflows
