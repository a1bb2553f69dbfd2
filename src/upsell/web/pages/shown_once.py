"""Shown once: the page that gives a secret to whoever had it made, and never again.

The law: it stands in the answer to the form that made it, which nothing keeps, and in no address.
"""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response

from upsell.web.pages.shell import shown


class ShownOnce(msgspec.Struct, frozen=True):
    """A secret, with what it is for.

    Attributes:
        title: What was made, in a sentence.
        label: What the secret is called.
        secret: The secret.
        advice: What to do with it, and until when.
        back: Where the reader goes on.
        back_to: What is there.
        is_public: Whether everybody may know it, so that it stands elsewhere too.
    """

    title: str
    label: str
    secret: str
    advice: str
    back: str
    back_to: str
    is_public: bool = False


def show_once(request: Request[Any, Any, Any], once: ShownOnce, told: dict[str, object]) -> Response[bytes]:
    """Answer the form that made a secret with it; machines are told as much as ``told`` says."""
    return shown(request, "shown_once.html", once, told=msgspec.json.encode(told))
