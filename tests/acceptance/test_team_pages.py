"""Pages of the team without a browser: ids of every kind, refusals, and what machines are told."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import httpx
import psycopg
import pytest
from litestar.testing import TestClient

from tests.live_world import ON_PRICING, make_documents, open_world
from tests.stories.world import START, workflow
from upsell.clock import DAY, SetClock
from upsell.config import Settings
from upsell.web.team import TeamPages

pytestmark = pytest.mark.postgres

HELP = "[{email: {content: t1, intent: help}}]"
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
        assert "Nothing can be said of them" in answered.text
