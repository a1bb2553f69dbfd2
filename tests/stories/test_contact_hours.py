"""Contact hours in a journey: by law and on holidays a step waits, is passed over or ends the journey."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.stories.world import DAY, HOUR, Reason, Story, make_program, workflow
from upsell.clock import MINUTE, parse_moment
from upsell.decisions.decision import Verdict
from upsell.journeys.advance import concerns_for
from upsell.journeys.explain import explain
from upsell.journeys.gate import ask_gate
from upsell.journeys.places import RELEASED_OVER, ask_hours
from upsell.journeys.scene import Scene

HELP = "[{email: {content: t1, intent: help}}]"
ASKED = "{on: Asked, again_after: 1 hour}"
BY_LAW = "hours: {email: {law: true}}"


def told(policy: str, journey: str = HELP, household_id: str = "c:ada", *, delivers: bool = True) -> Story:
    program = make_program(
        {"w": workflow(trigger=ASKED, journey=journey)}, policy=f"policy: {{{policy}}}" if policy else ""
    )
    return Story(program, household_id, delivers=delivers)


def at(text: str) -> int:
    moment = parse_moment(text)
    assert moment is not None
    return moment


def until(story: Story, text: str) -> Story:
    """Let time pass until a moment."""
    return story.after(at(text) - story.now)


def asked(story: Story, channel: str) -> Verdict | None:
    scene = Scene(story.program, concerns_for(story.program), story.household)
    scene.now = story.now
    return ask_hours(scene, story.unit(), channel)


def test_a_step_waits_for_the_law_of_the_recipients_state_and_says_so() -> None:
    # The story begins on Monday at 09:00 UTC, three in the morning in Texas.
    story = told(BY_LAW).happens("Customer Identified", phone="+15125550100").happens("Asked")
    (decision,) = story.decisions()
    assert decision.reason is Reason.OUTSIDE_HOURS
    assert decision.rule == "email in America/Chicago (their phone), by the law of Texas as of 2025-11-01"
    assert until(story, "2026-03-02T08:59:00-06:00").mails() == []
    (mail,) = until(story, "2026-03-02T09:15:00-06:00").mails()
    assert at("2026-03-02T09:00:00-06:00") <= mail.reserved_at < at("2026-03-02T09:15:00-06:00")


def test_explain_tells_the_place_and_the_rule() -> None:
    story = told(BY_LAW).happens("Customer Identified", phone="+15125550100").happens("Asked").after(HOUR)
    (found,) = explain(story.program, story.household, "c:ada", story.now)
    assert found.reason is Reason.OUTSIDE_HOURS
    assert "by the law of Texas as of 2025-11-01" in found.words


@pytest.mark.parametrize(
    ("way", "contents", "last"),
    [
        ("wait", ["t1", "t2", "t3"], Reason.FINISHED),
        ("skip", ["t1", "t3"], Reason.FINISHED),
        ("leave", ["t1"], Reason.OUTSIDE_HOURS),
    ],
)
def test_on_a_holiday_a_step_waits_is_passed_over_or_ends_the_journey(
    way: str, contents: list[str], last: Reason
) -> None:
    journey = (
        "[{email: {content: t1, intent: help}}, {wait: 1 day}, "
        f"{{email: {{content: t2, intent: help, blocked: {way}}}}}, "
        "{wait: 3 days}, {email: {content: t3, intent: help}}]"
    )
    story = told("hours: {email: {holidays: closed}}", journey)
    story.happens("Customer Identified", country="DE")
    # The day after 30 April is Labour Day.
    until(story, "2026-04-30T09:00:00Z").happens("Asked").after(10 * DAY)
    assert (story.contents(), story.reasons()[-1]) == (contents, last)
    if way == "wait":
        sent_at = story.mails()[1].reserved_at
        # It waits for the second of May, by the team's clock.
        assert 0 <= sent_at - at("2026-05-02T00:00:00+02:00") < RELEASED_OVER


def test_who_waits_for_the_same_opening_is_released_over_a_quarter_of_an_hour() -> None:
    sent = []
    for name in "abcdefgh":
        story = told(BY_LAW, household_id=f"c:{name}")
        story.happens("Customer Identified", phone="+15125550100").happens("Asked").after(DAY)
        sent.append(story.mails()[0].reserved_at - at("2026-03-02T09:00:00-06:00"))
    assert all(0 <= late < RELEASED_OVER for late in sent)
    assert all(one != other for one, other in pairwise(sorted(sent)))


def test_whoever_waited_is_asked_again_with_what_is_known_by_then() -> None:
    story = told(BY_LAW).happens("Customer Identified", phone="+15125550100").happens("Asked")
    # Before Texas opens they say that they live in Rhode Island too, where it is Saturday noon at last.
    story.happens("Customer Identified", country="US", state="RI")
    until(story, "2026-03-02T09:30:00-06:00")
    assert len(story.mails()) == 1, "ten past nine in Texas is ten past ten in Rhode Island"
    story = told(BY_LAW).happens("Customer Identified", phone="+15125550100")
    until(story, "2026-03-07T17:30:00-06:00").happens("Asked")
    assert len(story.mails()) == 1, "Saturday evening is open in Texas"
    story.happens("Customer Identified", country="US", state="RI").after(2 * HOUR).happens("Asked")
    assert story.decisions()[-1].rule.startswith(
        "email in America/New_York (their address), by the law of Rho"
    )


def test_the_gate_before_sending_asks_the_same_hours() -> None:
    story = told(BY_LAW, delivers=False).happens("Customer Identified", phone="+15125550100")
    until(story, "2026-03-02T20:30:00-06:00").happens("Asked")
    (mail,) = story.mails()
    assert ask_gate(story.program, story.household, mail, story.now) is None
    late = ask_gate(story.program, story.household, mail, story.now + 30 * MINUTE)
    assert late is not None
    assert late.reason is Reason.OUTSIDE_HOURS
    assert late.rule.endswith("by the law of Texas as of 2025-11-01")
    # And what became known since the message was reserved: its place in Rhode Island closed at six.
    story.happens("Customer Identified", country="US", state="RI")
    moved = ask_gate(story.program, story.household, mail, story.now)
    assert moved is not None
    assert "Rhode Island" in moved.rule


def test_texts_obey_the_law_without_a_word_in_the_policy() -> None:
    story = told("").happens("Customer Identified", phone="+15125550100")
    shut = asked(story, "sms")
    assert shut is not None
    assert shut.reason is Reason.OUTSIDE_HOURS
    assert shut.rule == "sms in America/Chicago (their phone), by the law of Texas as of 2025-11-01"
    assert asked(story, "email") is None
    assert asked(story, "push") is None
    off = told("hours: {sms: {law: {off_because: only staff are texted}}}")
    assert asked(off.happens("Customer Identified", phone="+15125550100"), "sms") is None


def test_a_members_phone_is_their_own_and_the_rest_may_be_their_accounts() -> None:
    text = workflow(trigger=ASKED, journey=HELP, unit="account")
    program = make_program({"w": text}, policy=f"policy: {{{BY_LAW}}}")
    story = Story(program, "a:acme").member("ada", "admin")
    story.happens("Account Identified", country="US", state="RI", timezone="America/New_York")
    until(story, "2026-03-07T17:30:00-05:00").happens("Asked")
    assert "by the law of Rhode Island" in story.decisions()[-1].rule
    # Saturday closes at five there, Sunday never opens.
    until(story, "2026-03-09T08:59:00-04:00")
    assert story.mails() == []
    assert len(until(story, "2026-03-09T09:15:00-04:00").mails()) == 1
