"""Made-up ledgers with every relation metrics read, and the engines they are put into."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb
import msgspec
import psycopg

from tests.unit.measurement.worlds import moment
from upsell.clock import DAY, HOUR, Moment, format_moment, to_datetime
from upsell.measurement.queries import Dialect

TABLES: Mapping[str, str] = {
    "ledger": "unit_id text, name text, occurred_at timestamptz, properties text, is_household boolean",
    "exposures": "workflow text, contrast text, stratum text, unit_id text, arm text, "
    "share double precision, exposed_at timestamptz, stage text",
    "decisions": "workflow text, unit_id text, decided_at timestamptz, reason text",
    "messages": "key text, workflow text, unit_id text, household_id text, channel text, offer text, "
    "terms text, sent_at timestamptz",
    "tasks": "key text, workflow text, unit_id text, household_id text, offer text, terms text, "
    "opened_at timestamptz, due_at timestamptz",
    "homes": "unit_id text, household_id text",
    "workflows": "workflow text, trigger_kind text, kind text, goal_event text, goal_within interval",
    "features": "plan text, feature text",
}


class Made(msgspec.Struct):
    """A ledger under the pen: rows by relation, and short ways to add to them."""

    rows: dict[str, list[tuple[Any, ...]]] = msgspec.field(
        default_factory=lambda: {name: [] for name in TABLES}
    )

    def workflow(
        self, key: str = "flow", *, goal: str = "Subscription Upgraded", days: int = 30, kind: str = "upgrade"
    ) -> None:
        self.rows["workflows"].append((key, "rule", kind, goal, f"{days * DAY} microseconds"))

    def decided(self, unit: str, at: Moment, reason: str = "enrolled", workflow: str = "flow") -> None:
        self.rows["decisions"].append((workflow, unit, to_datetime(at), reason))

    def exposed(
        self, unit: str, at: Moment, arm: str = "treated", workflow: str = "flow", stratum: str = "1"
    ) -> None:
        """Let a unit be decided about, and exposed."""
        self.decided(unit, at, "held_out" if arm == "holdout" else "enrolled", workflow)
        row = (workflow, "holdout", stratum, unit, arm, 0.5, to_datetime(at), "maturity")
        self.rows["exposures"].append(row)

    def sent(
        self, key: str, unit: str, at: Moment, *, workflow: str = "flow", channel: str = "email", **terms: Any
    ) -> None:
        told = json.dumps(terms) if terms else ""
        row = (key, workflow, unit, unit, channel, terms.get("offer", ""), told, to_datetime(at))
        self.rows["messages"].append(row)

    def task(self, key: str, unit: str, at: Moment, due: Moment, workflow: str = "flow") -> None:
        row = (key, workflow, unit, unit, "", "", to_datetime(at), to_datetime(due))
        self.rows["tasks"].append(row)

    def told(self, unit: str, name: str, at: Moment, /, *, is_household: bool = True, **said: Any) -> None:
        self.rows["ledger"].append((unit, name, to_datetime(at), json.dumps(said), is_household))

    def pays(self, unit: str, at: Moment, amount: int, /, **said: Any) -> None:
        """Let a unit have terms from a moment on."""
        terms: dict[str, Any] = {
            "amount": amount,
            "currency": "USD",
            "interval": "month",
            "plan": "pro",
        } | said
        self.told(unit, "Subscription Changed", at, **terms)


def in_duckdb(made: Made) -> duckdb.DuckDBPyConnection:
    """Put a ledger into DuckDB."""
    engine = duckdb.connect(config={"threads": 1})
    engine.execute("set timezone = 'UTC'")
    for name, columns in TABLES.items():
        engine.execute(f"create table {name} ({columns})")
        if rows := made.rows[name]:
            engine.executemany(f"insert into {name} values ({', '.join('?' * len(rows[0]))})", rows)
    return engine


def into_postgres(connection: psycopg.Connection[Any], made: Made) -> None:
    """Put a ledger into temporary tables of a session."""
    for name, columns in TABLES.items():
        connection.execute(f"drop table if exists pg_temp.{name}".encode())
        connection.execute(f"create temporary table {name} ({columns})".encode())
        if rows := made.rows[name]:
            with connection.cursor() as cursor:
                marks = ", ".join(["%s"] * len(rows[0]))
                cursor.executemany(f"insert into {name} values ({marks})".encode(), rows)


def rows_of(answer: Iterable[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """Give rows in order, every count a whole number of Python."""
    whole = [
        tuple(value if value is None or isinstance(value, str) else int(value) for value in row)
        for row in answer
    ]
    return sorted(whole, key=lambda row: tuple(str(value) for value in row))


DIALECTS = tuple(Dialect)

_MONEY = ("Subscription Started", "Subscription Changed", "Subscription Renewed")
_REASONS = ("ineligible", "capped", "outranked", "enrolled", "held_out", "finished", "control")


def random_ledger(seed: int, units: int) -> Made:
    """Draw a ledger in which everything any metric reads occurs, readable and not."""
    chance = random.Random(seed)
    made = Made()
    made.workflow("flow")
    made.workflow("äther", goal="Subscription Renewed", days=45, kind="retention")
    for plan, features in (("free", ()), ("pro", ("export",)), ("max", ("export", "sso"))):
        made.rows["features"] += [(plan, feature) for feature in features]
    keys: list[str] = []
    for number in range(units):
        unit = f"a:{number}é"
        made.rows["homes"].append((unit, unit))
        made.rows["homes"] += [(f"c:{unit}{person}", unit) for person in range(chance.randrange(4))]
        for flow in ("flow", "äther", "gone"):
            _attempt(made, chance, unit, flow, keys)
        _subscribe(made, chance, unit)
        _live(made, chance, unit, f"d{number % 5}")
    for key in keys:
        _answer(made, chance, key)
    return made


def _at(chance: random.Random) -> Moment:
    return moment("2024-01-01") + chance.randrange(-100, 200) * DAY + chance.choice([0, HOUR, 7])


def _attempt(made: Made, chance: random.Random, unit: str, flow: str, keys: list[str]) -> None:
    for _ in range(chance.randrange(3)):
        made.decided(unit, _at(chance), chance.choice(_REASONS), flow)
    if chance.random() < 0.6:
        made.exposed(unit, _at(chance), chance.choice(["treated", "holdout"]), flow)
    priced = {"offer": "o", "price": 4900, "cost": 900, "discount_rate": 0.2, "currency": "USD"}
    for _ in range(chance.randrange(3)):
        keys.append(key := f"m{len(keys)}")
        terms: dict[str, Any] = chance.choice([{}, priced])
        made.sent(key, unit, _at(chance), workflow=flow, channel=chance.choice(["email", "sms"]), **terms)
    if chance.random() < 0.4:
        keys.append(key := f"t{len(keys)}")
        opened = _at(chance)
        made.task(key, unit, opened, opened + 2 * DAY, flow)
    if chance.random() < 0.4:
        keys.append(key := f"p{len(keys)}")
        terms = {"offer": "o", "price": 100, "discount_rate": 0.0, "currency": "EUR"}
        said: dict[str, Any] = {
            "prompt": f"s/{key}",
            "workflow": flow,
            "unit": unit,
            "offer": "o",
            "terms": terms,
        }
        made.told(unit, "Prompt Offered", _at(chance), **{"key": key, **said})
        made.told(unit, "Prompt Shown", _at(chance), key=key)


def _subscribe(made: Made, chance: random.Random, unit: str) -> None:
    for _ in range(chance.randrange(9)):
        terms = {
            "amount": chance.choice([0, 5, 999, 123457, 49.5, "77", 2.0, None]),
            "currency": chance.choice(["USD", "USD", "usd", "EUR", None]),
            "interval": chance.choice(["month", "month", "year", "day"]),
            "status": chance.choice(["active", "active", "trialing", None]),
            "subscription_id": chance.choice(["default", "seats"]),
            "plan": chance.choice(["free", "pro", "max", "Zulu", None]),
        }
        when, is_household = _at(chance), chance.random() < 0.9
        made.told(unit, chance.choice(_MONEY), when, is_household=is_household, **terms)
        if chance.random() < 0.7:
            made.told(unit, "Subscription Upgraded", when)
    # One that is always readable, so that revenue rises and falls often enough.
    for _ in range(chance.randrange(4)):
        made.pays(unit, _at(chance), chance.randrange(100, 900), subscription_id="steady")
    if chance.random() < 0.3:
        ends_at = chance.choice([None, "soon", format_moment(_at(chance))])
        made.told(unit, "Subscription Canceled", _at(chance), ends_at=ends_at)


def _live(made: Made, chance: random.Random, unit: str, deal: str) -> None:
    closed: dict[str, Any] = {
        "outcome": chance.choice(["won", "lost"]),
        "amount": chance.choice([900, "x", None]),
    }
    happenings: list[tuple[str, dict[str, Any]]] = [
        ("Order Completed", {"amount": 500, "currency": "USD"}),
        ("Refunded", {"amount": 500, "currency": chance.choice(["USD", "EUR"])}),
        ("Subscription Downgraded", {}),
        ("Consent Withdrawn", {"channel": "email"}),
        ("Consent Withdrawn", {"channel": "*", "until": "2026-12-01T00:00:00Z"}),
        ("Message Complained", {"key": "m1"}),
        ("Ticket Opened", {"ticket_id": "1"}),
        ("Feature Used", {"feature": chance.choice(["export", "sso"])}),
        ("Survey Answered", {"kind": "nps", "score": chance.choice([0, 6, 7.0, 8, 9, 10, 11, "many"])}),
        ("Segment Entered", {"segment": "big", "unit": unit}),
        ("Segment Left", {"segment": "big", "unit": unit}),
    ]
    opened_at = _at(chance)
    made.told(unit, "Deal Opened", opened_at, deal_id=deal, amount=chance.choice([100, None]), currency="EUR")
    if chance.random() < 0.7:
        made.told(unit, "Deal Closed", opened_at + DAY, deal_id=deal, currency="usd", **closed)
    for name, said in happenings:
        if chance.random() < 0.5:
            made.told(unit, name, _at(chance), **said)


_ANSWERS = ("Message Opened", "Message Clicked", "Prompt Clicked", "Prompt Dismissed", "Task Closed")


def _answer(made: Made, chance: random.Random, key: str) -> None:
    for name in (*_ANSWERS, "Offer Accepted"):
        if chance.random() < 0.4:
            outcome = chance.choice(["Meeting set", "no", None])
            said_key = f"s/{key}" if key[0] == "p" and name == "Offer Accepted" else key
            made.told("a:0é", name, _at(chance), key=said_key, offer="o", outcome=outcome)
