"""The table of access, held against every route of the application: by asking each of them."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

import httpx
import psycopg
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from tests.pages_world import field, invite, join
from upsell.clock import SystemClock
from upsell.config import Settings
from upsell.store.connect import connect
from upsell.store.keys import Kind, Scope, create_key
from upsell.store.users import Role
from upsell.web.access import RIGHTS, ROUTES, Open, Right, access_to
from upsell.web.app import make_app
from upsell.web.team import TeamPages

pytestmark = pytest.mark.postgres

NAMES = {"segment": "s", "act": "shown", "customer": "c", "path": "p", "token": "t", "link": "l", "key": "k"}
GIVEN = {
    **NAMES,
    "report": "trust",
    "file": "x",
    "workflow": "w",
    "unit": "c:x",
    "action": "take",
    "name": "upsell.js",
    "offer": "o",
    "event": "Pricing Viewed",
    "user": "1",
    "channel": "x",
    "number": "1",
}


@pytest.fixture(scope="module")
def url(postgres_url: str, migrated_template: str) -> Iterator[str]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"create database access template {migrated_template}")
    yield postgres_url.replace("/postgres?", "/access?", 1)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("drop database access with (force)")


@pytest.fixture(scope="module")
def app(url: str) -> Litestar:
    clock, settings = SystemClock(), Settings()
    return make_app(url, clock, TeamPages(url, clock, settings), settings)


@pytest.fixture(scope="module")
def client(app: Litestar) -> Iterator[httpx.Client]:
    with TestClient(app) as client:
        client.follow_redirects = False
        yield client


def asked(app: Litestar) -> list[tuple[str, str]]:
    """Every route with every method, but for what only tells of methods."""
    return [
        (route.path, method) for route in app.routes for method in sorted(route.methods - {"OPTIONS", "HEAD"})
    ]


def address(path: str) -> str:
    return path.replace(":str}", "}").replace(":path}", "}").format(**GIVEN)


def test_every_route_stands_in_the_table_and_the_table_names_no_other(app: Litestar) -> None:
    assert {path for path, _ in asked(app)} == set(ROUTES)


def test_every_role_has_its_line() -> None:
    assert set(RIGHTS) == set(Role)
    assert {access for access in ROUTES.values() if isinstance(access, Right)} == set(Right)


def test_without_a_key_or_a_user_only_what_is_open_answers(
    app: Litestar, client: httpx.Client, url: str
) -> None:
    with connect(url) as connection:
        key = create_key(connection, "other", Kind.SERVER, {Scope.SEGMENTS}, SystemClock().now())
        second = create_key(connection, "more", Kind.SERVER, {Scope.EVENTS}, SystemClock().now())
    for path, method in asked(app):
        access = access_to(path, method)
        body = b"" if method == "GET" else b"""{"batch": [{"type": "track", "event": "x", "userId": "u"}]}"""
        answered = client.request(method, address(path), headers={"Accept": "text/html"}, content=body)
        match access:
            case Right():
                said = (answered.status_code, answered.headers.get("location", "").partition("?")[0])
                led = (HTTPStatus.SEE_OTHER, "/sign-in")
                assert said == ((HTTPStatus.UNAUTHORIZED, "") if path.endswith(".json") else led), path
            case Scope():
                assert answered.status_code == HTTPStatus.UNAUTHORIZED, path
                wrong = second if access is Scope.SEGMENTS else key
                answered = client.request(
                    method, address(path), headers={"Authorization": f"Bearer {wrong}"}, content=body
                )
                assert answered.status_code == HTTPStatus.FORBIDDEN, path
            case Open():
                assert answered.status_code != HTTPStatus.UNAUTHORIZED, path


@pytest.mark.parametrize("role", list(Role))
def test_every_page_answers_those_roles_alone_that_the_table_says(
    app: Litestar, client: httpx.Client, url: str, role: Role
) -> None:
    client.cookies.clear()
    client.headers["Accept"] = "text/html"
    assert join(client, invite(url, f"{role.value}@acme.example", role, SystemClock())).status_code == 303
    for path, method in asked(app):
        access = access_to(path, method)
        if isinstance(access, Right) and method == "GET":
            refused = client.get(address(path)).status_code == HTTPStatus.FORBIDDEN
            assert refused == (access not in RIGHTS[role]), (path, role)
        if isinstance(access, Right) and method == "POST":
            # Without what makes a form one of ours nothing is done, whoever sends it.
            answered = client.post(address(path))
            assert answered.status_code == HTTPStatus.FORBIDDEN, (path, role)
            assert ("not for your role" in answered.text) == (access not in RIGHTS[role]), (path, role)


def test_a_null_character_is_refused_wherever_it_comes(app: Litestar, client: httpx.Client, url: str) -> None:
    client.cookies.clear()
    client.headers["Accept"] = "text/html"
    assert join(client, invite(url, "root@acme.example", Role.ADMIN, SystemClock())).status_code == 303
    form = field(client.get("/stops").text, "form")
    for path, method in asked(app):
        if not isinstance(access_to(path, method), Right):
            continue
        if "{" in path:
            found = address(path.partition("{")[0] + "a%00b" + path.partition("}")[2])
            assert client.request(method, found, data={"form": form}).status_code == HTTPStatus.NOT_FOUND, (
                found
            )
        if method == "POST" and path != "/sign-out":
            sent = client.post(address(path), data={"form": form, "why": "a\0b"})
            assert sent.status_code < HTTPStatus.INTERNAL_SERVER_ERROR, path
    said = {"form": form, "why": "a\0b", "email": "eve@acme.example", "role": "viewer"}
    answered = client.post("/settings/users", data=said)
    assert (answered.status_code, "null character in" in answered.text) == (HTTPStatus.BAD_REQUEST, True)
    assert "eve@acme.example" not in client.get("/settings/users").text
