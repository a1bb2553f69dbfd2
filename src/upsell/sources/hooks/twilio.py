"""Twilio's webhooks: forms that say what became of a text, and texts that people send.

Each is signed over the address it was posted to and all it says, or over the address alone, which then holds
a hash of the body. Twilio says no time: what it says is of when it comes. Source: Twilio, Security
(Validating Signatures); Twilio's request to your incoming message webhook URL; Outbound message status in
status callbacks.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Final
from urllib.parse import parse_qs, parse_qsl, urlsplit

import msgspec
from twilio.request_validator import RequestValidator

from upsell.clock import Moment
from upsell.sources.reports import (
    ForgedError,
    Kind,
    MalformedError,
    Reading,
    Report,
    Unread,
    id_in,
    keys_in,
    words_in,
)

SIGNATURE: Final = "x-twilio-signature"
"""The header that proves a request."""

_BODY_HASH = "bodySHA256"
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_PORT = re.compile(r":[0-9]*$")

_ON_ITS_WAY = frozenset(
    {"accepted", "scheduled", "queued", "sending", "sent", "read", "canceled", "partially_delivered"}
)
"""What says nothing of whether it arrived."""

_GONE = frozenset({"21211", "21214", "21217", "21614", "21635", "30005", "30006"})
"""Errors by which no text will ever arrive there: no such number, unknown, or a landline."""

_LEFT = "21610"
"""The error of a text to somebody who answered STOP."""


class Text(msgspec.Struct, frozen=True):
    """A text that somebody sent us.

    Attributes:
        sid: What Twilio calls it.
        sender: The number it came from, E.164.
        words: What it says.
        asked: ``STOP``, ``START`` or ``HELP`` where Twilio read it as that and answered; else empty.
    """

    sid: str
    sender: str
    words: str
    asked: str


class _Form(Mapping[str, str]):
    """What a form says: of a name that comes more than once the first, and all for who signs."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._all: dict[str, list[str]] = {}
        for name, said in pairs:
            self._all.setdefault(name, []).append(said)

    def getall(self, name: str) -> list[str]:
        """Give all that was said under a name; Twilio's library asks by this word."""
        return self._all[name]

    def __getitem__(self, name: str) -> str:
        return self._all[name][0]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)


def prove_twilio(token: str, url: str, headers: Mapping[str, str], body: bytes) -> Mapping[str, str]:
    """Hold a request to its signature; give what its form, or its JSON, says.

    Args:
        token: The account's auth token.
        url: The address it was posted to as Twilio knows it, with its query.
        headers: Its headers, by name in lower case.
        body: Its body.

    Raises:
        ForgedError: It is not signed with the token, over this address and this body.
        MalformedError: It is signed, and no form and no JSON object.
    """
    said = _read_form(body) if "json" not in headers.get("content-type", "") else _Form([])
    hashes = parse_qs(urlsplit(url).query).get(_BODY_HASH, [])
    if hashes:
        if not hmac.compare_digest(sha256(body).hexdigest(), hashes[0].lower()):
            msg = f"expected a body with the hash of {_BODY_HASH}, got another"
            raise ForgedError(msg)
        signed = _Form([])
    else:
        signed = said
    shown = headers.get(SIGNATURE, "")
    expected = [RequestValidator(token).compute_signature(each, signed) for each in _spellings(url)]
    if not any(hmac.compare_digest(each.encode(), shown.encode("utf-8", "replace")) for each in expected):
        where = urlsplit(url)._replace(query="").geturl()
        msg = (
            f"expected {SIGNATURE} made with UPSELL_TWILIO_AUTH_TOKEN over {where}, got another; look at "
            "UPSELL_PUBLIC_URL and at the address set at Twilio"
        )
        raise ForgedError(msg)
    if "json" in headers.get("content-type", ""):
        if not hashes:
            msg = f"expected {_BODY_HASH} in the address of a request with JSON, got none"
            raise ForgedError(msg)
        return _read_json(body)
    return said


def read_status(said: Mapping[str, str], key: str, now: Moment) -> Reading:
    """Read what became of a text; ``key`` is the message's key, as the callback's address holds it."""
    sid, status = id_in(said.get("MessageSid") or said.get("SmsSid")), said.get("MessageStatus", "")
    status = (status or said.get("SmsStatus", "")).casefold()
    shown = " ".join(f"{name}={said[name][:60]}" for name in sorted(said) if name in _SHOWN)
    if sid is None or not status:
        message = "expected MessageSid and MessageStatus, got no such thing"
        return Reading((), (Unread("body", "invalid", message, shown),))
    if status in _ON_ITS_WAY:
        return Reading((), (), 1)
    kind = _KINDS.get(status)
    if kind is None:
        message = f"expected a MessageStatus such as delivered, undelivered or failed, got {status[:60]!r}"
        return Reading((), (Unread("body", "unknown_kind", message, shown),))
    code = said.get("ErrorCode", "")
    if code == _LEFT:
        kind = Kind.WITHDRAWN
    to = said.get("To", "")
    report = Report(
        kind=kind,
        id=f"{sid}/{status}",
        at=now,
        keys=keys_in(key),
        provider_ids=(sid,),
        recipients=(to,) if _NUMBER.fullmatch(to) else (),
        is_soft=code not in _GONE,
        status=code if code.isdecimal() else "",
        reason=words_in(said.get("ErrorMessage") or _REASONS.get(code, "")),
    )
    return Reading((report,))


def read_text(said: Mapping[str, str]) -> Text:
    """Read a text that somebody sent.

    Raises:
        MalformedError: It does not say which it is, or from which number it came.
    """
    sid, sender = id_in(said.get("MessageSid") or said.get("SmsSid")), said.get("From", "")
    if sid is None or not _NUMBER.fullmatch(sender):
        msg = "expected MessageSid and From with a number such as +15551234567, got no such thing"
        raise MalformedError(msg)
    asked = said.get("OptOutType", "").strip().upper()
    return Text(sid, sender, said.get("Body", ""), asked if asked in ("STOP", "START", "HELP") else "")


_KINDS: Final = {"delivered": Kind.DELIVERED, "undelivered": Kind.BOUNCED, "failed": Kind.BOUNCED}

_REASONS: Final = {
    "30003": "the phone cannot be reached",
    "30004": "blocked by the carrier or the phone",
    "30005": "the number is unknown or out of service",
    "30006": "a landline, or a carrier that cannot be reached",
    "30007": "filtered by the carrier or Twilio",
    "30008": "an error nobody knows",
}

_SHOWN: Final = frozenset({"MessageSid", "MessageStatus", "SmsStatus", "ErrorCode"})
"""What may be kept of a request that is not understood: no number and no words."""


def _spellings(url: str) -> list[str]:
    """Give an address without its port and with it: either may have been signed.

    Twilio signs a host as it was written there, so it is given as it was written here and in small letters.
    """
    parts = urlsplit(url)
    host = _PORT.sub("", parts.netloc.rpartition("@")[2])
    port = parts.port or (443 if parts.scheme == "https" else 80)
    hosts = dict.fromkeys((host, host.lower()))
    return [parts._replace(netloc=each + end).geturl() for each in hosts for end in ("", f":{port}")]


def _read_form(body: bytes) -> _Form:
    try:
        return _Form(parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=500))
    except (UnicodeDecodeError, ValueError):
        return _Form([])


def _read_json(body: bytes) -> Mapping[str, str]:
    try:
        said = msgspec.json.decode(body, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        msg = f"expected one JSON object, got: {error}"
        raise MalformedError(msg) from error
    return {name: str(value) for name, value in said.items() if isinstance(value, str | int)}
