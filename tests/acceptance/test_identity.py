"""Who is who on the live path: nobody is messaged twice because two ids were found to be one person."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.live_world import LiveWorld, make_documents, open_world, two_mails
from tests.sinks import open_sink
from tests.stories.world import workflow
from upsell.clock import DAY, HOUR
from upsell.decisions.reasons import Reason
from upsell.runtime.explaining import explain_now, explain_past
from upsell.runtime.reporting import report_live
from upsell.runtime.results import crossed_words
from upsell.store.ledger import Outcome
from upsell.store.outbox import State

pytestmark = pytest.mark.postgres

_marks = count(1)

ONE_MAIL = workflow(
    trigger="{on: Pricing Viewed, again_after: 1 days}", journey="[{email: {content: t1, intent: help}}]"
)


def meet(world: LiveWorld, *customers: str) -> None:
    world.append([world.event("Customer Identified", who, email="ada@example.com") for who in customers])


def merge(world: LiveWorld, gone_id: str, stays_id: str) -> None:
    assert world.happens("Customers Merged", stays_id, **{"from": gone_id}).outcome is Outcome.APPENDED


def units(world: LiveWorld) -> list[tuple[Any, ...]]:
    return world.rows("select unit_id, household_id from units order by 1")


@pytest.mark.parametrize("is_worker_ahead", [True, False])
def test_a_merge_between_reservation_and_sending_sends_one_of_two_mails(
    database: str, *, is_worker_ahead: bool
) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(make_documents({"w": ONE_MAIL}))
        meet(world, "old", "new")
        world.append([world.event("Pricing Viewed", "old"), world.event("Pricing Viewed", "new")])
        world.worker.run_until_idle()
        assert world.states() == {"reserved": 2}
        merge(world, "old", "new")
        if is_worker_ahead:
            world.worker.run_until_idle()
        world.settle()
        assert len(sink.accepted) == 1
        assert world.states() == {"sent": 1, "withdrawn": 1}
        assert units(world) == [("c:new", "c:new")]


def test_a_message_of_the_id_that_went_goes_out_once_to_the_one_that_stays(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(make_documents({"w": two_mails()}))
        meet(world, "old")
        world.happens("Pricing Viewed", "old")
        world.worker.run_until_idle()
        merge(world, "old", "new")
        world.worker.run_until_idle()
        assert world.rows("select unit_id, customer_id, household_id from outbox") == [
            ("c:new", "new", "c:new")
        ]
        assert world.settle() == {State.SENT: 1}
        assert world.after(DAY) == {State.SENT: 1}
        assert len(sink.accepted) == 2


def test_a_visitor_who_says_who_they_are_keeps_what_they_did_before(database: str) -> None:
    twice = "{when: \"event_count('Pricing Viewed', interval '7 days') >= 2\"}"
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(
            make_documents({"w": workflow(trigger=twice, journey="[{email: {content: t1, intent: help}}]")})
        )
        world.happens("Pricing Viewed", "anon:x")
        world.settle()
        merge(world, "anon:x", "ada")
        meet(world, "ada")
        world.happens("Pricing Viewed", "anon:x")
        assert world.settle() == {State.SENT: 1}
        assert units(world) == [("c:ada", "c:ada")]


def test_two_batches_of_one_event_come_to_what_one_batch_comes_to(
    database: str, second_database: str
) -> None:
    found = []
    for url, is_split in ((database, True), (second_database, False)):
        with open_world(url) as world:
            world.apply(make_documents({"w": two_mails()}))
            for who, account in (("old", "beta"), ("new", "acme")):
                world.happens("Account Identified", who, account, roles=["admin"])
                world.happens("Customer Identified", who, email=f"{who}@example.com")
            for name, who in (("Pricing Viewed", "old"), ("Pricing Viewed", "new")):
                world.happens(name, who)
                if is_split:
                    world.worker.run_until_idle()
            merge(world, "old", "new")
            if is_split:
                world.worker.run_until_idle()
            world.happens("Looked", "old")
            world.worker.run_until_idle()
            states = world.rows("select unit_id, household_id, state, engaged from units order by 1")
            rosters = world.rows("select household_id, customer_id, role from rosters order by 1")
            outbox = world.rows(
                "select key, unit_id, customer_id, household_id, state from outbox order by 1"
            )
            found.append((states, rosters, outbox))
    assert found[0] == found[1]
    assert found[0][1] == [("a:acme", "new", "admin"), ("a:beta", "new", "admin")]


CAPPED = "policy: {caps: [{at_most: 1, within: 7 days}]}\n"
ACCOUNT = workflow(
    unit="account",
    trigger="{on: Limit Reached, again_after: 1 days}",
    journey="[{email: {content: t1, intent: show}}]",
)


def test_one_person_in_two_accounts_has_one_budget_over_both(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(make_documents({"w": ACCOUNT}, policy=CAPPED))
        for account in ("acme", "beta"):
            world.happens("Account Identified", "ada", account, roles=["admin"])
        meet(world, "ada")
        world.append([world.event("Limit Reached", None, "acme"), world.event("Limit Reached", None, "beta")])
        world.settle()
        assert len(sink.accepted) == 1
        reasons = world.rows("select unit_id, reason from decisions order by number")
        assert {("a:beta", "capped"), ("a:acme", "enrolled")} <= set(reasons)
        # The other account's turn comes when the window opens, not before.
        world.after(7 * DAY)
        assert len(sink.accepted) == 2


def test_an_account_whose_admin_s_record_is_in_another_account_still_finds_them(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(make_documents({"w": ACCOUNT}))
        for account in ("acme", "beta"):
            world.happens("Account Identified", "ada", account, roles=["admin"])
        meet(world, "ada")
        world.settle()
        world.happens("Limit Reached", None, "acme")
        assert world.settle() == {State.SENT: 1}
        world.happens("Limit Reached", None, "beta")
        assert world.settle() == {State.SENT: 1}
        assert len(sink.accepted) == 2


def test_switching_accounts_keeps_caps_and_consents(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        documents = make_documents(
            {
                "w": workflow(
                    trigger="{on: Pricing Viewed, again_after: 1 hours}",
                    journey="[{email: {content: t1, intent: show}}]",
                )
            },
            policy=CAPPED,
        )
        world.apply(documents)
        world.happens("Account Identified", "ada", "acme")
        world.happens("Account Identified", "bob", "acme")
        meet(world, "ada", "bob")
        world.happens("Pricing Viewed", "ada")
        world.happens("Consent Withdrawn", "bob", channel="email")
        assert world.settle() == {State.SENT: 1}
        world.after(2 * HOUR)
        for who in ("ada", "bob"):
            world.happens("Account Identified", who, "beta")
            world.happens("Pricing Viewed", who)
        world.settle()
        assert len(sink.accepted) == 1
        last = world.rows("select unit_id, reason from decisions order by number desc limit 2")
        assert sorted(last) == [("c:ada", "capped"), ("c:bob", "no_consent")]
        assert {row[1] for row in units(world)} == {"a:acme", "a:beta"}


SEEN = "{when: \"event_count('Pricing Viewed', interval '30 days') >= 99\"}"
LAST = "[{email: {content: t1, intent: help}}, {wait: {for: Looked, up_to: 2 days, since: enrollment}}]"
SAID = (
    *(
        ("Pricing Viewed", who, hours, {})
        for who, hours in (("anon:x", 1), ("b", 2), ("a", 3), ("anon:x", 3))
    ),
    *(("Looked", who, hours, {}) for who, hours in (("b", 4), ("anon:x", 5))),
    ("Consent Withdrawn", "b", 6, {"channel": "email"}),
    ("Consent Given", "anon:x", 7, {"channel": "*"}),
    ("Consent Withdrawn", "a", 8, {"channel": "push"}),
    ("Customers Merged", "a", 9, {"from": "anon:x"}),
    ("Customers Merged", "a", 9, {"from": "b"}),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(len(SAID))), cuts=st.sets(st.integers(1, len(SAID) - 1), max_size=3))
def test_in_whatever_order_it_comes_the_same_is_known_of_the_same_person(
    world: LiveWorld, order: list[int], cuts: set[int]
) -> None:
    states = []
    for places in (list(range(len(SAID))), order):
        mark = f"{next(_marks)}."
        for number, place in enumerate(places):
            name, who, hours, said = SAID[place]
            told = world.event(name, _marked(who, mark), **_marked_properties(said, mark))
            at = told.occurred_at - 10 * HOUR + hours * HOUR
            world.append([msgspec.structs.replace(told, occurred_at=at)])
            if number in cuts:
                world.worker.run_until_idle()
        world.worker.run_until_idle()
        rows = world.rows(f"select unit_id, state from units where unit_id like '%{mark}%'")
        assert [row[0] for row in rows] == [f"c:{mark}a"]
        state = msgspec.json.decode(rows[0][1])
        assert len(state["profile"]["counters"]) == 2
        states.append((state["profile"]["counters"], state["contact"]))
    assert states[0] == states[1]


@pytest.fixture
def world(database: str) -> Iterator[LiveWorld]:
    with open_world(database) as opened:
        opened.apply(make_documents({"w": workflow(trigger=SEEN, journey=LAST)}))
        yield opened


def _marked(customer_id: str, mark: str) -> str:
    kind, _, name = customer_id.rpartition(":")
    return f"{kind}:{mark}{name}" if kind else mark + name


def _marked_properties(said: dict[str, str], mark: str) -> dict[str, str]:
    return {key: _marked(value, mark) if key == "from" else value for key, value in said.items()}


def test_explain_by_an_old_id_answers_for_the_one_that_stays_and_the_past_is_lived_again_with_both(
    database: str,
) -> None:
    twice = "{when: \"event_count('Pricing Viewed', interval '7 days') >= 2\"}"
    with open_world(database) as world:
        world.apply(
            make_documents({"w": workflow(trigger=twice, journey="[{email: {content: t1, intent: help}}]")})
        )
        meet(world, "old", "new")
        world.append([world.event("Pricing Viewed", "old"), world.event("Pricing Viewed", "new")])
        world.worker.run_until_idle()
        merge(world, "old", "new")
        now = world.clock.now()
        for is_taken in (False, True):
            if is_taken:
                world.worker.run_until_idle()
            answer = explain_now(world.connection, "old", now, None)
            assert (answer.unit_id, answer.asked_as) == ("c:new", "c:old")
            assert answer.explanations[0].reason is Reason.ALREADY_ENROLLED
            again = explain_past(world.connection, "new", now, None)
            assert again.asked_as is None
            assert again.explanations == answer.explanations


def test_a_new_counter_counts_what_was_done_under_the_old_id(database: str) -> None:
    with open_world(database) as world:
        world.apply(make_documents({"w": two_mails()}))
        meet(world, "old", "new")
        world.append([world.event("Looked", "old"), world.event("Looked", "new")])
        merge(world, "old", "new")
        world.worker.run_until_idle()
        looked = "{when: \"event_count('Looked', interval '7 days') >= 2\"}"
        more = workflow(
            trigger=looked, journey="[{email: {content: t1, intent: help}}]", more="existing: enter"
        )
        world.apply(make_documents({"w": two_mails(), "x": more}))
        world.after(DAY)
        assert ("c:new", "enrolled") in world.rows(
            "select unit_id, reason from decisions where workflow = 'x'"
        )


def test_the_earliest_exposure_of_either_id_decides_and_a_cross_arm_merge_is_counted_and_shown(
    database: str,
) -> None:
    with open_world(database) as world:
        world.apply(make_documents({"w": ONE_MAIL}))
        meet(world, "old", "new")
        row = "('c:{}', 'w', 'holdout', '{}', 0.5, 'v', moment({}), 'e')"
        now = world.clock.now()
        exposed = ", ".join((row.format("new", "treated", now), row.format("old", "holdout", now - DAY)))
        world.connection.execute(f"insert into exposures values {exposed}")
        merge(world, "old", "new")
        world.worker.run_until_idle()
        (found,) = report_live(world.connection, now + DAY).workflows
        lift = found.lift.lifts[0]
        assert (lift.arm.exposed, lift.against.exposed, lift.crossed_units) == (0, 1, 1)
        assert crossed_words(found) == (
            "Exposed in two arms before a merge of ids, and counted in the first: 1 against the holdout."
        )


def test_who_leaves_an_account_is_in_a_household_of_their_own_from_then_on(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(make_documents({"w": ONE_MAIL}))
        meet(world, "ada", "bob")
        world.append([world.event("Account Identified", who, "acme") for who in ("ada", "bob")])
        world.settle()
        assert units(world) == [("a:acme", "a:acme"), ("c:ada", "a:acme"), ("c:bob", "a:acme")]
        told = [
            world.event("Account Left", "ada", "acme"),
            world.event("Pricing Viewed", "bob"),
            world.event("Pricing Viewed", "ada"),
        ]
        world.append(told)
        world.settle()
        assert units(world) == [("a:acme", "a:acme"), ("c:ada", "c:ada"), ("c:bob", "a:acme")]
        assert world.rows("select customer_id, account_id from members") == [("bob", "acme")]
        assert world.rows("select customer_id, role from rosters") == [("bob", "")]
        assert len(sink.accepted) == 2
        households = "select household_id from events where name = 'Pricing Viewed' order by position"
        assert world.rows(households) == [("a:acme",), ("c:ada",)]


def test_leaving_an_account_one_is_not_in_changes_nothing_and_joining_again_in_one_batch_holds(
    database: str,
) -> None:
    with open_world(database) as world:
        world.apply(make_documents({"w": ONE_MAIL}))
        meet(world, "ada")
        world.happens("Account Identified", "ada", "acme")
        world.happens("Account Left", "ada", "other")
        world.append([world.event("Account Left", "ada"), world.event("Account Identified", "ada", "next")])
        world.settle()
        assert world.rows("select customer_id, account_id from members") == [("ada", "next")]
        world.happens("Pricing Viewed", "ada")
        world.settle()
        assert ("c:ada", "a:next") in units(world)
