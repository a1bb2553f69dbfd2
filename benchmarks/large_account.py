"""What an event costs in an account of ten members, of a thousand and of ten thousand.

A member's event, an event of the account and a change of a role, each alone in its batch, as it is
when events come one by one; and five hundred events of ten people at once. Admins are addressed by an
account's workflow. Printed are milliseconds per batch, the median of many, and the ratio to ten.

    python benchmarks/large_account.py [--rounds 60]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import count

from upsell.clock import SystemClock
from upsell.runtime.apply import apply
from upsell.runtime.worker import Worker
from upsell.signals.events import Event
from upsell.store.connect import Connection, connect
from upsell.store.embedded import embedded_url
from upsell.store.ledger import append
from upsell.store.migrate import migrate

CLOCK = SystemClock()
SIZES = (10, 1_000, 10_000)
SETTINGS = """
name: Acme
currency: USD
zone: UTC
sender: {name: Acme, address: hello@acme.example, postal_address: 1 Road}
"""
WORKFLOW = """
name: Many clicks
owner: growth@acme.example
purpose: Admins hear when the account works a lot.
review_by: 2027-03-01
unit: account
trigger: {when: "event_count('Clicked', interval '7 days') >= 100000000"}
goal: {event: Subscription Upgraded, within: 30 days}
experiment: {holdout: 10%}
journey:
  - email: {content: more, intent: help, to: admin}
"""
TEMPLATE = "---\nsubject: Hello\n---\n<p>Hello</p>\n"
_numbers = count(1)


def main() -> None:
    """Run every measurement and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    rounds = parser.parse_args().rounds
    documents = {"upsell.yaml": SETTINGS, "workflows/w.yaml": WORKFLOW, "templates/more.html": TEMPLATE}
    with tempfile.TemporaryDirectory(prefix="upsell-bench-", ignore_cleanup_errors=True) as folder:
        url = embedded_url(f"{folder}/data")
        migrate(url)
        with connect(url) as connection, connect(url) as working:
            apply(connection, documents, CLOCK, expected=0)
            worker = Worker(working, CLOCK)
            for size in SIZES:
                _fill(connection, worker, size)
            print(f"{'members':<26}" + "".join(f"{size:>18,}" for size in SIZES))
            for name, events_of in _LOADS.items():
                figures = [_measure(connection, worker, size, events_of, rounds) for size in SIZES]
                cells = [f"{figure * 1e3:.2f} ms ({figure / figures[0]:.2f})" for figure in figures]
                print(f"{name:<26}" + "".join(f"{cell:>18}" for cell in cells))


def _event(name: str, size: int, member: int | None, **said: object) -> Event:
    customer_id = None if member is None else f"u{size}-{member % size}"
    return Event(f"e{next(_numbers)}", name, CLOCK.now(), 0, customer_id, f"acme{size}", said, "bench")


def _fill(connection: Connection, worker: Worker, size: int) -> None:
    """Make an account of so many members, three of them admins."""
    roles = [["admin"] if member < 3 else ["member"] for member in range(size)]
    events = [_event("Account Identified", size, member, roles=held) for member, held in enumerate(roles)]
    events += [_event("Customer Identified", size, member, email="a@example.com") for member in range(3)]
    for start in range(0, len(events), 1_000):
        append(connection, events[start : start + 1_000], CLOCK)
    worker.run_until_idle()


_LOADS: dict[str, Callable[[int, int], list[Event]]] = {
    "a member's event": lambda size, place: [_event("Clicked", size, place * 7)],
    "an event of the account": lambda size, place: [_event("Account Identified", size, None, seats=place)],
    "a change of a role": lambda size, place: [
        _event("Account Identified", size, 5, roles=["member", f"r{place % 2}"])
    ],
    "10 people's 500 events": lambda size, place: [
        _event("Clicked", size, place * 10 + each % 10) for each in range(500)
    ],
}


def _measure(
    connection: Connection,
    worker: Worker,
    size: int,
    events_of: Callable[[int, int], list[Event]],
    rounds: int,
) -> float:
    """Give the median seconds the worker needs for one batch."""
    seconds = []
    for place in range(rounds):
        append(connection, events_of(size, place), CLOCK)
        started = time.perf_counter()
        worker.run_until_idle()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


if __name__ == "__main__":
    main()
