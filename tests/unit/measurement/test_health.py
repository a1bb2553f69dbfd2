"""Health of the number: the same checks from every engine, and partings that part at random."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

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
from upsell.measurement.health import Health, Placebo, Symmetry, read_health
from upsell.measurement.queries import SPLITS, HealthQuery, health_queries

ASKED = question("2024-12-01")

_RELATIONS = "alter table exposures add column stage text"


@pytest.fixture(scope="module")
def connection(postgres_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


@pytest.mark.postgres
def test_duckdb_and_postgresql_part_and_count_the_same(connection: psycopg.Connection[Any]) -> None:
    exposures, events = _random_world(seed=31, units=150)
    found: list[Any] = []
    duck, postgres = DuckWorld(exposures, events), PostgresWorld(connection, exposures, events)
    duck.run(_RELATIONS)
    connection.execute(_RELATIONS)
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
    world.run(_RELATIONS)
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
    world.run(_RELATIONS)
    rows = {name: world.run(sql) for name, sql in health_queries(ASKED, world.dialect).items()}
    weeks = {int(row[0]): 0 for row in rows[HealthQuery.WEEKLY]}
    for week, _, _, metric, units, *_ in rows[HealthQuery.WEEKLY]:
        weeks[int(week)] += units if metric == "conversion" else 0
    # A hundred a day for thirty days.
    assert weeks == {0: 700, 1: 700, 2: 700, 3: 700, 4: 200}
    symmetry = read_health(rows).symmetry
    assert isinstance(symmetry["week"], Symmetry)
    assert symmetry["week"].is_alike
