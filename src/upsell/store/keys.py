"""Keys that senders show: write keys, which are public, and server keys, which are secrets.

The law: of a secret only its SHA-256 is kept. A secret here is 256 random bits, which nobody can
guess from a fast hash; a slow one is for passwords, which people choose.
"""

from __future__ import annotations

import enum
import secrets
from collections.abc import Collection, Iterable
from hashlib import sha256
from typing import Final

import msgspec

from upsell.clock import DAY, Duration, Moment
from upsell.errors import ConfigError, nearest
from upsell.store.connect import Connection
from upsell.store.queries import query

GRACE: Final[Duration] = DAY
"""How long a key is still good after another took its place, unless said otherwise."""

_SHOWN = 8


class Kind(enum.Enum):
    """What kind of key it is: one that stands in web pages, or a secret between servers."""

    WRITE = "write"
    SERVER = "server"


class Scope(enum.Enum):
    """What a key is good for."""

    EVENTS = "events:write"
    INCIDENTS = "incidents:write"
    DECISIONS = "decisions:ask"
    SEGMENTS = "segments:read"
    BOUNCES = "bounces:write"
    PROMPTS = "prompts:ask"
    TASKS_READ = "tasks:read"
    TASKS_WRITE = "tasks:write"


PUBLIC: Final = frozenset({Scope.EVENTS, Scope.PROMPTS})
"""What a key that stands in pages may be good for, and is unless less is said."""

_PREFIXES: Final = {Kind.WRITE: "uw_", Kind.SERVER: "us_"}


def is_secret(key: str) -> bool:
    """Tell whether a key, good or not, is one of a server."""
    return key.startswith(_PREFIXES[Kind.SERVER])


class Key(msgspec.Struct, frozen=True):
    """One key as it is kept.

    Attributes:
        number: Its number.
        name: What the team calls it; the one that takes its place has the same.
        kind: Public or secret.
        shown: The key itself when it is public, otherwise how it begins.
        hash: SHA-256 of the key.
        scopes: What it is good for.
        created_at: When it was made.
        expires_at: When it stops being good because another took its place, None for no end.
        revoked_at: When it was taken back, None when it never was.
        last_used_at: When it was last used, to about a minute; None when it never was.
    """

    number: int
    name: str
    kind: Kind
    shown: str
    hash: bytes
    scopes: frozenset[Scope]
    created_at: Moment
    expires_at: Moment | None = None
    revoked_at: Moment | None = None
    last_used_at: Moment | None = None

    def is_good(self, now: Moment) -> bool:
        """Tell whether it opens anything at ``now``."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def hash_key(key: str) -> bytes:
    """Give the hash a key is known by."""
    return sha256(key.encode("utf-8", "surrogatepass")).digest()


def read_keys(connection: Connection) -> tuple[Key, ...]:
    """Give every key there ever was, in the order they were made; () when there never was one."""
    return tuple(
        Key(number, name, Kind(kind), shown, bytes(hashed), frozenset(map(Scope, scopes)), *moments)
        for number, name, kind, shown, hashed, scopes, *moments in connection.execute(
            query("read_keys"), binary=True
        )
    )


def create_key(connection: Connection, name: str, kind: Kind, scopes: Collection[Scope], now: Moment) -> str:
    """Make a key and give it: the only time a secret is seen.

    Raises:
        ConfigError: There is a good key of that name, or a write key is for more than what is public.
    """
    if any(key.name == name for key in good_keys(read_keys(connection), now)):
        msg = f"expected a name no good key has, got {name}; take another, or rotate that key"
        raise ConfigError(msg)
    beyond = sorted(scope.value for scope in scopes if scope not in PUBLIC)
    if kind is Kind.WRITE and beyond:
        msg = f"expected a server key for {', '.join(beyond)}, got a write key, which pages show"
        raise ConfigError(msg)
    return _keep(connection, name, kind, scopes, now)


def rotate_key(connection: Connection, name: str, now: Moment, grace: Duration = GRACE) -> str:
    """Make a key in the place of the good one of a name and give it; the old one is good for ``grace`` more.

    Raises:
        ConfigError: There is no good key of that name.
    """
    old = _named(connection, name, now)
    with connection.transaction():
        connection.execute(query("expire_keys"), {"name": name, "until": now + grace})
        return _keep(connection, name, old.kind, old.scopes, now)


def revoke_key(connection: Connection, name: str, now: Moment) -> None:
    """Take back the keys of a name, those in their last hours too.

    Raises:
        ConfigError: There is no good key of that name.
    """
    _named(connection, name, now)
    connection.execute(query("revoke_keys"), {"name": name, "at": now})


def note_keys_used(connection: Connection, numbers: Iterable[int], now: Moment) -> None:
    """Remember that keys were used."""
    connection.execute(query("note_keys_used"), {"numbers": sorted(numbers), "at": now})


def good_keys(keys: Iterable[Key], now: Moment) -> list[Key]:
    """Give those keys that open anything at ``now``."""
    return [key for key in keys if key.is_good(now)]


def _named(connection: Connection, name: str, now: Moment) -> Key:
    good = good_keys(read_keys(connection), now)
    for key in reversed(good):
        if key.name == name:
            return key
    names = {key.name for key in good}
    near = nearest(name, names)
    hint = f"did you mean {near}?" if near else f"known are {', '.join(sorted(names)) or 'none'}"
    msg = f"expected the name of a good key, got {name}; {hint}"
    raise ConfigError(msg)


def _keep(connection: Connection, name: str, kind: Kind, scopes: Collection[Scope], now: Moment) -> str:
    key = _PREFIXES[kind] + secrets.token_urlsafe(32)
    values = {
        "name": name,
        "kind": kind.value,
        "shown": key if kind is Kind.WRITE else f"{key[:_SHOWN]}...",
        "hash": hash_key(key),
        "scopes": sorted(scope.value for scope in scopes),
        "at": now,
    }
    connection.execute(query("keep_key"), values)
    return key
