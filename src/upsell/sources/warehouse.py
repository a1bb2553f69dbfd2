"""Warehouses: the rows of a query as a stream of Arrow batches, from PostgreSQL, a DuckDB file or any driver.

Where a warehouse is stands in a setting of the environment, because it holds a password. The law: what is
said about a warehouse never shows that address, and nothing is written there.
"""

from __future__ import annotations

import contextlib
import datetime
import decimal
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl, unquote, urlsplit

import duckdb
import pyarrow as pa

from upsell.config import SECRET_PREFIX
from upsell.errors import ConfigError, UpsellError, nearest

FETCHED: Final = 10_000
"""How many rows are asked for at a time where the driver lets one say."""

FORMS: Final = (
    "postgresql://..., duckdb:FILE, another ADBC driver such as snowflake://..., "
    "adbc:DRIVER?uri=..., or dbapi:MODULE?argument=value"
)
"""What the address of a warehouse can look like."""

Rows: TypeAlias = Callable[[], AbstractContextManager[pa.RecordBatchReader]]
"""Runs a query; what it opens is closed with the context."""

_DRIVER_PACKAGES: Final = {"postgres": "postgresql", "grpc": "flightsql", "grpc+tls": "flightsql"}
_WIDEST_DECIMAL: Final = pa.decimal128(38, 9)


class WarehouseError(UpsellError):
    """A warehouse cannot be asked: no driver, no connection, no right, or SQL that it does not take."""


def address_of(name: str, secrets: Mapping[str, str]) -> str:
    """Give the address that a variable of the environment holds.

    Raises:
        ConfigError: It is not set, or its name cannot be one.
    """
    if not name.startswith(SECRET_PREFIX):
        msg = (
            f"expected the name of a variable such as {SECRET_PREFIX}WAREHOUSE, "
            "got something else (not shown, it may hold a password); put the address into such a variable"
        )
        raise ConfigError(msg)
    said = secrets.get(name, "").strip()
    if not said:
        near = nearest(name, secrets)
        advice = f"; did you mean {near}?" if near else ""
        msg = f"expected the address of a warehouse in the environment variable {name}, got none{advice}"
        raise ConfigError(msg)
    return said


def rows_of(address: str, sql: str, name: str) -> Rows:
    """Give what runs a query on the warehouse at an address.

    Args:
        address: Where the warehouse is, in one of ``FORMS``.
        sql: The query, in the warehouse's own dialect.
        name: What messages call the setting that holds the address.

    Raises:
        WarehouseError: The address has none of the forms.
    """
    scheme, colon, rest = address.strip().partition(":")
    if not colon or not re.fullmatch(r"[a-z][a-z0-9+]*", scheme):
        msg = f"expected the address of a warehouse in {name}: {FORMS}"
        raise WarehouseError(msg)
    text = sql.strip().rstrip(";").rstrip()
    match scheme:
        case "duckdb":
            opened = _of_duckdb(_path_of(rest), text, name)
        case "dbapi":
            opened = _of_module(rest, text, name)
        case "adbc":
            driver, _, said = rest.partition("?")
            opened = _of_driver(driver, dict(parse_qsl(said)), text)
        case _:
            opened = _of_driver(_DRIVER_PACKAGES.get(scheme, scheme), {"uri": address.strip()}, text)
    return lambda: _told(opened, address, name)


@contextmanager
def _told(
    opened: Rows,
    address: str,
    name: str,
) -> Iterator[pa.RecordBatchReader]:
    """Run a query; what goes wrong is said without the address."""
    with contextlib.ExitStack() as stack:
        try:
            reader = stack.enter_context(opened())
        except WarehouseError:
            raise
        except Exception as error:  # every driver has errors of its own
            raise _refused(error, address, name) from error
        yield _watched(reader, address, name)


def _watched(reader: pa.RecordBatchReader, address: str, name: str) -> pa.RecordBatchReader:
    """Give the same rows with numbers as numbers; what goes wrong meanwhile is said without the address."""
    schema = pa.schema([_plain(field) for field in reader.schema])

    def batches() -> Iterator[pa.RecordBatch]:
        try:
            for batch in reader:
                columns = [
                    column.storage.cast(field.type) if isinstance(column.type, pa.OpaqueType) else column
                    for column, field in zip(batch.columns, schema, strict=True)
                ]
                yield pa.RecordBatch.from_arrays(columns, schema=schema)
        except Exception as error:  # every driver has errors of its own
            raise _refused(error, address, name) from error

    return pa.RecordBatchReader.from_batches(schema, batches())


def _plain(field: pa.Field) -> pa.Field:
    """Give a column without what only its driver understands: PostgreSQL's numeric is a number.

    One without places behind the point stays exact, for ids are kept in such.
    """
    if not isinstance(field.type, pa.OpaqueType):
        return field
    if field.type.type_name != "numeric":
        return pa.field(field.name, field.type.storage_type)
    typmod = int((field.metadata or {}).get(b"POSTGRESQL:typmod", b"-1"))
    is_whole = typmod >= 0 and (typmod - 4) & 0xFFFF == 0
    return pa.field(field.name, pa.decimal128(38, 0) if is_whole else pa.float64())


def _refused(error: Exception, address: str, name: str) -> WarehouseError:
    """Say what a warehouse has against a query; a password that it repeats is left out."""
    if isinstance(error, WarehouseError):
        return error
    said = str(error).strip() or type(error).__name__
    for secret in _secrets_of(address):
        said = said.replace(secret, "***")
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return WarehouseError(f"expected rows from the warehouse in {name}, got: {' / '.join(lines[:4])[:600]}")


