"""Late events change state by when they happened; history and stale events start nothing and stop nothing."""

from __future__ import annotations

import pytest

from tests.stories.world import DAY, HOUR, Reason, Story, make_program, workflow

GATE = "{on: Feature Gate Hit, again_after: 1 seconds}"
OFFER = "[{email: {content: t1, intent: offer, offer: pro-annual}}]"
HELP = "[{email: {content: t1, intent: help}}]"
HELP_THEN_HELP = "[{email: {content: t1, intent: help}}, {wait: 1 day}, {email: {content: t2, intent: help}}]"


def test_consent_that_was_given_before_it_was_withdrawn_does_not_bring_it_back() -> None:
    story = Story(make_program({"w": workflow(trigger=GATE, journey=HELP)}))
    story.happens("Consent Withdrawn").happens("Consent Given", ago=HOUR).happens("Feature Gate Hit")
    assert story.reasons() == [Reason.NO_CONSENT]


def test_a_withdrawal_from_before_consent_was_given_again_ends_nothing() -> None:
    story = Story(make_program({"w": workflow(trigger=GATE, journey=HELP_THEN_HELP)}))
    story.happens("Feature Gate Hit").happens("Consent Given").happens("Consent Withdrawn", ago=HOUR)
    story.after(DAY)
    assert story.contents() == ["t1", "t2"]


def test_a_withdrawal_that_names_nobody_ends_nobody() -> None:
    story = Story(make_program({"w": workflow(trigger=GATE, journey=HELP_THEN_HELP)}), "a:acme")
    story.member("bob").happens("Feature Gate Hit", by="bob").happens("Consent Withdrawn")
    assert len(story.enrollments("c:bob")) == 1


def test_what_was_said_later_of_a_subscription_holds_whatever_is_told_late() -> None:
    story = Story(make_program({})).happens("Subscription Started", plan="starter", amount=4900).after(DAY)
    story.happens("Subscription Changed", plan="pro", amount=14900)
    story.happens("Subscription Changed", plan="starter", amount=5900, ago=HOUR)
    story.happens("Subscription Canceled", ago=HOUR)
    assert story.unit().profile.subscriptions["default"].plan == "pro"
    assert story.unit().profile.subscriptions["default"].ends_at is None
    assert [event.name for event in story.recorded()] == ["Subscription Upgraded"] * 2


def test_a_start_that_is_told_after_a_change_only_says_since_when() -> None:
    story = Story(make_program({})).after(DAY).happens("Subscription Changed", plan="pro", amount=14900)
    story.happens("Subscription Started", plan="starter", amount=4900, ago=HOUR)
    held = story.unit().profile.subscriptions["default"]
    assert (held.plan, held.started_at) == ("pro", story.now - HOUR)


def test_a_ticket_whose_opening_is_told_after_its_closing_does_not_stay_open() -> None:
    story = Story(make_program({"w": workflow(trigger=GATE, journey=OFFER)}))
    story.happens("Ticket Closed", ticket_id="1").happens("Ticket Opened", ticket_id="1", ago=HOUR)
    story.happens("Feature Gate Hit").after(2 * DAY - 1)
    assert story.reasons() == [Reason.SENSITIVE]
    story.after(1)
    assert story.contents() == ["t1"]


def test_the_closing_that_happened_last_begins_the_cool_down_though_another_is_told_after_it() -> None:
    story = Story(make_program({"w": workflow(trigger=GATE, journey=OFFER)}))
    story.happens("Ticket Opened", ticket_id="1", ago=DAY).happens("Ticket Opened", ticket_id="2", ago=DAY)
    story.happens("Ticket Closed", ticket_id="1").happens("Ticket Closed", ticket_id="2", ago=12 * HOUR)
    story.happens("Feature Gate Hit").after(2 * DAY - 1)
    assert story.contents() == []
    story.after(1)
    assert story.contents() == ["t1"]


def test_a_closing_from_before_a_ticket_was_opened_does_not_close_it() -> None:
    story = Story(make_program({"w": workflow(trigger=GATE, journey=OFFER)}))
    story.happens("Ticket Opened", ticket_id="1").happens("Ticket Closed", ticket_id="1", ago=HOUR)
    story.after(3 * DAY).happens("Feature Gate Hit")
    assert story.reasons() == [Reason.SENSITIVE]


@pytest.mark.parametrize("odd", [{"ago": 25 * HOUR}, {"historical": True}])
def test_a_firing_that_starts_nothing_does_not_drop_the_candidate_that_waits(odd: dict[str, int]) -> None:
    story = Story(make_program({"w": workflow(trigger=GATE, journey=OFFER)}))
    story.happens("Ticket Opened", ticket_id="1").happens("Feature Gate Hit")
    story.happens("Feature Gate Hit", **odd)  # type: ignore[arg-type]  # odd on purpose
    story.happens("Ticket Closed", ticket_id="1").after(2 * DAY)
    assert story.contents() == ["t1"]


def test_what_history_made_true_does_not_fire_by_being_held() -> None:
    trigger = "{when: customer.keen, held_for: 2 days}"
    story = Story(make_program({"w": workflow(trigger=trigger, journey=HELP)}))
    story.happens("Customer Identified", keen=True, historical=True).after(3 * DAY)
    assert story.mails() == []
    assert story.reasons() == [Reason.HISTORICAL]


def test_usage_goes_on_when_another_subscription_moves_the_start_of_its_period_back() -> None:
    trigger = "{when: \"usage('api_calls') >= 100\"}"
    story = Story(make_program({"w": workflow(trigger=trigger, journey=HELP)}))
    story.happens("Subscription Started", subscription_id="b", plan="starter", amount=1, ago=20 * DAY)
    story.happens("Subscription Started", subscription_id="a", plan="pro", amount=1, ago=2 * DAY)
    story.happens("Usage Recorded", metric="api_calls", quantity=50)
    story.happens("Subscription Canceled", subscription_id="a")
    story.happens("Usage Recorded", metric="api_calls", quantity=50)
    assert story.contents() == ["t1"]
