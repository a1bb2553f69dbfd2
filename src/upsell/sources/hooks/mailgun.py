"""Mailgun's webhooks: one JSON object with a signature and what happened.

The signature is HMAC-SHA256 over timestamp and token, in hexadecimal. It does not cover what happened, so a
token is good once: with another body it is forged, with the same it was sent again. Mailgun tries again for
eight hours. Source: Mailgun, Webhooks, and Securing webhooks.
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Any, Final

import msgspec

from upsell.clock import HOUR, MINUTE, Duration, Moment
from upsell.errors import IntakeError
from upsell.sources.reports import (
    ForgedError,
    Kind,
    Reading,
    Report,
    Unread,
    addresses_in,
    id_in,
    keys_in,
    moment_in,
    words_in,
)

OLDEST: Final[Duration] = 12 * HOUR
"""How old a signature may be: tries go on for eight hours."""

NEWEST: Final[Duration] = 5 * MINUTE
"""How far ahead a signature may be: clocks differ."""

_NO_REPORT = frozenset({"accepted", "rejected", "stored", "list_member_uploaded", "list_uploaded"})
_KINDS = {
    "delivered": Kind.DELIVERED,
    "complained": Kind.COMPLAINED,
    "opened": Kind.OPENED,
    "clicked": Kind.CLICKED,
    "unsubscribed": Kind.WITHDRAWN,
}
_ABOUT_THE_MAIL = frozenset({"espblock", "old", "greylisted"})
"""Permanent failures that say nothing of the address."""


class Signature(msgspec.Struct, frozen=True):
    """What a request proves itself with."""

    timestamp: str
    token: str
    signature: str


class _Signed(msgspec.Struct):
    signature: Signature
    said: msgspec.Raw = msgspec.field(name="event-data")


class _Status(msgspec.Struct):
    code: int | str | None = None
    enhanced_code: str | None = msgspec.field(default=None, name="enhanced-code")
    message: str | None = None
    description: str | None = None
    bounce_type: str | None = msgspec.field(default=None, name="bounce-type")


class _Headers(msgspec.Struct):
    message_id: str | None = msgspec.field(default=None, name="message-id")


class _Message(msgspec.Struct):
    headers: _Headers | None = None


class _Client(msgspec.Struct):
    bot: str | None = None


class _Said(msgspec.Struct):
    """The fields that are read; all others are left alone."""

    event: str
    timestamp: int | float
    id: str | None = None
    recipient: str | None = None
    severity: str | None = None
    reason: str | None = None
    url: str | None = None
    status: _Status | None = msgspec.field(default=None, name="delivery-status")
    message: _Message | None = None
    client: _Client | None = msgspec.field(default=None, name="client-info")
    variables: Any = msgspec.field(default=None, name="user-variables")


_read_signed = msgspec.json.Decoder(_Signed).decode
_read_said = msgspec.json.Decoder(_Said).decode


def read_signed(body: bytes) -> tuple[Signature, bytes]:
    """Take a request apart into its signature and what it says.

    Raises:
        IntakeError: It is no JSON object of the two.
    """
    try:
        signed = _read_signed(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        msg = f'expected {{"signature": {{...}}, "event-data": {{...}}}}, got: {error}'
        raise IntakeError(msg) from error
    return signed.signature, bytes(signed.said)


def prove_mailgun(key: str, shown: Signature, now: Moment) -> None:
    """Hold a request to its signature; whether its token is new is for the caller.

    Raises:
        ForgedError: It is not the key's, too old or from the future.
    """
    signed = f"{shown.timestamp}{shown.token}".encode("utf-8", "replace")
    due = hmac.new(key.encode(), signed, sha256).hexdigest()
    if not hmac.compare_digest(due.encode(), shown.signature.encode("utf-8", "replace")):
        msg = "expected a signature by UPSELL_MAILGUN_SIGNING_KEY, got another"
        raise ForgedError(msg)
    at = moment_in(int(shown.timestamp)) if shown.timestamp.isascii() and shown.timestamp.isdigit() else None
    if at is None or not now - OLDEST <= at <= now + NEWEST:
        msg = f"expected a signature of the last 12 hours, got one of {shown.timestamp[:20]}"
        raise ForgedError(msg)


def read_mailgun(body: bytes) -> Reading:
    """Read what a request says."""
    shown = body.decode("utf-8", "replace")
    try:
        said = _read_said(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        message = f'expected {{"event": ..., "timestamp": ...}} as event-data, got: {error}'
        return _unread("invalid", message, shown)
    kind = _kind(said)
    is_machine = said.client is not None and bool(said.client.bot)
    if said.event in _NO_REPORT or is_machine or (said.event == "failed" and said.severity == "temporary"):
        return Reading((), (), 1)
    if kind is None:
        what = f"{said.event[:60]!r} ({str(said.severity)[:30]})"
        return _unread("unknown_kind", f"expected a known event such as failed, got {what}", shown)
    at, own_id = moment_in(said.timestamp), id_in(said.id)
    if at is None or own_id is None:
        wrong, got = ("timestamp", said.timestamp) if at is None else ("id", said.id)
        return _unread("invalid", f"expected {wrong} in event-data, got {str(got)[:60]!r}", shown)
    status = said.status or _Status()
    headers = said.message.headers if said.message is not None else None
    variables = said.variables if isinstance(said.variables, dict) else {}
    report = Report(
        kind=kind,
        id=own_id,
        at=at,
        keys=keys_in(variables.get("key"), headers.message_id if headers is not None else None),
        recipients=addresses_in(said.recipient),
        is_soft=kind is Kind.BOUNCED and (said.reason in _ABOUT_THE_MAIL or status.bounce_type == "soft"),
        status=words_in(status.enhanced_code)[:20],
        reason=words_in(str(status.code or ""), status.message or status.description or said.reason),
        link=words_in(said.url),
    )
    return Reading((report,))


def _kind(said: _Said) -> Kind | None:
    if said.event != "failed":
        return _KINDS.get(said.event)
    if said.severity != "permanent":
        return None
    # What Mailgun holds back because of what it was told before.
    return {"suppress-complaint": Kind.COMPLAINED, "suppress-unsubscribe": Kind.WITHDRAWN}.get(
        said.reason or "", Kind.BOUNCED
    )


def _unread(code: str, message: str, shown: str) -> Reading:
    return Reading((), (Unread("event-data", code, message, shown),))
