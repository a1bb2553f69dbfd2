"""Intake: items that came in are committed to the ledger together, and only then answered.

One thread writes. It takes whatever is waiting into one transaction, so that a thousand callers
share one commit. The law: an answer says committed only when it is.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Final

import msgspec
import psycopg
import structlog

from upsell.clock import Clock
from upsell.errors import IntakeError, StoreError
from upsell.runtime.admitting import admit
from upsell.sources.segment import Draft
from upsell.store.connect import Connection, connect
from upsell.store.ledger import Appended
from upsell.store.links import Came
from upsell.store.rejections import Rejection

_log = structlog.get_logger(__name__)

MOST_TOGETHER: Final = 5_000
"""About how many events are committed together at most."""

MOST_WAITING: Final = 50_000
"""How many events may wait; beyond that callers are asked to come again later."""


class OverloadedError(IntakeError):
    """More is waiting to be written than there is room for; the same request can be sent again."""


class Submission(msgspec.Struct):
    """What one caller brought: events to append, what was refused, visits, and where the answer goes."""

    drafts: Sequence[Draft]
    rejections: Sequence[Rejection]
    visits: Sequence[Came]
    answer: Future[list[Appended]]


class Intake:
    """The one writer of a server process; ``start`` before use, ``stop`` after."""

    def __init__(self, url: str, clock: Clock) -> None:
        """Write to the database at ``url``, by the given clock."""
        self._url = url
        self._clock = clock
        self._waiting: queue.SimpleQueue[Submission | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._size = 0
        self._is_stopped = True
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._is_stopped = False
        self._thread.start()

    def stop(self) -> None:
        """Write what is waiting, then stop; what comes later is refused."""
        with self._lock:
            self._is_stopped = True
        self._waiting.put(None)
        self._thread.join()

    def submit(
        self,
        drafts: Sequence[Draft],
        rejections: Sequence[Rejection] = (),
        visits: Sequence[Came] = (),
    ) -> Future[list[Appended]]:
        """Bring events, rejections and visits to be committed together; the answer comes after the commit.

        Raises:
            OverloadedError: Too much is waiting, or the server is going down.
        """
        size = len(drafts) + len(rejections) + len(visits)
        with self._lock:
            if self._is_stopped or (self._size and self._size + size > MOST_WAITING):
                msg = f"expected room for {size:,} events, but {self._size:,} are waiting; send them again"
                raise OverloadedError(msg)
            self._size += size
            submission = Submission(drafts, rejections, visits, Future())
            self._waiting.put(submission)
        return submission.answer

    def _run(self) -> None:
        connection: Connection | None = None
        while group := self._next_group():
            try:
                if connection is None or connection.closed:
                    connection = connect(self._url)
                self._write(connection, group)
            except (psycopg.OperationalError, StoreError) as error:
                _log.warning("intake_lost_the_database", error=str(error))
                _fail(group, error)
            finally:
                self._release(group)
        if connection is not None:
            connection.close()

    def _next_group(self) -> list[Submission]:
        """Wait for something to write and take what else is waiting; empty once stopped."""
        first = self._waiting.get()
        if first is None:
            return []
        group = [first]
        size = len(first.drafts)
        while size < MOST_TOGETHER:
            try:
                following = self._waiting.get_nowait()
            except queue.Empty:
                break
            if following is None:
                self._waiting.put(None)
                break
            group.append(following)
            size += len(following.drafts)
        return group

    def _write(self, connection: Connection, group: Sequence[Submission]) -> None:
        """Commit a group; where the database refuses its content, each caller's own stands alone."""
        try:
            answers = self._commit(connection, group)
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            if len(group) == 1:
                _log.exception("intake_refused_by_the_database")
                _fail(group, error)
                return
            for submission in group:
                self._write(connection, [submission])
            return
        for submission, answer in zip(group, answers, strict=True):
            submission.answer.set_result(answer)

    def _commit(self, connection: Connection, group: Sequence[Submission]) -> list[list[Appended]]:
        """Append a group in one transaction; give the answers of each submission."""
        with connection.transaction():
            appended = admit(
                connection,
                self._clock,
                [draft for submission in group for draft in submission.drafts],
                [kept for submission in group for kept in submission.rejections],
                [came for submission in group for came in submission.visits],
            )
        answers, start = [], 0
        for submission in group:
            answers.append(appended[start : start + len(submission.drafts)])
            start += len(submission.drafts)
        return answers

    def _release(self, group: Sequence[Submission]) -> None:
        with self._lock:
            self._size -= sum(len(each.drafts) + len(each.rejections) + len(each.visits) for each in group)


def _fail(group: Sequence[Submission], error: Exception) -> None:
    for submission in group:
        if not submission.answer.done():
            submission.answer.set_exception(error)
