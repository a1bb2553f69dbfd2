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
from upsell.runtime.diagnosis import diagnose
from upsell.runtime.doctor import examine
from upsell.web.app import make_app

pytestmark = pytest.mark.postgres

SECRET = "correct-horse"
VARIABLE = "UPSELL_SECRET_DESK"
SHOWN = {"authorization": f"Bearer {SECRET}"}
SOURCE = f"""\
webhook:
  path: helpdesk
  secrets: [{VARIABLE}]
  signature: bearer
  items: body.things
  rules:
    - when: item.kind == 'limit'
      event: Limit Reached
      account: item.who
      occurred_at: item.at
      id: item.id
      properties: {{metric: item.metric}}
"""


NOTHING: dict[str, Any] = {"things": []}


def thing(number: int, **changed: Any) -> dict[str, Any]:
    """Write one thing that a rule knows."""
    usual = {"kind": "limit", "who": "acme", "at": "2026-01-01T00:00:00Z", "metric": "seats"}
    return {**usual, "id": f"t{number}", **changed}


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
    assert served.post("helpdesk", NOTHING).status_code == 404
    served.apply(helpdesk=SOURCE)
    assert served.post("helpdesk", NOTHING).status_code == 200
    served.apply(helpdesk=SOURCE.replace("path: helpdesk", "path: other"))
    assert served.post("helpdesk", NOTHING).status_code == 404
    assert served.post("other", NOTHING).status_code == 200


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
    answered = served.post("helpdesk", {"things": [{"kind": "unheard"}]})
    assert answered.json() == {"accepted": 0, "duplicates": 0, "kept_aside": 1, "passed_over": 0}
    examined = examine(served.world.connection, served.world.clock.now())
    assert [(each.source, each.code, each.count) for each in examined.refused] == [
        ("helpdesk", "unknown_kind", 1)
    ]
    (told,) = [each for each in diagnose(examined) if each.code == "refused"]
    assert told.said.startswith("1 items refused as unknown_kind in 14 days, the last on 2026-03-02: ")
    assert "sources/helpdesk.yaml" in told.advice


def test_a_packed_body_is_unpacked_and_one_too_large_is_not_taken(served: Served) -> None:
    served.apply(helpdesk=SOURCE)
    packed = {**SHOWN, "content-encoding": "gzip"}
    assert served.post("helpdesk", gzip.compress(json.dumps(NOTHING).encode()), packed).status_code == 200
    assert served.post("helpdesk", gzip.compress(b" " * 3_000_000), packed).status_code == 413
    assert served.post("helpdesk", b" " * 3_000_000).status_code == 413


def test_a_thing_becomes_an_event_of_its_source_once_however_often_it_is_told(served: Served) -> None:
    served.apply(helpdesk=SOURCE)
    body = {"things": [thing(1), thing(2)]}
    assert served.post("helpdesk", body).json()["accepted"] == 2
    again = served.post("helpdesk", body).json()
    assert (again["accepted"], again["duplicates"]) == (0, 2)
    found = served.world.rows(
        "select source, message_id, name, account_id, properties::jsonb->>'metric' from events"
    )
    assert sorted(found) == [
        ("helpdesk", f"t{number}/Limit Reached", "Limit Reached", "acme", "seats") for number in (1, 2)
    ]


def test_another_thing_under_an_id_is_refused_by_name_and_the_good_stay(served: Served) -> None:
    served.apply(helpdesk=SOURCE)
    served.post("helpdesk", {"things": [thing(1)]})
    answered = served.post("helpdesk", {"things": [thing(1, metric="calls"), thing(2)]})
    assert answered.status_code == 400
    told = [(each["status"], each.get("code")) for each in answered.json()["results"]]
    assert told == [("refused", "conflict"), ("accepted", None)]
    assert served.world.rows("select count(*) from events") == [(2,)]


def test_one_bad_thing_takes_no_good_one_with_it(served: Served) -> None:
    served.apply(helpdesk=SOURCE)
    body = {"things": [thing(1, who=None), thing(2, at="soon"), thing(3, metric=7), 4, thing(5)]}
    answered = served.post("helpdesk", body)
    assert answered.status_code == 200
    assert answered.json() == {"accepted": 1, "duplicates": 0, "kept_aside": 4, "passed_over": 0}
    codes = [code for _, code, _ in served.kept()]
    assert codes == ["missing_id", "invalid_time", "invalid_property", "unknown_kind"]


def test_two_sources_may_tell_of_different_things_under_one_id(served: Served) -> None:
    other = SOURCE.replace("path: helpdesk", "path: other")
    served.apply(helpdesk=SOURCE, other=other)
    assert served.post("helpdesk", {"things": [thing(1)]}).status_code == 200
    assert served.post("other", {"things": [thing(1, metric="calls")]}).json()["accepted"] == 1


def test_a_revision_that_cannot_be_read_any_more_closes_its_sources_and_nothing_else(served: Served) -> None:
    served.apply(helpdesk=SOURCE)
    served.world.connection.execute(
        "update revisions set documents ="
        " jsonb_set(documents::jsonb, '{sources/helpdesk.yaml}', '\"webhok: 1\"')"
    )
    assert served.post("helpdesk", NOTHING).status_code == 404
    assert served.client.get("/health").status_code == 200


@pytest.mark.parametrize(
    ("source", "content", "packing", "code", "words"),
    [
        (SOURCE, b"{}", {"authorization": "Bearer other"}, "hook-forged", "did not prove"),
        (SOURCE.replace("DESK", "OTHER"), b"{}", SHOWN, "hook-closed", "`upsell sources list` says which"),
        (SOURCE, b"{}", {**SHOWN, "content-encoding": "gzip"}, "hook-unread", "plain or with gzip"),
        (SOURCE, b"{}", {**SHOWN, "content-encoding": "br"}, "hook-unread", "plain or with gzip"),
        (SOURCE, gzip.compress(b" " * 3_000_000), {**SHOWN, "content-encoding": "gzip"}, "hook-unread", ""),
        (SOURCE, b" " * 3_000_000, SHOWN, "hook-unread", "512,000 bytes"),
    ],
)
def test_what_is_turned_away_is_counted_by_path_and_the_doctor_tells_of_it(  # one case each
    database: str, source: str, content: bytes, packing: dict[str, str], code: str, words: str
) -> None:
    settings = Settings(secrets={VARIABLE: SECRET})
    with open_world(database) as world:
        with TestClient(make_app(database, world.clock, settings=settings)) as client:
            served = Served(world, client)
            served.apply(helpdesk=source)
            for _ in range(3):
                assert served.post("helpdesk", content, packing).status_code in (400, 403, 404, 413)
            assert served.post("nobodys", content, packing).status_code in (404, 413)
            assert served.kept() == []
        found = diagnose(examine(world.connection, world.clock.now()))
    (told,) = [each for each in found if each.subject.startswith("/hooks/")]
    assert (told.code, told.subject) == (code, "/hooks/helpdesk")
    assert told.said.startswith("3 requests")
    assert words in told.said + told.advice
