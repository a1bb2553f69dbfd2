"""The doctor and the schema of what was seen: each planted fault is found, and no other."""

from __future__ import annotations

import json
import threading
import time
from subprocess import CompletedProcess
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.commands import run_command
from tests.drawing import examples
from tests.live_world import LiveWorld, make_documents, open_world
from tests.stories.world import CATALOG, START, workflow
from upsell.clock import DAY, HOUR
from upsell.runtime import learning
from upsell.runtime.diagnosis import CHECKS, diagnose
from upsell.runtime.doctor import examine
from upsell.runtime.examined import Finding, Severity
from upsell.runtime.learning import kind_of, learn, lesson_of
from upsell.runtime.live import run_learner
from upsell.runtime.reporting import live_program
from upsell.runtime.weekly import owners_of
from upsell.store.rejections import Rejection, keep_rejections
from upsell.store.seen import Unlearned, keep_lesson, read_seen_days, read_seen_kinds, read_seen_values

pytestmark = pytest.mark.postgres

SPEAK = "[{email: {content: t1, intent: help}}]"
ASKING = workflow(
    trigger="{on: Pricing Viewed}", journey=SPEAK, eligible="[customer.region = \'EU\']",
    goal="{event: Order Completed, within: 30 days}",
)  # fmt: skip


def healthy(world: LiveWorld) -> None:
    """A day on which everything the workflow needs comes, of one kind each."""
    world.apply(make_documents({"w": ASKING}))
    for number in range(10):
        who = f"u{number}"
        world.happens("Customer Identified", who, email=f"{who}@example.com", region="EU")
        world.happens("Account Identified", who, "acme", roles=["member"])
        world.happens("Pricing Viewed", who, url="/pricing")
        world.happens("Order Completed", who, order_id=str(number), amount=500)
    world.worker.run_until_idle()


def found(world: LiveWorld) -> list[Finding]:
    return list(diagnose(examine(world.connection, world.clock.now())))


def codes(world: LiveWorld) -> list[tuple[str, str]]:
    return [(each.code, each.subject) for each in found(world)]


def test_of_a_healthy_ledger_nothing_is_the_matter(database: str) -> None:
    with open_world(database) as world:
        healthy(world)
        assert codes(world) == []


def test_a_fresh_database_is_told_what_comes_first(database: str) -> None:
    with open_world(database) as world:
        assert codes(world) == [("nothing-live", "workspace"), ("no-events", "ledger")]


def test_each_planted_fault_is_found_with_its_subject_and_no_other(database: str) -> None:
    with open_world(database) as world:
        healthy(world)
        world.clock.move_to(START + 1)
        world.happens("Clicked A Thing", "u1")
        world.happens("Order Complete", "u1")
        world.happens("Ticket Opened", "u1", severity="low")
        world.happens("Subscription Started", "u1", plan="platinum", amount=1)
        world.happens("Usage Recorded", "u1", metric="moons", quantity=1)
        world.happens("Feature Gate Hit", "u1", feature="sssso")
        world.happens("Prompt Dismissed", "u1", key="k")
        world.happens("Customer Identified", "u1", region=7)
        world.happens("Consent Withdrawn", "u1", channel="Fax")
        world.happens("Consent Withdrawn", "u1", channel="E-Mail", purpose="Newsletter")
        world.worker.run_until_idle()
        assert sorted(codes(world)) == [
            ("consent-unread", "fax for marketing"),
            ("event-unread", "Clicked A Thing"),
            ("event-unread", "Order Complete"),
            ("feature-unknown", "sssso"),
            ("metric-unknown", "moons"),
            ("name-slip", "Order Complete"),
            ("plan-unknown", "platinum"),
            ("property-missing", "Ticket Opened"),
            ("type-changed", "customer.region"),
        ]
        (changed,) = (each for each in found(world) if each.code == "type-changed")
        assert "text (10, since 2026-03-02), then number (1, since 2026-03-02)" in changed.said


