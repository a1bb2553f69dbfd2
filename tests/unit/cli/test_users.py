"""``upsell users`` and ``upsell audit``, and what a server says when it starts."""

from __future__ import annotations

import json

import pytest

from tests.commands import typed
from upsell.clock import SystemClock
from upsell.config import Settings
from upsell.web.server import has_pages, served_at

pytestmark = pytest.mark.postgres


def test_users_are_added_changed_and_removed_and_the_log_tells_who_and_why(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPSELL_DATABASE_URL", database)

    def run(*words: str) -> tuple[int, str, str]:
        return typed(*words)

    settings, clock = Settings(), SystemClock()
    said = served_at(settings, database, clock)
    assert said[-1].startswith(
        "nobody can sign in yet; make the first user within a day: http://127.0.0.1:8600/"
    )
    assert "no user yet" in run("users")[1]
    code, out, _ = run("users", "add", "Ada@acme.example", "--role", "editor", "--because", "plays")
    assert (code, "http://127.0.0.1:8600/join/" in out) == (0, True)
    # Somebody was added, and still nobody can let the others in.
    said = served_at(settings, database, clock)
    assert said[-1].startswith("no admin can sign in yet; make the first admin within a day: http://")
    assert run("users", "add", "ada@acme.example")[0] == 1
    assert "did you mean ada@acme.example?" in run("users", "link", "adaa@acme.example")[2]
    assert "expected an address of mail" in run("users", "add", "ada")[2]
    assert run("users", "role", "ada@acme.example", "--role", "boss")[0] == 2
    assert run("users", "role", "ada@acme.example")[0] == 2
    assert run("users", "role", "ada@acme.example", "--role", "admin")[0] == 0
    assert "admin      has not set a password yet" in run("users", "list")[1]
    assert run("users", "remove", "ada@acme.example", "--because", "left")[0] == 0
    told = json.loads(run("audit", "--json")[1])
    assert [(row["act"], row["about"], row["words"], row["because"]) for row in told] == [
        ("added a user", "ada@acme.example", "editor", "plays"),
        ("changed a role", "ada@acme.example", "editor to admin", ""),
        ("removed a user", "ada@acme.example", "", "left"),
    ]
    assert {row["by"].partition(":")[0] for row in told} == {"shell"}
    assert "removed a user ada@acme.example: left" in run("audit", "--most", "1")[1]


@pytest.mark.parametrize(
    ("host", "public", "are_served"),
    [
        ("127.0.0.1", "", True),
        ("localhost", "http://a.example", True),
        ("0.0.0.0", "", False),
        ("0.0.0.0", "http://a.example", False),
        ("0.0.0.0", "https://a.example", True),
    ],
)
def test_pages_leave_this_machine_by_https_alone(host: str, public: str, are_served: bool) -> None:
    assert has_pages(Settings(http_host=host, public_url=public)) is are_served


def test_what_is_done_to_keys_stands_in_the_log_without_the_key(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPSELL_DATABASE_URL", database)
    key = typed("keys", "create", "crm", "--server", "--scope", "tasks:read", "--because", "the CRM")[
        1
    ].strip()
    assert typed("keys", "rotate", "crm", "--because", "yearly")[0] == 0
    assert typed("keys", "revoke", "crm", "--because", "it leaked")[0] == 0
    assert typed("keys", "create", " crm", "--server")[0] == 1
    code, out, _ = typed("audit")
    assert (code, key in out) == (0, False)
    said = [line.partition("UTC  shell:")[2].partition(" ")[2] for line in out.splitlines()]
    assert [words.partition(" (")[0] for words in said] == [
        "made a key crm",
        "rotated a key crm",
        "revoked a key crm: it leaked",
    ]
    assert "(server: tasks:read): the CRM" in said[0]
