"""Stories of tasks: one for each reason, closed with its cause, and answers that people were told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stories.world import CATALOG, DAY, HOUR, Reason, Story, make_program, workflow
from upsell.decisions.policy import OPEN_TASK
from upsell.journeys.advance import Session
from upsell.journeys.effects import OpenTask, UpdateTask
from upsell.journeys.household import HeldTask, Unit
from upsell.journeys.program import Program
from upsell.signals.events import TASK_CLOSED, TASK_OPENED, TASK_OVERDUE, TASK_UPDATED, Event

ON_PRICING = "{on: Pricing Viewed, again_after: 1 days}"
CALL = "{task: {queue: success, title: Call them, offer: pro-annual, due: 2 days}}"
PLAIN = "{task: {queue: success, title: Call them, due: 2 days}}"


def one(journey: str = f"[{CALL}]", **more: str) -> Program:
    """A program with one workflow of an account."""
    return make_program({"flow": workflow(trigger=ON_PRICING, journey=journey, unit="account", **more)})


def opened(program: Program) -> Story:
    """An account on a plan that looked at prices, so that a task is open."""
    story = Story(program, "a:acme")
    story.happens("Subscription Started", plan="starter", amount=4900, currency="USD", interval_months=1)
    return story.happens("Pricing Viewed")


def updates(story: Story) -> list[OpenTask]:
    return [effect.task for effect in story.effects if isinstance(effect, UpdateTask)]


def told(story: Story, name: str) -> list[Event]:
    return [event for event in story.recorded() if event.name == name]


def close(story: Story, outcome: str, **more: Any) -> Story:
    (task,) = story.unit().tasks.values()
    return story.happens(TASK_CLOSED, key=task.key, outcome=outcome, **more)


def is_open_for(story: Story) -> bool:
    span = story.unit().profile.states.get(OPEN_TASK)
    return span is not None and bool(span.opened)


def test_who_is_asked_for_again_is_told_anew_what_is_open() -> None:
    story = opened(one())
    (first,) = story.tasks()
    story.after(DAY).happens("Pricing Viewed")
    assert story.tasks() == [first]
    (again,) = updates(story)
    assert (again.key, again.title, again.offer) == (first.key, "Call them", "pro-annual")
    assert again.enrollment != first.enrollment
    # The earlier of both due times stands, in what is held; the row keeps the lesser too.
    assert story.unit().tasks[first.key].due_at == first.due_at < again.due_at
    assert [event.properties["key"] for event in told(story, TASK_OPENED)] == [first.key]
    assert [event.properties["key"] for event in told(story, TASK_UPDATED)] == [first.key]
    close(story, "dropped").after(DAY).happens("Pricing Viewed")
    assert len(story.tasks()) == 2
    assert story.tasks()[1].key != first.key


def test_two_members_of_an_account_are_one_task_and_it_ends_with_the_last_cause() -> None:
    flow = workflow(
        trigger=ON_PRICING,
        journey=f"[{PLAIN}, {{wait: 9 days}}]",
        goal="{event: Checkout Started, within: 30 days}",
    )
    story = Story(make_program({"flow": flow}), "a:acme").member("ada", "admin").member("bob", "admin")
    story.happens("Pricing Viewed", by="ada").happens("Pricing Viewed", by="bob")
    (task,) = story.tasks()
    assert (task.unit_id, task.household_id, len(updates(story))) == ("c:ada", "a:acme", 1)
    story.happens("Checkout Started", by="ada")
    assert not told(story, TASK_CLOSED)
    story.happens("Checkout Started", by="bob")
    (closed,) = told(story, TASK_CLOSED)
    assert (closed.customer_id, closed.properties["outcome"]) == ("ada", "cause_ended")
    assert not story.unit("a:acme").tasks
    assert not is_open_for(story)


def test_workflows_that_name_one_reason_share_a_task_and_others_do_not() -> None:
    plain = "[{{task: {{queue: {queue}, title: {title}, due: {due} days{more}}}}}]"
    flows = {
        key: workflow(trigger=ON_PRICING, journey=plain.format(queue=queue, title=key, due=due, more=more))
        for key, queue, due, more in (
            ("a-one", "success", 2, ", reason: usage"),
            ("b-two", "sales", 1, ", reason: usage"),
            ("c-three", "success", 3, ""),
        )
    }
    story = Story(make_program(flows, policy="policy: {states: {open_task: off}}")).happens("Pricing Viewed")
    assert [task.title for task in story.tasks()] == ["a-one", "c-three"]
    (again,) = updates(story)
    # Said anew by another workflow it is what that says, and stands in the queue that names.
    assert (again.key, again.title, again.queue) == (story.tasks()[0].key, "b-two", "sales")
    assert story.unit().tasks[again.key].due_at == again.due_at


@pytest.mark.parametrize(
    ("happening", "cause"),
    [
        (("Subscription Changed", {"plan": "pro", "amount": 14900, "currency": "USD"}), Reason.GOAL_REACHED),
        (("Account Identified", {"region": "XX"}), Reason.INELIGIBLE),
        (("Enrollment Ended", {"unit": "a:acme", "workflow": "flow"}), Reason.ENDED_BY_HAND),
    ],
)
@pytest.mark.parametrize("is_walking", [True, False])
def test_a_task_closes_when_its_cause_ends(
    happening: tuple[str, dict[str, Any]], cause: Reason, *, is_walking: bool
) -> None:
    if cause is Reason.ENDED_BY_HAND and not is_walking:
        return  # no passage is left to be ended
    journey = f"[{CALL}{', {wait: 9 days}' if is_walking else ''}]"
    story = opened(one(journey, eligible="[account.region is null]"))
    assert bool(story.enrollments()) is is_walking
    (task,) = story.tasks()
    name, said = happening
    story.after(HOUR).happens(name, **said)
    (closed,) = told(story, TASK_CLOSED)
    assert closed.properties["key"] == task.key
    assert closed.properties["outcome"] == "cause_ended"
    assert closed.properties["cause"] == cause.value
    # Nobody took it up, so nobody worked at it.
    assert closed.properties["minutes"] == 0
    assert not story.unit().tasks
    assert not is_open_for(story)


def test_a_journey_that_comes_to_its_end_leaves_its_task_open() -> None:
    story = opened(one())
    assert Reason.FINISHED in story.reasons()
    assert not told(story, TASK_CLOSED)
    assert list(story.unit().tasks) == [story.tasks()[0].key]


def test_a_journey_that_its_own_task_held_up_too_long_leaves_it_open() -> None:
    other = "{task: {queue: success, title: b, offer: pro-annual, due: 1 days, reason: other}}"
    flow = workflow(trigger=ON_PRICING, journey=f"[{CALL}, {other}]", unit="account")
    story = opened(make_program({"flow": flow}, policy="policy: {freeze_for: 3 days}")).after(4 * DAY)
    assert story.reasons()[-1] is Reason.FROZEN_TOO_LONG
    assert len(story.tasks()) == 1
    assert not told(story, TASK_CLOSED)


def test_a_workflow_that_is_no_more_takes_its_open_tasks_with_it() -> None:
    story = opened(one())
    other = Story(one("[{wait: 1 days}]", more="status: ended"), "a:acme", household=story.household)
    other.now = story.now
    other.launches()
    (closed,) = told(other, TASK_CLOSED)
    assert closed.properties["cause"] == "ended"


def test_what_is_not_done_in_time_is_overdue_once_and_not_while_it_is_put_off() -> None:
    story = opened(one())
    (task,) = story.tasks()
    until = "2026-03-07T09:00:00Z"
    story.happens("Task Snoozed", key=task.key, until=until)
    story.after(3 * DAY)
    assert not told(story, TASK_OVERDUE)
    story.after(30 * DAY)
    (overdue,) = told(story, TASK_OVERDUE)
    assert overdue.properties["key"] == task.key
    assert overdue.seen_at == task.opened_at + 5 * DAY


def test_a_journey_may_begin_where_a_task_is_overdue() -> None:
    late = workflow(
        trigger="{on: Task Overdue, again_after: 1 days}",
        journey="[{task: {queue: leads, title: Ask why, due: 1 days}}]",
        unit="account",
    )
    flows = {"flow": workflow(trigger=ON_PRICING, journey=f"[{CALL}]", unit="account"), "late": late}
    story = opened(make_program(flows)).after(2 * DAY)
    assert [task.queue for task in story.tasks()] == ["success", "leads"]


@pytest.mark.parametrize(
    ("outcome", "rests", "comes_back"), [("not_now", True, True), ("lost", True, False), ("won", False, True)]
)
def test_what_a_person_was_told_counts_as_the_customers_own_answer(
    outcome: str, *, rests: bool, comes_back: bool
) -> None:
    story = close(opened(one()), outcome, reason="too_expensive")
    assert story.unit().profile.traits.get("objection") == ("too_expensive" if rests else None)
    story.after(DAY).happens("Pricing Viewed")
    assert (len(story.tasks()) == 1) is rests
    story.after(40 * DAY).happens("Pricing Viewed")
    assert (len(story.tasks()) > 1) is comes_back


def test_won_is_no_goal_and_words_of_their_own_mean_nothing_more() -> None:
    story = close(opened(one(f"[{CALL}, {{wait: 9 days}}]")), "won", amount=100_000, currency="USD")
    assert Reason.GOAL_REACHED not in story.reasons()
    assert len(story.enrollments()) == 1
    story = close(opened(one()), "Said they will think about it")
    assert not story.unit().declines
    assert not story.unit().tasks


@pytest.mark.parametrize(("outcome", "way"), [("won", "yes"), ("lost", "no"), ("no_answer", "none")])
def test_a_journey_hears_what_became_of_its_task(outcome: str, way: str) -> None:
    ask = "{if: accepted, of: call, then: [{email: {content: t1, intent: service}}], else: [%s]}"
    other = "{if: declined, of: call, then: [{email: {content: t2, intent: service}}], else: [end]}"
    named = "{name: call, task: {queue: success, title: Call, offer: pro-annual, due: 2 days}}"
    journey = f"[{named}, {{wait: 2 days}}, {ask % other}]"
    story = opened(one(journey)).member("ada", "admin")
    close(story, outcome).after(3 * DAY)
    assert story.contents() == {"yes": ["t1"], "no": ["t2"], "none": []}[way]


def test_automation_waits_while_a_person_works_the_account_and_goes_on_when_they_are_done() -> None:
    mail = workflow(trigger="{on: Checkout Started}", journey="[{email: {content: t1, offer: pro-annual}}]")
    task = workflow(trigger=ON_PRICING, journey=f"[{PLAIN}]", unit="account")
    story = opened(make_program({"task": task, "mail": mail})).member("ada", "admin")
    story.happens("Checkout Started", by="ada")
    assert story.contents() == []
    assert story.decisions()[-1].reason is Reason.SENSITIVE
    assert story.decisions()[-1].rule == OPEN_TASK
    story.after(DAY)
    close(story, "no_answer")
    assert story.contents() == ["t1"]


@pytest.mark.parametrize("is_told", [False, True])
def test_selling_waits_for_an_opportunity_until_its_deal_is_over(*, is_told: bool) -> None:
    mail = workflow(trigger="{on: Checkout Started}", journey="[{email: {content: t1, offer: pro-annual}}]")
    task = workflow(trigger=ON_PRICING, journey=f"[{PLAIN}]", unit="account")
    policy = "policy: {patience: 200 days}"
    story = opened(make_program({"task": task, "mail": mail}, policy=policy)).member("ada", "admin")
    close(story, "opportunity", amount=100_000, currency="USD")
    story.happens("Checkout Started", by="ada").after(DAY)
    assert story.contents() == []
    if is_told:
        story.happens("Deal Opened", deal_id="d7").after(DAY)
        assert story.contents() == []
        story.happens("Deal Closed", deal_id="d7", outcome="lost")
    else:
        story.after(90 * DAY)
    assert story.contents() == ["t1"]


def test_a_team_may_let_automation_wait_only_once_somebody_is_at_it() -> None:
    mail = workflow(trigger="{on: Checkout Started}", journey="[{email: {content: t1, offer: pro-annual}}]")
    task = workflow(trigger=ON_PRICING, journey=f"[{PLAIN}]", unit="account")
    policy = "policy: {states: {open_task: {starts: [Task Taken]}}}"
    flows = {"task": task, "mail": mail}
    story = opened(make_program(flows, policy=policy)).member("ada", "admin")
    story.happens("Checkout Started", by="ada")
    assert story.contents() == ["t1"]
    story = opened(make_program(flows, policy=policy)).member("ada", "admin")
    story.happens("Task Taken", key=story.tasks()[0].key, owner="ana")
    story.happens("Checkout Started", by="ada")
    assert story.contents() == []
    close(story, "meeting_set")
    assert story.contents() == ["t1"]


def test_who_waits_for_the_work_goes_on_when_its_cause_ends_by_itself() -> None:
    mail = workflow(
        trigger="{on: Checkout Started}",
        journey="[{email: {content: t1, offer: pro-annual}}]",
        goal="{event: Trial Started, within: 9 days}",
    )
    task = workflow(
        trigger=ON_PRICING,
        journey=f"[{PLAIN}]",
        unit="account",
        goal="{event: Invite Sent, within: 9 days}",
    )
    story = opened(make_program({"task": task, "mail": mail})).member("ada", "admin")
    story.happens("Checkout Started", by="ada").after(DAY)
    assert story.contents() == []
    story.happens("Invite Sent")
    assert [event.properties["cause"] for event in told(story, TASK_CLOSED)] == ["goal_reached"]
    assert story.contents() == ["t1"]


def test_a_task_says_why_what_to_say_and_what_it_may_earn() -> None:
    catalog = CATALOG.replace(
        "discount: 10%}",
        "discount: 10%, talk_track: Ask about the winter., "
        "objections: [{says: Too dear, answer: It pays for itself.}]}",
    )
    call = (
        "{task: {queue: success, title: Call, offer: pro-annual, due: 2 days, chance: account.odds, "
        "objections: [{says: Not this year, answer: Begin small.}]}}"
    )
    flow = workflow(
        trigger="""{when: "event_count('Pricing Viewed', interval '7 days') >= 2"}""",
        journey=f"[{call}]",
        unit="account",
    )
    story = Story(make_program({"flow": flow}, catalog=catalog), "a:acme")
    story.happens("Account Identified", odds=0.25)
    story.happens("Subscription Started", plan="starter", amount=4900, currency="USD", interval_months=1)
    story.happens("Pricing Viewed").happens("Pricing Viewed")
    (task,) = story.tasks()
    assert task.why == (
        "event_count('Pricing Viewed', interval '7 days') >= 2 since 2026-03-02",
        "event_count('Pricing Viewed', interval '7 days') is 2 now",
    )
    assert task.talk_track == "Ask about the winter."
    assert [each.says for each in task.objections] == ["Not this year", "Too dear"]
    # By hand: 12 x 149.00 less a tenth, less 12 x 49.00 paid now, at a chance of a quarter.
    assert (task.value.amount, task.value.currency) == (round((12 * 13410 - 12 * 4900) * 0.25), "USD")
    assert task.value.chance == 0.25


def test_a_held_out_unit_opens_nothing_and_spends_the_same_places() -> None:
    flow = workflow(trigger=ON_PRICING, journey=f"[{CALL}]", holdout="50%", unit="account")
    program = make_program({"flow": flow}, policy="policy: {caps: [{at_most: 9, within: 30 days}]}")
    stories = []
    for number in range(8):
        story = Story(program, f"a:acme{number}")
        story.happens("Subscription Started", plan="starter", amount=4900, currency="USD", interval_months=1)
        for _ in range(2):
            story.happens("Pricing Viewed").after(2 * DAY)
        stories.append(story)
    held = [story for story in stories if Reason.HELD_OUT in story.reasons()]
    assert 0 < len(held) < len(stories)
    for story in stories:
        assert len(story.unit().contact.touches) == 2
        assert len(story.tasks()) + len(updates(story)) == (0 if story in held else 2)
        assert bool(story.unit().tasks) is (story not in held)


def test_tasks_of_two_who_turn_out_to_be_one_are_that_ones() -> None:
    flow = workflow(trigger=ON_PRICING, journey=f"[{PLAIN}]", goal="{event: Invite Sent, within: 9 days}")
    story = Story(make_program({"flow": flow}), "a:acme").member("ada", "admin").member("bob", "admin")
    said: dict[str, Any] = {"from": "bob"}
    story.happens("Pricing Viewed", by="bob").happens("Customers Merged", by="ada", **said)
    (task,) = story.unit("a:acme").tasks.values()
    assert task.unit_id == "c:ada"
    story.happens("Invite Sent", by="ada")
    (closed,) = told(story, TASK_CLOSED)
    assert (closed.customer_id, closed.properties["cause"]) == ("ada", "goal_reached")


DUE = "2026-03-05T09:00:00Z"


def came_with_work(program: Program, customer_id: str, **outside: Any) -> Unit:
    """The record of somebody without an account for whom work is open, as the program or others asked."""
    alone = Story(program, f"c:{customer_id}")
    if outside:
        alone.happens(TASK_OPENED, queue="success", title="Renew", due_at=DUE, **outside)
    else:
        alone.happens("Pricing Viewed")
    assert len(alone.unit().tasks) == 1
    return alone.unit()


def held(story: Story) -> list[HeldTask]:
    return [task for unit in story.session.household.customers.values() for task in unit.tasks.values()] + (
        [*story.household.account.tasks.values()] if story.household.account is not None else []
    )


@pytest.mark.parametrize("is_gone_first", [True, False])
@pytest.mark.parametrize("household_id", ["c:ada", "a:acme"])
def test_of_two_tasks_for_one_reason_of_two_who_are_one_the_first_stays_with_the_causes_of_both(
    household_id: str, *, is_gone_first: bool
) -> None:
    step = "[{task: {queue: success, title: Call, due: 2 days, reason: usage}}, {wait: 9 days}]"
    goal = "{event: Invite Sent, within: 30 days}"
    program = make_program(
        {
            "a-one": workflow(trigger="{on: One}", journey=step, goal=goal),
            "b-two": workflow(trigger="{on: Two}", journey=step, goal=goal),
        }
    )
    stories = {"ada": Story(program, "c:ada"), "bob": Story(program, "c:bob")}
    later, sooner = ("ada", "bob") if is_gone_first else ("bob", "ada")
    stories[sooner].happens("One")
    stories[later].after(HOUR).happens("Two")
    first, second = (next(iter(stories[who].unit().tasks)) for who in (sooner, later))
    passages = sorted(each.id for story in stories.values() for each in story.enrollments())
    story = Story(program, household_id)
    story.household.customers |= {who: stories[who].unit() for who in stories}
    story.now += DAY
    merged: dict[str, Any] = {"from": "bob"}
    story.happens("Customers Merged", by="ada", **merged)
    (task,) = held(story)
    assert (task.key, task.unit_id, sorted(task.causes)) == (first, "c:ada", passages)
    (closed,) = told(story, TASK_CLOSED)
    assert closed.properties["key"] == second
    assert (closed.properties["outcome"], closed.properties["cause"], closed.properties["rule"]) == (
        "cause_ended", "already_enrolled", f"task {first}",
    )  # fmt: skip
    story.happens("Invite Sent", by="ada")
    assert [each.properties["key"] for each in told(story, TASK_CLOSED)] == [second, first]
    assert not held(story)


def test_work_that_somebody_brought_into_an_account_is_what_is_open_there_for_its_reason() -> None:
    program = one()
    story = Story(program, "a:acme")
    story.household.customers["ada"] = came_with_work(program, "ada", key="k1", task_reason="renewal")
    story.happens(TASK_OPENED, key="k2", queue="success", title="b", task_reason="renewal", due_at=DUE)
    (closed,) = told(story, TASK_CLOSED)
    assert (closed.properties["key"], closed.properties["rule"]) == ("k2", "task k1")
    assert [task.key for task in held(story)] == ["k1"]


def test_work_that_somebody_brought_is_said_anew_for_the_account_and_stands_there_once() -> None:
    flow = workflow(trigger=ON_PRICING, journey=f"[{PLAIN}]", goal="{event: Invite Sent, within: 9 days}")
    program = make_program({"flow": flow}, policy="policy: {states: {open_task: off}}")
    story = Story(program, "a:acme").member("bob", "admin")
    story.household.customers["ada"] = came_with_work(program, "ada")
    (brought,) = held(story)
    story.happens("Pricing Viewed", by="bob")
    assert [task.key for task in updates(story)] == [brought.key]
    assert not story.tasks()
    assert [task.key for task in held(story)] == [brought.key]


def test_who_joins_an_account_with_work_that_is_open_there_too_leaves_it_one() -> None:
    program = one()
    story = Story(program, "a:acme")
    story.household.customers["ada"] = came_with_work(program, "ada", key="k1", task_reason="renewal")
    story.now += HOUR
    story.household.account = (
        Story(program, "a:acme")
        .happens(
            TASK_OPENED, key="k0", queue="success", title="b", task_reason="renewal", due_at=DUE, ago=HOUR
        )
        .unit()
    )
    story.session = Session(program, story.household)
    story.happens("Account Identified", by="ada", roles=["admin"])
    (closed,) = told(story, TASK_CLOSED)
    assert (closed.properties["key"], closed.properties["rule"]) == ("k1", "task k0")
    assert [task.key for task in held(story)] == ["k0"]


def test_work_that_is_opened_outside_is_held_and_gives_way_to_what_is_open_for_its_reason() -> None:
    program = one(f"[{CALL}, {{wait: 9 days}}]")
    story = Story(program, "a:acme")
    due = "2026-03-05T09:00:00Z"
    story.happens(TASK_OPENED, key="k1", queue="success", title="Renew", task_reason="renewal", due_at=due)
    # What was told before there were due times is not held.
    story.happens(TASK_OPENED, key="k0", queue="success", title="Old")
    assert list(story.unit().tasks) == ["k1"]
    assert is_open_for(story)
    story.happens(TASK_OPENED, key="k2", queue="success", title="Renew", task_reason="renewal", due_at=due)
    (doubled,) = told(story, TASK_CLOSED)
    assert (doubled.properties["key"], doubled.properties["outcome"]) == ("k2", "cause_ended")
    story.happens(TASK_UPDATED, key="k1", title="Renew now", due_at="2026-03-03T09:00:00Z").after(2 * DAY)
    assert [event.properties["title"] for event in told(story, TASK_OVERDUE)] == ["Renew now"]
    story.happens(TASK_CLOSED, key="k1", outcome="won")
    assert not story.unit().tasks


def test_who_reached_the_goal_is_called_anew_and_that_is_no_old_task() -> None:
    welcome = "on_goal: [{task: {queue: success, title: Welcome them, due: 1 days}}]"
    story = opened(one(more=welcome)).after(HOUR)
    first = story.tasks()[0].key
    story.happens("Subscription Changed", plan="pro", amount=14900, currency="USD")
    assert [event.properties["key"] for event in told(story, TASK_CLOSED)] == [first]
    assert [task.title for task in story.tasks()] == ["Call them"]
    story = opened(one(f"[{CALL}, {{wait: 9 days}}]", more=welcome)).after(HOUR)
    story.happens("Subscription Changed", plan="pro", amount=14900, currency="USD")
    assert [task.title for task in story.tasks()] == ["Call them", "Welcome them"]
    assert len(told(story, TASK_CLOSED)) == 1
    assert [task.title for task in story.unit().tasks.values()] == ["Welcome them"]


def test_a_task_closed_about_a_member_is_closed_for_the_account() -> None:
    flow = workflow(trigger=ON_PRICING, journey=f"[{CALL}]")
    story = Story(make_program({"flow": flow}), "a:acme").member("ada", "admin")
    story.happens("Subscription Started", plan="starter", amount=4900, currency="USD", interval_months=1)
    story.happens("Pricing Viewed", by="ada")
    (task,) = story.tasks()
    story.happens(TASK_CLOSED, by="ada", key=task.key, outcome="lost", reason="too_expensive")
    assert not story.unit("a:acme").tasks
    for unit_id in ("a:acme", "c:ada"):
        assert story.unit(unit_id).declines["plan/pro"].answer.value == "never"
        assert story.unit(unit_id).profile.traits["objection"] == "too_expensive"


def test_nothing_is_closed_twice_and_a_task_nobody_knows_is_nothing() -> None:
    story = opened(one())
    (task,) = story.tasks()
    before = story.unit().profile.traits.copy()
    story.happens(TASK_CLOSED, key="nobody", outcome="won").happens("Task Snoozed", key="nobody", until="x")
    assert list(story.unit().tasks) == [task.key]
    assert story.unit().profile.traits == before
    close(story, "won")
    story.happens("Subscription Changed", plan="pro", amount=14900, currency="USD").after(9 * DAY)
    assert not told(story, TASK_CLOSED)
    assert not told(story, TASK_OVERDUE)
