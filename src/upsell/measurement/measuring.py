"""Measuring: a question carried to an engine, and its answer read.

For reports. The law: whatever an engine is given to stand on, the answer is that of the queries alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from upsell.measurement.lift import LiftReport, read_lift
from upsell.measurement.observations import Rows
from upsell.measurement.queries import (
    SHARED,
    Dialect,
    cut_query,
    layout_queries,
    outcome_queries,
    reading_queries,
)
from upsell.measurement.question import Question

Run: TypeAlias = Callable[[str], Rows]
"""Runs one SQL text on an engine and gives all its rows; the caller's, because it acts."""


def measure(question: Question, run: Run, dialect: Dialect, *, has_readings: bool = False) -> LiftReport:
    """Ask an engine the question and read its answer; ``run`` is called once per query.

    In DuckDB what several queries stand on is laid out first in temporary tables of the session, which are
    gone afterwards. With ``has_readings`` each lift is read in other ways besides.
    """
    if dialect is not Dialect.DUCKDB:
        return _measure(question, run, dialect, (), has_readings=has_readings)
    for name, sql in layout_queries(question, dialect).items():
        run(f"create or replace temporary table {name} as {sql}")
    found = _measure(question, run, dialect, SHARED, has_readings=has_readings)
    for name in SHARED:
        run(f"drop table temp.{name}")
    return found


def _measure(
    question: Question, run: Run, dialect: Dialect, laid_out: Sequence[str], *, has_readings: bool
) -> LiftReport:
    queries = outcome_queries(question, dialect, laid_out)
    if not has_readings:
        return read_lift(question, {query: run(sql) for query, sql in queries.items()})
    cuts = read_cuts(run(cut_query(question, dialect, laid_out)))
    queries |= reading_queries(question, dialect, cuts, laid_out)
    return read_lift(question, {query: run(sql) for query, sql in queries.items()}, cuts)


def read_cuts(rows: Rows) -> dict[tuple[str, str], int]:
    """Read what outcomes are held to, by contrast and metric."""
    return {(str(contrast), str(metric)): int(cut) for contrast, metric, cut in rows}
