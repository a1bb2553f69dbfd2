"""The SQL of every outcome: packaged files, put together and filled with one question's values.

Each file of ``sql/`` is one relation, written once in DuckDB's dialect; it may name other files as
tables, and two relations the caller provides, ``exposures`` and ``events``. The law: values enter
only as typed literals in the syntax tree, never as text, and a query returns sufficient statistics.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from functools import cache
from importlib import resources

import sqlglot
from sqlglot import exp

from upsell.clock import DAY, Duration, Moment, to_datetime
from upsell.errors import MeasurementError, nearest
from upsell.measurement.question import Question


class Dialect(enum.Enum):
    """An engine the queries are carried to, by sqlglot's name for it."""

    DUCKDB = "duckdb"
    POSTGRES = "postgres"


class Query(enum.Enum):
    """One of the queries a reading is made from; the value names its file and its rows."""

    EXPOSED = "exposed"
    SUMS = "sums"
    LEFT_OUT = "left_out"


def outcome_queries(question: Question, dialect: Dialect) -> dict[Query, str]:
    """Give the SQL of every query a reading needs; their rows are what ``read_lift`` takes.

    The session must have relations ``exposures(workflow, contrast, stratum, unit_id, arm, share,
    exposed_at)`` and ``events(unit_id, name, occurred_at, properties)``, moments with zone and
    properties JSON or JSON text.
    """
    return {query: _write(query.value, question, dialect) for query in Query}


def unit_outcomes(question: Question, dialect: Dialect) -> str:
    """Give the SQL of the outcomes themselves: one row per contrast and exposed unit.

    Columns: workflow, contrast, stratum, arm, unit_id, exposed_at (with zone), conversion (0 or 1),
    net_committed_revenue and recurring_revenue_change (whole minor units); an outcome is null while
    its window is open. For simulations, which compare the outcomes of one unit in two worlds.
    """
    return _write("unit_outcomes", question, dialect)


def _write(relation: str, question: Question, dialect: Dialect) -> str:
    """Put a relation and all it stands on into one statement of a dialect."""
    values = _values(question)
    statement = exp.select("*").from_(relation)
    for name in (*_foundations(relation), relation):
        statement = statement.with_(name, as_=_fill(_parsed(name), values), copy=False)
    if dialect is not Dialect.DUCKDB:
        _widen(statement)
    return statement.sql(dialect=dialect.value, pretty=True, comments=False)


def _values(question: Question) -> Mapping[str, exp.Expression]:
    """Give the literals a question fills the placeholders of the files with."""
    return {
        "workflow": exp.Literal.string(question.workflow),
        "goal_event": exp.Literal.string(question.goal_event),
        "currency": exp.Literal.string(question.currency.upper()),
        "as_of": _moment(question.as_of),
        "goal_within": _duration(question.goal_within),
        "horizon": _duration(question.horizon),
        "steps": exp.Literal.number(question.horizon // (28 * DAY) + 3),
    }


def _moment(at: Moment) -> exp.Expression:
    """Write a moment as a literal with zone."""
    return exp.cast(exp.Literal.string(to_datetime(at).isoformat(sep=" ")), exp.DataType.Type.TIMESTAMPTZ)


def _duration(length: Duration) -> exp.Expression:
    """Write an elapsed time in microseconds, which no engine turns into days of another length."""
    return exp.Interval(this=exp.Literal.string(str(length)), unit=exp.Var(this="MICROSECOND"))


@cache
def _parsed(relation: str) -> exp.Select:
    """Read one packaged file as a syntax tree; the tree is shared and never changed."""
    text = resources.files("upsell.measurement").joinpath("sql", f"{relation}.sql").read_text("utf-8")
    return sqlglot.parse_one(text, dialect=Dialect.DUCKDB.value, into=exp.Select)


@cache
def _relations() -> frozenset[str]:
    """Give the names of the packaged files."""
    folder = resources.files("upsell.measurement").joinpath("sql")
    return frozenset(entry.name.removesuffix(".sql") for entry in folder.iterdir())


@cache
def _foundations(relation: str) -> tuple[str, ...]:
    """Give the files a relation stands on, each after those it stands on itself."""
    tree = _parsed(relation)
    named = dict.fromkeys(table.name for table in tree.find_all(exp.Table) if table.name in _relations())
    found: dict[str, None] = {}
    for name in named:
        found |= dict.fromkeys((*_foundations(name), name))
    return tuple(found)


def _fill(tree: exp.Select, values: Mapping[str, exp.Expression]) -> exp.Select:
    """Copy a tree with every placeholder replaced by its literal."""
    filled = tree.copy()
    for placeholder in list(filled.find_all(exp.Placeholder)):
        name = str(placeholder.this)
        if name not in values:
            msg = (
                f"expected a known value in measurement/sql, got ${name}; nearest is {nearest(name, values)}"
            )
            raise MeasurementError(msg)
        placeholder.replace(values[name].copy())
    return filled


def _widen(statement: exp.Select) -> None:
    """Use exact decimals where an engine lacks whole numbers of 128 bits."""
    for kind in statement.find_all(exp.DataType):
        if kind.this is exp.DataType.Type.INT128:
            kind.replace(exp.DataType.build("decimal"))
