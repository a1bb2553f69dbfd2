"""Forms of an answer: one address, HTML for people and JSON for whoever names it.

The laws: a page loads nothing from anywhere else; what runs on it are files of ours, nothing written into it.
"""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Response

from upsell.web.pages.static import static_path

JSON: Final = "application/json"
HTML: Final = "text/html"


def prefers_json(accept: str) -> bool:
    """Tell whether a request names JSON and no HTML."""
    return JSON in accept and HTML not in accept


def page(
    html: str,
    status: HTTPStatus = HTTPStatus.OK,
    *,
    style_hash: str = "",
    is_private: bool = False,
    has_frames: bool = False,
) -> Response[bytes]:
    """Answer with a page.

    Args:
        html: The page.
        status: How it went.
        style_hash: Allows the style that is written into it, as CSP says it.
        is_private: Whether it is for users of the team: kept nowhere, and its forms say where they come from.
        has_frames: Whether it shows pages of ours in frames, as it does letters.
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
        headers["Content-Security-Policy"] += "; script-src 'self'; connect-src 'self'"
    if has_frames:
        headers["Content-Security-Policy"] += "; frame-src 'self'"
    return Response(html.encode(), status_code=status, media_type=HTML, headers=headers)


def data(content: bytes, status: HTTPStatus = HTTPStatus.OK) -> Response[bytes]:
    """Answer with JSON, which is kept nowhere."""
    headers = {"Vary": "Accept", "Cache-Control": "no-store"}
    return Response(content, status_code=status, media_type=JSON, headers=headers)


def rendered(template: str, **said: Any) -> str:
    """Write a page from its template; what is put in is text, unless it is marked as markup."""
    return _environment().get_template(template).render(**said)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("upsell.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["static"] = static_path
    return environment
