"""``GET /sdk/...``: the snippets, the same bytes for as long as the program is the same."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final

import msgspec
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from upsell.web.api.cors import ANY_SITE

SNIPPETS: Final = ("upsell.js", "push.js", "upsell-push.js")
"""What pages load: prompts, notifications, and what a page's own service worker imports for these."""

_KEPT_SECONDS = 300


class _Snippet(msgspec.Struct, frozen=True):
    source: bytes
    headers: Mapping[str, str]

    @property
    def tag(self) -> str:
        """What a browser shows that has it already."""
        return self.headers["ETag"]


def sdk_route() -> HTTPRouteHandler:
    """Give the route of the snippets; it needs no key and tells no secret."""
    snippets = {name: _read(name) for name in SNIPPETS}

    @get("/sdk/{name:str}")
    async def snippet(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
        """Give a snippet."""
        found = snippets.get(name)
        if found is None:
            words = f"expected one of {', '.join(SNIPPETS)} under /sdk/"
            return Response(words.encode(), status_code=404, media_type="text/plain")
        if request.headers.get("if-none-match") == found.tag:
            return Response(b"", status_code=304, headers=dict(found.headers))
        return Response(found.source, headers=dict(found.headers), media_type="text/javascript")

    return snippet


def _read(name: str) -> _Snippet:
    source = files("upsell.web.sdk").joinpath(name).read_bytes()
    headers = {
        **ANY_SITE,
        "Cache-Control": f"public, max-age={_KEPT_SECONDS}",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "ETag": f'"{sha256(source).hexdigest()[:20]}"',
        "X-Content-Type-Options": "nosniff",
    }
    return _Snippet(source, headers)
