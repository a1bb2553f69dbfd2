"""Measuring: what is laid out for an engine saves work and changes no answer."""

from __future__ import annotations

import duckdb
import msgspec
import sqlglot
from sqlglot import exp

from tests.unit.measurement.test_queries import _random_world
from tests.unit.measurement.worlds import DuckWorld, question
from upsell.measurement.lift import read_lift
from upsell.measurement.measuring import measure, read_cuts
from upsell.measurement.queries import (
    SHARED,
    Dialect,
    Query,
    cut_query,
    layout_queries,
    outcome_queries,
    reading_queries,
)

ASKED = msgspec.structs.replace(
    question("2024-06-01", arms=("trial", "Annual")), serving=(("pro", 700), ("team", 1_900))
)


def tables(sql: str) -> set[str]:
    """Name what a statement reads of the session."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    written = {cte.alias for cte in tree.find_all(exp.CTE)}
    return {table.name for table in tree.find_all(exp.Table)} - written


def test_what_is_laid_out_changes_no_answer() -> None:
    # Oracle: every query as a whole statement of its own, over nothing but exposures and events.
    world = DuckWorld(*_random_world(seed=11, units=150))
    cuts = read_cuts(world.run(cut_query(ASKED, Dialect.DUCKDB)))
    alone = outcome_queries(ASKED, Dialect.DUCKDB) | reading_queries(ASKED, Dialect.DUCKDB, cuts)
    expected = read_lift(ASKED, {query: world.run(sql) for query, sql in alone.items()}, cuts)
    found = measure(ASKED, world.run, Dialect.DUCKDB, has_readings=True)
    assert found == expected
    assert any(lift.readings for lift in found.lifts)
    plain = measure(ASKED, world.run, Dialect.DUCKDB)
    assert plain == read_lift(ASKED, {query: world.run(alone[query]) for query in list(Query)[:3]})


def test_once_it_is_laid_out_no_query_of_the_plain_reading_asks_for_the_events_or_the_exposures() -> None:
    read = [tables(sql) for sql in outcome_queries(ASKED, Dialect.DUCKDB, SHARED).values()]
    assert set().union(*read) <= set(SHARED)
    laid = {name: tables(sql) for name, sql in layout_queries(ASKED, Dialect.DUCKDB).items()}
    assert [name for name, names in laid.items() if "exposures" in names] == ["first_exposures"]
    # What subscriptions say is taken out of the events once, and what trades say; outcomes ask for the goal.
    of_events = [name for name, names in laid.items() if "events" in names]
    assert of_events == ["term_events", "trade_events", "unit_outcomes"]


def test_nothing_that_was_laid_out_stays_and_a_table_of_the_same_name_is_not_touched() -> None:
    world = DuckWorld(*_random_world(seed=11, units=20))
    before = measure(ASKED, world.run, Dialect.DUCKDB)
    for name in SHARED:
        world.run(f"create table {name} as select 7 as seven")
    assert measure(ASKED, world.run, Dialect.DUCKDB) == before
    assert [world.run(f"from {name}") for name in SHARED] == [[(7,)]] * len(SHARED)
    assert world.run("select table_name from duckdb_tables() where temporary") == []


def test_duckdb_reads_the_properties_of_an_event_about_money_in_one_pass() -> None:
    def extractions(dialect: Dialect) -> tuple[set[str], int]:
        sql = layout_queries(ASKED, dialect)["term_events"]
        found = list(sqlglot.parse_one(sql, dialect=dialect.value).find_all(exp.JSONExtractScalar))
        return {each.sql(dialect="duckdb") for each in found}, len(found)

    assert [len(extractions(dialect)[0]) for dialect in (Dialect.DUCKDB, Dialect.POSTGRES)] == [1, 8]
    assert extractions(Dialect.DUCKDB)[1] == 8


def test_one_pass_over_a_json_text_finds_in_duckdb_what_eight_passes_find() -> None:
    # Oracle: the extraction of one property at a time.
    texts = ['{"a": null, "b": 1.50}', '{"b": {"c": 1}}', '{"a": "\\u00e9", "b": ""}', "[1]", "3", "{}"]
    with duckdb.connect() as engine:
        engine.execute("create table t as select unnest(?) as j", [texts])
        alone = engine.execute("select j::json ->> '$.a', j::json ->> '$.b' from t").fetchall()
        together = engine.execute(
            "select (j::json ->> ['$.a', '$.b'])[1], (j::json ->> ['$.a', '$.b'])[2] from t"
        )
        assert together.fetchall() == alone
