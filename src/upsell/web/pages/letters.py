"""Letters in a page: the HTML of a message, shown in a frame of its own at an address of its own.

The law: nothing of a letter is loaded, run or followed while somebody of the team looks at it, so a look
counts as no opening and no click, and what a template holds does nothing in our name. The frame is
``letter_frame`` of the template ``letters.html``; the page around it is shown with ``has_frames``.
"""

from __future__ import annotations

import re
from typing import Final

from litestar import Response

from upsell.web.pages.forms import HTML

_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'none'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'; sandbox"
)
"""Styles stand in the letter itself, as mail readers want it; everything else is refused."""

_AWAY: Final = '<base target="_blank">'
"""Links ask for a window of their own, which a frame without ``allow-popups`` does not open."""

_ASKED: Final = re.compile(r"(<(?:a|area|form)\b[^>]*?[\s\"'/])(?=target\s*=)", re.IGNORECASE)
"""Where a link of the letter asks for a window itself: for its own frame it would be followed."""

_BEGINNING: Final = re.compile(r"<head\b[^>]*>|<!doctype\b[^>]*>(?!.*<head\b)", re.IGNORECASE | re.DOTALL)


def letter_response(html: str) -> Response[bytes]:
    """Answer with a letter as it stands, but that its links lead nowhere, for a frame of a page of ours."""
    html = _ASKED.sub(r"\1data-", html)
    found = _BEGINNING.search(html)
    place = found.end() if found is not None else 0
    headers = {
        "Content-Security-Policy": _POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
    return Response(
        f"{html[:place]}{_AWAY}{html[place:]}".encode(), status_code=200, media_type=HTML, headers=headers
    )
