"""What a workflow does is told in plain words, the same wherever it is shown."""

from __future__ import annotations

import pytest

from tests.drawn_world import EVERY_STEP, ON_GOAL, compiled
from tests.stories.world import make_program, workflow
from upsell.decisions.layers import LayerShare
from upsell.journeys.workflow import Workflow
from upsell.workspace.outline import items_of, outline
from upsell.workspace.wording import tell_trigger

HELP = "[{email: {content: t1, intent: help}}]"


def told(flow: Workflow) -> list[str]:
    drawn = outline(flow)
    return [item.words for item in items_of((*drawn.items, *drawn.after_goal))]


def test_every_step_is_told_in_plain_words() -> None:
    assert told(compiled(EVERY_STEP, ON_GOAL)) == [
        "Mail t1 to admin and billing, to help, passed over if blocked",
        "Wait 3 days",
        "Wait for Pricing Viewed where properties.page = 'pro', 5 days at most",
        "If what was waited for came",
        "Say t2, by email or sms, up to 2 days for the better one, to offer pro-annual",
        "End",
        "Leave a prompt at usage-page, to show something",
        "Go to first, 2 times at most",
        "Wait until what was said last was clicked, 1 day at most",
        "Wait until event_count('Pricing Viewed', interval '2 days') >= 1, 2 days at most",
        "Wait until 30 days before subscription.renews_at, 365 days at most",
        "Wait until 09:30 their time on Mon or Thu",
        "Go one of 2 ways by chance",
        "Set keen to true",
        "Push t3, about what they have, beyond the caps",
        "Go one of 2 ways by chance",
        "Wait 1 hour",
        "Go to first, once at most",
        "Text t4, to help, leaving if blocked",
        "Choose the first of pro-annual, pro-trial that can be made, as best",
        "End",
        "Tell hooks.acme.example that this point was reached",
        "Grant pro-trial as a trial for 14 days, and tell billing.acme.example",
        "Mail t1, about what they have",
        "Wait for the paid terms to be taken, or the end of the trial",
        "Tell billing.acme.example that the paid terms were taken",
        "Mail t2, about what they have",
        "Tell billing.acme.example that the trial has ended",
        "Task for success: Ask what was missing, due in 2 days, offering pro-annual",
        "Choose the first of pro-annual that can be made, as other",
        "Wait 2 days",
        "Mail t2, to offer best",
        "Mail t4, about what they have",
        "Wait 2 days",
        "If plan.tier = 2",
        "Mail t1, about what they have",
    ]


def test_what_differs_by_arm_is_told_by_arm() -> None:
    text = workflow(
        trigger="{on: A}",
        journey="[{wait: {early: 1 day, late: 3 days}}, {email: {content: t1, intent: help}}]",
        experiment=", vary: timing, arms: {early: 25%, late: 75%}",
    )
    assert told(make_program({"w": text}).workflows["w"])[0] == "Wait 1 day (early) or 3 days (late)"


def test_an_audience_is_told_by_arm() -> None:
    text = workflow(
        trigger="{on: A}",
        journey=HELP,
        experiment=", vary: audience, arms: {x: 25%, y: 75%}, audience: {y: plan.tier = 1}",
    )
    gates = outline(make_program({"w": text}).workflows["w"]).gates
    assert gates[-1] == "arms differ in audience: x 25%, y 75% only if plan.tier = 1"


def test_a_workflow_with_a_key_begins_once_for_each() -> None:
    text = workflow(trigger="{on: A}", journey=HELP, more="key: order_id")
    assert tell_trigger(make_program({"w": text}).workflows["w"]) == "A happens; once for each order_id"


def test_gates_are_told_in_the_order_in_which_they_are_asked() -> None:
    text = workflow(
        trigger="{on: A}",
        journey="[{email: {content: {x: t1, y: t2}, intent: help}}]",
        eligible="[plan.tier < 2]",
        suppress="[plan.tier = 1]",
        holdout="12.5%",
        experiment=", vary: message, arms: {x: 25%, y: 75%}, ramp: 40%",
    )
    drawn = outline(make_program({"w": text}).workflows["w"], LayerShare("mails", 0.25, 0.75))
    assert drawn.gates == (
        "only if plan.tier < 2",
        "not while plan.tier = 1",
        "of layer mails 50%",
        "open to 40% of them",
        "12.5% held out by chance",
        "arms differ in message: x 25%, y 75%",
    )


@pytest.mark.parametrize(
    ("trigger", "words"),
    [
        ("{on: A}", "A happens; once"),
        (
            "{on: A, where: properties.x = 1, when: plan.tier < 2, again_after: 1 day}",
            "A happens where properties.x = 1, while plan.tier < 2; again after 1 day at the earliest",
        ),
        (
            "{when: plan.tier > 1, held_for: 2 days}",
            "plan.tier > 1 becomes true and has been for 2 days; once",
        ),
        (
            "{crossing: {of: \"usage_ratio('api_calls')\", at: [50%, 80%, 100%]}}",
            "usage_ratio('api_calls') passes 0.5, 0.8 or 1; once",
        ),
        (
            "{score: {at: 5, signals: [{event: A, weight: 3, half_life: 6 hours},"
            " {when: plan.tier > 1, weight: 2}]}}",
            "signals come to 5: 3 for last_event('A') (half after 6 hours), 2 for plan.tier > 1; once",
        ),
    ],
)
def test_when_a_workflow_begins_is_told(trigger: str, words: str) -> None:
    text = workflow(trigger=trigger, journey=HELP)
    assert tell_trigger(make_program({"w": text}).workflows["w"]) == words
