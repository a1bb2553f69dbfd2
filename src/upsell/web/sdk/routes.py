"""``GET /sdk/upsell.js``: the snippet, the same bytes for as long as the program is the same."""

from __future__ import annotations

from hashlib import sha256
from importlib.resources import files
from typing import Any

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler

from upsell.web.api.cors import ANY_SITE

_KEPT_SECONDS = 300


def sdk_route() -> HTTPRouteHandler:
    """Give the route of the snippet; it needs no key and tells no secret."""
    source = files("upsell.web.sdk").joinpath("upsell.js").read_bytes()
    tag = f'"{sha256(source).hexdigest()[:20]}"'
    headers = {
        **ANY_SITE,
        "Cache-Control": f"public, max-age={_KEPT_SECONDS}",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "ETag": tag,
        "X-Content-Type-Options": "nosniff",
    }

    @get("/sdk/upsell.js")
    async def snippet(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Give the snippet."""
        if request.headers.get("if-none-match") == tag:
            return Response(b"", status_code=304, headers=headers)
        return Response(source, headers=headers, media_type="text/javascript")

    return snippet
