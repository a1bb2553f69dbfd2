"""Customers and accounts: found by how an id begins, all that happened page by page, why, now and before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser

from tests.acceptance.browsing import check_usable, in_a_browser, open_browser, open_page, serving
from tests.live_world import ON_PRICING, make_documents, open_world
from tests.stories.world import START, workflow
from upsell.clock import DAY, HOUR, SetClock, format_moment
from upsell.config import Settings
from upsell.store.connect import connect
from upsell.store.timeline import NOW, Happened, Place, read_timeline, search_units
from upsell.web.pages import known
from upsell.web.team import TeamPages

pytestmark = [*in_a_browser, pytest.mark.postgres]

HELP = "[{email: {content: t1, intent: help}}]"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def url(postgres_url: str, migrated_template: str) -> Iterator[str]:
    """Give a database in which somebody looked at the prices on a second day, many times at one moment."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"create database customers template {migrated_template}")
    found = postgres_url.replace("/postgres?", "/customers?", 1)
    with open_world(found) as world:
        world.apply(
            make_documents({"help": workflow(trigger=ON_PRICING, journey=HELP, eligible="[plan.tier < 3]")})
        )
        for who in ("ada", "ada_b", "adaXb", "a%c", "bob"):
            world.happens("Customer Identified", who, email=f"{who}@example.com", country="DE")
        world.worker.run_until_idle()
        world.clock.move_to(START + DAY)
        for number in range(70):
            world.happens("Pricing Viewed", "ada", page=f"<b>{number}</b>")
        world.worker.run_until_idle()
    yield found
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("drop database customers with (force)")


@pytest.fixture(scope="module")
def guest(url: str) -> Iterator[str]:
    with serving(TeamPages(url, SetClock(START + 2 * DAY), Settings()).guest_app()) as address:
        yield address


def test_ids_are_found_by_how_they_begin_and_signs_mean_themselves(url: str) -> None:
    with connect(url) as connection:

        def names(beginning: str) -> list[str]:
            return [each.unit_id for each in search_units(connection, beginning, 10)]

        assert sorted(names("ada")) == ["c:ada", "c:adaXb", "c:ada_b"]
        assert names("ada_") == ["c:ada_b"]
        assert names("a%") == ["c:a%c"]
        assert names("%") == names("\\") == names("zz") == []


@settings(max_examples=25)
@given(size=st.integers(1, 40), looked=st.integers(1, 100))
def test_pages_of_a_timeline_show_everything_once_in_order(url: str, size: int, looked: int) -> None:
    with connect(url) as connection:
        whole = read_timeline(connection, "c:ada", "c:ada", 10_000).happened
        pages: list[Happened] = []
        before: Place | None = NOW
        while before is not None:
            page = read_timeline(connection, "c:ada", "c:ada", size, before, looked)
            assert len(page.happened) <= size
            pages += page.happened
            before = page.older
        events = connection.execute("select count(*) from events where customer_id = 'ada'").fetchone()
        decided = connection.execute("select count(*) from decisions where unit_id = 'c:ada'").fetchone()
    assert tuple(pages) == whole
    assert [each.place for each in whole] == sorted((each.place for each in whole), reverse=True)
    assert events is not None
    assert decided is not None
    assert decided[0] > 0
    assert len(whole) == events[0] + decided[0]


def test_somebody_is_found_explained_and_followed_back_to_their_first_event(
    browser: Browser, guest: str, tmp_path: Path
) -> None:
    page = open_page(browser, f"{guest}/customers", 1280)
    check_usable(page, tmp_path / "empty.png")
    page.get_by_role("searchbox").fill("ada")
    page.get_by_role("button", name="Search").click()
    assert page.get_by_role("row").count() == 4
    check_usable(page, tmp_path / "found.png")
    page.get_by_role("link", name="ada", exact=True).click()
    assert page.get_by_role("heading", name="Why is ada spoken to, or not?").is_visible()
    words = page.inner_text("main")
    assert "let in: every gate was open" in words
    assert "<b>69</b>" in words
    assert "ada@example.com" in words
    check_usable(page, tmp_path / "customer.png")
    pages = 1
    while page.get_by_role("link", name="What was before").count():
        page.get_by_role("link", name="What was before").click()
        pages += 1
    assert pages == 2
    assert page.get_by_role("row", name="Customer Identified").count() == 1
    page.close()


def test_a_past_moment_is_explained_from_what_was_known_then(guest: str) -> None:
    at = format_moment(START + HOUR)
    told = httpx.get(f"{guest}/customers/c:ada", params={"at": at, "format": "json"}).json()
    assert {row["what"] for row in told["timeline"]} == {"Customer Identified"}
    assert told["workflows"][0]["recorded"] == []
    told = httpx.get(f"{guest}/customers/ada", params={"format": "json"}).json()
    assert len(told["workflows"][0]["recorded"]) > 0
    told = httpx.get(f"{guest}/customers/ada", params={"at": "yesterday", "format": "json"}).json()
    assert "expected a date such as 2026-03-01" in told["fault"]


def test_a_past_that_is_too_long_for_a_page_is_told_with_where_to_ask(
    guest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"at": format_moment(START + DAY), "format": "json"}
    assert httpx.get(f"{guest}/customers/ada", params=asked).json()["fault"] == ""
    monkeypatch.setattr(known, "MOST_LIVED", 10)
    told = httpx.get(f"{guest}/customers/ada", params=asked).json()
    assert "More than 10 events" in told["fault"]
    assert f"upsell explain ada --at {format_moment(START + DAY)}" in told["fault"]
    assert told["past"] is None
    asked["at"] = format_moment(START + HOUR)
    assert httpx.get(f"{guest}/customers/ada", params=asked).json()["fault"] == ""


def test_whoever_is_not_known_gets_a_page_that_helps(browser: Browser, guest: str, tmp_path: Path) -> None:
    assert httpx.get(f"{guest}/customers/nobody").status_code == 404
    page = open_page(browser, f"{guest}/customers/c:bob", 375, "dark")
    assert page.get_by_text("Nothing was said about consent").is_visible()
    check_usable(page, tmp_path / "narrow.png")
    for width in (375, 340, 320):
        page.set_viewport_size({"width": width, "height": 900})
        examples = "[...document.querySelectorAll('label .whole')].map(each => each.getClientRects().length)"
        assert page.evaluate(examples) == [1, 1], "a moment is read in one piece"
    page.close()
