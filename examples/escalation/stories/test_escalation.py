"""What escalation promises: pytest examples/escalation/stories."""

from __future__ import annotations

from pathlib import Path

import pytest

from upsell.testing.given import Given, given

WORKSPACE = Path(__file__).parent.parent / "workspace"


def near(employees: int = 500, *, is_held_out: bool = False) -> Given:
    """Let an account come near its boards."""
    story = given(WORKSPACE, is_held_out=is_held_out).account("acme", plan="team", employees=employees)
    return story.member("ada", "admin", first_name="Ada").after(days=2).uses("boards", "85%")


def looks(story: Given) -> str:
    """Let Ada look at her boards; give what the card says, empty for none."""
    story.when("Placement Asked", placement="boards")
    offered = [each for each in story.story.recorded() if each.name == "Prompt Offered"]
    return str(offered[-1].properties["content"]) if offered else ""


def test_it_begins_softly_in_the_product_and_nothing_is_sent() -> None:
    story = near()
    assert looks(story) == "boards-left"
    story.after(days=3).then_nothing_more()


def test_who_does_not_answer_gets_the_detail_and_who_is_worth_it_a_person() -> None:
    story = near().after(days=5).then_sent("room-for-boards", to="ada", offer="company-upgrade")
    story.after(days=6).then_task("Ask how many boards they will need", queue="success").then_nothing_more()


def test_nobody_calls_an_account_that_is_not_worth_a_call() -> None:
    story = near(employees=20).after(days=5).then_sent("room-for-boards").after(days=20).then_nothing_more()
    assert story.story.tasks() == []


@pytest.mark.parametrize("is_clicked", [True, False])
def test_whoever_answers_is_not_pressed_further(is_clicked: bool) -> None:
    story = near()
    if is_clicked:
        story.after(days=5).then_sent("room-for-boards").clicks("room-for-boards")
    else:
        story.when("Pricing Viewed")
    story.after(days=20).then_nothing_more()
    assert story.story.tasks() == []


def test_who_upgrades_in_between_hears_no_more_of_it_and_is_not_called() -> None:
    story = near().after(days=5).then_sent("room-for-boards")
    story.when("Subscription Changed", plan="company", amount=39900).after(days=20).then_nothing_more()
    assert story.story.tasks() == []


def test_while_a_ticket_is_open_nobody_writes_and_nobody_calls() -> None:
    story = near()
    story.when("Ticket Opened", ticket_id="1").after(days=10).then_nothing_more()
    assert story.story.tasks() == []


def test_the_held_out_see_no_card_get_no_mail_and_no_call() -> None:
    story = near(is_held_out=True)
    assert looks(story) == ""
    story.after(days=30).then_nothing_more()
    assert story.story.tasks() == []
