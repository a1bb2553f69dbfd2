"""What waiting costs: a million enrollments that wait are rows and no memory, and are taken when due.

One customer is let into a journey by the worker and stands in its wait; their row is copied under other
ids with due moments spread over a month. Then time passes in one process until some are due.

    python benchmarks/waits.py [--waiting 1000000] [--due 30000]
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time

from live import CATALOG, SETTINGS, TEMPLATE, resident_mb

from upsell.clock import DAY, SetClock, SystemClock
from upsell.ids import shard_of
from upsell.runtime.apply import apply
from upsell.runtime.worker import Worker
from upsell.signals.events import Event
from upsell.store.connect import Connection, connect
from upsell.store.embedded import embedded_url
from upsell.store.ledger import append
from upsell.store.migrate import migrate

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
        with connect(url) as connection, connect(url) as working:
            apply(connection, documents, clock, expected=0)
            worker = Worker(working, clock)
            said = {"email": "someone@example.com"}
            for name, properties in (("Customer Identified", said), ("Checkout Started", {})):
                append(connection, [Event(name, name, clock.now(), 0, "user", None, properties)], clock)
            worker.run_until_idle()
            before = resident_mb(os.getpid())
            size = copy_rows(connection, chosen.waiting, chosen.due)
            worker.run_until_idle()
            grown = resident_mb(os.getpid()) - before
            each = size / chosen.waiting
            print(f"{'rows: each that waits, with its customer and index':50} {each:,.0f} bytes")
            print(f"{f'memory for {chosen.waiting:,} that wait':50} {max(0.0, grown):.0f} MB")
            clock.move_to(clock.now() + 30 * DAY + 1)
            started = time.perf_counter()
            worker.run_until_idle()
            lasted = time.perf_counter() - started
            (reserved,) = connection.execute("select count(*) from outbox").fetchone() or (0,)
            print(
                f"{f'{reserved:,} due at once, to a message reserved':50} {reserved / lasted:,.0f} timers/s"
            )


def copy_rows(connection: Connection, waiting: int, due: int) -> int:
    """Copy the one row that waits, ``due`` of them due in 30 days, the rest later; give the size of all."""
    row = connection.execute(
        "select state, taken_at, next_due_at from units where unit_id = 'c:user'"
    ).fetchone()
    assert row is not None
    state, taken_at, due_at = row
    assert str(due_at) in state
    chance = random.Random(7)
    with connection.transaction(), connection.cursor() as cursor:
        columns = "unit_id, household_id, shard, state, taken_at, next_due_at"
        with cursor.copy(f"copy units ({columns}) from stdin") as copy:
            for number in range(waiting):
                unit_id = f"c:user-{number}"
                at = due_at - (0 if number < due else -DAY - int(chance.random() * 30 * DAY))
                own = state.replace("c:user", unit_id).replace(str(due_at), str(at))
                copy.write_row((unit_id, unit_id, shard_of(unit_id), own, at_time(taken_at), at_time(at)))
    connection.execute("vacuum analyze units")
    (size,) = connection.execute("select pg_total_relation_size('units')").fetchone() or (0,)
    return int(size)


def at_time(at: int) -> str:
    """Write a moment as PostgreSQL reads it."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at // 1_000_000)) + f".{at % 1_000_000:06d}+00"


if __name__ == "__main__":
    main()
