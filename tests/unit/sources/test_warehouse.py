"""Warehouses: rows with their types by any driver, and refusals that say what to do and no secret."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import duckdb
import psycopg
import pyarrow as pa
import pytest

from upsell.errors import ConfigError
from upsell.sources.warehouse import WarehouseError, address_of, rows_of


def read(address: str, sql: str) -> pa.Table:
    with rows_of(address, sql, "UPSELL_SECRET_W")() as reader:
        return reader.read_all()


def test_rows_of_a_duckdb_file_come_with_their_types_and_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "create table t as select 1 as a, 12.50::decimal(8, 2) as m, date '2026-01-01' as d"
        )
    table = read(f"duckdb:{path}", "select * from t;")
    assert [str(field.type) for field in table.schema] == ["int32", "decimal128(8, 2)", "date32[day]"]
    assert read(f"duckdb://{path}", "select a from t")["a"].to_pylist() == [1]
    with pytest.raises(WarehouseError, match="read-only"):
        read(f"duckdb:{path}", "drop table t")
    with pytest.raises(WarehouseError, match=r'column "z" not found.* / Candidate bindings'):
        read(f"duckdb:{path}", "select z from t")


def test_rows_of_a_db_api_module_have_the_types_of_the_first_rows(tmp_path: Path) -> None:
    path = tmp_path / "w.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("create table t (n integer, x real, s text, z)")
        connection.executemany(
            "insert into t values (?, ?, ?, null)", [(n, n / 2, f"s{n}") for n in range(25_000)]
        )
    table = read(f"dbapi:sqlite3?database={path}", "select * from t order by n")
    assert [str(field.type) for field in table.schema] == ["int64", "double", "string", "string"]
    assert table["n"].to_pylist() == list(range(25_000))
    with pytest.raises(WarehouseError, match="no such table: nope"):
        read(f"dbapi:sqlite3?database={path}", "select * from nope")
    with pytest.raises(WarehouseError, match="a query that gives rows, got: create table"):
        read(f"dbapi:sqlite3?database={path}", "create table u (a)")


def test_a_column_that_changes_its_type_after_the_first_rows_is_told_by_name(tmp_path: Path) -> None:
    path = tmp_path / "w.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("create table t (n)")
        connection.executemany(
            "insert into t values (?)", [(n if n < 15_000 else "many",) for n in range(20_000)]
        )
    with pytest.raises(WarehouseError, match=r"expected int64 in column n.*cast it in the query"):
        read(f"dbapi:sqlite3?database={path}", "select * from t")


@pytest.mark.postgres
def test_rows_of_postgresql_come_with_their_types_and_numeric_is_a_number(postgres_url: str) -> None:
    sql = """
        select 1.25::numeric(10, 2) as money, 12345678901234567890::numeric(20, 0) as id, 7::numeric as any,
            '{"a": 1}'::jsonb as j, timestamptz '2026-01-01 00:00:00+02' as at, true as b, null::text as n
    """
    told = read(postgres_url, sql)
    (row,) = told.to_pylist()
    assert (row["money"], row["any"], row["b"], row["n"]) == (1.25, 7.0, True, None)
    assert str(row["id"]) == "12345678901234567890"
    assert row["at"].isoformat() == "2025-12-31T22:00:00+00:00"
    with duckdb.connect() as connection:
        assert connection.execute("select j->>'$.a' from told").fetchall() == [("1",)]


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("selec 1", 'syntax error at or near "selec"'),
        ("select nope from pg_class", 'column "nope" does not exist'),
        ("select 1 / (300 - g) from generate_series(1, 500) g", "division by zero"),
        ("select * from secrets", "permission denied for table secrets"),
    ],
)
def test_what_postgresql_has_against_a_query_is_told(database: str, sql: str, expected: str) -> None:

    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("drop role if exists reader")
        connection.execute("create role reader login")
        connection.execute("create table secrets (a int)")
    with pytest.raises(WarehouseError, match=expected):
        read(database.replace("postgres:@", "reader:@"), sql)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("drop role reader")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("snowflake://joe:hunter2@acme/db", "driver snowflake to be installed.*adbc-driver-snowflake"),
        ("adbc:bigquery?project=x", "driver bigquery to be installed"),
        ("postgresql://joe:hunter2@127.0.0.1:1/db", "Connection refused"),
        ("duckdb:/nowhere/w.duckdb", "a DuckDB file at /nowhere/w.duckdb"),
        ("dbapi:no_such_module?password=hunter2", "no_such_module of UPSELL_SECRET_W to be installed"),
        ("dbapi:json?password=hunter2", "module with connect"),
        ("hunter2", "address of a warehouse in UPSELL_SECRET_W"),
    ],
)
def test_a_warehouse_that_cannot_be_asked_is_told_without_its_secret(address: str, expected: str) -> None:
    with pytest.raises(WarehouseError, match=expected) as raised:
        read(address, "select 1")
    assert "hunter2" not in str(raised.value)


def test_an_address_is_named_by_its_variable_and_never_written_out() -> None:
    assert address_of("UPSELL_SECRET_W", {"UPSELL_SECRET_W": " duckdb:w "}) == "duckdb:w"
    with pytest.raises(ConfigError, match=r"UPSELL_SECRET_V, got none; did you mean UPSELL_SECRET_W\?"):
        address_of("UPSELL_SECRET_V", {"UPSELL_SECRET_W": "duckdb:w"})
    with pytest.raises(ConfigError, match="not shown") as raised:
        address_of("postgresql://joe:hunter2@db", {})
    assert "hunter2" not in str(raised.value)
