"""Pages for customers: what every one of them shares, whatever it is about.

Reached without signing in, a cookie or a script. The laws: no page loads anything, is framed, found by a
search engine or kept anywhere; a link that is none gets a page that helps and tells nothing; and while the
database does not answer, a page says so calmly.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from importlib import resources
from typing import Any, Final
from urllib.parse import parse_qs

import psycopg
import structlog
from litestar import Request, Response
from markupsafe import Markup

from upsell.channels.languages import language_of
from upsell.errors import StoreError
from upsell.web.pages.forms import HTML, rendered
from upsell.web.pages.preference_words import WORDS

LARGEST_FORM: Final = 16_384
"""How many bytes a form may have."""

_log = structlog.get_logger(__name__)


async def answered(
    request: Request[Any, Any, Any], answer: Callable[[str], Response[bytes]]
) -> Response[bytes]:
    """Answer in a thread, by the languages a browser accepts; while the database does not, say so calmly."""
    accepted = request.headers.get("accept-language", "")
    try:
        return await asyncio.to_thread(answer, accepted)
    except (psycopg.Error, StoreError) as error:
        _log.warning("customer_page_not_reached", error=str(error).strip())
        words = WORDS[language_of({}, accepted)]
        said = {"title": words.away_title, "said": words.away_said, "advice": "", "write_to": ""}
        status = HTTPStatus.SERVICE_UNAVAILABLE
        return customer_page(
            "unknown_link.html", words.language, status, headers={"Retry-After": "60"}, words=words, **said
        )


def unknown_link(accepted: str, write_to: str) -> Response[bytes]:
    """Say that a link does not work, and what to do; never whether it ever did."""
    words = WORDS[language_of({}, accepted)]
    return customer_page(
        "unknown_link.html",
        words.language,
        HTTPStatus.NOT_FOUND,
        words=words,
        title=words.unknown_title,
        said=words.unknown_said,
        advice=words.unknown_advice,
        write_to=write_to,
    )


def customer_page(
    template: str,
    language: str,
    status: HTTPStatus = HTTPStatus.OK,
    headers: dict[str, str] | None = None,
    **said: Any,
) -> Response[bytes]:
    """Write a page from its template; without ``sender`` it has no footer."""
    style, style_hash = _style()
    footer = {"sender": "", "sender_address": "", "from_whom": "", "address": ""}
    html = rendered(template, **{**footer, "style": style, "questions": WORDS[language].questions, **said})
    return Response(
        html.encode(),
        status_code=status,
        media_type=HTML,
        headers={
            "Content-Security-Policy": f"default-src 'none'; style-src '{style_hash}'; img-src data:; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            "Content-Language": language,
            "X-Content-Type-Options": "nosniff",
            "X-Robots-Tag": "noindex",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
            **(headers or {}),
        },
    )


def read_form(body: bytes) -> dict[str, list[str]]:
    """Read a form; one that cannot be read says nothing."""
    try:
        return parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=200)
    except ValueError:
        return {}


@cache
def _style() -> tuple[Markup, str]:
    """Give the style of the pages, and how CSP says it."""
    text = resources.files("upsell.web").joinpath("static", "customer.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    # The file is ours.
    return Markup(text), f"sha256-{digest}"  # noqa: S704
