"""Mail through real servers that want logins and TLS, hang, lose connections and answer anything."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dkim
import msgspec
import pytest

from tests.mail_servers import Line, key_of, logs_in, make_certificate, open_raw, open_server
from tests.sinks import HOST
from tests.unit.channels.test_dkim import RSA, dns
from tests.unit.channels.test_email import letters
from upsell.channels.channel import Answer, Letter, Receipt
from upsell.channels.email import EmailChannel
from upsell.channels.mime import format_mail
from upsell.channels.providers import Provider, Tls
from upsell.errors import ConfigError


def provider(port: int, name: str = "one") -> Provider:
    return Provider(name, HOST, port, connections=2)


async def sent(channel: EmailChannel, said: Sequence[Letter], *, within: float = 10.0) -> list[Receipt]:
    try:
        return sorted(await channel.send(said, within), key=lambda receipt: receipt.key)
    finally:
        await channel.close()
        # What was opened in vain says goodbye over TLS by itself.
        await asyncio.sleep(0.02)


def send(providers: Sequence[Provider], said: Sequence[Letter]) -> list[Receipt]:
    return asyncio.run(sent(EmailChannel.over(providers), said))


def many(count: int) -> list[Letter]:
    return letters(*(f"u{number}@example.com" for number in range(count)))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("upsell.channels.conversation.TIMEOUT", 0.2)


@pytest.mark.parametrize("is_pipelined", [False, True])
def test_every_mail_arrives_once_byte_for_byte_however_commands_are_grouped(is_pipelined: bool) -> None:
    odd = ["Plain.\n", ".\n..\n.hidden\n", "a" * 2000 + "\n", "\n\n.\n\n"]
    said = [msgspec.structs.replace(letter, text=odd[number % 4]) for number, letter in enumerate(many(23))]
    with open_server(is_pipelined=is_pipelined) as server:
        receipts = send([provider(server.port)], said)
    assert [receipt.answer for receipt in receipts] == [Answer.ACCEPTED] * 23
    assert server.accepted == {letter.key: 1 for letter in said}
    assert sorted(server.mails) == sorted(format_mail(letter) for letter in said)


@pytest.mark.parametrize("is_pipelined", [False, True])
def test_a_refused_recipient_stops_nobody_else_and_tells_its_status(is_pipelined: bool) -> None:
    said = letters(*(f"{'nobody' if n % 3 == 1 else 'u'}{n}@example.com" for n in range(12)))
    with open_server(is_pipelined=is_pipelined) as server:
        receipts = send([provider(server.port)], said)
    refused = [receipt.key for receipt in receipts if receipt.answer is Answer.REFUSED]
    assert refused == sorted(f"key{n}" for n in range(12) if n % 3 == 1)
    assert {receipt.status for receipt in receipts} == {"", "5.1.1"}
    assert set(server.accepted) == {letter.key for letter in said} - set(refused)
    assert set(server.accepted.values()) == {1}


@pytest.mark.parametrize("is_pipelined", [False, True])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_a_server_answers_each_letter_has_the_answer_it_was_given(
    seed: int, is_pipelined: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("upsell.channels.breaker.FAILURES", 1_000)
    drawn = random.Random(seed)
    answers = {
        letter.key: drawn.choice(["250 2.0.0 OK", "451 4.3.0 later", "554 5.7.1 no", "421 4.3.2 closing"])
        for letter in many(60)
    }
    expected = {"2": Answer.ACCEPTED, "4": Answer.NOT_NOW, "5": Answer.REFUSED}
    with open_server(answers.__getitem__, is_pipelined=is_pipelined) as server:
        receipts = send([provider(server.port)], many(60))
    begun = [receipt for receipt in receipts if receipt.detail.startswith(("4", "5", "2"))]
    assert Counter(receipt.key for receipt in receipts) == Counter(list(answers))
    for receipt in begun:
        assert receipt.answer is expected[answers[receipt.key][0]]
    # What was announced on a connection that was then closed was given to nobody.
    others = [
        receipt for receipt in receipts if receipt not in begun and receipt.answer is not Answer.ACCEPTED
    ]
    assert {receipt.answer for receipt in others} <= {Answer.NOT_NOW}
    taken = {receipt.key for receipt in receipts if receipt.answer is Answer.ACCEPTED}
    assert set(server.accepted) == taken
    assert set(server.accepted.values()) <= {1}


# The server library warns of what it does itself, and of logins that are under TLS from the first byte.
@pytest.mark.filterwarnings("ignore:Session.login_data", "ignore:Requiring AUTH")
@pytest.mark.parametrize("is_first_byte", [False, True])
def test_a_login_goes_over_tls_to_a_server_whose_certificate_is_trusted(
    is_first_byte: bool, tmp_path: Path
) -> None:
    context, ca = make_certificate(tmp_path)
    tls: dict[str, Any] = (
        {"from_the_first_byte": context}
        if is_first_byte
        else {"tls_context": context, "require_starttls": True}
    )
    guard: dict[str, Any] = {
        "authenticator": logs_in("ada", "pass word"),
        "auth_required": True,
        "auth_require_tls": not is_first_byte,
    }
    with open_server(**tls, **guard) as server:
        safe = msgspec.structs.replace(
            provider(server.port),
            tls=Tls.TLS if is_first_byte else Tls.STARTTLS,
            ca=str(ca),
            user="ada",
            password="pass word",
        )
        assert [receipt.detail for receipt in send([safe], many(5))] == ["2.0.0 OK"] * 5
        wrong = msgspec.structs.replace(safe, password="guess")
        for receipt in send([wrong], many(2)):
            assert (receipt.answer, receipt.is_begun, receipt.is_fault) == (Answer.NOT_NOW, False, True)
            assert "guess" not in receipt.detail
        stranger = msgspec.structs.replace(safe, ca="")
        assert {receipt.answer for receipt in send([stranger], many(2))} == {Answer.NOT_NOW}
    assert server.accepted == {letter.key: 1 for letter in many(5)}


def test_a_server_without_the_tls_that_was_asked_for_is_given_nothing() -> None:
    with open_server() as server:
        careful = msgspec.structs.replace(provider(server.port), tls=Tls.STARTTLS)
        assert {receipt.answer for receipt in send([careful], many(2))} == {Answer.NOT_NOW}
    assert not server.accepted


def test_certificates_that_cannot_be_read_are_named() -> None:
    with pytest.raises(ConfigError, match=r"mail provider one: expected a file in PEM at /none\.pem"):
        EmailChannel.over([msgspec.structs.replace(provider(25), tls=Tls.TLS, ca="/none.pem")])


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("hangs_at", "answer"),
    [
        ("greeting", Answer.NOT_NOW),
        ("opening", Answer.NOT_NOW),
        ("mail", Answer.UNKNOWN),
    ],
)
@pytest.mark.parametrize("offers", [(), ("PIPELINING",)])
def test_a_server_that_hangs_makes_only_a_letter_unknown_that_it_may_have(
    hangs_at: str, answer: Answer, offers: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("upsell.channels.pool.TIMEOUT", 0.2)

    async def converse(line: Line) -> None:
        if hangs_at != "greeting":
            await line.greet(*offers)
        while heard := await line.hear():
            if hangs_at == "opening":
                continue
            if heard.startswith(b"DATA"):
                line.say("354 go on")
                await line.mail()
                await asyncio.sleep(30)
            line.say("250 OK")

    async def act() -> list[Receipt]:
        async with open_raw(converse) as port:
            return await sent(EmailChannel.over([provider(port)]), many(1))

    (receipt,) = asyncio.run(act())
    assert receipt.answer is answer
    assert receipt.is_fault


def test_when_a_server_closes_after_a_mail_the_one_announced_behind_it_may_be_sent_again() -> None:
    heard: list[str] = []

    async def converse(line: Line) -> None:
        await line.greet("PIPELINING")
        for _ in range(2):
            await line.hear()
            line.say("250 OK")
        await line.hear()
        line.say("354 go on")
        heard.append(key_of(await line.mail()))

    async def act() -> list[Receipt]:
        async with open_raw(converse) as port:
            one = msgspec.structs.replace(provider(port), connections=1)
            return await sent(EmailChannel.over([one]), many(2))

    first, second = asyncio.run(act())
    assert heard == ["key0"]
    assert (first.answer, second.answer) == (Answer.UNKNOWN, Answer.NOT_NOW)


def test_a_server_that_wants_a_mail_for_nobody_is_hung_up_on() -> None:
    async def converse(line: Line) -> None:
        await line.greet("PIPELINING")
        while heard := await line.hear():
            line.say(
                "550 5.1.1 nobody"
                if heard.startswith(b"RCPT")
                else "354 go"
                if heard[:4] == b"DATA"
                else "250 OK"
            )
            if heard.startswith(b"DATA"):
                mails.append(await line.mail())

    mails: list[bytes] = []

    async def act() -> list[Receipt]:
        async with open_raw(converse) as port:
            return await sent(EmailChannel.over([provider(port)]), many(1))

    (receipt,) = asyncio.run(act())
    assert (receipt.answer, receipt.status) == (Answer.REFUSED, "5.1.1")
    assert mails in ([], [b""])


def test_a_server_that_hangs_up_with_421_is_told_of_in_its_own_words() -> None:
    async def converse(line: Line) -> None:
        await line.greet("PIPELINING")
        await line.hear()
        line.say("421 4.7.0 too many connections from you")

    async def act() -> list[Receipt]:
        async with open_raw(converse) as port:
            return await sent(EmailChannel.over([provider(port)]), many(1))

    (receipt,) = asyncio.run(act())
    assert receipt == Receipt(
        "key0", Answer.NOT_NOW, "421 4.7.0 too many connections from you", status="4.7.0", is_fault=True
    )


def test_a_connection_is_given_up_after_its_letters_and_a_kept_one_that_was_closed_is_opened_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("upsell.channels.pool.IDLE", 0.0)
    with open_server() as server:
        few = msgspec.structs.replace(provider(server.port), connections=1, most_per_connection=3)
        assert {receipt.answer for receipt in send([few], many(10))} == {Answer.ACCEPTED}
        assert server.sessions == 4
    hung_up: list[int] = []

    async def converse(line: Line) -> None:
        await line.greet()
        while heard := await line.hear():
            line.say("354 go" if heard.startswith(b"DATA") else "250 OK")
            if heard.startswith(b"DATA"):
                await line.mail()
                line.say("250 OK")
                if line.number == 1:
                    # As a server does that has waited too long.
                    line.say("421 4.4.2 idle for too long")
                    hung_up.append(line.number)
                    return

    async def act() -> list[Receipt]:
        async with open_raw(converse) as port:
            channel = EmailChannel.over([provider(port)])
            first = await channel.send(many(1), 10.0)
            await asyncio.sleep(0.05)
            return first + await sent(channel, many(1))

    assert [receipt.answer for receipt in asyncio.run(act())] == [Answer.ACCEPTED] * 2
    assert hung_up == [1]


def test_after_failures_in_a_row_the_rest_is_not_begun_and_no_attempt() -> None:
    with open_server(lambda _: "451 4.3.0 not now") as server:
        one = msgspec.structs.replace(provider(server.port), connections=1)
        receipts = send([one], many(12))
    assert [receipt.is_begun for receipt in receipts].count(True) == 5
    assert {receipt.detail for receipt in receipts if not receipt.is_begun} == {
        "the mail server is left alone for now"
    }
    assert {receipt.answer for receipt in receipts} == {Answer.NOT_NOW}


def test_a_letter_goes_to_the_provider_it_was_routed_to_and_to_no_other() -> None:
    with open_server(lambda _: "451 4.3.0 not now") as first, open_server() as second:
        providers = [provider(first.port, "first"), provider(second.port, "second")]
        said = [
            msgspec.structs.replace(letter, provider=name)
            for letter, name in zip(many(2), ("first", "second"), strict=True)
        ]
        receipts = send(providers, said)
    assert [receipt.answer for receipt in receipts] == [Answer.NOT_NOW, Answer.ACCEPTED]
    assert second.accepted == {"key1": 1}


def test_mail_is_signed_by_the_key_of_the_sender_s_domain_as_it_goes_over_the_wire() -> None:
    with open_server() as server:
        channel = EmailChannel.over([provider(server.port)], {"acme.example": (RSA,)})
        asyncio.run(sent(channel, many(1)))
    (mail,) = server.mails
    assert dkim.DKIM(mail).verify(dnsfunc=dns)


def test_a_letter_that_was_routed_to_nobody_goes_to_the_first_that_takes_it() -> None:
    with open_server(lambda _: "451 later") as busy, open_server() as third:
        away = Provider("away", HOST, 1)
        receipts = send([away, provider(busy.port, "busy"), provider(third.port, "third")], many(3))
        assert [receipt.answer for receipt in receipts] == [Answer.ACCEPTED] * 3
        assert set(third.accepted.values()) == {1}
        assert not busy.accepted


def test_a_letter_that_one_may_have_or_refused_goes_to_nobody_else() -> None:
    async def take_and_hang_up(line: Line) -> None:
        await line.greet()
        while heard := await line.hear():
            if heard.startswith(b"DATA"):
                line.say("354 go on")
                await line.mail()
                return
            line.say("250 OK")

    async def act(second: int) -> list[Receipt]:
        async with open_raw(take_and_hang_up) as port:
            return await sent(EmailChannel.over([provider(port), provider(second, "second")]), many(1))

    with open_server() as second, open_server(lambda _: "554 no") as refusing:
        (receipt,) = asyncio.run(act(second.port))
        assert receipt.answer is Answer.UNKNOWN
        (receipt,) = send([provider(refusing.port, "refusing"), provider(second.port, "second")], many(1))
        assert receipt.answer is Answer.REFUSED
        assert not second.accepted
