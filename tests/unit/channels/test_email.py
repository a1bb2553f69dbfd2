"""Email over a real server on loopback: what it answers is what the receipt says."""

from __future__ import annotations

import asyncio
import socket

import msgspec
import pytest

from tests.sinks import HOST, open_sink
from tests.unit.channels.test_mime import LETTER
from upsell.channels.channel import Answer, Letter, Receipt
from upsell.channels.email import EmailChannel


def letters(*recipients: str) -> list[Letter]:
    return [
        msgspec.structs.replace(LETTER, key=f"key{n}", recipient=recipient)
        for n, recipient in enumerate(recipients)
    ]


def send(port: int, said: list[Letter], *, within: float = 10.0, times: int = 1) -> list[Receipt]:
    async def act() -> list[Receipt]:
        channel = EmailChannel(HOST, port, connections=3)
        try:
            return [receipt for _ in range(times) for receipt in await channel.send(said, within)]
        finally:
            await channel.close()

    return sorted(asyncio.run(act()), key=lambda receipt: receipt.key)


def test_every_letter_is_accepted_once_and_its_receipt_says_what_the_server_said() -> None:
    with open_sink(lambda who: f"250 OK {who}") as sink:
        receipts = send(sink.port, letters(*(f"u{n}@example.com" for n in range(7))))
    assert receipts == [Receipt(f"key{n}", Answer.ACCEPTED, f"OK u{n}@example.com") for n in range(7)]
    assert sink.accepted == {f"key{n}": 1 for n in range(7)}


def test_a_refusal_for_good_and_one_for_now_are_told_apart_and_the_rest_goes_on() -> None:
    answers = {"bad@example.com": "550 no such person", "full@example.com": "452 try later"}
    with open_sink(lambda who: answers.get(who, "250 OK")) as sink:
        said = letters("bad@example.com", "full@example.com", "ada@example.com", "bob@example.com")
        receipts = send(sink.port, said)
    assert [receipt.answer for receipt in receipts] == [
        Answer.REFUSED, Answer.NOT_NOW, Answer.ACCEPTED, Answer.ACCEPTED,
    ]  # fmt: skip
    assert receipts[0].detail == "550 no such person"


def test_an_address_that_is_none_is_refused_without_a_word_to_the_server() -> None:
    with open_sink() as sink:
        (receipt,) = send(sink.port, letters("eve@example.com\r\nDATA"))
    assert receipt.answer is Answer.REFUSED
    assert not sink.accepted


def test_kept_connections_are_used_again() -> None:
    with open_sink() as sink:
        receipts = send(sink.port, letters("ada@example.com"), times=3)
    assert [receipt.answer for receipt in receipts] == [Answer.ACCEPTED] * 3


def test_where_nobody_answers_everything_may_be_tried_again() -> None:
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    receipts = send(port, letters("ada@example.com", "bob@example.com"))
    assert [receipt.answer for receipt in receipts] == [Answer.NOT_NOW, Answer.NOT_NOW]


def test_no_letter_is_begun_after_its_time() -> None:
    with open_sink() as sink:
        receipts = send(sink.port, letters("ada@example.com", "bob@example.com"), within=0.0)
    assert [receipt.answer for receipt in receipts] == [Answer.NOT_NOW, Answer.NOT_NOW]
    assert not sink.accepted


async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, until: bytes) -> None:
    """Speak SMTP up to and including the command ``until``, then hang up."""
    writer.write(b"220 hello\r\n")
    is_letter = False
    while line := await reader.readline():
        if line.upper().startswith(until):
            break
        if not is_letter:
            is_letter = line.upper().startswith(b"DATA")
            writer.write(b"354 go on\r\n" if is_letter else b"250 OK\r\n")
    writer.close()


@pytest.mark.parametrize(
    ("until", "answer"),
    [
        (b"MAIL", Answer.NOT_NOW),
        (b"RCPT", Answer.NOT_NOW),
        (b"DATA", Answer.NOT_NOW),
        (b".\r\n", Answer.UNKNOWN),
    ],
)
def test_what_breaks_before_the_letter_may_be_tried_again_and_what_breaks_after_is_unknown(
    until: bytes, answer: Answer
) -> None:
    async def act() -> list[Receipt]:
        server = await asyncio.start_server(lambda r, w: converse(r, w, until), HOST, 0)
        channel = EmailChannel(HOST, server.sockets[0].getsockname()[1])
        try:
            return await channel.send(letters("ada@example.com"), 10.0)
        finally:
            await channel.close()
            server.close()

    (receipt,) = asyncio.run(act())
    assert receipt.answer is answer
