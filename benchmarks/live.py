"""The live path's figures: events in memory to committed decisions, on embedded PostgreSQL.

Two loads: one event in twenty matters to some workflow, and every event enters a journey and
reaches the outbox with all gates on. Beside each stands the floor, the same ledger rows by bare
COPY, and the ratio to it. Then: messages through the gate to a channel that takes them at once, how
late a due wait wakes, and what the process keeps in memory.

    python benchmarks/live.py [--events 100000] [--journeys 30000] [--mails 8000] [--runs 3]
"""

from __future__ import annotations

import argparse
import logging
import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import msgspec
import psycopg
import structlog

from upsell.channels.channel import Answer, Letter, Receipt
from upsell.clock import SystemClock
from upsell.config import Settings
from upsell.runtime.apply import apply
from upsell.runtime.dispatcher import Dispatcher
from upsell.runtime.live import run_worker
from upsell.signals.events import Event
from upsell.store.connect import Connection, connect
from upsell.store.embedded import embedded_url, make_database
from upsell.store.ledger import append
from upsell.store.migrate import migrate
from upsell.store.outbox import CHANNEL, State

CLOCK = SystemClock()
CUSTOMERS = 10_000
APPEND_BATCH = 1_000

SETTINGS = """
name: Acme
currency: USD
zone: Europe/Berlin
sender: {name: Acme, address: hello@acme.example, postal_address: 1 Road}
policy:
  caps: [{at_most: 1000, within: 7 days}]
"""
CATALOG = """
default_plan: free
metrics: [api_calls]
plans:
  free: {name: Free, tier: 0, limits: {api_calls: 100}}
  pro: {name: Pro, tier: 2, price: {month: 149}, limits: {api_calls: 10000}}
offers:
  pro-annual: {kind: upgrade, plan: pro, title: Pro for a year, reason: More calls, discount: 10%}
"""
TEMPLATE = (
    "---\nsubject: More room\n---\n<p>Hello {{ customer.email }}, {{ offer.title }}: {{ offer.reason }}</p>\n"
)

FEW_MATTER = """
name: Interest
owner: growth@acme.example
purpose: Customers who look at prices often hear of the next plan.
review_by: 2027-03-01
unit: customer
trigger: {when: "event_count('Pricing Viewed', interval '7 days') >= 3", again_after: 90 days}
eligible: ["plan.tier < 2", "customer.region in ('US', 'EU')"]
suppress: ["subscription.status = 'trialing'"]
goal: {event: Subscription Upgraded, within: 30 days}
experiment: {holdout: 10%}
journey:
  - email: {content: more, intent: show}
  - wait: 3 days
  - email: {content: more, intent: offer, offer: pro-annual}
"""

EVERY_ENTERS = """
name: At once
owner: growth@acme.example
purpose: Every checkout that is begun is answered.
review_by: 2027-03-01
unit: customer
trigger: {on: Checkout Started, again_after: 90 days}
eligible: ["plan.tier < 2", "customer.region in ('US', 'EU')"]
suppress: ["subscription.status = 'trialing'", "event_count('Checkout Started', interval '1 day') > 50"]
goal: {event: Subscription Upgraded, within: 30 days}
experiment: {holdout: 0%}
journey:
  - email: {content: more, intent: offer, offer: pro-annual}
  - wait: 3 days
  - email: {content: more, intent: show}
"""


WAITS = """
name: Waits
owner: growth@acme.example
purpose: Everybody waits a little.
review_by: 2027-03-01
unit: customer
trigger: {on: Checkout Started, again_after: 90 days}
goal: {event: Subscription Upgraded, within: 30 days}
experiment: {holdout: 0%}
journey:
  - wait: 2 seconds
  - email: {content: more, intent: show}
"""


