"""Leaving, freezing and going on; waits, branches, tasks; exposure per contrast; frozen versions."""

from __future__ import annotations

import pytest

from tests.stories.world import CATALOG, DAY, HOUR, Reason, Story, make_program, workflow
from upsell.journeys.gate import ask_gate
from upsell.journeys.inputs import Launched
from upsell.journeys.program import with_earlier

GATE = "{on: Feature Gate Hit, again_after: 1 hours}"
KEEN = "{when: customer.keen, again_after: 1 hours}"
LONG = (
    "[{email: {content: t1, intent: help}}, {wait: 3 days},"
    " {email: {content: t2, intent: offer, offer: pro-annual}}, {wait: 9 days},"
    " {email: {content: t3, intent: show}}]"
)


def test_the_goal_ends_a_journey_at_once_also_between_steps_and_then_come_the_service_steps() -> None:
    more = "on_goal: [{email: {content: t4, intent: service}}]"
    story = Story(make_program({"w": workflow(trigger=GATE, journey=LONG, more=more)}))
    story.happens("Feature Gate Hit").after(DAY).happens("Subscription Started", plan="pro", amount=14900)
    assert story.contents() == ["t1", "t4"]
    assert story.reasons() == [Reason.ENROLLED, Reason.GOAL_REACHED, Reason.FINISHED]
    story.after(30 * DAY)
    assert story.contents() == ["t1", "t4"]


def test_upgraded_is_derived_from_tier_quantity_and_recurring_revenue() -> None:
    story = Story(make_program({}))
    story.happens("Subscription Started", plan="starter", amount=4900, currency="USD")
    story.happens("Subscription Changed", plan="starter", amount=9800, quantity=2)
    story.happens("Subscription Changed", plan="starter", amount=8800)
    story.happens("Subscription Changed", plan="pro", amount=100)
    story.happens("Subscription Changed", plan="starter", amount=99900)
    assert [event.name for event in story.recorded()] == [
        "Subscription Upgraded",  # free plan to starter
        "Subscription Upgraded",  # quantity
        "Subscription Downgraded",  # revenue
        "Subscription Upgraded",  # tier comes first
        "Subscription Downgraded",
    ]


def test_a_trial_owes_nothing_and_a_cancellation_of_all_is_no_downgrade() -> None:
    story = Story(make_program({}))
    story.happens("Subscription Started", plan="pro", amount=14900, status="trialing")
    assert story.recorded() == []
    story.happens("Subscription Changed", status="active")
    story.happens("Subscription Canceled")
    assert [event.name for event in story.recorded()] == ["Subscription Upgraded"]


def test_no_longer_eligible_leaves() -> None:
    story = Story(
        make_program({"w": workflow(trigger=GATE, journey=LONG, eligible="[customer.region = 'US']")})
    )
    story.happens("Customer Identified", region="US").happens("Feature Gate Hit")
    story.happens("Customer Identified", region="FR")
    assert story.reasons() == [Reason.ENROLLED, Reason.INELIGIBLE]
    assert story.enrollments() == []


def test_an_offer_that_is_gone_leaves_when_it_would_be_made() -> None:
    catalog_end = "available_until: 2026-03-04T00:00:00Z"
    catalog = CATALOG.replace("discount: 10%", f"discount: 10%, {catalog_end}")
    story = Story(make_program({"w": workflow(trigger=GATE, journey=LONG)}, catalog=catalog))
    story.happens("Feature Gate Hit").after(3 * DAY)
    assert story.contents() == ["t1"]
    assert story.reasons() == [Reason.ENROLLED, Reason.OFFER_GONE]


def frozen_story() -> Story:
    story = Story(make_program({"w": workflow(trigger=KEEN, journey=LONG)}))
    story.happens("Customer Identified", keen=True).happens("Ticket Opened", ticket_id="1").after(3 * DAY)
    assert story.contents() == ["t1"]
    assert story.reasons() == [Reason.ENROLLED, Reason.FROZEN]
    return story


def test_a_frozen_journey_goes_on_when_what_stopped_it_has_passed() -> None:
    story = frozen_story().happens("Ticket Closed", ticket_id="1").after(2 * DAY)
    assert story.contents() == ["t1", "t2"]
    assert story.reasons() == [Reason.ENROLLED, Reason.FROZEN, Reason.RELEASED]


