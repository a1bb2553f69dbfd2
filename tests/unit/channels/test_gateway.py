"""Letters are handed to a gateway signed, and an answer is never guessed."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from tests.sinks import GATEWAY_SECRET as SECRET
from tests.sinks import open_gateway
from upsell.channels.channel import Answer, Letter, Receipt
from upsell.channels.gateway import GatewayChannel
from upsell.channels.signing import read_secret, sign
from upsell.clock import SECOND
from upsell.errors import ConfigError


def letter(key: str = "k1") -> Letter:
    return Letter(key, "Acme", "", "+15551234567", "", "", "Your limit is near", int(time.time()) * SECOND)


def send(url: str, *letters: Letter, within: float = 5.0) -> list[Receipt]:
    async def run() -> list[Receipt]:
        channel = GatewayChannel("sms", url, read_secret(SECRET))
        try:
            return await channel.send(letters, within)
        finally:
            await channel.close()

    return asyncio.run(run())


def test_a_signature_is_that_of_the_published_example() -> None:
    # Oracle: the example of the Standard Webhooks specification.
    headers = sign(
        (read_secret(SECRET),), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_letter_is_posted_signed_with_its_key() -> None:
    with open_gateway() as gateway:
        (receipt,) = send(gateway.url, letter())
        assert (receipt.key, receipt.answer, receipt.detail) == ("k1", Answer.ACCEPTED, "200 said")
        ((headers, body),) = gateway.requests
    lowered = {name.lower(): value for name, value in headers.items()}
    said = json.loads(body)
    assert said == {"key": "k1", "channel": "sms", "to": "+15551234567", "text": "Your limit is near"}
    signed = sign((read_secret(SECRET),), "k1", int(lowered["webhook-timestamp"]), body)
    assert signed["webhook-signature"] == lowered["webhook-signature"]
    assert lowered["webhook-id"] == "k1"


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (202, Answer.ACCEPTED),
        (400, Answer.REFUSED),
        (429, Answer.NOT_NOW),
        (503, Answer.NOT_NOW),
        (500, Answer.UNKNOWN),
        (302, Answer.UNKNOWN),
        (0, Answer.UNKNOWN),
    ],
)
def test_what_may_have_been_taken_is_unknown(status: int, answer: Answer) -> None:
    with open_gateway(status) as gateway:
        (receipt,) = send(gateway.url, letter())
        assert receipt.answer is answer
        assert len(gateway.requests) == 1, "never sent again by itself"


def test_a_gateway_that_is_not_there_may_be_tried_again() -> None:
    with open_gateway() as gateway:
        url = gateway.url
    (receipt,) = send(url, letter())
    assert receipt.answer is Answer.NOT_NOW


def test_what_was_not_begun_in_time_may_be_tried_again_and_is_no_attempt() -> None:
    with open_gateway() as gateway:
        receipts = send(gateway.url, letter("a"), letter("b"), within=0.0)
        assert [each.answer for each in receipts] == [Answer.NOT_NOW, Answer.NOT_NOW]
        assert [each.is_begun for each in receipts] == [False, False]
        assert gateway.requests == []


def test_a_gateway_elsewhere_is_refused() -> None:
    with pytest.raises(ConfigError, match="UPSELL_SMS_URL"):
        GatewayChannel("sms", "https://sms.example.com/send", read_secret(SECRET))


@pytest.mark.parametrize("written", ["", "secret", "whsec_", "whsec_###", "whsec_c2hvcnQ="])
def test_a_secret_that_is_none_is_refused_without_being_shown(written: str) -> None:
    with pytest.raises(ConfigError, match="24 to 64 random bytes") as caught:
        read_secret(written)
    assert "c2hvcnQ" not in str(caught.value)
