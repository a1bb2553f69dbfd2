"""Offers and plans in pages: what became of them, and margins for whoever may see them alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from litestar.testing import TestClient

from tests.look_world import NOW, fill
from tests.pages_world import invite, join
from upsell.clock import DAY, MINUTE, SetClock
from upsell.config import Settings
from upsell.signals.events import Event
from upsell.store.connect import connect
from upsell.store.ledger import append
from upsell.store.users import Role
from upsell.web.app import make_app
from upsell.web.team import TeamPages

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def url(shared_database: str) -> str:
    fill(shared_database)
    return shared_database


@pytest.fixture(scope="module")
def clients(url: str) -> Iterator[dict[Role, httpx.Client]]:
    """Give what browsers of an editor and an approver send."""
    clock, settings = SetClock(NOW + 2 * MINUTE), Settings()
    apps = [make_app(url, clock, TeamPages(url, clock, settings), settings) for _ in range(2)]
    with TestClient(apps[0]) as editor, TestClient(apps[1]) as approver:
        found: dict[Role, httpx.Client] = {Role.EDITOR: editor, Role.APPROVER: approver}
        for role, client in found.items():
            client.headers["Accept"] = "text/html"
            client.follow_redirects = False
            join(client, invite(url, f"{role.value}@acme.example", role, clock))
        yield found


@pytest.fixture(scope="module")
def client(clients: dict[Role, httpx.Client]) -> httpx.Client:
    return clients[Role.EDITOR]


def told(client: httpx.Client, path: str) -> Any:
    answered = client.get(path, headers={"Accept": "application/json"})
    assert answered.status_code == 200, answered.text
    return answered.json()


def test_offers_stand_with_what_they_give_who_makes_them_and_what_was_taken(client: httpx.Client) -> None:
    page = client.get("/offers").text
    assert "3 offers, 2 of them made by a workflow that is live." in page
    assert "the plan Pro by the year, 10 % off" in page
    found = {each["key"]: each for each in told(client, "/offers")["offers"]}
    assert found["pro-annual"]["workflows"] == ["annual"]
    # What is made instead is made by the same workflow.
    assert found["pro-trial"]["workflows"] == ["annual"]
    assert found["support"]["workflows"] == []
    # What happened in the world: one taken, whose discount was 10 % of 1,490.00 a year.
    assert (found["pro-annual"]["taken"], found["pro-annual"]["spent"]) == (1, 14_900)
    assert "149.00 USD of 5,000.00 USD given, 4,851.00 USD left" in page
    assert told(client, "/offers")["budgets"] == [
        {"workflow": "annual", "budget": 100_000, "currency": "USD", "accepted": 14_900, "ran_out_at": None}
    ]


def test_one_offer_says_its_terms_what_became_of_it_and_how_it_is_written(client: httpx.Client) -> None:
    page = client.get("/offers/pro-annual").text
    assert "What does Pro for a year offer?" in page
    assert "It was taken once, last on 2 March 2026" in page
    assert "1 of those who took it may still ask for their money back." in page
    assert "Your money back, whatever the reason." in page
    assert "pro-annual:\n" in page.partition("<pre>")[2]
    assert told(client, "/offers/pro-annual")["text"].startswith("pro-annual:")


@pytest.mark.parametrize("key", ["nothing", "%00", "a%2Fb"])
def test_what_is_no_offer_is_said_to_be_none(client: httpx.Client, key: str) -> None:
    answered = client.get(f"/offers/{key}")
    assert answered.status_code == 404
    assert "no such" in answered.text or "There is no" in answered.text


def test_what_serving_costs_is_told_to_whoever_may_see_margins_and_nobody_else(
    clients: dict[Role, httpx.Client], url: str
) -> None:
    with connect(url) as connection:
        row = connection.execute("select key from outbox where workflow = 'annual'").fetchone()
        assert row is not None
        # As what was ordered says it of itself.
        said = {"key": row[0], "terms": {"price": 134_100, "cost": 108_000}}
        append(connection, [Event("o1", "Order Asked", NOW, 0, "ada", None, said, "test")], SetClock(NOW))
    paths = ("/offers", "/offers/pro-annual", f"/outbox/{row[0]}", "/events", "/customers/c:ada")
    for path in paths:
        for kind in ("text/html", "application/json"):
            read = clients[Role.EDITOR].get(path, headers={"Accept": kind}).text
            assert "cost" not in read
            assert "1080" not in read
            assert "/margins" not in read
    assert clients[Role.EDITOR].get("/margins").status_code == 403
    approver = clients[Role.APPROVER]
    assert told(approver, paths[2])["why"]["terms"]["cost"] == 108_000
    for path in paths[2:]:
        assert '"cost":108000' in approver.get(path, headers={"Accept": "application/json"}).text
    assert 'href="/margins"' in approver.get("/offers").text
    found = told(approver, "/margins")["margins"]
    # By hand: 1,341.00 a year after 10 % off, 12 times 90.00 to serve it, so 261.00 are left.
    annual = next(each for each in found if each["offer"] == "pro-annual")
    assert (annual["price"], annual["cost"], annual["left"]) == (134_100, 108_000, 26_100)
    assert annual["rate"] == pytest.approx(261 / 1341)


def test_before_anything_is_live_the_pages_say_what_will_stand_there(database: str) -> None:
    with TestClient(TeamPages(database, SetClock(NOW + DAY), Settings()).guest_app()) as client:
        assert "upsell apply my-workspace" in client.get("/offers", headers={"Accept": "text/html"}).text
        assert client.get("/offers", headers={"Accept": "application/json"}).json()["offers"] == []
        assert client.get("/margins").status_code == 403
