"""Following: pages that wait to hear that something changed for whoever looks at them.

One thread over one connection asks for all of them, twice a second and only while somebody follows. The laws:
nobody hears of another; a page that asks for a prompt does not make itself ask again; and there is room
for so many and no more.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Mapping
from typing import Final
from weakref import WeakSet

import psycopg
import structlog

from upsell.clock import Clock, Moment
from upsell.errors import StoreError
from upsell.ids import UnitId, account_unit, customer_unit
from upsell.runtime.identities import Identity
from upsell.runtime.intake import OverloadedError
from upsell.store.connect import Connection, connect
from upsell.store.identities import find_identities
from upsell.store.showing_marks import Mark, read_row_marks, read_showing_marks, read_world_mark

CHANGED: Final = b"event: changed\ndata: {}\n\n"
BEAT: Final = b": here\n\n"
BEAT_SECONDS: Final = 15.0
LONGEST_SECONDS: Final = 3_600.0
"""How long a page follows before it is asked anew who looks."""

_ASKED_EACH_SECONDS: Final = 0.5

_AT_ONCE: Final = 50
"""How many pages are told in one half second."""

_log = structlog.get_logger(__name__)


class Follower:
    """One page that follows: the units it looks at, and what was so when it last heard."""

    def __init__(self, units: tuple[UnitId, ...]) -> None:
        """Follow ``units``, in the event loop that is running."""
        self.units = units
        self.rows: dict[UnitId, str] = {}
        self.shown: dict[UnitId, str] = {}
        self.ends: set[Moment] = set()
        self.world: str | None = None
        self.woken = asyncio.Event()
        self.is_changed = False
        self.is_over = False
        self._loop = asyncio.get_running_loop()

    def wake(self, after: float = 0.0) -> None:
        """Let it look after so many seconds, from any thread."""
        if after:
            self._loop.call_soon_threadsafe(self._loop.call_later, after, self.woken.set)
        else:
            self._loop.call_soon_threadsafe(self.woken.set)


class Followers:
    """All pages that follow this process."""

    def __init__(self, url: str, clock: Clock, most: int) -> None:
        """Follow the database at ``url``, for so many pages at most."""
        self._url = url
        self._clock = clock
        self._most = most
        # Weakly: a stream that was never begun has nobody who leaves.
        self._followers: WeakSet[Follower] = WeakSet()
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()

    async def follow(self, identity: Identity) -> AsyncGenerator[bytes]:
        """Give the events for whoever is named, from now on.

        Raises:
            OverloadedError: There is no room.
            psycopg.Error: The database did not answer.
        """
        with self._guard:
            if self._stopped.is_set() or len(self._followers) >= self._most:
                msg = f"expected at most {self._most} pages that follow one server, got one more"
                raise OverloadedError(msg)
            follower = Follower(_units(identity))
            self._followers.add(follower)
        try:
            await asyncio.to_thread(self._begin, follower, identity)
        except BaseException:
            self._leave(follower)
            raise
        return self._told(follower)

    def close(self) -> None:
        """End every stream, and stop asking."""
        with self._guard:
            self._stopped.set()
            followers = list(self._followers)
        for follower in followers:
            follower.is_over = True
            follower.wake()
        if self._thread is not None:
            self._thread.join()

    @property
    def count(self) -> int:
        """How many follow."""
        return len(self._followers)

    async def _told(self, follower: Follower) -> AsyncGenerator[bytes]:
        """Tell a page of changes, and now and then that the connection stands."""
        until = asyncio.get_running_loop().time() + LONGEST_SECONDS
        try:
            yield BEAT
            while not follower.is_over and asyncio.get_running_loop().time() < until:
                try:
                    await asyncio.wait_for(follower.woken.wait(), BEAT_SECONDS)
                except TimeoutError:
                    yield BEAT
                    continue
                follower.woken.clear()
                if follower.is_changed:
                    follower.is_changed = False
                    yield CHANGED
        finally:
            self._leave(follower)

    def _leave(self, follower: Follower) -> None:
        with self._guard:
            self._followers.discard(follower)

    def _begin(self, follower: Follower, identity: Identity) -> None:
        """Know what is so now, so that everything after it is heard, and have it asked."""
        with connect(self._url) as connection:
            known = find_identities(connection, [identity.customer_id]).get(identity.customer_id)
            if known is not None:
                follower.units = _units(Identity(known.customer_id, identity.account_id))
            _look(connection, [follower], self._clock.now())
        with self._guard:
            if self._thread is None and not self._stopped.is_set():
                self._thread = threading.Thread(target=self._ask, name="following", daemon=True)
                self._thread.start()

    def _ask(self) -> None:
        """Ask for all of them until nobody follows any more."""
        connection: Connection | None = None
        while not self._stopped.wait(_ASKED_EACH_SECONDS):
            with self._guard:
                followers = list(self._followers)
                if not followers:
                    self._thread = None
                    break
            try:
                if connection is None or connection.closed:
                    connection = connect(self._url)
                changed = _look(connection, followers, self._clock.now())
            except (psycopg.Error, StoreError) as error:
                # What changed meanwhile differs still when the database answers again.
                _log.warning("following_failed", error=str(error))
                if connection is not None:
                    connection.close()
                continue
            for number, follower in enumerate(changed):
                follower.is_changed = True
                # What changed for everybody is not asked by everybody in one instant.
                follower.wake(number // _AT_ONCE * _ASKED_EACH_SECONDS)
            del followers, changed
        if connection is not None:
            connection.close()


def _units(identity: Identity) -> tuple[UnitId, ...]:
    account = () if identity.account_id is None else (account_unit(identity.account_id),)
    return (customer_unit(identity.customer_id), *account)


def _look(connection: Connection, followers: list[Follower], now: Moment) -> list[Follower]:
    """Look what is so for each, and give those for whom it is otherwise than when last looked at."""
    world = read_world_mark(connection)
    marks = read_row_marks(connection, {unit_id for each in followers for unit_id in each.units})
    rows = {
        each: {unit_id: mark for own in each.units for unit_id, mark in marks[own].items()}
        for each in followers
    }
    stirred = [each for each in followers if rows[each] != each.rows]
    shown: Mapping[UnitId, Mark] = {}
    if stirred:
        shown = read_showing_marks(connection, {unit_id for each in stirred for unit_id in rows[each]})
    changed = [each for each in followers if _has_ended(each, world, now)]
    for each in stirred:
        now_shown = [(unit_id, shown[unit_id]) for unit_id in rows[each] if unit_id in shown]
        texts = {unit_id: mark.text for unit_id, mark in now_shown}
        if texts != each.shown and each not in changed:
            changed.append(each)
        each.rows, each.shown = rows[each], texts
        each.ends = {at for _, mark in now_shown for at in mark.ends if at > now}
    return changed


def _has_ended(follower: Follower, world: str, now: Moment) -> bool:
    """Tell whether something ended by time alone since it was looked at, or changed for everybody."""
    over = {at for at in follower.ends if at <= now}
    is_other = follower.world not in (None, world)
    follower.ends -= over
    follower.world = world
    return bool(over) or is_other
