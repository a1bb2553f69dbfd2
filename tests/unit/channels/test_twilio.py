"""Texts are handed to Twilio as its published description says, and its answers are read by their codes."""

from __future__ import annotations

import asyncio
import inspect
import json

import httpx
import msgspec
import pytest
from twilio.rest.api.v2010.account.message import MessageList

from tests.twilio_stand_in import (
    ACCOUNT,
    DESCRIPTION,
    PUBLIC,
    SENDER,
    TOKEN,
    form,
    open_twilio_stand_in,
    sid_of,
    unfit,
)
from upsell.channels.calling import Called
from upsell.channels.channel import Answer, Letter, Receipt
from upsell.channels.twilio import Login, TwilioChannel, open_twilio, read_twilio
from upsell.config import Settings
from upsell.errors import ConfigError
from upsell.testing.stand_ins import Heard, StandIn
from upsell.testing.stories import START

LOGIN = Login(ACCOUNT, ACCOUNT, TOKEN)


def letter(key: str = "k1", text: str = "Your limit is near") -> Letter:
    return Letter(key, "Acme", "", "+15551234567", "", "", text, START)


def send(stand_in: StandIn, *letters: Letter, sender: str = SENDER, login: Login = LOGIN) -> list[Receipt]:
    async def run() -> list[Receipt]:
        channel = TwilioChannel(stand_in.url, login, sender, PUBLIC)
        try:
            return await channel.send(letters, 10.0)
        finally:
            await channel.close()

    return asyncio.run(run())


def heard(stand_in: StandIn) -> Heard:
    (only,) = stand_in.heard
    return only


@pytest.mark.parametrize(
    ("sender", "named"), [(SENDER, "From"), ("Acme", "From"), ("MG" + "0" * 32, "MessagingServiceSid")]
)
def test_a_request_is_what_twilio_publishes(sender: str, named: str) -> None:
    with open_twilio_stand_in() as stand_in:
        (receipt,) = send(stand_in, letter(), sender=sender)
        assert (receipt.answer, receipt.detail) == (Answer.ACCEPTED, sid_of("k1"))
        assert unfit(heard(stand_in)) == ""
        assert form(heard(stand_in)) == {
            "To": "+15551234567",
            named: sender,
            "Body": "Your limit is near",
            "ValidityPeriod": "3600",
            "StatusCallback": f"{PUBLIC}/hooks/twilio?key=k1",
        }


def test_the_description_names_what_twilios_own_library_sends() -> None:
    # A second opinion of the excerpt: the library is made of the same description, at another time.
    code = inspect.getsource(MessageList._create)
    assert [name for name in DESCRIPTION["properties"] if f'"{name}":' not in code] == []


@pytest.mark.parametrize("text", ["", " \n", "x" * 1601])
def test_what_twilio_would_refuse_is_refused_without_asking(text: str) -> None:
    with open_twilio_stand_in() as stand_in:
        (receipt,) = send(stand_in, letter(text=text))
        assert receipt.answer is Answer.REFUSED
        assert stand_in.heard == []


def test_a_wrong_login_is_no_letters_fault() -> None:
    with open_twilio_stand_in() as stand_in:
        (receipt,) = send(stand_in, letter(), login=Login(ACCOUNT, ACCOUNT, "wrong"))
        assert (receipt.answer, receipt.detail) == (Answer.NOT_NOW, "20003: Authenticate")


@pytest.mark.parametrize(
    ("status", "code", "answer", "is_gone", "is_left"),
    [
        (400, 21211, Answer.REFUSED, True, False),
        (400, 21614, Answer.REFUSED, True, False),
        (400, 21610, Answer.REFUSED, False, True),
        (400, 21617, Answer.REFUSED, False, False),
        (429, 20429, Answer.NOT_NOW, False, False),
        (401, 20003, Answer.NOT_NOW, False, False),
        (404, 20404, Answer.NOT_NOW, False, False),
        (500, 20500, Answer.UNKNOWN, False, False),
        (503, 20503, Answer.UNKNOWN, False, False),
        (302, None, Answer.UNKNOWN, False, False),
    ],
)
def test_an_error_is_read_by_its_status_and_code(
    status: int, code: int | None, answer: Answer, *, is_gone: bool, is_left: bool
) -> None:
    told = Called(status, {}, json.dumps({"code": code, "message": "to +15551234567"}).encode())
    receipt = read_twilio("k1", told)
    assert (receipt.answer, receipt.is_gone, receipt.is_left) == (answer, is_gone, is_left)
    assert "+15551234567" not in receipt.detail or code is None


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"sid": 1}', b"\xff"])
def test_an_answer_that_is_none_of_twilios_is_still_read_by_its_status(body: bytes) -> None:
    assert read_twilio("k1", Called(201, {}, body)).answer is Answer.ACCEPTED
    assert read_twilio("k1", Called(400, {}, body)).answer is Answer.REFUSED
    assert read_twilio("k1", Called(502, {}, body)).answer is Answer.UNKNOWN


RIGHT = Settings(twilio_account_sid=ACCOUNT, twilio_auth_token=TOKEN, twilio_from=SENDER, public_url=PUBLIC)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"twilio_account_sid": "AC1"}, "UPSELL_TWILIO_ACCOUNT_SID"),
        ({"twilio_auth_token": ""}, "UPSELL_TWILIO_AUTH_TOKEN"),
        ({"twilio_api_key": "SK1"}, "UPSELL_TWILIO_API_KEY"),
        ({"twilio_from": " "}, "UPSELL_TWILIO_FROM"),
        ({"twilio_url": "http://api.twilio.com"}, "UPSELL_TWILIO_URL: expected https"),
        ({"public_url": ""}, "by it comes back who answered STOP"),
        ({"public_url": "http://mail.acme.example"}, "UPSELL_PUBLIC_URL"),
    ],
)
def test_what_is_set_wrongly_is_told_without_a_secret(wrong: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        open_twilio(msgspec.structs.replace(RIGHT, **wrong))
    assert TOKEN not in str(caught.value)


def test_an_api_key_logs_in_where_there_is_one() -> None:
    keyed = msgspec.structs.replace(RIGHT, twilio_api_key="SK1:other")
    assert isinstance(open_twilio(keyed), TwilioChannel)
    assert Login(ACCOUNT, "SK1", "other").header == httpx.BasicAuth("SK1", "other")._auth_header
