"""A lane: one sink told of the ledger, in its order, by itself.

The laws: a parcel is kept as taken only after the sink said so, so whoever is killed in between repeats it
under the same id and loses nothing; what fails is tried again by the schedule and then lies dead until
somebody replays it; and a sink that fails is left alone, while what is for it waits in the ledger.

Source: Standard Webhooks 1.0.0, "Deliverability and reliability": the schedule, and the jitter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, cast

import msgspec
import structlog

from upsell.channels.border import BorderError
from upsell.channels.calling import CallError
from upsell.channels.sinks.cards import TaskCard
from upsell.channels.sinks.definition import Definition
from upsell.channels.sinks.sink import Closing, Desk, Outcome, Parcel, Reply, Sink, parcel_id
from upsell.clock import HOUR, MINUTE, SECOND, Clock, Duration, Moment
from upsell.ids import SHARDS, account_unit, customer_unit, share
from upsell.rules.facts import Scalar
from upsell.runtime.task_cards import close_told, read_cards
from upsell.store.connect import Connection
from upsell.store.cursors import read_cursors
from upsell.store.households import read_unit_traits
from upsell.store.ledger import LedgerInput, read_head
from upsell.store.sinks import (
    Kept,
    Standing,
    find_first_told,
    forget_parcels,
    hasten_parcels,
    hear_sink,
    keep_parcels,
    keep_vendor_ids,
    move_sink,
    note_unheard,
    read_sink,
    read_told,
    read_waiting,
)

WAITS: Final[tuple[Duration, ...]] = (
    5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR,
)  # fmt: skip
"""How long a parcel waits after each attempt that failed; after one more it is dead."""

JITTER: Final = 0.1
"""The largest part by which a wait is longer, so that what failed together does not come together."""

DOWN_AFTER: Final = 5
"""After how many failures in a row a sink is left alone, and tried with one parcel at a time."""

PAUSES: Final[tuple[Duration, ...]] = (5 * SECOND, MINUTE, 5 * MINUTE, 30 * MINUTE)
"""For how long it is left alone, longer each time; the last again and again."""

AT_A_TIME: Final = 50
"""How many parcels are handed over before what became of them is kept."""

LONGEST: Final[Duration] = SECOND
"""How long they are handed over before that."""

SPAN: Final = 50_000
"""How many places of the ledger are looked through at a time."""

MOST_WAITING: Final = 10_000
"""With how many parcels waiting nothing new is begun."""

FEW: Final = 1_000
FRESH: Final[Duration] = 30 * SECOND
"""Past how few places without anything for a sink, and for how long, it is not written down that it is."""

HEARD_EACH: Final[Duration] = MINUTE
"""How often a desk is asked which tasks were closed there."""

OVERLAP: Final[Duration] = 5 * MINUTE
"""How far back it is asked again, for what its search did not know yet."""

FULL_PAGE: Final = 100
MOST_PAGES: Final = 10
"""From how many closed tasks on there may be more, where the last is from after the moment that was asked
from; and how often more are asked for before what is to be told has its turn."""

_log = structlog.get_logger(__name__)


class _Item(msgspec.Struct, frozen=True):
    """A parcel with where it comes from: how often it was tried before, and when first (None for never)."""

    told: LedgerInput
    attempts: int = 0
    first_at: Moment | None = None

    @property
    def id(self) -> str:
        return parcel_id(self.told.event, self.told.position)


class _Heard(msgspec.Struct, frozen=True):
    """What a desk said: the tasks closed there, up to when, whether that is all, and what went wrong."""

    told: list[Closing]
    up_to: Moment
    is_all: bool = False
    trouble: str = ""


_Answered = list[tuple[_Item, Reply]]


class Lane:
    """One sink, told over one connection."""

    def __init__(
        self,
        connection: Connection,
        clock: Clock,
        definition: Definition,
        sink: Sink,
        runner: asyncio.Runner,
    ) -> None:
        """Tell a sink over a connection that nobody else uses."""
        self._connection = connection
        self._clock = clock
        self._definition = definition
        self._sink = sink
        self._runner = runner
        self._hear_at: Moment = 0
        self._left: tuple[Moment, Moment] | None = None  # when asking began that did not end, and where it is

    def run_once(self, is_stopped: Callable[[], bool] = lambda: False) -> bool:
        """Tell what is due again, and then what is new; give whether there is more to do at once."""
        now = self._clock.now()
        before = read_sink(self._connection, self._definition.name, MOST_WAITING)
        if before is None or not before.is_live or not self._may_be_told(before, now):
            return False
        self._hear(before, now)
        limit = 1 if _is_down(before) else AT_A_TIME
        due = [
            _Item(each.told, each.attempts, each.first_at)
            for each in read_waiting(self._connection, before.name, now, limit)
        ]
        if due:
            kept = self._keep(before, self._hand_over(due, is_stopped), before.position)
            if kept is None:
                return True
            if not self._may_be_told(kept, self._clock.now()) or _is_down(kept):
                return False
            before = kept
        return self._tell_new(before, limit, is_stopped) or len(due) == AT_A_TIME

    def _tell_new(self, before: Standing, limit: int, is_stopped: Callable[[], bool]) -> bool:
        """Tell what is new, and give whether there is more."""
        head = read_head(self._connection).position
        up_to = self._reach(before.position, min(head, before.position + SPAN))
        if up_to <= before.position or before.waiting >= MOST_WAITING:
            return False
        new = [_Item(each) for each in read_told(
            self._connection, self._definition.events, before.position, up_to, limit
        )]  # fmt: skip
        if not new and up_to - before.position < FEW and self._clock.now() - before.moved_at < FRESH:
            return False
        answered = self._hand_over(new, is_stopped)
        if len(answered) == len(new) < limit:
            # Nothing more in between is for it.
            reached = up_to
        elif answered:
            reached = answered[-1][0].told.position
        else:
            return False
        kept = self._keep(before, answered, reached)
        # Put elsewhere meanwhile, there is something to tell from there.
        return kept is None or (self._may_be_told(kept, self._clock.now()) and head > kept.position)

    def _reach(self, after: int, up_to: int) -> int:
        """Give up to which place it may be told.

        Where what is told is looked up besides, the worker has taken what came from outside before.
        """
        if not self._definition.traits and not self._definition.is_desk:
            return up_to
        cursors = read_cursors(self._connection, range(SHARDS))
        taken = max(after, min((each.position for each in cursors), default=0))
        first = find_first_told(self._connection, self._definition.events, taken, up_to)
        return up_to if first is None else first - 1

    def _may_be_told(self, standing: Standing, now: Moment) -> bool:
        """Whether a sink is there and not left alone now."""
        is_gone = standing.gone and standing.gone == self._definition.where
        return not is_gone and (standing.retry_at is None or standing.retry_at <= now)

    def _hand_over(self, items: Sequence[_Item], is_stopped: Callable[[], bool]) -> _Answered:
        """Hand items over, so many at once, until one fails or it takes long; give the first, answered."""
        answered: _Answered = []
        until = self._clock.now() + LONGEST
        traits: dict[tuple[str | None, str | None], Mapping[str, Scalar]] = {}
        for start in range(0, len(items), self._definition.at_once):
            group = items[start : start + self._definition.at_once]
            cards = self._cards(group)
            parcels = [
                Parcel(each.id, each.told.event, self._traits(each, traits), cards.get(_key_of(each)))
                for each in group
            ]
            replies = self._runner.run(self._deliver(parcels))
            answered += zip(group, replies, strict=True)
            is_whole = all(reply.outcome is Outcome.TAKEN for reply in replies)
            if not is_whole or self._clock.now() >= until or is_stopped():
                break
        return answered

    async def _deliver(self, parcels: Iterable[Parcel]) -> list[Reply]:
        now = self._clock.now()
        return await asyncio.gather(*(self._sink.deliver(each, now) for each in parcels))

    def _cards(self, items: Iterable[_Item]) -> Mapping[str, TaskCard]:
        """Give the tasks that items are about, as they are now; none where tasks do not go to it."""
        if not self._definition.is_desk:
            return {}
        keys = [_key_of(each) for each in items]
        return read_cards(self._connection, self._definition.name, keys, self._definition.traits)

    def _hear(self, standing: Standing, now: Moment) -> None:
        """Ask a desk now and then which tasks were closed there, and on at once where it was too much."""
        if not self._definition.is_desk or not self._is_to_hear(standing, now):
            return
        since = standing.heard_at if standing.heard_at is not None else standing.moved_at
        began_at, after = self._left or (now, since - OVERLAP)
        heard = self._ask_closings(after)
        closed = close_told(self._connection, self._clock, standing.name, heard.told)
        if closed:
            _log.info("desk_heard", sink=standing.name, closed=closed)
        if heard.is_all:
            self._left = None
        elif heard.up_to > after:
            self._left = began_at, heard.up_to
        if heard.is_all or heard.trouble:
            self._hear_at = now + HEARD_EACH
        if heard.trouble:
            _log.warning("desk_not_heard", sink=standing.name, error=heard.trouble)
            note_unheard(self._connection, standing.name, heard.trouble, since)
        else:
            # What its search did not know yet when this began may be from before what was reached.
            hear_sink(self._connection, standing.name, began_at if heard.is_all else max(since, heard.up_to))

    def _is_to_hear(self, standing: Standing, now: Moment) -> bool:
        """Whether it is time: also of one that was asked by somebody else before."""
        is_left = self._left is not None or standing.heard_at is None
        return now >= self._hear_at and (is_left or now - (standing.heard_at or 0) >= HEARD_EACH)

    def _ask_closings(self, after: Moment) -> _Heard:
        """Ask a desk so often which tasks were closed there after a moment."""
        desk, told, up_to = cast("Desk", self._sink), dict[str, Closing](), after
        try:
            for _ in range(MOST_PAGES):
                page = self._runner.run(desk.closings(up_to))
                for each in page:
                    told.setdefault(each.key, each)
                latest = max((each.closed_at for each in page), default=up_to)
                if len(page) < FULL_PAGE or latest <= up_to:
                    return _Heard([*told.values()], up_to, is_all=True)
                up_to = latest
        except (BorderError, CallError) as error:
            return _Heard([*told.values()], up_to, trouble=str(error))
        return _Heard([*told.values()], up_to)

    def _traits(
        self, item: _Item, known: dict[tuple[str | None, str | None], Mapping[str, Scalar]]
    ) -> Mapping[str, Scalar]:
        """Give the traits that are asked for of whom an event is about; the customer's go before."""
        if not self._definition.traits or self._definition.is_desk:
            return {}
        whose = (item.told.event.account_id, item.told.event.customer_id)
        if whose not in known:
            account, customer = whose
            of_account = read_unit_traits(self._connection, account_unit(account)) if account else {}
            own = read_unit_traits(self._connection, customer_unit(customer)) if customer else {}
            both = {**of_account, **own}
            known[whose] = {name: both[name] for name in self._definition.traits if name in both}
        return known[whose]

    def _keep(self, before: Standing, answered: _Answered, reached: int) -> Standing | None:
        """Keep what became of parcels and how far the sink is told; None where it was put elsewhere."""
        now = self._clock.now()
        after = _stand(before, answered, reached, self._definition.where, now)
        taken = [item.told.position for item, reply in answered if reply.outcome is Outcome.TAKEN]
        failed = [_failed(item, reply, now) for item, reply in answered if reply.outcome is not Outcome.TAKEN]
        ids = {_key_of(item): reply.vendor_id for item, reply in answered if reply.vendor_id}
        with self._connection.transaction():
            keep_vendor_ids(self._connection, before.name, ids)
            keep_parcels(self._connection, before.name, failed)
            if before.waiting or before.dead:
                forget_parcels(self._connection, before.name, taken)
            if _is_down(before) and taken and not after.failures:
                hasten_parcels(self._connection, before.name, now)
            is_moved = move_sink(self._connection, before, after, now)
        return after if is_moved else None


