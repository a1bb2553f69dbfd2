"""Sources, live: what vendors send to the workspace's own webhooks, and what becomes of it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
from litestar.testing import TestClient

from tests.live_world import LiveWorld, make_documents, open_world
from upsell.clock import SECOND
from upsell.config import Settings
from upsell.runtime.doctor import examine
from upsell.web.app import make_app

pytestmark = pytest.mark.postgres

SECRET = "correct-horse"
VARIABLE = "UPSELL_SECRET_DESK"
SHOWN = {"authorization": f"Bearer {SECRET}"}
SOURCE = f"webhook: {{secrets: [{VARIABLE}]}}\n"


class Served:
    """The program with its webhooks."""

    def __init__(self, world: LiveWorld, client: TestClient[Any]) -> None:
        self.world = world
        self.client = client

    def apply(self, **sources: str) -> None:
        """Put sources live, by name, and let the time pass in which a server takes them up."""
        named = {f"sources/{name}.yaml": text for name, text in sources.items()}
        self.world.apply({**make_documents({}), **named})
        self.world.clock.move_to(self.world.clock.now() + SECOND)

    def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> Any:
        """Send a body to a path of ``/hooks/``."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post(
            f"/hooks/{path}", content=content, headers=SHOWN if headers is None else headers
        )

    def kept(self) -> list[tuple[Any, ...]]:
        """Give what was kept with its reason."""
        return self.world.rows("select source, code, body from rejections order by number")

    def forged(self) -> list[tuple[str, int]]:
        """Give how many requests to each path proved nothing."""
        return [
            (each.hook, each.count) for each in examine(self.world.connection, self.world.clock.now()).hooks
        ]


@pytest.fixture
def served(database: str) -> Iterator[Served]:
    settings = Settings(secrets={VARIABLE: SECRET})
    with (
        open_world(database) as world,
        TestClient(make_app(database, world.clock, settings=settings)) as client,
    ):
        yield Served(world, client)


def test_a_source_takes_requests_from_the_revision_on_that_has_it(served: Served) -> None:
    served.apply()
    assert served.post("helpdesk", {}).status_code == 404
    served.apply(helpdesk=SOURCE)
    assert served.post("helpdesk", {}).status_code == 200
    served.apply(helpdesk=SOURCE.replace("{", "{path: other, "))
    assert served.post("helpdesk", {}).status_code == 404
    assert served.post("other", {}).status_code == 200


def test_of_a_forged_request_nothing_is_kept_but_a_count(served: Served) -> None:
    served.apply(helpdesk=SOURCE)
    answered = served.post("helpdesk", {}, {"authorization": "Bearer other"})
    assert (answered.status_code, answered.json()["code"]) == (403, "forged")
    assert served.kept() == []


def test_a_source_whose_secret_is_not_set_is_closed_and_says_which(served: Served) -> None:
    served.apply(helpdesk=SOURCE.replace("DESK", "OTHER"))
    answered = served.post("helpdesk", {})
    assert (answered.status_code, answered.json()["code"]) == (404, "not_set_up")
    assert "UPSELL_SECRET_OTHER" in answered.json()["message"]


def test_a_body_that_is_none_is_refused_and_kept_with_its_source(served: Served) -> None:
    served.apply(helpdesk=SOURCE)
    answered = served.post("helpdesk", b"{")
    assert (answered.status_code, answered.json()["code"]) == (400, "malformed")
    assert served.kept() == [("helpdesk", "malformed", "{")]


def test_what_no_rule_knows_is_kept_aside_and_the_doctor_tells_of_it(served: Served) -> None:
    served.apply(helpdesk=SOURCE)
    answered = served.post("helpdesk", {"kind": "unheard"})
    assert answered.json() == {"accepted": 0, "duplicates": 0, "kept_aside": 1, "passed_over": 0}
    found = examine(served.world.connection, served.world.clock.now()).refused
    assert [(each.source, each.code, each.count) for each in found] == [("helpdesk", "unknown_kind", 1)]


def test_a_packed_body_is_unpacked_and_one_too_large_is_not_taken(served: Served) -> None:
    served.apply(helpdesk=SOURCE)
    packed = {**SHOWN, "content-encoding": "gzip"}
    assert served.post("helpdesk", gzip.compress(b"{}"), packed).status_code == 200
    assert served.post("helpdesk", gzip.compress(b" " * 3_000_000), packed).status_code == 413
    assert served.post("helpdesk", b" " * 3_000_000).status_code == 413
