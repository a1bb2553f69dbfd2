"""Guardrails and approvals on their pages: who may do what, what is refused, and the record that stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from litestar.testing import TestClient
from playwright.sync_api import Browser

from tests.acceptance.browsing import (
    check_usable,
    needs_browser,
    note_troubles,
    open_browser,
    open_page,
    serving,
)
from tests.acceptance.test_accepting import Shop
from tests.pages_world import PASSWORD, field, invite, join
from tests.proof_world import NAMED, ask, break_guardrail, count_mail, open_shop, plant
from upsell.config import Settings
from upsell.runtime import checked_book
from upsell.store.acts import Act, read_acts
from upsell.store.approvals import read_approvals, read_decided
from upsell.store.experiments import find_closed
from upsell.store.guardrails import read_breaches
from upsell.store.orders import find_asked
from upsell.store.revisions import newest_revision
from upsell.store.users import Role
from upsell.web.app import make_app
from upsell.web.team import TeamPages
from upsell.workspace.compile import compile_documents

pytestmark = pytest.mark.postgres

WHO = {
    Role.APPROVER: "grace@acme.example",
    Role.ADMIN: "root@acme.example",
    Role.EDITOR: "ed@acme.example",
    Role.VIEWER: "vic@acme.example",
}


@pytest.fixture(scope="module")
def shop(shared_database: str) -> Iterator[Shop]:
    # Checks are read in the background, and by another test.
    with open_shop(shared_database, NAMED) as shop, pytest.MonkeyPatch.context() as patch:
        patch.setattr(checked_book, "read_checked", lambda *_: None)
        count_mail(shop)
        plant(shop)
        yield shop


class Team:
    """Users of every kind over one application, each with a session of their own."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.sessions: dict[Role, dict[str, str]] = {}

    def __getitem__(self, role: Role) -> httpx.Client:
        """Give the browser, in which this one is signed in from now on."""
        self.client.cookies.clear()
        self.client.cookies.update(self.sessions[role])
        return self.client


@pytest.fixture(scope="module")
def users(shop: Shop) -> Iterator[Team]:
    clock, settings = shop.world.clock, Settings()
    app = make_app(shop.url, clock, TeamPages(shop.url, clock, settings), settings)
    with TestClient(app) as client:
        client.headers["Accept"] = "text/html"
        client.follow_redirects = False
        team = Team(client)
        for role, email in WHO.items():
            client.cookies.clear()
            assert join(client, invite(shop.url, email, role, clock)).status_code == 303
            team.sessions[role] = dict(client.cookies)
        yield team


def send(client: httpx.Client, path: str, to: str, **said: str) -> httpx.Response:
    """Fill a form of a page."""
    return client.post(to, data={"form": field(client.get(path).text, "form"), **said})


def test_who_may_let_a_workflow_go_on_does_so_once_with_why_and_it_stays_written(
    shop: Shop, users: Team
) -> None:
    break_guardrail(shop)
    to, connection = "/guardrails/quota/resume", shop.world.connection
    viewer = users[Role.VIEWER]
    page = viewer.get("/guardrails").text
    assert "is paused for its complaint rate" in page
    assert 'action="/guardrails' not in page
    assert send(viewer, "/guardrails", to, why="x").status_code == 403
    assert send(users[Role.EDITOR], "/guardrails", to, why=" ").status_code == 400
    assert [each.ended_at for each in read_breaches(connection)] == [None], "nothing was changed"
    assert to in users.client.get("/guardrails").text
    assert (
        send(users.client, "/guardrails", to, why="the list was cleaned").headers["location"]
        == "/guardrails?done=guardrail_lifted"
    )
    (breach,) = read_breaches(connection)
    assert (breach.ended_by, breach.why) == (WHO[Role.EDITOR], "the list was cleaned")
    done = read_acts(connection, 1)[0]
    assert (done.act, done.by, done.about, done.because) == (
        Act.GUARDRAIL_LIFTED, WHO[Role.EDITOR], "quota", "the list was cleaned",
    )  # fmt: skip
    again = send(users.client, "/guardrails", to, why="once more")
    assert (again.status_code, "nothing is open" in again.text) == (400, True)
    assert read_acts(connection, 1)[0].number == done.number
    page = users.client.get("/guardrails").text
    assert "Nothing is broken" in page
    assert "the list was cleaned" in page
    told = users.client.get("/guardrails", params={"format": "json"}).json()
    assert (told["open"], told["past"][0]["why"]) == ([], "the list was cleaned")


