"""Benchmarks: measured over all units in the database, and kept by the day they were made on.

The laws: of a cohort that is too small, or has a member that stands out, no figure leaves the database;
what is kept of a day is never changed; the moment is given while the ledger is held, so that a benchmark
has one place among the inputs of every household and a replay finds it there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from upsell.clock import DAY, Clock, Moment
from upsell.decisions.benchmarks import MOST_SHARE, SIZES, Benchmark, Cohort, rounded
from upsell.store.connect import Connection
from upsell.store.ledger import stamp_moment
from upsell.store.queries import query

BESIDE_QUARTILE = 2
"""How many places from a quartile those are whose mean stands for it: five members, or four."""


class Sold(msgspec.Struct, frozen=True):
    """A plan, or a bundle that contains one, as far as cohorts need it: its id, family and tier."""

    id: str
    family: str
    tier: int


class Question(msgspec.Struct, frozen=True):
    """What is measured.

    Attributes:
        metrics: Which metrics, by id.
        sold: What a subscription to a plan may name.
        beside: Ids of products that are bought beside a plan.
        by: Scope and name of the trait that peers share, None for none.
        least: The fewest units of a cohort of which a figure is given.
    """

    metrics: Sequence[str]
    sold: Sequence[Sold]
    beside: Sequence[str]
    by: tuple[str, str] | None
    least: int


class Measured(msgspec.Struct, frozen=True):
    """What was measured of one cohort and metric.

    Attributes:
        metric: Which metric.
        cohort: Who.
        units: How many.
        quartiles: The means beside the quartiles; None where nothing may be said.
    """

    metric: str
    cohort: Cohort
    units: int
    quartiles: tuple[float, float, float] | None


class BenchmarkDay(msgspec.Struct, frozen=True):
    """A day on which benchmarks were made: which, when, and how many cohorts nothing was kept of."""

    day: int
    made_at: Moment
    withheld: int


def measure_cohorts(connection: Connection, asked: Question, now: Moment) -> list[Measured]:
    """Measure what every cohort used as of ``now``, as far as units have been taken."""
    scope, trait = asked.by if asked.by is not None else (None, None)
    values: Mapping[str, object] = {
        "sold": [each.id for each in asked.sold],
        "families": [each.family for each in asked.sold],
        "tiers": [each.tier for each in asked.sold],
        "beside": list(asked.beside),
        "metrics": list(asked.metrics),
        "kinds": ["a", "c"] if scope is None else [scope[0]],
        "trait": trait,
        "sizes": list(SIZES),
        "least": asked.least,
        "most_share": MOST_SHARE,
        "beside_quartile": BESIDE_QUARTILE,
        "now": now,
    }
    by = "" if trait is None else f"{scope}.{trait}"
    return [
        Measured(
            metric,
            Cohort(is_account, family, size, by, value),
            units,
            None if low is None else (low, median, high),
        )
        for metric, is_account, family, size, value, units, low, median, high in connection.execute(
            query("measure_cohorts"), values
        )
    ]


def keep_benchmarks(connection: Connection, measured: Sequence[Measured], clock: Clock) -> bool:
    """Keep what was measured, rounded, as the benchmarks of today; tell whether today had none yet."""
    kept = [(each, each.quartiles) for each in measured if each.quartiles is not None]
    figures = [tuple(map(rounded, quartiles)) for _, quartiles in kept]
    with connection.transaction():
        made_at = stamp_moment(connection, clock)
        day = {"day": made_at // DAY, "made": made_at, "withheld": len(measured) - len(kept)}
        if not connection.execute(query("keep_benchmark_day"), day).rowcount:
            return False
        values = {
            "day": made_at // DAY,
            "metrics": [each.metric for each, _ in kept],
            "accounts": [each.cohort.is_account for each, _ in kept],
            "families": [each.cohort.family for each, _ in kept],
            "sizes": [each.cohort.size for each, _ in kept],
            "traits": [each.cohort.by for each, _ in kept],
            "values": [each.cohort.value for each, _ in kept],
            "units": [each.units for each, _ in kept],
            "lows": [low for low, _, _ in figures],
            "medians": [median for _, median, _ in figures],
            "highs": [high for _, _, high in figures],
        }
        connection.execute(query("keep_benchmarks"), values)
    return True


def newest_benchmark_day(connection: Connection) -> BenchmarkDay | None:
    """Give the last day on which benchmarks were made, None before the first."""
    row = connection.execute(query("newest_benchmark_day"), binary=True).fetchone()
    return BenchmarkDay(*row) if row is not None else None


def read_benchmarks(connection: Connection, since: Moment | None = None) -> list[Benchmark]:
    """Give the benchmarks that what was not taken yet may be asked beside, and those used since a moment."""
    rows = connection.execute(query("read_benchmarks"), {"since": since}, binary=True)
    return [
        Benchmark(metric, Cohort(is_account, family, size, by, value), made_at, units, low, median, high)
        for metric, is_account, family, size, by, value, made_at, units, low, median, high in rows
    ]
