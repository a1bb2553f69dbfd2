"""Relations: each kind of file as a DuckDB relation whose rows know their file and line.

Every relation has, beside the file's own columns, ``file_number``, ``file_line`` and ``unread``:
the text of a line that is no JSON object, null for every row that can be used. Rows of CSV and
lines that are not UTF-8 are refused by DuckDB itself, which keeps them in ``reject_errors``. The rows
of a query lie in a table already, in the order in which they came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePath
from typing import NoReturn, assert_never

import duckdb
import msgspec

from upsell.errors import ConfigError
from upsell.sources.mapping import FileRule, Format
from upsell.sources.mapping import Mapping as Mapped
from upsell.sources.warehouse import Rows

LONGEST_LINE = 1_048_576
"""The most bytes a line of a text file may have; a longer one is refused."""

_SAMPLED_LINES = 50_000
"""How many lines are looked at to find the keys of JSON objects when no columns are stated."""

_COMPRESSIONS = {".gz", ".zst"}
_FORMATS = {
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".json": Format.JSONL,
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".parquet": Format.PARQUET,
    ".sql": Format.QUERY,
}


class DataFile(msgspec.Struct, frozen=True):
    """One file to read, or one query.

    Attributes:
        path: Where it is.
        number: Its number in the order in which files are taken.
        rule: The rule it falls under.
        format: How it is written.
        label: What its events' ids are made of: its name, with a number where another has the same.
        rows: Runs it, where it is a query.
        is_known: Whether what it says was taken before, so that it is read no more.
    """

    path: Path
    number: int
    rule: FileRule
    format: Format
    label: str
    rows: Rows | None = None
    is_known: bool = False


REJECTS = ".rejects.jsonl"
"""How the names of files end to which rejected rows are written; in a folder they are nobody's events."""


def choose_files(mapping: Mapped, given: Sequence[Path]) -> tuple[DataFile, ...]:
    """Find the rule each given file falls under; of a folder, its files that fall under one.

    Files are numbered by rule, then by name, so that the order they were given in changes nothing.

    Raises:
        ConfigError: A file does not exist, falls under no rule, or its format cannot be told; or a
            rule has no file.
    """
    found: list[tuple[int, str, Path, FileRule]] = []
    for path in given:
        if path.is_dir():
            fitting = [
                (each, _rule_for(mapping, each))
                for each in sorted(path.iterdir())
                if each.is_file() and not each.name.endswith(REJECTS)
            ]
        elif path.is_file():
            fitting = [(path, _rule_for(mapping, path) or _refuse(mapping, path))]
        else:
            msg = f"expected a file or folder of events at {path}, got nothing there"
            raise ConfigError(msg)
        found += [
            (mapping.files.index(rule), each.name, each, rule) for each, rule in fitting if rule is not None
        ]
    distinct = {each.resolve(): (order, name, each, rule) for order, name, each, rule in found}
    for rule in mapping.files:
        if not any(rule is chosen for *_, chosen in distinct.values()):
            where = f"{rule.place.file}, line {rule.place.line}"
            looked = ", ".join(str(path) for path in given)
            msg = f"expected a file named like {rule.match} for {rule.name} ({where}), got none in {looked}"
            raise ConfigError(msg)
    ordered = sorted(distinct.values(), key=lambda each: (each[0], each[1], str(each[2])))
    names = [path.name for _, _, path, _ in ordered]
    return tuple(
        DataFile(path, number, rule, rule.format or format_of(path), _label(names, number))
        for number, (_, _, path, rule) in enumerate(ordered)
    )


def _label(names: Sequence[str], number: int) -> str:
    """Tell a file from those before it that have its name."""
    name, before = names[number], names[:number].count(names[number])
    return f"{name} {before + 1}" if before else name


def format_of(path: Path) -> Format:
    """Tell by its name how a file is written; ``.gz`` and ``.zst`` behind it only compress.

    Raises:
        ConfigError: The name does not tell.
    """
    suffixes = [suffix.lower() for suffix in PurePath(path.name).suffixes]
    if suffixes and suffixes[-1] in _COMPRESSIONS:
        suffixes.pop()
    known = _FORMATS.get(suffixes[-1]) if suffixes else None
    if known is None:
        msg = (
            f"expected a file ending in {', '.join(_FORMATS)}, perhaps with .gz or .zst, got {path.name}; "
            "rename it or state its format in the mapping"
        )
        raise ConfigError(msg)
    return known


