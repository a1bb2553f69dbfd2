"""Pages of the team without a browser: ids of every kind, refusals, and what machines are told."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from urllib.parse import quote

import httpx
import psycopg
import pytest
from litestar.testing import TestClient

from tests.live_world import ON_PRICING, make_documents, open_world
from tests.stories.world import START, workflow
from upsell.clock import DAY, HOUR, SetClock, format_moment
from upsell.config import Settings
from upsell.runtime import keeping, overview, programs
from upsell.runtime.learning import learn
from upsell.runtime.reporting import Report
from upsell.store.connect import connect
from upsell.store.guardrails import stretch_at, stretch_begins
from upsell.store.revisions import Revision, keep_revision
from upsell.web.app import make_app
from upsell.web.team import TeamPages
from upsell.workspace.compile import compile_documents
from upsell.workspace.editions import Edition

pytestmark = pytest.mark.postgres

HELP = "[{email: {content: t1, intent: help}}]"
# The last of them is asked about throughout.
ODD_IDS = ("shop/ada", "shop//ada/", "a.json", "a b?c#d%2F", "..")


@pytest.fixture(scope="module")
def url(postgres_url: str, migrated_template: str) -> Iterator[str]:
    """Give a database in which ids hold what addresses have a use for."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"create database team_pages template {migrated_template}")
    found = postgres_url.replace("/postgres?", "/team_pages?", 1)
    with open_world(found) as world:
        world.apply(make_documents({"help": workflow(trigger=ON_PRICING, journey=HELP)}))
        for number, who in enumerate(ODD_IDS):
            world.happens("Customer Identified", who, email=f"odd{number}@example.com")
            world.happens("Pricing Viewed", who)
        world.worker.run_until_idle()
    yield found
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("drop database team_pages with (force)")


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[httpx.Client]:
    with TestClient(TeamPages(url, SetClock(START + DAY), Settings()).guest_app()) as client:
        client.headers["Accept"] = "text/html"
        client.follow_redirects = False
        yield client


@pytest.mark.parametrize("who", ODD_IDS)
def test_whatever_an_id_holds_it_has_a_page_and_the_search_leads_there(
    client: httpx.Client, who: str
) -> None:
    found = client.get("/customers", params={"q": who}).text
    path = f"/customers/{quote(f'c:{who}', safe='')}"
    assert f'href="{path}"' in found
    answered = client.get(path)
    assert answered.status_code == 200, answered.text
    assert answered.headers["content-type"].startswith("text/html")
    told = client.get(path, params={"format": "json"}).json()
    assert (told["unit"], told["path"]) == (f"c:{who}", path)


def test_what_no_database_holds_finds_nobody(client: httpx.Client) -> None:
    answered = client.get("/customers?q=%00")
    assert (answered.status_code, "Nobody" in answered.text) == (200, True)
    for path in ("/customers/%00", "/customers/c:%00", "/customers/c:a%0Ab"):
        answered = client.get(path)
        assert answered.status_code == 404, path
        assert ("null character" if "%00" in path else "Nothing can be said of them") in answered.text


PAGES = ("/", "/queue", "/preview?unit=c:..", "/workflows", "/workflows/help", "/customers/c:..", "/results")


def test_a_revision_that_is_not_taken_any_more_is_told_with_what_to_do(database: str) -> None:
    pages = TeamPages(database, SetClock(START + DAY), Settings()).guest_app()
    with open_world(database) as world, TestClient(pages) as client:
        world.apply(make_documents({"help": workflow(trigger=ON_PRICING, journey=HELP)}))
        world.happens("Customer Identified", "..")
        world.worker.run_until_idle()
        assert {client.get(path).status_code for path in PAGES} == {200}
        keep_revision(world.connection, Revision(2, "x", {"upsell.yaml": "a: 1\n"}, 0, 0, 0))
        for path in PAGES:
            answered = client.get(path, headers={"Accept": "text/html"})
            assert answered.status_code == 503, path
            assert "not taken by this release" in answered.text
            assert answered.text.index("upsell check") < answered.text.index("upsell apply")
            told = client.get(path, headers={"Accept": "application/json"})
            assert (told.status_code, told.json()["code"]) == (503, "definition")


