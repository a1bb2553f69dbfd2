"""Benchmarks: what peers of a like size use, in a few figures of which none is anybody's own.

Computed over all units once a day and told to the program with the moment it was made. The laws: a
cohort that is too small, or in which one member stands out, gives nothing; what is known of later than
the moment asked about does not count, so that a past moment is asked as it was.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

import msgspec

from upsell.catalog.metrics import PeerRule
from upsell.clock import DAY, Duration, Moment
from upsell.decisions.facts import UnitFacts

SIZES: Final = (1, 5, 20, 100, 500)
"""The most seats of each size but the last, which has no end."""

MOST_SHARE: Final = 0.5
"""The greatest share of a cohort's use that one member may have."""

OLDEST: Duration = 8 * DAY
"""How long after it was made a benchmark is used."""


class Cohort(msgspec.Struct, frozen=True):
    """Units that are compared with each other.

    Attributes:
        is_account: Whether they are accounts; otherwise customers without one.
        family: The family of their plans.
        size: Which of the sizes they are of, by seats paid, from 0.
        by: The trait they share, such as ``account.industry``; empty without any.
        value: Its value; empty without any.
    """

    is_account: bool
    family: str
    size: int
    by: str = ""
    value: str = ""

    @property
    def words(self) -> str:
        """Who they are, such as ``accounts of 6-20 seats``, with a dash between the numbers."""
        who = "accounts" if self.is_account else "customers"
        if self.size == len(SIZES):
            who += f" of more than {SIZES[-1]} seats"
        elif self.size > 0:
            who += f" of {SIZES[self.size - 1] + 1}\N{EN DASH}{SIZES[self.size]} seats"
        elif self.is_account:
            who += " of 1 seat"
        return f"{who} ({self.by.partition('.')[2]}: {self.value})" if self.by else who


class Benchmark(msgspec.Struct, frozen=True):
    """What a cohort used of a metric, each in its last whole usage period.

    Attributes:
        metric: Which metric.
        cohort: Who; those who used it at all.
        made_at: When it was computed.
        units: How many.
        low: About what a quarter of them used less than.
        median: About what half of them used less than.
        high: About what three quarters of them used less than.
    """

    metric: str
    cohort: Cohort
    made_at: Moment
    units: int
    low: float
    median: float
    high: float


Benchmarks: TypeAlias = Mapping[tuple[str, Cohort], tuple[Benchmark, ...]]
"""The benchmarks that are known, by metric and cohort, the oldest first."""


def benchmarks_by_cohort(known: Iterable[Benchmark]) -> Benchmarks:
    """Put benchmarks in their places."""
    found: dict[tuple[str, Cohort], list[Benchmark]] = {}
    for each in sorted(known, key=lambda each: each.made_at):
        found.setdefault((each.metric, each.cohort), []).append(each)
    return {key: tuple(ages) for key, ages in found.items()}


def find_benchmark(
    benchmarks: Benchmarks, metric: str, cohort: Cohort, least: int, now: Moment
) -> Benchmark | None:
    """Give the newest benchmark of a cohort at ``now`` that has ``least`` units; None when it is too old."""
    for each in reversed(benchmarks.get((metric, cohort), ())):
        if each.made_at <= now:
            return each if each.units >= least and now < each.made_at + OLDEST else None
    return None


def cohort_of(facts: UnitFacts, peers: PeerRule, *, is_account: bool) -> Cohort | None:
    """Give the cohort of whoever pays; None without a paid plan, or without the trait that peers share."""
    held, plan = facts.holdings.subscription, facts.holdings.plan
    if held is None or plan is None or held.status == "trialing":
        return None
    by = value = ""
    if peers.by is not None:
        scope, name = peers.by
        said = facts.principal.traits.get(name)
        if scope != ("account" if is_account else "customer") or not isinstance(said, str) or not said:
            return None
        by, value = f"{scope}.{name}", said
    return Cohort(is_account, plan.family, size_of(held.quantity), by, value)


def size_of(seats: float) -> int:
    """Give which of the sizes so many seats are of, from 0."""
    return bisect_left(SIZES, seats)


def rounded(figure: float) -> float:
    """Round to two significant digits, half to even."""
    return float(f"{figure:.1e}")
