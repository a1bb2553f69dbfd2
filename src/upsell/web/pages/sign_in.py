"""Signing in and out, and the page behind a link by which a user sets their password.

The laws: opening a link uses nothing up, for mail scanners open every link; every form is believed as the
gate's are, by a cookie of its own while nobody is signed in; and where somebody is led afterwards is a page
of ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar import Request, Response, route
from litestar.datastructures import Cookie
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from upsell.clock import SECOND, Clock
from upsell.runtime.passwords import LEAST_LETTERS, MOST_LETTERS
from upsell.runtime.porter import In, Kept, Porter
from upsell.web.cookies import Jar, address_of, form_token, is_ours, new_secret
from upsell.web.pages.customer import LARGEST_FORM, read_form
from upsell.web.pages.shell import SIGN_IN, Trouble, refuse, shown

AnyRequest = Request[Any, Any, Any]

JOIN: Final = "/join"
"""Under which links lead to where a password is set."""

_STALE = Kept("This form was open for too long. Send it once more.")


class SignIn(msgspec.Struct, frozen=True):
    """The page on which somebody signs in: what they typed, what was wrong, and where it leads on."""

    email: str
    fault: str
    to: str
    form: str


class Join(msgspec.Struct, frozen=True):
    """The page on which somebody sets a password.

    Attributes:
        path: Where its form leads.
        email: For whom it is; empty for the first admin, who says it.
        said: What the first admin typed.
        fault: What was wrong; empty for nothing.
        least: How long a password must be.
        most: How long it may be.
        form: What the form says to be believed.
    """

    path: str
    email: str
    said: str
    fault: str
    least: int
    most: int
    form: str


def sign_in_routes(porter: Porter, jar: Jar, clock: Clock) -> list[HTTPRouteHandler]:
    """Give the routes by which users come in and go."""
    joining = Joining(porter, jar)

    @route([SIGN_IN], http_method=["GET", "HEAD"], include_in_schema=False)
    async def show_sign_in(request: AnyRequest) -> Response[bytes]:
        """Ask who is there; whoever is signed in is led on."""
        to = local_path(request.query_params.get("to", ""))
        if await asyncio.to_thread(porter.ask, request.cookies.get(jar.session, "")) is not None:
            return led_on(to)
        return _ask(request, jar, SignIn("", "", to, ""), HTTPStatus.OK)

    @route(
        [SIGN_IN],
        http_method=["POST"],
        status_code=HTTPStatus.OK,
        include_in_schema=False,
        request_max_body_size=LARGEST_FORM,
    )
    async def sign_in(request: AnyRequest) -> Response[bytes]:
        """Let somebody in by name and password."""
        form = read_form(await request.body())
        email, to = _said(form, "email"), local_path(_said(form, "to"))
        if not is_ours(request, form, request.cookies.get(jar.form, ""), jar.public_host):
            return _ask(request, jar, SignIn(email, _STALE.words, to, ""), HTTPStatus.FORBIDDEN)
        old, address = request.cookies.get(jar.session, ""), address_of(request)
        found = await asyncio.to_thread(porter.sign_in, email, _said(form, "password"), address, old)
        if isinstance(found, In):
            return led_on(to, [jar.session_cookie(found.token)])
        asked = SignIn(email, found.words, to, "")
        if found.until is None:
            return _ask(request, jar, asked, HTTPStatus.UNAUTHORIZED)
        refused = _ask(request, jar, asked, HTTPStatus.TOO_MANY_REQUESTS)
        refused.headers["Retry-After"] = str(max(1, (found.until - clock.now()) // SECOND))
        return refused

    @route(
        ["/sign-out"],
        http_method=["POST"],
        status_code=HTTPStatus.SEE_OTHER,
        include_in_schema=False,
        request_max_body_size=LARGEST_FORM,
    )
    async def sign_out(request: AnyRequest) -> Response[bytes]:
        """Let somebody out: what their browser keeps opens nothing any more."""
        await asyncio.to_thread(porter.sign_out, request.cookies.get(jar.session, ""))
        return led_on(SIGN_IN, [jar.session_cookie("")])

    return [show_sign_in, sign_in, sign_out, *joining.routes()]


class Joining:
    """The page behind a link, and what becomes of its form."""

    def __init__(self, porter: Porter, jar: Jar) -> None:
        """Let in by a porter."""
        self._porter = porter
        self._jar = jar

    def routes(self) -> list[HTTPRouteHandler]:
        """Give the routes."""

        @route([f"{JOIN}/{{link:str}}"], http_method=["GET", "HEAD"], include_in_schema=False)
        async def show_join(request: AnyRequest, link: FromPath[str]) -> Response[bytes]:
            """Ask for a password; nothing is used up."""
            return await self._ask(request, link, "", "", HTTPStatus.OK)

        @route(
            [f"{JOIN}/{{link:str}}"],
            http_method=["POST"],
            status_code=HTTPStatus.OK,
            include_in_schema=False,
            request_max_body_size=LARGEST_FORM,
        )
        async def join(request: AnyRequest, link: FromPath[str]) -> Response[bytes]:
            """Set the password, and let them in."""
            form = read_form(await request.body())
            said = _said(form, "email")
            if not is_ours(request, form, request.cookies.get(self._jar.form, ""), self._jar.public_host):
                return await self._ask(request, link, said, _STALE.words, HTTPStatus.FORBIDDEN)
            found = await asyncio.to_thread(self._porter.join, link, said, _said(form, "password"))
            if isinstance(found, In):
                return led_on("", [self._jar.session_cookie(found.token)])
            return await self._ask(request, link, said, found.words, HTTPStatus.BAD_REQUEST)

        return [show_join, join]

    async def _ask(
        self, request: AnyRequest, link: str, said: str, fault: str, status: HTTPStatus
    ) -> Response[bytes]:
        invited = await asyncio.to_thread(self._porter.look_at, link)
        if invited is None:
            gone = Trouble(
                "This link lets nobody in",
                "It was used already, is older than a day, or another was made after it.",
                "An admin makes another at /settings/users, or whoever runs the server with "
                "`upsell users link`; until an admin can sign in, `upsell up` prints one.",
            )
            return refuse(request, gone, "unknown", HTTPStatus.NOT_FOUND)
        secret = request.cookies.get(self._jar.form, "") or new_secret()
        asked = Join(
            f"{JOIN}/{link}", invited.email, said, fault, LEAST_LETTERS, MOST_LETTERS, form_token(secret)
        )
        answered = shown(request, "join.html", asked, status=status)
        answered.cookies.append(self._jar.form_cookie(secret))
        return answered


def local_path(said: str) -> str:
    """Give a path on this server to lead on to; empty for anything else, for a link may say anything."""
    is_path = said.startswith("/") and not said.startswith(("//", "/\\")) and said.isprintable()
    return said if is_path and "\\" not in said else ""


def led_on(to: str, cookies: list[Cookie] | None = None) -> Response[bytes]:
    """Lead on to a page of ours, to the first one by an empty path."""
    headers = {"Location": to or "/", "Cache-Control": "no-store"}
    return Response(b"", status_code=HTTPStatus.SEE_OTHER, headers=headers, cookies=cookies or [])


def _ask(request: AnyRequest, jar: Jar, asked: SignIn, status: HTTPStatus) -> Response[bytes]:
    secret = request.cookies.get(jar.form, "") or new_secret()
    value = msgspec.structs.replace(asked, form=form_token(secret))
    answered = shown(request, "sign_in.html", value, status=status)
    answered.cookies.append(jar.form_cookie(secret))
    return answered


def _said(form: Mapping[str, list[str]], name: str) -> str:
    return form.get(name, [""])[0]
