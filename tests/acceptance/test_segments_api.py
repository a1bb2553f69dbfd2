"""``GET /v1/segments``: what a server is told of audiences, and who may ask."""

from __future__ import annotations

import pytest
from litestar.testing import TestClient

from tests.live_world import make_documents, open_world
from tests.stories.world import START
from upsell.clock import SetClock
from upsell.store.keys import Kind, Scope, create_key
from upsell.web.app import make_app

pytestmark = pytest.mark.postgres

RULE = "event_count('Pricing Viewed', interval '7 days') >= 1"
SEGMENTS = f'keen: {{unit: customer, rule: "{RULE}", meaning: They looked.}}\n'


def test_segments_are_counted_and_listed_in_pages(database: str) -> None:
    with open_world(database) as world:
        world.apply(make_documents({}, segments=SEGMENTS))
        world.append([world.event("Pricing Viewed", who) for who in ("ada", "bob", "cleo")])
        world.worker.run_until_idle()
    with TestClient(make_app(database, SetClock(START))) as client:
        keen = {"segment": "keen", "unit": "customer", "meaning": "They looked.", "rule": RULE}
        at = "2026-03-02T09:00:00Z"
        assert client.get("/v1/segments").json() == {"at": at, "segments": [{**keen, "count": 3}]}
        first = client.get("/v1/segments/keen", params={"limit": 2}).json()
        assert first == {
            "at": at,
            **keen,
            "units": [{"unit": "c:ada", "since": at}, {"unit": "c:bob", "since": at}],
            "next_after": "c:bob",
        }
        last = client.get("/v1/segments/keen", params={"after": first["next_after"]}).json()
        assert ([one["unit"] for one in last["units"]], last["next_after"]) == (["c:cleo"], None)


@pytest.mark.parametrize(
    ("path", "code", "told"),
    [
        ("kene", "unknown", "did you mean keen?"),
        ("keen?limit=0", "invalid", "limit from 1 to 10,000"),
        ("keen?limit=10001", "invalid", "limit from 1 to 10,000"),
        ("keen?limit=all", "invalid", "limit from 1 to 10,000"),
        ("keen?after=%00", "invalid", "names in print"),
    ],
)
def test_what_cannot_be_answered_is_said(database: str, path: str, code: str, told: str) -> None:
    with open_world(database) as world:
        world.apply(make_documents({}, segments=SEGMENTS))
    with TestClient(make_app(database, SetClock(START))) as client:
        answered = client.get(f"/v1/segments/{path}")
        assert (answered.status_code, answered.json()["code"]) == (400, code)
        assert told in answered.json()["message"]


def test_a_server_key_with_the_scope_is_asked_for(database: str) -> None:
    with open_world(database) as world:
        world.apply(make_documents({}, segments=SEGMENTS))
        opened = create_key(world.connection, "ads", Kind.SERVER, {Scope.SEGMENTS}, START)
        other = create_key(world.connection, "site", Kind.WRITE, {Scope.EVENTS}, START)
    with TestClient(make_app(database, SetClock(START))) as client:
        for path in ("/v1/segments", "/v1/segments/keen"):
            codes = [client.get(path, auth=(key, "")).status_code for key in (opened, other, "nobody")]
            assert codes == [200, 403, 401]
