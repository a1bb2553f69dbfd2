"""What comes in, in pages: counts, schema, who reads what, what is wrong, and the newest events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from litestar.testing import TestClient

from tests.look_world import NOW, fill
from upsell.clock import HOUR, MINUTE, SetClock
from upsell.config import Settings
from upsell.runtime.learning import learn
from upsell.signals.events import Event
from upsell.store import stream
from upsell.store.connect import connect
from upsell.store.ledger import append
from upsell.store.queries import query
from upsell.web.team import TeamPages

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def url(shared_database: str) -> str:
    fill(shared_database)
    return shared_database


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[httpx.Client]:
    with TestClient(TeamPages(url, SetClock(NOW + MINUTE // 2), Settings()).guest_app()) as client:
        client.headers["Accept"] = "text/html"
        yield client


def told(client: httpx.Client, path: str) -> Any:
    answered = client.get(path, headers={"Accept": "application/json"})
    assert answered.status_code == 200, answered.text
    return answered.json()


def test_every_event_stands_with_how_often_it_came_and_who_reads_it(client: httpx.Client) -> None:
    found = {each["name"]: each for each in told(client, "/signals")["events"]}
    # Counted by hand from the world: six people looked, three of them within the last hour.
    looked = found["Pricing Viewed"]
    assert (looked["hour"], looked["today"], looked["month"], looked["total"]) == (3, 6, 6, 6)
    assert looked["readers"] == ["annual", "help", "segment keen"]
    assert looked["sources"] == ["test"]
    assert found["Customer Identified"]["total"] == 6
    assert "Message Sent" not in found
    page = client.get("/signals").text
    # And who was identified, six, a limit, an acceptance, and a bounce.
    assert "15 events of 5 kinds, 15 of them today, and 2 things ask to be mended." in page
    assert 'href="/signals/Pricing%20Viewed"' in page


def test_a_signal_stands_with_what_it_reads_and_who_uses_it(client: httpx.Client) -> None:
    found = {each["name"]: each for each in told(client, "/signals")["signals"]}
    assert (found["interested"]["events"], found["interested"]["users"]) == (["Pricing Viewed"], ["annual"])
    assert (found["never"]["events"], found["never"]["users"]) == (["Colleague Praised"], [])


def test_what_is_wrong_is_told_with_what_to_do(client: httpx.Client) -> None:
    found = {each["code"] for each in told(client, "/signals")["findings"]}
    assert {"refused", "property-never-came"} <= found
    page = client.get("/signals").text
    assert "It counts Pricing Viewed by seats, which none of them ever had" in page
    assert "1 items refused as no_id" in page
    sources = {each["name"]: each for each in told(client, "/signals")["sources"]}
    assert (sources["http"]["refused"], sources["test"]["month"]) == (1, 14)


def test_the_schema_of_an_event_says_its_properties_how_often_each_was_there_and_who_counts_by_it(
    client: httpx.Client,
) -> None:
    found = {each["name"]: each for each in told(client, "/signals/Pricing Viewed")["properties"]}
    # All six have an address of a page, and the later three a number of visits.
    assert (found["url"]["kinds"], found["url"]["filled"]) == ([["text", 6]], 1.0)
    assert (found["visits"]["kinds"], found["visits"]["filled"]) == ([["number", 3]], 0.5)
    # What is counted by and never came stands there too.
    assert (found["seats"]["filled"], found["seats"]["readers"]) == (0.0, ["segment keen"])
    limit = {each["name"]: each for each in told(client, "/signals/Limit Reached")["properties"]}
    assert limit["metric"]["is_required"]
    page = client.get("/signals/Pricing%20Viewed").text
    assert "What does Pricing Viewed say?" in page
    assert "It counts Pricing Viewed by seats" in page


@pytest.mark.parametrize("name", ["Never Heard", "%00", "a/b", "x.json"])
def test_what_never_came_and_nobody_reads_is_said_to_be_none(client: httpx.Client, name: str) -> None:
    answered = client.get(f"/signals/{name}")
    assert answered.status_code == 404
    assert ("null character" if name == "%00" else "No event of that name came") in answered.text


def test_the_newest_events_stand_with_whom_they_are_about_and_can_be_stopped(client: httpx.Client) -> None:
    page = client.get("/events").text
    assert 'hx-trigger="every 5s"' in page
    assert 'href="/events?stream=stopped"' in page
    assert 'href="/customers/c%3Afay">fay</a>' in page
    stopped = client.get("/events?stream=stopped").text
    assert "hx-trigger" not in stopped
    assert 'href="/events">Go on' in stopped
    places = [each["position"] for each in told(client, "/events")["events"]]
    assert places == list(range(28, 0, -1))


def test_the_newest_are_read_from_the_head_along_an_index(url: str) -> None:
    with connect(url) as connection, connection.transaction():
        connection.execute("set local enable_seqscan = off")
        for name in ("newest_events", "count_newest_events"):
            values = {"most": 30, "look": 50, "since": NOW}
            plan = connection.execute(b"explain " + query(name), values).fetchall()
            words = "\n".join(row[0] for row in plan)
            assert "Index Scan Backward" in words
            assert "Sort Key: events.position" not in words.replace("Merge Append\n", "")


def test_of_more_than_is_looked_at_it_is_said_that_there_were_more(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect(url) as connection:
        assert not stream.count_lately(connection, NOW - 2 * HOUR).is_cut
        monkeypatch.setattr(stream, "MOST_LOOKED", 3)
        assert stream.count_lately(connection, NOW - 2 * HOUR).is_cut


def test_before_anything_came_the_pages_say_how_to_send_the_first_event(database: str) -> None:
    with TestClient(TeamPages(database, SetClock(NOW), Settings()).guest_app()) as client:
        client.headers["Accept"] = "text/html"
        for path in ("/signals", "/events"):
            assert "/v1/track" in client.get(path).text
        assert told(client, "/signals")["events"] == []


def test_events_that_are_not_counted_yet_are_not_said_to_be_none(database: str) -> None:
    with connect(database) as connection:
        append(connection, [Event("e1", "Opened", NOW, 0, "ada", None, {}, "test")], SetClock(NOW))
    with TestClient(TeamPages(database, SetClock(NOW), Settings()).guest_app()) as client:
        page = client.get("/signals", headers={"Accept": "text/html"}).text
        assert "What came in is not counted yet" in page
        assert "Nothing has come in yet" not in page
        assert told(client, "/signals")["counted_to"] is None


def test_one_event_is_said_to_be_one(database: str) -> None:
    with connect(database) as connection:
        append(connection, [Event("e1", "Opened", NOW, 0, "ada", None, {}, "test")], SetClock(NOW))
        learn(connection)
    with TestClient(TeamPages(database, SetClock(NOW), Settings()).guest_app()) as client:
        page = client.get("/signals", headers={"Accept": "text/html"}).text
        assert "1 event of 1 kind, 1 of them today" in page
