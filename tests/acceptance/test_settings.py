"""Settings: who looks after users and keys, what is shown once, and what nobody is shown."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import httpx
import msgspec
import psycopg
import pytest
from litestar.testing import TestClient

from tests.live_world import make_documents, open_world
from tests.pages_world import field, invite, join, written
from tests.sinks import GATEWAY_SECRET, open_gateway
from tests.stories.world import START
from upsell.clock import DAY, HOUR, SetClock
from upsell.config import Settings
from upsell.decisions.stops import Stop
from upsell.errors import ConfigError
from upsell.runtime.channel_standing import CarrierStanding, ChannelStanding, Variable
from upsell.store.acts import Act, read_acts
from upsell.store.connect import connect
from upsell.store.identity_secrets import make_identity_secret
from upsell.store.keys import Key, Kind, Scope, hash_key, read_keys
from upsell.store.newest import Newest
from upsell.store.users import Role, User, change_role, read_users, remove_user
from upsell.web.access import RIGHTS, Right
from upsell.web.app import make_app
from upsell.web.pages.channels import channels_page
from upsell.web.pages.keys import keys_page
from upsell.web.team import TeamPages

pytestmark = pytest.mark.postgres

PUBLIC = "https://upsell.acme.example"
SETTINGS = Settings(public_url=PUBLIC)
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
def browsing(url: str, clock: SetClock, settings: Settings = SETTINGS) -> Iterator[httpx.Client]:
    """Serve the application, and give what asks it with cookies of its own, as one browser does."""
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
    assert "admin may do everything." in page
    assert page.count("● ") + page.count("●</span> yes") == sum(map(len, RIGHTS.values()))


def test_a_key_is_made_rotated_and_taken_back_and_its_secret_stands_once(
    client: httpx.Client, url: str, clock: SetClock, caplog: pytest.LogCaptureFixture
) -> None:
    secrets: list[str] = []
    with caplog.at_level(logging.DEBUG):
        made = send(client, "/settings/keys", "/settings/keys", name="crm", kind="server", scope="tasks:read")
        assert (made.status_code, made.headers["cache-control"]) == (200, "no-store")
        secrets.append(f"us_{made.text.partition('<code>us_')[2].partition('<')[0]}")
        with connect(url) as connection:
            (key,) = read_keys(connection)
        assert (key.name, key.kind, key.hash) == ("crm", Kind.SERVER, hash_key(secrets[0]))
        assert key.scopes == {Scope.TASKS_READ}
        page = f"/settings/keys/{key.number}"
        rotated = send(client, page, f"{page}/rotate", grace_hours="2")
        secrets.append(f"us_{rotated.text.partition('<code>us_')[2].partition('<')[0]}")
        assert rotated.headers["cache-control"] == "no-store"
        with connect(url) as connection:
            keys = read_keys(connection)
        assert [(each.expires_at, each.hash) for each in keys] == [
            (NOW + 2 * HOUR, hash_key(secrets[0])),
            (None, hash_key(secrets[1])),
        ]
        assert "2 good keys are called so" in client.get(page).text
        assert send(client, page, f"{page}/revoke").headers["location"] == "/settings/keys?done=key_revoked"
    assert acts(url, 3) == [
        (ADA, Act.KEY_REVOKED, "crm", "", "for a test"),
        (ADA, Act.KEY_ROTATED, "crm", "the one before ends 2026-03-03 11:00 UTC", "for a test"),
        (ADA, Act.KEY_MADE, "crm", "server: tasks:read", "for a test"),
    ]
    with connect(url) as connection:
        assert not any(key.is_good(clock.now()) for key in read_keys(connection))
    for secret in secrets:
        assert secret not in caplog.text
        assert rows_with(url, secret) == []
        for path in ("/settings/keys", page, "/log"):
            assert secret not in client.get(path).text + client.get(f"{path}?format=json").text


def test_a_write_key_is_public_and_stands_in_the_list_too(client: httpx.Client) -> None:
    made = send(client, "/settings/keys", "/settings/keys", name="site", kind="write", scope="events:write")
    key = f"uw_{made.text.partition('<code>uw_')[2].partition('<')[0]}"
    assert "shown here once" not in made.text
    assert key in client.get("/settings/keys").text


def test_of_other_secrets_nothing_is_said_but_that_there_is_one(client: httpx.Client, url: str) -> None:
    before = client.get("/settings/keys?format=json").json()
    assert (before["has_identity_secret"], before["has_push_key"]) == (False, False)
    with connect(url) as connection:
        secret = make_identity_secret(connection, NOW)
    told = client.get("/settings/keys?format=json")
    assert told.json()["has_identity_secret"] is True
    assert secret not in told.text + client.get("/settings/keys").text


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"name": "x", "kind": "write", "scope": "tasks:read"}, "server key for tasks:read"),
        ({"name": "x", "kind": "server"}, "what the key is good for"),
        ({"name": "x", "kind": "other", "scope": "tasks:read"}, "one of write, server"),
        ({"name": "x", "kind": "server", "scope": "all"}, "got all"),
        ({"name": "x" * 101, "kind": "server", "scope": "tasks:read"}, "1 to 100"),
    ],
)
def test_a_key_that_makes_no_sense_is_refused(
    client: httpx.Client, url: str, said: dict[str, str], expected: str
) -> None:
    before = acts(url)
    refused = send(client, "/settings/keys", "/settings/keys", **said)
    assert (refused.status_code, expected in refused.text) == (400, True)
    assert acts(url) == before


def test_a_list_of_keys_says_whether_the_door_is_open() -> None:
    page = keys_page((), NOW, has_identity=False, has_push=False)
    assert page.headline == "No key was made yet: events are taken without one, from this machine alone."
    assert "With the first one the door closes" in written("keys.html", page)
    key = Key(1, "crm", Kind.SERVER, "us_12345...", b"", frozenset({Scope.EVENTS}), NOW)
    assert keys_page((key,), NOW, has_identity=False, has_push=True).headline.startswith("1 key is good")
    ended = keys_page((msgspec.structs.replace(key, revoked_at=NOW),), NOW, has_identity=False, has_push=True)
    assert (ended.good, ended.ended[0].state) == ((), "revoked 2026-03-03 09:00 UTC")
    assert ended.headline.startswith("No key is good")


def test_a_test_is_sent_from_the_page_and_its_answer_said_in_words(
    client: httpx.Client, url: str, clock: SetClock
) -> None:
    with open_gateway() as gateway:
        settings = Settings(public_url=PUBLIC, sms_url=gateway.url, gateway_secret=GATEWAY_SECRET)
        with browsing(url, clock, settings) as other:
            other.cookies = client.cookies
            page = other.get("/settings/channels")
            assert "Send a test" in page.text
            assert GATEWAY_SECRET not in page.text + other.get("/settings/channels?format=json").text
            assert gateway.url not in page.text
            answered = send(other, "/settings/channels", "/settings/channels/sms/test", to="+4915112345678")
            assert (answered.status_code, answered.headers["cache-control"]) == (200, "no-store")
            assert "Yes: a gateway for texts took it for +4915112345678." in answered.text
            assert "<code>200 said</code>" in answered.text
            refused = send(other, "/settings/channels", "/settings/channels/push/test", to="a-token-of-ours")
            assert (refused.status_code, "no push is set up" in refused.text.lower()) == (400, True)
    assert len(gateway.requests) == 1
    assert acts(url) == [(ADA, Act.TEST_SENT, "sms", "to +491***", "")]


def test_how_a_channel_stands_is_said_in_words() -> None:
    stop = Stop(1, "email", "", NOW, "bob", "a wrong price")
    mail = ChannelStanding("email", True, "", (), (), 0, Newest("email"), (stop,))
    texts = ChannelStanding(
        "sms",
        True,
        "",
        (CarrierStanding("Twilio", True, (Variable("UPSELL_TWILIO_FROM", True),)),),
        (),
        10_000,
        Newest("sms", NOW, 3, NOW, 1, NOW, "30003: away"),
        (),
    )
    browsers = ChannelStanding(
        "push", True, "", (CarrierStanding("web push", True, ()),), (), 0, Newest("push"), ()
    )
    assert "no address that a test could go to" in written("channels.html", channels_page((browsers,), ADA))
    page = channels_page((mail, texts), ADA)
    assert page.headline == "By texts."
    html = written("channels.html", page)
    for words in ("stopped by hand", "by bob: a wrong price", "10,000 or more wait", "30003: away"):
        assert words in html, words
    assert "Since 2026-03-03 09:00 UTC 3 went out, the last 2026-03-03 09:00 UTC, 1 failed." in html
    # Nobody is signed in, so nothing can be sent.
    assert "<form" not in html
    assert channels_page((), ADA).headline.startswith("By nothing yet")


def test_sources_and_sinks_stand_on_a_page_without_a_secret(
    client: httpx.Client, url: str, clock: SetClock
) -> None:
    empty = client.get("/settings/connections")
    assert "No sources beside the API, and no sinks." in empty.text
    assert "upsell sources recipes" in empty.text
    source = (
        "webhook: {path: crm, secrets: [UPSELL_SECRET_CRM], signature: bearer, items: body.things, rules: [{"
        "when: item.kind == 'limit', event: Limit Reached, account: item.who, id: item.id, "
        "occurred_at: item.at}]}"
    )
    documents = {
        **make_documents({}),
        "sources/crm.yaml": source,
        "sinks/told.yaml": "webhook: {url: 'https://hooks.acme.example/hush-hush'}\nevents: [Message Sent]\n",
    }
    with open_world(url) as world:
        world.apply(documents)
    told = client.get("/settings/connections?format=json").json()
    assert [(each["name"], each["sort"]) for each in told["sources"]] == [("crm", "webhook")]
    assert told["sources"][0]["stands"] == "closed until UPSELL_SECRET_CRM is set"
    assert [(each["name"], each["sort"], each["stands"]) for each in told["sinks"]] == [
        ("told", "events", "0 taken; 0 waiting, 0 dead")
    ]
    assert "hush-hush" not in client.get("/settings/connections").text


def test_two_admins_who_make_each_other_less_at_once_leave_one(
    client: httpx.Client, url: str, clock: SetClock
) -> None:
    said: list[str] = []

    def lessen_ada() -> None:
        with connect(url) as other:
            try:
                change_role(other, ADA, Role.VIEWER, BOB, "", clock.now())
            except ConfigError as error:
                said.append(str(error))

    with connect(url) as connection:
        with connection.transaction():
            change_role(connection, BOB, Role.VIEWER, ADA, "", clock.now())
            thread = Thread(target=lessen_ada)
            thread.start()
            thread.join(0.3)
        thread.join(10)
        assert len(said) == 1
        assert "last admin" in said[0]
        change_role(connection, BOB, Role.ADMIN, ADA, "", clock.now())
