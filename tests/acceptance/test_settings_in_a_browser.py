"""Settings in a real browser: usable wide and narrow in both themes, and what an admin does there by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.acceptance.browsing import check_usable, in_a_browser, note_troubles, open_browser, serving
from tests.live_world import ON_PRICING, make_documents, open_world
from tests.mail_servers import open_server
from tests.pages_world import PASSWORD, invite
from tests.stories.world import START, workflow
from upsell.clock import DAY, SetClock
from upsell.config import Settings
from upsell.store.connect import connect
from upsell.store.keys import Kind, Scope, create_key
from upsell.store.users import Role
from upsell.web.app import make_app
from upsell.web.team import TeamPages

pytestmark = [*in_a_browser, pytest.mark.postgres]

ADA = "ada@acme.example"
POLICY = """
policy:
  caps:
    - {at_most: 2, within: 7 days}
  hours:
    email: {from: 09:00, to: 17:30, days: [mon, tue, wed, thu, fri]}
  global_control: {share: 5%, period: quarter}
"""


@pytest.fixture(scope="module")
def address(postgres_url: str, migrated_template: str) -> Iterator[str]:
    """Serve a database with two users, two keys and a policy, and a mail server that refuses one address."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"create database settings_seen template {migrated_template}")
    url, clock = postgres_url.replace("/postgres?", "/settings_seen?", 1), SetClock(START + DAY)
    flow = workflow(trigger=ON_PRICING, journey="[{email: {content: t1, intent: help}}]")
    with open_world(url) as world:
        world.apply(make_documents({"help": flow}, policy=POLICY))
    with connect(url) as connection:
        create_key(connection, "site", Kind.WRITE, {Scope.EVENTS, Scope.PROMPTS}, START)
        create_key(connection, "crm", Kind.SERVER, {Scope.TASKS_READ, Scope.TASKS_WRITE}, START)
    invite(url, "bob@acme.example", Role.SUCCESS, clock)
    with open_server() as server:
        settings = Settings(smtp_port=server.port)
        with serving(make_app(url, clock, TeamPages(url, clock, settings), settings)) as served:
            yield f"{served}{invite(url, ADA, Role.ADMIN, clock)}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("drop database settings_seen with (force)")


@pytest.fixture(scope="module")
def admin(address: str) -> Iterator[tuple[BrowserContext, str]]:
    """Give a browser that an admin is signed in with, and where the pages are."""
    with open_browser() as browser:
        signed = sign_in(browser, address)
        yield signed, address.partition("/join/")[0]
        signed.close()


def sign_in(browser: Browser, link: str) -> BrowserContext:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(link)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button").click()
    page.close()
    return context


def opened(page: Page) -> None:
    """Open every form of a page, so that it is looked at too."""
    for summary in page.locator("summary").all():
        summary.click()


@pytest.mark.parametrize("path", ["users", "keys", "channels", "policy"])
def test_every_page_is_usable_wide_and_narrow_in_both_themes(
    admin: tuple[BrowserContext, str], path: str, tmp_path: Path
) -> None:
    context, base = admin
    page, troubles = context.new_page(), list[str]()
    note_troubles(page, troubles)
    page.goto(f"{base}/settings/{path}")
    opened(page)
    check_usable(page, tmp_path / f"{path}-light-1280.png")
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 390, "height": 900})
    check_usable(page, tmp_path / f"{path}-dark-390.png")
    page.close()
    assert troubles == []


def test_an_admin_adds_a_user_and_sends_a_test_by_hand(
    admin: tuple[BrowserContext, str], tmp_path: Path
) -> None:
    context, base = admin
    page = context.new_page()
    page.goto(f"{base}/settings")
    page.get_by_role("link", name="Users").click()
    page.get_by_text("Add a user").click()
    page.get_by_label("Their address").fill("eve@acme.example")
    page.get_by_label("Role").select_option("editor")
    page.get_by_label("Why they are let in").fill("plays")
    page.get_by_role("button", name="Add them, and show their link").click()
    assert "/join/" in page.get_by_role("group", name="Their link").inner_text()
    assert "/join/" not in page.url
    check_usable(page, tmp_path / "shown-once.png")
    page.get_by_role("link", name="Back to users").click()
    assert page.get_by_role("row", name="eve@acme.example").get_by_text("editor").is_visible()
    page.goto(f"{base}/settings/channels")
    page.get_by_text("Send a test").first.click()
    assert page.get_by_label("Address", exact=True).input_value() == ADA
    page.get_by_role("button", name="Send a test to this address").first.click()
    assert page.get_by_text(f"Yes: default took it for {ADA}.").is_visible()
    check_usable(page, tmp_path / "tested.png")
    page.close()
