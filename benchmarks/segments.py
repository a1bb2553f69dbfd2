"""What it costs to count and list a segment over everyone, and to watch one live.

Units and events are written straight into the store, as the worker keeps them: customers in accounts
of four, with traits, a subscription and use, and five events each in 60 days. Then rules of each kind
are counted, the median of a few times, and beside them the floor: reading every record as JSON, in SQL.
Last what the worker takes with and without segments, over the same events.

    python benchmarks/segments.py [--units 200000] [--runs 3] [--live 40000]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from random import Random

import msgspec

from upsell.clock import DAY, HOUR, Moment, SystemClock, parse_moment
from upsell.ids import shard_of
from upsell.journeys.household import Unit
from upsell.journeys.workflow import UnitKind
from upsell.runtime.apply import apply
from upsell.runtime.segments import count_audience, count_segments, list_segment
from upsell.runtime.worker import Worker
from upsell.signals.events import Event
from upsell.signals.profiles import Profile, Subscription, Usage
from upsell.store.connect import Connection, connect
from upsell.store.embedded import embedded_url, make_database
from upsell.store.ledger import append
from upsell.store.migrate import migrate
from upsell.store.months import ensure_months
from upsell.store.queries import copy_rows

CLOCK = SystemClock()
NOW: Moment = parse_moment("2026-06-01T12:00:00Z") or 0
MEMBERS, EVENTS = 4, 5
SETTINGS = """
name: Acme
currency: USD
zone: UTC
sender: {name: Acme, address: hello@acme.example, postal_address: 1 Road}
"""
CATALOG = """
default_plan: free
metrics: [api_calls]
plans:
  free: {name: Free, tier: 0, limits: {api_calls: 100}}
  pro: {name: Pro, tier: 2, price: {month: 149}, limits: {api_calls: 10000}}
"""
RULES = {
    "a trait": "customer.country = 'DE'",
    "a count of a week": "event_count('Pricing Viewed', interval '7 days') >= 1",
    "a count of 60 days, with a condition": (
        "event_count('Pricing Viewed', interval '60 days', properties.page = 'pro') >= 2"
    ),
    "plan and use against its limit": "plan.tier >= 1 and usage_ratio('api_calls') > 0.8",
    "all of these": (
        "customer.country = 'DE' and event_count('Pricing Viewed', interval '7 days') >= 1"
        " and plan.tier >= 1 and usage_ratio('api_calls') > 0.5"
    ),
}
WORKFLOW = """
name: Interest
owner: growth@acme.example
purpose: Something that reads what comes.
review_by: 2027-03-01
unit: customer
trigger: {when: "event_count('Pricing Viewed', interval '7 days') >= 100000000"}
goal: {event: Subscription Upgraded, within: 30 days}
experiment: {holdout: 10%}
journey: [{email: {content: more, intent: help}}]
"""
TEMPLATE = "---\nsubject: Hello\n---\n<p>Hello</p>\n"
FEW = {
    "keen": "event_count('Pricing Viewed', interval '7 days') >= 3",
    "german": "customer.country = 'DE'",
    "quiet": "last_event('Report Viewed') is null",
}


def main() -> None:
    """Run every measurement and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--live", type=int, default=40_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="upsell-bench-", ignore_cleanup_errors=True) as folder:
        url = embedded_url(folder)
        migrate(url)
        with connect(url) as connection:
            apply(connection, documents(RULES), CLOCK, expected=0)
            fill(connection, chosen.units)
            print(
                f"{chosen.units:,} customers and {chosen.units // MEMBERS:,} accounts, {EVENTS} events each"
            )
            for name, seconds in measured(connection, chosen.runs):
                print(f"{name:58} {seconds:7.2f} s")
        for name, segments in (("without segments", {}), ("with three", FEW)):
            rate = measure_live(url, name.replace(" ", "_"), segments, chosen.live)
            print(f"{f'the worker takes, {name}':58} {rate:12,.0f} events a second")


def documents(rules: dict[str, str]) -> dict[str, str]:
    """Write a workspace with a segment of customers for each rule."""
    lines = [
        f'{name.replace(" ", "_").replace(",", "")}: {{unit: customer, rule: "{rule}"}}'
        for name, rule in rules.items()
    ]
    written = {"segments.yaml": "\n".join(lines) + "\n"} if lines else {}
    spoken = {"workflows/w.yaml": WORKFLOW, "templates/more.html": TEMPLATE}
    return {"upsell.yaml": SETTINGS, "catalog.yaml": CATALOG, **spoken, **written}


