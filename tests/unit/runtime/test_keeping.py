"""Keeping: what is kept is as it was last read, nobody waits long, and nothing is read unasked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import cast

import pytest

from upsell.clock import SECOND, SetClock
from upsell.runtime import keeping
from upsell.runtime.keeping import ASKED_FOR, KEPT, SPARED, BeingReadError, Keeper
from upsell.store.connect import Connection
from upsell.store.lending import Lender

NOW = 1_000 * SECOND
SOON = 10.0


class Source:
    """A database, its lender and what is read of it: how often, and when that may end."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count, self.number = 0, 1
        self.may_end, self.began = threading.Event(), threading.Event()
        self.may_end.set()
        self.failure: Exception | None = None
        monkeypatch.setattr(keeping, "newest_number", lambda _: self.number)

    @contextmanager
    def lent(self) -> Iterator[Source]:
        yield self

    def cancel_safe(self) -> None:
        self.may_end.set()

    def read(self, _: Connection, at: int) -> tuple[int, int]:
        self.began.set()
        assert self.may_end.wait(SOON)
        self.count += 1
        if self.failure is not None:
            raise self.failure
        return self.count, at


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Source:
    return Source(monkeypatch)


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
def keeper(source: Source, clock: SetClock) -> Iterator[Keeper[tuple[int, int]]]:
    keeper = Keeper("the count", cast("Lender", source), clock, source.read)
    yield keeper
    source.may_end.set()
    keeper.close()


Counts = Keeper[tuple[int, int]]


def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    pause = threading.Event()
    for _ in range(1_000):
        if is_so():
            return
        pause.wait(0.01)
    pytest.fail("expected it to come to be so within 10 s")


def test_what_is_kept_is_read_once_while_it_is_fresh(keeper: Counts, clock: SetClock) -> None:
    assert [keeper.newest(SOON) for _ in range(3)] == [(1, NOW)] * 3
    clock.move_to(NOW + KEPT - 1)
    assert keeper.newest(SOON) == (1, NOW)
    clock.move_to(NOW + 2 * KEPT)
    assert keeper.newest(SOON) == (2, NOW + 2 * KEPT)


def test_what_is_of_another_revision_is_read_anew_at_once(keeper: Counts, source: Source) -> None:
    assert keeper.newest(SOON)[0] == 1
    source.number = 2
    assert [keeper.newest(SOON)[0], keeper.newest(SOON)[0]] == [2, 2]


def test_nobody_waits_for_the_first_reading_and_whoever_asks_next_has_it(
    keeper: Counts, source: Source
) -> None:
    source.may_end.clear()
    for _ in range(3):
        with pytest.raises(BeingReadError, match="ask again in some seconds"):
            keeper.newest(0)
    assert keeper.at_hand() is None
    source.may_end.set()
    until(lambda: keeper.at_hand() is not None)
    assert keeper.newest(0) == (1, NOW)


def test_what_is_old_is_shown_while_it_is_read_anew(keeper: Counts, source: Source, clock: SetClock) -> None:
    keeper.newest(SOON)
    source.may_end.clear()
    clock.move_to(NOW + ASKED_FOR)
    assert keeper.newest(0) == (1, NOW)
    assert not keeper.is_behind(), "old, and of what is live"
    source.number = 2
    assert keeper.newest(0) == (1, NOW)
    assert keeper.is_behind()
    source.may_end.set()
    until(lambda: keeper.newest(0)[1] > NOW)
    until(lambda: not keeper.is_behind())


def test_what_took_long_is_not_waited_for_again(
    keeper: Counts, source: Source, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper.newest(SOON)
    monkeypatch.setattr(keeper, "_took", SOON + 1)
    monkeypatch.setattr(keeper._changed, "wait_for", lambda *_: pytest.fail("expected no waiting"))
    source.may_end.clear()
    clock.move_to(NOW + ASKED_FOR)
    assert keeper.newest(SOON) == (1, NOW)


def test_what_somebody_asks_for_is_read_anew_without_them_and_what_nobody_asks_for_is_not(
    keeper: Counts, source: Source, clock: SetClock
) -> None:
    keeper.newest(SOON)
    assert keeper._seconds_to_next(NOW) == KEPT / SECOND
    clock.move_to(NOW + KEPT)
    # Its thread sleeps by the machine's time, of which a set clock knows nothing: it is woken.
    with keeper._changed:
        keeper._changed.notify_all()
    until(lambda: source.count == 2)
    until(lambda: keeper._due_at == NOW + 2 * KEPT)
    clock.move_to(NOW + ASKED_FOR)
    with keeper._changed:
        keeper._changed.notify_all()
    # Nothing is due any more, however long it waits, until somebody asks.
    assert keeper._seconds_to_next(clock.now()) is None
    keeper.newest(SOON)
    assert source.count == 3


def test_what_takes_long_is_left_alone_for_longer(
    keeper: Counts, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter((0.0, 60.0))
    monkeypatch.setattr(time, "monotonic", lambda: next(times, 60.0))
    keeper.newest(SOON)
    assert keeper._due_at == NOW + SPARED * 60 * SECOND
    # By then nobody will have asked for a while.
    assert keeper._seconds_to_next(NOW) is None


def test_a_first_reading_that_fails_says_why_and_a_later_one_shows_what_there_was(
    keeper: Counts, source: Source, clock: SetClock
) -> None:
    source.failure = ValueError("no room")
    with pytest.raises(ValueError, match="no room"):
        keeper.newest(SOON)
    assert keeper.at_hand() is None
    source.failure = None
    found = keeper.newest(SOON)
    source.failure = ValueError("no room")
    clock.move_to(NOW + ASKED_FOR)
    assert keeper.newest(SOON) == found
    # What was true of what is not live any more is no answer.
    source.number = 2
    with pytest.raises(ValueError, match="no room"):
        keeper.newest(SOON)


def test_closing_breaks_off_what_is_read_and_ends_the_thread(keeper: Counts, source: Source) -> None:
    source.may_end.clear()

    def ask() -> None:
        with suppress(BeingReadError):
            keeper.newest(SOON)

    asking = threading.Thread(target=ask)
    asking.start()
    assert source.began.wait(SOON)
    keeper.close()
    asking.join(SOON)
    assert not asking.is_alive()
    assert keeper._thread is not None
    assert not keeper._thread.is_alive()
    count = source.count
    with suppress(BeingReadError):
        keeper.newest(0)
    assert source.count == count
