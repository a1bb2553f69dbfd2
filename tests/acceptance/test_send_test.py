"""A send-test: by a real server, to an address somebody gives, past the ledger, so often and no more."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from email import message_from_bytes, policy

import msgspec
import psycopg
import pytest

from tests.commands import typed
from tests.live_world import make_documents
from tests.mail_servers import logs_in, open_server
from tests.sinks import GATEWAY_SECRET, open_gateway
from tests.stories.world import START
from upsell.channels.channel import Answer, Letter, Receipt
from upsell.clock import MINUTE, SetClock
from upsell.config import Settings, hide_secrets
from upsell.decisions.addresses import address_key
from upsell.decisions.reach import EMAIL
from upsell.errors import ConfigError
from upsell.journeys.program import Program
from upsell.runtime import send_test as sending
from upsell.runtime.channel_standing import read_channels, state_words
from upsell.runtime.send_test import send_test
from upsell.store.acts import Act, read_acts
from upsell.store.connect import Connection, connect
from upsell.store.suppressions import Cause, Suppress, suppress_addresses
from upsell.workspace.compile import compile_documents

pytestmark = pytest.mark.postgres

ADA = "ada@acme.example"
COUNTED = ("events", "outbox", "letters", "units", "identities")


@pytest.fixture(scope="module")
def program() -> Program:
    return compile_documents(make_documents({})).program


@pytest.fixture(scope="module")
def shared(postgres_url: str, migrated_template: str) -> Iterator[Connection]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"create database send_test template {migrated_template}")
    with connect(postgres_url.replace("/postgres?", "/send_test?", 1)) as connection:
        yield connection
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("drop database send_test with (force)")


@pytest.fixture
def connection(shared: Connection) -> Connection:
    shared.execute("truncate acts, suppressions")
    return shared


@pytest.fixture
def clock() -> SetClock:
    return SetClock(START)


def test_a_test_mail_is_taken_by_a_real_server_and_leaves_no_trace_but_in_the_log(
    connection: Connection, clock: SetClock, program: Program
) -> None:
    before = [connection.execute(f"select count(*) from {table}").fetchone() for table in COUNTED]
    with open_server() as server:
        settings = Settings(smtp_port=server.port, public_url="https://upsell.acme.example")
        tested = send_test(connection, settings, program, EMAIL, ADA, "boss@acme.example", clock)
    assert (tested.answer, tested.carrier) == (Answer.ACCEPTED, "default")
    assert "250" in tested.said or "2.0.0" in tested.said
    (mail,) = (message_from_bytes(each, policy=policy.default) for each in server.mails)
    assert (mail["To"], mail["Subject"]) == (ADA, "A test from Upsell")
    assert program.sender.address in mail["From"]
    body = mail.get_body(("plain",))
    assert body is not None
    assert "boss@acme.example asked for it" in body.get_content()
    assert server.accepted == {tested.key: 1}
    assert before == [connection.execute(f"select count(*) from {table}").fetchone() for table in COUNTED]
    (done,) = read_acts(connection, 9)
    assert (done.by, done.act, done.about, done.words) == (
        "boss@acme.example",
        Act.TEST_SENT,
        EMAIL,
        "to a***@acme.example",
    )


def test_a_refusal_and_silence_are_told_with_what_to_do(
    connection: Connection, clock: SetClock, program: Program
) -> None:
    with open_server(lambda _: "554 5.7.1 not from you") as server:
        settings = Settings(smtp_port=server.port)
        nobody = send_test(connection, settings, program, EMAIL, "nobody@acme.example", "b", clock)
        refused = send_test(connection, settings, program, EMAIL, ADA, "b", clock)
    assert (nobody.answer, "5.1.1 no such user" in nobody.said) == (Answer.REFUSED, True)
    assert nobody.advice == "There is nobody at that address: take another."
    assert (refused.answer, "5.7.1 not from you" in refused.said) == (Answer.REFUSED, True)
    assert "the sender's address" in refused.advice
    away = send_test(connection, settings, program, EMAIL, ADA, "b", clock)
    assert away.answer is Answer.NOT_NOW
    assert away.advice.startswith("Nobody was reached: see that the host")
    settings = Settings(sms_url="http://127.0.0.1:9/x", gateway_secret=GATEWAY_SECRET)
    away = send_test(connection, settings, None, "sms", "+4915112345678", "b", clock)
    assert (away.answer, "UPSELL_SMS_URL" in away.advice) == (Answer.NOT_NOW, True)


def test_no_password_of_ours_is_told_on_by_what_a_server_says(
    connection: Connection, clock: SetClock, program: Program
) -> None:
    secret = "hunter2-and-more"
    with open_server(
        lambda _: f"554 5.7.8 not with {secret}", authenticator=logs_in("ada", secret), auth_require_tls=False
    ) as server:
        settings = Settings(smtp_port=server.port, mail_logins=f"default=ada:{secret}")
        told = send_test(connection, settings, program, EMAIL, ADA, "b", clock)
    assert (told.answer, "not with ***" in told.said) == (Answer.REFUSED, True)
    assert secret not in str(told)
    known = Settings(twilio_api_key="SK1:top-secret", secrets={"UPSELL_SECRET_X": "another-one"})
    assert hide_secrets("SK1:top-secret top-secret another-one default", known) == "*** *** *** default"


def test_five_go_in_ten_minutes_whoever_asks_and_the_sixth_is_told_when(
    connection: Connection, clock: SetClock, program: Program
) -> None:
    with open_gateway() as gateway:
        settings = Settings(sms_url=gateway.url, gateway_secret=GATEWAY_SECRET)
        for number in range(5):
            clock.move_to(START + number * MINUTE)
            told = send_test(connection, settings, None, "sms", "+4915112345678", f"b{number}", clock)
            assert told.answer is Answer.ACCEPTED
        with pytest.raises(ConfigError, match=r"at most 5 tests in 10 minutes.*try again in 6 minutes"):
            send_test(connection, settings, None, "sms", "+4915112345678", "b", clock)
        assert len(read_acts(connection, 9)) == len(gateway.requests) == 5
        clock.move_to(START + 10 * MINUTE)
        assert send_test(connection, settings, None, "sms", "+4915112345678", "b", clock).said.startswith(
            "200"
        )
    said = json.loads(gateway.requests[0][1])
    assert (said["to"], "This is a test of the Upsell server" in said["text"]) == ("+4915112345678", True)


def test_a_webhook_goes_over_the_border_alone_and_the_log_holds_its_host(
    connection: Connection, clock: SetClock
) -> None:
    with open_gateway() as gateway:
        settings = Settings(gateway_secret=GATEWAY_SECRET, webhook_hosts="127.0.0.1")
        url = f"{gateway.url}?token=hush"
        assert send_test(connection, settings, None, "webhook", url, "b", clock).answer is Answer.ACCEPTED
        shut = msgspec.structs.replace(settings, webhook_hosts="")
        kept = send_test(connection, shut, None, "webhook", url, "b", clock)
    assert (kept.answer, "UPSELL_WEBHOOK_HOSTS" in kept.said) == (Answer.REFUSED, True)
    assert len(gateway.requests) == 1
    assert json.loads(gateway.requests[0][1])["type"] == "test"
    assert {done.words for done in read_acts(connection, 9)} == {"to 127.0.0.1"}


@pytest.mark.parametrize(
    ("channel", "to", "said"),
    [
        ("email", "ada", "an address of mail"),
        ("sms", "0151 1234", "a number with its country"),
        ("webhook", "ftp://x", "begins with https"),
        ("fax", "1", "one of the channels"),
        ("push", "a-token-of-an-app", "no push is set up"),
        ("email", "a\n@b.example", "an address of mail"),
    ],
)
def test_what_cannot_be_reached_is_refused_and_counts_as_no_test(
    connection: Connection, clock: SetClock, program: Program, channel: str, to: str, said: str
) -> None:
    settings = Settings(gateway_secret=GATEWAY_SECRET, sms_url="http://127.0.0.1:1/")
    with pytest.raises(ConfigError, match=said):
        send_test(connection, settings, program, channel, to, "b", clock)
    assert read_acts(connection, 9) == ()


def test_nothing_goes_to_an_address_that_is_suppressed_or_from_nobody(
    connection: Connection, clock: SetClock, program: Program
) -> None:
    held = Suppress(address_key(EMAIL, "Ada@acme.example"), Cause.COMPLAINT, "ses", "spam", START)
    with connection.transaction():
        suppress_addresses(connection, [held])
    with pytest.raises(ConfigError, match=r"suppressed \(complaint, by ses\)"):
        send_test(connection, Settings(), program, EMAIL, ADA, "b", clock)
    with pytest.raises(ConfigError, match="somebody whom mail comes from"):
        send_test(connection, Settings(), None, EMAIL, "bob@acme.example", "b", clock)
    with pytest.raises(ConfigError, match="one of the mail providers default, got other"):
        send_test(connection, Settings(), program, EMAIL, "bob@acme.example", "b", clock, "other")
    assert read_acts(connection, 9) == ()


class Silent:
    """A channel that never answers, and never says goodbye."""

    async def send(self, letters: Sequence[Letter], within: float) -> list[Receipt]:
        await asyncio.Event().wait()
        return []

    async def close(self) -> None:
        await asyncio.Event().wait()


def test_a_carrier_that_never_answers_is_not_waited_for(
    connection: Connection, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "PATIENCE", 0.05)
    monkeypatch.setattr(sending, "_GOODBYE", 0.05)
    monkeypatch.setattr(sending, "open_channel", lambda *_: Silent())
    told = send_test(connection, Settings(), None, "sms", "+4915112345678", "b", clock)
    assert (told.answer, told.said) == (Answer.UNKNOWN, "nothing was answered within 0.05 seconds")
    assert told.advice == "It may have arrived: look before you send another."


def test_of_settings_only_names_are_told(connection: Connection) -> None:
    settings = Settings(sms_url="http://127.0.0.1:1/", gateway_secret=GATEWAY_SECRET)
    found = {each.channel: each for each in read_channels(connection, settings, START)}
    assert [state_words(found[name]) for name in ("email", "sms", "push", "webhook")] == [
        "set up",
        "set up",
        "not set up",
        "set up",
    ]
    assert GATEWAY_SECRET not in str(found)
    gateway = found["sms"].carriers[0]
    assert [(each.name, each.is_set) for each in gateway.variables] == [
        ("UPSELL_SMS_URL", True),
        ("UPSELL_GATEWAY_SECRET", True),
    ]


def test_the_command_sends_what_the_page_sends(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPSELL_DATABASE_URL", _url(connection))
    with open_gateway() as gateway:
        monkeypatch.setenv("UPSELL_SMS_URL", gateway.url)
        monkeypatch.setenv("UPSELL_GATEWAY_SECRET", GATEWAY_SECRET)
        code, out, _ = typed("channels", "test", "sms", "+4915112345678")
        assert (code, out.splitlines()[0]) == (0, "Yes: a gateway for texts took it for +4915112345678.")
        gateway.status = 400
        code, out, _ = typed("channels", "test", "sms", "+4915112345678", "--json")
        assert (code, json.loads(out)[0]["answer"]) == (2, "refused")
    code, out, _ = typed("channels")
    assert code == 0
    assert "sms      set up; nothing waits; none was sent lately" in out
    assert typed("channels", "test", "sms")[0] == 2
    assert "sent a test by sms (to +491***)" in typed("audit")[1]


def _url(connection: Connection) -> str:
    (folder,) = connection.execute("select current_setting('unix_socket_directories')").fetchone() or ("",)
    return f"postgresql://postgres:@/send_test?host={folder}"