def _secrets_of(address: str) -> list[str]:
    """Give what of an address nobody is to read: all of it, its password, and values of its arguments."""
    found = [address, *(value for _, value in parse_qsl(address.partition("?")[2]))]
    for each in tuple(found):
        with contextlib.suppress(ValueError):
            password = urlsplit(each).password or ""
            found += [password, unquote(password)]
    return sorted({each for each in found if len(each) > 2}, key=len, reverse=True)


def _path_of(rest: str) -> Path:
    """Give the file behind ``duckdb:``, with or without the slashes of an address."""
    return Path(rest[2:] if rest.startswith("//") else rest).expanduser()


def _of_duckdb(path: Path, sql: str, name: str) -> Rows:
    @contextmanager
    def opened() -> Iterator[pa.RecordBatchReader]:
        if not path.is_file():
            msg = f"expected a DuckDB file at {path} ({name}), got nothing there"
            raise WarehouseError(msg)
        with duckdb.connect(str(path), read_only=True) as connection:
            connection.execute("set enable_progress_bar = false")
            found = connection.sql(sql)
            if found is None:
                raise _no_rows(sql)
            yield found.to_arrow_reader(FETCHED)

    return opened


def _of_driver(driver: str, options: Mapping[str, str], sql: str) -> Rows:
    @contextmanager
    def opened() -> Iterator[pa.RecordBatchReader]:
        dbapi = import_module("adbc_driver_manager.dbapi")
        with (
            dbapi.connect(driver=_library_of(driver), db_kwargs=dict(options)) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)
            yield cursor.fetch_record_batch()

    return opened


def _library_of(driver: str) -> str:
    """Find the library of a driver: that of its Python package, else the name, for the driver manager.

    Raises:
        WarehouseError: There is neither.
    """
    package = driver if driver.startswith("adbc_driver_") else f"adbc_driver_{driver.replace('-', '_')}"
    try:
        return str(import_module(package)._driver_path())  # how its own package finds it
    except ImportError as error:
        manager = import_module("adbc_driver_manager.dbapi")
        try:
            manager.connect(driver=driver, db_kwargs={}).close()
        except manager.Error as missing:
            if "NOT_FOUND" in str(missing) or "cannot open shared object" in str(missing):
                msg = (
                    f"expected the ADBC driver {driver} to be installed, got none: install the Python "
                    f"package {package.replace('_', '-')}, or a driver manifest of that name; an address is "
                    f"{FORMS}"
                )
                raise WarehouseError(msg) from error
        return driver


def _of_module(rest: str, sql: str, name: str) -> Rows:
    module_name, _, said = rest.partition("?")
    arguments: dict[str, Any] = dict(parse_qsl(said))

    @contextmanager
    def opened() -> Iterator[pa.RecordBatchReader]:
        module = _module(module_name, name)
        with (
            contextlib.closing(module.connect(**arguments)) as connection,
            contextlib.closing(connection.cursor()) as cursor,
        ):
            cursor.execute(sql)
            if cursor.description is None:
                raise _no_rows(sql)
            yield _as_arrow(cursor, [column[0] for column in cursor.description])

    return opened


def _no_rows(sql: str) -> WarehouseError:
    return WarehouseError(f"expected a query that gives rows, got: {sql.splitlines()[0][:100]}")


def _module(module_name: str, name: str) -> ModuleType:
    try:
        module = import_module(module_name)
    except ImportError as error:
        msg = f"expected the DB-API module {module_name} of {name} to be installed, got: {error}"
        raise WarehouseError(msg) from error
    if not hasattr(module, "connect"):
        msg = f"expected a DB-API module with connect() in {name}, got {module_name}"
        raise WarehouseError(msg)
    return module


def _as_arrow(cursor: Any, names: Sequence[str]) -> pa.RecordBatchReader:
    """Give a cursor's rows; the first of them tell the type of each column, and one of nulls is text."""
    first = cursor.fetchmany(FETCHED)
    schema = pa.schema([(name, _type_of([row[place] for row in first])) for place, name in enumerate(names)])

    def batches() -> Iterator[pa.RecordBatch]:
        rows = first
        while rows:
            columns = [_column([row[place] for row in rows], field) for place, field in enumerate(schema)]
            yield pa.RecordBatch.from_arrays(columns, schema=schema)
            rows = cursor.fetchmany(FETCHED)

    return pa.RecordBatchReader.from_batches(schema, batches())


def _type_of(values: Sequence[object]) -> pa.DataType:
    kinds = {type(value) for value in values if value is not None}
    if decimal.Decimal in kinds:
        return _WIDEST_DECIMAL
    if kinds and kinds <= {int, float}:
        return pa.float64() if float in kinds else pa.int64()
    simple = {bool: pa.bool_(), datetime.date: pa.date32(), bytes: pa.binary()}
    if len(kinds) == 1 and (kind := next(iter(kinds))) in simple:
        return simple[kind]
    if kinds == {datetime.datetime}:
        zoned = any(isinstance(value, datetime.datetime) and value.tzinfo is not None for value in values)
        return pa.timestamp("us", "UTC" if zoned else None)
    return pa.string()


def _column(values: Sequence[object], field: pa.Field) -> pa.Array:
    """Write one column of some rows.

    Raises:
        WarehouseError: A value does not fit what the first rows had.
    """
    try:
        if pa.types.is_string(field.type):
            return pa.array([None if value is None else str(value) for value in values], field.type)
        return pa.array(values, field.type)
    except (pa.ArrowException, OverflowError) as error:
        msg = (
            f"expected {field.type} in column {field.name}, as in the first {FETCHED:,} rows, got: {error}; "
            "cast it in the query"
        )
        raise WarehouseError(msg) from error
