"""Settings: who looks after users and keys, what is shown once, and what nobody is shown."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import psycopg
import pytest
from litestar.testing import TestClient

from tests.pages_world import field, invite, join
from tests.stories.world import START
from upsell.clock import DAY, SetClock
from upsell.config import Settings
from upsell.errors import ConfigError
from upsell.store.acts import Act, read_acts
from upsell.store.connect import connect
from upsell.store.users import Role, User, change_role, read_users, remove_user
from upsell.web.access import RIGHTS, Right
from upsell.web.app import make_app
from upsell.web.team import TeamPages

pytestmark = pytest.mark.postgres

PUBLIC = "https://upsell.acme.example"
HTML = {"Accept": "text/html"}
ADA, BOB, EVE = "ada@acme.example", "bob@acme.example", "eve@acme.example"
NOW = START + DAY


@pytest.fixture(scope="module")
def url(postgres_url: str, migrated_template: str) -> Iterator[str]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"create database settings template {migrated_template}")
    yield postgres_url.replace("/postgres?", "/settings?", 1)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("drop database settings with (force)")


@pytest.fixture(scope="module")
def clock() -> SetClock:
    return SetClock(NOW)


@contextmanager
def browsing(url: str, clock: SetClock) -> Iterator[httpx.Client]:
    """Serve the application, and give what asks it with cookies of its own, as one browser does."""
    settings = Settings(public_url=PUBLIC)
    with TestClient(make_app(url, clock, TeamPages(url, clock, settings), settings), PUBLIC) as client:
        client.headers.update(HTML)
        client.follow_redirects = False
        yield client


@pytest.fixture(scope="module")
def client(url: str, clock: SetClock) -> Iterator[httpx.Client]:
    """Give an admin's browser, for all tests of the module; there is another admin beside."""
    with browsing(url, clock) as client:
        join(client, invite(url, BOB, Role.ADMIN, clock))
        client.cookies.clear()
        join(client, invite(url, ADA, Role.ADMIN, clock))
        yield client


def send(client: httpx.Client, page: str, path: str, **said: str) -> httpx.Response:
    """Send a form as the page that holds it would."""
    form = field(client.get(page).text, "form")
    return client.post(path, data={"form": form, "why": "for a test", **said})


def users(url: str) -> dict[str, User]:
    with connect(url) as connection:
        return {user.email: user for user in read_users(connection)}


def path_of(url: str, email: str) -> str:
    return f"/settings/users/{users(url)[email].number}"


def acts(url: str, most: int = 1) -> list[tuple[str, Act, str, str, str]]:
    with connect(url) as connection:
        return [
            (done.by, done.act, done.about, done.words, done.because) for done in read_acts(connection, most)
        ]


def rows_with(url: str, secret: str) -> list[str]:
    """Name the tables of which any row holds a secret."""
    found = []
    with connect(url) as connection:
        tables = connection.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
        for (table,) in tables:
            asked = f"select 1 from {table} as t where strpos(t::text, %s) > 0 limit 1"
            if connection.execute(asked, [secret]).fetchone():
                found.append(table)
    return found


