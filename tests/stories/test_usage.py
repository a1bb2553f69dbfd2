"""Use against limits: what is over, when the limit comes, and who hears of it."""

from __future__ import annotations

from tests.stories.world import DAY, HOUR, Story, make_program, workflow
from upsell.channels.render import template_facts
from upsell.cli.standing_text import standing_lines
from upsell.journeys.explain import explain_standing
from upsell.journeys.program import Program
from upsell.runtime.explained import standing_content

HELP = "[{email: {content: t1, intent: help}}]"


def warning(rule: str) -> Program:
    return make_program({"w": workflow(trigger=f'{{when: "{rule}"}}', journey=HELP)})


def begun(program: Program) -> Story:
    story = Story(program)
    return story.happens("Subscription Started", plan="starter", amount=4900, currency="USD", quantity=3)


def uses(story: Story, days: int, amount: float, *, metric: str = "api_calls") -> Story:
    for _ in range(days):
        story.happens("Usage Recorded", metric=metric, quantity=amount).after(DAY)
    return story


def test_who_will_reach_the_limit_within_a_week_is_told_and_who_will_not_is_not() -> None:
    near = uses(begun(warning("days_to_limit('api_calls') <= 7")), 18, 40)
    assert near.contents() == ["t1"]
    far = uses(begun(warning("days_to_limit('api_calls') <= 7")), 18, 10)
    assert far.mails() == []


def test_a_forecast_is_asked_again_at_midnight_though_nothing_happens() -> None:
    """Oracle: closed form; 680 are left for 17 days at 40 a day, for 19.8 once one of seven days is idle."""
    story = uses(begun(warning("days_to_limit('api_calls') > 18")), 8, 40)
    story.after(15 * HOUR - 1)
    assert story.mails() == []
    story.after(DAY)
    assert story.contents() == ["t1"]


def test_after_an_upgrade_the_limit_is_farther_and_so_is_the_day_it_comes() -> None:
    rule = "days_to_limit('api_calls') <= 20"
    story = uses(begun(warning(rule)), 15, 40)
    assert story.contents() == ["t1"]
    facts = story.session._scene.facts(story.unit())
    before = facts.days_to_limit("api_calls")
    story.happens("Subscription Changed", plan="pro", amount=14900)
    facts = story.session._scene.facts(story.unit())
    assert before is not None
    assert facts.days_to_limit("api_calls") is None


def test_over_is_what_lies_beyond_the_limit_and_a_new_period_begins_at_nothing() -> None:
    story = begun(warning("usage_over('api_calls') > 0"))
    uses(story, 1, 1000)
    assert story.mails() == []
    story.happens("Usage Recorded", metric="api_calls", quantity=1)
    assert story.contents() == ["t1"]


def test_a_member_of_an_account_is_asked_by_the_accounts_use() -> None:
    program = warning("days_to_limit('seats') <= 10")
    story = Story(program, "a:acme").member("ada")
    story.happens("Subscription Started", plan="starter", amount=4900)
    for seats in range(1, 5):
        story.happens("Usage Recorded", by="ada", metric="seats", level=seats).after(3 * DAY)
        story.happens("Customer Identified", by="ada", email="ada@example.com")
    assert story.contents() == ["t1"]


def test_explain_says_plan_seats_use_and_forecast_in_words_and_numbers() -> None:
    program = warning("false")
    story = uses(begun(program), 15, 40)
    standing = explain_standing(program, story.household, "c:ada", story.now)
    assert standing is not None
    lines = "\n".join(standing_lines(standing))
    assert "on starter (tier 1), 3 seats, 49.00 USD a month" in lines
    assert "api_calls: 600 of 1,000 (60%)" in lines
    assert "expected to reach the limit in 10 days (90 % between 10 days and 10 days)" in lines
    said = standing_content(standing)
    assert said is not None
    (calls,) = (use for use in said["metrics"] if use["metric"] == "api_calls")
    assert (calls["used"], calls["limit"], calls["over"]) == (600, 1000, 0)
    assert calls["days_to_limit"]["expected"] == 10


def test_of_whom_nothing_is_known_nothing_is_said() -> None:
    program = warning("false")
    standing = explain_standing(program, Story(program).household, "c:ada", Story(program).now)
    assert standing_lines(standing) == []


def test_templates_say_what_is_over_and_when_the_limit_comes() -> None:
    program = make_program({"w": workflow(trigger="{on: Go}", journey=HELP)})
    story = uses(begun(program), 15, 40).happens("Go")
    facts = template_facts(program, story.household, story.mails()[0], story.now)
    assert facts["over"]["api_calls"] == 0
    assert facts["days_to_limit"]["api_calls"] == 10