def test_on_release_the_trigger_is_asked_again_and_what_no_longer_holds_leaves() -> None:
    story = frozen_story().happens("Customer Identified", keen=False)
    story.happens("Ticket Closed", ticket_id="1").after(2 * DAY)
    assert story.contents() == ["t1"]
    assert story.reasons() == [Reason.ENROLLED, Reason.FROZEN, Reason.TRIGGER_GONE]


def test_a_journey_frozen_for_fourteen_days_leaves() -> None:
    story = frozen_story().after(14 * DAY - 1)
    assert len(story.enrollments()) == 1
    story.after(1)
    assert story.reasons() == [Reason.ENROLLED, Reason.FROZEN, Reason.FROZEN_TOO_LONG]


def test_timers_run_while_a_journey_cannot_speak() -> None:
    story = Story(make_program({"w": workflow(trigger=GATE, journey=LONG)})).happens("Feature Gate Hit")
    story.happens("Ticket Opened", ticket_id="1").after(DAY).happens("Ticket Closed", ticket_id="1")
    story.after(2 * DAY)
    assert story.contents() == ["t1", "t2"]


@pytest.mark.parametrize(("status", "left"), [("paused", False), ("ended", True)])
def test_a_paused_workflow_freezes_its_units_and_an_ended_one_lets_them_go(status: str, left: bool) -> None:
    before = make_program({"w": workflow(trigger=GATE, journey=LONG)})
    story = Story(before).happens("Feature Gate Hit")
    after = make_program({"w": workflow(trigger=GATE, journey=LONG, more=f"status: {status}")})
    program = with_earlier(after, before.workflows.values())
    later = Story(program, household=story.household)
    later.now = story.now
    later.launches().after(3 * DAY)
    assert later.mails() == []
    assert later.reasons() == ([Reason.ENDED] if left else [Reason.FROZEN])


def test_a_unit_keeps_the_version_it_entered_with() -> None:
    before = make_program({"w": workflow(trigger=GATE, journey=LONG)})
    story = Story(before).happens("Feature Gate Hit")
    after = make_program({"w": workflow(trigger=GATE, journey="[{email: {content: t4, intent: help}}]")})
    later = Story(with_earlier(after, before.workflows.values()), household=story.household)
    later.now = story.now
    later.takes(Launched(later.now)).after(3 * DAY)
    assert later.contents() == ["t2"]
    assert later.mails()[0].version == before.workflows["w"].version


BRANCH = (
    "[{email: {content: t1, intent: help}}, {wait: {for: Pricing Viewed, up_to: 2 days}},"
    " {if: arrived, then: [{email: {content: t2, intent: show}}],"
    " else: [{task: {queue: success, title: Call, offer: pro-annual, due: 2 days}}]}]"
)


def test_a_wait_for_an_event_ends_with_it_or_after_its_time_out() -> None:
    program = make_program({"w": workflow(trigger=GATE, journey=BRANCH)})
    story = Story(program).happens("Feature Gate Hit").after(DAY).happens("Pricing Viewed")
    assert story.contents() == ["t1", "t2"]
    waited = Story(program).happens("Feature Gate Hit").after(2 * DAY - 1)
    assert waited.tasks() == []
    waited.after(1)
    assert [(task.queue, task.due_at - task.opened_at) for task in waited.tasks()] == [("success", 2 * DAY)]


def test_a_wait_looks_at_what_came_since_the_step_began_unless_it_says_since_enrollment() -> None:
    early = (
        "[{wait: 1 day}, {wait: {for: Pricing Viewed, up_to: 2 days%s}},"
        " {email: {content: t1, intent: help}}]"
    )
    for since, expected in (("", []), (", since: enrollment", ["t1"])):
        story = Story(make_program({"w": workflow(trigger=GATE, journey=early % since)}))
        story.happens("Feature Gate Hit").after(HOUR).happens("Pricing Viewed").after(DAY)
        assert story.contents() == expected


def test_a_journey_waits_for_the_receipt_before_its_next_wait_begins() -> None:
    story = Story(make_program({"w": workflow(trigger=GATE, journey=LONG)}), delivers=False)
    story.happens("Feature Gate Hit").after(5 * DAY)
    assert story.contents() == ["t1"]
    story.receipt(story.mails()[0]).after(3 * DAY - 1)
    assert story.contents() == ["t1"]
    story.after(1)
    assert story.contents() == ["t1", "t2"]


