"""Users: who may sign in to the pages, the links by which they set a password, and their roles.

The laws: a password is kept only as its argon2id hash, and a link only as the SHA-256 of what it ends with; a
link works once; there is never a password that nobody chose; nobody changes their own role; and the last
admin who can sign in stays one.
"""

from __future__ import annotations

import enum
import re
import secrets
from hashlib import sha256
from typing import Final

import msgspec

from upsell.clock import DAY, Duration, Moment
from upsell.errors import ConfigError, nearest
from upsell.store.acts import Act, add_act
from upsell.store.connect import Connection
from upsell.store.queries import query

LINK_LASTS: Final[Duration] = DAY
"""How long a link to set a password can be used."""

# Whoever acts by a command goes by ``shell:`` and their name: no user may look like one.
_EMAIL = re.compile(r"[^@:\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,189}")


class Role(enum.Enum):
    """What somebody is to the program; ``web/access.py`` says what each may do."""

    VIEWER = "viewer"
    EDITOR = "editor"
    APPROVER = "approver"
    SUCCESS = "success"
    ADMIN = "admin"


class User(msgspec.Struct, frozen=True):
    """Somebody who may sign in.

    Attributes:
        number: Their number, which nobody else ever has.
        email: The name they sign in with, in small letters.
        role: What they are.
        has_password: Whether they have set a password yet.
        added_at: When they were added.
    """

    number: int
    email: str
    role: Role
    has_password: bool
    added_at: Moment


class Invited(msgspec.Struct, frozen=True):
    """For whom a link is.

    Attributes:
        number: The user's number; None where the link makes the first admin.
        email: Their name; empty where the link makes the first admin.
    """

    number: int | None
    email: str


def hash_secret(secret: str) -> bytes:
    """Give the hash by which a link or a session is known: 256 random bits need no slow one."""
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()


def read_email(said: str) -> str:
    """Give an address as a name to sign in with.

    Raises:
        ConfigError: It is no address of mail.
    """
    email = said.strip().lower()
    if _EMAIL.fullmatch(email) is None:
        msg = f"expected an address of mail such as ada@acme.example, got {said.strip() or 'nothing'}"
        raise ConfigError(msg)
    return email


def person_of(name: str) -> str:
    """Give who goes by a name: an address without its tag, in small letters."""
    mailbox, at, host = name.strip().casefold().partition("@")
    return f"{mailbox.partition('+')[0] or mailbox}{at}{host}" if at else mailbox


def read_users(connection: Connection) -> tuple[User, ...]:
    """Give everybody who may sign in, by name; () when nobody may."""
    return tuple(
        User(number, email, Role(role), *rest)
        for number, email, role, *rest in connection.execute(query("read_users"), binary=True)
    )


def add_user(connection: Connection, email: str, role: Role, by: str, because: str, now: Moment) -> str:
    """Add a user, and give the end of the link by which they set their password.

    Raises:
        ConfigError: Somebody has that name, or it is no address.
    """
    email = read_email(email)
    with connection.transaction():
        values = {"email": email, "role": role.value, "password": None, "at": now}
        row = connection.execute(query("add_user"), values).fetchone()
        if row is None:
            msg = (
                f"expected an address that no user has, got {email}; `upsell users link {email}` lets them in"
            )
            raise ConfigError(msg)
        add_act(connection, Act.USER_ADDED, by, email, role.value, because, now)
        return _keep_link(connection, row[0], now)


def change_role(connection: Connection, email: str, role: Role, by: str, because: str, now: Moment) -> None:
    """Give a user another role; it holds from their next page on.

    Raises:
        ConfigError: Nobody has that name, it is their own role, or they are the last admin.
    """
    with connection.transaction():
        # Two admins who make each other something else at once would leave none.
        connection.execute(query("hold_users"))
        user = _find(connection, email)
        _refuse_themselves(user, by)
        if role is not Role.ADMIN:
            _refuse_last_admin(connection, user)
        _give_role(connection, user, role, by, because, now)


def remove_user(connection: Connection, email: str, by: str, because: str, now: Moment) -> None:
    """Let a user in no more: their sessions and links end at once.

    Raises:
        ConfigError: Nobody has that name, it is their own, or they are the last admin.
    """
    with connection.transaction():
        connection.execute(query("hold_users"))
        user = _find(connection, email)
        _refuse_themselves(user, by)
        _refuse_last_admin(connection, user)
        connection.execute(query("remove_user"), {"number": user.number, "at": now})
        connection.execute(query("end_entry_links"), {"user": user.number, "at": now})
        connection.execute(query("end_sessions"), {"user": user.number, "idle_since": 0, "begun_since": 0})
        add_act(connection, Act.USER_REMOVED, by, user.email, "", because, now)


