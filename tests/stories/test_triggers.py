"""When a unit becomes a candidate: edges, holding, crossings, events, dates, and what is too old."""

from __future__ import annotations

from typing import Any

from tests.stories.world import DAY, HOUR, Reason, Story, make_program, workflow

MAIL = "[{email: {content: t1, intent: help}}]"
INTEREST = "event_count('Pricing Viewed', interval '7 days') >= 3"


def test_a_rule_is_asked_just_after_its_input_so_the_third_event_sees_three() -> None:
    program = make_program({"w": workflow(trigger=f'{{when: "{INTEREST}"}}', journey=MAIL)})
    story = Story(program)
    story.happens("Pricing Viewed").happens("Pricing Viewed")
    assert story.contents() == []
    story.happens("Pricing Viewed")
    assert story.contents() == ["t1"]


def test_a_trigger_that_stays_true_fires_once_and_again_only_after_it_was_false() -> None:
    trigger = f'{{when: "{INTEREST}", again_after: 1 day}}'
    story = Story(make_program({"w": workflow(trigger=trigger, journey=MAIL)}))
    for _ in range(10):
        story.happens("Pricing Viewed").after(6 * HOUR)
    assert story.contents() == ["t1"]
    story.after(8 * DAY)
    for _ in range(3):
        story.happens("Pricing Viewed")
    assert story.contents() == ["t1", "t1"]


def test_a_window_is_open_at_its_start_so_an_event_exactly_as_old_as_it_is_outside() -> None:
    program = make_program({"w": workflow(trigger=f'{{when: "{INTEREST}"}}', journey=MAIL)})
    story = Story(program)
    story.happens("Pricing Viewed").after(7 * DAY)
    story.happens("Pricing Viewed").happens("Pricing Viewed")
    assert story.contents() == []
    almost = Story(program)
    almost.happens("Pricing Viewed").after(7 * DAY - 1)
    almost.happens("Pricing Viewed").happens("Pricing Viewed")
    assert almost.contents() == ["t1"]


def test_held_for_fires_when_the_rule_was_true_without_a_break_and_not_before() -> None:
    trigger = "{when: \"customer.plan_interest = 'high'\", held_for: 2 days}"
    program = make_program({"w": workflow(trigger=trigger, journey=MAIL)})
    story = Story(program)
    story.happens("Customer Identified", plan_interest="high").after(2 * DAY - 1)
    assert story.contents() == []
    story.after(1)
    assert story.contents() == ["t1"]
    broken = Story(program)
    broken.happens("Customer Identified", plan_interest="high").after(DAY)
    broken.happens("Customer Identified", plan_interest="low").happens(
        "Customer Identified", plan_interest="high"
    )
    broken.after(DAY + HOUR)
    assert broken.contents() == []


def test_a_date_driven_trigger_fires_at_the_instant_by_time_alone() -> None:
    trigger = '{when: "days_until(subscription.renews_at) <= 30"}'
    story = Story(make_program({"w": workflow(trigger=trigger, journey=MAIL)}))
    # 2026-03-02T09:00 is the start; 40 days later is 2026-04-11T09:00.
    story.happens("Subscription Started", plan="starter", amount=4900, renews_at="2026-04-11T09:00:00Z")
    assert story.session.next_due_at() == story.now + 10 * DAY
    story.after(10 * DAY - 1)
    assert story.contents() == []
    story.after(1)
    assert story.contents() == ["t1"]


CROSSING = (
    "{crossing: {of: \"usage_ratio('api_calls')\", at: [80%, 90%, 100%], hysteresis: 5%},"
    " again_after: 1 seconds}"
)


def usage_story() -> Story:
    program = make_program({"w": workflow(trigger=CROSSING, journey=MAIL)})
    return Story(program).happens("Subscription Started", plan="starter", amount=4900)


def thresholds(story: Story) -> list[object]:
    return [mail.trigger["threshold"] for mail in story.mails()]


def test_a_jump_over_several_thresholds_fires_once_with_the_most_advanced() -> None:
    story = usage_story().happens("Usage Recorded", metric="api_calls", quantity=950)
    assert thresholds(story) == [0.9]


def test_each_threshold_fires_once_per_period_and_again_in_the_next() -> None:
    story = usage_story()
    for _ in range(10):
        story.happens("Usage Recorded", metric="api_calls", quantity=110).after(HOUR)
    assert thresholds(story) == [0.8, 0.9, 1.0]  # at 880, 990 and 1,100 of 1,000
    story.after(32 * DAY).happens("Usage Recorded", metric="api_calls", quantity=850)
    assert thresholds(story) == [0.8, 0.9, 1.0, 0.8]


def test_a_threshold_is_armed_again_only_below_its_hysteresis() -> None:
    story = usage_story()

    def seats(level: float) -> None:
        story.happens("Usage Recorded", metric="api_calls", level=level).after(HOUR)

    seats(810)
    seats(760)
    seats(810)
    assert thresholds(story) == [0.8]
    seats(740)
    seats(810)
    assert thresholds(story) == [0.8, 0.8]


