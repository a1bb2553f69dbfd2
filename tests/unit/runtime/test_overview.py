"""Words of the overview: of state, guardrails, reviews, trust and what was earned."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from tests.made_results import nothing, results
from tests.stories.world import make_program, workflow
from upsell.decisions.guardrails import Action
from upsell.decisions.stops import Stop
from upsell.journeys.workflow import Status
from upsell.runtime.overview import State, Tone, earned_words, guardrails_of, review_of, state_of, trust_of
from upsell.runtime.results import headline
from upsell.store.guardrails import Breach, MessageSums, NoticeState

FLOW = make_program(
    {"w": workflow(trigger="{on: Pricing Viewed}", journey="[{email: {content: t1, intent: help}}]")}
).workflows["w"]
TODAY = date(2027, 1, 1)


def breach(action: Action) -> Breach:
    return Breach(1, "w", "unsubscribe_rate", action, "words", 0, None, "", "", NoticeState.DUE, "", "")


def stop(channel: str = "", workflow: str = "") -> Stop:
    return Stop(1, channel, workflow, 0, "ada", "why")


def test_a_workflow_is_live_only_where_nothing_keeps_it_from_it() -> None:
    assert state_of(FLOW, [], []) == State("live", Tone.GOOD)
    for stops in ([stop()], [stop(workflow="w")]):
        assert state_of(FLOW, [], stops).words == "stopped by hand"
    assert state_of(FLOW, [], [stop(channel="sms"), stop(workflow="v")]).words == "live"
    assert state_of(FLOW, [breach(Action.PAUSE)], [stop()]) == State("paused by a guardrail", Tone.BAD)
    assert state_of(FLOW, [breach(Action.WARN)], []).words == "live"
    for status, words in ((Status.PAUSED, "paused"), (Status.ENDED, "ended")):
        assert state_of(msgspec.structs.replace(FLOW, status=status), [], []).words == words


def test_a_guardrail_that_was_broken_stays_said_and_none_is_no_green_light() -> None:
    assert guardrails_of([], []) == State("none written", Tone.WARN)
    assert guardrails_of([], [breach(Action.WARN)]) == State("beyond: unsubscribe_rate", Tone.BAD)


@pytest.mark.parametrize(
    ("review_by", "words", "tone"),
    [
        (None, "no date", Tone.CALM),
        ("2026-12-31", "overdue since 31 December 2026", Tone.BAD),
        ("2027-01-01", "1 January 2027", Tone.WARN),
        ("2027-01-15", "15 January 2027", Tone.WARN),
        ("2027-01-16", "16 January 2027", Tone.CALM),
    ],
)
def test_a_review_is_due_until_the_end_of_its_day(review_by: str | None, words: str, tone: Tone) -> None:
    assert review_of(review_by, TODAY) == State(words, tone)


def test_trust_is_the_sum_over_workflows_channels_and_stretches_and_nothing_before_it_is_counted() -> None:
    assert trust_of([]) is None
    sums = [MessageSums("w", "email", "", 0, 1, 100, 3, 2, 1), MessageSums("v", "sms", "", 0, 2, 10, 0, 0, 4)]
    found = trust_of(sums)
    assert found is not None
    assert (found.sent, found.bounced, found.complained, found.unsubscribed) == (110, 3, 2, 5)


def test_effects_of_several_workflows_are_counted_and_never_added_up() -> None:
    told = results().report
    words = earned_words(told)
    assert words == (
        "Of 3 workflows 1 earned more than doing nothing and 2 cannot be told from doing nothing yet."
    )
    assert "$" not in words
    alone = msgspec.structs.replace(told, workflows=told.workflows[:1])
    assert earned_words(alone) == headline(told.workflows[0])
    assert earned_words(nothing().report) == "No workflow is written yet."


def test_where_nothing_can_be_told_the_answer_is_that_it_is_too_early() -> None:
    told = results().report
    early = msgspec.structs.replace(told, workflows=told.workflows[1:])
    assert earned_words(early) == (
        "Too early to say: none of 2 workflows can be told from doing nothing yet."
    )
