"""Trials: of each that was granted billing hears once how it ended, at the end it was told."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drawing import examples
from tests.stories.world import DAY, HOUR, START, Reason, Story, make_program, workflow
from upsell.clock import parse_moment
from upsell.journeys.gate import ask_gate
from upsell.journeys.program import Program
from upsell.signals.events import MESSAGE_SENT, MESSAGE_WITHHELD

MAIL = "{{email: {{content: {0}, intent: {1}}}}}"


def trial(intent: str = "service") -> str:
    """Write a trial of 14 days with a reminder three days before, as the journey's only step."""
    return (
        "[{trial: {offer: pro-trial, url: 'https://billing.acme.example/x', remind: {before: 3 days, steps: ["
        + MAIL.format("t1", intent)
        + "]}, accepted: ["
        + MAIL.format("t2", "service")
        + "], expired: ["
        + MAIL.format("t3", "service")
        + "]}}]"
    )


def program_of(
    journey: str,
    *,
    goal: str = "Subscription Upgraded",
    eligible: str = "[]",
    more: str = "",
    policy: str = "",
    holdout: str = "0%",
) -> Program:
    """Compile one workflow with a trial."""
    written = workflow(
        trigger="{on: A}",
        journey=journey,
        eligible=eligible,
        holdout=holdout,
        goal=f"{{event: {goal}, within: 30 days}}",
        more=more,
    )
    return make_program({"w": written}, policy=policy)


def billed(story: Story) -> list[tuple[str, float]]:
    """What billing was told of, by step, and how many days after the story began."""
    posts = [mail for mail in story.mails() if mail.channel == "webhook"]
    return [(mail.step, round((mail.reserved_at - START) / DAY, 3)) for mail in posts]


def mailed(story: Story) -> list[str]:
    """Templates of what the customer was sent."""
    return [mail.content for mail in story.mails() if mail.channel == "email"]


def later(program: Program, before: Story, more: str) -> Story:
    """Let a later revision that pauses or ends the workflow go live for a story's household."""
    changed = program_of(trial(), more=more)
    kept = {version.version: version for version in program.workflows.values()}
    changed = msgspec.structs.replace(changed, earlier={**changed.earlier, **kept})
    story = Story(changed, household=before.household)
    story.now = before.now
    return story.launches()


def test_the_goal_of_taking_the_paid_terms_converts_the_trial() -> None:
    after = f"on_goal: [{MAIL.format('t4', 'service')}]"
    story = Story(program_of(trial(), goal="Offer Accepted", more=after)).happens("A").after(2 * DAY)
    story.happens("Offer Accepted", offer="pro-trial").after(30 * DAY)
    assert billed(story) == [("0", 0), ("0.convert", 2)]
    assert mailed(story) == ["t4"]
    assert story.unit().trials == {}


def test_a_goal_reached_during_a_trial_leaves_it_to_its_end() -> None:
    story = Story(program_of(trial())).happens("A").after(2 * DAY).happens("Subscription Upgraded")
    assert story.enrollments() == []
    assert billed(story.after(30 * DAY)) == [("0", 0), ("0.end", 14)]
    assert mailed(story) == []


def test_the_paid_terms_taken_after_the_passage_left_convert_the_trial_once() -> None:
    story = Story(program_of(trial())).happens("A").after(2 * DAY).happens("Subscription Upgraded")
    story.after(DAY).happens("Offer Accepted", offer="pro-trial").happens("Offer Accepted", offer="pro-trial")
    assert billed(story.after(30 * DAY)) == [("0", 0), ("0.convert", 3)]


def test_paid_terms_of_another_offer_convert_nothing() -> None:
    story = Story(program_of(trial())).happens("A").after(2 * DAY).happens("Subscription Upgraded")
    story.happens("Offer Accepted", offer="pro-annual")
    assert billed(story.after(30 * DAY)) == [("0", 0), ("0.end", 14)]