def test_an_order_is_decided_once_by_who_is_named_and_not_by_who_asked(shop: Shop, users: Team) -> None:
    key, own, other = (ask(shop, who) for who in ("ada", "grace", "bob"))
    connection = shop.world.connection

    def decide(role: Role, key: str, how: str, **said: str) -> tuple[int, str]:
        """Say so with a form of a page that everybody may see."""
        answered = send(users[role], "/guardrails", f"/approvals/{key}/{how}", why="fits the budget", **said)
        return answered.status_code, answered.headers.get("location", "") or answered.text

    assert '<a href="/approvals">3 orders above a limit' in users[Role.APPROVER].get("/").text
    assert "3 orders above a limit" in users[Role.EDITOR].get("/").text
    assert users[Role.EDITOR].get("/approvals").status_code == 403
    assert decide(Role.EDITOR, key, "approve")[0] == 403
    page = users[Role.ADMIN].get("/approvals").text
    assert "3 orders wait; the first lapses in 4 days." in page
    # By hand: twelve months at 134.10.
    assert "1,609.20 USD over twelve months, above 1,000.00 USD" in page
    assert "You are not among them." in page
    assert "/approve" not in page
    code, said = decide(Role.ADMIN, key, "approve")
    assert (code, "accepting.approvers of upsell.yaml names grace@acme.example" in said) == (400, True)
    code, said = decide(Role.APPROVER, own, "approve")
    assert (code, "expected somebody else than who asked" in said.lower()) == (400, True)
    assert decide(Role.APPROVER, other, "refuse")[0] == 400, "the customer is told something"
    assert decide(Role.APPROVER, "made-up", "approve")[0] == 400
    assert [len(read_approvals(connection, each)) for each in (key, own, other)] == [1, 1, 1]
    assert decide(Role.APPROVER, key, "approve") == (303, "/approvals?done=order_approved")
    code, said = decide(Role.APPROVER, key, "approve")
    assert (code, "waits for approval" in said) == (400, True)
    sorry = "We cannot deliver that many this month."
    assert decide(Role.APPROVER, other, "refuse", words=f" {sorry}\n") == (
        303,
        "/approvals?done=order_refused",
    )
    (_, given), (_, refused) = (read_approvals(connection, each) for each in (key, other))
    assert (given.done_by, given.because, given.act.value) == (
        WHO[Role.APPROVER],
        "fits the budget",
        "approved",
    )
    assert (refused.words, refused.act.value) == (sorry, "refused")
    acts = [(done.act, done.by, done.about) for done in read_acts(connection, 2)]
    assert acts == [
        (Act.ORDER_REFUSED, WHO[Role.APPROVER], other),
        (Act.ORDER_APPROVED, WHO[Role.APPROVER], key),
    ]
    told = users[Role.APPROVER].get("/approvals", params={"format": "json"}).json()
    assert [each["key"] for each in told["waiting"]] == [own]
    assert [(each["key"], each["words"]) for each in told["decided"]] == [(other, sorry), (key, "")]
    page = users[Role.VIEWER].get(f"/orders/{other}").text
    assert "An approver refused it, and they were told" in page
    assert sorry in page
    # What serving costs, and what is left, is for whoever may see margins.
    assert "shown to whoever may see margins" in page
    assert "policy wants" not in page
    assert "policy " in users[Role.APPROVER].get(f"/orders/{other}").text.partition("Margin")[2]
    assert users[Role.VIEWER].get("/orders/made-up").status_code == 404
    told = users[Role.VIEWER].get(f"/orders/{key}", params={"format": "json"}).json()
    assert (told["state"], told["record"][1]["done_by"]) == ("accepted", WHO[Role.APPROVER])


def test_what_waits_and_what_was_decided_is_read_on_from_where_a_page_ended(shop: Shop) -> None:
    connection = shop.world.connection
    for who in ("kim", "lee"):
        ask(shop, who)
    waiting = find_asked(connection, 100)
    assert [(each.decide_by, each.key) for each in waiting] == sorted(
        (each.decide_by, each.key) for each in waiting
    )
    place, read = (0, ""), []
    while page := find_asked(connection, 1, place):
        read += page
        place = (page[-1].decide_by or 0, page[-1].key)
    assert read == waiting
    whole = read_decided(connection, 100)
    assert [each.number for each in whole] == sorted((each.number for each in whole), reverse=True)
    assert whole[1:] == read_decided(connection, 100, whole[0].number)


