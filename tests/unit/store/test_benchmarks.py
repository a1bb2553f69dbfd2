"""Benchmarks are measured in the database as the pure functions of decisions see each unit."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable

import msgspec
import pytest

from tests.stories.world import DAY, HOUR, SETTINGS, START
from upsell.catalog.catalog import Catalog
from upsell.clock import Moment, SetClock
from upsell.decisions.benchmarks import Cohort, cohort_of, rounded
from upsell.decisions.facts import UnitFacts, tiers_of
from upsell.decisions.proof import last_period, used_in
from upsell.ids import is_account
from upsell.journeys.household import Unit
from upsell.runtime.benchmarking import question_of
from upsell.signals.profiles import Profile, Subscription, Usage, months_after, usage_period
from upsell.store.benchmarks import (
    Measured,
    Question,
    keep_benchmarks,
    measure_cohorts,
    newest_benchmark_day,
    read_benchmarks,
)
from upsell.store.connect import Connection, connect
from upsell.workspace.compile import compile_documents

pytestmark = pytest.mark.postgres

CATALOG = """
default_plan: free
metrics:
  reports: {name: report, benchmark: true}
  exports: {name: export, benchmark: true}
  other: {name: other}
plans:
  free: {name: Free, tier: 0}
  starter: {name: Starter, tier: 1, price: {month: 49}}
  pro: {name: Pro, tier: 2, price: {month: 149}}
  chat: {name: Chat, tier: 1, family: chat}
products:
  sso: {kind: add-on, name: SSO, price: {month: 20}}
  suite: {kind: bundle, name: Suite, price: {month: 200}, contains: [pro, sso]}
