"""Pushes to browsers: nobody between can read them, and a push service's answer is never guessed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.push_servers import VAPID_KEY, Browser, PushService, open_push_service, unpadded
from tests.stories.world import START
from upsell.channels.channel import Answer, Letter, Receipt
from upsell.channels.devices import Device, DeviceKind, Notification
from upsell.channels.push_services import refuse_endpoint
from upsell.channels.vapid import Vapid, make_private_key, public_key_of
from upsell.channels.web_push import LARGEST, WebPush, check_keys, write_payload
from upsell.clock import DAY, HOUR, MINUTE, SECOND
from upsell.errors import ConfigError

CONTACT = "mailto:ops@acme.example"
KEY = "0123456789abcdef0123456789abcdef"


def letter(text: str = "You have used 90 % of your reports.", **more: object) -> Letter:
    said = Letter(KEY, "Acme", "", "devices:1", "Nearly full", "", text, START)
    return replace(said, **more)


@pytest.fixture(scope="module")
def service() -> Iterator[PushService]:
    with open_push_service(public_key_of(VAPID_KEY)) as opened:
        yield opened


def push(device: Device, said: Letter | None = None, hosts: tuple[str, ...] = ("127.0.0.1",)) -> Receipt:
    async def run() -> Receipt:
        pusher = WebPush(Vapid(VAPID_KEY, CONTACT), hosts)
        try:
            return await pusher.push(said or letter(), device)
        finally:
            await pusher.close()

    return asyncio.run(run())


def test_the_library_encrypts_as_rfc_8291_does_in_its_appendix() -> None:
    # Oracle: RFC 8291, section 5 and appendix A.
    key = ec.derive_private_key(
        int.from_bytes(unpadded("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), "big"), ec.SECP256R1()
    )
    body = http_ece.encrypt(
        b"When I grow up, I want to be a watermelon",
        salt=unpadded("DGv6ra1nlYgDCS1FRnbzlw"),
        private_key=key,
        dh=unpadded(
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
        ),
        auth_secret=unpadded("BTBZMqHH6r4Tts7J_aSIgg"),
        version="aes128gcm",
    )
    assert body == unpadded(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
        "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
        "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


def test_the_public_key_is_that_of_the_private_one() -> None:
    # Oracle: the sender's pair of RFC 8291, appendix A.
    assert public_key_of(VAPID_KEY) == (
        "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"
    )
    assert len(unpadded(make_private_key())) == 32
    assert make_private_key() != make_private_key()


def test_a_notification_is_read_by_its_browser_and_by_no_other(service: PushService) -> None:
    browser = service.browser("ann")
    more = Notification("https://a.example/l/1", "https://a.example/u/1", "Stop these", "de")
    receipt = push(browser.device, letter(notification=more))
    assert receipt.answer is Answer.ACCEPTED
    assert receipt.detail.startswith(f"201 {service.url}/message/"), "where the push service keeps it"
    _, headers, body = service.pushed[-1]
    assert browser.read(body) == {
        "upsell": 1,
        "key": KEY,
        "title": "Nearly full",
        "text": "You have used 90 % of your reports.",
        "link": "https://a.example/l/1",
        "stop": {"url": "https://a.example/u/1", "label": "Stop these"},
        "lang": "de",
    }
    assert b"Nearly" not in body
    with pytest.raises(http_ece.ECEException):
        service.browser("eve").read(body)
    assert (headers["ttl"], headers["urgency"], headers["topic"]) == ("86400", "normal", KEY)


def test_a_push_service_is_shown_who_we_are_and_refuses_another(service: PushService) -> None:
    # The service verifies the token with the public key, by a library that did not make it (RFC 8292).
    async def run() -> Receipt:
        pusher = WebPush(Vapid(make_private_key(), CONTACT), ["127.0.0.1"])
        try:
            return await pusher.push(letter(), service.browser("ann").device)
        finally:
            await pusher.close()

    receipt = asyncio.run(run())
    assert (receipt.answer, receipt.gone) == (Answer.NOT_NOW, ()), "ours to mend: nobody is lost by it"
    assert "UPSELL_PUSH_VAPID_PRIVATE_KEY" in receipt.detail


@dataclass(frozen=True)
class Told:
    status: int
    answer: Answer
    is_gone: bool = False
    said: tuple[tuple[str, str], ...] = ()
    pause: int = 0


@pytest.mark.parametrize(
    "told",
    [
        Told(201, Answer.ACCEPTED),
        Told(202, Answer.ACCEPTED),
        Told(404, Answer.REFUSED, is_gone=True),
        Told(410, Answer.REFUSED, is_gone=True),
        Told(400, Answer.REFUSED),
        Told(413, Answer.REFUSED),
        Told(307, Answer.REFUSED, said=(("location", "http://10.0.0.1/"),)),
        Told(401, Answer.NOT_NOW),
        Told(429, Answer.NOT_NOW, said=(("retry-after", "120"),), pause=2 * MINUTE),
        Told(429, Answer.NOT_NOW),
        Told(503, Answer.NOT_NOW),
        Told(500, Answer.NOT_NOW, said=(("retry-after", "5"),), pause=5 * SECOND),
        Told(500, Answer.UNKNOWN),
        Told(502, Answer.UNKNOWN),
    ],
    ids=lambda told: f"{told.status}{' and later' if told.pause else ''}",
)
def test_what_may_have_been_taken_is_unknown(service: PushService, told: Told) -> None:
    device = service.browser("told").device
    service.answers["/push/told"] = (told.status, dict(told.said))
    receipt = push(device)
    assert (receipt.answer, receipt.pause) == (told.answer, told.pause)
    assert receipt.gone == ((device.id,) if told.is_gone else ())


def test_a_push_service_that_is_not_there_may_be_tried_again(service: PushService) -> None:
    device = Browser("http://127.0.0.1:9/push/x").device
    assert push(device).answer is Answer.NOT_NOW


def test_what_is_too_long_for_a_notification_is_refused_before_it_is_sent(service: PushService) -> None:
    device = service.browser("long").device
    empty = len(write_payload(letter("")))
    before = len(service.pushed)
    assert push(device, letter("x" * (LARGEST - empty))).answer is Answer.ACCEPTED
    assert len(service.pushed[-1][2]) == 4_096, "to the byte (RFC 8030, 7.2)"
    assert push(device, letter("x" * (LARGEST - empty + 1))).answer is Answer.REFUSED
    assert len(service.pushed) == before + 1


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [
        ("", ""),
        ("AAAA", "AAAA"),
        ("B" * 87, "AQEBAQEBAQEBAQEBAQEBAQ"),
        ("not base64!", "AQEBAQEBAQEBAQEBAQEBAQ"),
    ],
)
def test_keys_that_are_none_lose_the_device_and_nothing_else(p256dh: str, auth: str) -> None:
    device = Device(DeviceKind.WEB, "https://web.push.apple.com/x", p256dh, auth)
    with pytest.raises(ValueError, match=r"empty|key|point|auth|Point"):
        check_keys(device)
    receipt = push(device)
    assert (receipt.answer, receipt.gone) == (Answer.REFUSED, (device.id,))


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/abc:def",
        "https://updates.push.services.mozilla.com/wpush/v2/x",
        "https://web.push.apple.com/x",
        "https://wns2-par02p.notify.windows.com/w/?token=x",
    ],
)
def test_browsers_makers_are_posted_to(endpoint: str) -> None:
    assert refuse_endpoint(endpoint, ()) is None


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/x",
        "https://fcm.googleapis.com:8443/x",
        "https://fcm.googleapis.com.evil.example/x",
        "https://fcm.googleapis.com@evil.example/x",
        "https://fcm.googleapis.com\\@evil.example/x",
        "https://evil.example#@fcm.googleapis.com/",
        "https://push.apple.com.evil.example/x",
        "https://notify.windows.com/x",
        "https://evilpush.apple.com/x",
        "https://127.0.0.1/x",
        "http://127.0.0.1/x",
        "http://localhost:8600/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/x",
        "https://[bad/x",
        "https://web.push.apple.com/ x",
        "https://web.push.apple.com/\n",
        "https://web.push.apple.com/" + "x" * 2_000,
        "file:///etc/passwd",
        "",
    ],
)
def test_nothing_else_is_posted_to(endpoint: str) -> None:
    assert refuse_endpoint(endpoint, ()) is not None
    assert push(Browser(endpoint).device, hosts=()).answer is Answer.REFUSED


def test_a_host_that_the_team_named_is_posted_to_and_in_the_open_only_on_this_machine() -> None:
    assert refuse_endpoint("https://push.acme.example/x", ["push.acme.example"]) is None
    assert refuse_endpoint("http://push.acme.example/x", ["push.acme.example"]) is not None
    assert refuse_endpoint("http://127.0.0.1:9000/x", ["127.0.0.1"]) is None
    assert refuse_endpoint("http://127.0.0.2:9000/x", ["127.0.0.1"]) is not None


def test_a_token_is_of_one_push_service_and_is_renewed_before_it_ends() -> None:
    vapid = Vapid(VAPID_KEY, CONTACT)
    first = vapid.sign("https://web.push.apple.com/a", START)
    assert vapid.sign("https://web.push.apple.com/b", START + 10 * HOUR) == first
    assert vapid.sign("https://fcm.googleapis.com/a", START) != first
    assert vapid.sign("https://web.push.apple.com/a", START + 11 * HOUR) != first
    assert vapid.sign("https://web.push.apple.com/a", START - DAY) != first, "a clock that was put back"


@pytest.mark.parametrize("contact", ["", "ops@acme.example", "mailto:ops", "http://acme.example"])
def test_whom_push_services_can_write_to_has_to_be_said(contact: str) -> None:
    with pytest.raises(ConfigError, match="UPSELL_PUSH_CONTACT"):
        Vapid(VAPID_KEY, contact)


@pytest.mark.parametrize("key", ["", "abc", "A" * 42, "é" * 43, "A" * 43])
def test_a_key_that_is_none_is_said_to_be_none_and_is_not_shown(key: str) -> None:
    with pytest.raises(ConfigError, match="upsell push keys") as error:
        Vapid(key, CONTACT)
    assert not key or key not in str(error.value)


@settings(max_examples=50)
@given(st.text(max_size=60))
def test_whatever_an_endpoint_is_called_raises_nothing_and_leads_nowhere_strange(said: str) -> None:
    assert refuse_endpoint(said, ()) is not None
    assert refuse_endpoint("https://" + said, ()) is not None
