"""Settings: the page that leads to every one of them, and the table of roles as it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler

from upsell.store.users import Role
from upsell.web.access import RIGHTS, ROUTES, WRITES, Access, Right
from upsell.web.pages.shell import shown

PATH: Final = "/settings"
ROLES: Final = f"{PATH}/roles"

WHO: Final[Mapping[Role, str]] = {
    Role.VIEWER: "analysts, developers, anybody",
    Role.EDITOR: "lifecycle marketers",
    Role.APPROVER: "revenue, finance, legal",
    Role.SUCCESS: "customer success managers",
    Role.ADMIN: "whoever runs it",
}
"""Whom each role is for."""

_ADMINS: Final = "An admin looks after it."


class Entry(msgspec.Struct, frozen=True):
    """One page of settings: what it is called and answers, and where it is; empty for who may not see it."""

    label: str
    said: str
    path: str


class SettingsPage(msgspec.Struct, frozen=True):
    """What the page says: what of it the reader looks after, and where each setting is."""

    headline: str
    entries: tuple[Entry, ...]


class RightRow(msgspec.Struct, frozen=True):
    """A right: its name, its words, each role with whether it has it, and which pages ask for it."""

    name: str
    words: str
    has: tuple[tuple[str, bool], ...]
    asked: tuple[str, ...]


class RolesPage(msgspec.Struct, frozen=True):
    """The table of rights: its gist, every role with whom it is for, and every right."""

    headline: str
    roles: tuple[tuple[str, str], ...]
    rows: tuple[RightRow, ...]


_ENTRIES: Final = (
    ("Users", "Who may sign in, with which role, and who was here when.", f"{PATH}/users"),
    ("Keys", "What servers, pages and monitors show when they send or ask.", f"{PATH}/keys"),
    ("Channels", "How messages leave, how that stands, and a test of it.", f"{PATH}/channels"),
    ("Roles", "What each role may do.", ROLES),
    ("Contact policy", "What holds over every workflow, in words, beside its file.", f"{PATH}/policy"),
    ("Connections", "Where events come from and go to, and how each stands.", f"{PATH}/connections"),
)


def settings_routes() -> list[HTTPRouteHandler]:
    """Give the routes of the page of settings, and of roles."""

    @route([PATH], http_method=["GET", "HEAD"], sync_to_thread=False, include_in_schema=False)
    def show_settings(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Show where each setting is."""
        return shown(request, "settings.html", settings_page(request.state.visit.rights))

    @route([ROLES], http_method=["GET", "HEAD"], sync_to_thread=False, include_in_schema=False)
    def show_roles(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Show what each role may do."""
        page = roles_page(RIGHTS, ROUTES, WRITES)
        return shown(request, "roles.html", page, told=msgspec.json.encode(roles_content(page)))

    return [show_settings, show_roles]


def settings_page(rights: frozenset[Right]) -> SettingsPage:
    """Give what the page says to somebody with some rights."""
    entries = tuple(
        Entry(label, said, path) if ROUTES[path] in rights else Entry(label, f"{said} {_ADMINS}", "")
        for label, said, path in _ENTRIES
    )
    is_admin = all(entry.path for entry in entries)
    return SettingsPage(
        "You look after all of it." if is_admin else "You see what holds; an admin looks after the rest.",
        entries,
    )


def roles_page(
    rights: Mapping[Role, frozenset[Right]], routes: Mapping[str, Access], writes: Mapping[str, Access]
) -> RolesPage:
    """Give the table of rights, by what is asked of every request."""
    most = " and ".join(role.value for role in rights if rights[role] == frozenset(Right))
    least = " and ".join(right.value for right in Right if all(right in has for has in rights.values()))
    return RolesPage(
        f"Every role may {least or 'do nothing'}; {most or 'none'} may do everything.",
        tuple((role.value, WHO[role]) for role in rights),
        tuple(
            RightRow(
                right.name,
                right.value,
                tuple((role.value, right in rights[role]) for role in rights),
                (
                    *(_address(path) for path in routes if routes[path] is right),
                    *(f"POST {_address(path)}" for path in writes if writes[path] is right),
                ),
            )
            for right in Right
        ),
    )


def _address(path: str) -> str:
    """Give the path of a route without the kinds of what varies in it."""
    return path.replace(":str", "").replace(":path", "")


def roles_content(page: RolesPage) -> dict[str, Any]:
    """Give the table for machines: each right by its name, with the roles that have it."""
    return {
        "roles": [role for role, _ in page.roles],
        "rights": [
            {
                "right": row.name.lower(),
                "words": row.words,
                "roles": [role for role, has in row.has if has],
                "pages": row.asked,
            }
            for row in page.rows
        ],
    }
