"""Keys: what each opens, how long, and what is kept of it."""

from __future__ import annotations

from collections.abc import Iterator
from subprocess import CompletedProcess
from typing import Any

import psycopg
import pytest
from litestar.testing import TestClient

from tests.commands import run_command
from tests.stories.world import START
from upsell.clock import HOUR, MINUTE, SECOND, SetClock
from upsell.errors import ConfigError
from upsell.runtime.keyring import READ_EACH
from upsell.store.connect import Connection, connect
from upsell.store.keys import Kind, Scope, create_key, read_keys, revoke_key, rotate_key
from upsell.web.app import make_app

pytestmark = pytest.mark.postgres

EVENTS, INCIDENTS = frozenset({Scope.EVENTS}), frozenset({Scope.INCIDENTS})
TRACK = {"userId": "ada", "event": "A"}
BROKEN = {"id": "INC-7", "turn": "start"}


@pytest.fixture
def clock() -> SetClock:
    return SetClock(START)


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    with connect(database) as opened:
        yield opened


@pytest.fixture
def client(database: str, clock: SetClock) -> Iterator[TestClient[Any]]:
    with TestClient(make_app(database, clock)) as opened:
        yield opened


def asked(client: TestClient[Any], key: str, path: str = "track") -> int:
    body = TRACK if path == "track" else BROKEN
    return client.post(f"/v1/{path}", json=body, auth=(key, "")).status_code


def test_the_door_is_open_until_the_first_key_is_made_and_never_again(
    client: TestClient[Any], connection: Connection, clock: SetClock
) -> None:
    assert asked(client, "") == 200
    create_key(connection, "site", Kind.WRITE, EVENTS, clock.now())
    clock.move_to(clock.now() + READ_EACH)
    assert asked(client, "") == 401
    revoke_key(connection, "site", clock.now())
    clock.move_to(clock.now() + READ_EACH)
    assert asked(client, "") == 401


def test_a_key_opens_what_its_scopes_say_and_nothing_else(
    client: TestClient[Any], connection: Connection, clock: SetClock
) -> None:
    write = create_key(connection, "site", Kind.WRITE, EVENTS, clock.now())
    monitor = create_key(connection, "monitor", Kind.SERVER, INCIDENTS, clock.now())
    both = create_key(connection, "backend", Kind.SERVER, EVENTS | INCIDENTS, clock.now())
    assert [asked(client, key) for key in (write, monitor, both)] == [200, 403, 200]
    assert [asked(client, key, "incidents") for key in (write, monitor, both)] == [403, 200, 200]
    assert [asked(client, key, "incidents") for key in ("", "us_wrong", monitor[:-1])] == [401] * 3


def test_a_rotated_key_is_good_for_its_grace_and_the_new_one_at_once(
    client: TestClient[Any], connection: Connection, clock: SetClock
) -> None:
    old = create_key(connection, "backend", Kind.SERVER, EVENTS, clock.now())
    new = rotate_key(connection, "backend", clock.now(), HOUR)
    ends_at = clock.now() + HOUR
    assert [asked(client, key) for key in (old, new)] == [200, 200]
    clock.move_to(ends_at - 1)
    assert asked(client, old) == 200
    clock.move_to(ends_at)
    assert [asked(client, key) for key in (old, new)] == [401, 200]


def test_a_revoked_key_opens_nothing_five_seconds_later_its_old_form_neither(
    client: TestClient[Any], connection: Connection, clock: SetClock
) -> None:
    old = create_key(connection, "backend", Kind.SERVER, EVENTS, clock.now())
    new = rotate_key(connection, "backend", clock.now())
    assert [asked(client, key) for key in (old, new)] == [200, 200]
    revoke_key(connection, "backend", clock.now())
    clock.move_to(clock.now() + 5 * SECOND)
    assert [asked(client, key) for key in (old, new)] == [401, 401]


def test_of_a_secret_only_its_hash_is_kept_and_a_write_key_can_be_read(
    database: str, connection: Connection, clock: SetClock
) -> None:
    secret = create_key(connection, "backend", Kind.SERVER, EVENTS, clock.now())
    public = create_key(connection, "site", Kind.WRITE, EVENTS, clock.now())
    with psycopg.connect(database) as reading:
        (kept,) = reading.execute("select string_agg(keys::text, ' ') from keys").fetchone() or ("",)
    assert secret not in kept
    assert secret.removeprefix("us_") not in kept
    assert public in kept


