"""The law of three interpreters: closure, DuckDB and PostgreSQL give one answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb
import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests import rules_generated as generated
from tests.drawing import examples
from tests.rules_world import NOON, Happening, World
from upsell.clock import DAY, HOUR
from upsell.rules.canonical import canonical
from upsell.rules.compile import Rule, compile_rule
from upsell.rules.read import read
from upsell.rules.sql import to_sql

_COLUMNS = (
    *("customer", "account", "plan", "subscription", "cart", "fit", "usage", "limits"),
    *("days_to_limit", "days_to_limit_at_least", "days_to_limit_at_most"),
)
_EXAMPLES = settings(
    max_examples=examples(100, few=12),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture(scope="module")
def postgres(postgres_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("set time zone 'Asia/Kolkata'")
        yield connection


@pytest.fixture(scope="module")
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def ask_postgres(
    connection: psycopg.Connection[Any], rules: Sequence[Rule], worlds: Sequence[World]
) -> list[tuple[object, ...]]:
    """Ask all rules over all worlds in one statement."""
    columns = ", ".join(f"{name} jsonb" for name in _COLUMNS)
    asked = ", ".join(to_sql(rule, "postgres") for rule in rules)
    statement = (
        f"WITH u AS MATERIALIZED (SELECT * FROM jsonb_to_recordset(%s::jsonb)"
        f" AS r(unit_id text, now timestamptz, {columns})),"
        " events AS MATERIALIZED (SELECT * FROM jsonb_to_recordset(%s::jsonb)"
        " AS r(unit_id text, name text, occurred_at timestamptz, properties jsonb))"
        f" SELECT {asked} FROM u ORDER BY unit_id".replace("%", "%%").replace("%%s", "%s")
    )
    return connection.execute(statement, (_units(worlds), _events(worlds))).fetchall()


def ask_duckdb(
    connection: duckdb.DuckDBPyConnection, rules: Sequence[Rule], worlds: Sequence[World]
) -> list[tuple[object, ...]]:
    """Ask all rules over all worlds in one statement."""
    members = ", ".join(f"r ->> '$.{name}' AS {name}_text" for name in _COLUMNS)
    typed = ", ".join(f"CAST({name}_text AS JSON) AS {name}" for name in _COLUMNS)
    asked = ", ".join(to_sql(rule, "duckdb") for rule in rules)
    elements = "SELECT unnest(CAST(CAST(? AS JSON) AS JSON[])) AS r"
    statement = (
        "WITH raw AS (SELECT r ->> '$.unit_id' AS unit_id, CAST(r ->> '$.now' AS TIMESTAMPTZ) AS now,"
        f" {members}"
        f" FROM ({elements})), u AS (SELECT unit_id, now, {typed} FROM raw),"
        " events AS (SELECT r ->> '$.unit_id' AS unit_id, r ->> '$.name' AS name,"
        " CAST(r ->> '$.occurred_at' AS TIMESTAMPTZ) AS occurred_at,"
        " CAST(r ->> '$.properties' AS JSON) AS properties"
        f" FROM ({elements}))"
        f" SELECT {asked} FROM u ORDER BY unit_id"
    )
    return connection.execute(statement, [_units(worlds), _events(worlds)]).fetchall()


def _units(worlds: Sequence[World]) -> str:
    return json.dumps([world.row(f"c:{index:03}", NOON) for index, world in enumerate(worlds)])


def _events(worlds: Sequence[World]) -> str:
    return json.dumps(
        [row for index, world in enumerate(worlds) for row in world.event_rows(f"c:{index:03}")]
    )


def assert_all_agree(
    duck: duckdb.DuckDBPyConnection,
    postgres: psycopg.Connection[Any],
    rules: Sequence[Rule],
    worlds: Sequence[World],
) -> None:
    """Compare the three answers for every rule and world, to the last bit."""
    answers = {"duckdb": ask_duckdb(duck, rules, worlds), "postgres": ask_postgres(postgres, rules, worlds)}
    for column, rule in enumerate(rules):
        for line, world in enumerate(worlds):
            expected = world.asked(rule)
            for name, rows in answers.items():
                found = rows[line][column]
                assert found == expected and (found is None) == (expected is None), (
                    f"{name} says {found!r}, the closure {expected!r}: {rule.canonical}\n{world}"
                )


@_EXAMPLES
@given(
    texts=st.lists(generated.booleans(), min_size=1, max_size=6),
    worlds=st.lists(generated.worlds, min_size=1, max_size=6),
)
def test_conditions_mean_the_same_in_python_duckdb_and_postgresql(
    duck: duckdb.DuckDBPyConnection, postgres: psycopg.Connection[Any], texts: list[str], worlds: list[World]
) -> None:
    rules = [compile_rule(text, generated.VOCABULARY) for text in texts]
    assert_all_agree(duck, postgres, rules, worlds)


@_EXAMPLES
@given(
    texts=st.lists(
        st.one_of(generated.still_numbers(), generated.moving_numbers(), generated.still_moments()),
        min_size=1,
        max_size=6,
    ),
    worlds=st.lists(generated.worlds, min_size=1, max_size=6),
)
def test_numbers_and_moments_are_the_same_to_the_last_bit_everywhere(
    duck: duckdb.DuckDBPyConnection, postgres: psycopg.Connection[Any], texts: list[str], worlds: list[World]
) -> None:
    rules = [compile_rule(text, generated.VOCABULARY, expects=None) for text in texts]
    assert_all_agree(duck, postgres, rules, worlds)


def test_windows_end_at_the_same_instant_everywhere_also_where_they_are_kept_in_tiles(
    duck: duckdb.DuckDBPyConnection, postgres: psycopg.Connection[Any]
) -> None:
    edges = [
        (NOON - span * DAY) // tile * tile + near
        for span in (1, 7, 14, 30, 60, 90, 180)
        for tile in (1, HOUR, DAY)
        for near in (-1, 0, 1, tile - 1, tile)
    ]
    world = World(events=tuple(Happening("X", edge) for edge in edges))
    asked = [f"event_count('X', interval '{days} days')" for days in (1, 7, 14, 30, 60, 90, 180)]
    asked += [f"trend('X', interval '{days} days')" for days in (1, 7, 30, 60, 90)]
    asked += ["event_count('X', interval '30000 days')", "trend('X', interval '15000 days')"]
    rules = [compile_rule(text, generated.VOCABULARY, expects=None) for text in asked]
    assert_all_agree(duck, postgres, rules, [world])


@settings(max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=generated.booleans())
@example(text="customer.b and customer.n between 0 and 1")
@example(text="-(-customer.n) - (1 - 2) > -(-1)")
def test_the_canonical_text_is_read_back_as_itself(text: str) -> None:
    written = canonical(read(text).tree)
    again = read(written)
    assert again.complaints.problems == []
    assert canonical(again.tree) == written
