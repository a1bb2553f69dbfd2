"""Targets: where a link that somebody holds leads, for a server.

The law: a link leads to what was written in the message it stands in and to nothing else; one that was not
sealed here is none.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final

import msgspec

from upsell.channels.links import CLICK, TRAP, open_token
from upsell.clock import MINUTE, SECOND, Clock, Duration, Moment
from upsell.runtime.reporting import live_program
from upsell.store.connect import Connection, connect
from upsell.store.link_secrets import read_link_secrets
from upsell.store.links import find_targets
from upsell.store.revisions import newest_revision

MOST_KNOWN: Final = 20_000
"""Of how many messages the targets are kept at hand."""

READ_EACH: Final[Duration] = 10 * SECOND
"""How often the secrets are read again while links come that they do not open."""

SITE_EACH: Final[Duration] = MINUTE
"""How often the sender's site is read again."""


class Leads(msgspec.Struct, frozen=True):
    """Where a link leads.

    Attributes:
        number: Number of its message.
        place: Its place there.
        target: The address; None where it has expired, and for a link that no person can see.
    """

    number: int
    place: int
    target: str | None


class TargetBook:
    """Where links lead; what it has to read it reads over one connection, one caller at a time."""

    def __init__(self, url: str, clock: Clock) -> None:
        """Know nothing yet of the database at ``url``."""
        self._url = url
        self._clock = clock
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._secrets: tuple[bytes, ...] = ()
        self._read_at: Moment | None = None
        self._site = ""
        self._site_at: Moment | None = None
        self._known: OrderedDict[int, tuple[str, ...]] = OrderedDict()

    def close(self) -> None:
        """Give the connection back."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()

    def recall(self, token: str) -> Leads | None:
        """Give where a link leads if that is at hand, without asking the database."""
        opened = open_token(self._secrets, CLICK, token, self._clock.now())
        if opened is None:
            return None
        known = self._known.get(opened[0])
        return _leads(opened, known) if known is not None else None

    def look_up(self, token: str) -> Leads | None:
        """Give where a link leads, None for one that was not sealed here."""
        opened = self.read(token, CLICK)
        if opened is None:
            return None
        number, place, is_over = opened
        if is_over:
            return Leads(number, place, None)
        known = self._known.get(number)
        if known is None:
            with self._lock:
                found = find_targets(self._connect(), number)
                known = found if found is not None else ()
                if known:
                    self._keep(number, known)
        return _leads((number, place), known)

    def place_of(self, number: int, end: str) -> int | None:
        """Give the place of the link of a message that ends so; None where it has none, or they are gone."""
        known = self._known.get(number)
        if known is None:
            with self._lock:
                known = find_targets(self._connect(), number) or ()
                if known:
                    self._keep(number, known)
        return next((place for place, target in enumerate(known) if target.endswith(end)), None)

    def read(self, token: str, purpose: str) -> tuple[int, int, bool] | None:
        """Give message and place of a token, and whether it has expired; None for one not sealed here.

        Secrets are read where none is known, and now and then where none opens it: one may be new.
        """
        now = self._clock.now()
        found = open_token(self._secrets, purpose, token, 0)
        is_stale = self._read_at is None or now >= self._read_at + READ_EACH
        if found is None and is_stale:
            with self._lock:
                self._secrets = read_link_secrets(self._connect(), now)
                self._read_at = now
            found = open_token(self._secrets, purpose, token, 0)
        if found is None:
            return None
        return *found, open_token(self._secrets, purpose, token, now) is None

    def site(self) -> str:
        """Give the site of the sender as it was a little ago, empty where none is known."""
        with self._lock:
            now = self._clock.now()
            if self._site_at is None or now >= self._site_at + SITE_EACH:
                connection = self._connect()
                is_live = newest_revision(connection) is not None
                self._site = live_program(connection).sender.website if is_live else ""
                self._site_at = now
            return self._site

    def _keep(self, number: int, targets: tuple[str, ...]) -> None:
        self._known[number] = targets
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)

    def _connect(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._url)
        return self._connection


def _leads(opened: tuple[int, int], targets: tuple[str, ...]) -> Leads:
    number, place = opened
    is_there = place != TRAP and place < len(targets)
    return Leads(number, place, targets[place] if is_there else None)
