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
    SPARK = "spark"
    SNOWFLAKE = "snowflake"
    BIGQUERY = "bigquery"


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
    values = _values(question)
    return {query: write_statement(query.value, values, dialect) for query in Query}


def unit_outcomes(question: Question, dialect: Dialect) -> str:
    """Give the SQL of the outcomes themselves: one row per contrast and exposed unit.

    Columns: workflow, contrast, stratum, arm, unit_id, exposed_at (with zone), conversion (0 or 1),
    net_committed_revenue and recurring_revenue_change (whole minor units); an outcome is null while
    its window is open. For simulations, which compare the outcomes of one unit in two worlds.
    """
    return write_statement("unit_outcomes", _values(question), dialect)


def write_statement(
    relation: str,
    values: Mapping[str, exp.Expression],
    dialect: Dialect,
    files: Mapping[str, str] | None = None,
) -> str:
    """Put a relation and all it stands on into one statement of a dialect.

    Args:
        relation: Name of the relation that is asked for.
        values: A literal for each placeholder of the files.
        dialect: The engine's.
        files: The file under ``sql/`` each relation is written in, without its ending; without it those
            of outcomes, each in the file of its own name. A table not among them is the session's.
    """
    places = outcome_files() if files is None else files
    statement = exp.select("*").from_(relation)
    for name in (*_foundations(relation, places), relation):
        statement = statement.with_(name, as_=_fill(parsed_file(places[name]), values), copy=False)
    if dialect is not Dialect.DUCKDB:
        _widen(statement)
    if dialect not in (Dialect.DUCKDB, Dialect.POSTGRES):
        _uncollate(statement)
    return statement.sql(dialect=dialect.value, pretty=True, comments=False)


def _values(question: Question) -> Mapping[str, exp.Expression]:
    """Give the literals a question fills the placeholders of the files with."""
    return {
        "workflow": exp.Literal.string(question.workflow),
        "goal_event": exp.Literal.string(question.goal_event),
        "currency": exp.Literal.string(question.currency.upper()),
        "as_of": moment_literal(question.as_of),
        "goal_within": duration_literal(question.goal_within),
        "horizon": duration_literal(question.horizon),
        "steps": exp.Literal.number(question.horizon // (28 * DAY) + 3),
    }


def moment_literal(at: Moment) -> exp.Expression:
    """Write a moment as a literal with zone."""
    return exp.cast(exp.Literal.string(to_datetime(at).isoformat(sep=" ")), exp.DataType.Type.TIMESTAMPTZ)


def duration_literal(length: Duration) -> exp.Expression:
    """Write an elapsed time in microseconds, which no engine turns into days of another length."""
    return exp.Interval(this=exp.Literal.string(str(length)), unit=exp.Var(this="MICROSECOND"))


@cache
def parsed_file(file: str) -> exp.Select:
    """Read one packaged file as a syntax tree; the tree is shared and never changed."""
    return sqlglot.parse_one(file_text(file), dialect=Dialect.DUCKDB.value, into=exp.Select)


def file_text(file: str) -> str:
    """Read one packaged file, named under ``sql/`` without its ending."""
    return resources.files("upsell.measurement").joinpath("sql", f"{file}.sql").read_text("utf-8")


@cache
def outcome_files() -> Mapping[str, str]:
    """Give the files that outcomes are written in, by the relation each is."""
    return {name: name for name in folder_names("")}


def folder_names(folder: str) -> tuple[str, ...]:
    """Give the names of the packaged files of a folder under ``sql/``, empty for itself, in order."""
    entries = resources.files("upsell.measurement").joinpath("sql", folder).iterdir()
    return tuple(sorted(entry.name.removesuffix(".sql") for entry in entries if entry.is_file()))


def _foundations(relation: str, files: Mapping[str, str]) -> tuple[str, ...]:
    """Give the relations a relation stands on, each after those it stands on itself."""
    found: dict[str, None] = {}
    _found(relation, files, found)
    found.pop(relation)
    return tuple(found)


def _found(relation: str, files: Mapping[str, str], found: dict[str, None]) -> None:
    """Add a relation after all it stands on, each once."""
    if relation in found:
        return
    tables = parsed_file(files[relation]).find_all(exp.Table)
    for name in dict.fromkeys(table.name for table in tables if table.name in files):
        _found(name, files, found)
    found[relation] = None


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


def _uncollate(statement: exp.Select) -> None:
    """Leave away the collation by code point on engines that order text so anyway and know no such name."""
    for collation in list(statement.find_all(exp.Collate)):
        collation.replace(collation.this)