def main() -> None:
    """Run every measurement and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--journeys", type=int, default=40_000)
    parser.add_argument("--mails", type=int, default=8_000)
    parser.add_argument("--runs", type=int, default=3)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="upsell-bench-", ignore_cleanup_errors=True) as folder:
        bench = Bench(folder)
        floors = [bench.measure_floor(chosen.events) for _ in range(chosen.runs)]
        floor = statistics.median(floors)
        show("floor: the same ledger rows by bare COPY", floors)
        few = [bench.measure_few_matter(chosen.events) for _ in range(chosen.runs)]
        show("one event in twenty matters (target 20,000)", few, floor)
        every = [bench.measure_every_enters(chosen.journeys) for _ in range(chosen.runs)]
        show("every event reaches the outbox (target 4,500)", every, floor)
        sending = [bench.measure_sending(chosen.mails) for _ in range(chosen.runs)]
        show("through the gate to a channel that takes it", sending, what_of="messages")
        late = bench.measure_lateness(200)
        middle, worst = late[len(late) // 2] / 1000, late[-1] / 1000
        print(f"{'due waits wake late by (target 500 ms)':50} p50 {middle:.1f} ms, worst {worst:.1f} ms")
        print(f"{'resident under load: worker (target, all: 500 MB)':50} {bench.worker_mb:.0f} MB")
        print(f"{'resident under load: whoever appends':50} {resident_mb(os.getpid()):.0f} MB")


class TakesAll:
    """A channel that takes every letter at once."""

    async def send(self, letters: Sequence[Letter], within: float) -> list[Receipt]:  # noqa: ARG002  # the contract's
        """Say of each letter that it was accepted."""
        return [Receipt(letter.key, Answer.ACCEPTED, "taken") for letter in letters]

    async def close(self) -> None:
        """Let go of nothing."""


class Bench:
    """Measurements on one embedded server, each over a database of its own.

    Attributes:
        worker_mb: The most a worker process kept in memory so far, in MB.
    """

    def __init__(self, folder: str) -> None:
        """Start the server in a folder."""
        self._url = embedded_url(folder)
        self._made = 0
        self.worker_mb = 0.0

    def measure_floor(self, number: int) -> float:
        """Give how many ledger rows a second bare COPY commits, a thousand in a transaction."""
        types = ["int8", "timestamptz", "timestamptz", "int2", *["text"] * 7, "bool", "bool"]
        with self._database() as url, connect(url) as connection:
            append(connection, make_events(1), CLOCK)
            row = connection.execute("select * from events").fetchone()
            assert row is not None
            rows = [
                (n, row[1], row[2], n % 16, f"c:{n % CUSTOMERS}", *row[5:8], str(n), *row[9:])
                for n in range(number)
            ]
            started = time.perf_counter()
            for start in range(0, number, APPEND_BATCH):
                with (
                    connection.cursor() as cursor,
                    cursor.copy("copy events from stdin (format binary)") as copy,
                ):
                    copy.set_types(types)
                    for one in rows[start : start + APPEND_BATCH]:
                        copy.write_row(one)
            return number / (time.perf_counter() - started)

    def measure_few_matter(self, number: int) -> float:
        """Give events a second when one in twenty matters."""
        with self._working(FEW_MATTER, CUSTOMERS) as connection:
            return self._measure(connection, make_events(number, every=20))

    def measure_every_enters(self, number: int) -> float:
        """Give events a second when each begins a journey and reaches the outbox."""
        with self._working(EVERY_ENTERS, number) as connection:
            rate = self._measure(connection, make_events(number, name="Checkout Started", customers=number))
            queued = connection.execute("select count(*) from outbox where state = 'reserved'").fetchone()
            assert queued == (number,), f"expected {number} messages in the outbox, found {queued}"
            return rate

    def measure_sending(self, number: int) -> float:
        """Give messages a second that a dispatcher claims, asks about, writes and records."""
        with self._working(EVERY_ENTERS, number) as connection:
            self._measure(connection, make_events(number, name="Checkout Started", customers=number))
            dispatcher = Dispatcher(connection, CLOCK, {"email": TakesAll()})
            started = time.perf_counter()
            sent = dispatcher.run_until_idle().by_state.get(State.SENT, 0)
            rate = sent / (time.perf_counter() - started)
            dispatcher.close()
            assert sent == number, f"expected {number} messages to be sent, found {sent}"
            return rate

    def measure_lateness(self, number: int) -> list[int]:
        """Give by how many microseconds due waits were late, ascending: from due to heard of the commit."""
        with self._working(WAITS, number) as connection:
            connection.execute(f"listen {CHANNEL}")
            for event in make_events(number, name="Checkout Started", customers=number):
                append(connection, [event], CLOCK)
            late: list[int] = []
            while len(late) < number:
                heard = list(connection.notifies(timeout=5, stop_after=1))
                assert heard, f"expected {number} messages, heard of {len(late)}"
                heard_at = CLOCK.now()
                due = connection.execute("select reserved_at from outbox order by reserved_at").fetchall()
                late += [heard_at - at for (at,) in due[len(late) :]]
            return sorted(late)

    def _measure(self, connection: Connection, events: Sequence[Event]) -> float:
        started = time.perf_counter()
        for start in range(0, len(events), APPEND_BATCH):
            append(connection, events[start : start + APPEND_BATCH], CLOCK)
        wait_until_taken(connection)
        return len(events) / (time.perf_counter() - started)

    @contextmanager
    def _working(self, workflow: str, customers: int) -> Iterator[Connection]:
        """Give a connection to a database with known customers, at which a worker process works."""
        documents = {
            "upsell.yaml": SETTINGS,
            "catalog.yaml": CATALOG,
            "workflows/bench.yaml": workflow,
            "templates/more.html": TEMPLATE,
        }
        with self._database() as url, connect(url) as connection:
            apply(connection, documents, CLOCK, expected=0)
            process = get_context("spawn").Process(target=work, args=(url, os.getpid()))
            process.start()
            known = [
                msgspec.structs.replace(
                    event, properties={"region": "EU", "email": f"{event.customer_id}@example.com"}
                )
                for event in make_events(customers, name="Customer Identified", customers=customers)
            ]
            for start in range(0, customers, APPEND_BATCH):
                append(connection, known[start : start + APPEND_BATCH], CLOCK)
            wait_until_taken(connection)
            connection.execute("vacuum analyze")
            try:
                yield connection
            finally:
                self.worker_mb = max(self.worker_mb, resident_mb(process.pid or 0))
                process.terminate()
                process.join()

    @contextmanager
    def _database(self) -> Iterator[str]:
        self._made += 1
        name = f"bench_{self._made}"
        make_database(self._url, name)
        url = self._url.replace("/upsell?", f"/{name}?", 1)
        migrate(url)
        yield url
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(f"drop database {name} with (force)")
            connection.execute("checkpoint")


def work(url: str, parent: int) -> None:
    """Be a worker process until the parent is gone, and say only what is wrong."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    run_worker(url, Settings(), CLOCK, lambda: os.getppid() != parent)


