"""Users: who may sign in, and of each their role, where they are signed in, and what may be done about them.

The laws: a form does what `upsell users` does, by the same functions of the store; and the link by which
somebody sets a password stands once in an answer, in no address and in no log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from upsell.clock import Clock, Moment, format_moment
from upsell.config import Settings, link_base
from upsell.errors import ConfigError
from upsell.runtime.results import date_words
from upsell.store.acts import Done, read_acts
from upsell.store.connect import Connection
from upsell.store.lending import Lender
from upsell.store.sessions import Presence, read_presence
from upsell.store.users import (
    LINK_LASTS,
    Role,
    User,
    add_user,
    change_role,
    make_link,
    read_email,
    read_users,
    remove_user,
)
from upsell.web.pages.customer import LARGEST_FORM
from upsell.web.pages.notices import Notice
from upsell.web.pages.posting import Form, done, posted
from upsell.web.pages.settings import WHO
from upsell.web.pages.shell import Trouble, refuse, shown
from upsell.web.pages.shown_once import ShownOnce, show_once
from upsell.web.pages.sign_in import JOIN

PATH: Final = "/settings/users"

_MOST_DONE: Final = 10
_NOBODY: Final = Presence(0, None)

AnyRequest = Request[Any, Any, Any]


class UserRow(msgspec.Struct, frozen=True):
    """One user in a line."""

    path: str
    email: str
    role: str
    has_password: bool
    seen: str
    sessions: str


class UsersPage(msgspec.Struct, frozen=True):
    """Who may sign in: how many, in a sentence, each of them, and which roles there are."""

    headline: str
    rows: tuple[UserRow, ...]
    roles: tuple[tuple[str, str], ...]


class UserPage(msgspec.Struct, frozen=True):
    """One user.

    Attributes:
        row: The same as in the list.
        added: When they were added.
        is_self: Whether they are who looks at it.
        roles: Which roles there are, with whom each is for.
        done: What they did, and what was done about them, the newest first.
    """

    row: UserRow
    added: str
    is_self: bool
    roles: tuple[tuple[str, str], ...]
    done: tuple[tuple[str, str], ...]


class UserDesk:
    """The pages and forms of users, over connections that are lent."""

    def __init__(self, lender: Lender, clock: Clock, settings: Settings) -> None:
        """Open nothing yet."""
        self._lender = lender
        self._clock = clock
        self._settings = settings

    def show_all(self, request: AnyRequest) -> Response[bytes]:
        """Show who may sign in."""
        now = self._clock.now()
        with self._lender.lent() as connection:
            known, presence = read_users(connection), read_presence(connection, now)
        told = msgspec.json.encode(users_content(known, presence))
        return shown(request, "users.html", users_page(known, presence), told=told)

    def show_one(self, request: AnyRequest, number: str) -> Response[bytes]:
        """Show one user."""
        with self._lender.lent() as connection:
            user = _find(connection, number)
            if user is None:
                said = Trouble(
                    "There is no such user", "They were removed, or never were.", "Look through all of them."
                )
                return refuse(request, said, "unknown", HTTPStatus.NOT_FOUND)
            presence = read_presence(connection, self._clock.now()).get(user.number, _NOBODY)
            acts = read_acts(connection, _MOST_DONE, by=user.email)
        page = user_page(user, presence, acts, request.state.visit.name)
        return shown(request, "user.html", page, told=msgspec.json.encode(_content(user, presence)))

    def add(self, request: AnyRequest, form: Form) -> Response[bytes]:
        """Add a user, and show their link once."""
        email = read_email(form.needed("email", "the address they sign in with"))
        role = _role(form.needed("role", "a role"))
        why, now = form.needed("why", "why they are let in"), self._clock.now()
        with self._lender.lent() as connection:
            link = add_user(connection, email, role, form.by.name, why, now)
        return self._give(request, f"{email} is {role.value}, once they set a password.", email, link, now)

    def change(self, request: AnyRequest, number: str, action: str, form: Form) -> Response[bytes]:
        """Do to one user what the form says: another role, another link, or let them in no more."""
        now = self._clock.now()
        with self._lender.lent() as connection:
            user = _find(connection, number)
            if user is None:
                msg = f"expected a user, got the number {number[:20]}, which nobody has"
                raise ConfigError(msg)
            why = form.needed("why", "why it is done")
            match action:
                case "role":
                    role = _role(form.needed("role", "a role"))
                    change_role(connection, user.email, role, form.by.name, why, now)
                    return done(request, f"{PATH}/{user.number}", Notice.ROLE_GIVEN)
                case "link":
                    link = make_link(connection, user.email, form.by.name, why, now)
                    title = f"By this {user.email} sets another password."
                    return self._give(request, title, user.email, link, now)
                case "remove":
                    remove_user(connection, user.email, form.by.name, why, now)
                    return done(request, PATH, Notice.USER_REMOVED)
                case _:
                    msg = f"expected role, link or remove, got {action[:20]}"
                    raise ConfigError(msg)

    def _give(self, request: AnyRequest, title: str, email: str, link: str, now: Moment) -> Response[bytes]:
        address, until = f"{link_base(self._settings)}{JOIN}/{link}", now + LINK_LASTS
        once = ShownOnce(
            title,
            "Their link",
            address,
            f"Send it to {email} and to nobody else. It works once, until {date_words(until)}; links made "
            "for them before work no more.",
            PATH,
            "Back to users",
        )
        told: dict[str, object] = {"email": email, "link": address, "until": format_moment(until)}
        return show_once(request, once, told)


def user_routes(lender: Lender, clock: Clock, settings: Settings) -> list[HTTPRouteHandler]:
    """Give the routes of users: all, one, and what may be done about them."""
    desk = UserDesk(lender, clock, settings)

    @route([PATH], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False)
    def show_users(request: AnyRequest) -> Response[bytes]:
        """Show who may sign in."""
        return desk.show_all(request)

    @route(
        [f"{PATH}/{{user:str}}"], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False
    )
    def show_user(request: AnyRequest, user: FromPath[str]) -> Response[bytes]:
        """Show one user."""
        return desk.show_one(request, user)

    @route(
        [PATH],
        http_method=["POST"],
        status_code=HTTPStatus.OK,
        include_in_schema=False,
        request_max_body_size=LARGEST_FORM,
    )
    async def add(request: AnyRequest) -> Response[bytes]:
        """Add a user."""
        return await posted(request, lambda form: desk.add(request, form))

    @route(
        [f"{PATH}/{{user:str}}/{{action:str}}"],
        http_method=["POST"],
        status_code=HTTPStatus.SEE_OTHER,
        include_in_schema=False,
        request_max_body_size=LARGEST_FORM,
    )
    async def change(request: AnyRequest, user: FromPath[str], action: FromPath[str]) -> Response[bytes]:
        """Change one user."""
        return await posted(request, lambda form: desk.change(request, user, action, form))

    return [show_users, show_user, add, change]


def users_page(known: Sequence[User], presence: Mapping[int, Presence]) -> UsersPage:
    """Give what the list of users says."""
    waiting = sum(not user.has_password for user in known)
    total = f"{len(known):,} {'user' if len(known) == 1 else 'users'} may sign in"
    left = (
        f"; {waiting:,} of them {'has' if waiting == 1 else 'have'} not set a password yet" if waiting else ""
    )
    rows = tuple(_row(user, presence.get(user.number, _NOBODY)) for user in known)
    return UsersPage(f"{total}{left}.", rows, _roles())


def user_page(user: User, presence: Presence, acts: Sequence[Done], by: str) -> UserPage:
    """Give what the page of one user says to somebody."""
    return UserPage(
        _row(user, presence),
        date_words(user.added_at),
        user.email == by,
        _roles(),
        tuple((date_words(each.done_at), _act_words(each)) for each in acts),
    )


def users_content(known: Sequence[User], presence: Mapping[int, Presence]) -> list[dict[str, Any]]:
    """Give every user for machines."""
    return [_content(user, presence.get(user.number, _NOBODY)) for user in known]


def _content(user: User, presence: Presence) -> dict[str, Any]:
    return {
        "number": user.number,
        "email": user.email,
        "role": user.role.value,
        "has_password": user.has_password,
        "added_at": format_moment(user.added_at),
        "seen_at": format_moment(presence.seen_at) if presence.seen_at is not None else None,
        "sessions": presence.sessions,
    }


def _row(user: User, presence: Presence) -> UserRow:
    count = presence.sessions
    return UserRow(
        f"{PATH}/{user.number}",
        user.email,
        user.role.value,
        user.has_password,
        date_words(presence.seen_at) if presence.seen_at is not None else "never",
        f"{count} {'browser' if count == 1 else 'browsers'}" if count else "nowhere",
    )


def _act_words(each: Done) -> str:
    about = "" if each.about == each.by else f" {each.about}"
    words = f" ({each.words})" if each.words else ""
    return f"{each.by} {each.act.value}{about}{words}{': ' if each.because else ''}{each.because}"


def _roles() -> tuple[tuple[str, str], ...]:
    return tuple((role.value, WHO[role]) for role in Role)


def _role(said: str) -> Role:
    known = {role.value: role for role in Role}
    if said not in known:
        msg = f"expected one of {', '.join(known)}, got {said[:40]}"
        raise ConfigError(msg)
    return known[said]


def _find(connection: Connection, number: str) -> User | None:
    """Give the user of a number as an address says it; None where nobody has it."""
    return next((user for user in read_users(connection) if str(user.number) == number), None)