def test_an_experiment_is_closed_only_by_what_carries_it_and_its_file_is_given(
    shop: Shop, users: Team
) -> None:
    connection, to = shop.world.connection, "/experiments/quota/close"

    def close(role: Role, arm: str, **said: str) -> tuple[int, str]:
        answered = send(users[role], "/guardrails", to, arm=arm, why="twice the upgrades", **said)
        return answered.status_code, answered.headers.get("location", "") or answered.text

    page = users[Role.VIEWER].get("/experiments/quota").text
    assert "960" in page
    assert "Give one arm to everybody" not in page
    assert close(Role.VIEWER, "long")[0] == 403
    code, said = close(Role.EDITOR, "short")
    assert (code, "against long it did worse" in said) == (400, True)
    code, said = close(Role.EDITOR, "lang")
    assert (code, "did you mean long?" in said) == (400, True)
    assert find_closed(connection, 1) == []
    assert close(Role.EDITOR, "long") == (303, "/experiments/quota?done=experiment_closed#decided")
    (closed,) = find_closed(connection, 2)
    assert (closed.arm, closed.closed_by, closed.why) == ("long", WHO[Role.EDITOR], "twice the upgrades")
    done = read_acts(connection, 1)[0]
    assert (done.act, done.by, done.about) == (Act.EXPERIMENT_CLOSED, WHO[Role.EDITOR], "quota")
    page = users[Role.VIEWER].get("/experiments/quota").text
    assert "twice the upgrades" in page
    assert 'href="/experiments/quota/rolled/long"' in page
    given = users.client.get("/experiments/quota/rolled/long")
    program = compile_documents(
        {**shop.extra, **_documents(shop), "workflows/quota.yaml": given.text}
    ).program
    assert program.workflows["quota"].experiment.arms == ()
    assert program.workflows["quota"].experiment.holdout_rate == 0.2
    assert users.client.get("/experiments/quota/rolled/none").status_code == 404
    assert users.client.get("/experiments/nothing").status_code == 404
    assert close(Role.EDITOR, "short", anyway="yes")[0] == 303
    assert "did worse" in find_closed(connection, 1)[0].record
    assert [each.arm for each in find_closed(connection, 9, closed.number + 1, "quota")] == ["long"]
    told = users[Role.VIEWER].get("/experiments", params={"format": "json"}).json()
    assert [each["arm"] for each in told["closed"]] == ["short", "long"]
    held, arms = told["experiments"]
    assert (held["contrast"], held["sides"][0]["exposed"], arms["sides"][0]["exposed"]) == (
        "holdout",
        960,
        480,
    )


def _documents(shop: Shop) -> dict[str, str]:
    live = newest_revision(shop.world.connection)
    assert live is not None
    return dict(live.documents)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.mark.browser
@needs_browser
def test_an_approver_approves_an_order_and_lets_a_workflow_go_on_in_a_browser(
    shop: Shop, users: Team, browser: Browser, tmp_path: Path
) -> None:
    key, clock, settings = ask(shop, "zoe"), shop.world.clock, Settings()
    troubles: list[str] = []
    ended = sum(each.ended_at is not None for each in read_breaches(shop.world.connection))
    break_guardrail(shop, ended=ended)
    with serving(make_app(shop.url, clock, TeamPages(shop.url, clock, settings), settings)) as address:
        page = open_page(browser, f"{address}/sign-in?to=/approvals", 1280)
        note_troubles(page, troubles)
        page.get_by_label("Address").fill(WHO[Role.APPROVER])
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        case = page.locator(f"#o-{key}")
        case.get_by_text("Approve", exact=True).click()
        case.get_by_label("Why, for the record").first.fill("fits the budget")
        case.get_by_role("button", name="Approve this order").click()
        assert page.get_by_role("status").inner_text().endswith("at the terms that were accepted.")
        assert page.locator(f"#o-{key}").count() == 0
        page.get_by_role("link", name="Guardrails").click()
        page.get_by_text("Let API quota upgrade go on").click()
        check_usable(page, tmp_path / "guardrails-light-1280.png")
        page.get_by_label("What was mended").fill("the list was cleaned")
        page.get_by_role("button", name="Let it go on").click()
        assert page.get_by_text("Nothing is broken").is_visible()
        page.emulate_media(color_scheme="dark")
        page.set_viewport_size({"width": 390, "height": 900})
        for path in ("/approvals", f"/orders/{key}", "/experiments", "/experiments/quota"):
            page.goto(address + path)
            check_usable(page, tmp_path / f"{path.strip('/').replace('/', '-')}-dark-390.png")
        page.close()
    assert troubles == []
    assert read_approvals(shop.world.connection, key)[1].done_by == "grace@acme.example"
