"""The gate: who of the team may see which page; whoever may not is led to where they can sign in.

The laws: nothing is done for a request before its right was asked; a page that is not in the table of
access is not served; and no form is taken that is not one of ours.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

import psycopg
import structlog
from litestar import Request, Response, Router
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from upsell.errors import DefinitionError, StoreError
from upsell.runtime.keeping import BeingReadError
from upsell.runtime.porter import Porter
from upsell.store.users import Role
from upsell.web.access import RIGHTS, Right, access_to
from upsell.web.api.answers import Refused, answer
from upsell.web.cookies import Jar, form_token, is_ours
from upsell.web.pages.fields import read_fields
from upsell.web.pages.shell import SIGN_IN, Trouble, Visit, path_asked, refuse, wants_json
from upsell.web.unhandled import answer_unhandled

AnyRequest = Request[Any, Any, Any]

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_AGAIN_AFTER: Final = "3"
_log = structlog.get_logger(__name__)


GUEST: Final = Visit(name="", role=Role.VIEWER, form="", rights=RIGHTS[Role.VIEWER])
"""Whoever looks at pages that are open to everybody on this machine: those of the simulated company."""


class Gate:
    """Asks of every page who is there; without a porter everybody is a guest, who can change nothing."""

    def __init__(self, porter: Porter | None, jar: Jar) -> None:
        """Know users by a porter and what their browsers keep."""
        self._porter = porter
        self._jar = jar

    def behind(self, handlers: Sequence[HTTPRouteHandler]) -> list[Router]:
        """Put pages behind the gate, each by the right that the table of access names for it.

        Raises:
            KeyError: A path of a handler is not in the table.
        """
        by_access: dict[Any, list[HTTPRouteHandler]] = {}
        for handler in handlers:
            (access,) = {
                access_to(path, method)
                for path in handler.paths
                for method in handler.http_methods - {"HEAD"}
            }
            by_access.setdefault(access, []).append(handler)
        return [
            Router(
                "/",
                route_handlers=found,
                before_request=self._asking(access) if isinstance(access, Right) else None,
                exception_handlers={Exception: answer_trouble},
            )
            for access, found in by_access.items()
        ]

    def _asking(self, right: Right) -> Callable[[AnyRequest], Awaitable[Response[bytes] | None]]:
        async def ask(request: AnyRequest) -> Response[bytes] | None:
            """Give the answer to whoever may not; None lets a request go on."""
            try:
                visit = await self._visit(request)
            except (psycopg.Error, StoreError) as error:
                return answer_trouble(request, error)
            if visit is None:
                return _lead_to_sign_in(request)
            request.state.visit = visit
            if right not in visit.rights:
                return _forbid(request, right, visit)
            if "\0" in request.scope["path"]:
                return _know_none(request)
            if request.method not in _SAFE and not await self._is_believed(request):
                return _disbelieve(request)
            return None

        return ask

    async def _visit(self, request: AnyRequest) -> Visit | None:
        if self._porter is None:
            return GUEST
        token = request.cookies.get(self._jar.session, "")
        signed = await asyncio.to_thread(self._porter.ask, token)
        if signed is None:
            return None
        return Visit(signed.email, signed.role, form_token(token), RIGHTS[signed.role])

    async def _is_believed(self, request: AnyRequest) -> bool:
        secret = request.cookies.get(self._jar.session, "")
        return is_ours(request, await read_fields(request), secret, self._jar.public_host)


def answer_trouble(request: AnyRequest, error: Exception) -> Response[bytes]:
    """Say calmly that a page cannot be shown now."""
    # What works with many revisions at once tells of the one by an error of its own.
    cause = error if isinstance(error, DefinitionError) else error.__cause__
    if isinstance(cause, DefinitionError):
        return _ask_to_apply(request, cause)
    if isinstance(error, (psycopg.Error, StoreError)):
        _log.warning("page_not_shown", path=_route(request), error=str(error).strip())
        said = Trouble(
            "The database does not answer",
            "This page shows what the database holds, and that did not answer.",
            "Nothing is lost. Try again in a minute; `upsell doctor` says more.",
        )
        return refuse(request, said, "unavailable", HTTPStatus.SERVICE_UNAVAILABLE)
    if isinstance(error, BeingReadError):
        return _ask_to_wait(request)
    if isinstance(error, HTTPException):
        return answer_unhandled(request, error)
    # As text: what shows variables beside a traceback would show what was typed for a password.
    trace = "".join(traceback.format_exception(error))
    _log.error("page_failed", path=_route(request), trace=trace)
    said = Trouble(
        "Something broke here",
        "This page could not be made, and that is our fault.",
        "Try again; if it stays so, what the server wrote says why.",
    )
    return refuse(request, said, "fault", HTTPStatus.INTERNAL_SERVER_ERROR)


def _ask_to_wait(request: AnyRequest) -> Response[bytes]:
    """Say that what the page shows is being read; the page loads itself again, and machines may."""
    said = Trouble(
        "This is being counted",
        "It is read from everything that ever happened, and kept once it was.",
        f"This page loads itself again every {_AGAIN_AFTER} seconds until it is there.",
    )
    # To a browser nothing went wrong; a machine is not to take this for what it asked for.
    is_machine = wants_json(request)
    status = HTTPStatus.SERVICE_UNAVAILABLE if is_machine else HTTPStatus.ACCEPTED
    answered = refuse(request, said, "being_read", status)
    answered.headers["Retry-After" if is_machine else "Refresh"] = _AGAIN_AFTER
    return answered


def _ask_to_apply(request: AnyRequest, error: DefinitionError) -> Response[bytes]:
    """Say that what was applied has to be mended, by whoever wrote it."""
    _log.warning("revision_not_taken", path=_route(request), error=str(error))
    first = str(error.problems[0]).partition("\n")[0] if error.problems else "it says no more"
    said = Trouble(
        "What was applied is not taken by this release",
        f"An earlier release took it; of this one the first complaint is: {first}.",
        "`upsell check WORKSPACE` says all there is to mend; then put it live with `upsell apply WORKSPACE`.",
    )
    return refuse(request, said, "definition", HTTPStatus.SERVICE_UNAVAILABLE)


def _route(request: AnyRequest) -> str:
    """Name a page without what its address ends with, which may be a link that lets somebody in."""
    return str(request.scope.get("path_template", ""))


def _lead_to_sign_in(request: AnyRequest) -> Response[bytes]:
    words = f"expected somebody who is signed in, got nobody; sign in at {SIGN_IN}"
    if wants_json(request):
        return answer(Refused("unauthorized", words), HTTPStatus.UNAUTHORIZED)
    here = path_asked(request) + (f"?{request.url.query}" if request.url.query else "")
    to = here if request.method in _SAFE and here != "/" else ""
    where = f"{SIGN_IN}?to={quote(to, safe='/')}" if to else SIGN_IN
    return Response(b"", status_code=HTTPStatus.SEE_OTHER, headers={"Location": where})


def _forbid(request: AnyRequest, right: Right, visit: Visit) -> Response[bytes]:
    having = " or ".join(role.value for role in Role if right in RIGHTS[role])
    said = Trouble(
        "This page is not for your role",
        f"You are signed in as {visit.role.value}; to {right.value} takes the role {having}.",
        "An admin changes roles at /settings/users, or with `upsell users role`.",
    )
    return refuse(request, said, "forbidden", HTTPStatus.FORBIDDEN)


def _know_none(request: AnyRequest) -> Response[bytes]:
    """Say that there is no such page: nothing we keep is called by a null character."""
    said = Trouble(
        "There is no such page",
        "Its address holds a null character, by which nothing is called.",
        "Go back, and follow a link from there.",
    )
    return refuse(request, said, "unknown", HTTPStatus.NOT_FOUND)


def _disbelieve(request: AnyRequest) -> Response[bytes]:
    said = Trouble(
        "This form is not one of ours, or is too old",
        "Nothing was changed: what came does not belong to the page you have open.",
        "Go back, load the page again, and send it once more.",
    )
    return refuse(request, said, "forbidden", HTTPStatus.FORBIDDEN)
