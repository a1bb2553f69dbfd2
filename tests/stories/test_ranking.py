"""Ranking and score: one workflow wins the slot, and weak signals weigh together while they are fresh."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stories.world import DAY, HOUR, Reason, Story, make_program, workflow

SHOW = "[{email: {content: t1, intent: show}}, {wait: 30 days}]"


def shows(name: str, more: str = "", trigger: str = "{on: Asked}") -> str:
    return workflow(trigger=trigger, journey=SHOW.replace("t1", name), more=more)


def winners(texts: dict[str, str], **traits: Any) -> list[str]:
    story = Story(make_program(texts)).happens("Customer Identified", **traits)
    story.happens("Asked")
    return [mail.workflow for mail in story.mails()]


def test_the_one_expected_to_earn_most_wins_where_a_model_says_so_of_each() -> None:
    texts = {"a": shows("t1", "worth: customer.worth_a"), "b": shows("t2", "worth: customer.worth_b")}
    assert winners(texts, worth_a=100, worth_b=300) == ["b"]
    assert winners(texts, worth_a=300, worth_b=100) == ["a"]


def test_without_a_model_of_each_the_declared_priority_wins() -> None:
    texts = {"a": shows("t1", "worth: customer.worth_a"), "b": shows("t2", "priority: 5")}
    assert winners(texts, worth_a=100) == ["b"]
    both = {
        "a": shows("t1", "worth: customer.worth_a"),
        "b": shows("t2", "priority: 5\nworth: customer.worth_b"),
    }
    assert winners(both, worth_a=100) == ["b"], "a model that knows nothing of one decides nothing"


def test_of_equals_the_one_that_waits_longest_wins_and_the_loser_keeps_its_reason() -> None:
    texts = {"a": shows("t1", trigger="{on: A}"), "b": shows("t2", trigger="{on: B}")}
    story = Story(make_program(texts)).happens("Ticket Opened", ticket_id="1")
    story.happens("B").after(HOUR).happens("A").after(HOUR)
    story.happens("Ticket Closed", ticket_id="1").after(2 * DAY)
    assert [mail.workflow for mail in story.mails()] == ["b"]
    waiting = story.unit().watches["a"].waiting
    assert waiting is not None
    assert waiting.verdict.reason is Reason.OUTRANKED


SCORE = (
    "{score: {at: 5, signals: [{event: Pricing Viewed, weight: 3, half_life: 6 hours}, "
    "{event: Invite Sent, weight: 3, half_life: 6 hours}, {when: customer.champion, weight: 1}]}, "
    "again_after: 1 hour}"
)
HELP = "[{email: {content: t1, intent: help}}]"


def scored() -> Story:
    return Story(make_program({"w": workflow(trigger=SCORE, journey=HELP)}))


def test_two_fresh_signals_weigh_enough_and_two_stale_ones_do_not() -> None:
    story = scored().happens("Pricing Viewed").after(HOUR).happens("Invite Sent")
    # 3 * 2^(-1/6) + 3 is 5.67.
    assert len(story.mails()) == 1
    assert story.mails()[0].trigger["value"] == pytest.approx(3 * 2 ** (-1 / 6) + 3, abs=1e-6)
    story = scored().happens("Pricing Viewed").after(12 * HOUR).happens("Invite Sent")
    assert story.mails() == [], "3 / 4 + 3 is under 5"


def test_a_score_fires_once_and_again_only_after_it_fell() -> None:
    story = scored().happens("Pricing Viewed").happens("Invite Sent").after(30 * 60_000_000)
    story.happens("Pricing Viewed").after(HOUR)
    assert len(story.mails()) == 1
    # Fallen under five in between by time alone, and nothing happened while it was there.
    story.after(DAY).happens("Pricing Viewed").happens("Invite Sent")
    assert len(story.mails()) == 2


def test_a_rule_adds_its_weight_while_it_is_true() -> None:
    story = scored().happens("Pricing Viewed").after(3 * HOUR).happens("Invite Sent")
    # 3 * 2^(-1/2) + 3 is 5.12: enough by itself; after 4 hours 4.89 is not, and a champion adds one.
    assert len(story.mails()) == 1
    story = scored().happens("Pricing Viewed").after(4 * HOUR).happens("Invite Sent")
    assert story.mails() == []
    story.happens("Customer Identified", champion=True)
    assert len(story.mails()) == 1


@given(st.integers(0, 24 * 60), st.integers(0, 24 * 60))
def test_a_score_falls_never_before_it_is_asked_again(first: int, second: int) -> None:
    minute = 60_000_000
    story = scored().happens("Pricing Viewed").after(first * minute).happens("Invite Sent")
    watch = story.unit().watches["w"]
    score = 3 * 2 ** (-first / 360) + 3
    if score < 5:
        return
    assert watch.ask_at is not None
    at = story.now + second * minute
    # Oracle: the sum written out, both parts halved every six hours.
    if at < watch.ask_at:
        assert score * 2 ** (-(at - story.now) / (360 * minute)) >= 5 - 1e-6
