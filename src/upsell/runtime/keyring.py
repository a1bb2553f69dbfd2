"""The key ring: the keys a server knows, read again every few seconds, asked without a query.

The law: as long as no key was ever made the door is open, and a server with an open door listens on
loopback alone; from the first key on, a key must be shown.
"""

from __future__ import annotations

import threading
from typing import Final

import msgspec
import psycopg
import structlog

from upsell.clock import MINUTE, SECOND, Clock, Duration, Moment
from upsell.store.connect import Connection, connect
from upsell.store.keys import Key, Scope, good_keys, hash_key, note_keys_used, read_keys

READ_EACH: Final[Duration] = 5 * SECOND
"""How long a key that was revoked may still be taken."""

_NOTED_EACH = MINUTE
_log = structlog.get_logger(__name__)


class Shown(msgspec.Struct, frozen=True):
    """What a shown key comes to: whether it is known and good, and whether it is for what is asked."""

    is_known: bool
    is_allowed: bool


class KeyRing:
    """The keys of one server process; ``is_stale`` says when to ``read`` them again."""

    def __init__(self, url: str, clock: Clock) -> None:
        """Know no key yet."""
        self._url = url
        self._clock = clock
        self._keys: dict[bytes, Key] | None = None
        self._read_at: Moment = 0
        self._noted: dict[int, Moment] = {}
        self._used: set[int] = set()
        self._connection: Connection | None = None
        self._reading = threading.Lock()

    def is_stale(self) -> bool:
        """Tell whether the keys were read too long ago, or never."""
        return self._keys is None or self._clock.now() >= self._read_at + READ_EACH

    def read(self) -> None:
        """Read the keys, and remember which were used; one thread at a time, others return at once.

        While the database does not answer the keys known before hold: without it nothing is taken.

        Raises:
            psycopg.OperationalError: It does not answer, and no key was ever read.
        """
        if not self._reading.acquire(blocking=self._keys is None):
            return
        try:
            now = self._clock.now()
            if self._connection is None or self._connection.closed:
                self._connection = connect(self._url)
            if self._used:
                used, self._used = self._used, set()
                note_keys_used(self._connection, used, now)
            self._keys = {key.hash: key for key in read_keys(self._connection)}
        except psycopg.OperationalError as error:
            if self._keys is None:
                raise
            _log.warning("keys_not_read", error=str(error).strip())
        finally:
            self._read_at = self._clock.now()
            self._reading.release()

    def ask(self, shown: str, scope: Scope) -> Shown:
        """Say what a shown key comes to now; an empty one is none."""
        keys = self._keys or {}
        if not keys:
            return Shown(is_known=True, is_allowed=True)
        now = self._clock.now()
        key = keys.get(hash_key(shown))
        if key is None or not key.is_good(now):
            return Shown(is_known=False, is_allowed=False)
        if now >= self._noted.get(key.number, 0) + _NOTED_EACH:
            self._noted[key.number] = now
            self._used.add(key.number)
        return Shown(is_known=True, is_allowed=scope in key.scopes)

    @property
    def has_keys(self) -> bool:
        """Whether there is any key, so that whoever shows none is turned away."""
        return bool(self._keys)

    def close(self) -> None:
        """Remember what was used last, and let the database go."""
        if self._connection is not None and not self._connection.closed:
            try:
                note_keys_used(self._connection, self._used, self._clock.now())
            except psycopg.Error as error:
                _log.warning("keys_not_noted", error=str(error).strip())
            self._connection.close()


def has_good_key(url: str, now: Moment) -> bool:
    """Tell whether any key of the database at ``url`` is good."""
    with connect(url) as connection:
        return bool(good_keys(read_keys(connection), now))