"""
NOW = START + 400 * DAY


def catalog_of(more: str = "benchmark: {least: 10}") -> Catalog:
    documents = {"upsell.yaml": SETTINGS, "catalog.yaml": f"{CATALOG}{more}\n"}
    return compile_documents(documents).program.catalog


def asked(catalog: Catalog) -> Question:
    question = question_of(catalog)
    assert question is not None
    return question


def put(connection: Connection, units: Iterable[Unit], household_id: str | None = None) -> None:
    rows = [(unit.id, household_id or unit.id, msgspec.json.encode(unit).decode()) for unit in units]
    statement = (
        "insert into units (unit_id, household_id, shard, state, taken_at) values (%s, %s, 0, %s, now())"
    )
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(statement, rows)


def subscription(luck: random.Random, number: int) -> Subscription:
    started_at = NOW - luck.randrange(-5, 500) * DAY - luck.randrange(24) * HOUR
    ends_at = luck.choice([None, None, None, NOW - DAY, NOW, NOW + DAY])
    return Subscription(
        id=f"s{number}",
        plan=luck.choice(["starter"] * 6 + ["pro", "chat", "sso", "suite", "unknown"]),
        quantity=luck.choice([1, 3, 3, 4, 5, 5, 6, 2.5]),
        amount=4900,
        currency="USD",
        interval_months=1,
        status=luck.choice(["active"] * 7 + ["trialing"]),
        started_at=started_at,
        ends_at=ends_at,
    )


def usage(luck: random.Random, anchor: Moment | None) -> Usage:
    if luck.random() < 0.1:
        return Usage(luck.randrange(9), None, level_at=NOW)
    present, _ = usage_period(anchor, NOW)
    starts = [months_after(present, -each) for each in range(luck.randrange(3))][::-1] or [present]
    if luck.random() < 0.1:
        starts = [at + DAY for at in starts]
    if luck.random() < 0.1:
        starts.insert(0, months_after(starts[0], -1) + 3 * DAY)
        starts.sort()
    amounts = [luck.choice([0, luck.expovariate(0.01), luck.randrange(1, 500)]) for _ in starts]
    return Usage(amounts[-1], starts[-1], past=list(zip(starts, amounts, strict=True))[:-1])


def company(luck: random.Random, size: int) -> list[Unit]:
    units = []
    for number in range(size):
        industry = luck.choice([None, 7, "", "law", *["retail"] * 5])
        profile = Profile(traits={"industry": industry} if luck.random() < 0.95 else {})
        for each in range(luck.choice([0, 1, 1, 1, 1, 2])):
            held = subscription(luck, each)
            profile.subscriptions[held.id] = held
        anchors = [None, *(held.started_at for held in profile.subscriptions.values())]
        for metric in ("reports", "exports", "other"):
            if luck.random() < 0.8:
                profile.usage[metric] = usage(luck, luck.choice(anchors[1:] or anchors))
        units.append(Unit(luck.choice(["a:", "c:"]) + f"u{number}", profile))
    return units


def facts_of(unit: Unit, catalog: Catalog) -> UnitFacts:
    of_account = is_account(unit.id)
    account = unit.profile if of_account else None
    return UnitFacts(unit.profile, account, catalog, tiers_of(catalog), {}, NOW, is_account=of_account)


def by_hand(units: list[Unit], catalog: Catalog) -> list[Measured]:
    """Every cohort by the pure functions, one unit after the other, and its quartiles by their definition."""
    amounts: dict[tuple[str, Cohort], list[float]] = defaultdict(list)
    for unit in units:
        facts = facts_of(unit, catalog)
        cohort = cohort_of(facts, catalog.peers, is_account=is_account(unit.id))
        for metric in ("reports", "exports"):
            recorded = unit.profile.usage.get(metric)
            used = used_in(recorded, *last_period(facts)) if recorded is not None else None
            if cohort is not None and used is not None and used > 0:
                amounts[metric, cohort].append(used)
    found = []
    for (metric, cohort), told in amounts.items():
        told.sort()
        quartiles = None
        if len(told) >= catalog.peers.least and told[-1] <= sum(told) / 2:
            quartiles = (around(told, 0.25), around(told, 0.5), around(told, 0.75))
        found.append(Measured(metric, cohort, len(told), quartiles))
    return found


def around(used: list[float], share: float) -> float:
    place = share * (len(used) + 1)
    beside = [amount for number, amount in enumerate(used, start=1) if abs(number - place) <= 2]
    return sum(beside) / len(beside)


def in_order(measured: list[Measured]) -> list[Measured]:
    return sorted(measured, key=lambda each: (each.metric, msgspec.structs.astuple(each.cohort)))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "rule", ["{least: 10}", "{least: 10, by: account.industry}", "{least: 10, by: customer.industry}"]
)
def test_the_database_measures_what_the_pure_functions_see(database: str, seed: int, rule: str) -> None:
    catalog = catalog_of(f"benchmark: {rule}")
    units = company(random.Random(seed), 1500)
    with connect(database) as connection:
        put(connection, units)
        # Members of an account do not pay, whatever they are recorded with.
        put(connection, [msgspec.structs.replace(units[0], id="c:member")], "a:u1")
        measured = measure_cohorts(connection, asked(catalog), NOW)
    expected = by_hand(units, catalog)
    for found, by_definition in zip(in_order(measured), in_order(expected), strict=True):
        assert (found.metric, found.cohort, found.units) == (
            by_definition.metric, by_definition.cohort, by_definition.units,
        )  # fmt: skip
        assert found.quartiles == pytest.approx(by_definition.quartiles)
    assert any(each.quartiles is not None for each in measured)
    assert any(each.quartiles is None for each in measured)


def alike(connection: Connection, amounts: list[float]) -> None:
    held = Subscription("s", "starter", 3, 4900, "USD", 1, "active", NOW - 45 * DAY)
    start, _ = usage_period(held.started_at, usage_period(held.started_at, NOW)[0] - 1)
    profiles = [Profile(subscriptions={"s": held}, usage={"reports": Usage(each, start)}) for each in amounts]
    put(connection, [Unit(f"a:u{number}", profile) for number, profile in enumerate(profiles)])


@pytest.mark.parametrize(
    ("amounts", "is_told"),
    [
        ([100.0] * 19, False),
        ([100.0] * 20, True),
        ([100.0] * 20 + [2000.0], True),
        ([100.0] * 20 + [2001.0], False),
    ],
)
def test_a_cohort_too_small_or_with_one_that_stands_out_gives_no_figure_and_is_counted(
    database: str, amounts: list[float], is_told: bool
) -> None:
    catalog = catalog_of("")
    with connect(database) as connection:
        alike(connection, amounts)
        (measured,) = measure_cohorts(connection, asked(catalog), NOW)
        assert (measured.units, measured.quartiles is not None) == (len(amounts), is_told)
        assert keep_benchmarks(connection, [measured], SetClock(NOW))
        day = newest_benchmark_day(connection)
        assert day is not None
        assert (day.day, day.withheld) == (NOW // DAY, int(not is_told))
        assert len(read_benchmarks(connection, NOW)) == int(is_told)


def test_what_is_kept_is_nobodys_own_figure_unless_their_neighbours_have_the_same(database: str) -> None:
    catalog = catalog_of("")
    own = [float(number * number) for number in range(11, 41)]
    with connect(database) as connection:
        alike(connection, own)
        measured = measure_cohorts(connection, asked(catalog), NOW)
        keep_benchmarks(connection, measured, SetClock(NOW))
        (kept,) = read_benchmarks(connection, NOW)
    assert (kept.low, kept.median, kept.high) == tuple(
        rounded(around(own, share)) for share in (0.25, 0.5, 0.75)
    )
    assert {kept.low, kept.median, kept.high}.isdisjoint(own)


def test_a_day_is_kept_once_and_read_as_long_as_something_may_ask_for_it(database: str) -> None:
    catalog = catalog_of("")
    with connect(database) as connection:
        alike(connection, [100.0] * 20)
        measured = measure_cohorts(connection, asked(catalog), NOW)
        clock = SetClock(NOW)
        assert keep_benchmarks(connection, measured, clock)
        clock.move_to(NOW + HOUR)
        assert not keep_benchmarks(connection, measured, clock)
        clock.move_to(NOW + 20 * DAY)
        assert keep_benchmarks(connection, measured, clock)
        connection.execute("update cursors set seen_at = moment(%s)", (NOW + 20 * DAY,))
        assert [each.made_at for each in read_benchmarks(connection)] == [NOW + 20 * DAY]
        assert [each.made_at for each in read_benchmarks(connection, NOW + DAY)] == [NOW, NOW + 20 * DAY]
        connection.execute("update cursors set seen_at = moment(%s) where shard = 3", (NOW,))
        assert [each.made_at for each in read_benchmarks(connection)] == [NOW, NOW + 20 * DAY]
