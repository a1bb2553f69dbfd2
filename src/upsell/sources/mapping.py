"""Mappings: how the rows of a team's own files become events, as data read from one YAML file.

The law: a mapping says everything that was decided about the files; nothing about them is guessed
from their content but the types of JSON values and the delimiter of CSV.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping as ByName
from pathlib import Path
from typing import Final, TypeAlias

import msgspec

from upsell.errors import DefinitionError
from upsell.workspace.findings import Findings, Place
from upsell.workspace.items import Leaf, Record
from upsell.workspace.nodes import compose
from upsell.workspace.reading import Reader
from upsell.workspace.scalars import EVENT, TEXT, TRAIT_NAME, ZONE, one_of
from upsell.workspace.shapes import Either, Key, ListOf, MapOf, RecordOf, Scalar


class Format(enum.Enum):
    """How a file is written; of a query, in the SQL of the warehouse that it is put to."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"
    QUERY = "sql"


class TimeUnit(enum.Enum):
    """How a time is written: as ISO 8601 text (or a date or timestamp column), or as a number since 1970."""

    ISO = "iso"
    SECONDS = "s"
    MILLISECONDS = "ms"
    MICROSECONDS = "us"


class Subject(enum.Enum):
    """What a row says: that something happened, or what a customer or an account is like."""

    EVENT = "event"
    CUSTOMER = "customer_traits"
    ACCOUNT = "account_traits"


class Expression(msgspec.Struct, frozen=True):
    """A DuckDB expression over the columns of a row, and where it is written."""

    sql: str
    place: Place


class FileRule(msgspec.Struct, frozen=True):
    """Files of one kind.

    Attributes:
        name: What the mapping calls them.
        match: Pattern of their names, such as ``log_*.jsonl*``.
        format: How they are written; None to tell by the name.
        columns: DuckDB type of columns, by name.
        place: Where the rule is written.
    """

    name: str
    match: str
    format: Format | None
    columns: ByName[str, str]
    place: Place


class TimeRule(msgspec.Struct, frozen=True):
    """Where a time is read: the expression, its unit, and the zone of times that state none.

    Without an expression it is the moment at which the rows are read.
    """

    of: Expression | None
    unit: TimeUnit
    zone: str | None


class NameRule(msgspec.Struct, frozen=True):
    """Where an event's name is read: the expression, and what some of its values are called.

    A value that ``names`` lacks keeps its name, or with ``only`` its row is skipped.
    """

    of: Expression
    names: ByName[str, str]
    only: bool


Values: TypeAlias = ByName[str, Expression] | Expression
"""Properties or traits: an expression for each, or one that gives them all as a JSON object."""


class RecordRule(msgspec.Struct, frozen=True):
    """How the rows of one file or table become events.

    Attributes:
        source: Name of the file or table.
        subject: What a row says.
        name: The event's name: a constant, or where it is read.
        customer: The customer's id, None when rows have none.
        account: The account's id, None when rows have none.
        occurred_at: When it happened.
        seen_at: When it was learned; None for the same moment.
        id: The source's own id of the event; None to make one from the row.
        skip: Rows for which this is true are left out.
        role: The customer's role in the account, or a list of roles.
        values: Properties of the event, or traits.
        place: Where the rule is written.
    """

    source: Expression
    subject: Subject
    name: str | NameRule
    customer: Expression | None
    account: Expression | None
    occurred_at: TimeRule
    seen_at: TimeRule | None
    id: Expression | None
    skip: Expression | None
    role: Expression | None
    values: Values | None
    place: Place


class Mapping(msgspec.Struct, frozen=True):
    """A whole mapping file: its files, the tables made from them, and the records read from either."""

    files: tuple[FileRule, ...]
    tables: ByName[str, Expression]
    records: tuple[RecordRule, ...]


def _expression(text: str) -> str | None:
    return text.strip() or None