@pytest.mark.parametrize("how", ["ineligible", "unsubscribed", "by hand"])
def test_whoever_leaves_during_a_trial_has_it_to_its_end(how: str) -> None:
    story = Story(program_of(trial(), eligible="[customer.ok = 1]")).happens("Customer Identified", ok=1)
    story.happens("A").after(5 * DAY)
    match how:
        case "ineligible":
            story.happens("Customer Identified", ok=0)
        case "unsubscribed":
            story.happens("Consent Withdrawn")
        case _:
            story.happens("Enrollment Ended", unit="c:ada", workflow="w", why="asked to")
    assert story.enrollments() == []
    assert billed(story.after(30 * DAY)) == [("0", 0), ("0.end", 14)]
    assert mailed(story) == []


@pytest.mark.parametrize(
    ("more", "posts"), [("status: paused", [("0.end", 14)]), ("status: ended", [("0.end", 14)])]
)
def test_a_trial_ends_on_its_day_also_where_its_workflow_was_paused_or_ended(
    more: str, posts: list[tuple[str, float]]
) -> None:
    program = program_of(trial())
    story = later(program, Story(program).happens("A").after(12 * DAY), more)
    assert billed(story.after(40 * DAY)) == posts


def test_a_reminder_that_is_frozen_keeps_back_neither_end_nor_acceptance() -> None:
    program = program_of(trial("help"))
    frozen = (
        Story(program).happens("A").after(5 * DAY).happens("Ticket Opened", ticket_id="1", severity="urgent")
    )
    assert billed(frozen.after(40 * DAY)) == [("0", 0), ("0.end", 14)]
    assert mailed(frozen) == ["t3"], "that it is over is service, which nothing stops"
    taken = (
        Story(program).happens("A").after(5 * DAY).happens("Ticket Opened", ticket_id="1", severity="urgent")
    )
    taken.after(8 * DAY).happens("Offer Accepted", offer="pro-trial").after(30 * DAY)
    assert billed(taken) == [("0", 0), ("0.convert", 13)]
    assert mailed(taken) == ["t2"]


def test_a_trial_ends_when_it_was_told_to_however_late_its_reminder_comes() -> None:
    story = Story(program_of(trial("help"))).happens("A").after(10 * DAY + 12 * HOUR)
    story.happens("Ticket Opened", ticket_id="1", severity="urgent").after(HOUR).happens(
        "Ticket Closed", ticket_id="1"
    )
    story.after(30 * DAY)
    (granted,) = [each for each in story.recorded() if each.name == "Trial Granted"]
    assert billed(story) == [("0", 0), ("0.end", 14)]
    assert parse_moment(str(granted.properties["ends_at"])) == START + 14 * DAY
    assert mailed(story) == ["t1", "t3"]


def test_a_trial_ends_when_it_was_told_to_though_billing_was_late_to_hear_of_it() -> None:
    story = Story(program_of(trial()), delivers=False).happens("A").after(2 * DAY)
    story.receipt(story.mails()[0], MESSAGE_SENT)
    story.delivers = True
    story.after(30 * DAY)
    assert billed(story) == [("0", 0), ("0.end", 14)]
    assert [round((mail.reserved_at - START) / DAY) for mail in story.mails() if mail.content == "t1"] == [11]


def test_who_leaves_while_billing_is_being_told_is_ended_if_it_was_and_let_be_if_not() -> None:
    for name, posts in ((MESSAGE_SENT, ["0", "0.end"]), (MESSAGE_WITHHELD, ["0"])):
        story = Story(program_of(trial()), delivers=False).happens("A").happens("Subscription Upgraded")
        grant = story.mails()[0]
        verdict = ask_gate(story.program, story.household, grant, story.now)
        assert verdict is not None
        assert verdict.reason is Reason.LEFT
        story.receipt(grant, name).after(30 * DAY)
        assert [step for step, _ in billed(story)] == posts


def test_what_billing_is_told_of_an_end_passes_the_gate_whatever_became_of_the_passage() -> None:
    story = Story(program_of(trial())).happens("A").happens("Subscription Upgraded")
    story.delivers = False
    story.after(14 * DAY)
    told = story.mails()[-1]
    assert (told.step, told.offer) == ("0.end", "pro-trial")
    assert ask_gate(story.program, story.household, told, story.now) is None
    assert story.receipt(told, MESSAGE_SENT).unit().trials == {}


