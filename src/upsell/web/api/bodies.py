"""Bodies of requests as they were before they were packed.

The law: a body is held to its bound after unpacking, without unpacking more than the bound.
"""

from __future__ import annotations

import zlib

from upsell.errors import IntakeError
from upsell.sources.bounds import LARGEST_BATCH

_GZIP = 31


class TooLargeError(IntakeError):
    """A body is larger than a request may be."""


def unpacked(body: bytes, encoding: str) -> bytes:
    """Give a body without its ``Content-Encoding``: none, ``identity`` or ``gzip``.

    Raises:
        TooLargeError: It is larger than a request may be.
        IntakeError: It is packed in another way, or is not what it says.
    """
    named = encoding.strip().lower()
    if named in ("", "identity"):
        return body
    if named not in ("gzip", "x-gzip"):
        msg = f"expected Content-Encoding gzip or none, got {encoding[:60]!r}"
        raise IntakeError(msg)
    unpacking = zlib.decompressobj(_GZIP)
    try:
        plain = unpacking.decompress(body, LARGEST_BATCH + 1)
    except zlib.error as error:
        msg = f"expected a gzip body, as Content-Encoding says, got: {error}"
        raise IntakeError(msg) from error
    if len(plain) > LARGEST_BATCH:
        msg = f"expected at most {LARGEST_BATCH:,} bytes in one request once unpacked, got more; send several"
        raise TooLargeError(msg)
    if not unpacking.eof:
        msg = "expected a gzip body, as Content-Encoding says, got one cut short"
        raise IntakeError(msg)
    return plain
