"""Seals: short texts in links that nobody else can make, which say what they are for and until when.

For links in messages: unsubscribing, preferences, clicks. The law: a seal for one purpose opens for no
other, whatever was changed in it opens for none, and a text that is no seal raises nothing.

Source: HMAC-SHA256 (RFC 2104) cut to 96 bits (NIST SP 800-107r1, 5.3.3: 2^-96 for one guess), written in
base64url without padding (RFC 4648, 5).
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Sequence
from typing import Final

from upsell.clock import MINUTE, Moment

MAC_SIZE: Final = 12
_UNTIL_SIZE: Final = 4
_NEVER: Final = 0


def seal(secret: bytes, purpose: str, content: bytes, until: Moment | None = None) -> str:
    """Seal a content for one purpose; the text is fit for a path of a URL.

    Args:
        secret: What it is sealed with.
        purpose: What it is for, such as ``click``.
        content: What it says; anybody can read it.
        until: The last moment at which it opens, kept to the minute, never earlier; None for ever.
    """
    minutes = _NEVER if until is None else -(-until // MINUTE)
    said = minutes.to_bytes(_UNTIL_SIZE, "big") + content
    return base64.urlsafe_b64encode(_mac(secret, purpose, said) + said).rstrip(b"=").decode()


def open_seal(secrets: Sequence[bytes], purpose: str, text: str, now: Moment) -> bytes | None:
    """Give what a sealed text says; None when it is none, for another purpose, changed, or over."""
    try:
        sealed = base64.b64decode(text.encode() + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    mac, said = sealed[:MAC_SIZE], sealed[MAC_SIZE:]
    if len(said) < _UNTIL_SIZE:
        return None
    if not any(hmac.compare_digest(mac, _mac(secret, purpose, said)) for secret in secrets):
        return None
    minutes = int.from_bytes(said[:_UNTIL_SIZE], "big")
    if minutes != _NEVER and now > minutes * MINUTE:
        return None
    return said[_UNTIL_SIZE:]


def _mac(secret: bytes, purpose: str, said: bytes) -> bytes:
    # A purpose never holds a zero byte, so purpose and content cannot run into each other.
    return hmac.digest(secret, purpose.encode() + b"\0" + said, "sha256")[:MAC_SIZE]
