"""The desk for keys: made, rotated and revoked by somebody who says why, and how each stands in words.

For `upsell keys` and the page of keys. The law: whatever is done to a key stands in the log, in the same
transaction, and never the key itself.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from upsell.clock import HOUR, Duration, Moment, to_datetime
from upsell.errors import ConfigError
from upsell.store.acts import Act, add_act
from upsell.store.connect import Connection
from upsell.store.keys import GRACE, Key, Kind, Scope, create_key, revoke_key, rotate_key

LONGEST: Final = 100
"""How many characters the name of a key may have."""


def make_key(
    connection: Connection,
    name: str,
    kind: Kind,
    scopes: Collection[Scope],
    by: str,
    because: str,
    now: Moment,
) -> str:
    """Make a key and give it: the only time a secret is seen.

    Raises:
        ConfigError: There is a good key of that name, the name cannot be read, nothing is what it is good
            for, or a write key is for more than what is public.
    """
    if not (0 < len(name) <= LONGEST and name.isprintable() and name == name.strip()):
        msg = f"expected a name of 1 to {LONGEST} characters that can be read, got {name[:LONGEST]!r}"
        raise ConfigError(msg)
    if not scopes:
        msg = f"expected what the key is good for, got nothing; take of {', '.join(s.value for s in Scope)}"
        raise ConfigError(msg)
    with connection.transaction():
        made = create_key(connection, name, kind, scopes, now)
        words = f"{kind.value}: {', '.join(sorted(scope.value for scope in scopes))}"
        add_act(connection, Act.KEY_MADE, by, name, words, because, now)
    return made


def replace_key(
    connection: Connection, name: str, by: str, because: str, now: Moment, grace: Duration = GRACE
) -> str:
    """Make a key in the place of the good one of a name and give it; the old one is good for ``grace`` more.

    Raises:
        ConfigError: There is no good key of that name.
    """
    with connection.transaction():
        made = rotate_key(connection, name, now, grace)
        words = f"the one before ends {_minute(now + grace)}"
        add_act(connection, Act.KEY_ROTATED, by, name, words, because, now)
    return made


def take_back_key(connection: Connection, name: str, by: str, because: str, now: Moment) -> None:
    """Take back the keys of a name, those in their last hours too.

    Raises:
        ConfigError: There is no good key of that name.
    """
    with connection.transaction():
        revoke_key(connection, name, now)
        add_act(connection, Act.KEY_REVOKED, by, name, "", because, now)


def state_words(key: Key, now: Moment) -> str:
    """Say whether a key is good, and since or until when."""
    if key.revoked_at is not None:
        return f"revoked {_minute(key.revoked_at)}"
    if key.expires_at is not None:
        return f"{'good until' if now < key.expires_at else 'ended'} {_minute(key.expires_at)}"
    return f"good since {_minute(key.created_at)}"


def used_words(key: Key) -> str:
    """Say when a key was last used, to about a minute."""
    return f"last used {_minute(key.last_used_at)}" if key.last_used_at is not None else "never used"


def read_grace(said: str) -> Duration:
    """Read for how many hours the key before is still good; nothing said is a day.

    Raises:
        ConfigError: It is no whole number of hours up to 720.
    """
    if not said:
        return GRACE
    if not (said.isdecimal() and len(said) <= 3 and int(said) <= 720):
        msg = f"expected a whole number of hours from 0 to 720, got {said[:20]}"
        raise ConfigError(msg)
    return int(said) * HOUR


def _minute(at: Moment) -> str:
    return f"{to_datetime(at):%Y-%m-%d %H:%M} UTC"
