"""Providers of mail for tests: requests to webhooks, signed as each provider signs, with keys made here."""

from __future__ import annotations

import base64
import hmac
import json
from datetime import timedelta
from hashlib import sha256
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from tests.stories.world import START
from upsell.clock import DAY, SECOND, Moment, format_moment, to_datetime
from upsell.sources.hooks import postmark, sendgrid

TOPIC = "arn:aws:sns:eu-west-1:123456789012:mail"
CERTIFICATE_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem"

_RSA = rsa.generate_private_key(65537, 2048)
_EC = ec.generate_private_key(ec.SECP256R1())

POSTMARK_SECRET = "correct-horse"
MAILGUN_KEY = "key-0123456789"
SENDGRID_KEY = base64.b64encode(
    _EC.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
).decode()


def certificate(
    begins_at: Moment = START - 1_000 * DAY, ends_at: Moment = START + 10_000 * DAY, key: Any = _RSA
) -> bytes:
    """Make the certificate that SNS would show."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(to_datetime(begins_at))
        .not_valid_after(to_datetime(ends_at) + timedelta(0))
        .sign(key, SHA256())
    )
    return made.public_bytes(Encoding.PEM)


def sns(message: Any, *, version: str = "2", kind: str = "Notification", **changed: Any) -> bytes:
    """Sign a message as SNS does; ``changed`` is put in after signing, but for what is signed as it is."""
    envelope: dict[str, Any] = {
        "Type": kind,
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Message": message if isinstance(message, str) else json.dumps(message),
        "Timestamp": "2026-01-05T12:00:00.000Z",
        "SignatureVersion": version,
        "SigningCertURL": CERTIFICATE_URL,
    }
    if kind == "Notification":
        envelope["Subject"] = "Amazon SES Email Event Notification"
        names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    else:
        envelope |= {"SubscribeURL": "https://evil.example/confirm", "Token": "2336412f37f"}
        names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    envelope |= {name: changed.pop(name) for name in ("TopicArn", "Timestamp") if name in changed}
    signed = "".join(f"{name}\n{envelope[name]}\n" for name in names).encode()
    hashed = SHA1() if version == "1" else SHA256()  # what version 1 of SNS signs with
    envelope["Signature"] = base64.b64encode(_RSA.sign(signed, PKCS1v15(), hashed)).decode()
    return json.dumps(envelope | changed).encode()


def ses(kind: str, key: str, address: str, at: Moment, **said: Any) -> dict[str, Any]:
    """Write what SES says of one message, as a notification with the original headers."""
    name = kind.lower()
    told: dict[str, Any] = {"timestamp": format_moment(at), "feedbackId": f"0100-{key[:12]}-{name}"}
    if kind == "Bounce":
        told |= {
            "bounceType": "Permanent",
            "bounceSubType": "General",
            "bouncedRecipients": [
                {
                    "emailAddress": address,
                    "status": "5.1.1",
                    "action": "failed",
                    "diagnosticCode": "smtp; 550 5.1.1 user unknown",
                }
            ],
        }
    elif kind == "Complaint":
        told |= {"complainedRecipients": [{"emailAddress": address}], "complaintFeedbackType": "abuse"}
    else:
        told |= {"recipients": [address], "smtpResponse": "250 ok", "processingTimeMillis": 546}
    return {
        "notificationType": kind,
        name: told | said,
        "mail": {
            "timestamp": format_moment(at),
            "source": "news@acme.example",
            "messageId": f"0100{key[:20]}-000000",
            "destination": [address],
            "headersTruncated": False,
            "headers": [{"name": "Message-ID", "value": f"<{key}@acme.example>"}],
            "commonHeaders": {"messageId": f"<{key}@acme.example>", "to": [address]},
        },
    }


def postmark_said(kind: str, key: str, address: str, at: Moment, **said: Any) -> bytes:
    """Write what Postmark says of one message."""
    moments = {"Bounce": "BouncedAt", "SpamComplaint": "BouncedAt", "Delivery": "DeliveredAt"}
    told: dict[str, Any] = {
        "RecordType": kind,
        "MessageID": f"883953f4-6105-42a2-a16a-{key[:12]}",
        "MessageStream": "broadcasts",
        "Metadata": {"key": key},
        "Recipient" if kind in ("Delivery", "Open", "Click") else "Email": address,
        moments.get(kind, "ReceivedAt"): format_moment(at),
    }
    if kind == "Bounce":
        told |= {"ID": int(key[:8], 16), "Type": "HardBounce", "TypeCode": 1, "Name": "Hard bounce"}
        told |= {"Description": "The server was unable to deliver.", "Details": "550 no such user"}
    return json.dumps(told | said).encode()


def postmark_headers(secret: str = POSTMARK_SECRET, *, is_basic: bool = False) -> dict[str, str]:
    """Give the headers that hold Postmark's secret."""
    if not is_basic:
        return {postmark.HEADER: secret}
    return {"authorization": "Basic " + base64.b64encode(f"postmark:{secret}".encode()).decode()}


def sendgrid_item(kind: str, key: str, address: str, at: Moment, **said: Any) -> dict[str, Any]:
    """Write what SendGrid says of one message."""
    told: dict[str, Any] = {
        "email": address,
        "timestamp": at // SECOND,
        "smtp-id": f"<{key}@acme.example>",
        "event": kind,
        "sg_event_id": f"ZGVs{key[:16]}{kind}",
        "sg_message_id": f"{key[:22]}.recvd-5f54b5d587-pczjm-1-67BADEEA-6.0",
    }
    if kind == "bounce":
        told |= {"type": "bounce", "reason": "550 5.1.1 user unknown", "status": "5.1.1"}
    return told | said


def sendgrid_headers(body: bytes, timestamp: str = "1767614400") -> dict[str, str]:
    """Sign a body as SendGrid does."""
    signature = _EC.sign(timestamp.encode() + body, ec.ECDSA(SHA256()))
    return {
        sendgrid.SIGNATURE: base64.b64encode(signature).decode(),
        sendgrid.TIMESTAMP: timestamp,
    }


def mailgun_signed(said: Any, at: Moment, token: str = "a" * 50, key: str = MAILGUN_KEY) -> bytes:
    """Sign what is said as Mailgun does."""
    timestamp = str(at // SECOND)
    signature = hmac.new(key.encode(), f"{timestamp}{token}".encode(), sha256).hexdigest()
    signed = {"timestamp": timestamp, "token": token, "signature": signature}
    return json.dumps({"signature": signed, "event-data": said}).encode()


def mailgun_said(kind: str, key: str, address: str, at: Moment, **said: Any) -> dict[str, Any]:
    """Write what Mailgun says of one message."""
    told: dict[str, Any] = {
        "event": kind,
        "id": f"G9Bn5sl1TC6nu79C{key[:8]}{kind}",
        "timestamp": at / SECOND,
        "recipient": address,
        "message": {"headers": {"message-id": f"{key}@acme.example", "to": address}},
    }
    if kind == "failed":
        told |= {
            "severity": "permanent",
            "reason": "bounce",
            "delivery-status": {"code": 550, "enhanced-code": "5.1.1", "message": "user unknown"},
        }
    return told | said
