"""What waiting costs: a million enrollments that wait are rows and no memory, and are taken when due.

One customer is let into a journey by the worker and stands in its wait; their row is copied under other
ids with due moments spread over a month. Of a few that are due in the next seconds it is told how late the
running program had their message written; then time passes in one process until many are due at once.

    python benchmarks/waits.py [--waiting 1000000] [--due 30000] [--rate 1000]
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections.abc import Iterable

from intake import running
from live import CATALOG, SETTINGS, TEMPLATE, resident_mb

from upsell.clock import DAY, SECOND, SetClock, SystemClock
from upsell.ids import shard_of
from upsell.runtime.apply import apply
from upsell.runtime.worker import Worker
from upsell.signals.events import Event
from upsell.store.connect import Connection, connect
from upsell.store.embedded import embedded_url
from upsell.store.ledger import append
from upsell.store.migrate import migrate

SECONDS = 15
WAITS = """
name: Waits
owner: growth@acme.example
purpose: Everybody waits.
review_by: 2027-03-01
unit: customer
trigger: {on: Checkout Started, again_after: 90 days}
goal: {event: Subscription Upgraded, within: 30 days}
experiment: {holdout: 0%}
journey:
  - wait: 30 days
  - email: {content: more, intent: show}
"""


def main() -> None:
    """Let very many wait, then some be due, and print what it cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--waiting", type=int, default=1_000_000)
    parser.add_argument("--due", type=int, default=30_000)
    parser.add_argument("--rate", type=int, default=1_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="upsell-bench-", ignore_cleanup_errors=True) as folder:
        url = embedded_url(folder)
        migrate(url)
        clock = SetClock(SystemClock().now())
        documents = {
            "upsell.yaml": SETTINGS,
            "catalog.yaml": CATALOG,
            "workflows/waits.yaml": WAITS,
            "templates/more.html": TEMPLATE,
        }
        with connect(url) as connection:
            apply(connection, documents, clock, expected=0)
            let_wait(connection, url, clock, chosen.waiting, chosen.due)
            lates = sorted(lateness(connection, url, chosen.rate))
            half, most = lates[len(lates) // 2], lates[int(len(lates) * 0.99)]
            told = f"p50 {half * 1e3:.0f} ms, p99 {most * 1e3:.0f} ms (target 500 ms)"
            say(f"from due to message, {chosen.rate:,} due a second", told)
            take_due(connection, url, clock)


def let_wait(connection: Connection, url: str, clock: SetClock, waiting: int, due: int) -> None:
    """Let one into a journey, copy their row, and print what the copies cost a worker."""
    with connect(url) as working:
        worker = Worker(working, clock)
        said = {"email": "someone@example.com"}
        for name, properties in (("Customer Identified", said), ("Checkout Started", {})):
            append(connection, [Event(name, name, clock.now(), 0, "user", None, properties)], clock)
        worker.run_until_idle()
        before = resident_mb(os.getpid())
        size = copy_rows(connection, waiting, due)
        worker.run_until_idle()
        grown = resident_mb(os.getpid()) - before
    say("rows: each that waits, with its customer and index", f"{size / waiting:,.0f} bytes")
    say(f"memory for {waiting:,} that wait", f"{max(0.0, grown):.0f} MB")


def take_due(connection: Connection, url: str, clock: SetClock) -> None:
    """Let time pass until many are due at once, and print how fast they are taken."""
    clock.move_to(clock.now() + 30 * DAY + 1)
    already = count_messages(connection)
    with connect(url) as working:
        worker = Worker(working, clock)
        started = time.perf_counter()
        worker.run_until_idle()
        lasted = time.perf_counter() - started
    reserved = count_messages(connection) - already
    say(
        f"{reserved:,} due at once, to a message reserved",
        f"{reserved / lasted:,.0f} timers/s (target 4,000)",
    )


def count_messages(connection: Connection) -> int:
    """Count the messages of the outbox."""
    (counted,) = connection.execute("select count(*) from outbox").fetchone() or (0,)
    return int(counted)


def say(what: str, figure: str) -> None:
    """Print one figure."""
    print(f"{what:50} {figure}", flush=True)


def copy_rows(connection: Connection, waiting: int, due: int) -> int:
    """Copy the one row that waits, ``due`` of them due in 30 days, the rest later; give the size of all."""
    _, _, due_at = read_row(connection)
    chance = random.Random(7)
    dues = (
        due_at + (0 if number < due else DAY + int(chance.random() * 30 * DAY)) for number in range(waiting)
    )
    copy_due(connection, "user", dues)
    connection.execute("vacuum analyze units")
    (size,) = connection.execute("select pg_total_relation_size('units')").fetchone() or (0,)
    return int(size)


def lateness(connection: Connection, url: str, rate: int) -> list[float]:
    """Let some be due at a steady rate while the program runs; give the seconds each message was late.

    A message may be dated by when it was due, so the table is given a clock of its own.
    """
    connection.execute("alter table outbox add column kept_at timestamptz default clock_timestamp()")
    started_at = SystemClock().now() + 8 * SECOND
    copy_due(connection, "soon", (started_at + number * SECOND // rate for number in range(SECONDS * rate)))
    with running(url, "serve", "worker"):
        deadline = time.monotonic() + 90
        while waits_for(connection) and time.monotonic() < deadline:
            time.sleep(1)
    asked = "select unit_id, extract(epoch from kept_at)::float8 from outbox where unit_id like 'c:soon-%'"
    kept = connection.execute(asked).fetchall()
    connection.execute("alter table outbox drop column kept_at")
    return [at - started_at / SECOND - int(unit_id.split("-")[1]) / rate for unit_id, at in kept]


def waits_for(connection: Connection) -> bool:
    """Tell whether anybody due soon is still to be taken."""
    asked = """
        select exists(
            select from units where unit_id like 'c:soon-%' and next_due_at < now() + interval '1 day'
        )
    """
    return connection.execute(asked).fetchone() == (True,)


def read_row(connection: Connection) -> tuple[str, int, int]:
    """Give what is kept of the one who was let in: their record, when it was taken, when it is due."""
    row = connection.execute(
        "select state, taken_at, next_due_at from units where unit_id = 'c:user'"
    ).fetchone()
    assert row is not None
    assert str(row[2]) in row[0]
    return row[0], row[1], row[2]


def copy_due(connection: Connection, name: str, dues: Iterable[int]) -> None:
    """Copy the row of the one who was let in under other ids, each due at a moment."""
    state, taken_at, due_at = read_row(connection)
    with connection.transaction(), connection.cursor() as cursor:
        columns = "unit_id, household_id, shard, state, taken_at, next_due_at"
        with cursor.copy(f"copy units ({columns}) from stdin") as copy:
            for number, at in enumerate(dues):
                unit_id = f"c:{name}-{number}"
                own = state.replace("c:user", unit_id).replace(str(due_at), str(at))
                copy.write_row((unit_id, unit_id, shard_of(unit_id), own, at_time(taken_at), at_time(at)))


def at_time(at: int) -> str:
    """Write a moment as PostgreSQL reads it."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at // 1_000_000)) + f".{at % 1_000_000:06d}+00"


if __name__ == "__main__":
    main()