@pytest.mark.parametrize(
    ("owner", "said"),
    [
        ("owner: growth@acme.example", None),
        ("owner: the growth team", "its owner the growth team is no mail address"),
        ("owner: growth@", "its owner growth@ is no mail address"),
        ("", "it names no owner"),
    ],
)
def test_an_owner_whom_no_mail_reaches_is_told_as_long_as_the_workflow_goes_on(
    database: str, owner: str, said: str | None
) -> None:
    text = ASKING.replace("owner: owner@acme.example", owner)
    with open_world(database) as world:
        healthy(world)
        world.apply(make_documents({"w": text}))
        world.worker.run_until_idle()
        told = found(world)
        assert [(each.code, each.subject) for each in told] == ([("owner-unreached", "w")] if said else [])
        # Oracle: whom the weekly mail would be written to.
        assert bool(owners_of(live_program(world.connection))) is (said is None)
        for each in told:
            assert each.severity is Severity.WARNING
            assert each.said.startswith(said or "")
            assert "workflows/w.yaml" in each.advice
        world.apply(
            make_documents({"w": text.replace("name: A workflow", "name: A workflow\nstatus: ended")})
        )
        world.worker.run_until_idle()
        assert "owner-unreached" not in {code for code, _ in codes(world)}


def test_an_event_that_a_workflow_needs_and_never_came_or_no_more_is_told(database: str) -> None:
    with open_world(database) as world:
        world.apply(make_documents({"w": ASKING}))
        world.happens("Customer Identified", "u1", email="u1@example.com", region="EU")
        world.happens("Pricing Viewed", "u1")
        world.worker.run_until_idle()
        assert codes(world) == [("event-never-came", "w")]
        world.happens("Order Completed", "u1", order_id="1")
        world.worker.run_until_idle()
        assert codes(world) == []
        world.clock.move_to(START + 31 * DAY)
        told = [each for each in found(world) if each.code == "event-never-came"]
        assert ["came last on 2026-03-02" in each.said for each in told] == [True, True]


def test_what_a_segment_needs_is_asked_for_like_what_a_workflow_needs(database: str) -> None:
    rule = "event_count('Invite Sent', interval '7 days') > 1 and customer.title is null"
    with open_world(database) as world:
        healthy(world)
        world.apply(make_documents({"w": ASKING}, segments=f'inviting: {{unit: customer, rule: "{rule}"}}\n'))
        assert codes(world) == [("event-never-came", "segment inviting"), ("trait-empty", "customer.title")]


@pytest.mark.parametrize(
    ("metrics", "found_codes"),
    [("[seats]", ["event-never-came"]), ("{seats: {name: seat, milestones: [10]}}", [])],
)
def test_a_milestone_that_a_metric_makes_need_not_be_sent(
    database: str, metrics: str, found_codes: list[str]
) -> None:
    celebrate = workflow(trigger="{on: Milestone Reached}", journey=SPEAK, goal="{event: Go, within: 1 day}")
    documents = make_documents({"w": celebrate})
    catalog = CATALOG.replace("metrics: [api_calls, seats]", f"metrics: {metrics}")
    with open_world(database) as world:
        world.apply({**documents, "catalog.yaml": catalog})
        world.happens("Customer Identified", "u1", email="u1@example.com")
        world.happens("Go", "u1")
        world.worker.run_until_idle()
        assert [code for code, _ in codes(world)] == found_codes


def test_a_trait_that_rules_read_and_few_have_is_told_with_its_share(database: str) -> None:
    with open_world(database) as world:
        healthy(world)
        for number in range(190):
            world.happens("Customer Identified", f"n{number}", email="n@example.com")
            world.happens("Account Identified", f"n{number}", "acme")
        world.worker.run_until_idle()
        (told,) = found(world)
        assert (told.code, told.subject, told.severity) == ("trait-empty", "customer.region", Severity.NOTE)
        assert told.said.startswith("5% of customers have it")


def test_customers_without_account_conflicts_refusals_and_a_late_clock_are_told(database: str) -> None:
    with open_world(database) as world:
        healthy(world)
        for number in range(60):
            who = f"alone{number}"
            world.happens("Customer Identified", who, email="n@example.com", region="EU")
        late = [world.event("Pricing Viewed", f"alone{number}") for number in range(60)]
        world.clock.move_to(START + 2 * DAY)
        world.append(late)
        twice = world.event("Pricing Viewed", "u1")
        other = world.event("Pricing Viewed", "u2")
        world.append([twice])
        world.append([type(other)(twice.id, other.name, other.occurred_at, 0, "u2", source="test")])
        refusal = Rejection(world.clock.now(), "api", "0", "invalid_time", "expected a timestamp", "{}")
        keep_rejections(world.connection, [refusal])
        world.worker.run_until_idle()
        assert sorted(codes(world)) == [
            ("clock-off", "test"),
            ("customers-alone", "customers"),
            ("id-conflict", "test"),
            ("refused", "api"),
        ]