def retry_at(attempts: int, parcel: str, now: Moment) -> Moment | None:
    """Tell when a parcel is tried again after so many attempts; None for never.

    By how much a wait is longer is a hash of the parcel, so that anybody can tell.
    """
    if attempts > len(WAITS):
        return None
    wait = WAITS[attempts - 1]
    return now + wait + int(wait * JITTER * share("jitter", parcel, str(attempts)))


def _failed(item: _Item, reply: Reply, now: Moment) -> Kept:
    """Give a parcel that was not taken as it is kept; one for nobody waits until somebody is there."""
    is_gone = reply.outcome is Outcome.GONE
    attempts = item.attempts if is_gone else item.attempts + 1
    again = now if is_gone else retry_at(attempts, item.id, now)
    if again is not None and reply.retry_after is not None:
        again = max(again, now + reply.retry_after)
    event = item.told.event
    return Kept(
        position=item.told.position,
        seen_at=event.seen_at,
        id=item.id,
        name=event.name,
        attempts=attempts,
        first_at=item.first_at if item.first_at is not None else now,
        retry_at=again if again is not None else now,
        died_at=None if again is not None else now,
        said=reply.said,
        is_fault=reply.is_fault,
    )


def _stand(before: Standing, answered: _Answered, reached: int, where: str, now: Moment) -> Standing:
    """Give how a sink stands after it answered."""
    failures, said, gone = before.failures, before.said, before.gone
    taken, waits = before.taken, 0
    retry: Moment | None = before.retry_at
    for _, reply in answered:
        said = reply.said
        waits += reply.outcome is not Outcome.TAKEN
        match reply.outcome:
            case Outcome.TAKEN:
                failures, taken, retry, gone = 0, taken + 1, None, ""
            case Outcome.FAILED:
                failures += 1
                pause = PAUSES[min(failures - DOWN_AFTER, len(PAUSES) - 1)] if failures >= DOWN_AFTER else 0
                longest = max(pause, reply.retry_after or 0)
                retry = now + longest if longest else None
            case Outcome.GONE:
                gone = where
    return msgspec.structs.replace(
        before,
        position=reached,
        taken=taken,
        failures=failures,
        said=said,
        retry_at=retry,
        gone=gone,
        waiting=before.waiting + waits,
    )


def _key_of(item: _Item) -> str:
    """Give the key of the task that an item is about; empty for none."""
    key = item.told.event.properties.get("key")
    return key if isinstance(key, str) else ""


def _is_down(standing: Standing) -> bool:
    return standing.failures >= DOWN_AFTER