@pytest.mark.parametrize("receipt", ["Message Unknown", "Message Failed"])
def test_unknown_and_failed_let_the_journey_go_on_and_are_never_sent_again(receipt: str) -> None:
    story = Story(make_program({"w": workflow(trigger=GATE, journey=LONG)}), delivers=False)
    story.happens("Feature Gate Hit").receipt(story.mails()[0], receipt).after(3 * DAY)
    assert story.contents() == ["t1", "t2"]


def test_the_key_of_a_message_is_made_of_enrollment_step_visit_recipient_and_channel() -> None:
    program = make_program({"w": workflow(trigger="{on: Limit Reached}", journey=LONG, unit="account")})
    story = Story(program, "a:acme").member("ada", "admin").member("eve", "admin").happens("Limit Reached")
    story.after(3 * DAY)
    mails = story.mails()
    assert len({mail.key for mail in mails}) == len(mails) == 4
    again = Story(program, "a:acme").member("ada", "admin").member("eve", "admin").happens("Limit Reached")
    assert [mail.key for mail in again.mails()] == [mail.key for mail in mails[:2]]


def arms_story(vary: str, journey: str, customer: str) -> Story:
    experiment = f", vary: {vary}, arms: {{one: 50%, two: 50%}}"
    text = workflow(trigger=GATE, journey=journey, experiment=experiment)
    return Story(make_program({"w": text}), f"c:{customer}").happens("Feature Gate Hit")


OFFERS = (
    "[{email: {content: t1, intent: help}}, {wait: 1 day},"
    " {email: {content: t2, intent: offer, offer: {one: pro-annual, two: pro-trial}}}]"
)
TIMING = "[{wait: {one: 1 day, two: 3 days}}, {email: {content: t1, intent: help}}]"


def contrasts(story: Story) -> list[str]:
    return [exposure.contrast for exposure in story.exposures()]


def test_arms_are_exposed_at_the_first_step_where_they_differ() -> None:
    story = arms_story("offer", OFFERS, "p1")
    assert contrasts(story) == ["holdout"]
    story.after(DAY)
    assert contrasts(story) == ["holdout", "arms"]
    assert story.mails()[1].offer in ("pro-annual", "pro-trial")


def test_arms_that_differ_in_timing_are_exposed_when_the_earliest_would_act_in_either_arm() -> None:
    exposed: dict[str, set[int]] = {}
    for customer in [f"p{n}" for n in range(12)]:
        story = arms_story("timing", TIMING, customer)
        began = story.now
        story.after(3 * DAY)
        (arms,) = [e for e in story.exposures() if e.contrast == "arms"]
        exposed.setdefault(arms.arm, set()).add(arms.exposed_at - began)
        assert story.mails()[0].reserved_at - began == {"one": DAY, "two": 3 * DAY}[arms.arm]
    assert exposed == {"one": {DAY}, "two": {DAY}}


def test_an_account_and_its_people_are_told_of_consent_one_by_one() -> None:
    program = make_program({"w": workflow(trigger="{on: Limit Reached}", journey=LONG, unit="account")})
    story = Story(program, "a:acme").member("ada", "admin").member("eve", "admin").happens("Limit Reached")
    story.happens("Consent Withdrawn", by="ada").after(3 * DAY)
    assert [(mail.content, mail.customer_id) for mail in story.mails()] == [
        ("t1", "ada"),
        ("t1", "eve"),
        ("t2", "eve"),
    ]


def test_a_goal_of_the_account_ends_the_journeys_of_its_seats() -> None:
    program = make_program({"w": workflow(trigger=GATE, journey=LONG)})
    story = (
        Story(program, "a:acme").member("ada", "admin").member("bob").happens("Feature Gate Hit", by="bob")
    )
    story.happens("Subscription Started", by="ada", plan="pro", amount=14900)
    assert story.enrollments("c:bob") == []
    assert story.reasons() == [Reason.ENROLLED, Reason.GOAL_REACHED]


def test_a_subscription_that_ends_by_time_alone_is_asked_about_at_that_instant() -> None:
    program = make_program(
        {
            "gone": workflow(
                trigger="{when: plan.tier = 0, again_after: 1 hours}",
                journey="[{email: {content: t1, intent: help}}]",
            ),
            "staying": workflow(trigger=GATE, journey=LONG, eligible="[plan.tier > 0]"),
        }
    )
    story = Story(program).happens("Subscription Started", plan="starter", amount=4900)
    story.happens("Feature Gate Hit").happens("Subscription Canceled", ends_at="2026-03-04T09:00:00Z")
    story.after(2 * DAY - 1)
    assert [enrollment.workflow for enrollment in story.enrollments()] == ["staying"]
    before = len(story.decisions())
    story.after(1)
    assert story.enrollments() == []
    assert [(d.workflow, d.reason) for d in story.decisions()][before:] == [
        ("staying", Reason.INELIGIBLE),
        ("gone", Reason.ENROLLED),
        ("gone", Reason.FINISHED),
    ]


