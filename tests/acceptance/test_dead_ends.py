"""Dead ends: following links of pages leads to none that is not there, or that the reader may not see."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

import pytest
from litestar.testing import TestClient

from tests.acceptance.test_approving import LIMIT, Bank
from tests.acceptance.test_order_mails import PROMISED
from tests.live_world import open_world
from tests.pages_world import field, invite, join
from tests.sinks import GATEWAY_SECRET, LOCAL, open_gateway
from upsell.channels.fulfillers import WebhookFulfiller
from upsell.channels.signing import read_secret
from upsell.config import Settings
from upsell.store.users import Role
from upsell.web.app import make_app
from upsell.web.team import TeamPages

pytestmark = pytest.mark.postgres

FILES = re.compile(r"/charts/|/reports/[^/]+/|/static/|format=json")
"""What is downloaded, or for machines."""


@pytest.fixture(scope="module")
def bank(shared_database: str) -> Iterator[Bank]:
    """Give a company with a customer who was written to, and whose order waits for an approver."""
    with open_gateway() as gateway, open_world(shared_database, base="https://links.acme.example") as world:
        bank = Bank(world, shared_database)
        bank.fulfiller = WebhookFulfiller(gateway.url, read_secret(GATEWAY_SECRET), LOCAL, timeout=2)
        bank.apply(PROMISED, settings=LIMIT)
        bank.ask()
        yield bank
        bank.fulfiller.close()
        bank.decider.close()


def links_of(page: str) -> set[str]:
    """Give where the links of a page lead here, without the place in a page."""
    found = re.findall(r'<a [^>]*href="(/[^"#]*)', page)
    return {html.unescape(each) for each in found if not FILES.search(each)}


def shape_of(path: str) -> str:
    """Give what is the same of addresses of one page that shows different things."""
    return re.sub(r"=[^&]*|(?<=^/signals/).*|(?<=^/customers/c)[^?]*", "", path)


def walk(client: TestClient[Any]) -> dict[str, int]:
    """Follow links from home on, one of each shape, and give what each page answered."""
    answers: dict[str, int] = {}
    seen, to_go = {"/"}, ["/"]
    while to_go:
        path = to_go.pop()
        answer = client.get(path)
        answers[path] = answer.status_code
        for each in sorted(links_of(answer.text)) if answer.is_success else ():
            if "&" not in each and shape_of(each) not in seen:
                seen.add(shape_of(each))
                to_go.append(each)
    return answers


@pytest.mark.parametrize(
    "role",
    [Role.VIEWER, *(pytest.param(role, marks=pytest.mark.slow) for role in Role if role is not Role.VIEWER)],
)
def test_no_link_leads_anybody_to_what_they_may_not_see(bank: Bank, shared_database: str, role: Role) -> None:
    clock = bank.world.clock
    link = invite(shared_database, f"{role.value}@acme.example", role, clock)
    app = make_app(shared_database, clock, TeamPages(shared_database, clock, Settings()), Settings())
    with TestClient(app) as client:
        join(client, link)
        answers = walk(client)
    assert {path: status for path, status in answers.items() if status != 200} == {}
    assert ("/approvals" in answers) is (role in (Role.APPROVER, Role.ADMIN))
    assert any(path.startswith("/orders/") for path in answers)


def test_who_is_refused_a_form_is_led_back_to_where_it_was_and_nowhere_else(
    bank: Bank, shared_database: str
) -> None:
    clock = bank.world.clock
    link = invite(shared_database, "eve@acme.example", Role.EDITOR, clock)
    app = make_app(shared_database, clock, TeamPages(shared_database, clock, Settings()), Settings())
    with TestClient(app, base_url="http://here.example") as client:
        join(client, link)
        form = {"form": field(client.get("/stops").text, "form"), "why": ""}
        for came, back in (("http://here.example/stops?a=1", "/stops"), ("http://there.example/stops", "")):
            said = client.post("/stops/begin", data=form, headers={"Referer": came})
            assert said.status_code == 400
            assert links_of(said.text.partition("<main")[2].partition("</main")[0]) == {"/", back} - {""}
