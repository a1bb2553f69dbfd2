"""Postmark's webhooks: one JSON object for each thing that happened.

Postmark does not sign. A webhook's address may carry Basic authorization, or the webhook a header of one's
own; either must hold the secret. Source: Postmark, Webhooks overview, and the pages of each kind.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import Any, Final

import msgspec

from upsell.sources.reports import (
    ForgedError,
    Kind,
    MalformedError,
    Reading,
    Report,
    Unread,
    addresses_in,
    id_in,
    keys_in,
    moment_in,
    words_in,
)

HEADER: Final = "x-upsell-secret"
"""The header of a webhook that may hold the secret."""

METADATA_KEY: Final = "key"
"""The field of a message's metadata that holds its key: Postmark writes a Message-ID of its own."""

_HARD = frozenset({"HardBounce", "BadEmailAddress", "ManuallyDeactivated"})
_SOFT = frozenset(
    {
        "Transient",
        "DnsError",
        "Unknown",
        "SoftBounce",
        "VirusNotification",
        "SpamNotification",
        "Unconfirmed",
        "Blocked",
        "DMARCPolicy",
    }
)
_NO_BOUNCE = frozenset(
    {
        "Subscribe",
        "AutoResponder",
        "AddressChange",
        "OpenRelayTest",
        "ChallengeVerification",
        "SMTPApiError",
        "InboundError",
        "TemplateRenderingFailed",
    }
)


class _Said(msgspec.Struct, rename="pascal"):
    """The fields that are read; all others are left alone."""

    record_type: str
    message_id: str | None = msgspec.field(default=None, name="MessageID")
    id: int | str | None = msgspec.field(default=None, name="ID")
    type: str | None = None
    email: str | None = None
    recipient: str | None = None
    description: str | None = None
    details: str | None = None
    bounced_at: str | None = None
    delivered_at: str | None = None
    received_at: str | None = None
    changed_at: str | None = None
    original_link: str | None = None
    suppress_sending: bool | None = None
    suppression_reason: str | None = None
    metadata: dict[str, Any] | None = None


_read = msgspec.json.Decoder(_Said).decode


def prove_postmark(secret: str, authorization: str, header: str) -> None:
    """Hold a request to its secret, in the password of Basic authorization or in the header.

    Raises:
        ForgedError: Neither holds it.
    """
    shown = header or _password(authorization)
    if not shown:
        msg = f"expected the secret in {HEADER} or as the password of Basic authorization, got neither"
        raise ForgedError(msg)
    if not hmac.compare_digest(shown.encode("utf-8", "replace"), secret.encode()):
        msg = "expected the secret of UPSELL_POSTMARK_SECRET, got another"
        raise ForgedError(msg)


def read_postmark(body: bytes) -> Reading:
    """Read a request.

    Raises:
        MalformedError: It is no JSON object with a ``RecordType``.
    """
    try:
        said = _read(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        msg = f'expected one JSON object such as {{"RecordType": "Bounce", "MessageID": ...}}, got: {error}'
        raise MalformedError(msg) from error
    shown = body.decode("utf-8", "replace")
    match said.record_type:
        case "Bounce":
            return _bounce(said, shown)
        case "SpamComplaint":
            return _reported(said, Kind.COMPLAINED, said.bounced_at, shown)
        case "Delivery":
            return _reported(said, Kind.DELIVERED, said.delivered_at, shown)
        case "Open":
            return _reported(said, Kind.OPENED, said.received_at, shown)
        case "Click":
            return _reported(said, Kind.CLICKED, said.received_at, shown)
        case "SubscriptionChange":
            is_own = said.suppress_sending and said.suppression_reason == "ManualSuppression"
            return _reported(said, Kind.WITHDRAWN, said.changed_at, shown) if is_own else Reading((), (), 1)
        case "Inbound" | "SMTPApiError":
            return Reading((), (), 1)
        case other:
            known = "Bounce, SpamComplaint, Delivery, Open, Click or SubscriptionChange"
            return _unread("unknown_kind", f"expected a RecordType {known}, got {other[:60]!r}", shown)


def _bounce(said: _Said, shown: str) -> Reading:
    if said.type in _NO_BOUNCE:
        return Reading((), (), 1)
    if said.type == "SpamComplaint":
        return _reported(said, Kind.COMPLAINED, said.bounced_at, shown)
    if said.type == "Unsubscribe":
        return _reported(said, Kind.WITHDRAWN, said.bounced_at, shown)
    if said.type not in _HARD | _SOFT:
        message = f"expected a known Type of bounce such as HardBounce, got {str(said.type)[:60]!r}"
        return _unread("unknown_kind", message, shown)
    return _reported(said, Kind.BOUNCED, said.bounced_at, shown, is_soft=said.type in _SOFT)


def _reported(said: _Said, kind: Kind, said_at: str | None, shown: str, *, is_soft: bool = False) -> Reading:
    at, message_id = moment_in(said_at), id_in(said.message_id)
    own_id = id_in(said.id)
    if at is None or message_id is None:
        wrong = "a time with a zone" if at is None else "MessageID"
        got = said_at if at is None else said.message_id
        return _unread("invalid", f"expected {wrong} in a {said.record_type}, got {str(got)[:60]!r}", shown)
    report = Report(
        kind=kind,
        id=own_id if own_id is not None else f"{message_id}/{kind.value}/{said_at}",
        at=at,
        keys=keys_in((said.metadata or {}).get(METADATA_KEY)),
        provider_ids=(message_id,),
        recipients=addresses_in(said.email, said.recipient),
        is_soft=is_soft,
        reason=words_in(said.type if kind is Kind.BOUNCED else "", said.description, said.details),
        link=words_in(said.original_link),
    )
    return Reading((report,))


def _unread(code: str, message: str, shown: str) -> Reading:
    return Reading((), (Unread("body", code, message, shown),))


def _password(authorization: str) -> str:
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""