def _rule_for(mapping: Mapped, path: Path) -> FileRule | None:
    return next((rule for rule in mapping.files if fnmatchcase(path.name, rule.match)), None)


def _refuse(mapping: Mapped, path: Path) -> NoReturn:
    patterns = ", ".join(rule.match for rule in mapping.files)
    msg = f"expected files named like {patterns}, got {path.name}; add it to a mapping, or leave it out"
    raise ConfigError(msg)


def relation(connection: duckdb.DuckDBPyConnection, files: Iterable[DataFile]) -> str:
    """Give the SELECT that reads all files of one rule, one after the other."""
    return " union all by name ".join(_select(connection, file) for file in files)


def _select(connection: duckdb.DuckDBPyConnection, file: DataFile) -> str:
    match file.format:
        case Format.JSONL:
            select = _select_json(connection, file)
        case Format.CSV:
            select = _select_csv(file)
        case Format.PARQUET:
            select = _select_parquet(file)
        case Format.QUERY:
            select = _select_query(file)
        case _:
            assert_never(file.format)
    return f"select * from ({select}) where false" if file.is_known else select


def _select_json(connection: duckdb.DuckDBPyConnection, file: DataFile) -> str:
    """Lines are read as text first, so that a bad one is known by its line; empty lines are nothing."""
    lines = (
        f"read_csv({quoted(str(file.path))}, columns = {{'text': 'varchar'}}, delim = '\x01', quote = '', "
        "escape = '', comment = '', header = false, auto_detect = false, new_line = '\\n', "
        f"max_line_size = {LONGEST_LINE}, store_rejects = true)"
    )
    shape = msgspec.json.encode(dict(file.rule.columns)).decode() if file.rule.columns else None
    if shape is None:
        shape = _json_shape(connection, lines)
    is_object = "json_valid(text) and ltrim(text) like '{%'"
    return (
        f"select {file.number} as file_number, file_line, "
        "case when object is null then text end as unread, "
        f"unnest(json_transform(object, {quoted(shape)})) "
        f"from (select file_line, text, case when {is_object} then text end as object "
        f"from (select row_number() over () as file_line, text from {lines}) where text is not null)"
    )


def _json_shape(connection: duckdb.DuckDBPyConnection, lines: str) -> str:
    """Find the keys and types of JSON objects; a file without any has none."""
    found = connection.execute(
        "select json_group_structure(text::json) from "
        f"(select text from {lines} limit {_SAMPLED_LINES}) where json_valid(text) and ltrim(text) like '{{%'"
    ).fetchone()
    shape = found[0] if found is not None else None
    return shape if shape is not None and shape.startswith("{") else '{"nothing":"varchar"}'


def _select_csv(file: DataFile) -> str:
    """Every column is text unless the mapping says otherwise: ids keep their zeros, no sample decides."""
    return (
        f"select {file.number} as file_number, row_number() over () + 1 as file_line, "
        f"null::varchar as unread, {_typed(file.rule.columns)} "
        f"from read_csv({quoted(str(file.path))}, header = true, all_varchar = true, "
        f"max_line_size = {LONGEST_LINE}, store_rejects = true)"
    )


def _select_parquet(file: DataFile) -> str:
    """Rows are numbered from 1."""
    return (
        f"select {file.number} as file_number, file_row_number + 1 as file_line, null::varchar as unread, "
        f"{_typed(file.rule.columns, but='file_row_number')} "
        f"from read_parquet({quoted(str(file.path))}, file_row_number = true)"
    )


def _select_query(file: DataFile) -> str:
    """Rows are numbered from 1 in the order in which they came."""
    return (
        f"select {file.number} as file_number, rowid + 1 as file_line, null::varchar as unread, "
        f"{_typed(file.rule.columns)} from {rows_table(file)}"
    )


def rows_table(file: DataFile) -> str:
    """Give the table in which the rows of a query lie."""
    return f"upsell.rows_{file.number}"


def _typed(columns: Mapping[str, str], *, but: str = "") -> str:
    """Give all columns, those with a stated type cast to it; what does not fit becomes null."""
    excluded = f" exclude ({but})" if but else ""
    casts = ", ".join(f"try_cast({named(name)} as {kind}) as {named(name)}" for name, kind in columns.items())
    return f"*{excluded} replace ({casts})" if casts else f"*{excluded}"


def quoted(text: str) -> str:
    """Write text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def named(name: str) -> str:
    """Write a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
