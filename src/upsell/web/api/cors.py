"""Browsers from other sites: what lets their pages send events here, and nothing more.

The law: only routes that take events, prompts and devices allow it, and leaving by a link of ours. A
write key is public, so any site may show one; what the team reads is never readable from another site.
"""

from __future__ import annotations

from typing import Final

from litestar import Response

ANY_SITE: Final = {"Access-Control-Allow-Origin": "*"}
"""Headers of an answer that a page of any site may read; credentials are never sent along."""

_PREFLIGHT: Final = {
    **ANY_SITE,
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Encoding, Content-Type",
    "Access-Control-Max-Age": "86400",
}


def answer_preflight() -> Response[bytes]:
    """Tell a browser what a page of any site may send."""
    return Response(b"", headers=_PREFLIGHT)
