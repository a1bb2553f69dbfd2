"""SNS: the envelope in which Amazon hands over what SES says, signed with a certificate of Amazon's.

The laws: a certificate is fetched from SNS itself and from nowhere else, after the topic was found to be
one of ours; a subscription is confirmed at an address that is made here, never at one that came. Source:
Amazon SNS, Verifying the signatures of Amazon SNS messages, and Parsing Amazon SNS message formats.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection
from typing import Final
from urllib.parse import quote

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from upsell.clock import Moment, from_datetime
from upsell.errors import ConfigError, IntakeError
from upsell.sources.reports import ForgedError

NOTIFICATION: Final = "Notification"
CONFIRMATION: Final = "SubscriptionConfirmation"
GOODBYE: Final = "UnsubscribeConfirmation"

_URL = re.compile(r"https://sns\.[a-z0-9-]{3,30}\.amazonaws\.com(\.cn)?/[!-~]*")
_TOPIC = re.compile(r"arn:(aws|aws-cn|aws-us-gov):sns:([a-z0-9-]{3,30}):\d{12}:[A-Za-z0-9_.-]{1,260}")
_CERTIFICATE = re.compile(r"https://([a-z0-9.-]{1,100})/SimpleNotificationService-[A-Za-z0-9]{1,64}\.pem")
_HASHES = {"1": SHA1, "2": SHA256}
_TYPES = (NOTIFICATION, CONFIRMATION, GOODBYE)


class Envelope(msgspec.Struct, rename="pascal", frozen=True):
    """What is signed, and the signature."""

    type: str
    message: str
    message_id: str
    timestamp: str
    topic_arn: str
    signature: str
    signature_version: str
    certificate_url: str = msgspec.field(name="SigningCertURL")
    subject: str | None = None
    subscribe_url: str | None = msgspec.field(default=None, name="SubscribeURL")
    token: str | None = None


_read = msgspec.json.Decoder(Envelope).decode


def read_envelope(body: bytes) -> Envelope:
    """Read a request.

    Raises:
        IntakeError: It is no message of SNS; one delivered raw has no signature and is none.
    """
    try:
        envelope = _read(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        msg = (
            f'expected a message of SNS, {{"Type": "Notification", "Signature": ...}}, got: {error}; '
            "raw message delivery must be off"
        )
        raise IntakeError(msg) from error
    if envelope.type not in _TYPES:
        msg = f"expected Type {', '.join(_TYPES)}, got {envelope.type[:60]!r}"
        raise IntakeError(msg)
    return envelope


def read_topics(written: str) -> frozenset[str]:
    """Give the topics of a setting, with commas between; none when it is empty.

    Raises:
        ConfigError: One is no ARN of a topic.
    """
    topics = frozenset(each.strip() for each in written.split(",")) - {""}
    for topic in sorted(topics):
        if _TOPIC.fullmatch(topic) is None:
            msg = (
                "expected UPSELL_SES_TOPICS to be ARNs of SNS topics such as "
                f"arn:aws:sns:eu-west-1:123456789012:mail, got {topic!r}"
            )
            raise ConfigError(msg)
    return topics


def check_topic(envelope: Envelope, topics: Collection[str]) -> None:
    """Hold a message to being of a topic of ours, before anything is fetched for it.

    Raises:
        ForgedError: It is not.
    """
    if envelope.topic_arn not in topics:
        msg = f"expected a topic of UPSELL_SES_TOPICS, got {envelope.topic_arn[:120]!r}"
        raise ForgedError(msg)


def check_certificate_url(envelope: Envelope) -> str:
    """Give the address of the certificate, which is SNS's own of the topic's region.

    Raises:
        ForgedError: It is another.
    """
    url = envelope.certificate_url
    found = _CERTIFICATE.fullmatch(url)
    if found is None or found[1] != _host(envelope.topic_arn):
        msg = f"expected SigningCertURL at https://{_host(envelope.topic_arn)}/, got {url[:120]!r}"
        raise ForgedError(msg)
    return url


def prove_sns(envelope: Envelope, certificate: bytes, now: Moment) -> None:
    """Hold a message to its signature by a certificate, as PEM.

    Raises:
        ForgedError: The certificate is none that is good now, or the signature is not its.
    """
    hashed = _HASHES.get(envelope.signature_version)
    if hashed is None:
        msg = f"expected SignatureVersion 1 or 2, got {envelope.signature_version[:20]!r}"
        raise ForgedError(msg)
    try:
        read = x509.load_pem_x509_certificate(certificate)
        key = read.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        msg = "expected a certificate where SigningCertURL points, got none"
        raise ForgedError(msg) from error
    begins_at, ends_at = from_datetime(read.not_valid_before_utc), from_datetime(read.not_valid_after_utc)
    if not isinstance(key, RSAPublicKey) or not begins_at <= now <= ends_at:
        msg = "expected a certificate that is good now, with an RSA key"
        raise ForgedError(msg)
    try:
        signature = base64.b64decode(envelope.signature, validate=True)
        key.verify(signature, _signed(envelope), PKCS1v15(), hashed())
    except (binascii.Error, ValueError, InvalidSignature) as error:
        msg = "expected a signature by Amazon's certificate, got another"
        raise ForgedError(msg) from error


def confirmation_url(envelope: Envelope) -> str:
    """Give where a subscription is confirmed: made of the topic and the token, not what came."""
    topic, token = quote(envelope.topic_arn, safe=""), quote(envelope.token or "", safe="")
    host = _host(envelope.topic_arn)
    return f"https://{host}/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}&Version=2010-03-31"


def is_sns_url(url: str) -> bool:
    """Tell whether an address is on a host of SNS, over https: nothing else is ever fetched."""
    return _URL.fullmatch(url) is not None


def _host(topic: str) -> str:
    found = _TOPIC.fullmatch(topic)
    if found is None:
        return ""
    return f"sns.{found[2]}.amazonaws.com" + (".cn" if found[1] == "aws-cn" else "")


def _signed(envelope: Envelope) -> bytes:
    """Give what is signed: names and values of some fields, by name, each on a line of its own."""
    fields = {
        "Message": envelope.message,
        "MessageId": envelope.message_id,
        "Subject": envelope.subject,
        "SubscribeURL": envelope.subscribe_url,
        "Timestamp": envelope.timestamp,
        "Token": envelope.token,
        "TopicArn": envelope.topic_arn,
        "Type": envelope.type,
    }
    left_out = {"SubscribeURL", "Token"} if envelope.type == NOTIFICATION else {"Subject"}
    lines = (
        f"{name}\n{value}\n" for name, value in fields.items() if value is not None and name not in left_out
    )
    return "".join(lines).encode("utf-8", "surrogatepass")
