"""Signing: a body handed to another server so that it knows who sent it, by Standard Webhooks.

Source: the Standard Webhooks specification 1.0.0: ``webhook-id``, ``webhook-timestamp`` and
``webhook-signature``, which is ``v1,`` and the base64 of HMAC-SHA256 over ``id.timestamp.body``, for each of
its secrets with a space between.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable, Mapping

from upsell.errors import ConfigError

PREFIX = "whsec_"
"""How a written secret begins, before its base64."""


def read_secret(written: str, setting: str = "UPSELL_GATEWAY_SECRET") -> bytes:
    """Give the bytes of a secret: ``whsec_`` and base64 of 24 to 64 bytes.

    Raises:
        ConfigError: It is not written so; names the setting that holds it.
    """
    try:
        secret = base64.b64decode(written.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if not written.startswith(PREFIX) or not 24 <= len(secret) <= 64:
        msg = (
            f"{setting}: expected whsec_ and the base64 of 24 to 64 random bytes, got another "
            'text; make one with: echo "whsec_$(head -c 32 /dev/urandom | base64)"'
        )
        raise ConfigError(msg)
    return secret


def sign(secrets: Iterable[bytes], message_id: str, timestamp: int, body: bytes) -> Mapping[str, str]:
    """Give the headers that sign a body.

    Args:
        secrets: What it is signed with; while one is changed for another, both, and either proves it.
        message_id: What it is known by, without dots.
        timestamp: When it is sent, in whole seconds since 1970.
        body: The body, as it is sent.
    """
    signed = f"{message_id}.{timestamp}.".encode() + body
    hashes = (base64.b64encode(hmac.digest(secret, signed, "sha256")).decode() for secret in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{each}" for each in hashes),
    }
