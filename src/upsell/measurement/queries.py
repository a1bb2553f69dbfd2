"""The SQL of every outcome: packaged files, put together and filled with one question's values.

Each file of ``sql/`` is one relation, written once in DuckDB's dialect; it may name other files as
tables, and two relations the caller provides, ``exposures`` and ``events``. The law: values enter
only as typed literals in the syntax tree, never as text, and a query returns sufficient statistics.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from fractions import Fraction
from functools import cache
from importlib import resources

import sqlglot
from sqlglot import ErrorLevel, exp
from sqlglot.errors import UnsupportedError

from upsell.clock import DAY, Duration, Moment, to_datetime
from upsell.errors import MeasurementError, nearest
from upsell.measurement.carrying import mend
from upsell.measurement.question import Question
from upsell.measurement.rewriting import read_once, widen


class Dialect(enum.Enum):
    """An engine the queries are carried to, by sqlglot's name for it.

    On DuckDB and PostgreSQL tests run every query. For the others they are text that sqlglot writes and reads
    back: nobody has ever run them there.
    """

    DUCKDB = "duckdb"
    POSTGRES = "postgres"
    SPARK = "spark"
    SNOWFLAKE = "snowflake"
    BIGQUERY = "bigquery"

    @property
    def is_run(self) -> bool:
        """Whether tests run what is written for it."""
        return self in (Dialect.DUCKDB, Dialect.POSTGRES)


class Query(enum.Enum):
    """One of the queries a reading is made from; the value names its file and its rows."""

    EXPOSED = "exposed"
    SUMS = "sums"
    LEFT_OUT = "left_out"
    ACCOUNTS_EXPOSED = "exposed_accounts"
    ACCOUNTS = "account_sums"
    BEFORE = "before_sums"
    HELD = "held_sums"


class HealthQuery(enum.Enum):
    """One of the queries by which the readings themselves are doubted; the value names its file."""

    PLACEBO = "placebo_sums"
    WEEKLY = "weekly_sums"
    TRAITS = "exposure_traits"
    TRIGGERS = "trigger_counts"


SPLITS = 200
"""How often the units nobody treated are parted at random."""

PLAIN = (Query.EXPOSED, Query.SUMS, Query.LEFT_OUT)
"""The queries of the plain reading."""

CLUSTERED = (Query.ACCOUNTS_EXPOSED, Query.ACCOUNTS)
"""What the plain reading needs besides where whole accounts were drawn."""

SHARED = ("first_exposures", "term_events", "trade_events", "stretches", "unit_outcomes")
"""Relations that several queries of a reading stand on, each after those it stands on itself."""

HELD_AT = Fraction(99, 100)
"""The quantile outcomes of money are held to in the winsorised reading."""


def layout_queries(question: Question, dialect: Dialect) -> dict[str, str]:
    """Give the SQL of each relation of ``SHARED``, which stands on those before it as on the session's.

    A session that has them as tables need not read the events for every query of a reading again.
    """
    return {name: _write(name, question, dialect, SHARED[:place]) for place, name in enumerate(SHARED)}


def outcome_queries(question: Question, dialect: Dialect, laid_out: Collection[str] = ()) -> dict[Query, str]:
    """Give the SQL of every query a plain reading needs; their rows are what ``read_lift`` takes.

    The session must have relations ``exposures(workflow, contrast, stratum, unit_id, arm, share,
    exposed_at)`` and ``events(unit_id, name, occurred_at, properties)``, moments with zone and
    properties JSON or JSON text; where the question is clustered, ``exposures.account`` too, empty where
    the account is not known; where it has spendings, ``spendings(unit_id, spent_at, amount)`` in
    millionths of a minor unit. Relations named in ``laid_out`` are the session's too.
    """
    asked = (*PLAIN, *CLUSTERED) if question.is_clustered else PLAIN
    return {query: _write(query.value, question, dialect, laid_out) for query in asked}


def cut_query(question: Question, dialect: Dialect, laid_out: Collection[str] = ()) -> str:
    """Give the SQL of what outcomes of money are held to; its rows are contrast, metric and cut.

    It is found over all units once. Sums of parts add only when they were held to the same cut.
    """
    return _write("cuts", question, dialect, laid_out)


def reading_queries(
    question: Question,
    dialect: Dialect,
    cuts: Mapping[tuple[str, str], int],
    laid_out: Collection[str] = (),
) -> dict[Query, str]:
    """Give the SQL of the readings beside the plain one; without cuts nothing is held to one."""
    asked = (Query.BEFORE, Query.HELD) if cuts else (Query.BEFORE,)
    cut = {"cut": _cut(cuts)}
    return {query: _write(query.value, question, dialect, laid_out, cut) for query in asked}


def health_queries(question: Question, dialect: Dialect) -> dict[HealthQuery, str]:
    """Give the SQL of what ``health`` reads, of the contrast with the holdout."""
    return {query: _write(query.value, question, dialect) for query in HealthQuery}


def unit_outcomes(question: Question, dialect: Dialect) -> str:
    """Give the SQL of the outcomes themselves: one row per contrast and exposed unit.

    Columns: workflow, contrast, stratum, arm, unit_id, exposed_at (with zone), conversion (0 or 1),
    net_committed_revenue, recurring_revenue_change, margin and net_value_after_regret (whole minor
    units); an outcome is null while its window is open. For simulations, which compare the outcomes of one
    unit in two worlds.
    """
    return _write("unit_outcomes", question, dialect)


def _write(
    relation: str,
    question: Question,
    dialect: Dialect,
    laid_out: Collection[str] = (),
    more: Mapping[str, exp.Expression] | None = None,
) -> str:
    """Write the statement of a relation of a question; what nothing is known to cost costs nothing."""
    files = {name: file for name, file in outcome_files().items() if name not in laid_out}
    if not question.has_spendings:
        files["spendings"] = "nothing_spent"
    if not question.serving:
        files["served"] = "nothing_served"
    return write_statement(relation, {**_values(question), **(more or {})}, dialect, files)


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
    if dialect is Dialect.DUCKDB:
        read_once(statement)
    else:
        widen(statement)
    if not dialect.is_run:
        mend(statement, dialect.value)
    try:
        return statement.sql(
            dialect=dialect.value, pretty=True, comments=False, unsupported_level=ErrorLevel.RAISE
        )
    except UnsupportedError as error:
        msg = (
            f"expected a query that {dialect.value} can say, got {relation}: {error}; take duckdb or postgres"
        )
        raise MeasurementError(msg) from error


def _values(question: Question) -> Mapping[str, exp.Expression]:
    """Give the literals a question fills the placeholders of the files with."""
    return {
        "workflow": exp.Literal.string(question.workflow),
        "goal_event": exp.Literal.string(question.goal_event),
        "currency": exp.Literal.string(question.currency.upper()),
        "as_of": moment_literal(question.as_of),
        "goal_within": duration_literal(question.goal_within),
        "horizon": duration_literal(question.horizon),
        "regret": duration_literal(question.regret),
        "serving_cost": _serving_cost(question),
        "held_at": exp.Literal.number(float(HELD_AT)),
        "splits": exp.Literal.number(SPLITS),
        "steps": exp.Literal.number(question.horizon // (28 * DAY) + 3),
    }


def _serving_cost(question: Question) -> exp.Expression:
    """Write what serving one of a plan costs in a month, 0 where that is not known."""
    chosen = exp.Case(default=exp.Literal.number(0))
    for plan, cost in question.serving:
        chosen = chosen.when(exp.column("plan").eq(plan), exp.Literal.number(cost))
    return chosen if question.serving else exp.Literal.number(0)


def _cut(cuts: Mapping[tuple[str, str], int]) -> exp.Expression:
    """Write what an outcome is held to, by its contrast and metric."""
    chosen = exp.Case()
    for (contrast, metric), cut in sorted(cuts.items()):
        is_it = exp.and_(exp.column("contrast").eq(contrast), exp.column("metric").eq(metric))
        chosen = chosen.when(is_it, exp.cast(exp.Literal.number(cut), exp.DataType.Type.BIGINT))
    return chosen


def moment_literal(at: Moment) -> exp.Expression:
    """Write a moment as a literal with zone."""
    return exp.cast(exp.Literal.string(to_datetime(at).isoformat(sep=" ")), exp.DataType.Type.TIMESTAMPTZ)


def duration_literal(length: Duration) -> exp.Expression:
    """Write an elapsed time in microseconds, which no engine turns into days of another length."""
    return exp.Interval(this=exp.Literal.string(str(length)), unit=exp.Var(this="MICROSECOND"))


_BY_WINDOW = frozenset(
    {
        "first_exposures",
        "running_terms",
        "dues",
        "credits",
        "trades",
        "committed",
        "recurring",
        "window_outcomes",
    }
)
"""Relations read in windows of the exposures; each can be read in the windows before and after them too."""

_MOVED = ("_before", "_after")
"""What the name of such a relation ends in when it is."""


@cache
def parsed_file(file: str) -> exp.Select:
    """Read one packaged file as a syntax tree; the tree is shared and never changed."""
    if file in _moved_files():
        name, ending = _moved_files()[file]
        return _moved(parsed_file(name), ending)
    return sqlglot.parse_one(file_text(file), dialect=Dialect.DUCKDB.value, into=exp.Select)


def file_text(file: str) -> str:
    """Read one packaged file, named under ``sql/`` without its ending."""
    return resources.files("upsell.measurement").joinpath("sql", f"{file}.sql").read_text("utf-8")


def _moved(tree: exp.Select, ending: str) -> exp.Select:
    """Copy a tree so that it reads the windows before those of the exposures, or after them."""
    moved = tree.copy()
    for named in moved.find_all(exp.Table):
        if named.name in _BY_WINDOW:
            named.set("this", exp.to_identifier(named.name + ending))
    for column in moved.find_all(exp.Column):
        if column.table in _BY_WINDOW:
            column.set("table", exp.to_identifier(column.table + ending))
    return moved


@cache
def _moved_files() -> Mapping[str, tuple[str, str]]:
    """Give the names of what is read in other windows without a file of its own, each as file and ending."""
    written = folder_names("")
    return {
        name + ending: (name, ending)
        for name in sorted(_BY_WINDOW)
        for ending in _MOVED
        if name + ending not in written
    }


@cache
def outcome_files() -> Mapping[str, str]:
    """Give the files that outcomes are written in, by the relation each is."""
    return {name: name for name in (*folder_names(""), *_moved_files())}


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