def test_a_worker_that_does_not_come_is_an_error_after_an_hour(database: str) -> None:
    with open_world(database) as world:
        healthy(world)
        world.happens("Pricing Viewed", "u1")
        world.clock.move_to(START + 10 * 60 * 1_000_000)
        assert [(each.code, each.severity) for each in found(world)] == [("worker-behind", Severity.WARNING)]
        world.clock.move_to(START + 2 * HOUR)
        assert [(each.code, each.severity) for each in found(world)] == [("worker-behind", Severity.ERROR)]


@pytest.mark.parametrize(
    ("active", "silent", "is_told"),
    [(range(14), 1, False), (range(14), 2, True), (range(0, 14, 2), 8, False), (range(0, 14, 2), 14, True)],
)
def test_a_source_that_falls_silent_is_told_when_chance_does_not_explain_it(
    database: str, active: range, silent: int, is_told: bool
) -> None:
    """Oracle: closed form; half of the days silent give eight in a row with a chance of 0.4 %."""
    with open_world(database) as world:
        healthy(world)
        for day in active:
            world.clock.move_to(START + day * DAY)
            world.happens("Pricing Viewed", "u1")
        world.worker.run_until_idle()
        world.clock.move_to(START + (max(active) + silent + 1) * DAY)
        assert (("source-silent", "test") in codes(world)) is is_told


def test_every_code_that_is_found_stands_in_the_reference() -> None:
    listed = {code for check in CHECKS for code in check.codes}
    assert len(listed) == sum(len(check.codes) for check in CHECKS)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("a", "text"),
        (1, "number"),
        (1.5, "number"),
        (True, "boolean"),
        (None, None),
        ([1], "list"),
        ({}, "object"),
        ("2026-03-01T12:00:00Z", "moment"),
    ],
)
def test_a_json_value_has_one_kind(value: object, kind: str | None) -> None:
    assert kind_of(value) == kind


events = st.lists(
    st.builds(
        Unlearned,
        position=st.just(0),
        name=st.sampled_from(["A", "Customer Identified", "Usage Recorded", "Message Sent"]),
        source=st.sampled_from(["api", "file"]),
        occurred_at=st.integers(0, 5).map(lambda day: day * DAY),
        seen_at=st.integers(5, 9).map(lambda day: day * DAY),
        properties=st.dictionaries(
            st.sampled_from(["x", "metric", "nu\0l"]), st.sampled_from([1, "a", None, True])
        ).map(json.dumps),
        is_historical=st.booleans(),
    ),
    max_size=12,
)


