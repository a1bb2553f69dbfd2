"""The shell: what every page of the team has around it, and how a page answers.

A page is a function that gives a value, and a template that writes it. The law: what a page says to people it
says to machines at the same address, for ``Accept: application/json`` or ``?format=json``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response

from upsell.store.users import Role
from upsell.web.access import ROUTES, Right
from upsell.web.api.answers import Refused
from upsell.web.pages.forms import data, page, prefers_json, rendered
from upsell.web.pages.notices import notice_of

SIGN_IN: Final = "/sign-in"
"""Where users sign in."""

AnyRequest = Request[Any, Any, Any]

_OURS: Final = ("format", "done")

_NAMED_FREELY: Final = ("/customers/", "/signals/", "/offers/")
"""Under which an address ends with what somebody or something is called, which may look like anything."""


class Visit(msgspec.Struct, frozen=True):
    """Who looks at a page.

    Attributes:
        name: The address they sign in with; empty for a guest.
        role: Their role.
        form: What their forms say to be believed.
        rights: What they may do.
    """

    name: str
    role: Role
    form: str
    rights: frozenset[Right]


class Way(msgspec.Struct, frozen=True):
    """A way to another page: what it is called, where it leads, and whether the reader is there."""

    label: str
    path: str
    is_here: bool


class Ways(msgspec.Struct, frozen=True):
    """Ways that belong together, under what they are for."""

    label: str
    ways: tuple[Way, ...]


class Shell(msgspec.Struct, frozen=True):
    """What stands around a page.

    Attributes:
        visit: Who looks at it; None while nobody is signed in.
        groups: Where else they may go.
        json: Where the same is JSON.
        notice: What was done by the form that led here; empty for nothing.
    """

    visit: Visit | None
    groups: tuple[Ways, ...]
    json: str
    notice: str

    def may(self, right: str) -> bool:
        """Tell whether somebody who is signed in may do something, by the name of the right."""
        return self.visit is not None and bool(self.visit.name) and Right[right] in self.visit.rights

    def opens(self, path: str) -> bool:
        """Tell whether whoever looks may open one of the pages that have no name in their address."""
        access = ROUTES.get(path.partition("?")[0])
        return self.visit is not None and (access is None or access in self.visit.rights)


class Trouble(msgspec.Struct, frozen=True):
    """A page that could not be shown: what is so, what to do, and where the reader was, if that is known."""

    title: str
    said: str
    advice: str
    back: str = ""


GROUPS: Final = (
    (
        "Today",
        (
            ("Home", "/"),
            ("Queue", "/queue"),
            ("Approvals", "/approvals"),
        ),
    ),
    (
        "Run",
        (
            ("Workflows", "/workflows"),
            ("Experiments", "/experiments"),
            ("Guardrails", "/guardrails"),
            ("Changes", "/changes"),
            ("Stops", "/stops"),
        ),
    ),
    (
        "Know",
        (
            ("Customers", "/customers"),
            ("Outbox", "/outbox"),
            ("Offers", "/offers"),
            ("Signals", "/signals"),
        ),
    ),
    (
        "Prove",
        (
            ("Results", "/results"),
            ("Reports", "/reports"),
        ),
    ),
    (
        "Keep",
        (
            ("Log", "/log"),
            ("Settings", "/settings"),
        ),
    ),
)
"""What the navigation leads to, in order, under what it is for."""


def wants_json(request: AnyRequest) -> bool:
    """Tell whether a request is one of a machine: by its address, or by what it accepts."""
    path = request.url.path
    is_named = path.endswith(".json") and not path.startswith(_NAMED_FREELY)
    is_asked = request.query_params.get("format") == "json"
    return is_named or is_asked or prefers_json(request.headers.get("accept", ""))


def shown(
    request: AnyRequest,
    template: str,
    value: msgspec.Struct,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    told: bytes | None = None,
    style_hash: str = "",
    has_frames: bool = False,
) -> Response[bytes]:
    """Answer with what a page has to say, to people or machines as they ask.

    Args:
        request: What was asked.
        template: How it is written for people: it is given ``page``, the value, and ``shell``.
        value: What is said.
        status: How it went.
        told: What machines are told where that is not the value itself.
        style_hash: Allows a style that is written into the page.
        has_frames: Whether it shows letters in frames.
    """
    if wants_json(request):
        return data(msgspec.json.encode(value) if told is None else told, status)
    html = rendered(template, page=value, shell=shell_of(request))
    return page(html, status, style_hash=style_hash, is_private=True, has_frames=has_frames)


def refuse(request: AnyRequest, said: Trouble, code: str, status: HTTPStatus) -> Response[bytes]:
    """Answer with what stands in the way: people get a page, machines a stable code and a sentence."""
    told = msgspec.json.encode(Refused(code, f"{said.title}. {said.said} {said.advice}"))
    return shown(request, "trouble.html", said, status=status, told=told)


def path_asked(request: AnyRequest) -> str:
    """Give the path of a request as it was written, for what is read of it has lost slashes and signs."""
    raw: bytes = request.scope["raw_path"]
    return raw.decode("latin-1").partition("?")[0]


def shell_of(request: AnyRequest) -> Shell:
    """Give what stands around a page, by who looks at it and where they are."""
    visit: Visit | None = request.scope["state"].get("visit")
    asked = [(name, said) for name, said in request.query_params.multi_items() if name not in _OURS]
    return Shell(
        visit,
        tuple(_groups(request.url.path, visit.rights if visit is not None else frozenset())),
        f"{path_asked(request)}?{urlencode([*asked, ('format', 'json')])}",
        notice_of(request.query_params.get("done", "")),
    )


def _groups(here: str, rights: Collection[Right]) -> Iterator[Ways]:
    """Give where somebody with these rights may go."""
    for group, named in GROUPS:
        ways = tuple(
            Way(label, path, here == path or (path != "/" and here.startswith(f"{path}/")))
            for label, path in named
            if ROUTES[path] in rights
        )
        if ways:
            yield Ways(group, ways)