def test_what_is_counted_for_the_first_time_says_so_at_once_and_stands_there_once_it_is(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_counted, before = threading.Event(), threading.enumerate()

    def count(*_: object) -> Report:
        assert is_counted.wait(10)
        return Report(START, "USD", ())

    monkeypatch.setattr(overview, "report_live", count)
    monkeypatch.setattr(keeping, "PATIENCE", 0.0)
    with TestClient(TeamPages(url, SetClock(START + DAY), Settings()).guest_app()) as client:
        for path in ("/", "/workflows", "/results"):
            page = client.get(path, headers={"Accept": "text/html"})
            assert (page.status_code, page.headers["refresh"]) == (202, "3"), path
            assert "This is being counted" in page.text
            told = client.get(path, headers={"Accept": "application/json"})
            assert (told.status_code, told.json()["code"]) == (503, "being_read"), path
            assert told.headers["retry-after"] == "3"
        is_counted.set()
        monkeypatch.setattr(keeping, "PATIENCE", 10.0)
        assert {client.get(path).status_code for path in ("/", "/workflows", "/results")} == {200}
    assert {each.name for each in threading.enumerate() if each not in before} <= {"MainThread"}


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/customers/nobody", 404, "unknown"),
        ("/workflows/nothing", 404, "unknown"),
        ("/log", 403, "forbidden"),
        ("/nothing/at/all", 404, "not_found"),
    ],
)
def test_every_refusal_has_one_shape_for_machines_and_leads_people_home(
    client: httpx.Client, path: str, status: int, code: str
) -> None:
    page = client.get(path)
    assert (page.status_code, page.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert '<a href="/">' in page.text
    told = client.get(path, headers={"Accept": "application/json"})
    assert (told.status_code, told.headers["content-type"]) == (status, "application/json")
    assert set(told.json()) == {"code", "message"}
    assert told.json()["code"] == code
    assert told.json()["message"]


def test_where_it_ends_with_json_nobody_is_led_to_a_form(url: str) -> None:
    settings, clock = Settings(), SetClock(START + DAY)
    with TestClient(make_app(url, clock, TeamPages(url, clock, settings), settings)) as client:
        for path in ("/results.json", "/workflows/help.json"):
            answered = client.get(path, headers={"Accept": "text/html"}, follow_redirects=False)
            assert (answered.status_code, answered.json()["code"]) == (401, "unauthorized"), path
        # An id may end like that, and is asked for by people.
        answered = client.get("/customers/c:a.json", headers={"Accept": "text/html"}, follow_redirects=False)
        assert answered.headers["location"] == "/sign-in?to=/customers/c%3Aa.json"
        gone = client.get("/join/gone", headers={"Accept": "application/json"})
        assert (gone.status_code, gone.json()["code"]) == (404, "unknown")


def test_an_unknown_address_is_a_page_in_a_browser_and_a_sentence_for_senders(url: str) -> None:
    settings, clock = Settings(), SetClock(START + DAY)
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    with TestClient(make_app(url, clock, TeamPages(url, clock, settings), settings)) as client:
        answered = client.get("/nothing", headers=browser)
        assert (answered.status_code, "There is no page at this address" in answered.text) == (404, True)
        answered = client.put("/sign-in", headers=browser)
        assert (answered.status_code, "GET" in answered.headers["allow"]) == (405, True)
        assert answered.headers["content-type"].startswith("text/html")
        for path in ("/v1/nothing", "/sdk/nothing/x", "/hooks"):
            told = client.get(path, headers=browser)
            assert (told.status_code, told.json()["code"]) == (404, "not_found"), path
        assert client.get("/nothing", headers={"Accept": "*/*"}).json()["code"] == "not_found"
    with TestClient(make_app(url, clock)) as client:
        # Without pages there is neither a home to lead to nor a style.
        assert client.get("/nothing", headers=browser).json()["code"] == "not_found"


def test_home_says_what_came_in_as_far_as_it_was_learned(client: httpx.Client, url: str) -> None:
    with connect(url) as connection:
        learned = learn(connection)
        assert learned == 2 * len(ODD_IDS)
        for stretch in (3, 700, 713):
            for at in (stretch_begins(stretch), stretch_begins(stretch + 1) - 1, START):
                # As the sums have it, in ``sum_guarded_messages.sql``.
                asked = "select (extract(epoch from moment(%s)) / 2419200)::integer"
                assert connection.execute(asked, [at]).fetchone() == (stretch_at(at),)
    ran = client.get("/?format=json").json()["ran"]
    assert (ran["events"], ran["events_since"]) == (
        learned,
        format_moment((START + DAY) // DAY * DAY - 6 * DAY),
    )
    assert (ran["messages"], ran["workflows"][0]["let_in"]) == (None, len(ODD_IDS))


def test_no_page_compiles_twice_what_is_live(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[object] = []

    def noted(documents: Mapping[str, str], edition: Edition) -> object:
        compiled.append(documents)
        return compile_documents(documents, edition)

    monkeypatch.setattr(programs, "compile_documents", noted)
    past = f"/customers/c:..?at={format_moment(START + HOUR)}"
    previews = ("/preview?unit=c:..", "/preview/letter?unit=c:..")
    paths = ("/workflows/help", "/customers/c:..", past, "/queue", *previews)
    for path in paths:
        assert client.get(path).status_code == 200
    before = len(compiled)
    for path in paths:
        assert client.get(path).status_code == 200
    assert len(compiled) == before


def test_a_moment_that_is_to_come_is_no_past_and_the_page_is_of_now(client: httpx.Client) -> None:
    now = START + DAY
    told = client.get(f"/customers/c:..?at={format_moment(now + 1)}&format=json").json()
    assert (
        told["fault"] == f"Expected a moment that is past, got {format_moment(now + 1)}. This is as of now."
    )
    assert (told["at"], told["past"]) == (format_moment(now), None)
    assert (
        "Expected a moment that is past, got 2999-01-01." in client.get("/customers/c:..?at=2999-01-01").text
    )
    told = client.get(f"/customers/c:..?at={format_moment(now)}&format=json").json()
    assert (told["fault"], told["at"], told["past"]) == ("", format_moment(now), format_moment(now))


def test_of_a_customer_machines_are_told_values_and_no_words_for_a_screen(client: httpx.Client) -> None:
    told = client.get("/customers/c:..?format=json").json()
    assert told["at"] == format_moment(START + DAY)
    assert told["traits"] == {"email": "odd4@example.com"}
    assert told["consents"] == {"given": {}, "withdrawn": {}, "paused": {}}
    (flow,) = told["workflows"]
    assert (flow["workflow"], flow["recorded"][-1]["reason"]) == ("help", "enrolled")
    assert flow["recorded"][-1]["decided_at"] == format_moment(START)
    decision, *events = told["timeline"]
    assert decision == {
        "at": format_moment(START), "kind": "decision", "what": "help", "said": "enrolled", "rule": "",
        "source": "", "path": None,
    }  # fmt: skip
    seen = {each["what"]: each for each in events}
    assert seen["Customer Identified"]["said"] == {"email": "odd4@example.com"}
    assert {each["kind"] for each in events} <= {"event", "ours"}
