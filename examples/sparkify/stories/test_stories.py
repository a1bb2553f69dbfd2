"""What Sparkify promises its listeners, told as stories: pytest examples/sparkify/stories."""

from __future__ import annotations

from pathlib import Path

from upsell.testing.given import Given, given

WORKSPACE = Path(__file__).parent.parent / "workspace"


def listener() -> Given:
    return given(WORKSPACE).customer("30")


def test_who_hesitates_is_told_first_what_the_free_plan_can_do() -> None:
    story = listener().when("Upgrade Page Viewed").then_nothing_more()
    story.after(hours=2).then_sent("more-from-free").after(days=10).then_nothing_more()


def test_who_submits_is_left_alone() -> None:
    listener().when("Upgrade Page Viewed").when("Upgrade Submitted").after(days=10).then_nothing_more()
