"""Forms of an answer: one address, HTML for people and JSON for whoever names it.

The law: a page loads nothing from anywhere else, and nothing on it runs.
"""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from importlib import resources
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Response, get
from litestar.datastructures import CacheControlHeader

JSON: Final = "application/json"
HTML: Final = "text/html"


def prefers_json(accept: str) -> bool:
    """Tell whether a request names JSON and no HTML."""
    return JSON in accept and HTML not in accept


def page(
    html: str, status: HTTPStatus = HTTPStatus.OK, *, style_hash: str = "", is_private: bool = False
) -> Response[bytes]:
    """Answer with a page.

    Args:
        html: The page.
        status: How it went.
        style_hash: Allows the style that is written into it, as CSP says it.
        is_private: Whether it is for users of the team: kept nowhere, and its forms say where they come from.
    """
    styles = f"'self' '{style_hash}'" if style_hash else "'self'"
    headers = {
        "Content-Security-Policy": f"default-src 'none'; style-src {styles}; img-src 'self' data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        # Without a referrer a browser hides the origin of forms too.
        "Referrer-Policy": "same-origin" if is_private else "no-referrer",
        "Vary": "Accept",
    }
    if is_private:
        headers["Cache-Control"] = "no-store"
    return Response(html.encode(), status_code=status, media_type=HTML, headers=headers)


def data(content: bytes, status: HTTPStatus = HTTPStatus.OK) -> Response[bytes]:
    """Answer with JSON, which is kept nowhere."""
    headers = {"Vary": "Accept", "Cache-Control": "no-store"}
    return Response(content, status_code=status, media_type=JSON, headers=headers)


def rendered(template: str, **said: Any) -> str:
    """Write a page from its template; what is put in is text, unless it is marked as markup."""
    return _environment().get_template(template).render(**said)


@get(
    ["/static/pages.css"],
    sync_to_thread=False,
    include_in_schema=False,
    cache_control=CacheControlHeader(max_age=3600),
)
def style_pages() -> Response[bytes]:
    """Give the style sheet of every page."""
    return Response(_style(), media_type="text/css")


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("upsell.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _style() -> bytes:
    return resources.files("upsell.web").joinpath("static", "pages.css").read_bytes()
