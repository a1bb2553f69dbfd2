"""Web push: a notification handed to the push service of a browser, which shows it by our service worker.

The laws: nobody between us and the browser can read it (RFC 8291); a subscription that is gone is told, so
that it is forgotten; and an answer that does not say whether the push service took it is unknown. A message's
key is its topic, so that one given twice waits there once, and the worker's tag, so that it is shown once.

Source: RFC 8030 (5: TTL, Urgency, Topic; 7.3: 404 and 410; 7.2: 413; 8.4: 429), RFC 8291, RFC 8292.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection
from http import HTTPStatus
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from pywebpush import WebPusher, WebPushException

from upsell.channels.border import Border, BorderError, read_border
from upsell.channels.calling import Called, Caller, CallError
from upsell.channels.channel import Answer, Letter, Receipt
from upsell.channels.devices import Device
from upsell.channels.push_services import refuse_endpoint
from upsell.channels.retry_after import read_retry_after
from upsell.channels.vapid import Vapid
from upsell.clock import DAY, SECOND

CONNECTIONS: Final = 8
"""How many connections are kept."""

TIMEOUT: Final = 6.0
"""Seconds a push service may take over one answer."""

KEPT_FOR: Final = DAY
"""How long a push service keeps a notification for a browser that is away."""

LARGEST: Final = 3_993
"""Bytes of what is said: 4,096 (RFC 8030, 7.2) less what encrypting adds (RFC 8291, 4)."""

VERSION: Final = 1
"""Of what the service worker reads; it leaves alone what has none."""

_TOPIC: Final = 32  # characters a topic may have (RFC 8030, 5.4)
_AUTH_SIZE: Final = 16
_encode = msgspec.json.Encoder().encode


class WebPush:
    """Hands notifications to browsers' push services."""

    def __init__(self, vapid: Vapid, hosts: Collection[str] = (), *, is_local: bool = False) -> None:
        """Sign with ``vapid``.

        Args:
            vapid: Says who we are.
            hosts: Push services beside those of browsers' makers.
            is_local: Whether nothing leaves this machine.
        """
        self._vapid = vapid
        self._is_local = is_local
        self._hosts = frozenset(host.lower() for host in hosts)
        self._caller = Caller(_border(self._hosts), connections=CONNECTIONS, timeout=TIMEOUT)

    async def push(self, letter: Letter, device: Device) -> Receipt:
        """Hand one notification over for one browser."""
        refused = refuse_endpoint(device.address, self._hosts, is_local=self._is_local)
        if refused is not None:
            return Receipt(letter.key, Answer.REFUSED, refused)
        said = write_payload(letter)
        if len(said) > LARGEST:
            detail = f"expected at most {LARGEST:,} bytes of title, text and links, got {len(said):,}"
            return Receipt(letter.key, Answer.REFUSED, detail)
        try:
            body = encrypt(said, device)
        except (WebPushException, ValueError) as error:
            detail = f"the keys of the subscription are none: {error}"
            return Receipt(letter.key, Answer.REFUSED, detail, gone=(device.id,))
        headers = {
            "authorization": self._vapid.sign(device.address, letter.written_at),
            "content-encoding": "aes128gcm",
            "content-type": "application/octet-stream",
            "ttl": str(KEPT_FOR // SECOND),
            "urgency": "normal",
            "topic": letter.key[:_TOPIC],
        }
        try:
            answer = await self._caller.call("POST", device.address, headers, body)
        except BorderError as error:
            return Receipt(letter.key, Answer.REFUSED, str(error))
        except CallError as error:
            because = Answer.UNKNOWN if error.is_sent else Answer.NOT_NOW
            return Receipt(letter.key, because, f"the push service {error}", is_fault=not error.is_sent)
        return _read(letter, device, answer)

    async def close(self) -> None:
        """Close every kept connection."""
        await self._caller.close()


def write_payload(letter: Letter) -> bytes:
    """Write what the service worker shows, as JSON; what there is none of is left out."""
    more = letter.notification
    said: dict[str, object] = {
        "upsell": VERSION,
        "key": letter.key,
        "title": letter.subject,
        "text": letter.text.strip(),
    }
    if more is not None:
        if more.link:
            said["link"] = more.link
        if more.stop:
            said["stop"] = {"url": more.stop, "label": more.stop_label}
        if more.lang:
            said["lang"] = more.lang
    return _encode(said)


def encrypt(said: bytes, device: Device) -> bytes:
    """Encrypt for one browser, with a key of its own each time (RFC 8291, ``aes128gcm``).

    Raises:
        ValueError: Its keys are none.
        WebPushException: The same.
    """
    check_keys(device)
    known = {"endpoint": device.address, "keys": {"p256dh": device.p256dh, "auth": device.auth}}
    return bytes(WebPusher(known).encode(said, content_encoding="aes128gcm")["body"])


def check_keys(device: Device) -> None:
    """Hold the keys of a subscription to being some: a point of P-256, and 16 bytes.

    Raises:
        ValueError: They are none.
    """
    ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _bytes(device.p256dh))
    if len(_bytes(device.auth)) != _AUTH_SIZE:
        msg = f"expected auth to be {_AUTH_SIZE} bytes in base64url, got another"
        raise ValueError(msg)


def _bytes(said: str) -> bytes:
    try:
        return base64.b64decode(said + "=" * (-len(said) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        msg = "expected a key in base64url, got something else"
        raise ValueError(msg) from error


def _border(hosts: Collection[str]) -> Border:
    """Let through to the public internet, and wherever the hosts that are named lead."""
    border = msgspec.structs.replace(read_border(""), names=frozenset(hosts))
    for host in hosts:
        border = border.widened(host)
    return border


def _read(letter: Letter, device: Device, answer: Called) -> Receipt:
    status, detail = answer.status, answer.said()
    if answer.is_success:
        return Receipt(letter.key, Answer.ACCEPTED, f"{status} {answer.headers.get('location', '')}".strip())
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        return Receipt(letter.key, Answer.REFUSED, detail, gone=(device.id,))
    pause = read_retry_after(answer.headers.get("retry-after"), letter.written_at)
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        # It is ours to mend, and nothing was taken.
        detail = f"the push service does not know our key: {detail}; look at UPSELL_PUSH_VAPID_PRIVATE_KEY"
        return Receipt(letter.key, Answer.NOT_NOW, detail, pause=pause or 0)
    is_later = status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
    if is_later or (answer.is_server_error and pause is not None):
        return Receipt(letter.key, Answer.NOT_NOW, detail, is_fault=True, pause=pause or 0)
    return Receipt(letter.key, Answer.UNKNOWN if answer.is_server_error else Answer.REFUSED, detail)
