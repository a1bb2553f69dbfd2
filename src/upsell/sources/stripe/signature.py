"""Signature: whether a webhook was signed by Stripe, lately, with a secret of the source's.

Stripe's own library does the proving; its age is held against the clock that is given, since the library asks
the machine's. Source: Stripe, Verify webhook signatures (five minutes, as the library's own default).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from upsell.clock import MINUTE, SECOND, Duration, Moment
from upsell.sources.reports import ForgedError

HEADER: Final = "stripe-signature"
"""The header that holds the signature and when it was made."""

TOLERANCE: Final[Duration] = 5 * MINUTE
"""How old a signature may be, and how far ahead of our clock."""


def prove_signature(body: bytes, header: str, secrets: Sequence[str], now: Moment) -> None:
    """Hold a body to having been signed with one of the secrets within ``TOLERANCE`` of now.

    Raises:
        ForgedError: It was not, or not lately.
    """
    if not header:
        msg = f"expected a signature in the header {HEADER}, got none"
        raise ForgedError(msg)
    if not any(_is_signed(body, header, secret) for secret in secrets):
        msg = f"expected {HEADER} made with the endpoint's secret (whsec_...), got another signature"
        raise ForgedError(msg)
    signed_at = _signed_at(header)
    if abs(signed_at * SECOND - now) > TOLERANCE:
        msg = f"expected a body signed in the last {TOLERANCE // MINUTE} minutes, got one of {signed_at}"
        raise ForgedError(msg)


def _is_signed(body: bytes, header: str, secret: str) -> bool:
    # Whoever only checks or lists sources need not wait for the library.
    from stripe import SignatureVerificationError, WebhookSignature  # noqa: PLC0415  # see above

    try:
        return bool(WebhookSignature.verify_header(body, header, secret, None))
    except (SignatureVerificationError, UnicodeError):
        return False


def _signed_at(header: str) -> int:
    """Give when a signature that was proved says it was made: the first ``t``, as the library reads it."""
    return int(next(part[2:].partition("=")[0] for part in header.split(",") if part.startswith("t=")))
