"""Made-up exposures and events, and the engines they are put into."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import duckdb
import msgspec
import psycopg

from upsell.clock import DAY, Duration, Moment, parse_moment, to_datetime
from upsell.measurement.queries import Dialect, Query, outcome_queries, unit_outcomes
from upsell.measurement.question import Question

GOAL = "Subscription Upgraded"
WORKFLOW = "api-quota"

_RELATIONS = """
create table exposures (
    workflow text, contrast text, stratum text, unit_id text, arm text,
    share double precision, exposed_at timestamptz, account text
);
create table spendings (unit_id text, spent_at timestamptz, amount bigint);
create table events (unit_id text, name text, occurred_at timestamptz, properties text);
"""


class Exposure(msgspec.Struct, frozen=True):
    """One row of exposures."""

    unit: str
    at: Moment
    arm: str = "treated"
    contrast: str = "holdout"
    stratum: str = "1"
    share: float = 0.5
    workflow: str = WORKFLOW
    account: str = ""


class Told(msgspec.Struct, frozen=True):
    """One row of events."""

    unit: str
    name: str
    at: Moment
    properties: Mapping[str, Any] = {}


def moment(text: str) -> Moment:
    """Read a day or a moment, in UTC."""
    found = parse_moment(text if "T" in text else f"{text}T00:00:00Z")
    assert found is not None
    return found


def question(
    as_of: str = "2026-01-01",
    *,
    goal_within: Duration = 30 * DAY,
    horizon: Duration = 90 * DAY,
    currency: str = "USD",
    arms: tuple[str, ...] = (),
) -> Question:
    return Question(
        workflow=WORKFLOW,
        goal_event=GOAL,
        goal_within=goal_within,
        as_of=moment(as_of),
        currency=currency,
        horizon=horizon,
        arms=arms,
    )


def monthly(amount: int, **others: object) -> dict[str, Any]:
    """Give the properties of monthly terms in dollars."""
    return {"amount": amount, "currency": "USD", "interval": "month", "status": "active"} | others


def yearly(amount: int, **others: object) -> dict[str, Any]:
    """Give the properties of yearly terms in dollars."""
    return monthly(amount, interval="year") | others


def _exposure_rows(exposures: Iterable[Exposure]) -> list[tuple[Any, ...]]:
    return [
        (e.workflow, e.contrast, e.stratum, e.unit, e.arm, e.share, to_datetime(e.at), e.account)
        for e in exposures
    ]


def _event_rows(events: Iterable[Told]) -> list[tuple[Any, ...]]:
    return [(e.unit, e.name, to_datetime(e.at), json.dumps(dict(e.properties))) for e in events]


class DuckWorld:
    """A world in DuckDB."""

    dialect = Dialect.DUCKDB

    def __init__(self, exposures: Iterable[Exposure], events: Iterable[Told], zone: str = "UTC") -> None:
        self._connection = duckdb.connect()
        self._connection.execute(f"set threads = 1; set timezone = '{zone}'")
        self._connection.execute(_RELATIONS)
        for table, rows in (
            ("exposures", _exposure_rows(exposures)),
            ("events", _event_rows(events)),
        ):
            if rows:
                marks = ", ".join("?" * len(rows[0]))
                self._connection.executemany(f"insert into {table} values ({marks})", rows)

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql).fetchall()


class PostgresWorld:
    """A world in a schema of its own in PostgreSQL, gone when the connection closes."""

    dialect = Dialect.POSTGRES

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        exposures: Iterable[Exposure],
        events: Iterable[Told],
        zone: str = "UTC",
    ) -> None:
        self._connection = connection
        temporary = _RELATIONS.replace("create table", "create temporary table")
        connection.execute(
            f"set time zone '{zone}'; drop table if exists exposures, events, spendings; {temporary}"
        )
        with connection.cursor() as cursor:
            cursor.executemany(
                "insert into exposures values (%s, %s, %s, %s, %s, %s, %s, %s)", _exposure_rows(exposures)
            )
            cursor.executemany("insert into events values (%s, %s, %s, %s)", _event_rows(events))

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql.encode()).fetchall()


World = DuckWorld | PostgresWorld


# Writing the SQL costs as much as running it on a small world, and few questions are asked.
_queries = cache(outcome_queries)
_outcomes = cache(unit_outcomes)


def rows_of(world: World, asked: Question) -> dict[Query, Sequence[Sequence[Any]]]:
    """Run every query of a question."""
    return {query: world.run(sql) for query, sql in _queries(asked, world.dialect).items()}


class Outcome(msgspec.Struct, frozen=True):
    """One unit's outcomes; None while the window is open."""

    stratum: str
    arm: str
    conversion: int | None
    revenue: int | None
    recurring: int | None


def outcomes_of(world: World, asked: Question) -> dict[tuple[str, str], Outcome]:
    """Give each unit's outcomes by contrast and unit."""
    return {
        (contrast, unit): Outcome(stratum, arm, conversion, revenue, recurring)
        for _, contrast, stratum, arm, unit, _, conversion, revenue, recurring, *_ in world.run(
            _outcomes(asked, world.dialect)
        )
    }


def outcome(
    events: Iterable[Told], *, exposed_at: str = "2024-01-01", asked: Question | None = None
) -> Outcome:
    """Give the outcomes of unit ``u``, exposed once, in DuckDB."""
    world = DuckWorld([Exposure("u", moment(exposed_at))], events)
    return outcomes_of(world, asked or question())["holdout", "u"]
