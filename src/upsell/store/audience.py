"""Audiences: rules asked of every unit at once, in SQL over what is kept.

For counting and listing segments, saved or not. The law: the answer is the core's. What a rule counts
is counted in the ledger as far as the worker has come; what stands in a unit's row is read there;
what hangs on the catalog is told by the core's own facts and put beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from upsell.catalog.catalog import Catalog
from upsell.clock import Moment, format_moment
from upsell.decisions.carts import cart_facts
from upsell.decisions.facts import UnitFacts, tiers_of
from upsell.ids import UnitId, is_account
from upsell.journeys.actors import reads_actor
from upsell.journeys.workflow import UnitKind
from upsell.rules import tree
from upsell.rules.compile import Rule
from upsell.rules.facts import Scalar
from upsell.rules.sql import to_sql
from upsell.signals.counters import reaches_back_to
from upsell.signals.profiles import Profile
from upsell.store.connect import Connection
from upsell.store.queries import copy_rows, query

_AT_ONCE = 5_000
"""How many units' records are in memory at a time."""

_PAID = ("plan", "subscription")


class InAudience(msgspec.Struct, frozen=True):
    """A unit for which a rule is true.

    Attributes:
        unit_id: Which unit.
        since: Since when it is in the segment asked about; None where the worker has not noticed yet.
    """

    unit_id: UnitId
    since: Moment | None


class Audience:
    """The units of one kind at one moment; opened by ``open_audience`` for a few rules."""

    def __init__(self, connection: Connection, values: Mapping[str, object]) -> None:
        """Ask over a connection in whose transaction the relations were made."""
        self._connection = connection
        self._values = values

    def count(self, rules: Sequence[Rule]) -> tuple[int, ...]:
        """Count for each of the rules the units for which it is true, in one pass."""
        counts = ", ".join(f"count(*) filter (where {_written(rule)} is true)" for rule in rules)
        row = self._connection.execute(_filled("count_audience", counts=counts), self._values).fetchone()
        return row or ()

    def list(self, rule: Rule, segment: str, after: UnitId, limit: int) -> tuple[InAudience, ...]:
        """Give the units for which a rule is true, in the order of their ids.

        Args:
            rule: The rule.
            segment: Name of the segment whose memberships are told; any other text tells none.
            after: The id behind which to begin, empty for the first.
            limit: How many at most.
        """
        values = {**self._values, "segment": segment, "after": after, "limit": limit}
        rows = self._connection.execute(_filled("list_audience", rule=_written(rule)), values)
        return tuple(InAudience(unit_id, since) for unit_id, since in rows)


@contextmanager
def open_audience(
    connection: Connection, catalog: Catalog, unit: UnitKind, rules: Collection[Rule], now: Moment
) -> Iterator[Audience]:
    """Open the units of a kind for rules to be asked as of ``now``, over one state of the database.

    Args:
        connection: The database; no transaction is open.
        catalog: Plans, limits and items, as they are live.
        unit: Accounts or customers.
        rules: All that will be asked.
        now: The moment they are asked at.
    """
    scopes = {scope for rule in rules for scope, _ in rule.reads.traits}
    of_accounts = unit is UnitKind.ACCOUNT
    values = {
        "now": now,
        "kind": "a:%" if of_accounts else "c:%",
        "of_accounts": of_accounts,
        "reads_customer": "customer" in scopes and not of_accounts,
        "reads_account": "account" in scopes,
    }
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read")
        connection.execute(query("make_audience"))
        _tell_facts(connection, catalog, rules, now, of_accounts=of_accounts)
        if "cart" in scopes and not of_accounts:
            _tell_carts(connection, catalog)
        _gather_events(connection, rules, now, of_accounts=of_accounts)
        connection.execute(query("settle_audience"))
        yield Audience(connection, values)


