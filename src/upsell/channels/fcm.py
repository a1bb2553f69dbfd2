"""Firebase Cloud Messaging: a notification handed to Google for an app, by its HTTP v1 API.

The laws: a token that is of no app any more is told, so that it is forgotten; Firebase knows no key by which
it recognises what it was given before, so what it may have taken is unknown and is never given again; and
the key of the service account signs for access tokens and leaves this process in no message and no log.

Source: FCM's reference, ``projects.messages.send`` and ``ErrorCode``; its discovery document ``fcm:v1``.
"""

from __future__ import annotations

import asyncio
from functools import partial
from http import HTTPStatus
from time import monotonic
from typing import Any, Final
from urllib.parse import quote

import httpx
import msgspec
from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError
from google.auth.transport.requests import Request
from google.oauth2.service_account import Credentials

from upsell.channels.border import BorderError, border_to
from upsell.channels.calling import Called, Caller, CallError
from upsell.channels.channel import Answer, Letter, Receipt
from upsell.channels.devices import Device
from upsell.channels.loopback import is_loopback
from upsell.channels.retry_after import read_retry_after
from upsell.clock import DAY, MINUTE, SECOND, Duration
from upsell.errors import ConfigError

CONNECTIONS: Final = 8
"""How many connections are kept."""

TIMEOUT: Final = 6.0
"""Seconds Google may take over one answer."""

FAILED_FOR: Final = 5.0
"""Seconds for which access that could not be had is not asked for anew."""

SCOPE: Final = "https://www.googleapis.com/auth/firebase.messaging"

KEPT_FOR: Final = DAY
"""How long a notification is kept for an app that is away."""

USUAL_PAUSE: Final[Duration] = MINUTE
"""How long Google is left alone that said it is too much and not for how long, as its reference asks."""

_UNREGISTERED: Final = "UNREGISTERED"
_FOREIGN: Final = "THIRD_PARTY_AUTH_ERROR"
_MISMATCH: Final = "SENDER_ID_MISMATCH"
_unanswered: Any = TransportError  # The library has no types of its own.
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class Fcm:
    """Hands notifications to Firebase for apps."""

    def __init__(self, service_account_key: str, url: str) -> None:
        """Send as a service account; nothing is opened yet.

        Args:
            service_account_key: Its key, the JSON that the console of Firebase gives.
            url: Where the API is.

        Raises:
            ConfigError: The key is none, or the API would be spoken to in the open.
        """
        self._credentials, project = _read_key(service_account_key)
        parts = httpx.URL(url)
        if parts.scheme != "https" and not is_loopback(parts.host):
            msg = f"expected https for Firebase beyond this machine, got {url}; look at UPSELL_FCM_URL"
            raise ConfigError(msg)
        self._url = f"{url.rstrip('/')}/v1/projects/{quote(project, safe='')}/messages:send"
        self._caller = Caller(border_to(url), connections=CONNECTIONS, timeout=TIMEOUT)
        self._renewing: asyncio.Lock | None = None
        self._failed: GoogleAuthError | None = None
        self._failed_until = 0.0

    async def push(self, letter: Letter, device: Device) -> Receipt:
        """Hand one notification over for one app."""
        try:
            token = await self._token()
        except RefreshError as error:
            detail = f"Google gives no access: {error}; look at UPSELL_FCM_SERVICE_ACCOUNT_KEY"
            return Receipt(letter.key, Answer.NOT_NOW, detail[:300])
        except (TransportError, GoogleAuthError) as error:
            detail = f"Google does not answer: {error}"
            return Receipt(letter.key, Answer.NOT_NOW, detail[:300], is_fault=True)
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        try:
            answer = await self._caller.call("POST", self._url, headers, write_message(letter, device))
        except BorderError as error:
            return Receipt(letter.key, Answer.REFUSED, str(error))
        except CallError as error:
            because = Answer.UNKNOWN if error.is_sent else Answer.NOT_NOW
            return Receipt(letter.key, because, f"Firebase {error}", is_fault=not error.is_sent)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            self._credentials.token = None
        return _read(letter, device, answer)

    async def close(self) -> None:
        """Close every kept connection."""
        await self._caller.close()
        self._renewing = None

    async def _token(self) -> str:
        """Give an access token that is good for some minutes at least; many who ask at once renew it once."""
        self._renewing = self._renewing or asyncio.Lock()
        async with self._renewing:
            if not self._credentials.valid:
                await self._renew()
        return str(self._credentials.token)

    async def _renew(self) -> None:
        """Have a new token in time, or fail; a failure is also that of those who stand in line behind it."""
        if self._failed is not None and monotonic() < self._failed_until:
            raise self._failed.with_traceback(None)
        try:
            async with asyncio.timeout(TIMEOUT):
                # Without the library's own 120 seconds: the thread would outlive our waiting by that.
                await asyncio.to_thread(self._credentials.refresh, partial(Request(), timeout=TIMEOUT))
        except TimeoutError:
            self._failed = _unanswered(f"no access within {TIMEOUT:g} seconds")
        except GoogleAuthError as error:
            self._failed = error
        else:
            self._failed = None
            return
        self._failed_until = monotonic() + FAILED_FOR
        raise self._failed


