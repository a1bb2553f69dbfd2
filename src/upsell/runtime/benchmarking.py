"""Benchmarking: what peers use, computed over all units at most once a day.

For the learner and ``upsell benchmark``. The law: whoever computes it and how often they try, a day has
one benchmark, and decisions before its moment do not know of it.
"""

from __future__ import annotations

import msgspec

from upsell.catalog.catalog import Catalog
from upsell.clock import DAY, Clock
from upsell.decisions.facts import tiers_of
from upsell.errors import DefinitionError
from upsell.store.benchmarks import (
    Question,
    Sold,
    keep_benchmarks,
    measure_cohorts,
    newest_benchmark_day,
)
from upsell.store.connect import Connection
from upsell.store.ledger import read_head
from upsell.store.revisions import newest_revision
from upsell.workspace.compile import compile_documents


class Benchmarked(msgspec.Struct, frozen=True):
    """What a computation came to: cohorts of a metric that are kept, and those nothing is kept of."""

    kept: int
    withheld: int


def benchmark(connection: Connection, clock: Clock) -> Benchmarked | None:
    """Compute today's benchmark by the definitions that are live.

    Returns:
        What came of it; None where today has one, nothing is live or no metric is compared.
    """
    # The ledger's time where that is ahead, as after a replay.
    now = max(clock.now(), read_head(connection).seen_at)
    newest = newest_benchmark_day(connection)
    if newest is not None and newest.day >= now // DAY:
        return None
    asked = question_asked(connection)
    if asked is None:
        return None
    # Measured before the ledger is held for its moment, so that nobody waits for it.
    measured = measure_cohorts(connection, asked, now)
    if not keep_benchmarks(connection, measured, clock):
        return None
    kept = sum(each.quartiles is not None for each in measured)
    return Benchmarked(kept, len(measured) - kept)


def question_asked(connection: Connection) -> Question | None:
    """Give what the definitions that are live ask for; None where they compare no metric or are none."""
    live = newest_revision(connection)
    if live is None:
        return None
    try:
        return question_of(compile_documents(live.documents).program.catalog)
    except DefinitionError:
        # This release does not take what an earlier one did; whoever works with it says so.
        return None


def question_of(catalog: Catalog) -> Question | None:
    """Give what is measured by a catalog; None where no metric is compared."""
    metrics = sorted(key for key, metric in catalog.described.items() if metric.is_benchmarked)
    if not metrics:
        return None
    tiers = tiers_of(catalog)
    sold = [
        Sold(bought, plan.family, plan.tier)
        for bought in sorted(tiers.by_plan)
        if (plan := catalog.plan_in(bought)) is not None
    ]
    return Question(metrics, sold, sorted(tiers.beside), catalog.peers.by, catalog.peers.least)
