"""Signing in to the pages: links, passwords, sessions, forms from elsewhere, limits that hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import psycopg
import pytest
from litestar.testing import TestClient

from tests.pages_world import PASSWORD, field, invite, join, sign_in
from tests.stories.world import START
from upsell.clock import DAY, MINUTE, Clock, SetClock
from upsell.config import Settings
from upsell.runtime import porter
from upsell.runtime.porter import TRIES_OF_NAME
from upsell.store.acts import Act, read_acts
from upsell.store.connect import connect
from upsell.store.sessions import IDLE, LASTS
from upsell.store.users import (
    LINK_LASTS,
    Role,
    change_role,
    make_first_link,
    make_link,
    read_users,
    remove_user,
)
from upsell.web.app import make_app
from upsell.web.team import TeamPages

pytestmark = pytest.mark.postgres

HTML = {"Accept": "text/html"}
ADA = "ada@acme.example"


@pytest.fixture(scope="module")
def shared_database(postgres_url: str, migrated_template: str) -> Iterator[str]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"create database signing template {migrated_template}")
    yield postgres_url.replace("/postgres?", "/signing?", 1)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("drop database signing with (force)")


@pytest.fixture
def url(shared_database: str) -> str:
    with psycopg.connect(shared_database, autocommit=True) as connection:
        connection.execute("truncate users, entry_links, sessions, sign_ins_tried, acts restart identity")
    return shared_database


@pytest.fixture
def clock() -> SetClock:
    return SetClock(START)


@contextmanager
def browsing(url: str, clock: Clock, settings: Settings | None = None) -> Iterator[httpx.Client]:
    """Serve the application, and give what asks it with cookies of its own, as one browser does."""
    known = settings or Settings()
    with TestClient(make_app(url, clock, TeamPages(url, clock, known), known)) as client:
        client.headers.update(HTML)
        yield client


def first_path(url: str, clock: Clock) -> str:
    with connect(url) as connection:
        return f"/join/{make_first_link(connection, clock.now())}"


def done(url: str) -> list[tuple[str, Act, str]]:
    with connect(url) as connection:
        return [(each.by, each.act, each.words) for each in reversed(read_acts(connection, 50))]


def test_the_first_link_makes_an_admin_once_and_then_no_link_does(url: str, clock: SetClock) -> None:
    stale, path = first_path(url, clock), first_path(url, clock)
    with browsing(url, clock) as client:
        assert client.get(stale).status_code == 404
        answered = join(client, path, email=" Ada@Acme.example ")
        assert (answered.status_code, answered.headers["location"]) == (303, "/")
        assert client.get("/log").status_code == 200
        assert client.get(path).status_code == 404
    with connect(url) as connection:
        assert [(user.email, user.role) for user in read_users(connection)] == [(ADA, Role.ADMIN)]
        assert make_first_link(connection, clock.now()) is None
    assert done(url) == [(ADA, Act.USER_ADDED, "admin"), (ADA, Act.SIGNED_IN, "by a link")]


def test_a_first_link_is_good_until_an_admin_has_a_password(url: str, clock: SetClock) -> None:
    path = first_path(url, clock)
    invited = invite(url, ADA, Role.VIEWER, clock)
    other = invite(url, "bob@acme.example", Role.ADMIN, clock)
    with browsing(url, clock) as client, connect(url) as connection:
        # A viewer signs in, an admin cannot yet: still nobody could let the others in.
        assert join(client, invited).status_code == 303
        assert client.get(path).status_code == 200
        path = f"/join/{make_first_link(connection, clock.now())}"
        assert join(client, other).status_code == 303
        assert client.get(path).status_code == 404
        assert make_first_link(connection, clock.now()) is None


def test_a_first_link_makes_an_admin_of_who_was_added_before(url: str, clock: SetClock) -> None:
    invited, path = invite(url, ADA, Role.VIEWER, clock), first_path(url, clock)
    with browsing(url, clock) as client, connect(url) as connection:
        assert join(client, invited, "another good password").status_code == 303
        session = client.cookies["upsell-8600"]
        assert join(client, path, email=ADA).status_code == 303
        assert client.get("/log").status_code == 200
        client.cookies.set("upsell-8600", session)
        assert client.get("/results", follow_redirects=False).status_code == 303
        assert [(user.email, user.role) for user in read_users(connection)] == [(ADA, Role.ADMIN)]
        assert sign_in(client, ADA).status_code == 303
    assert done(url)[-4:-1] == [
        (ADA, Act.ROLE_CHANGED, "viewer to admin"),
        (ADA, Act.PASSWORD_SET, "by a link"),
        (ADA, Act.SIGNED_IN, "by a link"),
    ]


def test_opening_a_link_uses_nothing_up_and_it_ends_after_a_day(url: str, clock: SetClock) -> None:
    path = invite(url, ADA, Role.VIEWER, clock)
    with browsing(url, clock) as client:
        assert [client.get(path).status_code for _ in range(3)] == [200] * 3
        clock.move_to(START + LINK_LASTS - 1)
        assert client.get(path).status_code == 200
        clock.move_to(START + LINK_LASTS)
        assert client.get(path).status_code == 404


def test_a_password_is_kept_as_argon2id_and_nothing_that_lets_in_is_kept_as_it_is(
    url: str, clock: SetClock
) -> None:
    path = invite(url, ADA, Role.VIEWER, clock)
    with browsing(url, clock) as client:
        join(client, path)
        session = client.cookies["upsell-8600"]
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "select u::text from users u union all select s::text from sessions s"
            " union all select l::text from entry_links l union all select a::text from acts a"
        ).fetchall()
    kept = "\n".join(row[0] for row in rows)
    assert "$argon2id$v=19$m=19456,t=2,p=1$" in kept
    assert [secret for secret in (PASSWORD, session, path.rpartition("/")[2]) if secret in kept] == []


@pytest.mark.parametrize(
    ("password", "words"),
    [("short", "at least 12"), ("a" * 300, "at most 256"), ("a" * 12, "a few different"), (ADA, "address")],
)
def test_a_weak_password_is_refused_and_the_link_stays_good(
    url: str, clock: SetClock, password: str, words: str
) -> None:
    path = invite(url, ADA, Role.VIEWER, clock)
    with browsing(url, clock) as client:
        answered = join(client, path, password)
        assert answered.status_code == 400
        assert words in answered.text
        assert join(client, path).status_code == 303


def test_signing_in_gives_a_new_session_and_ends_the_one_before(url: str, clock: SetClock) -> None:
    path = invite(url, ADA, Role.VIEWER, clock)
    with browsing(url, clock) as client:
        join(client, path)
        before = client.cookies["upsell-8600"]
        # Whoever is signed in is led on; the form itself is still taken.
        form = client.get(path).text  # sets nothing: the link is gone
        assert "lets nobody in" in form
        client.cookies.delete("upsell-8600")
        page = client.get("/sign-in")
        client.cookies.set("upsell-8600", before)
        said = {"form": field(page.text, "form"), "email": ADA.upper(), "password": PASSWORD}
        answered = client.post("/sign-in", data=said, follow_redirects=False)
        assert answered.status_code == 303
        after = answered.cookies["upsell-8600"]
        assert after != before
        for token, status in ((before, 303), (after, 200)):
            asked = {"Cookie": f"upsell-8600={token}"}
            client.cookies.clear()
            assert client.get("/results", headers=asked, follow_redirects=False).status_code == status


def test_signing_out_ends_the_session_itself(url: str, clock: SetClock) -> None:
    path = invite(url, ADA, Role.VIEWER, clock)
    with browsing(url, clock) as client:
        join(client, path)
        token = client.cookies["upsell-8600"]
        page = client.get("/results").text
        answered = client.post("/sign-out", data={"form": field(page, "form")}, follow_redirects=False)
        assert (answered.status_code, answered.headers["location"]) == (303, "/sign-in")
        client.cookies.set("upsell-8600", token)
        assert client.get("/results", follow_redirects=False).status_code == 303
    assert done(url)[-1] == (ADA, Act.SIGNED_OUT, "")


def test_a_session_ends_when_idle_and_however_it_is_used(url: str, clock: SetClock) -> None:
    path = invite(url, ADA, Role.VIEWER, clock)
    with browsing(url, clock) as client:
        join(client, path)
        clock.move_to(START + IDLE - 1)
        assert client.get("/results", follow_redirects=False).status_code == 200
        clock.move_to(clock.now() + IDLE)
        assert client.get("/results", follow_redirects=False).status_code == 303
        sign_in(client, ADA)
        began = clock.now()
        while clock.now() + DAY // 2 < began + LASTS:
            clock.move_to(clock.now() + DAY // 2)
            assert client.get("/results", follow_redirects=False).status_code == 200
        clock.move_to(began + LASTS)
        assert client.get("/results", follow_redirects=False).status_code == 303


def test_cookies_are_kept_from_scripts_and_go_over_https_alone_where_the_server_does(
    url: str, clock: SetClock
) -> None:
    path = invite(url, ADA, Role.VIEWER, clock)
    with browsing(url, clock) as client:
        said = client.get(path).headers["set-cookie"]
        assert "HttpOnly" in said and "SameSite=strict" in said and "Secure" not in said
        said = join(client, path).headers["set-cookie"]
        assert "HttpOnly" in said and "SameSite=lax" in said and "Path=/" in said
    settings = Settings(public_url="https://upsell.acme.example")
    with browsing(url, clock, settings) as client:
        said = client.get("/sign-in").headers["set-cookie"]
        assert said.startswith("__Host-upsell-form=")
        assert "Secure" in said and "Domain" not in said


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Origin": "http://testserver.local", "Sec-Fetch-Site": "same-origin"}, 401),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
    ],
)
def test_a_form_from_elsewhere_is_not_taken(
    url: str, clock: SetClock, headers: dict[str, str], status: int
) -> None:
    with browsing(url, clock) as client:
        said = {"form": field(client.get("/sign-in").text, "form"), "email": ADA, "password": "x"}
        assert client.post("/sign-in", data=said, headers=headers).status_code == status


def test_a_form_without_its_token_is_not_taken_and_changes_nothing(url: str, clock: SetClock) -> None:
    path = invite(url, ADA, Role.VIEWER, clock)
    with browsing(url, clock) as client:
        assert client.post(path, data={"password": PASSWORD}).status_code == 403
        join(client, path)
        for said in ({}, {"form": "0" * 64}, {"form": ""}):
            assert client.post("/sign-out", data=said).status_code == 403
        assert client.get("/results", follow_redirects=False).status_code == 200


def test_a_name_that_nobody_has_is_answered_like_a_wrong_password(url: str, clock: SetClock) -> None:
    join_path = invite(url, ADA, Role.VIEWER, clock)
    with browsing(url, clock) as client:
        join(client, join_path)
    with browsing(url, clock) as client:
        said = [sign_in(client, email, "not the password") for email in (ADA, "eve@acme.example")]
        assert [each.status_code for each in said] == [401, 401]
        pages = [each.text.replace(ADA, "X").replace("eve@acme.example", "X") for each in said]
        assert pages[0] == pages[1]


def test_tries_of_one_name_are_limited_over_restarts_and_the_limit_passes(url: str, clock: SetClock) -> None:
    join_path = invite(url, ADA, Role.VIEWER, clock)
    with browsing(url, clock) as client:
        join(client, join_path)
    for _ in range(2):
        with browsing(url, clock) as client:
            found = [sign_in(client, ADA, "wrong").status_code for _ in range(TRIES_OF_NAME // 2)]
            assert found == [401] * (TRIES_OF_NAME // 2)
    with browsing(url, clock) as client:
        refused = sign_in(client, ADA)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "900")
        assert "Try again in 15 minutes" in refused.text
        assert sign_in(client, "bob@acme.example", "wrong").status_code == 401
        clock.move_to(START + 15 * MINUTE)
        assert sign_in(client, ADA).status_code == 303


def test_tries_from_one_address_are_limited_whatever_the_names(
    url: str, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(porter, "TRIES_FROM_ADDRESS", 5)
    with browsing(url, clock) as client:
        for number in range(5):
            client.headers["X-Forwarded-For"] = f"10.0.0.{number}, 192.0.2.7"
            # The name's own limit is not met.
            assert sign_in(client, f"u{number}@acme.example", "wrong").status_code == 401
        assert sign_in(client, "another@acme.example", "wrong").status_code == 429


def test_a_role_holds_from_the_next_page_on_and_whoever_is_removed_is_out(url: str, clock: SetClock) -> None:
    path = invite(url, ADA, Role.VIEWER, clock)
    with browsing(url, clock) as client, connect(url) as connection:
        join(client, path)
        answered = client.get("/log")
        assert answered.status_code == 403
        assert "approver or admin" in answered.text
        change_role(connection, ADA, Role.APPROVER, "shell:test", "audit", clock.now())
        assert client.get("/log").status_code == 200
        link = make_link(connection, ADA, "shell:test", "", clock.now())
        remove_user(connection, ADA, "shell:test", "left", clock.now())
        assert client.get("/results", follow_redirects=False).status_code == 303
        assert client.get(f"/join/{link}").status_code == 404
        assert sign_in(client, ADA).status_code == 401
    assert ("shell:test", Act.ROLE_CHANGED, "viewer to approver") in done(url)


def test_a_new_password_by_a_link_ends_what_was_signed_in_before(url: str, clock: SetClock) -> None:
    path = invite(url, ADA, Role.VIEWER, clock)
    with browsing(url, clock) as client, connect(url) as connection:
        join(client, path)
        link = make_link(connection, ADA, "shell:test", "forgot", clock.now())
        with browsing(url, clock) as other:
            assert join(other, f"/join/{link}", "another good password").status_code == 303
        assert client.get("/results", follow_redirects=False).status_code == 303
        assert sign_in(client, ADA).status_code == 401
        assert sign_in(client, ADA, "another good password").status_code == 303


def test_the_log_can_neither_be_changed_nor_emptied_row_by_row(url: str, clock: SetClock) -> None:
    invite(url, ADA, Role.VIEWER, clock)
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in ("update acts set done_by = 'x'", "delete from acts"):
            with pytest.raises(psycopg.errors.RaiseException, match="never changed"):
                connection.execute(statement)


@pytest.mark.parametrize(
    ("to", "location"),
    [
        ("/workflows/a?x=1", "/workflows/a?x=1"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/a\r\nX: y", "/"),
        ("", "/"),
    ],
)
def test_a_sign_in_leads_on_to_pages_of_ours_alone(url: str, clock: SetClock, to: str, location: str) -> None:
    path = invite(url, ADA, Role.VIEWER, clock)
    with browsing(url, clock) as client:
        join(client, path)
        client.cookies.delete("upsell-8600")
        assert sign_in(client, ADA, to=to).headers["location"] == location


def test_whoever_is_not_signed_in_is_led_to_where_they_wanted_or_told_as_a_machine(
    url: str, clock: SetClock
) -> None:
    with browsing(url, clock) as client:
        answered = client.get("/workflows/a?x=1", follow_redirects=False)
        assert answered.headers["location"] == "/sign-in?to=/workflows/a%3Fx%3D1"
        for path, accept in (("/results", "application/json"), ("/results?format=json", "text/html")):
            answered = client.get(path, headers={"Accept": accept}, follow_redirects=False)
            assert (answered.status_code, answered.json()["code"]) == (401, "unauthorized")


def test_a_fault_tells_neither_the_reader_nor_the_log_what_was_typed(
    url: str, clock: SetClock, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise ValueError

    path = invite(url, ADA, Role.VIEWER, clock)
    monkeypatch.setattr(porter.Porter, "join", fail)
    with browsing(url, clock) as client:
        answered = join(client, path)
    shown = capsys.readouterr()
    assert answered.status_code == 500
    assert "Something broke here" in answered.text
    assert "page_failed" in shown.out + shown.err
    assert [secret for secret in (PASSWORD, path) if secret in shown.out + shown.err + answered.text] == []