def make_events(
    number: int,
    *,
    name: str = "Pricing Viewed",
    every: int = 1,
    customers: int = CUSTOMERS,
) -> list[Event]:
    """Make events of about 400 bytes with unique ids; one in ``every`` has the name, others are views."""
    properties = {f"property_{n}": f"a value of some length {n}" for n in range(6)}
    now = CLOCK.now()
    return [
        Event(
            f"{name}-{now}-{n}", name if n % every == 0 else "Page Viewed", now, 0,
            # A stride that has no divisor in common spreads the events that matter over everybody.
            f"user-{n * 7919 % customers}", None, {**properties, "number": n}, "bench",
        )
        for n in range(number)
    ]  # fmt: skip


def wait_until_taken(connection: Connection) -> None:
    """Wait until the worker has taken the whole ledger."""
    behind = "select count(*) from cursors where position < (select position from ledger_head)"
    while connection.execute(behind).fetchone() != (0,):
        time.sleep(0.002)


def resident_mb(pid: int) -> float:
    """Give what a process keeps in memory of its own and of files, without shared memory, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    kept = {name: value for name, _, value in (line.partition(":") for line in lines)}
    return (int(kept["RssAnon"].split()[0]) + int(kept["RssFile"].split()[0])) / 1024


def show(what: str, rates: Sequence[float], floor: float | None = None, what_of: str = "events") -> None:
    """Print the median of some rates with the least and the greatest, and the ratio to the floor."""
    middle = statistics.median(rates)
    ratio = f", 1/{floor / middle:.1f} of the floor" if floor else ""
    print(f"{what:50} {middle:>9,.0f} {what_of}/s [{min(rates):,.0f}..{max(rates):,.0f}]{ratio}", flush=True)


if __name__ == "__main__":
    main()