def fill(connection: Connection, number: int) -> None:
    """Write accounts, customers and events as the worker keeps them; every tenth account is nobody's."""
    draw = Random(7)
    columns = "unit_id, household_id, shard, state, engaged, taken_at"
    with connection.transaction():
        with (
            connection.cursor() as cursor,
            cursor.copy(f"copy units ({columns}) from stdin (format binary)") as copy,
        ):
            copy.set_types(["text", "text", "int2", "text", "text", "timestamptz"])
            for row in _units(draw, number):
                copy.write_row(row)
        ensure_months(connection, set(), {NOW - days * DAY for days in range(62)})
        types = ["int8", "timestamptz", "timestamptz", "int2", *["text"] * 7, "bool", "bool"]
        copy_rows(connection, "copy_events", types, _events(draw, number))
        connection.execute("update cursors set position = %s", (number * EVENTS + 1,))
    connection.execute("vacuum analyze units, events")


def _units(draw: Random, number: int) -> Iterator[tuple[object, ...]]:
    for account in range(number // MEMBERS):
        unit_id = f"a:acme{account}"
        profile = Profile(traits={"seats": draw.randrange(40), "region": draw.choice(("US", "EU"))})
        if draw.random() < 0.5:
            started_at = NOW - draw.randrange(300) * DAY
            profile.subscriptions["default"] = Subscription(
                "default", "pro", 1, 14_900, "USD", 1, "active", started_at
            )
        profile.usage["api_calls"] = Usage(
            draw.randrange(12_000),
            NOW - DAY,
            [(NOW // DAY - day, draw.randrange(500)) for day in range(28, 0, -1)],
        )
        yield _row(unit_id, unit_id, profile)
    for customer in range(number):
        traits = {"email": f"u{customer}@example.com", "country": draw.choice(("DE", "US", "FR", "JP"))}
        yield _row(f"c:u{customer}", f"a:acme{customer // MEMBERS}", Profile(traits=dict(traits)))


def _row(unit_id: str, household_id: str, profile: Profile) -> tuple[object, ...]:
    state = msgspec.json.encode(Unit(unit_id, profile, segments={})).decode()
    return unit_id, household_id, shard_of(household_id), state, "[]" if unit_id[0] == "a" else None, NOW


def _events(draw: Random, number: int) -> Iterator[tuple[object, ...]]:
    names = ("Pricing Viewed", "Report Viewed", "Page Viewed", "Invite Sent")
    for position in range(1, number * EVENTS + 1):
        at = NOW - draw.randrange(60 * 24) * HOUR
        customer = draw.randrange(number)
        account = f"acme{customer // MEMBERS}"
        said = '{"page":"pro"}' if draw.random() < 0.5 else '{"page":"free"}'
        yield (
            position, at, at, shard_of(f"a:{account}"), f"a:{account}", f"u{customer}", account,
            draw.choice(names), f"e{position}", "bench", said, False, False,
        )  # fmt: skip


def measured(connection: Connection, runs: int) -> Iterator[tuple[str, float]]:
    """Give the median seconds of each question."""

    def floor() -> object:
        return connection.execute(
            "select count(json_of(state) #> '{profile,traits}') from units where unit_id like 'c:%'"
        ).fetchone()

    yield "floor: every record read as JSON, in SQL", _median(floor, runs)
    for name, rule in RULES.items():
        yield f"count {name}", _median(_counting(connection, rule), runs)
    yield f"count all {len(RULES)} saved ones at once", _median(lambda: count_segments(connection, NOW), runs)
    yield (
        "the first 1,000 of a trait",
        _median(lambda: list_segment(connection, "a_trait", NOW, "", 1_000), runs),
    )


def _counting(connection: Connection, rule: str) -> Callable[[], object]:
    return lambda: count_audience(connection, rule, UnitKind.CUSTOMER, NOW)


def _median(ask: Callable[[], object], runs: int) -> float:
    seconds = []
    for _ in range(runs):
        started = time.perf_counter()
        ask()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def measure_live(url: str, name: str, segments: dict[str, str], number: int) -> float:
    """Give how many events a second the worker takes in a database of its own; one in four matters."""
    make_database(url, name)
    own = url.replace("/upsell?", f"/{name}?", 1)
    migrate(own)
    names = ("Pricing Viewed", "Page Viewed", "Page Viewed", "Clicked")
    with connect(own) as connection, connect(own) as working:
        apply(connection, documents(segments), CLOCK, expected=0)
        worker = Worker(working, CLOCK)
        worker.run_until_idle()
        for start in range(0, number, 1_000):
            events = [
                Event(f"e{each}", names[each % 4], CLOCK.now(), 0, f"u{each * 7 % 5_000}", None, {}, "bench")
                for each in range(start, start + 1_000)
            ]
            append(connection, events, CLOCK)
        started = time.perf_counter()
        worker.run_until_idle()
        return number / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