_SQL: Final = Scalar(
    "expression",
    "a DuckDB expression over the columns, such as lower(page)",
    _expression,
    {"type": ["string", "number", "boolean"]},
    takes_numbers=True,
    takes_booleans=True,
)
_TYPE: Final = msgspec.structs.replace(TEXT, name="type", expected="a DuckDB type such as integer")
_COLUMN: Final = msgspec.structs.replace(TEXT, name="column", expected="the name of a column")
_SOURCE_VALUE: Final = msgspec.structs.replace(
    EVENT, name="value", expected="a value of the column", takes_numbers=True, takes_booleans=True
)
_TIME: Final = Either(
    scalar=_SQL,
    mapping=RecordOf(
        {
            "of": Key(_SQL, "expression that gives the time", True),
            "unit": Key(one_of("unit", *(unit.value for unit in TimeUnit)), "how it is written; iso"),
            "zone": Key(ZONE, "zone of times that state none; the mapping's"),
        }
    ),
)
_VALUES: Final = Either(scalar=_SQL, mapping=MapOf(_SQL, "property", TRAIT_NAME))
_RECORD_KEYS: Final = {
    "skip": Key(_SQL, "rows for which it is true are left out"),
    "event": Key(
        Either(
            scalar=EVENT,
            mapping=RecordOf(
                {
                    "of": Key(_SQL, "expression that gives the name", True),
                    "names": Key(MapOf(EVENT, "value", _SOURCE_VALUE), "what a value is called here"),
                    "others": Key(one_of("word", "keep", "skip"), "rows with other values; keep"),
                }
            ),
        ),
        "name of the event, or where it is read",
    ),
    "customer_traits": Key(_VALUES, "traits of the customer the row tells, in place of event"),
    "account_traits": Key(_VALUES, "traits of the account the row tells, in place of event"),
    "customer": Key(_SQL, "expression that gives the customer's id"),
    "account": Key(_SQL, "expression that gives the account's id"),
    "role": Key(_SQL, "role, or list of roles, that the customer has in the account"),
    "occurred_at": Key(_TIME, "when it happened", True),
    "seen_at": Key(_TIME, "when it was learned; without it when it happened"),
    "id": Key(_SQL, "the source's own id of the event; without it one is made from the row"),
    "properties": Key(_VALUES, "properties of the event"),
}
_RECORD: Final = RecordOf(
    {
        "from": Key(TRAIT_NAME, "name of the file or table whose rows are read", True),
        **_RECORD_KEYS,
    }
)
ROW_RECORDS: Final = ListOf(
    RecordOf(
        {
            **_RECORD_KEYS,
            "occurred_at": Key(_TIME, "when it happened; for traits, without it when the row is read"),
        }
    ),
    least=1,
)
"""Records that all read the rows of one query."""

COLUMNS: Final = MapOf(_TYPE, "column", _COLUMN)
"""DuckDB types by column."""

SHAPE: Final = RecordOf(
    {
        "zone": Key(ZONE, "zone of times that state none; without it they are refused"),
        "files": Key(
            MapOf(
                RecordOf(
                    {
                        "match": Key(TEXT, "pattern of the files' names, such as log_*.jsonl*", True),
                        "format": Key(
                            one_of("format", *(each.value for each in Format)),
                            "how they are written; by the name",
                        ),
                        "columns": Key(COLUMNS, "DuckDB types of columns"),
                    }
                ),
                "file",
                TRAIT_NAME,
                least=1,
            ),
            "the files there are, by a name of your choice",
            True,
        ),
        "tables": Key(
            MapOf(_SQL, "table", TRAIT_NAME),
            "SELECT statements over the files, where rows must be joined or grouped",
        ),
        "records": Key(ListOf(_RECORD, least=1), "how rows become events", True),
    }
)
"""Every key of a mapping file."""


def read_mapping(path: Path) -> Mapping:
    """Read the mapping file at ``path``.

    Raises:
        DefinitionError: It cannot be read, or something in it is wrong; carries every problem.
    """
    findings = Findings()
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        findings.error(
            Place(str(path)), f"expected a mapping file in UTF-8, got: {reason}", code="unreadable"
        )
        raise DefinitionError(findings.in_order()) from error
    return parse_mapping(path.name, text)


def parse_mapping(file: str, text: str) -> Mapping:
    """Read the text of a mapping file; ``file`` is what messages call it.

    Raises:
        DefinitionError: Something in it is wrong; carries every problem.
    """
    findings = Findings()
    node = compose(file, text, findings)
    root = Reader(file, {}, findings).read(node, SHAPE) if node is not None else None
    if node is None and not findings.has_errors:
        findings.error(
            Place(file),
            "expected the keys zone, files, tables and records, got an empty file",
            code="missing-key",
        )
    if not isinstance(root, Record):
        raise DefinitionError(findings.in_order())
    mapping = _mapping(root, findings)
    findings.settle()
    return mapping


def _mapping(root: Record, findings: Findings) -> Mapping:
    zone = root.text("zone") or None
    files = root.record("files")
    tables = root.record("tables")
    rules = tuple(_file(name, item) for name, item in files.records()) if files is not None else ()
    queries = (
        {name: _required(tables, name) for name, item in tables.items.items() if isinstance(item, Leaf)}
        if tables is not None
        else {}
    )
    known = {*(rule.name for rule in rules), *queries}
    for name in queries:
        if tables is not None and any(rule.name == name for rule in rules):
            findings.error(
                tables.keys[name], f"expected another name than that of a file, got {name}", code="id"
            )
    records = tuple(
        _record(item, _source(item, known, findings), zone, findings)
        for item in root.each("records")
        if isinstance(item, Record)
    )
    return Mapping(rules, queries, records)


