"""Record SQL: one record of a mapping as the SELECT that makes events of rows.

The law: a row becomes an event, or is left out by ``skip``, or is refused with a reason; it never
stops the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import duckdb

from upsell.clock import Moment
from upsell.errors import DefinitionError, Problem
from upsell.signals.event_table import EVENT_TABLE
from upsell.signals.events import ACCOUNT_IDENTIFIED, CUSTOMER_IDENTIFIED
from upsell.sources.bounds import FARTHEST_AHEAD, LARGEST_EVENT, LONGEST_NAME
from upsell.sources.mapping import Expression, NameRule, RecordRule, Subject, TimeRule, TimeUnit
from upsell.sources.relations import quoted

NO_OBJECT: Final = "expected a JSON object on the line"
"""Why a line of JSON is refused that holds none."""

_STATES_ZONE = r"[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:?\d\d)$"
_NOT_PRINTABLE = r"[\p{C}\p{Zl}\p{Zp}]|[^\P{Zs} ]"
_STATES_DATE = r"^\d{4}-\d\d-\d\d"


class RecordSql:
    """Writes the SELECT of one record over one source, checking every expression as it goes."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, record: RecordRule, source: str) -> None:
        """Work on the rows of ``source``, the name of a view or table."""
        self._connection = connection
        self._record = record
        self._source = source

    def select(self, number: int, now: Moment, *, reads_unread: bool) -> str:
        """Give the SELECT of the mapped columns.

        Args:
            number: The record's place in the mapping, from 0.
            now: The present, to tell the far future.
            reads_unread: Whether lines that are no JSON object are taken along as refused rows.
        """
        record = self._record
        name = self._name()
        occurred = self._moment(record.occurred_at, now)
        seen = self._moment(record.seen_at, now) if record.seen_at is not None else "null::bigint"
        columns = {
            "record_number": f"{number}::integer",
            "file_number": "file_number",
            "file_line": "file_line",
            "unread": "unread",
            "id": self._id(record.id),
            "name": f"nullif(trim(({name})::varchar), '')",
            "customer_id": self._id(record.customer),
            "account_id": self._id(record.account),
            "occurred_at": occurred,
            "seen_at": seen,
            "properties": self._properties(),
            "said_time": f"({record.occurred_at.of.sql})::varchar"
            if record.occurred_at.of
            else "null::varchar",
        }
        mapped = ", ".join(f"{sql} as {column}" for column, sql in columns.items())
        kept = [] if reads_unread else ["unread is null"]
        if record.skip is not None:
            self._type_of(record.skip)
        skips = self.skips()
        if skips is not None:
            kept.append(f"(unread is not null or not ({skips}))")
        where = f" where {' and '.join(kept)}" if kept else ""
        problem = _problem(now, record.occurred_at)
        return f"select *, {problem} as problem from (select {mapped} from {self._source}{where})"

    def skips(self) -> str | None:
        """Give the condition under which this record leaves a row out; None when it never does."""
        record = self._record
        conditions = []
        if record.skip is not None:
            conditions.append(f"coalesce(({record.skip.sql})::boolean, false)")
        if isinstance(record.name, NameRule) and record.name.only:
            names = _listed(record.name.names)
            conditions.append(f"coalesce(({record.name.of.sql})::varchar not in ({names}), true)")
        return " or ".join(conditions) or None

    def _name(self) -> str:
        """Give the SQL of the event's name."""
        record = self._record
        match record.subject:
            case Subject.CUSTOMER:
                return quoted(CUSTOMER_IDENTIFIED)
            case Subject.ACCOUNT:
                return quoted(ACCOUNT_IDENTIFIED)
            case Subject.EVENT:
                if isinstance(record.name, str):
                    return quoted(record.name)
        self._type_of(record.name.of)
        of = f"({record.name.of.sql})::varchar"
        cases = " ".join(
            f"when {quoted(value)} then {quoted(name)}" for value, name in record.name.names.items()
        )
        return f"case {of} {cases} else {of} end" if cases else of

    def _id(self, expression: Expression | None) -> str:
        """Give the SQL of an id as text; blank text is none."""
        if expression is None:
            return "null::varchar"
        self._type_of(expression)
        return f"nullif(trim(({expression.sql})::varchar), '')"

    def _moment(self, rule: TimeRule, now: Moment) -> str:
        """Give the SQL of a time as microseconds since 1970; null when it cannot be read."""
        if rule.of is None:
            return f"{now}::bigint"
        kind = self._type_of(rule.of)
        of = f"({rule.of.sql})"
        match rule.unit:
            case TimeUnit.SECONDS:
                return f"try_cast(round(try_cast({of} as double) * 1000000) as bigint)"
            case TimeUnit.MILLISECONDS:
                return f"try_cast(round(try_cast({of} as double) * 1000) as bigint)"
            case TimeUnit.MICROSECONDS:
                return f"try_cast({of} as bigint)"
            case TimeUnit.ISO:
                return _iso_moment(rule.of, kind, rule)

    def _properties(self) -> str:
        """Give the SQL of the properties or traits as a JSON object; null values are left out."""
        record = self._record
        values = record.values
        if isinstance(values, Expression):
            return f"coalesce(({values.sql})::json::varchar, '{{}}')"
        written = dict(values or {})
        if record.role is not None:
            written["role"] = record.role
        if not written:
            return "'{}'"
        fields = ", ".join(f"{quoted(name)}: {self._value(value)}" for name, value in written.items())
        return f"json_merge_patch('{{}}', to_json({{{fields}}}))::varchar"

    def _value(self, expression: Expression) -> str:
        """Give the SQL of one value; times become ISO 8601 with a zone, and no number is infinite."""
        kind = self._type_of(expression)
        of = f"({expression.sql})"
        if kind.startswith("TIMESTAMP WITH TIME ZONE"):
            return f"strftime({of} at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')"
        if kind.startswith(("TIMESTAMP", "DATE")):
            zone = _stated_zone(self._record.occurred_at, expression)
            return (
                f"strftime(({of}::timestamp at time zone {zone}) at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')"
            )
        if kind in {"DOUBLE", "FLOAT"}:
            return f"case when isfinite({of}) then {of} end"
        return of

    def _type_of(self, expression: Expression) -> str:
        """Give the DuckDB type of an expression over the source's rows.

        Raises:
            DefinitionError: It is no expression, or names a column that is not there.
        """
        try:
            described = self._connection.execute(
                f"describe select ({expression.sql}) from {self._source}"
            ).fetchone()
        except duckdb.Error as error:
            raise DefinitionError([wrong_sql(expression, error)]) from error
        return str(described[1]) if described is not None else ""


