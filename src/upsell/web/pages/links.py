"""Links in mail: each leads on at once, and what came over it is kept beside that.

The law: a link leads to what its message says and nowhere else. HEAD is answered like GET and nothing is
kept of it. A link that has expired says so, and leads to the sender's site where one is known.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from concurrent.futures import Future
from http import HTTPStatus
from typing import Any, Final

import psycopg
import structlog
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from markupsafe import Markup

from upsell.channels.links import CLICK_PATH, OPEN, OPEN_PATH, TRAP, location
from upsell.channels.scanners import read_signs
from upsell.clock import Clock
from upsell.errors import StoreError
from upsell.runtime.intake import Intake, OverloadedError
from upsell.runtime.targets import Leads, TargetBook
from upsell.store.ledger import Appended
from upsell.store.links import Came, VisitKind
from upsell.web.pages.forms import page, rendered

AnyRequest = Request[Any, Any, Any]

PIXEL: Final = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00"
    b"\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
"""A picture of one transparent point: 43 bytes of GIF."""

_FRESH: Final = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}
_STYLE: Final = (
    ":root{color-scheme:light dark}"
    "body{margin:0 auto;max-width:34rem;padding:20vh 24px 48px;font:1.0625rem/1.5 system-ui,sans-serif}"
    "h1{margin:0 0 8px;font-size:1.5rem;line-height:1.25}p{margin:0 0 16px}"
)
_STYLE_HASH: Final = f"sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}"

_log = structlog.get_logger(__name__)


def link_routes(targets: TargetBook, intake: Intake, clock: Clock) -> list[HTTPRouteHandler]:
    """Give the routes that links and pictures in mail lead to; anybody may ask them."""

    @route([f"{CLICK_PATH}{{token:str}}"], http_method=["GET", "HEAD"], include_in_schema=False)
    async def follow(request: AnyRequest, token: FromPath[str]) -> Response[bytes]:
        """Lead on to where a link leads."""
        try:
            leads = targets.recall(token) or await asyncio.to_thread(targets.look_up, token)
            site = "" if leads is None or leads.target else await asyncio.to_thread(targets.site)
        except (psycopg.Error, StoreError):
            return _say("busy", HTTPStatus.SERVICE_UNAVAILABLE)
        if leads is None:
            return _say("unknown", HTTPStatus.NOT_FOUND)
        if request.method == "GET" and (leads.target or leads.place == TRAP):
            _keep(request, leads.number, leads.place, VisitKind.CLICK)
        return _lead_on(leads, site)

    @route([f"{OPEN_PATH}{{token:str}}"], http_method=["GET", "HEAD"], include_in_schema=False)
    async def show_picture(request: AnyRequest, token: FromPath[str]) -> Response[bytes]:
        """Give the picture that tells of opening; it is the same for everybody."""
        try:
            found = await asyncio.to_thread(targets.read, token, OPEN)
        except (psycopg.Error, StoreError):
            found = None
        if found is not None and not found[2] and request.method == "GET":
            _keep(request, found[0], 0, VisitKind.OPEN)
        return Response(PIXEL, media_type="image/gif", headers=_FRESH)

    def _keep(request: AnyRequest, number: int, place: int, kind: VisitKind) -> None:
        """Hand a visit over to be kept; whoever came is not kept waiting for that."""
        sign = read_signs(request.headers, is_opening=kind is VisitKind.OPEN)
        came = Came(number, kind, place, "" if sign is None else sign.value, clock.now())
        try:
            intake.submit((), (), (came,)).add_done_callback(_note_lost)
        except OverloadedError as error:
            _log.warning("visit_not_kept", error=str(error))

    return [follow, show_picture]


def _lead_on(leads: Leads, site: str) -> Response[bytes]:
    if leads.target is None:
        # What follows a link that no person can see is told nothing by the answer.
        status = HTTPStatus.OK if leads.place == TRAP else HTTPStatus.GONE
        return _say("expired", status, site)
    headers = {**_FRESH, "Location": location(leads.target)}
    return Response(b"", status_code=HTTPStatus.FOUND, media_type="text/html", headers=headers)


def _say(what: str, status: HTTPStatus, site: str = "") -> Response[bytes]:
    said = page(
        # The style is our own, and its hash is in the policy.
        rendered("link.html", what=what, site=site, style=Markup(_STYLE)),  # noqa: S704
        status,
        style_hash=_STYLE_HASH,
    )
    said.headers.update(_FRESH)
    return said


def _note_lost(answer: Future[list[Appended]]) -> None:
    error = answer.exception()
    if error is not None:
        _log.warning("visit_not_kept", error=str(error).strip())