@settings(
    deadline=None, max_examples=examples(30), suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(events, st.integers(1, 5))
def test_learning_in_pieces_is_learning_the_whole(told: list[Unlearned], size: int) -> None:
    def added(lessons: list[Any]) -> dict[Any, list[int]]:
        sums: dict[Any, list[int]] = {}
        for lesson in lessons:
            for each in lesson.kinds:
                kept = sums.setdefault(
                    (each.scope, each.property, each.kind), [0, each.first_at, each.last_at]
                )
                kept[0] += each.count
                kept[1], kept[2] = min(kept[1], each.first_at), max(kept[2], each.last_at)
            for each in lesson.days:
                kept = sums.setdefault((each.source, each.name, each.day), [0, 0])
                kept[0] += each.count
                kept[1] += each.late
        return sums

    pieces = [lesson_of(told[start : start + size], ()) for start in range(0, len(told), size)]
    assert added(pieces) == added([lesson_of(told, ())])


def test_what_is_learned_is_learned_once_also_when_it_is_cut_off(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "AT_ONCE", 7)
    with open_world(database) as world:
        healthy(world)
        kept = keep_lesson
        calls = iter([True, False, True])

        def cut_off(*args: Any) -> None:
            kept(*args)
            if not next(calls, True):
                raise KeyboardInterrupt

        monkeypatch.setattr(learning, "keep_lesson", cut_off)
        with pytest.raises(KeyboardInterrupt):
            learn(world.connection)
        learn(world.connection)
        assert learn(world.connection) == 0
        counts = {
            each.scope: each.count for each in read_seen_kinds(world.connection) if each.kind == "event"
        }
        assert counts == {
            "account": 10,
            "customer": 10,
            "event Order Completed": 10,
            "event Pricing Viewed": 10,
        }
        assert sum(each.count for each in read_seen_days(world.connection, 0)) == 40


def test_names_made_of_ids_are_bounded_and_told(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "MOST_SCOPES", 8)
    monkeypatch.setattr(learning, "MOST_PROPERTIES", 3)
    with open_world(database) as world:
        healthy(world)
        for number in range(20):
            world.happens(f"Order {number} placed", "u1", **{f"p{number}": 1})
        world.worker.run_until_idle()
        assert ("names-full", "events") in codes(world)
        assert len({each.scope for each in read_seen_kinds(world.connection)}) == 8


def test_a_learner_beside_the_worker_learns_by_itself(database: str) -> None:
    is_over = threading.Event()
    with open_world(database) as world:
        healthy(world)
        learner = threading.Thread(target=run_learner, args=(database, world.clock, is_over.is_set))
        learner.start()
        try:
            while not read_seen_kinds(world.connection):
                assert learner.is_alive()
                time.sleep(0.02)
        finally:
            is_over.set()
            learner.join(20)
        assert learn(world.connection) == 0


def test_no_value_of_a_person_is_kept(database: str) -> None:
    with open_world(database) as world:
        healthy(world)
        world.happens("Customer Identified", "u1", email="secret@example.com")
        learn(world.connection)
        kept = f"{read_seen_kinds(world.connection)} {read_seen_values(world.connection)}"
        assert "secret" not in kept
        assert "EU" not in kept


def test_the_commands_show_what_came_and_what_is_wrong(database: str) -> None:
    def run(*words: str) -> CompletedProcess[str]:
        return run_command(*words, UPSELL_DATABASE_URL=database)

    assert run("schema").stdout == "No event has come yet.\n"
    with open_world(database) as world:
        healthy(world)
        world.clock.move_to(START + 1)
        world.happens("Pricing Viewed", "u1", url=7)
        world.worker.run_until_idle()
    shown = run("schema").stdout
    assert "customer (traits)  10 times, last 2026-03-02 09:00 UTC" in shown
    assert "region                       text               10  2026-03-02  held by 100%" in shown
    assert "Pricing Viewed  11 times" in shown
    assert "url                          number              1  2026-03-02  changed its kind" in shown
    only = json.loads(run("schema", "Pricing Viewed", "--json").stdout)["seen"]
    assert [(row["property"], row["kind"], row["has_changed"]) for row in only] == [
        ("", "event", False), ("url", "number", True), ("url", "text", True),
    ]  # fmt: skip
    unknown = run("schema", "Pricing Vewed")
    assert (unknown.returncode, "did you mean Pricing Viewed?" in unknown.stderr) == (1, True)
    told = run("doctor")
    assert told.returncode == 1
    assert "warning Pricing Viewed.url: it came as text (10, since 2026-03-02)" in told.stdout
    assert "(type-changed)" in told.stdout
    found = json.loads(run("doctor", "--json").stdout)["findings"]
    assert "type-changed" in [each["code"] for each in found]


def test_a_property_that_a_rule_counts_by_and_no_such_event_ever_had_is_told_until_one_has(
    database: str,
) -> None:
    rule = "event_count('Pricing Viewed', interval '7 days', properties.seats > 5) >= 1"
    with open_world(database) as world:
        segments = f'keen: {{unit: customer, rule: "{rule}"}}\n'
        world.apply(make_documents({"w": ASKING}, segments=segments))
        world.happens("Customer Identified", "u1", email="u1@example.com")
        world.happens("Pricing Viewed", "u1", page="plans")
        world.worker.run_until_idle()
        (told,) = [each for each in found(world) if each.code == "property-never-came"]
        assert (told.subject, told.severity) == ("segment keen", Severity.WARNING)
        assert told.said == "it counts Pricing Viewed by seats, which none of them ever had"
        world.happens("Pricing Viewed", "u1", seats=9)
        world.worker.run_until_idle()
        assert ("property-never-came", "segment keen") not in codes(world)