def write_message(letter: Letter, device: Device) -> bytes:
    """Write the request: what is shown, and beside it the message's key and links for the app itself."""
    more = letter.notification
    data = {"upsell": "1", "key": letter.key}
    if more is not None and more.link:
        data["link"] = more.link
    if more is not None and more.stop:
        data |= {"stop": more.stop, "stop_label": more.stop_label}
    expires = (letter.written_at + KEPT_FOR) // SECOND
    message: dict[str, Any] = {
        "token": device.address,
        "notification": {"title": letter.subject, "body": letter.text.strip()},
        "data": data,
        # Given twice it is shown once.
        "android": {"ttl": f"{KEPT_FOR // SECOND}s", "notification": {"tag": letter.key}},
        "apns": {"headers": {"apns-collapse-id": letter.key[:64], "apns-expiration": str(expires)}},
    }
    return _encode({"message": message})


def _read_key(said: str) -> tuple[Any, str]:
    # The library has no types of its own.
    make: Any = Credentials.from_service_account_info
    try:
        info = _decode(said.encode())
        return make(info, scopes=[SCOPE]), str(info["project_id"])
    except (msgspec.DecodeError, ValueError, KeyError, TypeError, AttributeError, GoogleAuthError):
        # What was wrong with it might be a part of it.
        msg = (
            "expected UPSELL_FCM_SERVICE_ACCOUNT_KEY to be the JSON of a service account's key, with "
            "project_id, client_email, private_key and token_uri, got something else"
        )
        raise ConfigError(msg) from None


def _read(letter: Letter, device: Device, answer: Called) -> Receipt:
    status = answer.status
    if answer.is_success:
        return Receipt(letter.key, Answer.ACCEPTED, _name_of(answer) or str(status))
    code, said = _error_of(answer)
    detail = f"{status} {code} {said}".strip()
    pause = read_retry_after(answer.headers.get("retry-after"), letter.written_at)
    if code == _UNREGISTERED:
        return Receipt(letter.key, Answer.REFUSED, detail, gone=(device.id,))
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        usual = USUAL_PAUSE if status == HTTPStatus.TOO_MANY_REQUESTS else 0
        return Receipt(
            letter.key, Answer.NOT_NOW, detail, is_fault=True, pause=pause if pause is not None else usual
        )
    is_access = status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
    if code == _FOREIGN or (is_access and code != _MISMATCH):
        # It is ours to mend, and nothing was taken.
        return Receipt(letter.key, Answer.NOT_NOW, detail)
    return Receipt(letter.key, Answer.UNKNOWN if answer.is_server_error else Answer.REFUSED, detail)


def _name_of(answer: Called) -> str:
    said = _body(answer).get("name")
    return said if isinstance(said, str) else ""


def _error_of(answer: Called) -> tuple[str, str]:
    """Give Firebase's own code of an error, else the status Google names, and what was said of it."""
    error = _body(answer).get("error")
    if not isinstance(error, dict):
        return "", answer.body.decode("utf-8", "replace")[:200].strip()
    details = error.get("details")
    codes = [
        each["errorCode"]
        for each in (details if isinstance(details, list) else ())
        if isinstance(each, dict) and isinstance(each.get("errorCode"), str)
    ]
    code = codes[0] if codes else error.get("status")
    return str(code or ""), str(error.get("message") or "")[:200]


def _body(answer: Called) -> dict[str, Any]:
    try:
        said = _decode(answer.body)
    except msgspec.DecodeError:
        return {}
    return said if isinstance(said, dict) else {}
