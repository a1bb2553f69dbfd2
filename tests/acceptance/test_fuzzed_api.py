"""The API asked all that its own description allows, and much that it does not: nothing breaks or is lost."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from litestar.testing import TestClient
from schemathesis import GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)

from tests.live_world import make_documents, open_world
from upsell.channels.links import CLICK_PATH, OPEN_PATH
from upsell.clock import SystemClock
from upsell.config import Settings
from upsell.web.api.description import describe
from upsell.web.app import make_app
from upsell.web.server import serve_events

pytestmark = pytest.mark.postgres

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
PAGES = ("/p/", "/u/", "/a/", "/c/", "/d/", "/q/", "/paid", "/sdk/")
EVENT_CALLS = ("identify", "track", "group", "page", "screen", "alias", "batch")


@pytest.fixture
def served(database: str) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    stopped = threading.Event()
    arguments = (Settings(http_port=port), database, SystemClock(), stopped.is_set)
    server = threading.Thread(target=serve_events, args=arguments)
    server.start()
    try:
        with httpx.Client(transport=httpx.HTTPTransport(retries=20)) as client:
            client.get(f"http://127.0.0.1:{port}/health")
        yield f"http://127.0.0.1:{port}"
    finally:
        stopped.set()
        server.join(20)


class Tally:
    """What the API said it took and refused, by items."""

    def __init__(self) -> None:
        self.aliases = 0
        self.others = 0
        self.duplicates = 0
        self.refused = 0

    def add(self, path: str, body: Any, status: int, said: Any) -> None:
        """Count an answer's items by their call; of a body that was no request there are none."""
        items = body.get("batch", []) if path == "/v1/batch" and isinstance(body, dict) else [body]
        if status == 200:
            assert said["accepted"] + said["duplicates"] == len(items)
            self.duplicates += said["duplicates"]
            taken = items
        else:
            results = said.get("results", [])
            assert [each["index"] for each in results] == list(range(len(items) if results else 0))
            self.duplicates += sum(each["status"] == "duplicate" for each in results)
            # What stands under an id of another event is known and not kept a second time.
            self.refused += sum(
                each["status"] == "refused" and each["code"] != "conflict" for each in results
            )
            taken = [items[each["index"]] for each in results if each["status"] != "refused"]
        for item in taken:
            is_alias = path == "/v1/alias" or (path == "/v1/batch" and item["type"] == "alias")
            self.aliases += is_alias
            self.others += not is_alias


def fuzz(served: str, database: str, examples: int, mode: GenerationMode) -> None:
    """Ask every route that many times, and hold the answers to the description and to the ledger."""
    schema = schemathesis.openapi.from_dict(describe())
    schema.config.update(base_url=served)
    tally = Tally()
    # Typed as one that may not be valid; ours is, or ok() raises.
    operations: list[Any] = list(schema.get_all_operations())
    for operation in (found.ok() for found in operations):
        if mode is GenerationMode.NEGATIVE and not operation.body:
            continue
        # What is closed answers every request alike.
        is_closed = operation.path.startswith("/hooks/")

        @settings(
            max_examples=examples // 10 if is_closed else examples,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            answer = case.call()
            case.validate_response(answer, checks=CHECKS)
            if case.path.removeprefix("/v1/") in EVENT_CALLS and answer.status_code in (200, 400):
                tally.add(case.path, case.body, answer.status_code, answer.json())

        ask()
    with psycopg.connect(database) as connection:
        counts = connection.execute(
            "select count(*) filter (where name <> 'Customers Merged'),"
            " (select count(*) from rejections where source = 'api') from events"
        ).fetchone()
    assert counts is not None
    kept, rejected = counts
    # Of the duplicates it is not told which were aliases.
    assert tally.others - tally.duplicates <= kept <= tally.others
    assert kept > 0 or mode is GenerationMode.NEGATIVE
    assert rejected == tally.refused


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_no_answer_is_a_fault_each_is_as_described_and_what_was_accepted_is_in_the_ledger(
    served: str, database: str, mode: GenerationMode
) -> None:
    fuzz(served, database, 25, mode)


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_the_same_holds_for_many_more(served: str, database: str, mode: GenerationMode) -> None:
    fuzz(served, database, 1_000, mode)


def test_the_description_names_every_route_and_no_other(database: str) -> None:
    app = make_app(database, SystemClock())
    # What customers reach from their mail are pages, and the snippet is a script: no part of the API.
    routed = {
        (route.path.replace(":str}", "}"), method)
        for route in app.routes
        if not route.path.startswith((CLICK_PATH, OPEN_PATH, *PAGES))
        for method in getattr(route, "http_handlers", [route])
        for method in route.methods
        if method not in ("OPTIONS", "HEAD")
    }
    described = {(path, method.upper()) for path, item in describe()["paths"].items() for method in item}
    assert described == routed


def test_every_example_of_the_description_is_taken(database: str) -> None:
    with open_world(database) as world:
        world.apply(make_documents({}))
    with TestClient(make_app(database, SystemClock())) as client:
        for path, item in describe()["paths"].items():
            if "post" in item:
                ((kind, content),) = item["post"]["requestBody"]["content"].items()
                example = content["example"]
                ways = {"application/json": "json", "application/x-www-form-urlencoded": "data"}
                said = {ways.get(kind, "content"): example}
                # A provider's webhook is closed until its secret is set.
                due = 404 if path.startswith("/hooks/") else 200
                # Nobody can follow without a token, and no example is signed.
                due = 401 if path == "/v1/prompts/live" else due
                # Nothing was shown that could be accepted.
                shown = ("/v1/prompts/accepted", "/v1/prompts/asked", "/v1/prompts/charges", "/v1/accept")
                due = 404 if path in shown else due
                # Nobody is known yet whom work could be about, and none is open.
                due = {"/v1/tasks": 400, "/v1/tasks/{key}/{action}": 404}.get(path, due)
                # No browser is reached, and no device was told of.
                due = 400 if path == "/v1/push/subscriptions" else due
                due = {"renewed": 400, "ended": 404}.get(path.rpartition("/")[2], due)
                named = {each["name"]: each["example"] for each in item["post"].get("parameters", ())}
                assert client.post(path.format(**named), **said).status_code == due, path
        assert client.get("/openapi.json").json() == describe()
