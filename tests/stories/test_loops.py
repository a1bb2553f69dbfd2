"""Loops: a step that is come back to is a visit of its own, and what is heard of it answers that visit."""

from __future__ import annotations

from tests.stories.world import DAY, HOUR, START, Reason, Story, make_program, workflow
from upsell.journeys.household import Phase

WEEKLY = """[
  {email: {content: t1, intent: help}, name: m},
  {wait: {until: clicked, of: m, up_to: 7 days}},
  {go: {to: m, at_most: 3}},
]"""


def mailed_on(story: Story) -> list[float]:
    """Days after the story began on which each message was asked for."""
    return [(mail.reserved_at - START) / DAY for mail in story.mails()]


def test_a_click_ends_the_wait_of_the_visit_it_answers_and_of_no_later_one() -> None:
    story = Story(make_program({"w": workflow(trigger="{on: A}", journey=WEEKLY)})).happens("A").after(DAY)
    story.receipt(story.mails()[0], "Message Clicked").after(40 * DAY)
    assert mailed_on(story) == [0, 1, 8, 15]


def test_a_click_on_a_mail_of_an_earlier_visit_says_nothing_of_the_later_one() -> None:
    story = Story(make_program({"w": workflow(trigger="{on: A}", journey=WEEKLY)})).happens("A")
    story.after(8 * DAY).receipt(story.mails()[0], "Message Clicked").after(HOUR)
    assert mailed_on(story) == [0, 7]


def test_a_question_that_names_no_step_asks_of_the_visit_that_spoke_last() -> None:
    journey = WEEKLY.replace(", of: m", "")
    story = Story(make_program({"w": workflow(trigger="{on: A}", journey=journey)})).happens("A").after(DAY)
    story.receipt(story.mails()[0], "Message Clicked").after(40 * DAY)
    assert mailed_on(story) == [0, 1, 8, 15]


def test_several_who_are_mailed_in_one_visit_are_all_heard_of() -> None:
    journey = WEEKLY.replace("intent: help", "intent: help, to: [admin, billing]")
    program = make_program({"w": workflow(trigger="{on: A}", journey=journey, unit="account")})
    story = Story(program, "a:acme").member("ann", "admin").member("fay", "billing").happens("A")
    story.after(DAY).receipt(story.mails()[0], "Message Clicked")
    assert mailed_on(story) == [0, 0, 1, 1]


def test_a_mail_withheld_at_sending_stands_still_in_the_twelfth_round_as_in_the_first() -> None:
    journey = "[{email: {content: t1, intent: help}, name: m}, {wait: 30 days}, {go: {to: m, at_most: 20}}]"
    story = Story(make_program({"w": workflow(trigger="{on: A}", journey=journey)})).happens("A")
    story.after(12 * 30 * DAY - HOUR)
    story.delivers = False
    story.after(HOUR)
    story.happens("Ticket Opened", ticket_id="1", severity="urgent")
    story.receipt(story.mails()[-1], "Message Withheld", reason="sensitive")
    assert story.enrollments()[0].phase is Phase.FROZEN
    assert Reason.UNDELIVERABLE not in story.reasons()


def test_a_mail_that_the_gate_withholds_time_and_again_is_passed_over_in_the_end() -> None:
    story = Story(make_program({"w": workflow(trigger="{on: A}", journey=WEEKLY)}), delivers=False)
    story.happens("A")
    for _ in range(5):
        story.receipt(story.mails()[-1], "Message Withheld", reason="capped")
    assert len(story.mails()) == 5
    assert len({mail.key for mail in story.mails()}) == 5
    assert Reason.UNDELIVERABLE in story.reasons()
