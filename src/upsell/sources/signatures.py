"""Signatures: how a request shows that whoever sent it has the secret, said as data.

One form covers what vendors do: a secret that is shown as it is, or a keyed hash (HMAC) over the body and
what else they put beside it. The laws: comparing takes the same time whatever is wrong; a signature that
states a time is good for a few minutes; and where a secret is being changed, any that is set will do.
"""

from __future__ import annotations

import base64
import binascii
import enum
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias, assert_never
from urllib.parse import unquote

import msgspec

from upsell.clock import MINUTE, SECOND, Duration, Moment, parse_moment
from upsell.errors import ConfigError
from upsell.sources.reports import ForgedError
from upsell.sources.source import Delivery

FIELDS: Final = ("body", "timestamp", "id", "method", "url", "secret")
"""What a template of what is signed may name."""

_FIELD: Final = re.compile(r"\{([a-z]+)\}")


class Coding(enum.Enum):
    """How a hash is written."""

    HEX = "hex"
    BASE64 = "base64"


class Unit(enum.Enum):
    """How a signature states its time."""

    SECONDS = "s"
    MILLISECONDS = "ms"
    ISO = "iso"


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """A keyed hash in a header; where the secret itself stands in what is hashed, a plain one.

    Attributes:
        header: The header that holds it, in small letters.
        hash: Which hash: sha1, sha256 or sha512.
        coding: How it is written.
        prefix: What stands before it, such as ``sha256=``.
        template: What is hashed, such as ``{timestamp}.{body}``.
        between: What parts the header's value into several; empty for one value.
        part: Name of the parts that are hashes, where they are written ``name=value``; else empty.
        time_part: Name of the part that is the time, where it stands in the same header.
        time_header: The header that holds the time; empty where none is stated, or it is a part.
        id_header: The header that holds the id of the delivery.
        unit: How the time is stated.
        tolerance: How far the time may be from now.
        is_key_coded: Whether the secret is written in base64, after ``whsec_``.
    """

    header: str
    hash: str = "sha256"
    coding: Coding = Coding.HEX
    prefix: str = ""
    template: str = "{body}"
    between: str = ""
    part: str = ""
    time_part: str = ""
    time_header: str = ""
    id_header: str = ""
    unit: Unit = Unit.SECONDS
    tolerance: Duration = 5 * MINUTE
    is_key_coded: bool = False


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A secret that is shown as it is: in a header after a prefix, or in what the address asks for."""

    header: str = ""
    prefix: str = ""
    query: str = ""


class Basic(msgspec.Struct, frozen=True):
    """A secret ``user:password`` that is shown as Basic authorization."""


Scheme: TypeAlias = Signed | Shown | Basic
"""How a request proves itself."""

PRESETS: Final[Mapping[str, Scheme]] = {
    "basic": Basic(),
    "bearer": Shown(header="authorization", prefix="Bearer "),
    "chargebee": Basic(),
    "delighted": Signed(header="x-delighted-webhook-signature", prefix="sha256="),
    "github": Signed(header="x-hub-signature-256", prefix="sha256="),
    "hubspot": Signed(
        header="x-hubspot-signature-v3",
        coding=Coding.BASE64,
        template="{method}{url}{body}{timestamp}",
        time_header="x-hubspot-request-timestamp",
        unit=Unit.MILLISECONDS,
    ),
    "hubspot-workflow": Signed(header="x-hubspot-signature", template="{secret}{method}{url}{body}"),
    "intercom": Signed(header="x-hub-signature", hash="sha1", prefix="sha1="),
    "launchdarkly": Signed(header="x-ld-signature"),
    "paddle": Signed(
        header="paddle-signature", template="{timestamp}:{body}", between=";", part="h1", time_part="ts"
    ),
    "shopify": Signed(header="x-shopify-hmac-sha256", coding=Coding.BASE64),
    "slack": Signed(
        header="x-slack-signature",
        prefix="v0=",
        template="v0:{timestamp}:{body}",
        time_header="x-slack-request-timestamp",
    ),
    "standard-webhooks": Signed(
        header="webhook-signature",
        coding=Coding.BASE64,
        prefix="v1,",
        template="{id}.{timestamp}.{body}",
        between=" ",
        time_header="webhook-timestamp",
        id_header="webhook-id",
        is_key_coded=True,
    ),
    "typeform": Signed(header="typeform-signature", coding=Coding.BASE64, prefix="sha256="),
    "zendesk": Signed(
        header="x-zendesk-webhook-signature",
        coding=Coding.BASE64,
        template="{timestamp}{body}",
        time_header="x-zendesk-webhook-signature-timestamp",
        unit=Unit.ISO,
        tolerance=60 * MINUTE,
    ),
}
"""Schemes by the name of whoever uses them."""


def prove(scheme: Scheme, secrets: Iterable[str], delivery: Delivery, now: Moment) -> None:
    """Hold a delivery to proving that its sender has one of the secrets.

    Raises:
        ForgedError: It does not; what it says tells nothing of a secret.
    """
    match scheme:
        case Signed():
            _prove_signed(scheme, secrets, delivery, now)
        case Shown():
            held = delivery.query if scheme.query else delivery.headers
            name = scheme.query or scheme.header
            where = f"the address's {name}" if scheme.query else f"the header {name}"
            _prove_equal([f"{scheme.prefix}{each}" for each in secrets], held.get(name, ""), where)
        case Basic():
            shown = [f"Basic {base64.b64encode(each.encode()).decode()}" for each in secrets]
            _prove_equal(shown, delivery.headers.get("authorization", ""), "Basic authorization")
        case _:
            assert_never(scheme)


def sign(scheme: Signed, secret: str, delivery: Delivery, stamp: str = "") -> str:
    """Give the hash of a delivery as its vendor would write it, without the prefix.

    Raises:
        ConfigError: The secret is none that such a vendor gives.
    """
    content = _content(scheme, secret, delivery, stamp)
    if "secret" in fields_in(scheme.template):
        found = hashlib.new(scheme.hash, content).digest()
    else:
        found = hmac.new(_key(scheme, secret), content, scheme.hash).digest()
    return found.hex() if scheme.coding is Coding.HEX else base64.b64encode(found).decode()


def check_secrets(scheme: Scheme, secrets: Iterable[str]) -> None:
    """Hold secrets to being such as the vendor gives.

    Raises:
        ConfigError: One is not.
    """
    if isinstance(scheme, Signed):
        for secret in secrets:
            _key(scheme, secret)


def hidden_headers(scheme: Scheme) -> frozenset[str]:
    """Give the headers that prove a request, which no expression sees."""
    named = "" if isinstance(scheme, Basic) else scheme.header
    return frozenset({"authorization", "cookie", "proxy-authorization", named} - {""})


def fields_in(template: str) -> tuple[str, ...]:
    """Give the names in braces of a template, in order."""
    return tuple(_FIELD.findall(template))


def _prove_signed(scheme: Signed, secrets: Iterable[str], delivery: Delivery, now: Moment) -> None:
    value = delivery.headers.get(scheme.header, "")
    if not value:
        msg = f"expected a signature in the header {scheme.header}, got none"
        raise ForgedError(msg)
    stamp = _stamp(scheme, delivery, value)
    shown = [each.encode() for each in _hashes(scheme, value)]
    is_good = False
    for secret in secrets:
        due = sign(scheme, secret, delivery, stamp).encode()
        for each in shown:
            # All are compared, so that nothing can be told from how long it takes.
            is_good |= hmac.compare_digest(due, each.lower() if scheme.coding is Coding.HEX else each)
    if not is_good:
        msg = (
            f"expected a signature in the header {scheme.header} by the secret that is set here, got "
            "another; a secret, or the address it is sent to, may differ"
        )
        raise ForgedError(msg)
    if stamp:
        _check_time(scheme, stamp, now)


def _stamp(scheme: Signed, delivery: Delivery, value: str) -> str:
    """Give the time that a signature states, as it is written; empty where the scheme has none.

    Raises:
        ForgedError: It should state one and does not.
    """
    if not scheme.time_header and not scheme.time_part:
        return ""
    if scheme.time_header:
        stamp = delivery.headers.get(scheme.time_header, "")
        where = f"the header {scheme.time_header}"
    else:
        stamp = next(iter(_named(scheme, value, scheme.time_part)), "")
        where = f"{scheme.time_part}= of the header {scheme.header}"
    if not stamp or len(stamp) > 64:
        msg = f"expected the time of the signature in {where}, got none"
        raise ForgedError(msg)
    return stamp


def _check_time(scheme: Signed, stamp: str, now: Moment) -> None:
    """Hold a time that is signed to being about now.

    Raises:
        ForgedError: It is none, or too far from now.
    """
    at: Moment | None = None
    if scheme.unit is Unit.ISO:
        at = parse_moment(stamp)
    elif stamp.isascii() and stamp.isdigit() and len(stamp) < 16:
        at = int(stamp) * (SECOND if scheme.unit is Unit.SECONDS else SECOND // 1_000)
    if at is None or abs(now - at) > scheme.tolerance:
        msg = f"expected a signature of the last {scheme.tolerance // MINUTE} minutes, got one of {stamp}"
        raise ForgedError(msg)


def _hashes(scheme: Signed, value: str) -> list[str]:
    """Give the hashes that a header holds: several where a vendor changes its secret."""
    if scheme.part:
        return _named(scheme, value, scheme.part)[:10]
    each = value.split(scheme.between)[:10] if scheme.between else [value]
    return [one[len(scheme.prefix) :].strip() for one in each if one.startswith(scheme.prefix)]


def _named(scheme: Signed, value: str, name: str) -> list[str]:
    parts = (part.strip().partition("=") for part in value.split(scheme.between or ","))
    return [said for key, _, said in parts if key == name]


def _content(scheme: Signed, secret: str, delivery: Delivery, stamp: str) -> bytes:
    """Give what is hashed."""
    held = {
        "body": delivery.body,
        "timestamp": stamp.encode(),
        "id": delivery.headers.get(scheme.id_header, "").encode(),
        "method": delivery.method.encode(),
        "secret": secret.encode(),
        "url": unquote(delivery.url).encode(),
    }
    content, at = b"", 0
    for found in _FIELD.finditer(scheme.template):
        content += scheme.template[at : found.start()].encode() + held.get(found[1], b"")
        at = found.end()
    return content + scheme.template[at:].encode()


def _key(scheme: Signed, secret: str) -> bytes:
    """Give the key that a secret is.

    Raises:
        ConfigError: It is not in base64, and should be.
    """
    if not scheme.is_key_coded:
        return secret.encode()
    coded = secret.removeprefix("whsec_").rstrip("=")
    try:
        key = base64.b64decode(coded + "=" * (-len(coded) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        # An empty key would let anybody sign.
        msg = (
            "expected a secret in base64, perhaps after whsec_, got another text; set it as the vendor has it"
        )
        raise ConfigError(msg)
    return key


def _prove_equal(due: Iterable[str], shown: str, where: str) -> None:
    is_good = False
    for each in due:
        is_good |= hmac.compare_digest(each.encode(), shown.encode())
    if not is_good:
        msg = f"expected the secret in {where}, got {'another' if shown else 'none'}"
        raise ForgedError(msg)
