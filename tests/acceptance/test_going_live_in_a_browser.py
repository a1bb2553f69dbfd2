"""The main path in a real browser: propose, ask, approve by another, launch, watch, pause, let go on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

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
from tests.pages_world import PASSWORD, invite
from tests.stories.world import workflow
from upsell.clock import SystemClock
from upsell.config import Settings
from upsell.store.users import Role
from upsell.web.app import make_app
from upsell.web.team import TeamPages

pytestmark = [*in_a_browser, pytest.mark.postgres]

HELP = workflow(trigger=ON_PRICING, journey="[{email: {content: t1, intent: help}}]")


@pytest.fixture(scope="module")
def url(postgres_url: str, migrated_template: str) -> Iterator[str]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"create database launching template {migrated_template}")
    found = postgres_url.replace("/postgres?", "/launching?", 1)
    with open_world(found) as world:
        world.apply(make_documents({"help": HELP}))
        world.happens("Customer Identified", "c1", email="c1@example.com")
        world.worker.run_until_idle()
    yield found
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("drop database launching with (force)")


def signed_in(browser: Browser, base: str, path: str, width: int, scheme: str, troubles: list[str]) -> Page:
    page = open_page(browser, base + path, width, scheme)
    note_troubles(page, troubles)
    page.fill("input[name=password]", PASSWORD)
    page.click("main button")
    return page


def send(page: Page, action: str, why: str) -> None:
    """Send the form of a page that goes to an address, opening it first where it is closed."""
    form = page.locator(f"form[action$='{action}']")
    closed = page.locator("details:not([open])", has=form)
    if closed.count():
        closed.locator("summary").click()
    form.locator("[name=why]").fill(why)
    form.locator("button").click()


def test_an_editor_proposes_an_approver_approves_and_what_is_live_can_be_paused(
    url: str, tmp_path: Path
) -> None:
    clock = SystemClock()
    app = make_app(url, clock, TeamPages(url, clock, Settings()), Settings())
    people = ((Role.EDITOR, 1280, "light"), (Role.APPROVER, 390, "dark"))
    links = [invite(url, f"{role.value}@acme.example", role, clock) for role, _, _ in people]
    troubles: list[str] = []
    with serving(app) as base, open_browser() as browser:
        editor, approver = (
            signed_in(browser, base, link, width, scheme, troubles)
            for link, (_, width, scheme) in zip(links, people, strict=True)
        )
        editor.goto(f"{base}/changes")
        # A folder is sent as a browser sends it, with the path of each file in it.
        folder = tmp_path / "acme"
        documents = make_documents({"help": HELP.replace("holdout: 0%", "holdout: 50%")})
        for name, text in documents.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, "utf-8")
        editor.click("text=Propose a change")
        check_usable(editor, tmp_path / "changes_new.png")
        editor.set_input_files("input[type=file]", folder)
        send(editor, "/changes/new", "a larger holdout")
        assert "1 line comes, 1 goes" in editor.inner_text(".difference figcaption")
        assert editor.locator(".difference ins").inner_text().strip() == "+ experiment: {holdout: 50%}"
        check_usable(editor, tmp_path / "change_draft.png")
        send(editor, "/ask", "please look")
        approver.goto(editor.url.partition("?")[0])
        check_usable(approver, tmp_path / "change_asked_narrow.png")
        send(approver, "/approve", "right")
        editor.reload()
        assert editor.inner_text("form[action$='/launch'] button") == "Launch for 1 customer"
        send(editor, "/launch", "now")
        assert "It is revision 2" in editor.inner_text(".lead")
        editor.goto(f"{base}/workflows")
        editor.click("a[href='/workflows/help']")
        send(editor, "/pause", "a wrong price")
        assert "Stopped by editor@acme.example" in editor.inner_text("main")
        approver.goto(f"{base}/stops")
        check_usable(approver, tmp_path / "stops_narrow.png")
        send(editor, "/resume", "mended")
        assert "It goes on" in editor.inner_text(".notice")
        # One file, in a field.
        editor.goto(f"{base}/changes/new?file=workflows/help.yaml")
        check_usable(editor, tmp_path / "change_writing.png")
        assert editor.input_value("textarea") == documents["workflows/help.yaml"]
        approver.goto(f"{base}/changes")
        check_usable(approver, tmp_path / "changes_narrow.png")
    assert troubles == []
