"""The outbox, offers and signals in a real browser: full and empty, and acted on by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.acceptance.browsing import (
    check_usable,
    in_a_browser,
    note_troubles,
    open_browser,
    open_page,
    serving,
    wait_until,
)
from tests.look_world import NOW, fill
from tests.pages_world import PASSWORD, invite
from upsell.clock import MINUTE, SetClock
from upsell.config import Settings
from upsell.signals.events import Event
from upsell.store.connect import connect
from upsell.store.ledger import append
from upsell.store.users import Role
from upsell.web.app import make_app
from upsell.web.team import TeamPages

pytestmark = [*in_a_browser, pytest.mark.postgres]


@pytest.fixture(scope="module")
def url(shared_database: str) -> str:
    fill(shared_database)
    return shared_database


@pytest.fixture(scope="module")
def browser(url: str) -> Iterator[Browser]:
    """Give a browser; what the mail server of ``url`` runs in would not stand beside what runs it."""
    assert url
    with open_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def guest(url: str) -> Iterator[str]:
    with serving(TeamPages(url, SetClock(NOW + MINUTE), Settings()).guest_app()) as address:
        yield address


@pytest.fixture(scope="module")
def offered(url: str) -> str:
    """Give the key of the mail that made an offer."""
    with connect(url) as connection:
        row = connection.execute("select key from outbox where workflow = 'annual'").fetchone()
    assert row is not None
    return str(row[0])


PATHS = {
    "outbox": "/outbox",
    "message": "/outbox/{key}",
    "offers": "/offers",
    "signals": "/signals",
    "stream": "/events",
}
MORE = {"offer": "/offers/pro-annual", "schema": "/signals/Pricing%20Viewed"}


@pytest.mark.parametrize("name", [*PATHS, *(pytest.param(name, marks=pytest.mark.slow) for name in MORE)])
def test_every_page_is_usable_wide_and_narrow_in_both_themes(
    browser: Browser, guest: str, offered: str, name: str, tmp_path: Path
) -> None:
    troubles: list[str] = []
    for scheme, width in (("light", 1280), ("dark", 390)):
        page = open_page(browser, guest + (PATHS | MORE)[name].format(key=offered), width, scheme)
        note_troubles(page, troubles)
        check_usable(page, tmp_path / f"{name}-{scheme}-{width}.png")
        page.close()
    assert troubles == []


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280)])
def test_a_page_with_nothing_to_show_says_what_will_stand_there(
    browser: Browser, database: str, scheme: str, width: int, tmp_path: Path
) -> None:
    with serving(TeamPages(database, SetClock(NOW), Settings()).guest_app()) as address:
        for path in ("outbox", "offers", "signals"):
            page = open_page(browser, f"{address}/{path}", width, scheme)
            check_usable(page, tmp_path / f"{path}-empty.png")
            assert page.locator(".empty").is_visible()
            page.close()


@pytest.mark.slow
def test_events_come_in_while_somebody_looks_until_they_stop_it(
    browser: Browser, guest: str, url: str
) -> None:
    page = open_page(browser, f"{guest}/events", 1280)
    with connect(url) as connection:
        for number, name in enumerate(("Comes In", "Comes In Later")):
            event = Event(f"s{number}", name, NOW, 0, "ada", None, {}, "test")
            append(connection, [event], SetClock(NOW + number))
            if number == 0:
                wait_until(page, "document.body.innerText.includes('Comes In')")
                page.get_by_role("link", name="Stop").click()
                assert page.get_by_role("link", name="Go on").is_visible()
    page.wait_for_timeout(6_000)
    assert not page.get_by_text("Comes In Later").is_visible()
    page.get_by_role("link", name="Go on").click()
    assert page.get_by_text("Comes In Later").is_visible()
    page.close()


def test_a_message_that_waits_is_withdrawn_by_hand(browser: Browser, url: str, tmp_path: Path) -> None:
    clock, settings = SetClock(NOW + MINUTE), Settings()
    with serving(make_app(url, clock, TeamPages(url, clock, settings), settings)) as address:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(address + invite(url, "eddie@acme.example", Role.EDITOR, clock))
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button").click()
        page.goto(f"{address}/outbox?state=waiting")
        page.get_by_role("row", name="cyd").get_by_role("link").first.click()
        assert page.frame_locator("iframe").get_by_text("t1 for cyd@example.com").is_visible()
        page.get_by_text("Withdraw it").click()
        page.get_by_label("Why it must not go out").fill("a wrong name")
        check_usable(page, tmp_path / "withdrawing.png")
        page.get_by_role("button", name="Withdraw this message").click()
        assert page.get_by_role("status").get_by_text("It is withdrawn").is_visible()
        assert page.get_by_text("withdrawn by eddie@acme.example: a wrong name").first.is_visible()
        page.close()
