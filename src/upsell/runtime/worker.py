"""The worker: takes the ledger batch by batch, and due timers with it, in one transaction each.

The law: a batch is all or nothing. Events, households, decisions, messages and the position move
together, so a worker that is killed anywhere loses nothing and does nothing twice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from upsell.clock import Clock, Moment
from upsell.decisions.policy import Per, caps_per
from upsell.errors import StoreError
from upsell.ids import SHARDS, UnitId
from upsell.journeys.advance import concerns_for
from upsell.runtime.batches import Batch, named_customers, stirring, with_moves
from upsell.runtime.launch import launch_some
from upsell.runtime.programs import Programs
from upsell.store.connect import Connection
from upsell.store.cursors import Cursor, hold_shards, move_cursors, read_cursors
from upsell.store.households import (
    Reading,
    find_due_households,
    find_next_due,
    load_households,
)
from upsell.store.ledger import Head, LedgerInput, reach_moment, read_inputs
from upsell.store.places import forget_places

ALL_SHARDS = tuple(range(SHARDS))

FARTHEST = 100_000
"""How many positions of the ledger are looked over at a time for events that matter."""


class Progress(msgspec.Struct, frozen=True):
    """What one step of the worker came to.

    Attributes:
        taken: Events that mattered and were taken.
        woken: Households that time concerned.
        launched: Households that took their bearings in a new revision.
        position: The place in the ledger up to which everything has been taken.
        is_behind: Whether there is more to do at once.
    """

    taken: int
    woken: int
    launched: int
    position: int
    is_behind: bool


class _Stretch(msgspec.Struct, frozen=True):
    """A piece of the ledger that is taken under one revision.

    Attributes:
        shards: Whose.
        revision: Number of the revision.
        start: The position behind which it begins.
        inputs: The events that matter.
        end: Where it ends: everything up to this position is taken.
        until: The moment up to which timers are taken with it.
        is_last: Whether it reaches the ledger's head.
    """

    shards: tuple[int, ...]
    revision: int
    start: int
    inputs: Sequence[LedgerInput]
    end: Head
    until: Moment
    is_last: bool


class Worker:
    """Takes the ledger further for the shards it holds.

    Attributes:
        connection: What it works over; nobody else uses it.
        shards: Those it holds, ascending.
    """

    def __init__(
        self,
        connection: Connection,
        clock: Clock,
        *,
        batch_size: int = 2000,
        shards: Collection[int] = ALL_SHARDS,
        is_replaying: bool = False,
    ) -> None:
        """Hold those of the shards that no other worker holds, for as long as the connection lives.

        In a replay of the past nothing is late, so nothing is spread out.
        """
        self.connection = connection
        self._clock = clock
        self._batch_size = batch_size
        self._programs = Programs()
        self._is_replaying = is_replaying
        self._wanted = frozenset(shards)
        self.shards: tuple[int, ...] = ()
        self.hold_missing()

    def hold_missing(self) -> bool:
        """Hold what has become free of the shards wanted; tell whether any is still missing."""
        missing = self._wanted.difference(self.shards)
        if missing:
            self.shards = tuple(sorted((*self.shards, *hold_shards(self.connection, missing))))
        return len(self.shards) < len(self._wanted)

    def run_once(self) -> Progress:
        """Take one batch, or launch some households with a new revision; does not wait.

        Raises:
            StoreError: No shard is held: another worker has them all.
        """
        if not self.shards:
            msg = "expected a shard that no worker holds, found none: another worker is running"
            raise StoreError(msg)
        head = reach_moment(self.connection, self._clock.now())
        self._programs.refresh(self.connection)
        cursors = read_cursors(self.connection, self.shards)
        first = min(cursors, key=lambda cursor: (cursor.position, cursor.revision))
        if self._programs.newest() is None:
            return Progress(0, 0, 0, first.position, is_behind=False)
        for cursor in cursors:
            launched = self._launch(cursor)
            if launched is not None:
                return Progress(0, 0, launched, first.position, is_behind=True)
        stretch = self._find_stretch(cursors, first, head)
        return self._take(stretch)

    def run_until_idle(self) -> int:
        """Take everything that there is to take now; give how many events mattered."""
        taken = 0
        while True:
            progress = self.run_once()
            taken += progress.taken
            if not progress.is_behind:
                return taken

    def next_due_at(self) -> Moment | None:
        """Give when time next concerns anyone in the shards held, None when nobody waits for time."""
        return find_next_due(self.connection, self.shards)

    def forget_places(self) -> int:
        """Forget places at addresses that no cap of what is live counts any more; give how many."""
        self._programs.refresh(self.connection)
        newest = self._programs.newest()
        if newest is None:
            return 0
        caps = caps_per(self._programs.program(newest.number).policy, Per.PERSON)
        longest = max((cap.within for cap in caps), default=0)
        return forget_places(self.connection, self._clock.now() - longest)

    def _launch(self, cursor: Cursor) -> int | None:
        """Launch some households of a shard; give how many, or None when there is nothing to launch."""
        if cursor.launched_to is not None:
            revision = self._programs.revision(cursor.revision)
        else:
            live = self._programs.live_at(cursor.position)
            if live is None or live.number <= cursor.revision:
                return None
            revision = live
        program = self._programs.program(revision.number)
        before = self._programs.compiled(cursor.revision)
        return launch_some(self.connection, cursor, revision, program, before)

    def _find_stretch(self, cursors: Sequence[Cursor], first: Cursor, head: Head) -> _Stretch:
        group = [cursor for cursor in cursors if cursor.revision == first.revision]
        names = sorted(concerns_for(self._programs.program(first.revision)).names)
        following = self._programs.after(first.revision)
        farthest = min(head.position, first.position + FARTHEST)
        up_to = farthest if following is None else min(farthest, following.live_from)
        shards = tuple(cursor.shard for cursor in group)
        after = Head(first.position, first.seen_at)
        found = read_inputs(self.connection, shards, names, after, up_to, self._batch_size)
        reached = {cursor.shard: cursor.position for cursor in group}
        inputs = [item for item in found if item.position > reached[item.shard]]
        if len(found) == self._batch_size:
            end = Head(found[-1].position, found[-1].event.seen_at)
            return _Stretch(shards, first.revision, first.position, inputs, end, end.seen_at, is_last=False)
        last_seen_at = found[-1].event.seen_at if found else first.seen_at
        if following is not None and up_to == following.live_from:
            # Whatever came before the revision was seen before it went live.
            end = Head(up_to, last_seen_at)
            return _Stretch(
                shards, first.revision, first.position, inputs, end, following.live_at, is_last=False
            )
        is_last = up_to == head.position
        until = head.seen_at if is_last else last_seen_at
        return _Stretch(
            shards, first.revision, first.position, inputs, Head(up_to, until), until, is_last=is_last
        )

    def _take(self, stretch: _Stretch) -> Progress:
        limit = max(1, self._batch_size // len(stretch.shards))
        due = find_due_households(self.connection, stretch.shards, stretch.until, limit)
        named = named_customers(stretch.inputs)
        wanted = {household_id: named.get(household_id, set()) for household_id in (*named, *due)}
        woken = 0
        if wanted or stretch.end.position > stretch.start:
            with self.connection.transaction():
                woken = self._advance(stretch, wanted)
                move_cursors(self.connection, stretch.shards, stretch.end)
        return Progress(
            taken=len(stretch.inputs),
            woken=woken,
            launched=0,
            position=stretch.end.position,
            is_behind=not stretch.is_last or len(due) >= limit,
        )

    def _advance(self, stretch: _Stretch, wanted: Mapping[UnitId, Collection[str]]) -> int:
        """Take a stretch into the households concerned; give how many time concerned."""
        if not wanted:
            return 0
        program = self._programs.program(stretch.revision)
        concerns = concerns_for(program)
        wanted = with_moves(self.connection, wanted, stretch.inputs)
        is_stirred = stirring(concerns, stretch.inputs, stretch.until)
        homes = load_households(
            self.connection, wanted, concerns.roles, stretch.until, Reading.TAKE, is_stirred
        )
        batch = Batch(program, homes)
        batch.take(stretch.inputs)
        woken = batch.tick(stretch.until)
        batch.keep(self.connection, stretch.until, None if self._is_replaying else self._clock.now())
        return woken
