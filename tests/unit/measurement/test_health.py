"""Health of the number: the same checks from every engine, and partings that part at random."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import psycopg
import pytest
from scipy import stats

from tests.unit.measurement.test_queries import _random_world
from tests.unit.measurement.worlds import (
    GOAL,
    DuckWorld,
    Exposure,
    PostgresWorld,
    Told,
    moment,
    question,
)
from upsell.clock import DAY
from upsell.measurement.answers import Undetermined, UndeterminedReason
from upsell.measurement.health import ALARM_BELOW, Health, Placebo, Symmetry, read_health
from upsell.measurement.queries import SPLITS, HealthQuery, health_queries
from upsell.measurement.sample_ratio import SampleRatio

ASKED = question("2024-12-01")

_MORE = ("alter table exposures add column stage text", "alter table exposures add column trigger text")


@pytest.fixture(scope="module")
def connection(postgres_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


@pytest.mark.postgres
def test_duckdb_and_postgresql_part_and_count_the_same(connection: psycopg.Connection[Any]) -> None:
    exposures, events = _random_world(seed=31, units=150)
    found: list[Any] = []
    duck, postgres = DuckWorld(exposures, events), PostgresWorld(connection, exposures, events)
    for more in _MORE:
        duck.run(more)
        connection.execute(more)
    for world in (duck, postgres):
        rows = {name: world.run(sql) for name, sql in health_queries(ASKED, world.dialect).items()}
        found.append({name: sorted(map(str, each)) for name, each in whole(rows).items()})
    assert found[0] == found[1]
    assert all(found[0].values())


def whole(rows: dict[HealthQuery, list[tuple[Any, ...]]]) -> dict[HealthQuery, list[tuple[Any, ...]]]:
    """Write numbers alike, whichever engine they came from."""
    return {
        name: [tuple(each if isinstance(each, str) else int(each) for each in row) for row in found]
        for name, found in rows.items()
    }


def made() -> tuple[list[Exposure], list[Told]]:
    at = moment("2024-01-01")
    exposures = [Exposure(f"u{n}", at + n * DAY // 100, ("treated", "holdout")[n % 2]) for n in range(3_000)]
    return exposures, [Told(f"u{n}", GOAL, at + n * DAY // 100 + 1) for n in range(3_000) if n % 10 < 3]


def test_untreated_units_are_parted_in_halves_and_false_alarms_are_nominal() -> None:
    # Of 1,500 held out each parting has all, in halves but for chance; conversion has no effect planted.
    world = DuckWorld(*made())
    for more in _MORE:
        world.run(more)
    rows = {name: world.run(sql) for name, sql in health_queries(ASKED, world.dialect).items()}
    sizes: dict[int, dict[str, int]] = {}
    for salt, _, arm, metric, units, *_ in rows[HealthQuery.PLACEBO]:
        if metric == "conversion":
            sizes.setdefault(salt, {})[arm] = units
    assert len(sizes) == SPLITS
    assert all(sum(each.values()) == 1_500 for each in sizes.values())
    assert all(abs(each["one"] - 750) < 5 * (1_500 / 4) ** 0.5 for each in sizes.values())
    assert len({each["one"] for each in sizes.values()}) > 30
    health = read_health(rows)
    assert isinstance(health, Health)
    placebo = health.placebo["conversion"]
    assert isinstance(placebo, Placebo)
    assert placebo.read == SPLITS
    assert placebo.is_nominal


def test_weeks_are_counted_from_the_first_exposure_and_traits_are_those_at_it() -> None:
    world = DuckWorld(*made())
    for more in _MORE:
        world.run(more)
    rows = {name: world.run(sql) for name, sql in health_queries(ASKED, world.dialect).items()}
    weeks = {int(row[0]): 0 for row in rows[HealthQuery.WEEKLY]}
    for week, _, _, metric, units, *_ in rows[HealthQuery.WEEKLY]:
        weeks[int(week)] += units if metric == "conversion" else 0
    # A hundred a day for thirty days.
    assert weeks == {0: 700, 1: 700, 2: 700, 3: 700, 4: 200}
    symmetry = read_health(rows).symmetry
    assert isinstance(symmetry["week"], Symmetry)
    assert symmetry["week"].is_alike


def with_triggers(lost: float) -> DuckWorld:
    """Four thousand units in two strata after two triggers; of one a share of the held out is not there."""
    chance = Random(5)
    at, exposures = moment("2024-01-01"), []
    fired: dict[str, str] = {}
    for number in range(4_000):
        share = 0.5 if number % 2 else 0.2
        is_held_out = chance.random() < share
        trigger = "threshold 0.8" if number % 3 else "event Pricing Viewed"
        if is_held_out and trigger == "event Pricing Viewed" and chance.random() < lost:
            continue
        arm = "holdout" if is_held_out else "treated"
        fired[f"u{number}"] = trigger
        exposures.append(
            Exposure(
                f"u{number}",
                at + number,
                arm,
                stratum=str(share),
                share=share if is_held_out else 1 - share,
            )
        )
    world = DuckWorld(exposures, [])
    for more in _MORE:
        world.run(more)
    for trigger in set(fired.values()):
        units = ", ".join(f"'{unit}'" for unit, each in fired.items() if each == trigger)
        world.run(f"update exposures set trigger = '{trigger}' where unit_id in ({units})")
    return world


def checked(world: DuckWorld, *, is_clustered: bool = False) -> Health:
    rows = {name: world.run(sql) for name, sql in health_queries(ASKED, world.dialect).items()}
    return read_health(rows, is_clustered=is_clustered)


def test_units_after_each_trigger_are_held_against_the_plan_of_their_strata() -> None:
    world = with_triggers(lost=0.0)
    health = checked(world)
    assert list(health.triggers) == ["event Pricing Viewed", "threshold 0.8"]
    for trigger, found in health.triggers.items():
        counted = world.run(
            "select stratum, count(*) filter (where arm = 'holdout'), count(*) from exposures"
            f" where trigger = '{trigger}' group by stratum"
        )
        assert (found.held_out, found.treated + found.held_out) == (
            sum(held for _, held, _ in counted),
            sum(whole for *_, whole in counted),
        )
        # Oracle: Pearson's chi-square of each stratum by hand, added up.
        statistic = sum(
            (held - whole * float(share)) ** 2 / (whole * float(share) * (1 - float(share)))
            for share, held, whole in counted
        )
        assert isinstance(found.ratio, SampleRatio)
        assert found.ratio.p_value == pytest.approx(stats.chi2.sf(statistic, 2), rel=1e-9)
        assert found.ratio.p_value >= ALARM_BELOW
    alike = health.symmetry["trigger"]
    assert isinstance(alike, Symmetry)
    assert alike.is_alike


def test_one_trigger_that_loses_held_out_units_is_found_and_the_others_are_not_blamed() -> None:
    health = checked(with_triggers(lost=0.4))
    lost, whole = health.triggers["event Pricing Viewed"].ratio, health.triggers["threshold 0.8"].ratio
    assert isinstance(lost, SampleRatio)
    assert isinstance(whole, SampleRatio)
    assert lost.p_value < ALARM_BELOW <= whole.p_value
    alike = health.symmetry["trigger"]
    assert isinstance(alike, Symmetry)
    assert not alike.is_alike


def test_people_of_accounts_drawn_whole_are_counted_and_not_tested() -> None:
    health = checked(with_triggers(lost=0.4), is_clustered=True)
    for found in (*health.symmetry.values(), *(each.ratio for each in health.triggers.values())):
        assert isinstance(found, Undetermined)
        assert found.reason is UndeterminedReason.CLUSTERED
    assert health.triggers["threshold 0.8"].treated > 1_000
