"""A big store: some lives through the real engine, and every row they left again under other ids.

Accounts of the demo's company, customers without an account, and one household with very many events live
through intake, worker, outbox and a mail server. Then what they left is written many times over in SQL: ids
of units, events, enrollments and messages are others in each copy; moments and all else are the same.

What copies lack is what keeps an event from being taken twice, and the key of a mail's address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from heapq import merge
from pathlib import Path
from random import Random
from typing import Final

import msgspec

from upsell.clock import DAY, HOUR, Duration, Moment, parse_moment
from upsell.ids import bare
from upsell.runtime.apply import apply
from upsell.runtime.company import YEAR, Company
from upsell.runtime.demo import find_workspace
from upsell.runtime.guarding import count
from upsell.runtime.learning import learn
from upsell.runtime.replay import ListedEvents, Replay, Source
from upsell.runtime.simulate import Simulation
from upsell.runtime.sink import open_sink
from upsell.signals.events import Event
from upsell.store.connect import Connection

STARTS_AT: Final[Moment] = parse_moment("2026-01-01T00:00:00Z") or 0

HEAVY: Final = "heavy"
"""The account whose household has very many events; its members are called after it."""

MEMBERS: Final = 20
"""How many members that account has."""

_STEP: Final[Duration] = 12 * HOUR
_NAMES: Final = ("Usage Recorded", "Pricing Viewed", "Feature Gate Hit", "Report Viewed")

# What stands in a column of this name is made another in each copy; every other column stays as it is.
_IDS: Final = ("unit_id", "household_id", "customer_id", "account_id")
_KEYS: Final = ("key", "enrollment", "message_id", "address")
_NUMBERS: Final = ("position", "number")
_TEXTS: Final = ("state", "engaged", "properties", "trigger")

_OTHERS: Final = {
    "events": "household_id",
    "units": "household_id",
    "rosters": "household_id",
    "members": "account_id",
    "decisions": "unit_id",
    "exposures": "unit_id",
    "outbox": "household_id",
    "tasks": "household_id",
    "places": "customer_id",
    "letters": "key",
}
"""The tables that grow with customers, each with the column that tells whose a row is."""

_COPIED: Final = r"""
create function copied(said text, copy bigint) returns text language sql immutable parallel safe as $$
    select replace(replace(
        regexp_replace(said, '"([0-9a-f]{20}|[0-9a-f]{32})"', '"\1x' || copy || '"', 'g'),
        'acct-', 'acct' || copy || '-'), 'alone-', 'alone' || copy || '-')
$$
"""


class Seed(msgspec.Struct, frozen=True):
    """What lives through the engine: accounts, customers without one, how long, events of the heavy one."""

    accounts: int = 100
    alone: int = 160
    lasts: Duration = YEAR
    heavy_events: int = 50_000


class _Both:
    """Two sources of events as one."""

    def __init__(self, *sources: Source) -> None:
        self._sources = sources

    def next_at(self) -> Moment | None:
        return min((at for each in self._sources if (at := each.next_at()) is not None), default=None)

    def take_until(self, at: Moment) -> list[Event]:
        taken = [each.take_until(at) for each in self._sources]
        return list(merge(*taken, key=lambda event: event.occurred_at))


def live(url: str, seed: Seed) -> Moment:
    """Let the seed live on an empty database; give the moment up to which it did."""
    company = Company(seed=1, accounts=seed.accounts, starts_at=STARTS_AT, lasts=seed.lasts)
    end = company.ends_at + (30 * DAY if seed.heavy_events else 0)
    with open_sink() as sink:
        replay = Replay(url, sink, STARTS_AT, step=_STEP)
        try:
            simulation = Simulation(company)
            apply(replay.connection, find_workspace(Path.cwd()), replay.clock, expected=0, note="big store")
            replay.take(simulation.history())
            source = _Both(
                simulation, ListedEvents([*_alone(seed), *_heavy(seed.heavy_events, company.ends_at)])
            )
            replay.run(
                source, end, lambda mail: simulation.hear(bare(mail.unit_id), mail.workflow, mail.at), _nobody
            )
            count(replay.connection, replay.clock, lambda: False)
            learn(replay.connection)
        finally:
            replay.close()
    return end


def multiply(connection: Connection, times: int, told: Callable[[str], None] = lambda _: None) -> None:
    """Write every row that grows with customers so many times in all, and let the engine's places follow."""
    connection.execute(_COPIED)
    connection.execute("set synchronous_commit = off")
    connection.execute("set maintenance_work_mem = '512MB'")
    versions = [row[0] for row in connection.execute("select distinct version from decisions")]
    with _without_indexes(connection, told):
        for table, of in _OTHERS.items():
            told(table)
            _multiply(connection, table, of, times, versions)
    for table in ("ledger_head", "cursors", "guarded", "learned"):
        connection.execute(f"update {table} set position = (position + 1) * {times}")
    for table, column in (("guarded_messages", "sent"), ("guarded_units", "units"), ("seen_kinds", "count")):
        connection.execute(f"update {table} set {column} = {column} * {times}")
    told("vacuum")
    connection.execute("vacuum analyze")


