"""Posting: how a form of a page is taken: read, done in a thread, and led on from, or refused with why.

The law: a form that was taken leads to a page that says so, so that loading it again does nothing twice; one
that was refused changes nothing and says expected, got and what to do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import msgspec
from litestar import Request, Response

from upsell.errors import ConfigError
from upsell.web.pages.fields import Sent, read_fields, read_sent
from upsell.web.pages.notices import Notice
from upsell.web.pages.shell import Trouble, Visit, refuse, wants_json

AnyRequest = Request[Any, Any, Any]

LONGEST: Final = 2_000
"""How many letters a reason or a name may have."""


class Form(msgspec.Struct, frozen=True):
    """What was typed, and by whom.

    Attributes:
        fields: Values by name, as they came.
        by: Who sent it.
        files: What was sent along.
    """

    fields: Mapping[str, list[str]]
    by: Visit
    files: tuple[Sent, ...] = ()

    def said(self, name: str) -> str:
        """Give one value without spaces around it; empty for none."""
        return self.fields.get(name, [""])[0].strip()

    def needed(self, name: str, what: str) -> str:
        """Give one value that has to be there.

        Raises:
            ConfigError: It is not there, or too long.
        """
        found = self.said(name)
        if not found or len(found) > LONGEST:
            got = f"{len(found):,} letters" if found else "nothing"
            msg = f"expected {what}, got {got}; write it and send the form again"
            raise ConfigError(msg)
        return found


async def posted(request: AnyRequest, act: Callable[[Form], Response[bytes]]) -> Response[bytes]:
    """Take a form that came through the gate; what its act refuses is said as a page of its own."""
    form = Form(await read_fields(request), request.state.visit, await read_sent(request))
    try:
        _refuse_what_no_text_holds(form)
        return await asyncio.to_thread(act, form)
    except ConfigError as error:
        words = f"{str(error)[:1].upper()}{str(error)[1:]}."
        advice = "Nothing was changed. Go back, put it right, and send it once more."
        said = Trouble("That was not done", words, advice, _came_from(request))
        return refuse(request, said, "refused", HTTPStatus.BAD_REQUEST)


def _refuse_what_no_text_holds(form: Form) -> None:
    """Refuse a character that the database keeps in no text.

    Raises:
        ConfigError: There is one.
    """
    name = next((name for name, said in form.fields.items() if any("\0" in each for each in said)), None)
    if name is not None:
        msg = f"expected text, got a null character in {name[:40]!r}; take it out and send the form again"
        raise ConfigError(msg)


def _came_from(request: AnyRequest) -> str:
    """Give the page of this server that a form was on, as the browser says; empty where it says none."""
    said = urlsplit(request.headers.get("referer", ""))
    is_ours = said.netloc == request.headers.get("host") and not said.path.startswith("//")
    return said.path if is_ours else ""


def done(request: AnyRequest, path: str, notice: Notice, fragment: str = "") -> Response[bytes]:
    """Lead on to a page that says what was done; machines are told in the answer itself."""
    if wants_json(request):
        told = msgspec.json.encode({"done": notice.name.lower(), "path": path})
        return Response(told, status_code=HTTPStatus.OK, media_type="application/json")
    joint = "&" if "?" in path else "?"
    where = f"{path}{joint}{urlencode({'done': notice.name.lower()})}"
    headers = {"Location": f"{where}#{fragment}" if fragment else where, "Cache-Control": "no-store"}
    return Response(b"", status_code=HTTPStatus.SEE_OTHER, headers=headers)
