"""A query: a source that is asked, on a schedule, for the rows of SQL on a warehouse.

What its rows say becomes events, or traits of customers and accounts, through the same records as a file's.
The laws: only what changed since the last time is sent; and what is gone from a query changes nothing unless
its file says so.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping as ByName
from typing import Final

import msgspec

from upsell.clock import Duration
from upsell.errors import ConfigError
from upsell.ids import digest
from upsell.sources.definition import Sort
from upsell.sources.mapping import (
    COLUMNS,
    ROW_RECORDS,
    FileRule,
    Format,
    Mapping,
    RecordRule,
    Subject,
    map_rows,
)
from upsell.sources.schedule import SCHEDULE, Schedule, parse_schedule
from upsell.sources.source import Source
from upsell.workspace.findings import Findings, Place
from upsell.workspace.items import Record
from upsell.workspace.scalars import DURATION, SETTING, TEXT, ZONE, one_of
from upsell.workspace.shapes import Either, Key, RecordOf

MARKED: Final[ByName[Subject, str]] = {Subject.CUSTOMER: "c", Subject.ACCOUNT: "a"}
"""How the mark of a record begins that tells traits of one or the other."""

ROWS: Final = "rows"
"""What the rows are called where errors name them."""


class Gone(enum.Enum):
    """What becomes of traits whose customer or account a query gives no more."""

    KEEP = "keep"
    CLEAR = "clear"


class Cursor(msgspec.Struct, frozen=True):
    """The column by which only new rows are read, and how far back is read again for rows that came late."""

    column: str
    overlap: Duration


_CURSOR: Final = Either(
    scalar=msgspec.structs.replace(TEXT, name="column", expected="the name of a column"),
    mapping=RecordOf(
        {
            "column": Key(TEXT, "a column that grows with each row that is new or changed", True),
            "overlap": Key(DURATION, "how far back is read again; only where it is a time"),
        }
    ),
)
_SHAPE: Final = RecordOf(
    {
        "sql": Key(TEXT, "the query, in the SQL of the warehouse", True),
        "from": Key(SETTING, "variable that holds the address of the warehouse", True),
        "schedule": Key(SCHEDULE, "when it is asked; without it only by `upsell sources sync`"),
        "cursor": Key(
            _CURSOR, "column by which only rows are read that are new; without it all are, each time"
        ),
        "gone": Key(
            one_of("word", *(each.value for each in Gone)),
            "what becomes of traits whose row is gone: keep, which is usual, or clear",
        ),
        "zone": Key(ZONE, "zone of times that state none; without it they are refused"),
        "columns": Key(COLUMNS, "DuckDB types of columns"),
        "records": Key(ROW_RECORDS, "how rows become events or traits, as in a mapping file", True),
    }
)


class QueryDefinition(msgspec.Struct, frozen=True):
    """A query as it is written.

    Attributes:
        name: What it is called.
        place: Where it is written.
        sql: The query.
        warehouse: Variable that holds the warehouse's address.
        schedule: When it is asked; None for by hand only.
        cursor: By which only new rows are read; None to read all.
        gone: What becomes of traits whose row is gone.
        mapping: How rows become events.
    """

    name: str
    place: Place
    sql: str
    warehouse: str
    schedule: Schedule | None
    cursor: Cursor | None
    gone: Gone
    mapping: Mapping

    @property
    def path(self) -> str | None:
        """It takes no requests."""
        return None

    @property
    def settings(self) -> tuple[str, ...]:
        """The variable that holds the warehouse's address."""
        return (self.warehouse,)

    def open(self, secrets: ByName[str, str]) -> Source:  # noqa: ARG002  # the protocol's own signature
        """Refuse to be sent anything.

        Raises:
            ConfigError: Always; a query is asked.
        """
        msg = (
            f"expected a source that is sent requests, but {self.name} asks a warehouse: upsell sources sync"
        )
        raise ConfigError(msg)

    def select(self, since: str | None) -> str:
        """Give the SQL for its rows from a place of the cursor on, as SQL writes it; None for all.

        The place itself is read again: more rows of the same moment may have come.
        """
        sql = self.sql.strip().rstrip(";")
        if self.cursor is None or since is None:
            return sql
        return f"select * from (\n{sql}\n) as told where {self.cursor.column} >= {since}"

    @property
    def marks(self) -> tuple[str, ...]:
        """What tells each record from the others by whose traits it tells; empty where it tells events.

        A record keeps its mark wherever it stands and whichever traits it tells.
        """
        return tuple(_mark(record) for record in self.mapping.records)

    @property
    def tells_traits(self) -> bool:
        """Whether any record tells traits."""
        return any(record.subject is not Subject.EVENT for record in self.mapping.records)


def _read(name: str, written: Record, findings: Findings) -> QueryDefinition | None:
    columns = written.record("columns")
    rule = FileRule(
        name=ROWS,
        match="",
        format=Format.QUERY,
        columns={key: columns.text(key) for key in columns.items} if columns is not None else {},
        place=written.place,
    )
    mapping = map_rows(written, rule, findings)
    schedule = written.text("schedule")
    found = QueryDefinition(
        name=name,
        place=written.place,
        sql=written.text("sql"),
        warehouse=written.text("from"),
        schedule=parse_schedule(schedule) if schedule else None,
        cursor=_cursor(written),
        gone=Gone(written.text("gone", Gone.KEEP.value)),
        mapping=mapping,
    )
    marks = found.marks
    for place, mark in enumerate(marks):
        if mark and mark in marks[:place]:
            findings.error(
                mapping.records[place].place,
                "expected one record for all traits of the same customer or account, got another",
                hint="write the traits of both under one",
                code="record",
            )
    if found.gone is Gone.CLEAR and (found.cursor is not None or not found.tells_traits):
        why = "one with a cursor sees only what is new" if found.cursor is not None else "it tells none"
        findings.error(
            written.keys["gone"],
            f"expected gone: clear in a query that gives all traits each time, but {why}",
            hint="leave out cursor, or gone",
            code="query-gone",
        )
    return found


def _mark(record: RecordRule) -> str:
    if record.subject is Subject.EVENT:
        return ""
    ids = (each.sql if each is not None else "" for each in (record.customer, record.account))
    return f"{MARKED[record.subject]}{digest('record', *ids)[:8]}"


def _cursor(written: Record) -> Cursor | None:
    nested = written.record("cursor")
    if nested is not None:
        return Cursor(nested.text("column"), nested.integer("overlap"))
    return Cursor(written.text("cursor"), 0) if written.leaf("cursor") is not None else None


QUERY: Final = Sort("a query that is put to a warehouse on a schedule", _SHAPE, _read)
"""The sort of source that asks a warehouse."""
