"""Static files: the style and the scripts of the team's pages, each at an address that changes with it."""

from __future__ import annotations

import hashlib
from functools import cache
from http import HTTPStatus
from importlib import resources
from typing import Any, Final

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

FILES: Final = {
    "pages.css": ("pages.css", "text/css"),
    "pages.js": ("pages.js", "text/javascript"),
    "queue.js": ("queue.js", "text/javascript"),
    "htmx.js": ("htmx/htmx.min.js", "text/javascript"),
    "charts.js": ("charts.js", "text/javascript"),
    "vega.js": ("vega/vega.min.js", "text/javascript"),
    "vega-interpreter.js": ("vega/vega-interpreter.js", "text/javascript"),
}
"""Each file by its name in an address: where it lies among ours, and its media type."""

_FOREVER: Final = "public, max-age=31536000, immutable"
_AN_HOUR: Final = "public, max-age=3600"


@get(["/static/{name:str}"], sync_to_thread=False, include_in_schema=False)
def static_files(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
    """Give one of the files; at the address a page names it by, a browser asks once."""
    if name not in FILES:
        raise NotFoundException
    is_named = request.query_params.get("v") == _mark(name)
    headers = {
        "Cache-Control": _FOREVER if is_named else _AN_HOUR,
        "X-Content-Type-Options": "nosniff",
    }
    return Response(_content(name), status_code=HTTPStatus.OK, media_type=FILES[name][1], headers=headers)


def static_path(name: str) -> str:
    """Give the address of a file as it is now.

    Raises:
        KeyError: There is no such file.
    """
    return f"/static/{name}?v={_mark(name)}"


@cache
def _content(name: str) -> bytes:
    return resources.files("upsell.web").joinpath("static", *FILES[name][0].split("/")).read_bytes()


@cache
def _mark(name: str) -> str:
    return hashlib.sha256(_content(name)).hexdigest()[:12]