def test_a_user_is_added_and_their_link_stands_once_in_the_answer(
    client: httpx.Client, url: str, clock: SetClock, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        answered = send(
            client, "/settings/users", "/settings/users", email=" Eve@Acme.example", role="editor"
        )
    assert (answered.status_code, answered.headers["cache-control"]) == (200, "no-store")
    link = answered.text.partition("https://upsell.acme.example/join/")[2].partition("<")[0]
    assert len(link) == 43
    assert acts(url) == [(ADA, Act.USER_ADDED, EVE, "editor", "for a test")]
    assert str(answered.url).endswith("/settings/users")
    assert link not in caplog.text
    assert rows_with(url, link) == []
    for page in ("/settings/users", path_of(url, EVE), "/log", "/settings"):
        assert link not in client.get(page).text
        assert link not in client.get(f"{page}?format=json").text
    # It lets them in, and again nobody.
    with browsing(url, clock) as other:
        assert join(other, f"/join/{link}").status_code == 303
        assert other.get(f"/join/{link}").status_code == 404
        assert other.get("/settings/users").status_code == 403
        assert "An admin looks after it" in other.get("/settings").text
    again = send(client, "/settings/users", "/settings/users", email=EVE, role="viewer")
    assert (again.status_code, "address that no user has" in again.text) == (400, True)


def test_the_list_says_who_was_here_when_and_where_they_are_signed_in(
    client: httpx.Client, url: str, clock: SetClock
) -> None:
    told = {row["email"]: row for row in client.get("/settings/users?format=json").json()}
    assert (told[ADA]["role"], told[ADA]["sessions"], told[ADA]["has_password"]) == ("admin", 1, True)
    invite(url, "new@acme.example", Role.VIEWER, clock)
    page = client.get("/settings/users").text
    assert "1 of them has not set a password yet" in page
    told = {row["email"]: row for row in client.get("/settings/users?format=json").json()}
    assert (told["new@acme.example"]["seen_at"], told["new@acme.example"]["sessions"]) == (None, 0)
    # What the log knows outlives the session.
    with browsing(url, clock) as other:
        join(other, invite(url, "gone@acme.example", Role.VIEWER, clock))
        other.post("/sign-out", data={"form": field(other.get("/settings").text, "form")})
    told = {row["email"]: row for row in client.get("/settings/users?format=json").json()}
    gone = told["gone@acme.example"]
    assert (gone["seen_at"], gone["sessions"]) == (told[ADA]["seen_at"], 0)


def test_a_role_is_changed_a_link_made_and_a_user_removed_as_by_the_command(
    client: httpx.Client, url: str, clock: SetClock
) -> None:
    with browsing(url, clock) as other:
        join(other, invite(url, "tom@acme.example", Role.VIEWER, clock))
        page = path_of(url, "tom@acme.example")
        answered = send(client, page, f"{page}/role", role="approver")
        assert answered.headers["location"] == f"{page}?done=role_given"
        assert other.get("/log").status_code == 200
        answered = send(client, page, f"{page}/link")
        assert answered.status_code == 200
        link = answered.text.partition("/join/")[2].partition("<")[0]
        assert send(client, page, f"{page}/remove").headers["location"] == "/settings/users?done=user_removed"
        assert other.get("/log").status_code == 303
        assert other.get(f"/join/{link}").status_code == 404
    assert acts(url, 3) == [
        (ADA, Act.USER_REMOVED, "tom@acme.example", "", "for a test"),
        (ADA, Act.LINK_MADE, "tom@acme.example", "", "for a test"),
        (ADA, Act.ROLE_CHANGED, "tom@acme.example", "viewer to approver", "for a test"),
    ]
    assert client.get(page).status_code == 404


def test_without_why_nothing_is_done(client: httpx.Client, url: str) -> None:
    page, before = path_of(url, BOB), acts(url)
    for action in ("role", "link", "remove"):
        assert send(client, page, f"{page}/{action}", role="viewer", why=" ").status_code == 400
    assert send(client, page, f"{page}/nothing").status_code == 400
    assert send(client, "/settings/users", f"{page}9/link").status_code == 400
    assert send(client, page, f"{page}/role", role="boss").status_code == 400
    assert acts(url) == before


def test_nobody_changes_their_own_role_and_the_last_admin_stays(
    client: httpx.Client, url: str, clock: SetClock
) -> None:
    mine = path_of(url, ADA)
    for action in ("role", "remove"):
        refused = send(client, mine, f"{mine}/{action}", role="viewer")
        assert (refused.status_code, "somebody else" in refused.text) == (400, True)
    assert f"{mine}/remove" not in client.get(mine).text
    with connect(url) as connection:
        change_role(connection, BOB, Role.EDITOR, "shell:test", "", clock.now())
        # An admin who cannot sign in yet does not count.
        invite(url, "soon@acme.example", Role.ADMIN, clock)
        with pytest.raises(ConfigError, match="last admin with a password"):
            change_role(connection, ADA, Role.VIEWER, "shell:test", "", clock.now())
        with pytest.raises(ConfigError, match="last admin with a password"):
            remove_user(connection, ADA, "shell:test", "", clock.now())
        change_role(connection, BOB, Role.ADMIN, "shell:test", "", clock.now())
        change_role(connection, "soon@acme.example", Role.VIEWER, "shell:test", "", clock.now())
    assert users(url)[ADA].role is Role.ADMIN


def test_whoever_may_not_look_after_users_sends_forms_in_vain(
    client: httpx.Client, url: str, clock: SetClock
) -> None:
    with browsing(url, clock) as other:
        join(other, invite(url, "view@acme.example", Role.APPROVER, clock))
        before = acts(url)
        page = path_of(url, BOB)
        for path in ("/settings/users", f"{page}/link", f"{page}/remove", f"{page}/role"):
            answered = send(other, "/settings", path, email="x@acme.example", role="viewer")
            assert answered.status_code == 403, path
        assert acts(url) == before


def test_the_matrix_of_roles_says_what_the_gate_asks(client: httpx.Client) -> None:
    told = client.get("/settings/roles?format=json").json()
    assert {each["right"] for each in told["rights"]} == {right.name.lower() for right in Right}
    for each in told["rights"]:
        having = {role for role in Role if Right[each["right"].upper()] in RIGHTS[role]}
        assert {Role(name) for name in each["roles"]} == having
    page = client.get("/settings/roles").text
    assert page.count("● ") + page.count("●</span> yes") == sum(map(len, RIGHTS.values()))
