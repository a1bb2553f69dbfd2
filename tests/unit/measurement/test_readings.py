"""Readings beside the plain one: what their sums are of, that they add, and a second library for each."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import msgspec
import numpy as np
import psycopg
import pytest
import tea_tasting
from scipy import stats
from tea_tasting.aggr import Aggregates

from tests.unit.measurement.test_queries import _random_world
from tests.unit.measurement.worlds import (
    GOAL,
    DuckWorld,
    Exposure,
    PostgresWorld,
    Told,
    World,
    moment,
    monthly,
    outcomes_of,
    question,
    rows_of,
)
from upsell.clock import DAY
from upsell.measurement.answers import LEVEL, Effect, Undetermined, UndeterminedReason
from upsell.measurement.effects import Cell
from upsell.measurement.estimates import Stratum, compare
from upsell.measurement.joint import JointSums, find_slope
from upsell.measurement.lift import Lift
from upsell.measurement.measuring import measure, read_cuts
from upsell.measurement.observations import Observations, observe
from upsell.measurement.queries import Query, cut_query, reading_queries
from upsell.measurement.question import Contrast, Metric, Question
from upsell.measurement.readings import ReadingKind, read_together, read_with_metrics, read_with_past
from upsell.measurement.sample_ratio import SampleRatio
from upsell.measurement.sums import Sums

ASKED = question("2024-06-01", arms=("trial", "Annual"))


def joint(x: Sequence[int], y: Sequence[int]) -> JointSums:
    pairs = list(zip(x, y, strict=True))
    powers = [(1, 0), (0, 1), (2, 0), (1, 1), (0, 2), (3, 0), (2, 1), (1, 2), (0, 3)]
    return JointSums(len(pairs), *(sum(a**i * b**j for a, b in pairs) for i, j in powers))


def everything_of(world: World, asked: Question = ASKED, cuts: Any = None) -> Observations:
    cuts = read_cuts(world.run(cut_query(asked, world.dialect))) if cuts is None else cuts
    more = {query: world.run(sql) for query, sql in reading_queries(asked, world.dialect, cuts).items()}
    return observe({**rows_of(world, asked), **more})


def with_accounts(exposures: Sequence[Exposure]) -> list[Exposure]:
    """Put four units into an account, by their number."""
    return [msgspec.structs.replace(e, account=f"a:{int(e.unit[2:-1]) // 4}") for e in exposures]


# What the sums are of.


def test_the_past_of_an_outcome_is_the_outcome_of_an_exposure_so_long_before() -> None:
    # Oracle: the plain query over the same units exposed one window earlier.
    exposures, events = _random_world(seed=11, units=120)
    first: dict[tuple[str, str], Exposure] = {}
    for one in sorted(exposures, key=lambda e: (e.at, e.arm.encode(), e.stratum)):
        first.setdefault((one.contrast, one.unit), one)
    world = DuckWorld(first.values(), events)
    now = outcomes_of(world, ASKED)
    for metric, length in (
        (Metric.CONVERSION, ASKED.goal_within),
        (Metric.NET_COMMITTED_REVENUE, ASKED.horizon),
    ):
        earlier = [msgspec.structs.replace(one, at=one.at - length) for one in first.values()]
        then = outcomes_of(DuckWorld(earlier, events), ASKED)
        name = "conversion" if metric is Metric.CONVERSION else "revenue"
        groups: dict[tuple[str, str, str], list[tuple[int, int]]] = {}
        for key, outcome in now.items():
            y, x = getattr(outcome, name), getattr(then[key], name)
            if y is not None:
                groups.setdefault((key[0], outcome.stratum, outcome.arm), []).append((x, y))
        seen = everything_of(world).before
        assert len(groups) > 5
        for (contrast, stratum, arm), pairs in groups.items():
            found = seen[Contrast(contrast), metric][stratum][arm]
            assert found == joint(*zip(*pairs, strict=True))


def test_the_past_sees_nothing_that_comes_after_the_exposure() -> None:
    exposures, events = _random_world(seed=12, units=80)
    first = {one.unit: one.at for one in sorted(exposures, key=lambda e: -e.at)}
    # Only what every contrast of a unit had behind it is kept.
    known = [event for event in events if event.unit in first and event.at <= first[event.unit]]
    assert len(known) < len(events)
    alone = [one for one in exposures if one.at == first[one.unit]]
    whole, past = (everything_of(DuckWorld(alone, told)).before for told in (events, known))

    def only_x(seen: Any) -> Any:
        return {
            (key, stratum, arm): (sums.units, sums.x, sums.xx, sums.xxx)
            for key, strata in seen.items()
            for stratum, arms in strata.items()
            for arm, sums in arms.items()
        }

    assert only_x(whole) == only_x(past)
    assert any(x for _, x, _, _ in only_x(whole).values())


def test_a_goal_at_the_moment_of_exposure_is_the_past_and_one_before_its_window_is_neither() -> None:
    at = moment("2024-01-31")
    for told, expected in ((at, 1), (at + 1, 0), (at - 30 * DAY, 0), (at - 30 * DAY + 1, 1)):
        world = DuckWorld([Exposure("u", at)], [Told("u", GOAL, told)])
        assert everything_of(world).before[Contrast.HOLDOUT, Metric.CONVERSION]["1"]["treated"].x == expected


def test_outcomes_are_held_to_the_smallest_that_99_in_100_do_not_exceed() -> None:
    # Of 200 orders of 1 to 200, 198 do not exceed 198: 199 and 200 count as 198.
    at = moment("2024-01-01")
    events = [
        Told(f"u{n}", "Order Completed", at + DAY, {"amount": n, "currency": "USD"}) for n in range(1, 201)
    ]
    world = DuckWorld([Exposure(f"u{n}", at, ("treated", "holdout")[n % 2]) for n in range(1, 201)], events)
    assert read_cuts(world.run(cut_query(ASKED, world.dialect)))["holdout", "net_committed_revenue"] == 198
    held = everything_of(world).held[Contrast.HOLDOUT, Metric.NET_COMMITTED_REVENUE]["1"]
    assert held["treated"].total == sum(range(2, 199, 2)) + 198
    assert held["holdout"].total == sum(range(1, 198, 2)) + 198


def test_an_account_is_one_member_with_its_units_and_their_outcomes() -> None:
    at = moment("2024-01-01")
    exposures = [
        Exposure("c:1", at, account="a:1"),
        Exposure("c:2", at + 1, account="a:1"),
        Exposure("c:3", at, account="c:3"),
    ]
    asked = msgspec.structs.replace(ASKED, is_clustered=True)
    seen = observe(
        rows_of(DuckWorld(exposures, [Told("c:2", GOAL, at + DAY), Told("c:3", GOAL, at + DAY)]), asked)
    )
    assert seen.accounts[Contrast.HOLDOUT, Metric.CONVERSION]["1"]["treated"] == joint([2, 1], [1, 1])
    (counted,) = seen.exposed_accounts[Contrast.HOLDOUT]["1"]
    assert (counted.units, seen.exposed[Contrast.HOLDOUT]["1"][0].units) == (2, 3)


# Sums.


def test_sums_of_parts_held_to_one_cut_add_up_to_the_sums_of_the_whole() -> None:
    exposures, events = _random_world(seed=5, units=40)
    exposures = with_accounts(exposures)
    asked = msgspec.structs.replace(ASKED, is_clustered=True)
    world = DuckWorld(exposures, events)
    cuts = read_cuts(world.run(cut_query(asked, world.dialect)))
    whole = everything_of(world, asked, cuts)
    parts: dict[Query, list[Any]] = {Query.EXPOSED: [], Query.LEFT_OUT: []}
    for is_first in (True, False):  # accounts in whole, as a partition by household has them
        mine = [one for one in exposures if (int(one.unit[2:-1]) < 20) is is_first]
        part = DuckWorld(mine, events)
        more = {query: part.run(sql) for query, sql in reading_queries(asked, part.dialect, cuts).items()}
        for query, rows in {**rows_of(part, asked), **more}.items():
            parts[query] = [*parts.get(query, []), *rows]
    added = observe(parts)
    for name in ("sums", "accounts", "before", "held"):
        assert getattr(added, name) == getattr(whole, name)
        assert getattr(whole, name)


@pytest.fixture(scope="module")
def connection(postgres_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


@pytest.mark.postgres
def test_duckdb_and_postgresql_read_the_same_in_every_way(connection: psycopg.Connection[Any]) -> None:
    exposures, events = _random_world(seed=8, units=200)
    exposures = with_accounts(exposures)
    asked = msgspec.structs.replace(ASKED, is_clustered=True)
    duck, postgres = DuckWorld(exposures, events), PostgresWorld(connection, exposures, events)
    cuts = [read_cuts(world.run(cut_query(asked, world.dialect))) for world in (duck, postgres)]
    assert cuts[0] == cuts[1]
    assert everything_of(duck, asked) == everything_of(postgres, asked)


# A second library for each, to nine digits.


def drawn(seed: int, units: int, lift: float = 0.0) -> tuple[list[int], list[int]]:
    chance = random.Random(seed)
    x = [round(chance.gauss(5_000, 900)) for _ in range(units)]
    return x, [round(0.7 * one + chance.gauss(2_000 + lift, 500)) for one in x]


def sums_of(y: Sequence[int]) -> Sums:
    return Sums(len(y), sum(y), sum(v**2 for v in y), sum(v**3 for v in y))


def aggregates(x: Sequence[int], y: Sequence[int]) -> Aggregates:
    spread = np.cov(x, y)
    return Aggregates(
        count_=len(x),
        mean_={"x": float(np.mean(x)), "y": float(np.mean(y))},
        var_={"x": float(spread[0, 0]), "y": float(spread[1, 1])},
        cov_={("x", "y"): float(spread[0, 1])},
    )


def test_less_its_past_is_cuped_as_tea_tasting_has_it() -> None:
    (x1, y1), (x0, y0) = drawn(1, 400, 80.0), drawn(2, 250)
    metric = tea_tasting.Mean("y", "x", equal_var=False, use_t=True, confidence_level=LEVEL)
    other = metric.analyze_aggregates(aggregates(x0, y0), aggregates(x1, y1))
    found = read_with_past([(joint(x1, y1), joint(x0, y0))])
    assert isinstance(found.absolute, Effect)
    assert isinstance(found.relative, Effect)
    ends = (other.effect_size, other.effect_size_ci_lower, other.effect_size_ci_upper)
    assert (found.absolute.estimate, found.absolute.low, found.absolute.high) == pytest.approx(ends, rel=1e-9)
    ends = (other.rel_effect_size, other.rel_effect_size_ci_lower, other.rel_effect_size_ci_upper)
    assert (found.relative.estimate, found.relative.low, found.relative.high) == pytest.approx(ends, rel=1e-9)
    plain = compare([Stratum(sums_of(y1), sums_of(y0), 1.0)])
    assert isinstance(plain.absolute, Effect)
    assert found.absolute.high - found.absolute.low < 0.75 * (plain.absolute.high - plain.absolute.low)


def test_the_third_moment_less_its_past_is_that_of_the_adjusted_outcomes() -> None:
    x, y = drawn(3, 60)
    sums = joint(x, y)
    slope = find_slope([sums])
    adjusted = np.array(y) - float(slope) * (np.array(x) - np.mean(x))
    found = sums.less_explained(slope, Fraction(sums.x, sums.units))
    assert found.mean == pytest.approx(adjusted.mean(), rel=1e-9)
    assert found.variance == pytest.approx(adjusted.var(ddof=1), rel=1e-9)
    assert found.third_moment == pytest.approx(((adjusted - adjusted.mean()) ** 3).mean(), rel=1e-6)


def test_over_accounts_is_the_ratio_of_means_as_tea_tasting_has_it() -> None:
    chance = random.Random(4)
    sizes = [[chance.randrange(1, 9) for _ in range(n)] for n in (220, 140)]
    totals = [[sum(chance.random() < 0.3 for _ in range(size)) for size in arm] for arm in sizes]
    metric = tea_tasting.RatioOfMeans("y", "x", equal_var=False, use_t=True, confidence_level=LEVEL)
    one, zero = (joint(x, y) for x, y in zip(sizes, totals, strict=True))
    other = metric.analyze_aggregates(aggregates(sizes[1], totals[1]), aggregates(sizes[0], totals[0]))
    found = compare([Stratum(one.ratio(), zero.ratio(), 1.0)])
    assert isinstance(found.absolute, Effect)
    ends = (other.effect_size, other.effect_size_ci_lower, other.effect_size_ci_upper)
    assert (found.absolute.estimate, found.absolute.low, found.absolute.high) == pytest.approx(ends, rel=1e-9)


def test_all_pairs_together_are_welch_at_a_level_of_bonferroni() -> None:
    (_, y1), (_, y0) = drawn(5, 90, 80.0), drawn(6, 70)
    sums = [sums_of(y) for y in (y1, y0)]
    found = read_together([Cell(sums[0], sums[1], 90, 70)], 3).absolute
    assert isinstance(found, Effect)
    ends = stats.ttest_ind(y1, y0, equal_var=False).confidence_interval(1 - 0.05 / 3)
    assert (found.low, found.high) == pytest.approx((ends.low, ends.high), rel=1e-9)
    assert found.level == pytest.approx(1 - 0.05 / 3)


@pytest.mark.parametrize(("pairs", "metrics"), [(1, 4), (3, 5), (6, 5)])
def test_all_metrics_together_are_welch_at_a_level_of_bonferroni(pairs: int, metrics: int) -> None:
    (_, y1), (_, y0) = drawn(5, 90, 80.0), drawn(6, 70)
    sums = [sums_of(y) for y in (y1, y0)]
    read = read_with_metrics([Cell(sums[0], sums[1], 90, 70)], pairs, metrics)
    assert isinstance(read.absolute, Effect)
    level = 1 - 0.05 / (pairs * metrics)
    ends = stats.ttest_ind(y1, y0, equal_var=False).confidence_interval(level)
    assert (read.absolute.low, read.absolute.high) == pytest.approx((ends.low, ends.high), rel=1e-9)
    assert read.detail.startswith(f"holds together with all {metrics} metrics")
    assert ("pairs of arms" in read.detail) is (pairs > 1)


# The whole way.


def the(lifts: Sequence[Lift], metric: Metric) -> Lift:
    (found,) = [lift for lift in lifts if lift.metric is metric and lift.contrast is Contrast.HOLDOUT]
    return found


def made(seed: int, accounts: int) -> tuple[list[Exposure], list[Told]]:
    """Draw accounts of one to five people, all with terms that differ, and treat half."""
    chance = random.Random(seed)
    at = moment("2024-01-01")
    exposures, events = [], []
    for number in range(accounts):
        arm = "treated" if number % 2 else "holdout"
        amount = chance.randrange(1_000, 9_000)
        for person in range(chance.randrange(1, 6)):
            unit = f"c:{number}-{person}"
            exposures.append(Exposure(unit, at + number, arm, account=f"a:{number}"))
            events.append(Told(unit, "Subscription Started", at - 200 * DAY, monthly(amount)))
            if arm == "treated" and chance.random() < 0.5:
                events.append(Told(unit, "Order Completed", at + DAY, {"amount": 500, "currency": "USD"}))
    return exposures, events


def test_what_is_drawn_by_account_has_a_wider_interval_than_its_people_would_have() -> None:
    exposures, events = made(1, 240)
    world = DuckWorld(exposures, events)
    people, accounts = (
        measure(asked, world.run, world.dialect, has_readings=True).lifts
        for asked in (ASKED, msgspec.structs.replace(ASKED, is_clustered=True))
    )
    apart, together = (the(lifts, Metric.NET_COMMITTED_REVENUE) for lifts in (people, accounts))
    assert isinstance(apart.absolute, Effect)
    assert isinstance(together.absolute, Effect)
    assert together.absolute.estimate == pytest.approx(apart.absolute.estimate)
    assert together.absolute.high - together.absolute.low > 1.3 * (apart.absolute.high - apart.absolute.low)
    assert isinstance(together.sample_ratio, SampleRatio)
    assert sum(together.sample_ratio.units.values()) == 240
    # Over accounts nothing else is read: no other way but a wider interval is known to hold there.
    assert [one.reading for one in together.readings] == [ReadingKind.ALL_METRICS]


def test_the_past_makes_an_interval_narrower_where_it_explains_and_moves_no_estimate_far() -> None:
    exposures, events = made(2, 240)
    world = DuckWorld(exposures, events)
    read = measure(ASKED, world.run, world.dialect, has_readings=True)
    lift = the(read.lifts, Metric.NET_COMMITTED_REVENUE)
    ways = {one.reading: one.absolute for one in lift.readings}
    past, plain, watched = ways[ReadingKind.CUPED], lift.absolute, ways[ReadingKind.ALWAYS_VALID]
    assert isinstance(past, Effect)
    assert isinstance(plain, Effect)
    assert isinstance(watched, Effect)
    assert past.high - past.low < 0.2 * (plain.high - plain.low)
    assert past.low < 250 < past.high
    assert watched.low < plain.low < plain.high < watched.high


def test_an_account_that_is_not_known_is_said() -> None:
    exposures, events = made(3, 200)
    world = DuckWorld([msgspec.structs.replace(one, account="") for one in exposures], events)
    asked = msgspec.structs.replace(ASKED, is_clustered=True)
    found = the(measure(asked, world.run, world.dialect).lifts, Metric.CONVERSION)
    assert isinstance(found.absolute, Undetermined)
    assert isinstance(found.sample_ratio, Undetermined)
    assert found.absolute.reason is found.sample_ratio.reason is UndeterminedReason.CLUSTERED


@pytest.mark.parametrize("serving", [(), (("pro", 300),)])
def test_every_metric_that_is_told_is_read_together_with_the_others_and_no_other(
    serving: tuple[tuple[str, int], ...],
) -> None:
    world = DuckWorld(*made(4, 240))
    asked = msgspec.structs.replace(ASKED, serving=serving)
    lifts = [
        lift
        for lift in measure(asked, world.run, world.dialect, has_readings=True).lifts
        if lift.contrast is Contrast.HOLDOUT and isinstance(lift.absolute, Effect)
    ]
    told = {lift.metric for lift in lifts if any(r.reading is ReadingKind.ALL_METRICS for r in lift.readings)}
    assert told == {lift.metric for lift in lifts} & set(asked.metrics_told)
    assert (Metric.MARGIN in told) is bool(serving)
    for lift in lifts:
        for reading in lift.readings:
            if reading.reading is ReadingKind.ALL_METRICS:
                assert isinstance(reading.absolute, Effect)
                assert isinstance(lift.absolute, Effect)
                assert reading.absolute.estimate == lift.absolute.estimate
                assert reading.absolute.low < lift.absolute.low < lift.absolute.high < reading.absolute.high
                assert reading.absolute.level == pytest.approx(1 - 0.05 / (5 if serving else 4))
