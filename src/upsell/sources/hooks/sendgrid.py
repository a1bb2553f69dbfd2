"""SendGrid's event webhook: a JSON array of what happened, signed with ECDSA.

The signature is over the timestamp and the body as it came (P-256, SHA-256, DER in base64); the key shown in
SendGrid's settings is the base64 of a public key in DER. Source: Twilio SendGrid, Event Webhook Reference and
Getting Started with the Event Webhook Security Features.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from upsell.errors import ConfigError
from upsell.sources.reports import (
    ForgedError,
    Kind,
    MalformedError,
    Reading,
    Report,
    Unread,
    addresses_in,
    id_in,
    join_readings,
    keys_in,
    moment_in,
    words_in,
)

SIGNATURE: Final = "x-twilio-email-event-webhook-signature"
TIMESTAMP: Final = "x-twilio-email-event-webhook-timestamp"

_NO_REPORT = frozenset({"processed", "deferred", "group_resubscribe", "account_status_change"})
_KINDS = {
    "delivered": Kind.DELIVERED,
    "bounce": Kind.BOUNCED,
    "spamreport": Kind.COMPLAINED,
    "open": Kind.OPENED,
    "click": Kind.CLICKED,
    "unsubscribe": Kind.WITHDRAWN,
    "group_unsubscribe": Kind.WITHDRAWN,
}
_DROPPED = {
    "bounced address": Kind.BOUNCED,
    "invalid": Kind.BOUNCED,
    "spam reporting address": Kind.COMPLAINED,
    "unsubscribed address": Kind.WITHDRAWN,
}
"""What a message that SendGrid did not even try says of its address, by the reason it gives."""


_NO_KEY = (
    "expected UPSELL_SENDGRID_PUBLIC_KEY to be the verification key that SendGrid shows (base64 of a P-256 "
    "public key), got another text"
)


class _Said(msgspec.Struct):
    """The fields that are read; all others are left alone."""

    event: str
    timestamp: int | float
    sg_event_id: str | None = None
    sg_message_id: str | None = None
    smtp_id: str | None = msgspec.field(default=None, name="smtp-id")
    key: str | None = None
    email: str | None = None
    type: str | None = None
    reason: str | None = None
    status: str | None = None
    url: str | None = None
    sg_machine_open: bool = False


_read_array = msgspec.json.Decoder(list[msgspec.Raw]).decode
_read_item = msgspec.json.Decoder(_Said).decode


def read_public_key(written: str) -> EllipticCurvePublicKey:
    """Give the key of SendGrid's settings.

    Raises:
        ConfigError: It is no base64 of a P-256 public key in DER.
    """
    try:
        key = load_der_public_key(base64.b64decode("".join(written.split()), validate=True))
    except (binascii.Error, ValueError, UnsupportedAlgorithm) as error:
        raise ConfigError(_NO_KEY) from error
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise ConfigError(_NO_KEY)
    return key


def prove_sendgrid(key: EllipticCurvePublicKey, signature: str, timestamp: str, body: bytes) -> None:
    """Hold a request to its signature.

    Raises:
        ForgedError: It has none, or not one of the key's.
    """
    if not signature or not timestamp:
        msg = f"expected {SIGNATURE} and {TIMESTAMP}, got no such header; enable Signed Event Webhook"
        raise ForgedError(msg)
    try:
        signed = base64.b64decode(signature, validate=True)
        key.verify(signed, timestamp.encode("utf-8", "replace") + body, ECDSA(SHA256()))
    except (binascii.Error, ValueError, InvalidSignature) as error:
        msg = "expected a signature by the key of UPSELL_SENDGRID_PUBLIC_KEY, got another"
        raise ForgedError(msg) from error


def read_sendgrid(body: bytes) -> Reading:
    """Read a request; an item that cannot be read takes no other with it.

    Raises:
        MalformedError: It is no JSON array.
    """
    try:
        items = _read_array(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        msg = f'expected a JSON array such as [{{"event": "bounce", ...}}], got: {error}'
        raise MalformedError(msg) from error
    return join_readings(_item(str(place), bytes(item)) for place, item in enumerate(items))


def _item(place: str, body: bytes) -> Reading:
    shown = body.decode("utf-8", "replace")
    try:
        said = _read_item(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        message = f'expected {{"event": ..., "timestamp": ...}} at {place}, got: {error}'
        return Reading((), (Unread(place, "invalid", message, shown),))
    kind = _DROPPED.get(_dropped(said)) if said.event == "dropped" else _KINDS.get(said.event)
    # An open that a mailbox made by itself is nobody's.
    if said.event in _NO_REPORT or said.sg_machine_open or (said.event == "dropped" and kind is None):
        return Reading((), (), 1)
    if kind is None:
        message = f"expected a known event such as bounce at {place}, got {said.event[:60]!r}"
        return Reading((), (Unread(place, "unknown_kind", message, shown),))
    at, own_id = moment_in(said.timestamp), id_in(said.sg_event_id)
    if at is None or own_id is None:
        wrong, got = ("timestamp", said.timestamp) if at is None else ("sg_event_id", said.sg_event_id)
        message = f"expected {wrong} at {place}, got {str(got)[:60]!r}"
        return Reading((), (Unread(place, "invalid", message, shown),))
    message_id = id_in((said.sg_message_id or "").partition(".")[0])
    report = Report(
        kind=kind,
        id=own_id,
        at=at,
        keys=keys_in(said.key, said.smtp_id),
        provider_ids=(message_id,) if message_id is not None else (),
        recipients=addresses_in(said.email),
        is_soft=kind is Kind.BOUNCED and said.type == "blocked",
        status=words_in(said.status)[:20],
        reason=words_in(said.reason),
        link=words_in(said.url),
    )
    return Reading((report,))


def _dropped(said: _Said) -> str:
    return (said.reason or "").strip().casefold()
