"""What Acme Reports promises its customers, told as stories: pytest examples/saas/stories."""

from __future__ import annotations

from pathlib import Path

from upsell.testing.given import Given, given

WORKSPACE = Path(__file__).parent.parent


def acme(plan: str = "starter", *, is_held_out: bool = False) -> Given:
    story = given(WORKSPACE, is_held_out=is_held_out)
    return story.account("acme", plan=plan).member("ada", "admin", first_name="Ada").after(days=20)


def test_who_comes_near_a_limit_is_helped_first_and_offered_the_next_plan_last() -> None:
    story = acme().uses("reports", "85%")
    story.then_sent("need-fewer-reports", to="ada").then_nothing_more()
    story.after(days=3).then_sent("compare-plans").then_nothing_more()
    story.when("Pricing Viewed").after(days=5)
    story.then_sent("more-reports", offer="team-upgrade").then_nothing_more()


def test_nobody_is_sold_to_while_a_ticket_is_open() -> None:
    story = acme().uses("reports", "85%").then_sent("need-fewer-reports")
    story.when("Ticket Opened", ticket_id="7").after(days=6).then_nothing_more()
    story.then_reason("usage-limit", "frozen")
    story.when("Ticket Closed", ticket_id="7").after(days=3).then_sent("compare-plans")


def test_who_upgrades_is_welcomed_and_hears_no_more_of_it() -> None:
    story = acme().uses("reports", "90%").then_sent("need-fewer-reports")
    story.when("Subscription Changed", plan="team", amount=9900)
    story.then_sent("welcome-to-plan").after(days=30).then_nothing_more()


def test_the_held_out_hear_nothing() -> None:
    story = acme(is_held_out=True).uses("reports", "85%").after(days=30)
    story.then_nothing_more().then_reason("usage-limit", "finished")


def test_who_has_the_biggest_plan_is_offered_nothing() -> None:
    acme("business").uses("reports", "99%").after(days=10).then_nothing_more()


def test_who_reaches_for_a_locked_feature_three_times_is_shown_a_way_first() -> None:
    story = acme("team")
    for _ in range(3):
        story.then_nothing_more().when("Feature Gate Hit", feature="audit-log")
    story.then_sent("do-it-today").after(days=4).then_sent("unlock-feature", offer="business-upgrade")


def test_before_a_renewal_a_person_calls_who_was_not_heard_of() -> None:
    story = given(WORKSPACE).account("acme").member("ada", "admin", first_name="Ada")
    story.on("team", interval="year", amount=99000, renews_at="2026-04-20T09:00:00Z")
    story.after(days=20).then_sent("your-year").after(days=8).then_sent("year-to-come")
    story.after(days=12).then_task("Ask how the year to come looks", queue="success")