def test_an_end_that_is_being_told_as_the_passage_leaves_is_told_once() -> None:
    story = Story(program_of(trial())).happens("A").after(13 * DAY)
    story.delivers = False
    story.after(DAY).happens("Subscription Upgraded").after(10 * DAY)
    assert billed(story) == [("0", 0), ("0.end", 14)]
    told = story.mails()[-1]
    assert told.key not in {taken.key for taken in story.withdrawn()}
    assert ask_gate(story.program, story.household, told, story.now) is None


def test_a_trial_of_somebody_who_is_found_to_be_another_ends_for_who_stays() -> None:
    story = Story(program_of(trial())).happens("A").happens("Subscription Upgraded")
    gone = story.household.customers["ada"]
    other = Story(program_of(trial()), "c:eve")
    other.household.customers["ada"] = gone
    other.happens("Customers Merged", **{"from": "ada"})  # type: ignore[arg-type]  # from is a keyword
    other.after(30 * DAY)
    assert [(mail.step, mail.unit_id, mail.customer_id) for mail in other.mails()] == [
        ("0.end", "c:eve", "eve")
    ]


def test_the_held_out_leave_no_trial_behind() -> None:
    story = Story(program_of(trial(), holdout="99.9%")).happens("A").happens("Subscription Upgraded")
    assert story.unit().trials == {}
    assert billed(story.after(30 * DAY)) == []


@pytest.mark.parametrize(
    "told", [{"historical": True}, {"ago": 3 * DAY}, {"trial_days": 14}, {"historical": True, "ago": 9 * DAY}]
)
@pytest.mark.parametrize("has_left", [False, True])
def test_history_and_what_was_taken_before_or_to_try_convert_nothing(
    told: dict[str, Any], *, has_left: bool
) -> None:
    story = Story(program_of(trial())).happens("A").after(2 * DAY)
    if has_left:
        story.happens("Subscription Upgraded")
    story.happens("Offer Accepted", offer="pro-trial", **told)
    assert billed(story.after(30 * DAY)) == [("0", 0), ("0.end", 14)]


HAPPENS = (
    "A", "Subscription Upgraded", "Subscription Started", "Subscription Renewed", "Invoice Paid",
    "Usage Recorded", "Prompt Clicked", "Prompt Shown", "Message Clicked", "Message Opened",
    "Checkout Started", "Trial Started", "Task Closed", "Offer Declined", "Order Completed", "Consent Given",
)  # fmt: skip


@settings(max_examples=examples(60))
@given(
    st.lists(
        st.tuples(
            st.integers(0, 20 * DAY), st.sampled_from(HAPPENS), st.sampled_from(["pro-trial", "pro", "0", ""])
        ),
        max_size=8,
    )
)
def test_whatever_happens_a_trial_without_a_stored_acceptance_ends_and_never_converts(
    happens: list[tuple[int, str, str]],
) -> None:
    story = Story(program_of(trial())).happens("A")
    for pause, name, what in happens:
        story.after(pause)
        story.happens(name, offer=what, plan=what, key=what, amount=1, currency="USD", interval="month")
    story.after(40 * DAY)
    steps = [step for step, _ in billed(story)]
    assert set(steps) <= {"0", "0.end"}
    assert steps.count("0") == steps.count("0.end") >= 1


def test_an_acceptance_under_a_key_that_the_passage_never_showed_converts_nothing() -> None:
    story = Story(program_of(trial())).happens("A").after(12 * DAY)
    (reminder,) = (mail.key for mail in story.mails() if mail.content == "t1")
    story.happens("Offer Accepted", offer="pro-trial", key="anothers-prompt").after(HOUR)
    assert [step for step, _ in billed(story)] == ["0"], "a prompt to try it takes no paid terms"
    story.happens("Offer Accepted", offer="pro-trial", key=reminder).after(HOUR)
    assert len(billed(story)) == 2
    assert billed(story)[1][1] < 14, "the reminder's own key does"
