"""Built-in signals: each says what its meaning says, at its boundary, and yields to the workspace's own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stories.world import DAY, HOUR, Reason, Story, make_program, workflow
from upsell.errors import DefinitionError
from upsell.journeys.concerns import concerns_of
from upsell.rules.compile import compile_rule
from upsell.rules.vocabulary import Vocabulary
from upsell.workspace.rulebook import FIELDS
from upsell.workspace.standard import Lifecycle, standard_signals

SPEAK = "[{email: {content: t1, intent: help}}]"


def told(rule: str, story_of: list[tuple[str, int, dict[str, Any]]], settings: str = "", **more: str) -> bool:
    """Whether a rule is true after events, each so long ago."""
    text = workflow(trigger="{on: Now}", journey=SPEAK, eligible=f'["{rule}"]')
    story = Story(make_program({"w": text}, policy=settings, **more))
    for name, ago, said in story_of:
        story.happens(name, ago=ago, **said)
    story.happens("Now")
    assert story.reasons()[0] in (Reason.INELIGIBLE, Reason.ENROLLED)
    return story.reasons()[0] is Reason.ENROLLED


def many(name: str, times: int, *, ago: int = 0, **said: Any) -> list[tuple[str, int, dict[str, Any]]]:
    return [(name, ago + place * HOUR, said) for place in range(times)]


def test_every_built_in_signal_compiles_to_its_kind_with_the_usual_boundaries_and_with_odd_ones() -> None:
    odd = Lifecycle(("It's used",), 90_000_000, 1, 1.0, 1e-9, 1, 3650 * DAY)
    for lifecycle in (Lifecycle(), odd):
        signals = standard_signals(lifecycle)
        names = Vocabulary(signals={name: each.text for name, each in signals.items()}, fields=FIELDS)
        for name, each in signals.items():
            assert compile_rule(name, names, expects=each.kind).kind is each.kind


@pytest.mark.parametrize(
    ("signal", "events", "short"),
    [
        ("team_growth", many("Invite Sent", 3), many("Invite Sent", 2)),
        ("milestone_reached", many("Milestone Reached", 1), many("Milestone Reached", 1, ago=3 * DAY)),
        (
            "engagement_accelerating",
            many("Feature Used", 20, ago=30 * DAY) + many("Feature Used", 25),
            many("Feature Used", 20, ago=30 * DAY) + many("Feature Used", 24),
        ),
        (
            "deep_integration",
            [("Integration Connected", 0, {"integration": name}) for name in ("crm", "chat", "pay")],
            [("Integration Connected", 0, {"integration": name}) for name in ("crm", "crm", "pay")],
        ),
        (
            "feature_exploration",
            [("Feature Used", 0, {"feature": str(number)}) for number in range(5)],
            [("Feature Used", 0, {"feature": str(number % 4)}) for number in range(9)],
        ),
        (
            "buying_intent",
            [("Customer Identified", 0, {"intent_score": 70})],
            [("Customer Identified", 0, {"intent_score": 69})],
        ),
        (
            "renewal_due",
            [
                (
                    "Subscription Started",
                    0,
                    {"plan": "pro", "interval": "year", "renews_at": "2026-04-01T09:00:00Z"},
                )
            ],
            [("Subscription Started", 0, {"plan": "pro", "renews_at": "2026-04-01T09:00:00Z"})],
        ),
    ],
)
def test_a_growth_signal_is_true_at_its_boundary_and_not_below(
    signal: str,
    events: list[tuple[str, int, dict[str, Any]]],
    short: list[tuple[str, int, dict[str, Any]]],
) -> None:
    assert told(signal, events)
    assert not told(signal, short)


def test_the_stage_is_the_first_that_holds() -> None:
    new = [("Customer Identified", 0, {"created_at": "2026-03-01T09:00:00Z"})]
    falling = many("Feature Used", 20, ago=30 * DAY)
    rising = falling + many("Feature Used", 25)
    yearly = {"plan": "pro", "interval": "year", "renews_at": "2026-03-20T09:00:00Z"}
    renewing = [("Subscription Started", 0, yearly)]
    for events, stage in (
        ([], "maturity"),
        (new, "onboarding"),
        (rising, "growth"),
        (renewing + rising, "renewal"),
        (renewing + new, "onboarding"),
        (new + falling, "at_risk"),
    ):
        assert told(f"lifecycle_stage = '{stage}'", events), stage


def test_boundaries_move_with_the_settings() -> None:
    settings = "lifecycle: {engagement: [Song Played], window: 7 days, least: 3, growing: 2, falling: 10%}\n"
    played = many("Song Played", 3, ago=8 * DAY) + many("Song Played", 6)
    assert told("engagement_accelerating", played, settings)
    assert not told("engagement_accelerating", played)
    assert not told("engagement_accelerating", played[:-1], settings)


def test_a_signal_of_the_workspace_takes_the_place_of_the_built_in_one_everywhere() -> None:
    own = {"signals": "at_risk: customer.health = 'red'\nengagement_trend: 3\n"}
    red = [("Customer Identified", 0, {"health": "red"})]
    assert told("lifecycle_stage = 'at_risk'", red, **own)
    assert told("engagement_accelerating", [], **own)
    with pytest.raises(DefinitionError, match="expected a text"):
        told("true", [], signals="lifecycle_stage: true\n")


def test_only_what_states_and_the_report_name_is_counted_of_the_built_in_signals() -> None:
    program = make_program({"w": workflow(trigger="{on: Now}", journey=SPEAK)})
    counted = {counter.event for kept in concerns_of(program).counters.values() for counter in kept}
    assert counted == {*Lifecycle().engagement, "Onboarding Finished"}
