"""Pages right after a launch, while what is kept is still of the revision before."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http import HTTPStatus

import pytest
from litestar.testing import TestClient

from tests.live_world import ON_PRICING, make_documents, open_world
from tests.stories.world import workflow
from upsell.clock import Moment, SystemClock
from upsell.config import Settings
from upsell.runtime import keeping, overview
from upsell.runtime.results import Results
from upsell.store.connect import Connection
from upsell.web.team import TeamPages

pytestmark = pytest.mark.postgres

MAIL = "{email: {content: t1, intent: help}}"
PLAIN = workflow(trigger=ON_PRICING, journey=f"[{MAIL}]", holdout="10%")
ARMED = workflow(
    trigger=ON_PRICING,
    journey="[{email: {content: {short: t1, long: t2}, intent: help}}]",
    holdout="10%",
    experiment=", vary: message, arms: {short: 50%, long: 50%}",
)
NEW = PLAIN.replace("name: A workflow", "name: Brand new")
PAGES = (
    "/", "/workflows", "/experiments", "/results", "/guardrails", "/signals", "/outbox", "/offers",
    *(f"/workflows/{key}{rest}" for key in ("w", "new") for rest in ("", ".json", "/people", "/versions")),
    "/experiments/w", "/experiments/new",
)  # fmt: skip


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Give what holds up every reading of the report while it is not set."""
    opened, read = threading.Event(), overview._read_results

    def held_up(connection: Connection, now: Moment) -> Results:
        opened.wait()
        return read(connection, now)

    monkeypatch.setattr(overview, "_read_results", held_up)
    monkeypatch.setattr(keeping, "PATIENCE", 0.02)
    opened.set()
    yield opened
    opened.set()


def test_while_the_report_is_of_the_revision_before_every_page_says_what_is_live(
    database: str, gate: threading.Event
) -> None:
    pages = TeamPages(database, SystemClock(), Settings())
    html = {"Accept": "text/html"}
    with ExitStack() as stack:
        world = stack.enter_context(open_world(database))
        client = stack.enter_context(TestClient(pages.guest_app()))
        # The pages' end waits for what is being read.
        stack.callback(gate.set)

        def answer(path: str, accept: str = "text/html") -> tuple[int, str]:
            found = client.get(path, headers={"Accept": accept})
            return found.status_code, found.text

        world.apply(make_documents({"w": PLAIN, "gone": PLAIN.replace("name: A workflow", "name: Gone")}))
        world.happens("Pricing Viewed", "ada")
        pages.begin()
        while "Gone" not in client.get("/", headers=html).text:
            time.sleep(0.05)
        assert "none counted yet" in client.get("/", headers=html).text, "an event came, and is not none"
        gate.clear()
        world.apply(make_documents({"w": ARMED, "new": NEW}))
        for path in PAGES:
            for accept in ("text/html", "application/json"):
                status, text = answer(path, accept)
                assert status != HTTPStatus.INTERNAL_SERVER_ERROR, (path, text)
        home, listed = answer("/")[1], answer("/workflows")[1]
        assert "1 workflow has just gone live: what it did is being read." in home
        assert "Brand new: what it did is being read." in home
        assert "Gone" not in home
        assert "2 of 2 workflows are live." in listed
        assert "Brand new" in listed
        assert overview.BEHIND in answer("/results")[1]
        compared = answer("/experiments")[1]
        assert "It has just gone live: what it did is being read." in compared
        assert "long 0" not in compared, "nobody is known to be in an arm that the report does not know"


def test_arms_in_which_nobody_was_exposed_yet_are_said_to_have_nobody(database: str) -> None:
    pages = TeamPages(database, SystemClock(), Settings())
    with open_world(database) as world, TestClient(pages.guest_app()) as client:
        world.apply(make_documents({"w": ARMED}))
        page = client.get("/experiments", headers={"Accept": "text/html"}).text
        assert "long 0 " in page
        assert "is being read" not in page
