"""SES: what became of messages, as it is said inside a message of SNS.

SES gives a message an id and a Message-ID of its own; ours is in ``mail.headers`` or ``mail.commonHeaders``
where the topic includes original headers, and the id is what SES answered when it accepted the message. Both
forms are read: notifications of an identity and events of a configuration set. Source: Amazon SES, Amazon
SNS notification contents for Amazon SES, and Contents of event data.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from upsell.sources.reports import (
    Kind,
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

_NO_REPORT = frozenset(
    {
        "Send",
        "Reject",
        "DeliveryDelay",
        "Rendering Failure",
        "RenderingFailure",
        "AmazonSnsSubscriptionSucceeded",
    }
)


class _Header(msgspec.Struct):
    name: str
    value: str


class _CommonHeaders(msgspec.Struct, rename="camel"):
    message_id: str | None = None


class _Mail(msgspec.Struct, rename="camel"):
    message_id: str
    destination: list[str] = []
    headers: list[_Header] = []
    common_headers: _CommonHeaders | None = None


class _Recipient(msgspec.Struct, rename="camel"):
    email_address: str
    status: str | None = None
    diagnostic_code: str | None = None


class _Bounce(msgspec.Struct, rename="camel"):
    bounce_type: str
    bounced_recipients: list[_Recipient]
    timestamp: str
    bounce_sub_type: str | None = None
    feedback_id: str | None = None


class _Complaint(msgspec.Struct, rename="camel"):
    complained_recipients: list[_Recipient]
    timestamp: str
    feedback_id: str | None = None
    complaint_feedback_type: str | None = None


class _Delivery(msgspec.Struct, rename="camel"):
    timestamp: str
    recipients: list[str] = []


class _Open(msgspec.Struct, rename="camel"):
    timestamp: str


class _Click(msgspec.Struct, rename="camel"):
    timestamp: str
    link: str | None = None


class _Preferences(msgspec.Struct, rename="camel"):
    unsubscribe_all: bool = False


class _Subscription(msgspec.Struct, rename="camel"):
    timestamp: str
    new_topic_preferences: _Preferences | None = None


class _Said(msgspec.Struct, rename="camel"):
    """The fields that are read; all others are left alone."""

    mail: _Mail | None = None
    notification_type: str | None = None
    event_type: str | None = None
    bounce: _Bounce | None = None
    complaint: _Complaint | None = None
    delivery: _Delivery | None = None
    open: _Open | None = None
    click: _Click | None = None
    subscription: _Subscription | None = None


_read = msgspec.json.Decoder(_Said).decode


def read_ses(message: str) -> Reading:
    """Read what SES says inside a message of SNS.

    What cannot be read is kept aside, whatever it is: refused, SNS would only send it again.
    """
    if message.startswith("Successfully validated SNS topic"):
        return Reading((), (), 1)
    try:
        said = _read(message.encode("utf-8", "surrogatepass"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return _unread("invalid", f'expected {{"notificationType": ..., "mail": ...}}, got: {error}', message)
    named = said.notification_type or said.event_type or ""
    if named in _NO_REPORT:
        return Reading((), (), 1)
    if said.mail is None:
        return _unread("invalid", "expected mail in the message, got none", message)
    return _read_named(named, said, _About(said.mail, message))


def _read_named(named: str, said: _Said, about: _About) -> Reading:
    match named:
        case "Bounce" if said.bounce is not None:
            return _bounces(about, said.bounce)
        case "Complaint" if said.complaint is not None:
            return _complaints(about, said.complaint)
        case "Delivery" if said.delivery is not None:
            return about.told(Kind.DELIVERED, said.delivery.timestamp, said.delivery.recipients)
        case "Open" if said.open is not None:
            return about.told(Kind.OPENED, said.open.timestamp, about.recipients)
        case "Click" if said.click is not None:
            link = words_in(said.click.link)
            return about.told(Kind.CLICKED, said.click.timestamp, about.recipients, link=link)
        case "Subscription" if said.subscription is not None:
            return _subscription(about, said.subscription)
        case _:
            known = "Bounce, Complaint or Delivery, with an object of that name"
            words = f"expected notificationType {known}, got {named[:60]!r}"
            return _unread("unknown_kind", words, about.message)


class _About:
    """What everything said of one message shares.

    Attributes:
        message: What came.
        id: What SES calls the message, None when it does not say.
        recipients: To whom it went.
    """

    def __init__(self, mail: _Mail, message: str) -> None:
        """Read which message it is."""
        ours = [header.value for header in mail.headers if header.name.casefold() == "message-id"]
        common = mail.common_headers.message_id if mail.common_headers is not None else None
        self.message = message
        self.id = id_in(mail.message_id)
        self.recipients = mail.destination
        self._keys = keys_in(*ours, common)

    def told(
        self, kind: Kind, said_at: str, recipients: Sequence[str], own_id: str | None = None, **said: Any
    ) -> Reading:
        """Give a report for each recipient."""
        at, given_id = moment_in(said_at), id_in(own_id) or self.id
        if at is None or given_id is None or self.id is None:
            wrong = "a timestamp with a zone" if at is None else "an id"
            return _unread("invalid", f"expected {wrong}, got {said_at[:60]!r}", self.message)
        if not recipients:
            words = f"expected a recipient of what was {kind.value}, got none"
            return _unread("invalid", words, self.message)
        reports = (
            Report(
                kind=kind,
                id=f"{given_id}/{kind.value}/{said_at}/{place}",
                at=at,
                keys=self._keys,
                provider_ids=(self.id,),
                recipients=addresses_in(recipient),
                **said,
            )
            for place, recipient in enumerate(recipients[:50])
        )
        return Reading(tuple(reports))


def _bounces(about: _About, bounce: _Bounce) -> Reading:
    if bounce.bounce_type not in ("Permanent", "Transient", "Undetermined"):
        words = f"expected bounceType Permanent, Transient or Undetermined, got {bounce.bounce_type[:60]!r}"
        return _unread("unknown_kind", words, about.message)
    if not bounce.bounced_recipients:
        return _unread("invalid", "expected a recipient whose mail bounced, got none", about.message)
    usual = f"{bounce.bounce_type} {bounce.bounce_sub_type or ''}"
    return join_readings(
        about.told(
            Kind.BOUNCED,
            bounce.timestamp,
            [each.email_address],
            f"{bounce.feedback_id or about.id}/{place}",
            is_soft=bounce.bounce_type != "Permanent",
            status=words_in(each.status)[:20],
            reason=words_in(each.diagnostic_code or usual),
        )
        for place, each in enumerate(bounce.bounced_recipients[:50])
    )


def _complaints(about: _About, complaint: _Complaint) -> Reading:
    if complaint.complaint_feedback_type == "not-spam":
        return Reading((), (), 1)
    addresses = [each.email_address for each in complaint.complained_recipients]
    return about.told(Kind.COMPLAINED, complaint.timestamp, addresses, complaint.feedback_id)


def _subscription(about: _About, subscription: _Subscription) -> Reading:
    wanted = subscription.new_topic_preferences
    if wanted is None or not wanted.unsubscribe_all:
        return Reading((), (), 1)
    return about.told(Kind.WITHDRAWN, subscription.timestamp, about.recipients)


def _unread(code: str, message: str, shown: str) -> Reading:
    return Reading((), (Unread("Message", code, message, shown),))
