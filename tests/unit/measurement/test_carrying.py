"""Queries in dialects nobody runs: written, read back, and mended without changing what they say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import sqlglot
from sqlglot import ErrorLevel, exp

from tests.commands import typed
from tests.unit.measurement.test_metrics import SPAN
from tests.unit.measurement.test_queries import _random_world
from tests.unit.measurement.worlds import DuckWorld, question
from upsell.measurement.carrying import mend
from upsell.measurement.metrics import metric_definitions, metric_query
from upsell.measurement.queries import (
    Dialect,
    cut_query,
    health_queries,
    outcome_queries,
    reading_queries,
    unit_outcomes,
)

ASKED = msgspec.structs.replace(
    question("2024-12-01"), is_clustered=True, serving=(("pro", 300),), has_spendings=True
)
NEVER_RUN = [dialect for dialect in Dialect if not dialect.is_run]
BRIEFLY = [
    pytest.param(each, marks=pytest.mark.slow) if each in (Dialect.SPARK, Dialect.SNOWFLAKE) else each
    for each in Dialect
]
"""Every dialect, of those that are never run one at once and the others where there is time."""


def lift_queries(dialect: Dialect) -> Iterator[tuple[str, str]]:
    """Every query of lifts, their other readings and their health, by name."""
    found: dict[Any, str] = {
        **outcome_queries(ASKED, dialect),
        **reading_queries(ASKED, dialect, {("holdout", "margin"): 5_000}),
        **health_queries(ASKED, dialect),
    }
    yield from ((each.value, sql) for each, sql in found.items())
    yield "cuts", cut_query(ASKED, dialect)
    yield "unit_outcomes", unit_outcomes(ASKED, dialect)


def metric_queries(dialect: Dialect, *, has_slices: bool) -> Iterator[tuple[str, str]]:
    """Every metric; where asked for, also by the month or as a whole, and by every dimension."""
    for metric in metric_definitions():
        yield metric.id, metric_query(metric, SPAN, dialect)
        if has_slices:
            whole = msgspec.structs.replace(SPAN, is_whole=not SPAN.is_whole)
            yield f"{metric.id} otherwise", metric_query(metric, whole, dialect)
        for by in metric.dimensions if has_slices else ():
            yield (
                f"{metric.id} by {by.value}",
                metric_query(metric, msgspec.structs.replace(SPAN, by=by), dialect),
            )


def check(name: str, sql: str, dialect: Dialect) -> None:
    tree = sqlglot.parse_one(sql, dialect=dialect.value)
    # What is unsupported is raised, here as when it was written.
    again = tree.sql(dialect=dialect.value, unsupported_level=ErrorLevel.RAISE)
    assert again, name
    assert [each.name for each in tree.find_all(exp.Anonymous)] == [], name
    if dialect.is_run:
        return
    assert tree.find(exp.GenerateSeries, exp.Explode, exp.Collate) is None, name
    if dialect is not Dialect.SPARK:
        assert not any(isinstance(each.expression, exp.Interval) for each in tree.find_all(exp.Mul)), name


@pytest.mark.parametrize("dialect", BRIEFLY)
def test_every_query_is_read_back_in_its_dialect_with_nothing_unsupported(dialect: Dialect) -> None:
    for name, sql in (*lift_queries(dialect), *metric_queries(dialect, has_slices=False)):
        check(name, sql, dialect)


@pytest.mark.slow
@pytest.mark.parametrize("dialect", Dialect)
def test_every_metric_by_every_dimension_is_read_back_in_its_dialect(dialect: Dialect) -> None:
    for name, sql in metric_queries(dialect, has_slices=True):
        check(name, sql, dialect)


@pytest.mark.parametrize(
    "dialect", [Dialect.BIGQUERY, *(pytest.param(each, marks=pytest.mark.slow) for each in NEVER_RUN[:-1])]
)
def test_what_is_mended_for_a_dialect_says_the_same(dialect: Dialect) -> None:
    # Oracle: DuckDB runs the mended tree and the one before, and answers alike.
    world = DuckWorld(*_random_world(seed=7, units=120))
    for more in ("stage", "trigger"):
        world.run(f"alter table exposures add column {more} text")
    for name, sql in lift_queries(Dialect.DUCKDB):
        tree = sqlglot.parse_one(sql, dialect="duckdb")
        mend(tree, dialect.value)
        rows, before = world.run(tree.sql(dialect="duckdb")), world.run(sql)
        assert sorted(map(repr, rows)) == sorted(map(repr, before)), name


def test_numbers_are_counted_from_the_first_to_the_last() -> None:
    tree = sqlglot.parse_one("select steps.n from generate_series(2, 204) as steps(n)", dialect="duckdb")
    mend(tree, "snowflake")
    assert "generate_series" not in tree.sql(dialect="duckdb").lower()
    rows = DuckWorld([], []).run(tree.sql(dialect="duckdb"))
    assert sorted(number for (number,) in rows) == list(range(2, 205))


@pytest.mark.parametrize("dialect", ["duckdb", "bigquery"])
def test_sql_that_was_never_run_where_it_is_for_says_so(
    dialect: str,
) -> None:
    code, out, err = typed("metrics", "arpa", "--sql", "--dialect", dialect)
    assert code == 0
    assert out.startswith("WITH")
    assert ("Never run on bigquery" in err) is (dialect == "bigquery")