def _tell_facts(
    connection: Connection, catalog: Catalog, rules: Iterable[Rule], now: Moment, *, of_accounts: bool
) -> None:
    """Put down what rules read of plans, use and limits, as the core's facts tell it."""
    used = sorted({metric for rule in rules for metric in rule.reads.metrics})
    if not used and not any(scope in _PAID for rule in rules for scope, _ in rule.reads.traits):
        return
    parts = (part for rule in rules for part in tree.walk(rule.tree))
    forecast = sorted(
        {part.metric for part in parts if isinstance(part, tree.Measured) and part.quantity in tree.FORECASTS}
    )
    tiers = tiers_of(catalog)

    def told(unit_id: UnitId, profile: Profile) -> tuple[str, ...]:
        account = profile if is_account(unit_id) else None
        facts = UnitFacts(profile, account, catalog, tiers, {}, now, is_account=account is not None)
        return (
            unit_id,
            _json(facts.plan),
            _json(_dated(facts.subscription)),
            _json({metric: facts.usage(metric) for metric in used}),
            _json({metric: facts.limit(metric) for metric in used}),
            _json({metric: facts.days_to_limit(metric) for metric in forecast}),
            _json({metric: facts.days_to_limit_at_least(metric) for metric in forecast}),
            _json({metric: facts.days_to_limit_at_most(metric) for metric in forecast}),
        )

    _copy(connection, "read_payers", "copy_audience_facts", 8, {"of_accounts": of_accounts}, told)


def _tell_carts(connection: Connection, catalog: Catalog) -> None:
    def told(unit_id: UnitId, profile: Profile) -> tuple[str, ...] | None:
        return (
            (unit_id, _json(_dated(cart_facts(profile.cart, catalog)))) if profile.cart is not None else None
        )

    _copy(connection, "read_carts", "copy_audience_carts", 2, {}, told)


def _gather_events(connection: Connection, rules: Iterable[Rule], now: Moment, *, of_accounts: bool) -> None:
    """Put down the events that rules count, as far back as they reach."""
    counters = [counter for rule in rules for counter in rule.counters]
    if not counters:
        return
    values = {
        "names": sorted({counter.event for counter in counters}),
        "since": min(reaches_back_to(counter, now) for counter in counters),
        "of_accounts": of_accounts,
        "reads_actor": any(reads_actor(counter) for counter in counters),
        "reads_properties": any(counter.condition or counter.property for counter in counters),
    }
    connection.execute(query("fill_audience_events"), values)


class _Kept(msgspec.Struct):
    profile: Profile


_decode = msgspec.json.Decoder(_Kept).decode
_encode = msgspec.json.Encoder().encode


def _copy(
    connection: Connection,
    source: str,
    target: str,
    columns: int,
    values: Mapping[str, object],
    told: Callable[[UnitId, Profile], Sequence[str] | None],
) -> None:
    """Read the records of units, and put down what is told of each, some thousands at a time."""
    with connection.cursor(source) as cursor:
        cursor.execute(query(source), values)
        while rows := cursor.fetchmany(_AT_ONCE):
            facts = (told(unit_id, _decode(state).profile) for unit_id, state in rows)
            copy_rows(connection, target, ["text"] * columns, (row for row in facts if row is not None))


def _dated(said: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """Give facts with moments as ISO 8601 text, as they stand in JSON."""
    return {
        name: format_moment(value) if name.endswith("_at") and type(value) is int else value
        for name, value in said.items()
    }


def _json(said: Mapping[str, Any]) -> str:
    return _encode(said).decode()


def _written(rule: Rule) -> str:
    return to_sql(rule, "postgres")


def _filled(name: str, **parts: str) -> bytes:
    """Give a query with its parts put in; a rule's own percent signs are no places for values."""
    text = query(name).decode().replace("{units}", query("audience_units").decode())
    for place, part in parts.items():
        text = text.replace("{" + place + "}", part.replace("%", "%%"))
    return text.encode()
