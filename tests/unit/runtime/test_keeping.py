"""Keeping: read once for many who ask, anew when it is old, and nobody waits for longer than they said."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from upsell.clock import SECOND, SetClock
from upsell.errors import ConfigError
from upsell.runtime import keeping
from upsell.runtime.keeping import KEPT, BeingReadError, Keeper
from upsell.store import lending

SOON = 20.0


class Connection:
    """Stands for a connection; it knows whether it was told to break off."""

    def __init__(self) -> None:
        self.is_broken_off = threading.Event()

    def cancel_safe(self) -> None:
        self.is_broken_off.set()


class Lender(lending.Lender):
    """Lends what stands for a connection."""

    def __init__(self) -> None:
        super().__init__("")
        self.connection = Connection()

    @contextmanager
    def lent(self) -> Iterator[Any]:
        yield self.connection


class Reading:
    """Something to be read that counts how often, and takes as long as a test lets it."""

    def __init__(self) -> None:
        self.count = 0
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.fault: Exception | None = None

    def __call__(self, connection: Any, now: int) -> str:
        self.count += 1
        number = self.count
        assert self.may_go_on.wait(SOON)
        if self.fault is not None:
            raise self.fault
        return f"{number} as of {now}"


@pytest.fixture
def revision(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    live = [1]
    monkeypatch.setattr(keeping, "newest_number", lambda _: live[0])
    return live


@pytest.fixture
def clock() -> SetClock:
    return SetClock(0)


def keeper_of(reading: Any, clock: SetClock, lender: Lender | None = None) -> Keeper[str]:
    return Keeper("a thing", lender or Lender(), clock, reading)


def wait_for(is_so: Any) -> None:
    for _ in range(2_000):
        if is_so():
            return
        threading.Event().wait(0.01)
    raise AssertionError


def test_what_was_read_is_shown_again_until_it_is_old(revision: list[int], clock: SetClock) -> None:
    reading = Reading()
    keeper = keeper_of(reading, clock)
    assert keeper.newest(SOON) == "1 as of 0"
    clock.at = KEPT - 1
    assert keeper.newest(SOON) == "1 as of 0"
    clock.at = 1_000 * KEPT
    wait_for(lambda: keeper.newest(SOON) == f"2 as of {1_000 * KEPT}")
    assert reading.count == 2


def test_another_revision_is_read_whatever_is_kept(revision: list[int], clock: SetClock) -> None:
    keeper = keeper_of(Reading(), clock)
    keeper.newest(SOON)
    revision[0] = 2
    assert keeper.newest(SOON) == "2 as of 0"


def test_nobody_waits_for_longer_than_they_said_and_it_is_read_once_for_all(
    revision: list[int], clock: SetClock
) -> None:
    reading = Reading()
    reading.may_go_on.clear()
    keeper = keeper_of(reading, clock)
    for _ in range(5):
        with pytest.raises(BeingReadError, match="being read"):
            keeper.newest(0)
        assert keeper.at_hand() is None
    reading.may_go_on.set()
    assert keeper.newest(SOON) == "1 as of 0"
    assert reading.count == 1


def test_what_took_long_is_kept_for_longer_and_shown_while_it_is_read_anew(
    revision: list[int], clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = Reading()
    keeper = keeper_of(reading, clock)
    seconds = iter([0.0, 10.0, *[20.0] * 9])
    monkeypatch.setattr(keeping, "monotonic", lambda: next(seconds))
    keeper.newest(SOON)
    # Ten seconds twenty times over.
    clock.at = 199 * SECOND
    assert keeper.newest(0) == "1 as of 0"
    assert reading.count == 1
    reading.may_go_on.clear()
    clock.at = 201 * SECOND
    assert keeper.newest(0) == "1 as of 0"
    reading.may_go_on.set()
    wait_for(lambda: keeper.newest(SOON) == f"2 as of {201 * SECOND}")


def test_who_waits_is_told_why_it_cannot_be_read_and_it_is_tried_again(
    revision: list[int], clock: SetClock
) -> None:
    reading = Reading()
    reading.fault = ConfigError("expected something else")
    keeper = keeper_of(reading, clock)
    with pytest.raises(ConfigError, match="something else"):
        keeper.newest(SOON)
    reading.fault = None
    wait_for(lambda: keeper.at_hand() is not None)


def test_at_its_end_what_is_read_is_broken_off(revision: list[int], clock: SetClock) -> None:
    lender = Lender()
    begun = threading.Event()

    def read(connection: Connection, _: int) -> str:
        begun.set()
        assert connection.is_broken_off.wait(SOON)
        raise ConfigError("broken off")

    keeper = keeper_of(read, clock, lender)
    assert keeper.at_hand() is None
    assert begun.wait(SOON)
    keeper.close()
    assert [each for each in threading.enumerate() if each.name == "a thing"] == []
    assert keeper.at_hand() is None
    assert [each for each in threading.enumerate() if each.name == "a thing"] == []
