"""Preheaders: what an inbox shows beside the subject, hidden at the head of a mail's HTML.

The law: it stands before everything else, nobody who opens the mail sees it, and what follows it is padded,
so that an inbox does not go on reading into the mail.
"""

from __future__ import annotations

import re
from html import escape
from typing import Final

from upsell.workspace.liquid_text import PIECE

_BODY = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
_HIDDEN: Final = (
    "display:none;font-size:1px;line-height:1px;max-height:0;max-width:0;opacity:0;overflow:hidden;"
    "mso-hide:all"
)
_PADDING: Final = "&#847;&zwnj;&nbsp;" * 75
"""As wide as inboxes read on: a joiner that nobody sees between spaces that do not collapse."""


def with_preheader(html: str, preheader: str) -> str:
    """Give HTML with a preheader, Liquid left as it is, at the beginning of what is shown."""
    hidden = f'<div style="{_HIDDEN}">{_escaped(preheader)}{_PADDING}</div>'
    body = _BODY.search(html)
    at = body.end() if body is not None else 0
    return f"{html[:at]}{hidden}{html[at:]}"


def _escaped(text: str) -> str:
    """Escape words for HTML, leaving Liquid, whose values are escaped when they are rendered."""
    parts: list[str] = []
    at = 0
    for piece in PIECE.finditer(text):
        parts += [escape(text[at : piece.start()]), piece[0]]
        at = piece.end()
    return "".join([*parts, escape(text[at:])])
