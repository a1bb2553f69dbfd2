"""Signing: a body handed to another server so that it knows who sent it, by Standard Webhooks.

Source: the Standard Webhooks specification 1.0.0: ``webhook-id``, ``webhook-timestamp`` and
``webhook-signature``, which is ``v1,`` and the base64 of HMAC-SHA256 over ``id.timestamp.body``.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping

from upsell.errors import ConfigError

PREFIX = "whsec_"
"""How a written secret begins, before its base64."""


def read_secret(written: str) -> bytes:
    """Give the bytes of a secret: ``whsec_`` and base64 of 24 to 64 bytes.

    Raises:
        ConfigError: It is not written so.
    """
    try:
        secret = base64.b64decode(written.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if not written.startswith(PREFIX) or not 24 <= len(secret) <= 64:
        msg = (
            "UPSELL_GATEWAY_SECRET: expected whsec_ and the base64 of 24 to 64 random bytes, got another "
            'text; make one with: echo "whsec_$(head -c 32 /dev/urandom | base64)"'
        )
        raise ConfigError(msg)
    return secret


def sign(secret: bytes, message_id: str, timestamp: int, body: bytes) -> Mapping[str, str]:
    """Give the headers that sign a body; ``timestamp`` is whole seconds since 1970."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    signature = base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{signature}",
    }