def test_a_change_of_plan_arms_every_threshold_again() -> None:
    story = usage_story().happens("Usage Recorded", metric="api_calls", quantity=850).after(HOUR)
    story.happens("Subscription Changed", plan="free", amount=0)
    story.happens("Usage Recorded", metric="api_calls", quantity=1)
    assert thresholds(story) == [0.8, 1.0]


def test_an_event_trigger_fires_with_each_event_that_meets_its_condition() -> None:
    trigger = "{on: Feature Gate Hit, where: \"properties.feature = 'sso'\", again_after: 1 seconds}"
    story = Story(make_program({"w": workflow(trigger=trigger, journey=MAIL)}))
    story.happens("Feature Gate Hit", feature="export").happens("Feature Gate Hit", feature="sso")
    assert story.contents() == ["t1"]


def test_an_event_older_than_max_age_changes_state_but_is_refused_as_stale() -> None:
    story = Story(make_program({"w": workflow(trigger="{on: Feature Gate Hit}", journey=MAIL)}))
    story.happens("Feature Gate Hit", ago=25 * HOUR)
    assert story.contents() == []
    assert story.reasons() == [Reason.STALE]
    story.happens("Feature Gate Hit", ago=23 * HOUR)
    assert story.contents() == ["t1"]


def test_history_never_starts_anything_but_is_counted() -> None:
    program = make_program({"w": workflow(trigger=f'{{when: "{INTEREST}"}}', journey=MAIL)})
    story = Story(program)
    for _ in range(3):
        story.happens("Pricing Viewed", historical=True)
    assert story.contents() == []
    assert story.reasons() == [Reason.HISTORICAL]
    assert story.session.household.customers["ada"].profile.counters != {}


def test_a_late_event_takes_its_own_place_in_the_window() -> None:
    program = make_program({"w": workflow(trigger=f'{{when: "{INTEREST}"}}', journey=MAIL)})
    story = Story(program)
    story.happens("Pricing Viewed").happens("Pricing Viewed").happens("Pricing Viewed", ago=8 * DAY)
    assert story.contents() == []
    story.happens("Pricing Viewed", ago=6 * HOUR)
    assert story.contents() == ["t1"]


def test_units_that_match_at_launch_are_left_alone_unless_the_workflow_lets_them_in() -> None:
    trigger = "{when: \"customer.plan_interest = 'high'\"}"
    empty = make_program({})
    for existing, expected in (("ignore", 0), ("enter", 1)):
        story = Story(empty).happens("Customer Identified", plan_interest="high")
        more = f"existing: {existing}"
        program = make_program({"w": workflow(trigger=trigger, journey=MAIL, more=more)})
        later = Story(program, household=story.household)
        later.launches().after(DAY)
        assert len(later.mails()) == expected
        if existing == "ignore":
            assert later.reasons() == [Reason.EXISTING]


def test_a_trigger_of_an_account_is_not_fired_by_an_event_of_another_household_member_only_rule() -> None:
    trigger = "{on: Feature Gate Hit, again_after: 1 seconds}"
    program = make_program({"w": workflow(trigger=trigger, journey=MAIL)})
    story = Story(program, "a:acme").member("ada", "admin").member("bob")
    story.happens("Feature Gate Hit", by="bob")
    assert [mail.customer_id for mail in story.mails()] == ["bob"]


def test_a_rule_about_what_never_happened_is_asked_when_a_unit_is_identified() -> None:
    trigger = "{when: \"event_count('Project Created', interval '30 days') = 0\", held_for: 7 days}"
    story = Story(make_program({"w": workflow(trigger=trigger, journey=MAIL)}))
    story.after(7 * DAY)
    assert story.contents() == ["t1"]


def exposed_after(trigger: str, *events: tuple[str, dict[str, Any]]) -> set[tuple[str, str]]:
    """Give arm and trigger of everybody's first exposure, after events that each of forty people sends."""
    program = make_program({"w": workflow(trigger=trigger, journey=MAIL, holdout="50%")})
    found: set[tuple[str, str]] = set()
    for number in range(40):
        story = Story(program, f"c:n{number}")
        for name, said in events:
            story.happens(name, **said)
        found.update((each.arm, each.trigger) for each in story.exposures())
    return found


def test_an_exposure_says_what_had_fired_alike_in_both_arms() -> None:
    both = {"treated", "holdout"}
    seen: tuple[str, dict[str, Any]] = ("Pricing Viewed", {})
    assert exposed_after("{on: Pricing Viewed}", seen) == {(arm, "event Pricing Viewed") for arm in both}
    assert exposed_after(f'{{when: "{INTEREST}"}}', *[seen] * 3) == {(arm, "rule") for arm in both}
    crossing = "{crossing: {of: \"usage_ratio('api_calls')\", at: [80%, 90%, 100%]}}"
    for used, at in ((850, "0.8"), (950, "0.9"), (1_200, "1")):
        plan = ("Subscription Started", {"plan": "starter", "amount": 4900})
        told = ("Usage Recorded", {"metric": "api_calls", "quantity": used})
        assert exposed_after(crossing, plan, told) == {(arm, f"threshold {at}") for arm in both}
