"""Keeping: what is kept is as it was last read, nobody waits long, and nothing is read unasked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import cast

import pytest

from upsell.clock import SECOND, SetClock
from upsell.errors import CountingError
from upsell.runtime import keeping
from upsell.runtime.keeping import ASKED_FOR, FRESH, Keeper
from upsell.store.lending import Lender

NOW = 1_000 * SECOND
SOON = 10.0


class Reader:
    """Something that is read: how often, and when it may go on."""

    def __init__(self) -> None:
        self.count = 0
        self.may_end = threading.Event()
        self.may_end.set()
        self.began = threading.Event()
        self.failure: Exception | None = None

    @contextmanager
    def lent(self) -> Iterator[Reader]:
        """Stand for a lender, and for the connection it lends."""
        yield self

    def cancel_safe(self) -> None:
        self.may_end.set()

    def __call__(self, _: object, key: str) -> str:
        self.began.set()
        assert self.may_end.wait(SOON)
        self.count += 1
        if self.failure is not None:
            raise self.failure
        return f"{key} {self.count}"


@contextmanager
def opened(reader: Reader, clock: SetClock) -> Iterator[Keeper[str, str]]:
    keeper = Keeper("count", cast("Lender", reader), reader, clock)
    try:
        yield keeper
    finally:
        reader.may_end.set()
        keeper.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "PATIENCE", 0.0)


def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    pause = threading.Event()
    for _ in range(1_000):
        if is_so():
            return
        pause.wait(0.01)
    pytest.fail("expected it to come to be so within 10 s")


def test_what_is_kept_is_read_once_while_it_is_fresh() -> None:
    reader, clock = Reader(), SetClock(NOW)
    with opened(reader, clock) as keeper:
        assert [keeper.ask("a") for _ in range(3)] == ["a 1"] * 3
        clock.move_to(NOW + FRESH - 1)
        assert keeper.ask("a") == "a 1"
        clock.move_to(NOW + 2 * FRESH)
        assert keeper.ask("a") == "a 2"


def test_each_key_has_its_own_value() -> None:
    with opened(Reader(), SetClock(NOW)) as keeper:
        assert [keeper.ask("a"), keeper.ask("b"), keeper.ask("a")] == ["a 1", "b 2", "a 1"]


def test_what_is_true_of_something_else_is_read_anew_at_once() -> None:
    with opened(Reader(), SetClock(NOW)) as keeper:
        assert [keeper.ask("a", 1), keeper.ask("a", 2), keeper.ask("a", 2)] == ["a 1", "a 2", "a 2"]


@pytest.mark.usefixtures("impatient")
def test_nobody_waits_for_the_first_reading_and_the_next_to_ask_has_it() -> None:
    reader = Reader()
    reader.may_end.clear()
    with opened(reader, SetClock(NOW)) as keeper:
        for _ in range(3):
            with pytest.raises(CountingError, match="ask again in a while"):
                keeper.ask("a")
        reader.may_end.set()
        until(lambda: reader.count == 1)
        until(lambda: keeper._entries["a"].value is not None)
        assert keeper.ask("a") == "a 1"
        assert reader.count == 1


@pytest.mark.usefixtures("impatient")
def test_what_is_old_is_shown_while_it_is_read_anew() -> None:
    reader, clock = Reader(), SetClock(NOW)
    with opened(reader, clock) as keeper:
        with pytest.raises(CountingError):
            keeper.ask("a")
        until(lambda: keeper._entries["a"].value is not None)
        reader.may_end.clear()
        clock.move_to(NOW + ASKED_FOR)
        assert keeper.ask("a") == "a 1"
        reader.may_end.set()
        until(lambda: reader.count == 2)
        until(lambda: keeper.ask("a") == "a 2")


def test_what_somebody_asks_for_is_read_anew_without_them_and_what_nobody_asks_for_is_not() -> None:
    reader, clock = Reader(), SetClock(NOW)
    with opened(reader, clock) as keeper:
        keeper.ask("a")
        clock.move_to(NOW + FRESH)
        assert keeper._entries["a"].is_due(clock.now())
        assert keeper._seconds_to_next(NOW) == FRESH / SECOND
        clock.move_to(NOW + ASKED_FOR)
        assert not keeper._entries["a"].is_due(clock.now())
        # Nothing is due, however long it waits, until somebody asks.
        assert keeper._seconds_to_next(clock.now()) is None


def test_a_value_grows_old_by_itself_while_it_is_asked_for() -> None:
    reader = Reader()
    with opened(reader, SetClock(NOW)) as keeper:
        keeper._fresh = SECOND // 50
        keeper.ask("a")
        clock = keeper._clock
        assert isinstance(clock, SetClock)
        clock.move_to(NOW + SECOND)
        until(lambda: reader.count == 2)


def test_reading_rests_nine_times_as_long_as_it_took() -> None:
    reader, clock = Reader(), SetClock(NOW)
    reader.may_end.clear()
    with opened(reader, clock) as keeper:
        keeper._fresh = 0
        threading.Timer(0.2, reader.may_end.set).start()
        keeper.ask("a")
        entry = keeper._entries["a"]
        assert entry.seconds >= 0.1
        assert entry.due_at - NOW == int(entry.seconds * 9 * SECOND)


def test_a_first_reading_that_fails_says_why_and_a_later_one_shows_what_there_was() -> None:
    reader, clock = Reader(), SetClock(NOW)
    reader.failure = ValueError("no room")
    with opened(reader, clock) as keeper:
        with pytest.raises(ValueError, match="no room"):
            keeper.ask("a")
        reader.failure = None
        assert keeper.ask("a") == "a 2"
        reader.failure = ValueError("no room")
        clock.move_to(NOW + 2 * FRESH)
        assert keeper.ask("a") == "a 2"


def test_closing_interrupts_what_is_read_and_ends_the_thread() -> None:
    reader = Reader()
    reader.may_end.clear()
    with opened(reader, SetClock(NOW)) as keeper:

        def ask() -> None:
            with suppress(CountingError):
                keeper.ask("a")

        asking = threading.Thread(target=ask)
        asking.start()
        assert reader.began.wait(SOON)
        keeper.close()
        asking.join(SOON)
        assert not asking.is_alive()
        assert keeper._thread is not None
        assert not keeper._thread.is_alive()


def test_no_more_values_are_kept_than_the_most() -> None:
    clock = SetClock(NOW)
    with opened(Reader(), clock) as keeper:
        for number in range(keeping.MOST_KEPT + 1):
            clock.move_to(NOW + number)
            keeper.ask(str(number))
        assert len(keeper._entries) == keeping.MOST_KEPT
        assert "0" not in keeper._entries


def test_what_cannot_be_read_of_another_mark_is_said_instead_of_what_was_true_before() -> None:
    reader = Reader()
    with opened(reader, SetClock(NOW)) as keeper:
        assert keeper.ask("a", 1) == "a 1"
        reader.failure = ValueError("no room")
        with pytest.raises(ValueError, match="no room"):
            keeper.ask("a", 2)
