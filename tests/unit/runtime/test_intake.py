"""Laws of intake: many share a commit, nobody is told what is not so, and nobody waits without end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from upsell.clock import SystemClock
from upsell.runtime import admitting
from upsell.runtime import intake as room
from upsell.runtime.intake import Intake, OverloadedError
from upsell.signals.events import Event
from upsell.sources.segment import Draft
from upsell.store.ledger import Outcome, append
from upsell.store.rejections import Rejection

pytestmark = pytest.mark.postgres


@pytest.fixture
def intake(database: str) -> Iterator[Intake]:
    intake = Intake(database, SystemClock())
    intake.start()
    yield intake
    intake.stop()


def drafts(*ids: str, name: str = "X") -> list[Draft]:
    return [Draft(Event(each, name, 1, 1, customer_id="u"), (each + name).encode()) for each in ids]


def test_answers_come_to_the_caller_they_are_for(intake: Intake) -> None:
    first = intake.submit(drafts("a", "b")).result(10)
    second = intake.submit(drafts("b", "c", "a")).result(10)
    changed = intake.submit(drafts("a", name="Y")).result(10)
    assert [answer.outcome for answer in first] == [Outcome.APPENDED] * 2
    assert [answer.outcome for answer in second] == [Outcome.DUPLICATE, Outcome.APPENDED, Outcome.DUPLICATE]
    assert [answer.outcome for answer in changed] == [Outcome.CONFLICT]


def test_what_waits_together_is_committed_together(
    intake: Intake, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    is_open = threading.Event()

    def counting(connection: Any, events: Any, *rest: Any) -> Any:
        is_open.wait(10)
        sizes.append(len(events))
        return append(connection, events, *rest)

    monkeypatch.setattr(admitting, "append", counting)
    answers = [intake.submit(drafts(f"m{number}")) for number in range(50)]
    is_open.set()
    for answer in answers:
        answer.result(10)
    assert sum(sizes) == 50
    assert len(sizes) <= 2
    with psycopg.connect(database) as connection:
        assert connection.execute("select count(*) from events").fetchone() == (50,)


def test_content_that_the_database_refuses_fails_its_caller_alone(
    intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_open = threading.Event()

    def waiting(*arguments: Any) -> Any:
        is_open.wait(10)
        return append(*arguments)

    monkeypatch.setattr(admitting, "append", waiting)
    good = intake.submit(drafts("a"))
    bad = intake.submit(drafts("b\0"))
    also_good = intake.submit(drafts("c"))
    is_open.set()
    assert [answer.outcome for answer in (*good.result(10), *also_good.result(10))] == [Outcome.APPENDED] * 2
    with pytest.raises(psycopg.Error):
        bad.result(10)


def test_more_than_there_is_room_for_is_sent_away(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_WAITING", 3)
    is_open = threading.Event()

    def waiting_append(*_: Any) -> list[Any]:
        is_open.wait(10)
        return []

    monkeypatch.setattr(admitting, "append", waiting_append)
    waiting = [intake.submit([]), intake.submit(drafts("a", "b", "c"))]
    with pytest.raises(OverloadedError, match="send them again"):
        intake.submit(drafts("d"))
    is_open.set()
    for answer in waiting:
        answer.result(10)


def test_rejections_are_kept_with_what_was_good(intake: Intake, database: str) -> None:
    intake.submit(drafts("a"), [Rejection(1, "api", "1", "invalid", "expected more", "{}")]).result(10)
    with psycopg.connect(database) as connection:
        assert connection.execute("select code, body from rejections").fetchall() == [("invalid", "{}")]


def test_stopping_writes_what_waits_and_sends_the_rest_away(database: str) -> None:
    intake = Intake(database, SystemClock())
    intake.start()
    answers = [intake.submit(drafts(f"m{number}")) for number in range(20)]
    intake.stop()
    assert all(answer.result(0) for answer in answers)
    with pytest.raises(OverloadedError):
        intake.submit(drafts("late"))


def test_a_lost_connection_fails_what_was_under_way_and_is_made_again(intake: Intake, database: str) -> None:
    intake.submit(drafts("a")).result(10)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid()"
        )
    with pytest.raises(psycopg.OperationalError):
        intake.submit(drafts("b")).result(10)
    assert intake.submit(drafts("b")).result(10)[0].outcome is Outcome.APPENDED