def map_rows(root: Record, rule: FileRule, findings: Findings) -> Mapping:
    """Give the mapping of the rows of one query: its ``records`` and ``zone`` stand under ``root``."""
    zone = root.text("zone") or None
    records = []
    for item in root.each("records"):
        if not isinstance(item, Record):
            continue
        record = _record(item, Expression(rule.name, item.place), zone, findings)
        if record.subject is Subject.EVENT and not item.has("occurred_at"):
            _note(findings, item, "event", "an event needs the key occurred_at")
        records.append(record)
    return Mapping((rule,), {}, tuple(records))


def _source(item: Record, known: set[str], findings: Findings) -> Expression:
    """Give the name of the file or table a record reads."""
    source = _required(item, "from")
    if source.sql and source.sql not in known:
        findings.unknown(source.place, "file", source.sql, known, "files or tables")
    return source


def _file(name: str, item: Record) -> FileRule:
    columns = item.record("columns")
    return FileRule(
        name=name,
        match=item.text("match"),
        format=Format(item.text("format")) if item.leaf("format") is not None else None,
        columns={key: columns.text(key) for key in columns.items} if columns is not None else {},
        place=item.place,
    )


def _record(item: Record, source: Expression, zone: str | None, findings: Findings) -> RecordRule:
    subject = _subject(item, findings)
    values = _values(item, "properties" if subject is Subject.EVENT else subject.value)
    if subject is not Subject.EVENT and item.has("properties"):
        _note(findings, item, "properties", f"a record with {subject.value} has no properties")
    _check_ids(item, subject, findings)
    occurred_at = _time(item, "occurred_at", zone)
    return RecordRule(
        source=source,
        subject=subject,
        name=_name(item) if subject is Subject.EVENT else "",
        customer=_optional(item, "customer"),
        account=_optional(item, "account"),
        occurred_at=occurred_at or TimeRule(None, TimeUnit.ISO, zone),
        seen_at=_time(item, "seen_at", zone),
        id=_optional(item, "id"),
        skip=_optional(item, "skip"),
        role=_optional(item, "role"),
        values=values,
        place=item.place,
    )


def _subject(item: Record, findings: Findings) -> Subject:
    """Tell what a record's rows say; exactly one of the three keys must be written."""
    said = [subject for subject in Subject if item.has(subject.value)]
    if len(said) != 1:
        got = " and ".join(subject.value for subject in said) or "none of them"
        findings.error(
            item.place,
            f"expected exactly one of event, customer_traits and account_traits, got {got}",
            code="record",
        )
    return said[0] if said else Subject.EVENT


def _check_ids(item: Record, subject: Subject, findings: Findings) -> None:
    """Hold a record to the ids that what it says is about."""
    if subject is Subject.CUSTOMER and not item.has("customer"):
        _note(findings, item, "customer_traits", "customer_traits need the key customer")
    if subject is Subject.ACCOUNT and not item.has("account"):
        _note(findings, item, "account_traits", "account_traits need the key account")
    if subject is Subject.EVENT and not (item.has("customer") or item.has("account")):
        _note(findings, item, "event", "an event needs the key customer, account or both")
    if item.has("role") and not (subject is Subject.ACCOUNT and item.has("customer")):
        _note(findings, item, "role", "role stands beside account_traits with both account and customer")


def _note(findings: Findings, item: Record, key: str, message: str) -> None:
    findings.error(item.keys.get(key, item.place), f"expected otherwise: {message}", code="record")


def _name(item: Record) -> str | NameRule:
    """Give the name of a record's events, or where it is read."""
    read = item.record("event")
    if read is None:
        return item.text("event")
    names = read.record("names")
    return NameRule(
        of=_required(read, "of"),
        names={key: names.text(key) for key in names.items} if names is not None else {},
        only=read.text("others") == "skip",
    )


def _time(item: Record, key: str, zone: str | None) -> TimeRule | None:
    """Give the rule for a time; None when the key is absent."""
    written = item.record(key)
    if written is not None:
        unit = written.text("unit", TimeUnit.ISO.value)
        return TimeRule(_required(written, "of"), TimeUnit(unit), written.text("zone") or zone)
    of = _optional(item, key)
    return TimeRule(of, TimeUnit.ISO, zone) if of is not None else None


def _values(item: Record, key: str) -> Values | None:
    """Give the expressions under a key, by name or as one; None when it is absent."""
    written = item.record(key)
    if written is not None:
        return {name: _required(written, name) for name in written.items}
    return _optional(item, key)


def _required(item: Record, key: str) -> Expression:
    """Give the expression under a key; where it is missing that was noted, and null stands in."""
    return _optional(item, key) or Expression("null", item.place)


def _optional(item: Record, key: str) -> Expression | None:
    leaf = item.leaf(key)
    return Expression(leaf.text, leaf.place) if leaf is not None else None
