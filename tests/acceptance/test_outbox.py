"""A message is shown as the customer saw it with why it was sent, taken back, and settled by a person."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from http.server import ThreadingHTTPServer
from pathlib import Path
from subprocess import CompletedProcess
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.commands import run_command
from tests.live_world import LiveWorld, make_documents, open_world, two_mails
from tests.sinks import HOST, open_sink
from tests.stories.world import DAY, workflow
from upsell.clock import MINUTE, SECOND
from upsell.decisions.reasons import Reason
from upsell.errors import ConfigError
from upsell.runtime import desk
from upsell.store.connect import Connection
from upsell.store.letters import forget_letters, read_letter
from upsell.store.messages import Wanted, count_wanted, find_message, list_messages
from upsell.store.outbox import LOST, State
from upsell.testing.stand_ins import QuietHandler

pytestmark = pytest.mark.postgres

TEMPLATE = (
    '---\nsubject: "{{{{ customer.email }}}}: größer"\n---\n<p>Hallo {{{{ customer.email }}}}, {name}.</p>\n'
)
CAPS = "policy: {caps: [{at_most: 1000, within: 7 days}]}\n"


def begin(world: LiveWorld, *people: str, journey: str = "") -> list[str]:
    """Let a message to each person be reserved; give their keys in that order."""
    text = workflow(trigger="{on: Pricing Viewed, again_after: 1 days}", journey=journey) if journey else ""
    world.apply(make_documents({"w": text or two_mails("1 days")}, template=TEMPLATE, policy=CAPS))
    world.clock.move_to(world.clock.now() + SECOND)
    for who in people:
        world.happens("Customer Identified", who, email=f"{who}@example.com")
        world.happens("Pricing Viewed", who)
    world.worker.run_until_idle()
    keys = dict(world.rows("select customer_id, key from outbox"))
    return [keys[who] for who in people]


def leave_unknown(connection: Connection, key: str) -> None:
    """Leave a message as a dispatcher does that was killed while a provider was spoken to."""
    connection.execute("update outbox set state = 'unknown', reason = %s where key = %s", (LOST, key))


def reasons(world: LiveWorld) -> list[str]:
    return [row[0] for row in world.rows("select reason from decisions order by number")]


def test_what_is_shown_of_a_sent_message_is_what_the_server_took_to_the_byte(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        (key,) = begin(world, "ada")
        world.settle()
        world.happens("Customer Identified", "ada", email="other@example.com")
        world.settle()
        shown = desk.show_message(world.connection, key[:8], world.clock.now())
        (taken,) = sink.contents
        assert shown.is_as_sent
        assert shown.mail is not None
        assert shown.mail.replace(b"\r\n", b"\n").rstrip() == taken.replace(b"\r\n", b"\n").rstrip()
        mail = message_from_bytes(shown.mail, policy=policy.default)
        assert mail["subject"] == "ada@example.com: größer"
        assert shown.letter is not None
        assert "Hallo ada@example.com, t1." in shown.letter.html


def test_why_it_was_sent_is_the_trigger_the_passage_and_what_was_decided(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        (key,) = begin(world, "ada")
        world.settle()
        shown = desk.show_message(world.connection, key, world.clock.now())
        assert shown.trigger == "on Pricing Viewed"
        assert [each.reason for each in shown.decisions] == [Reason.ENROLLED]
        ((enrollment,),) = world.rows("select enrollment from outbox")
        assert shown.queued.message.enrollment == enrollment


def test_of_a_message_that_waits_it_is_shown_what_it_would_be_now_and_why_it_would_not_go(
    database: str,
) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        (key,) = begin(world, "ada")
        shown = desk.show_message(world.connection, key, world.clock.now())
        assert (shown.is_as_sent, shown.untold) == (False, "")
        assert shown.letter is not None
        world.happens("Consent Withdrawn", "ada")
        shown = desk.show_message(world.connection, key, world.clock.now())
        assert shown.untold.startswith("consent was withdrawn")
        desk.stop(world.connection, world.clock, "eve", "a wrong price", channel="email")
        world.clock.move_to(world.clock.now() + SECOND)
        shown = desk.show_message(world.connection, key, world.clock.now())
        assert shown.untold == "somebody of the team stopped it by hand (the channel email: a wrong price)"


def test_a_letter_is_kept_before_its_provider_is_spoken_to_and_forgotten_after_its_days(
    database: str,
) -> None:
    with open_sink(lambda _: "451 not now") as sink, open_world(database, sink) as world:
        (key,) = begin(world, "ada")
        world.settle()
        kept = read_letter(world.connection, key)
        assert kept is not None
        assert kept.letter.recipient == "ada@example.com"
        assert forget_letters(world.connection, kept.kept_at) == 0
        assert forget_letters(world.connection, kept.kept_at + 1) == 1
        assert read_letter(world.connection, key) is None


def test_a_letter_forgotten_is_not_made_up_anew(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        (key,) = begin(world, "ada")
        world.settle()
        forget_letters(world.connection, world.clock.now() + DAY)
        shown = desk.show_message(world.connection, key, world.clock.now())
        assert shown.letter is None
        assert "forgotten" in shown.untold


def test_a_withdrawn_message_is_never_sent_its_place_is_free_and_its_journey_goes_on(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        ada, bob = begin(world, "ada", "bob")
        assert desk.withdraw(world.connection, world.clock, "eve", "a wrong name", key=ada) == 1
        world.settle()
        assert sorted(world.rows("select customer_id, state from outbox")) == [
            ("ada", "withdrawn"),
            ("bob", "sent"),
        ]
        assert world.rows("select key from places") == [(bob,)]
        ((name, said),) = world.rows(
            "select name, properties from events where source = 'desk' and not is_derived"
        )
        told = json.loads(said)
        assert name == "Message Withheld"
        assert (told["key"], told["by"], told["reason"]) == (ada, "eve", "withdrawn by eve: a wrong name")
        assert "undeliverable" in reasons(world)
        world.after(2 * DAY)
        sent = world.rows("select customer_id, step, visit from outbox where state = 'sent' order by 1, 2")
        assert [row[0] for row in sent] == ["ada", "bob", "bob"], "the second mail of each goes out"
        with pytest.raises(ConfigError, match="which is sent: what a provider was spoken to"):
            desk.withdraw(world.connection, world.clock, "eve", "late", key=bob)


def test_all_that_waits_of_a_workflow_is_withdrawn_at_once(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        begin(world, *(f"u{number}" for number in range(30)))
        assert desk.withdraw(world.connection, world.clock, "eve", "wrong", workflow="other") == 0
        assert desk.withdraw(world.connection, world.clock, "eve", "wrong", workflow="w") == 30
        world.settle()
        assert world.states() == {"withdrawn": 30}
        assert not sink.accepted


def test_an_unknown_message_is_settled_as_sent_and_keeps_its_place(database: str) -> None:
    with open_world(database) as world:
        (key,) = begin(world, "ada")
        leave_unknown(world.connection, key)
        listed = desk.settle(world.connection, world.clock, key, "eve", "it is in their log", is_sent=True)
        assert (listed.state, listed.reason) == (State.SENT, "settled by eve as sent: it is in their log")
        assert world.rows("select key from places") == [(key,)]
        assert world.rows("select name from events where source = 'desk'") == [("Message Sent",)]
        with pytest.raises(ConfigError, match="which is sent"):
            desk.settle(world.connection, world.clock, key, "eve", "again", is_sent=False)


def test_an_unknown_message_settled_as_not_sent_gives_its_place_back_and_is_not_sent_again(
    database: str,
) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        (key,) = begin(world, "ada")
        leave_unknown(world.connection, key)
        listed = desk.settle(world.connection, world.clock, key, "eve", "not in the log", is_sent=False)
        assert listed.state is State.FAILED
        assert world.rows("select key from places") == []
        world.after(10 * MINUTE)
        assert not sink.accepted
        assert world.rows("select name from events where source = 'desk'") == [("Message Failed",)]


def test_messages_are_found_by_what_they_are_the_newest_first(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        begin(world, "ada")
        world.settle()
        world.clock.move_to(world.clock.now() + 40 * DAY)
        (bob,) = begin(world, "bob")[-1:]
        now = world.clock.now()
        everything = list_messages(world.connection, Wanted(), now, 10)
        assert everything[0].key == bob
        assert {each.customer_id for each in everything} == {"ada", "bob"}
        (only,) = list_messages(world.connection, Wanted(customer_id="bob"), now, 10)
        assert (only.key, only.state) == (bob, State.RESERVED)
        assert count_wanted(world.connection, Wanted(customer_id="ada", channel="sms")) == {}
        assert count_wanted(world.connection, Wanted(workflow="w", customer_id="bob")) == {State.RESERVED: 1}
        assert find_message(world.connection, "") is None, "several begin so"
        with pytest.raises(ConfigError, match="expected the key of one message"):
            desk.show_message(world.connection, "nothing-begins-so", now)


def test_the_commands_list_show_stop_and_let_go_on(database: str, tmp_path: Path) -> None:
    def run(*words: str) -> CompletedProcess[str]:
        return run_command(*words, UPSELL_DATABASE_URL=database, USER="eve", LOGNAME="eve")

    with open_sink() as sink, open_world(database, sink) as world:
        ada, bob = begin(world, "ada", "bob")
        desk.withdraw(world.connection, world.clock, "eve", "a wrong name", key=bob)
        world.settle()
        leave_unknown(world.connection, ada)
    listed = run("outbox")
    assert listed.stdout.startswith("1 unknown, 1 withdrawn\n"), listed.stderr
    assert "withdrawn by eve: a wrong name" in listed.stdout
    shown = run("outbox", "show", ada, "--html", str(tmp_path / "a.html"), "--eml", str(tmp_path / "a.eml"))
    assert shown.returncode == 0, shown.stderr
    assert "Subject: ada@example.com: größer" in shown.stdout
    assert "Trigger: on Pricing Viewed" in shown.stdout
    assert f"Message-ID: <{ada}@" in (tmp_path / "a.eml").read_text("ascii")
    assert "Hallo ada@example.com" in (tmp_path / "a.html").read_text("utf-8")
    assert json.loads(run("outbox", "show", ada, "--json").stdout)["why"]["trigger"] == "on Pricing Viewed"
    assert run("outbox", "show", bob, "--eml", str(tmp_path / "b.eml")).returncode == 1
    assert ada[:12] in run("outbox", "unknown").stdout
    assert run("outbox", "settle", ada, "--sent").returncode == 2, "why is asked for"
    settled = run("outbox", "settle", ada, "--not-sent", "--because", "their log")
    assert "is failed now" in settled.stdout
    assert run("stop").returncode == 2, "why is asked for"
    stopped = run("stop", "--because", "a wrong price")
    assert stopped.stdout.startswith("Stopped: everything. Of what is reserved 0 wait")
    assert "Stopped: everything since" in run("outbox").stdout
    assert "sending-stopped" in run("doctor").stdout
    assert run("resume", "--because", "mended").stdout == "Goes on: everything.\n"
    assert run("resume", "--because", "mended").returncode == 1


def test_the_command_asks_a_provider_what_became_of_unknown_mail_and_says_it(
    database: str, tmp_path: Path
) -> None:
    """The provider is a server that answers as Postmark's outbound search does."""
    with open_sink() as sink, open_world(database, sink) as world, open_postmark() as (api, had):
        ada, bob, cyd = begin(world, "ada", "bob", "cyd")
        world.settle()
        world.connection.execute(
            "update outbox set state = 'unknown', reason = %s, provider = 'pm', sending_at = now()"
            " where key = any(%s)",
            (LOST, [ada, bob]),
        )
        had.add(ada)
        file = tmp_path / "mail.yaml"
        file.write_text(
            f"providers: {{pm: {{host: {HOST}, port: {sink.port}, tls: none,"
            f" ask: {{of: postmark, url: '{api}'}}}}}}"
        )

        def run(*words: str) -> CompletedProcess[str]:
            more = {"UPSELL_MAIL_FILE": str(file), "UPSELL_MAIL_API_KEYS": "pm=secret"}
            return run_command("outbox", *words, UPSELL_DATABASE_URL=database, **more)

        assert "expected a message of which it is unknown" in run("reconcile", cyd).stderr
        assert run("reconcile", bob, "--sent").returncode == 2, "what a person knows is settled"
        one = run("reconcile", bob[:12])
        assert one.stdout.splitlines()[:2] == [
            "Asked about 1 unknown mail. Sent: 0. Never taken, and reserved again: 0. Unknown still: 1.",
            f"  {bob[:12]}  unknown: pm does not have it yet; ask again in an hour",
        ], one.stderr
        told = json.loads(run("reconcile", "--json").stdout)
        assert told["sent"] == {ada: "pm has it"}
        assert list(told["unknown"]) == [bob]
        assert dict(world.rows("select key, state from outbox")) == {ada: "sent", bob: "unknown", cyd: "sent"}
        world.connection.execute("update outbox set channel = 'sms' where key = %s", (bob,))
        assert "which went over sms" in run("reconcile", bob).stderr
        assert run("reconcile").stdout == "No mail is unknown.\n"


@contextmanager
def open_postmark() -> Iterator[tuple[str, set[str]]]:
    """Run an API that has mails of these keys, by the metadata it is asked about."""
    had: set[str] = set()

    class Handler(QuietHandler):
        def reply(self) -> None:
            (key,) = parse_qs(urlsplit(self.path).query)["metadata_key"]
            said = json.dumps({"TotalCount": int(key in had), "Messages": []}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

    server = ThreadingHTTPServer((HOST, 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}", had
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
