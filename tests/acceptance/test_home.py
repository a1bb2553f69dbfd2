"""Home, workflows, the log and components in a real browser, over a live world."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, Page

from tests.acceptance.browsing import (
    check_usable,
    in_a_browser,
    note_troubles,
    open_browser,
    open_page,
    serving,
)
from tests.live_world import ON_PRICING, make_documents, open_world
from tests.made_results import AS_OF, results
from tests.pages_world import PASSWORD, invite
from tests.stories.world import workflow
from upsell.clock import DAY, SetClock
from upsell.config import Settings
from upsell.runtime import desk
from upsell.store.connect import connect
from upsell.store.incidents import start_incident
from upsell.store.users import Role, make_first_link
from upsell.web.app import make_app
from upsell.web.team import TeamPages

pytestmark = [*in_a_browser, pytest.mark.postgres]

FLOW = workflow(trigger=ON_PRICING, journey="[{wait: 2 days}, {email: {content: t1, intent: help}}]")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def url(postgres_url: str, migrated_template: str) -> Iterator[str]:
    """Give a database in which three workflows are live, one of them stopped, and something is broken."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"create database home template {migrated_template}")
    found = postgres_url.replace("/postgres?", "/home?", 1)
    names = {"early": "Early", "earning": "Earning", "empty": "Empty"}
    flows = {key: FLOW.replace("name: A workflow", f"name: {name}") for key, name in names.items()}
    with open_world(found) as world:
        world.apply(make_documents(flows))
        desk.stop(world.connection, world.clock, "ada", "wrong prices", channel="", workflow="early")
        start_incident(world.connection, world.clock, "i1", "Checkout is down")
    yield found
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("drop database home with (force)")


@pytest.fixture(scope="module")
def guest(url: str) -> Iterator[str]:
    with serving(TeamPages(url, SetClock(AS_OF), Settings()).guest_app(results())) as address:
        yield address


@pytest.mark.parametrize("path", ["/", "/workflows", "/components", "/results"])
def test_every_page_is_usable_wide_and_narrow_in_both_themes(
    browser: Browser, guest: str, path: str, tmp_path: Path
) -> None:
    troubles: list[str] = []
    for scheme, width in (("light", 1280), ("dark", 375)):
        page = open_page(browser, guest + path, width, scheme)
        note_troubles(page, troubles)
        check_usable(page, tmp_path / f"{path.strip('/') or 'home'}-{scheme}-{width}.png")
        page.close()
    assert troubles == []


def test_home_says_what_was_earned_and_what_needs_a_person(browser: Browser, guest: str) -> None:
    page = open_page(browser, f"{guest}/", 1280, java_script_enabled=False)
    words = page.inner_text("main")
    assert "Earning earned $31,500 more than doing nothing" in words
    assert "Of 3 workflows 1 earned more than doing nothing and 2 cannot be told" in words
    assert "Stopped by hand: the workflow early, by ada: wrong prices" in words
    assert "Broken for everyone: Checkout is down" in words
    assert "Nothing went out yet" in words
    assert page.get_by_role("link", name="Home").get_attribute("aria-current") == "page"
    page.close()


def test_the_list_says_how_each_workflow_stands_and_leads_to_it(browser: Browser, guest: str) -> None:
    page = open_page(browser, f"{guest}/workflows", 1280)
    row = page.get_by_role("row", name="Early")
    assert row.get_by_text("stopped by hand").is_visible()
    assert page.get_by_role("row", name="Earning").get_by_text("live").is_visible()
    assert page.get_by_text("2 of 3 workflows are live.").is_visible()
    page.get_by_role("link", name="Earning").click()
    assert page.url == f"{guest}/workflows/earning"
    page.close()


def test_the_same_stands_there_as_json(guest: str) -> None:
    for path in ("/", "/workflows"):
        for said, accept in ((path, "application/json"), (f"{path}?format=json", "text/html")):
            told = httpx.get(guest + said, headers={"Accept": accept}).json()
            assert [row["key"] for row in told["rows"]] == ["early", "earning", "empty"]
            assert told["rows"][0]["state"] == {"words": "stopped by hand", "tone": "bad"}


def test_a_guest_changes_nothing_and_reads_no_log(guest: str) -> None:
    assert httpx.get(f"{guest}/log").status_code == 403
    assert httpx.post(f"{guest}/sign-out").status_code == 404


def sign_in_by_hand(page: Page, address: str, email: str) -> None:
    page.goto(f"{address}/workflows")
    page.get_by_label("Address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_the_first_user_comes_in_by_the_link_goes_and_comes_back(
    database: str, browser: Browser, tmp_path: Path
) -> None:
    clock = SetClock(AS_OF)
    with connect(database) as connection:
        link = make_first_link(connection, clock.now())
    settings = Settings()
    with serving(make_app(database, clock, TeamPages(database, clock, settings), settings)) as address:
        page = open_page(browser, f"{address}/join/{link}", 375, "dark")
        check_usable(page, tmp_path / "join.png")
        page.get_by_label("Your address").fill("ada@acme.example")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button").click()
        # First of all a page that says what to do.
        assert page.url == f"{address}/"
        assert page.get_by_text("upsell demo --port 8601").is_visible()
        check_usable(page, tmp_path / "first.png")
        page.get_by_role("button", name="Sign out").click()
        assert page.url == f"{address}/sign-in"
        check_usable(page, tmp_path / "sign-in.png")
        sign_in_by_hand(page, address, "ada@acme.example")
        assert page.url == f"{address}/workflows"
        assert page.get_by_text("No workflow is live").is_visible()
        page.get_by_role("link", name="Log").click()
        assert page.get_by_role("row").filter(has_text="added a user").count() == 1
        check_usable(page, tmp_path / "log.png")
        invite(database, "bob@acme.example", Role.VIEWER, clock)
        clock.move_to(AS_OF + 2 * DAY)
        page.reload()
        assert page.url == f"{address}/sign-in?to=/log"
        sign_in_by_hand(page, address, "bob@acme.example")
        assert page.get_by_role("alert").inner_text().endswith("do not belong together.")
        check_usable(page, tmp_path / "refused.png")
        page.close()
