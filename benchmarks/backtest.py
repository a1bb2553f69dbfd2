"""Backtest of a million made events over 20,000 households with three workflows: events per second and core.

Prints two figures, each with its target: where a rule reads one event in twenty, and where every
event is counted and asked about. A core's seconds are processor time, so that other work on the
machine does not count; they include reading the file, sorting it, starting processes and adding
up. Memory is the greatest resident size of this process and of its largest child.
"""

from __future__ import annotations

import resource
import tempfile
import time
from pathlib import Path

import duckdb

from upsell.clock import SystemClock
from upsell.runtime.backtest import Question, run_backtest
from upsell.sources.defaults import default_mapping
from upsell.sources.relations import choose_files

EVENTS = 1_000_000
HOUSEHOLDS = 20_000
WORKERS = 2

SETTINGS = """
currency: USD
zone: UTC
sender: {name: Made, address: hello@made.example, postal_address: 1 Example Street}
policy:
  caps: [{at_most: 2, within: 7 days}]
"""

CATALOG = "default_plan: free\nplans: {free: {name: Free, tier: 0}, pro: {name: Pro, tier: 1}}\n"

WORKFLOW = """
name: Made
unit: customer
trigger: {{when: "{when}", again_after: 90 days}}
eligible: [plan.tier < 1]
goal: {{event: Subscription Upgraded, within: 30 days}}
experiment: {{holdout: 10%}}
journey:
  - email: {{content: hint, intent: help}}
  - wait: 3 days
  - email: {{content: hint, intent: show}}
"""

HINT = '---\nsubject: "A hint"\n---\n<p>Hello.</p>\n'

ONE_IN_TWENTY = (
    "event_count('Event 0', interval '7 days') >= 3",
    "event_count('Event 0', interval '30 days', properties.amount > 100) >= 3",
    "event_count('Event 0', interval '1 day') >= 2",
)
EVERY = tuple(rule.replace("Event 0", "Report Run") for rule in (
    "event_count('Event 0', interval '7 days') >= 9",
    "event_count('Event 0', interval '30 days', properties.amount > 100) >= 12",
    "event_count('Event 0', interval '1 day') >= 4",
))  # fmt: skip


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(prefix="upsell-bench-") as name:
        folder = Path(name)
        figure(folder, "a rule reads one event in twenty", "'Event ' || n % 20", ONE_IN_TWENTY, 150_000)
        figure(folder, "every event is counted and asked about", "'Report Run'", EVERY, 40_000)
    for label, who in (
        ("this process", resource.RUSAGE_SELF),
        ("its largest child", resource.RUSAGE_CHILDREN),
    ):
        resident = resource.getrusage(who).ru_maxrss / 1024
        print(f"peak resident memory, {label}: {resident:,.0f} MiB")


def figure(folder: Path, title: str, name: str, rules: tuple[str, ...], target: int) -> None:
    """Make the events, run the backtest once, and print its figure beside the target."""
    path = folder / f"{target}.jsonl"
    make_events(path, name)
    mapping = default_mapping()
    question = Question(documents(rules), mapping, choose_files(mapping, [path]), workers=WORKERS)
    began, spent = time.perf_counter(), processor_seconds()
    found = run_backtest(question, SystemClock(), lambda *_: None, list)
    took, spent = time.perf_counter() - began, processor_seconds() - spent
    assert found.files.events == EVENTS
    triggered = sum(outcome.tally.triggered for outcome in found.outcomes)
    print(
        f"{title}: {EVENTS / spent:,.0f} events/s per core (target {target:,}); "
        f"{EVENTS / took:,.0f} events/s with {WORKERS} processes, {took:.1f} s; {triggered:,} units triggered"
    )


def processor_seconds() -> float:
    """Give the processor time used so far by this process and by those that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def documents(rules: tuple[str, ...]) -> dict[str, str]:
    """Give a workspace with one workflow for each rule."""
    workflows = {
        f"workflows/made-{number}.yaml": WORKFLOW.format(when=rule) for number, rule in enumerate(rules)
    }
    return {"upsell.yaml": SETTINGS, "catalog.yaml": CATALOG, "templates/hint.html": HINT, **workflows}


def make_events(path: Path, name: str) -> None:
    """Write the events as JSON lines, in no order of household or time; the same every time."""
    with duckdb.connect() as connection:
        connection.execute(
            f"""
            copy (
                select
                    'track' as type, 'm' || n as messageId, 'u' || hash(n) % {HOUSEHOLDS} as userId,
                    {name} as event,
                    strftime(timestamp '2025-01-01' + to_microseconds((hash(n, 1) % 20000000000000)::bigint),
                        '%Y-%m-%dT%H:%M:%S.%fZ') as timestamp,
                    {{amount: (hash(n, 2) % 200)::integer, plan: 'pro'}} as properties
                from range({EVENTS}) numbers(n)
            ) to '{path}' (format json)
            """
        )


if __name__ == "__main__":
    main()
