"""Counting a segment over everyone in SQL, the live membership, and the closure give one answer."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.drawing import examples
from tests.live_world import LiveWorld, make_documents, open_world
from tests.stories.world import DAY, HOUR, START, workflow
from upsell.clock import Moment, format_moment
from upsell.ids import UnitId
from upsell.journeys.advance import concerns_for
from upsell.journeys.scene import Scene, kind_of
from upsell.journeys.workflow import UnitKind
from upsell.runtime.reporting import live_program, read_ledger
from upsell.runtime.segments import list_segment
from upsell.signals.events import Event
from upsell.store.audience import open_audience
from upsell.store.households import load_all_members

pytestmark = pytest.mark.postgres

SEGMENTS = """
keen: {unit: customer, rule: "event_count('Pricing Viewed', interval '2 days') >= 2"}
quiet: {unit: customer, rule: "coalesce(days_since(last_event('Report Viewed')), 99) > 3"}
spender: {unit: customer, rule: "event_sum('Order Completed', 'amount', interval '20 days') > 100"}
explorer: {unit: customer, rule: "event_distinct('Feature Used', 'feature', interval '9 days') >= 2"}
german: {unit: customer, rule: "coalesce(account.country, customer.country) = 'DE'"}
noted: {unit: customer, rule: "customer.note like 'a_b%' or customer.objection is not null"}
paying: {unit: customer, rule: "plan.tier >= 1 and subscription.status = 'active'"}
ending: {unit: customer, rule: "days_until(subscription.ends_at) between 0 and 2"}
over: {unit: customer, rule: "usage_ratio('api_calls') > 0.5"}
carted: {unit: customer, rule: "cart.amount > 50 and days_since(cart.updated_at) < 3"}
lapsed:
  unit: customer
  rule: event_count('Segment Left', interval '5 days', properties.segment = 'keen') > 0 and not keen
everyone: {unit: customer, rule: true}
busy: {unit: account, rule: "event_distinct('Pricing Viewed', 'actor_id', interval '7 days') >= 2"}
courted:
  unit: account
  rule: event_count('Segment Entered', interval '4 days', properties.segment in ('keen', 'quiet')) >= 2