def test_names_are_those_of_one_good_key_and_a_page_is_trusted_with_events_alone(
    connection: Connection, clock: SetClock
) -> None:
    create_key(connection, "site", Kind.WRITE, EVENTS, clock.now())
    with pytest.raises(ConfigError, match="no good key has"):
        create_key(connection, "site", Kind.SERVER, EVENTS, clock.now())
    with pytest.raises(ConfigError, match="incidents:write, got a write key"):
        create_key(connection, "page", Kind.WRITE, INCIDENTS, clock.now())
    for change in (rotate_key, revoke_key):
        with pytest.raises(ConfigError, match="did you mean site"):
            change(connection, "sit", clock.now())
    revoke_key(connection, "site", clock.now())
    create_key(connection, "site", Kind.SERVER, EVENTS, clock.now())


def test_who_may_charge_an_account_and_whom_billing_charges_is_told_by_servers_alone(
    client: TestClient[Any], connection: Connection, clock: SetClock
) -> None:
    page = create_key(connection, "site", Kind.WRITE, EVENTS, clock.now())
    server = create_key(connection, "back", Kind.SERVER, EVENTS, clock.now())
    group = {"userId": "eve", "groupId": "acme", "traits": {"roles": ["admin"], "name": "Acme"}}
    payer = {"userId": "eve", "traits": {"stripe_customer_id": "cus_of_another"}}
    track = {
        "userId": "eve",
        "groupId": "acme",
        "event": "Account Identified",
        "properties": {"roles": ["admin"]},
    }
    for path, body in (("group", group), ("identify", payer), ("track", track)):
        refused = client.post(f"/v1/{path}", json=body, auth=(page, ""))
        assert (refused.status_code, refused.json()["results"][0]["code"]) == (400, "server_only"), path
        written = client.post("/v1/batch", json={"batch": [body | {"type": path}], "writeKey": page})
        assert written.status_code == 400, path
        assert client.post(f"/v1/{path}", json=body, auth=(server, "")).status_code == 200, path
    plain = {"userId": "eve", "groupId": "acme", "traits": {"name": "Acme"}}
    assert client.post("/v1/group", json=plain, auth=(page, "")).status_code == 200
    assert (
        client.post("/v1/track", json=TRACK | {"properties": {"roles": 3}}, auth=(page, "")).status_code
        == 200
    )


def test_when_a_key_was_last_used_is_remembered_to_the_minute(
    client: TestClient[Any], connection: Connection, clock: SetClock
) -> None:
    key = create_key(connection, "site", Kind.WRITE, EVENTS, clock.now())
    for _ in range(5):
        asked(client, key)
        clock.move_to(clock.now() + MINUTE)
    (kept,) = read_keys(connection)
    assert kept.last_used_at is not None
    assert clock.now() - 2 * MINUTE <= kept.last_used_at <= clock.now()


def test_incidents_are_told_over_http_once_and_what_is_odd_is_refused(client: TestClient[Any]) -> None:
    def told(**said: object) -> tuple[int, Any]:
        answer = client.post("/v1/incidents", json={**BROKEN, **said})
        return answer.status_code, answer.json().get("changed", answer.json().get("code"))

    assert told() == (200, True)
    assert told() == (200, False)
    assert told(turn="end") == (200, True)
    assert told(accountId="nobody") == (400, "unknown_unit")
    assert told(turn="off") == (400, "invalid")
    assert told(id="") == (400, "invalid")
    assert told(id="a\x00b") == (400, "invalid")
    assert told(accountId="a", customerId="b") == (400, "invalid")
    assert told(severity="high") == (400, "invalid")
    assert client.post("/v1/track", json={"context": {"groupId": "acme"}, "event": "A"}).status_code == 200


def test_the_command_makes_rotates_lists_and_revokes(database: str) -> None:
    def run(*words: str) -> CompletedProcess[str]:
        return run_command("keys", *words, UPSELL_DATABASE_URL=database)

    assert "No key was made yet" in run("list").stdout
    public = run("create", "site").stdout.strip()
    secret = run("create", "backend", "--server", "--scope", "incidents:write").stdout.strip()
    assert (public[:3], secret[:3]) == ("uw_", "us_")
    listed = run("list").stdout
    assert public in listed
    assert secret not in listed
    assert "incidents:write; good since" in listed
    assert run("rotate", "backend", "--grace-hours", "0").stdout.startswith("us_")
    assert "ended" in run("list").stdout
    assert "opens nothing" in run("revoke", "site").stdout
    assert run("revoke", "site").returncode == 1
    assert run("create").returncode == 2
    assert "expected one of events:write" in run("create", "x", "--server", "--scope", "all").stderr
