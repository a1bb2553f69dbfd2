"""What a success manager does, in a browser: works the queue from the keyboard, looks at a customer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

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
from tests.pages_world import PASSWORD, invite
from tests.queue_world import NOW, fill_queue
from upsell.clock import DAY, SetClock
from upsell.config import Settings
from upsell.store.connect import connect
from upsell.store.tasks import find_tasks
from upsell.store.users import Role
from upsell.web.app import make_app
from upsell.web.team import TeamPages

pytestmark = [*in_a_browser, pytest.mark.postgres]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def address(shared_database: str) -> Iterator[str]:
    fill_queue(shared_database)
    clock = SetClock(NOW)
    pages = TeamPages(shared_database, clock, Settings())
    with serving(make_app(shared_database, clock, pages, Settings())) as address:
        yield address


@pytest.fixture(scope="module")
def page(browser: Browser, address: str, shared_database: str) -> Iterator[Page]:
    """Give a page on which Ana is signed in."""
    link = invite(shared_database, "ana@acme.example", Role.SUCCESS, SetClock(NOW))
    page = open_page(browser, f"{address}{link}", 1280)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")
    page.wait_for_url(f"{address}/")
    yield page
    page.close()


def title(page: Page) -> str:
    return page.locator("h1").inner_text()


def test_keys_do_what_is_on_the_page_unless_somebody_writes_or_turned_them_off(
    page: Page, address: str, tmp_path: Path
) -> None:
    troubles: list[str] = []
    note_troubles(page, troubles)
    press, chosen = page.keyboard.press, page.get_by_role("radio", checked=True)
    page.goto(f"{address}/queue")
    check_usable(page, tmp_path / "queue.png")
    for key in ("j", "j", "k", "k"):
        press(key)
    swapped = """document.querySelector('[data-live]').dispatchEvent(
      new CustomEvent('htmx:beforeSwap', {bubbles: true, cancelable: true}))"""
    assert page.evaluate(swapped) is False, "the list moves under whoever is in it"
    press("o")
    page.wait_for_url("**/queue/*")
    assert title(page) == "Renew 1"
    press("?")
    assert page.get_by_role("dialog").is_visible()
    check_usable(page, tmp_path / "keys.png")
    press("3")
    page.get_by_label("Single keys work").press("Space")
    press("Escape")
    press("3")
    assert chosen.count() == 0, "turned off"
    page.get_by_role("button", name="Keys").press("Enter")
    page.get_by_label("Single keys work").press("Space")
    press("Escape")
    press("Control+3")
    press("g")
    page.keyboard.type("t3")
    assert chosen.count() == 0, "with a modifier, or in a field"
    assert troubles == []


def test_three_tasks_are_worked_without_a_mouse(
    page: Page, address: str, shared_database: str, tmp_path: Path
) -> None:
    press = page.keyboard.press
    page.goto(f"{address}/queue")
    press("j")
    press("Enter")
    page.wait_for_url("**/queue/*")
    press("1")
    press("Enter")
    page.wait_for_url("**done=next_task*")
    assert "Done. Next:" in page.inner_text("main")
    assert title(page) == "Talk about annual"
    check_usable(page, tmp_path / "task.png")
    press("t")
    page.wait_for_url("**done=task_taken*")
    press("4")
    press("Enter")
    page.wait_for_url("**done=next_task*")
    last = page.url
    press("n")
    page.keyboard.type("10")
    press("Enter")
    page.wait_for_url(lambda url: url != last and "done=next_task" in url)
    with connect(shared_database) as connection:
        tasks = find_tasks(connection, is_open=None)
    assert sorted(each.outcome for each in tasks if each.outcome) == ["lost", "meeting_set"]
    assert [each.snoozed_until for each in tasks if each.snoozed_until] == [NOW + 10 * DAY]


def test_a_customer_is_looked_at_left_alone_and_shown_what_they_would_get(
    page: Page, browser: Browser, address: str, tmp_path: Path
) -> None:
    troubles: list[str] = []
    note_troubles(page, troubles)
    page.goto(f"{address}/customers/a:acme0")
    check_usable(page, tmp_path / "account.png")
    page.get_by_role("link", name="ada0", exact=True).click()
    page.get_by_text("Leave them alone").click()
    page.get_by_role("textbox", name="Why").fill("they asked by phone")
    check_usable(page, tmp_path / "customer.png")
    page.get_by_role("button", name="Send nothing more to them").click()
    assert "Nothing more is sent to them." in page.inner_text("main")
    page.get_by_role("link", name="What they would get").click()
    letter = page.frame_locator("iframe.letter")
    assert letter.get_by_text("t1 for ada0@example.com").is_visible()
    check_usable(page, tmp_path / "preview.png")
    frame = page.frames[1]
    here = frame.url
    letter.get_by_role("link").first.click()
    page.wait_for_timeout(200)
    assert [each.url for each in page.frames[1:]] == [here]
    assert len(page.context.pages) == 1
    assert troubles == []


def test_on_a_phone_in_the_dark_all_of_it_can_be_read(
    page: Page, browser: Browser, address: str, tmp_path: Path
) -> None:
    state = page.context.storage_state()
    context = browser.new_context(
        storage_state=state, viewport={"width": 390, "height": 800}, color_scheme="dark"
    )
    small = context.new_page()
    for name in ("queue", "queue?queue=nobody", "preview?unit=c:ada1", "customers/c:ada1"):
        small.goto(f"{address}/{name}")
        check_usable(small, tmp_path / f"{name.replace('/', '-').replace('?', '-')}.png")
    small.goto(f"{address}/queue?of=later")
    small.locator("[data-row]").first.click()
    check_usable(small, tmp_path / "task.png")
    context.close()


def test_without_scripts_a_task_is_closed_by_a_form_alone(
    page: Page, browser: Browser, address: str, shared_database: str
) -> None:
    state = page.context.storage_state()
    context = browser.new_context(storage_state=state, java_script_enabled=False)
    plain = context.new_page()
    plain.goto(f"{address}/queue?queue=renewals")
    assert plain.get_by_role("button", name="Keys").count() == 0
    plain.locator("[data-row]").first.press("Enter")
    plain.wait_for_url("**/queue/*")
    plain.get_by_role("radio", name="No answer").check()
    plain.get_by_role("button", name="Close it as that").press("Enter")
    plain.wait_for_url("**done=last_task*")
    assert "Done. Nothing else waits here." in plain.inner_text("main")
    assert "Nothing waits here" in plain.inner_text("main")
    with connect(shared_database) as connection:
        closed = [each.outcome for each in find_tasks(connection, queue="renewals", is_open=False)]
    assert sorted(map(str, closed)) == ["meeting_set", "no_answer"]
    context.close()
