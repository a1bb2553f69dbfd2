"""Keyed workflows: a unit is in one once for each key, and what is blocked waits as any candidate does."""

from __future__ import annotations

from tests.stories.world import DAY, HOUR, Reason, Story, make_program, workflow

HOURS = "policy: {hours: {email: {from: '09:00', to: '17:00'}}}\n"
HELP = "[{email: {content: t1, intent: help}}, {wait: 20 days}]"
SHOW = "[{email: {content: t1, intent: show}}, {wait: 2 days}, {email: {content: t2, intent: show}}]"


def story_of(journey: str = HELP, *, more: str = "key: order_id", policy: str = "", **others: str) -> Story:
    """Begin with nothing ordered."""
    written = workflow(trigger="{on: Ordered}", journey=journey, more=more)
    return Story(make_program({"w": written, **others}, policy=policy))


def test_orders_outside_hours_wait_each_for_itself() -> None:
    story = story_of(policy=HOURS).after(12 * HOUR).happens("Ordered", order_id="1")
    story.after(HOUR).happens("Ordered", order_id="2").after(DAY)
    assert story.contents() == ["t1", "t1"]
    assert sorted(each.key for each in story.enrollments()) == ["1", "2"]
    assert story.unit().watches["w"].queue == {}


def test_an_order_that_waits_lapses_by_itself() -> None:
    story = story_of(policy="policy: {patience: 3 days}\n").happens("Consent Withdrawn")
    story.happens("Ordered", order_id="1").after(2 * DAY).happens("Ordered", order_id="2")
    story.after(DAY).happens("Consent Given").after(DAY)
    assert [each.key for each in story.enrollments()] == ["2"]
    assert Reason.LAPSED in story.reasons()


def test_an_order_that_waits_and_is_delivered_is_let_go_of_alone() -> None:
    goal = "{event: Delivered, within: 30 days}"
    written = workflow(trigger="{on: Ordered}", journey=HELP, more="key: order_id", goal=goal)
    story = Story(make_program({"w": written}, policy=HOURS)).after(12 * HOUR)
    story.happens("Ordered", order_id="1").happens("Ordered", order_id="2").happens("Delivered", order_id="1")
    story.after(DAY)
    assert [each.key for each in story.enrollments()] == ["2"]


def test_a_key_may_be_written_as_rules_write_a_property() -> None:
    story = story_of(more="key: properties.order_id").happens("Ordered", order_id="1")
    assert [each.key for each in story.enrollments()] == ["1"]
    assert story.program.workflows["w"].version == story_of().program.workflows["w"].version


def test_orders_of_one_workflow_that_sells_share_the_slot_as_many_as_may_be_at_once() -> None:
    story = story_of(SHOW, more="key: order_id\nat_once: 2")
    for number in range(3):
        story.happens("Ordered", order_id=str(number))
    assert story.contents() == ["t1", "t1"]
    assert story.reasons() == [Reason.ENROLLED, Reason.ENROLLED, Reason.TOO_MANY]
    assert story.after(3 * DAY).contents() == ["t1", "t1", "t2", "t2"]
    assert story.unit().slot is None


def test_the_slot_is_held_until_the_last_order_has_left() -> None:
    other = workflow(trigger="{on: Other}", journey="[{email: {content: t4, intent: show}}]")
    story = story_of(SHOW, more="key: order_id", other=other).happens("Ordered", order_id="1").after(DAY)
    story.happens("Ordered", order_id="2").after(HOUR).happens("Other").after(DAY)
    assert story.unit().slot == story.enrollments()[0].id, "the first has left, the second goes on"
    assert story.contents() == ["t1", "t1", "t2"]
    assert story.after(DAY).contents() == ["t1", "t1", "t2", "t2", "t4"]


def test_of_an_account_the_people_addressed_are_held_until_the_last_order_has_left() -> None:
    written = workflow(trigger="{on: Ordered}", journey=SHOW, more="key: order_id", unit="account")
    story = Story(make_program({"w": written}), "a:acme").member("ann", "admin")
    story.happens("Ordered", order_id="1").after(DAY).happens("Ordered", order_id="2").after(DAY)
    (going,) = story.enrollments()
    assert story.unit("c:ann").slot == going.id
    assert going.held_slots == ["c:ann"]
    assert story.after(DAY).contents() == ["t1", "t1", "t2", "t2"]
    assert story.unit("c:ann").slot is None


def test_of_two_who_are_one_the_workflow_that_held_the_slot_first_keeps_it_with_all_its_orders() -> None:
    other = workflow(trigger="{on: Other}", journey="[{email: {content: t4, intent: show}}, {wait: 9 days}]")
    for first, kept in (("Ordered", ["1", "2"]), ("Other", [""])):
        story = story_of(SHOW, other=other)
        eve = Story(story.program, "c:eve")
        held = {"Ordered": story, "Other": eve}
        for name in sorted(held, key=lambda each: each != first):
            for number in ("1", "2") if name == "Ordered" else ("",):
                held[name].happens(name, order_id=number)
            story.now = eve.now = story.now + HOUR
        story.household.customers["eve"] = eve.household.customers["eve"]
        story.happens("Customers Merged", **{"from": "eve"})  # type: ignore[arg-type]  # from is a keyword
        assert sorted(each.key for each in story.enrollments()) == kept
        assert story.unit().slot in {each.id for each in story.enrollments()}