def wrong_sql(expression: Expression, error: duckdb.Error) -> Problem:
    """Say what DuckDB has against an expression, at its place in the mapping."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    if isinstance(error, duckdb.ParserException) and expression.sql.isidentifier():
        word = expression.sql
        lines = [f"{word} is a word of SQL: if it is a column, write '\"{word}\"', in both kinds of quotes"]
    return Problem(
        f"expected SQL that DuckDB can run, got: {expression.sql.splitlines()[0]}",
        expression.place.file,
        expression.place.line,
        expression.place.column,
        hint="\n".join(lines[:4]),
        code="mapping-sql",
    )


def _iso_moment(expression: Expression, kind: str, rule: TimeRule) -> str:
    """Read a timestamp, a date, or ISO 8601 text; without a zone only where the rule states one."""
    of = f"({expression.sql})"
    if kind.startswith("TIMESTAMP WITH TIME ZONE"):
        return f"case when isfinite({of}) then epoch_us({of}) end"
    if kind.startswith(("TIMESTAMP", "DATE")):
        local = f"{of}::timestamp at time zone {_stated_zone(rule, expression)}"
        return f"case when isfinite({of}) then epoch_us({local}) end"
    if kind != "VARCHAR":
        problem = Problem(
            f"expected text, a date or a timestamp, got {kind}: {expression.sql}",
            expression.place.file,
            expression.place.line,
            expression.place.column,
            hint="for numbers since 1970 write {of: ..., unit: ms} with the unit s, ms or us",
            code="mapping-time",
        )
        raise DefinitionError([problem])
    zoned = (
        f"case when regexp_matches({of}, {quoted(_STATES_ZONE)}) then epoch_us(try_cast({of} as timestamptz))"
    )
    if rule.zone is None:
        return f"{zoned} end"
    local = f"try_cast({of} as timestamp) at time zone {quoted(rule.zone)}"
    return f"{zoned} when regexp_matches({of}, {quoted(_STATES_DATE)}) then epoch_us({local}) end"


def _stated_zone(rule: TimeRule, expression: Expression) -> str:
    if rule.zone is None:
        problem = Problem(
            f"expected a zone for times that state none: {expression.sql}",
            expression.place.file,
            expression.place.line,
            expression.place.column,
            hint="write zone: UTC, or the zone these times are in, at the top of the mapping",
            code="mapping-zone",
        )
        raise DefinitionError([problem])
    return quoted(rule.zone)


def _problem(now: Moment, time: TimeRule) -> str:
    """Give the SQL that says why a row cannot be taken, null when it can."""
    latest = now + FARTHEST_AHEAD
    longest = f"greatest(length(id), length(name), length(customer_id), length(account_id)) > {LONGEST_NAME}"
    printed = "concat(id, name, customer_id, account_id)"
    ours = ", ".join(quoted(event.name) for event in EVENT_TABLE.values() if event.is_ours)
    return (
        "case "
        f"when unread is not null then {quoted(NO_OBJECT)} "
        "when customer_id is null and account_id is null "
        "then 'expected a customer or an account, got neither' "
        "when name is null then 'expected the name of an event, got none' "
        f"when name in ({ours}) then 'expected another name: ' || name || ' is what Upsell itself records' "
        f"when occurred_at is null then {quoted(_expected_time(time))} || ', got ' "
        "|| coalesce(left(said_time, 60), 'none') "
        "when occurred_at < 0 then 'expected a time from 1970 on, got ' || left(said_time, 60) "
        f"when occurred_at > {latest} or seen_at > {latest} "
        "then 'expected a time no more than a day ahead, got ' || left(said_time, 60) "
        f"when {longest} then 'expected ids and names of at most {LONGEST_NAME} characters' "
        f"when regexp_matches({printed}, {quoted(_NOT_PRINTABLE)}) "
        "then 'expected ids and names of printable characters' "
        f"when strlen(properties) > {LARGEST_EVENT} then 'expected at most {LARGEST_EVENT} bytes, got ' "
        "|| strlen(properties) "
        "when properties not like '{%' then 'expected properties that are a JSON object' "
        "end"
    )


def _expected_time(rule: TimeRule) -> str:
    """Say how the time of a row is to be written."""
    if rule.unit is not TimeUnit.ISO:
        return f"expected a number of {rule.unit.value} since 1970"
    if rule.zone is None:
        return "expected a time with a zone, such as 2026-03-01T12:00:00Z"
    return "expected a date such as 2026-03-01, or a time such as 2026-03-01T12:00:00"


def _listed(names: Mapping[str, str]) -> str:
    return ", ".join(quoted(value) for value in names)
