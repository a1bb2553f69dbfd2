"""Guardrails and approvals on their pages: who may do what, what is refused, and the record that stays."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from litestar.testing import TestClient

from tests.acceptance.test_accepting import Shop
from tests.pages_world import field, invite, join
from tests.proof_world import NAMED, break_guardrail, count_mail, open_shop
from upsell.config import Settings
from upsell.store.acts import Act, read_acts
from upsell.store.guardrails import read_breaches
from upsell.store.users import Role
from upsell.web.app import make_app
from upsell.web.team import TeamPages

pytestmark = pytest.mark.postgres

WHO = {Role.APPROVER: "grace@acme.example", Role.EDITOR: "ed@acme.example", Role.VIEWER: "vic@acme.example"}


@pytest.fixture(scope="module")
def shop(shared_database: str) -> Iterator[Shop]:
    with open_shop(shared_database, NAMED) as shop:
        count_mail(shop)
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
        == "/guardrails?done=let_go_on"
    )
    (breach,) = read_breaches(connection)
    assert (breach.ended_by, breach.why) == (WHO[Role.EDITOR], "the list was cleaned")
    done = read_acts(connection, 1)[0]
    assert (done.act, done.by, done.about, done.because) == (
        Act.LET_GO_ON, WHO[Role.EDITOR], "quota", "the list was cleaned",
    )  # fmt: skip
    again = send(users.client, "/guardrails", to, why="once more")
    assert (again.status_code, "nothing is open" in again.text) == (400, True)
    assert read_acts(connection, 1)[0].number == done.number
    page = users.client.get("/guardrails").text
    assert "Nothing is broken" in page
    assert "the list was cleaned" in page
    told = users.client.get("/guardrails", params={"format": "json"}).json()
    assert (told["open"], told["past"][0]["why"]) == ([], "the list was cleaned")
