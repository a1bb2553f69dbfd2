"""The HTTP API over a real database: what it answers is what is committed."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psycopg
import pytest
from litestar.testing import TestClient

from upsell.clock import SystemClock
from upsell.config import Settings
from upsell.errors import ConfigError
from upsell.sources.bounds import LARGEST_BATCH
from upsell.store.connect import connect
from upsell.store.keys import Kind, Scope, create_key, revoke_key
from upsell.web.app import make_app
from upsell.web.server import check_address, serve_events

pytestmark = pytest.mark.postgres


@pytest.fixture
def client(database: str) -> Iterator[TestClient[Any]]:
    with TestClient(make_app(database, SystemClock())) as client:
        yield client


def track(event: str, **said: Any) -> dict[str, Any]:
    return {"type": "track", "userId": "u1", "event": event, "timestamp": "2026-01-01T00:00:00Z", **said}


def ledger(database: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database) as connection:
        return connection.execute(
            "select name, customer_id, account_id from events order by position"
        ).fetchall()


def test_200_means_that_every_item_is_committed(client: TestClient[Any], database: str) -> None:
    batch = {"batch": [track("A"), {"type": "group", "groupId": "g", "userId": "u1", "traits": {}}]}
    answer = client.post("/v1/batch", json=batch)
    assert (answer.status_code, answer.json()) == (200, {"accepted": 2, "duplicates": 0})
    assert ledger(database) == [("A", "u1", None), ("Account Identified", "u1", "g")]


def test_400_names_each_refused_item_and_the_good_ones_stay_committed(
    client: TestClient[Any], database: str
) -> None:
    batch = {"batch": [track("A"), track("B", timestamp="yesterday"), track("C"), {"type": "nope"}]}
    answer = client.post("/v1/batch", json=batch)
    said = answer.json()
    assert (answer.status_code, said["code"]) == (400, "refused")
    assert [item["status"] for item in said["results"]] == ["accepted", "refused", "accepted", "refused"]
    assert [item.get("code") for item in said["results"]] == [None, "invalid_time", None, "unknown_type"]
    assert [name for name, *_ in ledger(database)] == ["A", "C"]
    with psycopg.connect(database) as connection:
        kept = connection.execute("select place, code from rejections order by place").fetchall()
    assert kept == [("1", "invalid_time"), ("3", "unknown_type")]


def test_an_item_sent_again_is_a_duplicate_and_another_under_its_id_is_refused(
    client: TestClient[Any], database: str
) -> None:
    said = track("A", messageId="m1")
    first = client.post("/v1/track", json=said)
    again = client.post("/v1/track", json={**said, "sentAt": "2026-01-01T00:00:00Z"})
    other = client.post("/v1/track", json={**said, "event": "B"})
    assert [answer.status_code for answer in (first, again, other)] == [200, 200, 400]
    assert again.json() == {"accepted": 0, "duplicates": 1}
    assert other.json()["code"] == "conflict"
    assert len(ledger(database)) == 1


@pytest.mark.parametrize("path", ["identify", "track", "group", "page", "screen", "alias", "batch"])
@pytest.mark.parametrize("body", [b"", b"nope", b"\xff\xfe", b"[" * 3_000])
def test_what_is_no_json_is_refused_and_changes_nothing(
    client: TestClient[Any], database: str, path: str, body: bytes
) -> None:
    answer = client.post(f"/v1/{path}", content=body)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("expected")
    assert ledger(database) == []


def test_a_body_too_large_is_413(client: TestClient[Any]) -> None:
    answer = client.post("/v1/batch", content=b"x" * (LARGEST_BATCH + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "request_entity_too_large")


def test_what_no_handler_takes_is_told_with_what_was_expected(client: TestClient[Any]) -> None:
    other = client.post("/v1/pages", json={})
    assert (other.status_code, "/v1/track" in other.json()["message"]) == (404, True)
    got = client.get("/v1/track")
    assert (got.status_code, got.json()["message"]) == (405, "expected another method on /v1/track, got GET")
    large = client.post("/v1/batch", content=b" " * (LARGEST_BATCH + 1))
    assert (large.status_code, f"{LARGEST_BATCH:,} bytes" in large.json()["message"]) == (413, True)


def test_a_wrong_write_key_is_401_and_a_right_one_is_taken_as_every_sdk_shows_it(database: str) -> None:
    with connect(database) as connection:
        secret = create_key(connection, "site", Kind.WRITE, {Scope.EVENTS}, SystemClock().now())
    with TestClient(make_app(database, SystemClock())) as client:
        batch = {"batch": [track("A")]}
        assert client.post("/v1/batch", json=batch).status_code == 401
        assert client.post("/v1/batch", json=batch, auth=("wrong", "")).status_code == 401
        assert client.post("/v1/batch", json=batch, headers={"Authorization": "Basic %%%"}).status_code == 401
        assert client.post("/v1/batch", json=batch, auth=(secret, "")).status_code == 200
        assert client.post("/v1/batch", json={**batch, "writeKey": secret}).status_code == 200
        bearer = {"Authorization": f"Bearer {secret}"}
        assert client.post("/v1/batch", json=batch, headers=bearer).status_code == 200
    assert len(ledger(database)) == 1


def test_events_sent_by_many_at_once_are_each_committed_once(client: TestClient[Any], database: str) -> None:
    def send(number: int) -> int:
        said = {"batch": [track("A", messageId=f"{number % 20}-{place}") for place in range(20)]}
        return client.post("/v1/batch", json=said).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(send, range(40))) == {200}
    assert len(ledger(database)) == 400


def test_a_visitor_who_becomes_known_is_one_customer_from_then_on(
    client: TestClient[Any], database: str
) -> None:
    visitor = {"anonymousId": "v1", "event": "Pricing Viewed"}
    assert client.post("/v1/track", json=visitor).status_code == 200
    known = {"anonymousId": "v1", "userId": "u1", "messageId": "i1", "traits": {}}
    assert client.post("/v1/identify", json=known).json() == {"accepted": 1, "duplicates": 0}
    assert client.post("/v1/identify", json=known).json() == {"accepted": 0, "duplicates": 1}
    assert client.post("/v1/page", json={"anonymousId": "v1", "name": "Pricing"}).status_code == 200
    assert client.post("/v1/alias", json={"previousId": "u1", "userId": "u2"}).status_code == 200
    assert client.post("/v1/screen", json={"userId": "u1"}).status_code == 200
    assert [(name, customer) for name, customer, _ in ledger(database)] == [
        ("Pricing Viewed", "anon:v1"),
        ("Customers Merged", "u1"),
        ("Customer Identified", "u1"),
        ("Page Viewed", "u1"),
        ("Customers Merged", "u2"),
        ("Screen Viewed", "u2"),
    ]


def test_a_packed_body_is_taken_and_one_that_unpacks_too_large_is_413(
    client: TestClient[Any], database: str
) -> None:
    packed = {"Content-Encoding": "gzip"}
    body = json.dumps({"batch": [track("A")]}).encode()
    assert client.post("/v1/batch", content=gzip.compress(body), headers=packed).status_code == 200
    bomb = gzip.compress(b" " * (LARGEST_BATCH * 100))
    assert len(bomb) < LARGEST_BATCH
    assert client.post("/v1/batch", content=bomb, headers=packed).status_code == 413
    for wrong in (b"nope", gzip.compress(body)[:-9]):
        answer = client.post("/v1/batch", content=wrong, headers=packed)
        assert (answer.status_code, "gzip" in answer.json()["message"]) == (400, True)
    other = client.post("/v1/batch", content=body, headers={"Content-Encoding": "br"})
    assert (other.status_code, "gzip or none" in other.json()["message"]) == (400, True)
    assert len(ledger(database)) == 1


def test_a_page_of_any_site_may_send_events_and_read_nothing_else(client: TestClient[Any]) -> None:
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    for path in ("track", "batch", "alias"):
        preflight = client.options(f"/v1/{path}", headers=asked)
        assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (200, "*")
    beacon = {"Origin": "https://shop.example", "Content-Type": "text/plain"}
    sent = client.post("/v1/track", content=json.dumps(track("A")), headers=beacon)
    assert (sent.status_code, sent.headers["access-control-allow-origin"]) == (200, "*")
    assert "access-control-allow-origin" not in client.get("/health", headers=asked).headers


def test_health_says_how_far_the_worker_is_behind(client: TestClient[Any]) -> None:
    client.post("/v1/track", json=track("A"))
    answer = client.get("/health")
    assert (answer.status_code, answer.json()["is_ready"], answer.json()["behind"]) == (200, True, 1)


def test_without_a_database_nothing_is_said_to_be_committed() -> None:
    url = "postgresql://nobody@127.0.0.1:9/none?connect_timeout=1"
    with TestClient(make_app(url, SystemClock())) as client:
        answer = client.post("/v1/track", json=track("A"))
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert client.get("/health").status_code == 503


def test_an_open_door_opens_on_this_machine_alone(database: str) -> None:
    clock = SystemClock()
    for host in ("127.0.0.1", "::1", "localhost"):
        check_address(Settings(http_host=host), database, clock)
    for host in ("0.0.0.0", "192.0.2.1", "example.com"):
        with pytest.raises(ConfigError, match="upsell keys create"):
            check_address(Settings(http_host=host), database, clock)
    with connect(database) as connection:
        create_key(connection, "site", Kind.WRITE, {Scope.EVENTS}, clock.now())
        check_address(Settings(http_host="0.0.0.0"), database, clock)
        revoke_key(connection, "site", clock.now())
        with pytest.raises(ConfigError, match="upsell keys create"):
            check_address(Settings(http_host="0.0.0.0"), database, clock)


def test_the_server_answers_over_a_real_socket_and_ends_when_asked(database: str, free_port: int) -> None:
    settings = Settings(http_host="localhost", http_port=free_port)
    stopped = threading.Event()
    serving = threading.Thread(target=serve_events, args=(settings, database, SystemClock(), stopped.is_set))
    serving.start()
    try:
        transport = httpx.HTTPTransport(retries=20)
        with httpx.Client(base_url=f"http://127.0.0.1:{free_port}", transport=transport) as client:
            answer = client.post("/v1/batch", content=json.dumps({"batch": [track("A")]}))
        assert (answer.status_code, answer.json()["accepted"]) == (200, 1)
        with pytest.raises(ConfigError, match="UPSELL_HTTP_PORT"):
            serve_events(settings, database, SystemClock(), lambda: False)
    finally:
        stopped.set()
        serving.join(20)
    assert not serving.is_alive()


def test_where_it_is_served_is_told_once_it_is_and_never_of_a_port_that_is_taken(
    database: str, free_port: int
) -> None:
    told: list[str] = []
    stopped = threading.Event()

    def note() -> None:
        socket.create_connection(("127.0.0.1", free_port), 5).close()
        told.append("here")
        stopped.set()

    arguments = (Settings(http_port=free_port), database, SystemClock(), stopped.is_set)
    serving = threading.Thread(target=serve_events, args=arguments, kwargs={"tell": note})
    serving.start()
    serving.join(20)
    with socket.create_server(("127.0.0.1", free_port)), pytest.raises(ConfigError, match="HTTP_PORT"):
        serve_events(*arguments, tell=note)
    assert told == ["here"]


def test_a_host_that_is_not_known_is_told_with_its_setting(database: str, free_port: int) -> None:
    settings = Settings(http_host="host.invalid", http_port=free_port)
    with connect(database) as connection:
        create_key(connection, "site", Kind.WRITE, {Scope.EVENTS}, SystemClock().now())
    with pytest.raises(ConfigError, match="UPSELL_HTTP_HOST"):
        serve_events(settings, database, SystemClock(), lambda: False)


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port