upgraded: {unit: account, rule: "event_count('Subscription Upgraded', interval '9 days') >= 1"}
pressed: {unit: account, rule: "usage_ratio('api_calls') > 0.8 or days_to_limit('api_calls') < 6"}
rising: {unit: account, rule: "trend('Pricing Viewed', interval '3 days') > 1"}
young: {unit: account, rule: "days_since(first_event('Account Identified')) < 5 and account.country is null"}
"""
HELP = workflow(
    unit="account",
    trigger="{on: Pricing Viewed, again_after: 1 days}",
    journey="[{email: {content: t1, intent: help}}, {wait: 2 days}]",
)
DOCUMENTS = make_documents({"help": HELP}, segments=SEGMENTS)

NAMES: list[tuple[str, dict[str, Any]]] = [
    ("Pricing Viewed", {}),
    ("Report Viewed", {}),
    ("Order Completed", {"amount": 60.25, "order_id": "1"}),
    ("Feature Used", {"feature": "a\0\\u0000"}),
    ("Feature Used", {"feature": 2}),
    ("Customer Identified", {"country": "DE", "note": "a\0b"}),
    ("Customer Identified", {"country": "US", "note": "\\u0000"}),
    ("Account Identified", {"country": "DE", "roles": ["admin"]}),
    ("Account Identified", {"country": None}),
    ("Subscription Started", {"plan": "starter", "amount": 4900, "currency": "USD"}),
    ("Subscription Changed", {"plan": "pro", "amount": 14900}),
    ("Subscription Canceled", {"days": 3}),
    ("Usage Recorded", {"metric": "api_calls", "quantity": 45}),
    ("Cart Updated", {"amount": 80, "currency": "USD", "items": [{"id": "x"}]}),
    ("Offer Declined", {"offer": "pro-trial", "reason": "too_expensive"}),
    ("Account Left", {}),
    ("Customers Merged", {}),
]
CUSTOMERS, ACCOUNTS = ("ada", "bob", "anon:x"), (None, None, "acme", "beta")
steps = st.tuples(
    st.integers(0, len(NAMES) - 1),
    st.sampled_from(CUSTOMERS),
    st.sampled_from(ACCOUNTS),
    st.sampled_from([0, 0, HOUR, DAY, 4 * DAY, 12 * DAY]),
    st.sampled_from([0, 0, 0, HOUR, 3 * DAY]),
    st.sampled_from(["wait", "jump", "batch"]),
)
_marks = count(1)


class History:
    """A history under ids of its own over a database that others have used; time goes on from theirs."""

    def __init__(self, world: LiveWorld) -> None:
        self.mark = f"-{next(_marks)}"
        self.world = world
        (latest,) = world.rows("select seen_at from ledger_head")
        world.clock.move_to(latest[0] + 60 * DAY)

    def take(self, step: tuple[int, str, str | None, int, int, str]) -> bool:
        """Let one thing happen and time pass; tell whether the worker has come to all of it."""
        which, who, account, later, late, way = step
        name, said = NAMES[which]
        now = self.world.clock.now()
        customer, account_id = who + self.mark, account + self.mark if account else None
        if name == "Customers Merged":
            said = {"from": CUSTOMERS[CUSTOMERS.index(who) - 1] + self.mark}
        if name == "Subscription Canceled":
            said = {"ends_at": format_moment(now + said["days"] * DAY)}
        if name == "Account Identified":
            account_id = account_id or "acme" + self.mark
        number = f"s{next(_marks)}"
        is_old = late > HOUR
        told = Event(number, name, now - late, 0, customer, account_id, said, "test", is_historical=is_old)
        self.world.append([told])
        if way == "batch":
            self.world.clock.move_to(now + later)
            return False
        if way == "wait":
            self.world.worker.run_until_idle()
            while (due := self.world.worker.next_due_at()) is not None and due <= now + later:
                self.world.clock.move_to(due)
                self.world.worker.run_until_idle()
        self.world.clock.move_to(now + later)
        self.world.worker.run_until_idle()
        return True


def answers(world: LiveWorld) -> Mapping[str, Mapping[str, set[UnitId]]]:
    """Who is in each segment: by the live membership, by the closure, and by SQL over all units."""
    program, now = live_program(world.connection), world.clock.now()
    live: dict[str, set[UnitId]] = {name: set() for name in program.segments}
    closure: dict[str, set[UnitId]] = {name: set() for name in program.segments}
    households = [row[0] for row in world.rows("select distinct household_id from units")]
    for household in load_all_members(world.connection, households).households.values():
        scene = Scene(program, concerns_for(program), household)
        scene.now = now
        for unit in scene.units():
            for name, segment in program.segments.items():
                if segment.unit is not kind_of(unit):
                    continue
                if segment.rule.value(scene.facts(unit)) is True:
                    closure[name].add(unit.id)
                if unit.segments is not None and name in unit.segments and unit.segments[name].since:
                    live[name].add(unit.id)
    sql: dict[str, set[UnitId]] = {}
    for kind in UnitKind:
        asked = [segment for segment in program.segments.values() if segment.unit is kind]
        rules = [segment.rule for segment in asked]
        with open_audience(world.connection, program.catalog, kind, rules, now) as audience:
            listed = [audience.list(segment.rule, segment.name, "", 9_999) for segment in asked]
            assert audience.count(rules) == tuple(map(len, listed))
        sql |= {
            segment.name: {one.unit_id for one in found} for segment, found in zip(asked, listed, strict=True)
        }
    return {"live": live, "closure": closure, "sql": sql}


def assert_all_agree(world: LiveWorld) -> None:
    found = answers(world)
    assert found["live"] == found["closure"]
    assert found["sql"] == found["closure"]


_SETTINGS = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@settings(_SETTINGS, max_examples=examples(60, few=7))
@given(st.lists(steps, max_size=25))
@example(
    [(0, "ada", None, 0, 0, "wait"), (0, "ada", None, 0, 0, "wait"), (1, "bob", None, 12 * DAY, 0, "wait")]
)
@example(
    [(7, "ada", "acme", 0, 0, "wait"), (9, "ada", "acme", 0, 0, "wait"), (15, "ada", "acme", DAY, 0, "jump")]
)
@example(
    [(7, "ada", "acme", 0, 0, "wait"), (9, "bob", "beta", 0, 0, "wait"), (0, "ada", "beta", 0, 0, "wait")]
)
@example([(0, "ada", None, 0, 0, "wait"), (0, "bob", None, 0, 0, "wait"), (16, "bob", None, 0, 0, "wait")])
@example(
    [(7, "ada", "acme", 0, 0, "wait"), (0, "bob", "beta", 0, 0, "wait"), (16, "bob", None, 0, 0, "wait")]
)
@example(
    [
        (7, "ada", "acme", 0, 0, "wait"),
        (7, "bob", "acme", 0, 0, "wait"),
        (9, "ada", "acme", 0, 0, "wait"),
        (11, "ada", "acme", 4 * DAY, 0, "wait"),
    ]
)
def test_live_membership_closure_and_sql_agree_over_any_history_and_whenever_they_are_asked(
    database: str, drawn: list[tuple[int, str, str | None, int, int, str]]
) -> None:
    live(database, drawn)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@settings(_SETTINGS, max_examples=examples(250))
@given(st.lists(steps, max_size=40))
def test_the_same_holds_for_many_more_histories(
    database: str, drawn: list[tuple[int, str, str | None, int, int, str]]
) -> None:
    live(database, drawn)


def live(database: str, drawn: list[tuple[int, str, str | None, int, int, str]]) -> None:
    """Live a history, and ask as it ends and two days later."""
    with open_world(database) as world:
        world.apply(DOCUMENTS)
        history = History(world)
        world.worker.run_until_idle()
        for step in drawn:
            history.take(step)
        world.worker.run_until_idle()
        assert_all_agree(world)
        world.clock.move_to(world.clock.now() + 2 * DAY)
        world.worker.run_until_idle()
        assert_all_agree(world)


def entered(world: LiveWorld) -> list[tuple[Moment, str, bool]]:
    return [
        (at, f"{name} {said['unit']} {said['segment']}", is_historical)
        for at, name, said, is_historical in world.rows(
            "select occurred_at, name, properties::jsonb, is_historical from events"
            " where name like 'Segment %' order by position"
        )
    ]


def test_members_of_an_account_are_asked_though_nothing_names_them_when_what_they_share_changes(
    database: str,
) -> None:
    segments = "paying: {unit: customer, rule: plan.tier >= 1}\n"
    with open_world(database) as world:
        world.apply(make_documents({}, segments=segments))
        for who in ("ada", "bob", "cleo"):
            world.happens("Account Identified", who, "acme")
        world.worker.run_until_idle()
        world.happens("Subscription Started", None, "acme", plan="pro")
        world.worker.run_until_idle()
        assert [what for _, what, _ in entered(world)] == [
            f"Segment Entered c:{who} paying" for who in ("ada", "bob", "cleo")
        ]
        world.happens("Subscription Canceled", None, "acme", ends_at=format_moment(START + DAY))
        world.after(2 * DAY)
        assert [(at, what) for at, what, _ in entered(world)][3:] == [
            (START + DAY, f"Segment Left c:{who} paying") for who in ("ada", "bob", "cleo")
        ]
        assert_all_agree(world)


def test_who_moves_to_another_account_or_out_of_one_is_asked_by_what_they_share_there(database: str) -> None:
    segments = "paying: {unit: customer, rule: plan.tier >= 1}\n"
    with open_world(database) as world:
        world.apply(make_documents({}, segments=segments))
        world.happens("Subscription Started", None, "acme", plan="pro")
        world.happens("Account Identified", "ada", "acme")
        world.worker.run_until_idle()
        world.happens("Account Identified", "ada", "free")
        world.worker.run_until_idle()
        world.happens("Account Identified", "ada", "acme")
        world.happens("Account Left", "ada", "acme")
        world.worker.run_until_idle()
        assert [what.split()[1] for _, what, _ in entered(world)] == ["Entered", "Left", "Entered", "Left"]
        assert_all_agree(world)


def test_a_segment_that_goes_live_holds_who_matches_from_then_on_and_tells_it_as_history(
    database: str,
) -> None:
    keen = "keen: {unit: customer, rule: \"event_count('Pricing Viewed', interval '2 days') >= 1\"}\n"
    on_entry = workflow(trigger="{on: Segment Entered}", journey="[{email: {content: t1, intent: help}}]")
    with open_world(database) as world:
        world.apply(make_documents({}))
        world.happens("Customer Identified", "ada", email="ada@example.com")
        world.happens("Pricing Viewed", "ada")
        world.worker.run_until_idle()
        world.clock.move_to(START + HOUR)
        world.apply(make_documents({"w": on_entry}, segments=keen))
        world.worker.run_until_idle()
        assert entered(world) == [(START + HOUR, "Segment Entered c:ada keen", True)]
        assert world.rows("select unit_id from decisions") == []
        (found,) = list_segment(world.connection, "keen", world.clock.now(), "", 10).units
        assert (found.unit_id, found.since) == ("c:ada", START + HOUR)
        assert_all_agree(world)
        # Those who enter later are let in.
        world.happens("Customer Identified", "bob", email="bob@example.com")
        world.happens("Pricing Viewed", "bob")
        world.worker.run_until_idle()
        assert world.rows("select unit_id, reason from decisions") == [("c:bob", "enrolled")]
        # What was told at launch is counted like any other, by what is new with the next revision too.
        counting = (
            "told: {unit: customer, rule: \"event_count('Segment Entered', interval '9 days') >= 1\"}\n"
        )
        counting = counting.replace("'9 days'", "'9 days', properties.segment = 'keen'")
        world.apply(make_documents({"w": on_entry}, segments=keen + counting))
        world.worker.run_until_idle()
        assert answers(world)["live"]["told"] == {"c:ada", "c:bob"}
        assert_all_agree(world)


def test_pages_of_a_segment_are_its_units_each_once_and_in_order(database: str) -> None:
    with open_world(database) as world:
        world.apply(make_documents({}, segments="all_of: {unit: customer, rule: true}\n"))
        world.append([world.event("Customer Identified", f"u{number}") for number in range(7)])
        world.worker.run_until_idle()
        found: list[UnitId] = []
        after: str | None = ""
        while after is not None:
            page = list_segment(world.connection, "all_of", world.clock.now(), after, 3)
            found += [one.unit_id for one in page.units]
            after = page.next_after
        assert found == [f"c:u{number}" for number in range(7)]


def test_an_id_that_went_is_no_unit_from_the_moment_it_is_told(database: str) -> None:
    with open_world(database) as world:
        world.apply(make_documents({}, segments="all_of: {unit: customer, rule: true}\n"))
        world.append([world.event("Customer Identified", who) for who in ("ada", "bob")])
        world.worker.run_until_idle()
        world.append([world.event("Customers Merged", "bob", **{"from": "ada"})])
        now = world.clock.now()
        for _ in range(2):
            assert [one.unit_id for one in list_segment(world.connection, "all_of", now, "", 9).units] == [
                "c:bob"
            ]
            world.worker.run_until_idle()


def test_events_the_worker_has_not_come_to_are_not_counted_before_it_has(database: str) -> None:
    keen = "keen: {unit: customer, rule: \"event_count('Pricing Viewed', interval '2 days') >= 1\"}\n"
    with open_world(database) as world:
        world.apply(make_documents({}, segments=keen))
        world.happens("Customer Identified", "ada")
        world.worker.run_until_idle()
        world.happens("Pricing Viewed", "ada")
        assert_all_agree(world)
        world.worker.run_until_idle()
        assert answers(world)["sql"]["keen"] == {"c:ada"}


def test_what_a_launch_tells_is_no_outcome_of_a_workflow_and_what_happens_is(database: str) -> None:
    goal = "{event: Segment Entered, where: \"properties.segment = 'keen'\", within: 3 days}"
    text = workflow(
        trigger="{on: Asked}", journey="[{email: {content: t1, intent: help}}, {wait: 9 days}]", goal=goal
    )
    keen = "keen: {unit: customer, rule: \"event_count('Pricing Viewed', interval '9 days') >= 1\"}\n"
    with open_world(database) as world:
        world.apply(make_documents({"w": text}))
        for who in ("ada", "bob"):
            world.happens("Customer Identified", who, email=f"{who}@example.com")
            world.happens("Asked", who)
        world.happens("Pricing Viewed", "ada")
        world.worker.run_until_idle()
        world.clock.move_to(START + HOUR)
        world.apply(make_documents({"w": text}, segments=keen))
        world.worker.run_until_idle()
        world.happens("Pricing Viewed", "bob")
        world.worker.run_until_idle()
        assert [what for _, what, _ in entered(world)] == [
            "Segment Entered c:ada keen",
            "Segment Entered c:bob keen",
        ]
        ledger = read_ledger(world.connection, live_program(world.connection), START + 9 * DAY)
        assert ledger.events.filter(pc.field("name") == "Segment Entered")["unit_id"].to_pylist() == ["c:bob"]
