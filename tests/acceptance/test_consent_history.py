"""``upsell consents``: who has to show a consent is shown what was said, how, and under which words."""

from __future__ import annotations

import json
from subprocess import CompletedProcess

import pytest

from tests.commands import run_command
from tests.live_world import LiveWorld, make_documents, open_world, two_mails
from upsell.clock import DAY, HOUR, format_moment
from upsell.errors import ConfigError
from upsell.runtime.consent_history import find_history
from upsell.runtime.preferences import Desk, Way
from upsell.store.consents import ConsentText

pytestmark = pytest.mark.postgres

SHOWN = ConsentText("en", "Unsubscribe?\nYou will get no more.")


def said(world: LiveWorld, database: str) -> str:
    """Let one customer, known under two ids, say everything that can be said; give the key of their mail."""
    world.apply(make_documents({"w": two_mails()}))
    world.happens("Customer Identified", "ada", email="ada@example.com")
    world.happens("Pricing Viewed", "ada")
    world.worker.run_until_idle()
    (key,) = world.rows("select key from outbox")[0]
    world.happens("Consent Given", "grace", channel="E-Mail", proof="trade fair", text_version="7b")
    desk = Desk(database, world.clock)
    world.clock.move_to(world.clock.now() + HOUR)
    desk.unsubscribe(key, lambda _: Way("unsubscribe page", SHOWN))
    world.clock.move_to(world.clock.now() + HOUR)
    desk.pause(key, lambda _: Way("preferences page: pause"))
    world.clock.move_to(world.clock.now() + HOUR)
    desk.resume(key, lambda _: Way("preferences page: resume"))
    world.happens("Message Complained", "ada", key="elsewhere")
    world.happens("Customers Merged", "grace", **{"from": "ada"})
    return str(key)


def test_a_history_tells_what_was_said_under_every_id_with_its_proof(database: str) -> None:
    with open_world(database) as world:
        key = said(world, database)
        history = find_history(world.connection, "c:ada", world.clock.now())
    assert history.customer_id == "grace"
    kinds = [(entry.kind, entry.how, entry.source) for entry in history.entries]
    assert kinds == [
        ("gave", "trade fair", "test"),
        ("withdrew", "unsubscribe page", "preferences"),
        ("paused", "preferences page: pause", "preferences"),
        ("resumed", "preferences page: resume", "preferences"),
        ("complained", "", "test"),
    ]
    gave, withdrew, paused, _, complained = history.entries
    assert (gave.scope.channel, gave.text_version, gave.text, gave.message) == ("email", "7b", None, None)
    assert (withdrew.key, withdrew.text) == (key, SHOWN)
    assert withdrew.message is not None
    assert (withdrew.message.workflow, withdrew.message.content) == ("w", "t1")
    assert paused.until == paused.said_at + 30 * DAY
    assert (complained.key, complained.message) == ("elsewhere", None)
    assert list(history.contact.withdrawn) == ["email", "email/service/"]


def test_the_command_prints_it_for_people_and_for_machines(database: str) -> None:
    with open_world(database) as world:
        key = said(world, database)

    def run(*words: str) -> CompletedProcess[str]:
        return run_command("consents", *words, UPSELL_DATABASE_URL=database)

    told = run("ada").stdout
    assert "grace, as of " in told
    assert "2026-03-02 10:00 UTC  withdrew: email, marketing\n  how      unsubscribe page" in told
    assert f"  message  {key} (t1, step 0 of w)\n  words    version {SHOWN.version}, en\n" in told
    assert "           You will get no more.\n" in told
    assert "version 7b, kept by test" in told
    assert max(len(line) for line in told.splitlines()) <= 80
    content = json.loads(run("grace", "--json").stdout)
    assert [each["kind"] for each in content["history"]] == [
        "gave", "withdrew", "paused", "resumed", "complained"
    ]  # fmt: skip
    assert content["history"][1]["text"] == SHOWN.said
    nobody = run("nobody")
    assert (nobody.returncode, nobody.stdout) == (1, "")
    assert "expected a customer that something is known of, got nobody" in nobody.stderr


def test_who_said_nothing_has_a_history_without_entries(database: str) -> None:
    with open_world(database) as world:
        world.apply(make_documents({}))
        world.happens("Customer Identified", "ada", email="ada@example.com")
        world.worker.run_until_idle()
        history = find_history(world.connection, "ada", world.clock.now())
        assert (history.entries, history.contact.withdrawn) == ((), {})
        with pytest.raises(ConfigError, match="got a:acme"):
            find_history(world.connection, "a:acme", world.clock.now())


def test_a_withdrawal_told_from_elsewhere_says_until_when_it_holds(database: str) -> None:
    with open_world(database) as world:
        world.apply(make_documents({}))
        until = world.clock.now() + DAY
        world.happens("Consent Withdrawn", "ada", channel="all", until=format_moment(until))
        (entry,) = find_history(world.connection, "ada", world.clock.now()).entries
        assert (entry.kind, entry.scope.channel, entry.until, entry.how) == ("paused", "*", until, "")