def test_the_goal_is_reached_though_what_was_bought_ends_eligibility() -> None:
    more = "on_goal: [{email: {content: t4, intent: service}}]"
    text = workflow(trigger=GATE, journey=LONG, eligible="[plan.tier < 2]", more=more)
    story = Story(make_program({"w": text})).happens("Feature Gate Hit")
    story.happens("Subscription Started", plan="pro", amount=14900)
    assert story.reasons() == [Reason.ENROLLED, Reason.GOAL_REACHED, Reason.FINISHED]
    assert story.contents() == ["t1", "t4"]


def test_a_unit_whose_eligibility_passes_by_time_alone_leaves_at_that_instant() -> None:
    eligible = "[\"event_count('Feature Gate Hit', interval '2 days') > 0\"]"
    program = make_program({"w": workflow(trigger=GATE, journey=LONG, eligible=eligible)})
    story = Story(program).happens("Feature Gate Hit").after(2 * DAY - 1)
    assert len(story.enrollments()) == 1
    story.after(1)
    assert story.contents() == ["t1"]
    assert story.reasons() == [Reason.ENROLLED, Reason.INELIGIBLE]
    waiting = Story(program, delivers=False).happens("Feature Gate Hit")
    verdict = ask_gate(program, waiting.household, waiting.mails()[0], waiting.now + 2 * DAY)
    assert verdict is not None
    assert verdict.reason is Reason.INELIGIBLE


def test_a_held_out_unit_of_a_timing_experiment_waits_as_its_arm_would_and_counts_in_no_arm() -> None:
    exposed: dict[str, set[int]] = {}
    for customer in [f"p{n}" for n in range(24)]:
        text = workflow(
            trigger=GATE,
            journey=TIMING,
            holdout="50%",
            experiment=", vary: timing, arms: {one: 50%, two: 50%}",
        )
        story = Story(make_program({"w": text}), f"c:{customer}").happens("Feature Gate Hit")
        began = story.now
        story.after(4 * DAY)
        (holdout,) = [e for e in story.exposures() if e.contrast == "holdout"]
        exposed.setdefault(holdout.arm, set()).add(holdout.exposed_at - began)
        assert ("arms" in contrasts(story)) is (holdout.arm == "treated")
    assert exposed == {"holdout": {DAY, 3 * DAY}, "treated": {DAY, 3 * DAY}}


def test_the_steps_after_the_goal_may_wait_for_what_came_since_the_enrollment() -> None:
    more = (
        "on_goal: [{wait: {for: Pricing Viewed, up_to: 2 days, since: enrollment}},"
        " {if: arrived, then: [{email: {content: t4, intent: service}}]}]"
    )
    story = Story(make_program({"w": workflow(trigger=GATE, journey=LONG, more=more)}))
    story.happens("Feature Gate Hit").happens("Pricing Viewed")
    story.happens("Subscription Started", plan="pro", amount=14900)
    assert story.contents() == ["t1", "t4"]


def test_an_address_that_refused_mail_for_good_ends_its_customers_journey() -> None:
    story = Story(make_program({"w": workflow(trigger=GATE, journey=LONG)})).happens("Feature Gate Hit")
    story.happens("Message Bounced")
    assert story.reasons() == [Reason.ENROLLED, Reason.NO_RECIPIENT]


@pytest.mark.parametrize("is_failed_first", [True, False])
def test_what_becomes_of_a_step_does_not_hang_on_the_order_of_its_receipts(is_failed_first: bool) -> None:
    program = make_program({"w": workflow(trigger="{on: Limit Reached}", journey=LONG, unit="account")})
    story = Story(program, "a:acme", delivers=False).member("ada", "admin").member("eve", "admin")
    ada, eve = story.happens("Limit Reached").mails()
    receipts = [(ada, "Message Failed"), (eve, "Message Withheld")]
    for message, name in receipts if is_failed_first else reversed(receipts):
        story.receipt(message, name)
    assert story.reasons() == [Reason.ENROLLED, Reason.UNDELIVERABLE]
    assert len(story.mails()) == 2