def _multiply(connection: Connection, table: str, of: str, times: int, versions: list[str]) -> None:
    """Write the rows of one table again, in the order in which the first ones came."""
    columns = [
        row[0]
        for row in connection.execute(
            "select column_name from information_schema.columns"
            " where table_name = %s and table_schema = 'public' order by ordinal_position",
            (table,),
        )
    ]
    order = next((name for name in _NUMBERS if name in columns), None)
    is_heavy = (
        f"{of} in (select key from outbox where household_id = 'a:{HEAVY}')"
        if table == "letters"
        else f"{of} ~ '^(a:|c:)?{HEAVY}'"
    )
    # What is numbered stays in order: each row's copies stand between it and the next one.
    numbered = [name for name in columns if name in _NUMBERS]
    for name in numbered:
        override = "" if table == "events" else " overriding system value"
        said = ", ".join(f"{each} * {times}" if each == name else each for each in columns)
        connection.execute(f"create temporary table renumbered as select {said} from {table}")
        connection.execute(f"truncate {table}")
        connection.execute(f"insert into {table} ({', '.join(columns)}){override} select * from renumbered")
        connection.execute("drop table renumbered")
    said = ", ".join(_copied_column(name, table, versions) for name in columns)
    override = " overriding system value" if numbered and table != "events" else ""
    connection.execute(
        f"create temporary table seed as select * from {table} where not {is_heavy}"
        + (f" order by {order}" if order else "")
    )
    connection.execute("analyze seed")
    connection.execute(
        f"insert into {table} ({', '.join(columns)}){override} select {said} from seed"
        f" cross join lateral generate_series(1, {times - 1}) as copies (copy)"
    )
    connection.execute("drop table seed")


def _copied_column(name: str, table: str, versions: list[str]) -> str:
    if name in _IDS:
        return f"replace(replace({name}, 'acct-', 'acct' || copy || '-'), 'alone-', 'alone' || copy || '-')"
    if name in _KEYS and not (name == "key" and table == "seen_kinds"):
        return f"{name} || 'x' || copy"
    if name in _NUMBERS:
        return f"{name} + copy"
    if name == "state" and table == "outbox":
        return name
    if name in _TEXTS:
        said = f"copied({name}, copy)"
        for version in versions:
            # Definitions are the same for all.
            said = f"""replace({said}, '"{version}x' || copy || '"', '"{version}"')"""
        return f"case when is_derived then {said} else {name} end" if table == "events" else said
    return name


@contextmanager
def _without_indexes(connection: Connection, told: Callable[[str], None]) -> Iterator[None]:
    """Drop what is no constraint's index meanwhile: to write first and sort afterwards is far less work."""
    found = connection.execute(
        "select indexname, indexdef from pg_indexes where schemaname = 'public' and tablename = any(%s)"
        " and indexname not in (select conname from pg_constraint)",
        (list(_OTHERS),),
    ).fetchall()
    for name, _ in found:
        connection.execute(f"drop index {name}")
    yield
    for name, definition in found:
        told(name)
        connection.execute(definition.replace(" ON ONLY ", " ON "))


def _alone(seed: Seed) -> Iterator[Event]:
    """Customers who are in no account: each is heard of, and one in three looks at the prices."""
    draw = Random(7)
    for number in range(seed.alone):
        at = STARTS_AT + draw.randrange(seed.lasts - DAY)
        who, traits = f"alone-{number:05d}", {"email": f"alone-{number:05d}@example.com", "first_name": "Ida"}
        yield Event(f"i{who}", "Customer Identified", at, at, who, None, traits, "api")
        if number % 3 == 0:
            yield Event(f"p{who}", "Pricing Viewed", at + HOUR, at + HOUR, who, None, {}, "api")


def _heavy(number: int, since: Moment) -> Iterator[Event]:
    """Events of one account and its members over 30 days."""
    draw = Random(8)
    members = [f"{HEAVY}-{place}" for place in range(MEMBERS)]
    for who in members if number else ():
        traits = {"email": f"{who}@example.com", "first_name": "Ola"}
        yield Event(f"i{who}", "Customer Identified", since, since, who, HEAVY, traits, "api")
    for place in range(number):
        at = since + HOUR + place * (29 * DAY) // number
        name = _NAMES[place % len(_NAMES)]
        said = {"metric": "reports", "amount": 1, "feature": "audit-log"}
        yield Event(f"h{place}", name, at, at, draw.choice(members), HEAVY, said, "api")


def _nobody(_: object) -> None:
    """Tell nobody."""