def make_link(connection: Connection, email: str, by: str, because: str, now: Moment) -> str:
    """Make a link by which a user sets a new password, and give its end; links made before end.

    Raises:
        ConfigError: Nobody has that name.
    """
    with connection.transaction():
        user = _find(connection, email)
        add_act(connection, Act.LINK_MADE, by, user.email, "", because, now)
        return _keep_link(connection, user.number, now)


def make_first_link(connection: Connection, now: Moment) -> str | None:
    """Make the link that makes the first admin, and give its end; None when an admin has a password.

    Those made before end.
    """
    with connection.transaction():
        connection.execute(query("hold_users"))
        return None if _has_admin(connection) else _keep_link(connection, None, now)


def find_invited(connection: Connection, link: str, now: Moment) -> Invited | None:
    """Give for whom a link is by its end; None for one that is none, was used or has expired."""
    values = {"hash": hash_secret(link), "at": now}
    row = connection.execute(query("find_entry_link"), values).fetchone()
    if row is None or (row[0] is None and _has_admin(connection)):
        return None
    return Invited(row[0], row[1] or "")


def take_link(connection: Connection, link: str, email: str, password: str, now: Moment) -> int | None:
    """Set the password of whom a link is for, and give their number; None where the link is none any more.

    Args:
        connection: The database.
        link: The end of the link.
        email: The name of the first admin, who may be a user already; otherwise of no meaning.
        password: The argon2id hash.
        now: The present.
    """
    with connection.transaction():
        connection.execute(query("hold_users"))
        invited = find_invited(connection, link, now)
        if invited is None:
            return None
        connection.execute(query("take_entry_link"), {"hash": hash_secret(link)})
        if invited.number is None:
            values = {"email": email, "role": Role.ADMIN.value, "password": password, "at": now}
            row = connection.execute(query("add_user"), values).fetchone()
            if row is not None:
                number: int = row[0]
                add_act(connection, Act.USER_ADDED, email, email, Role.ADMIN.value, "the first admin", now)
                return number
            user = _find(connection, email)
            if user.role is not Role.ADMIN:
                _give_role(connection, user, Role.ADMIN, email, "the first admin", now)
            # The link they were given when they were added is not to open a second time.
            connection.execute(query("end_entry_links"), {"user": user.number, "at": now})
            invited = Invited(user.number, user.email)
        return _set_password(connection, invited, password, now)


def _set_password(connection: Connection, invited: Invited, password: str, now: Moment) -> int | None:
    """Set a password by a link; whoever knew the one before is out."""
    connection.execute(query("set_password"), {"number": invited.number, "password": password})
    connection.execute(query("end_sessions"), {"user": invited.number, "idle_since": 0, "begun_since": 0})
    add_act(connection, Act.PASSWORD_SET, invited.email, invited.email, "by a link", "", now)
    return invited.number


def _give_role(connection: Connection, user: User, role: Role, by: str, because: str, now: Moment) -> None:
    connection.execute(query("change_role"), {"number": user.number, "role": role.value})
    words = f"{user.role.value} to {role.value}"
    add_act(connection, Act.ROLE_CHANGED, by, user.email, words, because, now)


def _refuse_themselves(user: User, by: str) -> None:
    if user.email == by:
        msg = f"expected somebody else's address, got your own, {by}; have another admin do it"
        raise ConfigError(msg)


def _refuse_last_admin(connection: Connection, user: User) -> None:
    """Refuse to leave nobody who can sign in and let others in; users are held."""
    others = (each for each in read_users(connection) if each.number != user.number)
    if user.role is Role.ADMIN and user.has_password and not any(map(_lets_others_in, others)):
        msg = (
            f"expected somebody who is not the last admin with a password, got {user.email}; make another "
            "user admin first, and let them set a password"
        )
        raise ConfigError(msg)


def _lets_others_in(user: User) -> bool:
    return user.role is Role.ADMIN and user.has_password


def _has_admin(connection: Connection) -> bool:
    """Tell whether somebody can sign in who lets the others in."""
    return any(map(_lets_others_in, read_users(connection)))


def _find(connection: Connection, email: str) -> User:
    row = connection.execute(query("find_user"), {"email": email.strip().lower()}, binary=True).fetchone()
    if row is None:
        names = [user.email for user in read_users(connection)]
        near = nearest(email.strip().lower(), names)
        hint = f"did you mean {near}?" if near else f"known are {', '.join(names) or 'none'}"
        msg = f"expected the address of a user, got {email}; {hint}"
        raise ConfigError(msg)
    number, found, role, added_at, password = row
    return User(number, found, Role(role), password is not None, added_at)


def _keep_link(connection: Connection, number: int | None, now: Moment) -> str:
    link = secrets.token_urlsafe(32)
    connection.execute(query("end_entry_links"), {"user": number, "at": now})
    values = {"hash": hash_secret(link), "user": number, "until": now + LINK_LASTS}
    connection.execute(query("keep_entry_link"), values)
    return link
