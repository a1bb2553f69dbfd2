"""Prompts: decided when a placement is asked for, in both arms, and silent where all is silent."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stories.world import DAY, HOUR, Reason, Story, make_program, workflow
from upsell.errors import DefinitionError
from upsell.journeys.effects import Spend

JOURNEY = "[{prompt: {placement: usage-page, offer: pro-annual}}, {wait: 7 days}]"
ON_REQUEST = "{on: Placement Asked, where: \"properties.placement = 'usage-page'\"}"


def told(trigger: str = ON_REQUEST, *, holdout: str = "0%", policy: str = "", **more: str) -> Story:
    text = workflow(trigger=trigger, journey=JOURNEY, holdout=holdout, **more)
    return Story(make_program({"w": text}, policy=policy))


def said(story: Story, placement: str = "usage-page") -> list[tuple[str, Any]]:
    """Ask for a placement, and give what was recorded of prompts: offers and reasons."""
    before = len(story.recorded())
    story.happens("Placement Asked", placement=placement)
    found = [event for event in story.recorded()[before:] if event.name.startswith("Prompt")]
    return [(each.name, each.properties.get("offer") or each.properties.get("reason")) for each in found]


def test_a_request_that_triggers_is_answered_in_the_request() -> None:
    story = told()
    assert said(story) == [("Prompt Offered", "pro-annual")]
    (event,) = [each for each in story.recorded() if each.name == "Prompt Offered"]
    assert event.properties["terms"]["price"] == 13_410
    assert [exposure.arm for exposure in story.exposures()] == ["treated"]


def test_a_prompt_stays_available_while_the_enrollment_goes_on_and_is_one_exposure() -> None:
    story = told("{on: Asked}").happens("Asked")
    assert story.exposures() == [], "nobody has looked yet"
    assert said(story) == [("Prompt Offered", "pro-annual")]
    story.after(6 * DAY)
    assert said(story) == [("Prompt Offered", "pro-annual")]
    assert len(story.exposures()) == 1
    story.after(2 * DAY)
    assert said(story) == []


def test_another_placement_gets_nothing() -> None:
    story = told("{on: Asked}").happens("Asked")
    assert said(story, "home") == []


def test_the_held_out_are_exposed_at_the_same_request_and_shown_nothing() -> None:
    names = [f"c:n{number}" for number in range(40)]
    text = workflow(trigger=ON_REQUEST, journey=JOURNEY, holdout="50%")
    program = make_program({"w": text})
    arms = set()
    for name in names:
        story = Story(program, name)
        (answer,) = said(story)
        (exposure,) = story.exposures()
        arms.add((exposure.arm, answer[0], answer[1]))
        assert exposure.exposed_at == story.now
    assert arms == {("treated", "Prompt Offered", "pro-annual"), ("holdout", "Prompt Withheld", "held_out")}


def test_a_prompt_is_withheld_while_something_is_broken() -> None:
    story = told("{on: Asked}").happens("Asked").happens("Ticket Opened", ticket_id="1")
    assert said(story) == [("Prompt Withheld", Reason.SENSITIVE.value)]


def test_prompts_spend_places_once_each() -> None:
    caps = "policy: {caps: [{at_most: 1, within: 30 days, channels: [prompt]}]}"
    text = {
        "w": workflow(trigger="{on: Asked}", journey=JOURNEY),
        "x": workflow(trigger="{on: Other}", journey=JOURNEY.replace("usage-page", "home"), suppress="[]"),
    }
    story = Story(make_program(text, policy=caps)).happens("Asked")
    assert said(story)[0][0] == said(story)[0][0] == "Prompt Offered"
    story.after(8 * DAY).happens("Other")
    assert story.reasons()[-1] is Reason.CAPPED


def test_what_was_declined_is_withheld() -> None:
    story = told("{on: Asked}").happens("Asked").happens("Offer Declined", offer="pro-annual", answer="never")
    assert said(story) == [("Prompt Withheld", Reason.DECLINED.value)]


def test_a_prompt_that_nothing_waits_behind_is_refused() -> None:
    with pytest.raises(DefinitionError, match="a wait behind a prompt"):
        make_program({"w": workflow(trigger=ON_REQUEST, journey=JOURNEY.replace(", {wait: 7 days}", ""))})


BY_MAIL = "[{prompt: {channel: email, offer: pro-annual}}, {wait: 7 days}]"
FROM_MAIL = "{on: Placement Asked, where: \"properties.channel = 'email'\"}"
QUIET = "policy: {hours: {email: {from: '09:00', to: '17:00'}}}\n"


def by_mail(policy: str = "", trigger: str = FROM_MAIL) -> Story:
    text = workflow(trigger=trigger, journey=BY_MAIL, holdout="0%")
    return Story(make_program({"w": text}, policy=policy))


def said_by(story: Story, channel: str = "email") -> list[tuple[str, Any]]:
    """Ask for a channel of the team's own, and give what was recorded of prompts."""
    before = len(story.recorded())
    story.happens("Placement Asked", channel=channel)
    found = [event for event in story.recorded()[before:] if event.name.startswith("Prompt")]
    return [(each.name, each.properties.get("offer") or each.properties.get("reason")) for each in found]


def test_what_the_teams_own_mail_may_offer_is_answered_for_the_channel_and_for_no_placement() -> None:
    story = by_mail()
    assert said_by(story) == [("Prompt Offered", "pro-annual")]
    assert said_by(story, "sms") == []
    assert said(story, "email") == []
    (event,) = [each for each in story.recorded() if each.name == "Prompt Offered"]
    assert (event.properties["channel"], event.properties["placement"]) == ("email", "")


def test_a_channel_that_is_asked_for_obeys_address_consent_hours_and_caps_of_that_channel() -> None:
    story = by_mail()
    story.happens("Consent Withdrawn", channel="email")
    assert said_by(story) == [("Prompt Withheld", Reason.NO_CONSENT.value)]
    story = by_mail()
    story.happens("Customer Identified", email=None)
    assert said_by(story) == [("Prompt Withheld", Reason.NO_RECIPIENT.value)]
    story = by_mail(QUIET).after(14 * HOUR)
    assert said_by(story) == [("Prompt Withheld", Reason.OUTSIDE_HOURS.value)]
    capped = "policy: {caps: [{at_most: 1, within: 30 days, channels: [email]}]}\n"
    journey = f"[{{email: {{content: t1, intent: help}}}}, {{wait: 1 days}}, {BY_MAIL[1:]}"
    text = workflow(trigger="{on: Asked}", journey=journey, holdout="0%")
    story = Story(make_program({"w": text}, policy=capped)).happens("Asked").after(2 * DAY)
    assert said_by(story) == [("Prompt Withheld", Reason.CAPPED.value)]


def test_an_offer_by_a_channel_that_was_asked_for_spends_a_place_of_that_channel_at_the_address() -> None:
    capped = "policy: {caps: [{at_most: 1, within: 30 days, channels: [email]}]}\n"
    story = by_mail(capped)
    assert said_by(story) == [("Prompt Offered", "pro-annual")]
    (spent,) = [effect for effect in story.effects if isinstance(effect, Spend)]
    assert (spent.touch.channel, spent.touch.is_open) == ("email", False)
    # Asked again it is the same prompt, which holds its place; another workflow's mail finds none.
    assert said_by(story) == [("Prompt Offered", "pro-annual")]
    assert [touch.channel for touch in story.unit().contact.touches] == ["email"]


def test_a_prompt_names_a_placement_or_a_channel_and_not_both() -> None:
    for both in ("", "placement: home, channel: email, "):
        journey = f"[{{prompt: {{{both}offer: pro-annual}}}}, {{wait: 7 days}}]"
        with pytest.raises(DefinitionError, match="placement or channel"):
            make_program({"w": workflow(trigger="{on: Asked}", journey=journey, holdout="0%")})


def test_a_prompt_is_available_for_as_long_as_it_says_and_each_visit_begins_anew() -> None:
    journey = (
        "[{prompt: {placement: usage-page, intent: show, for: 2 days}, name: p}, {wait: 7 days},"
        " {go: {to: p, at_most: 1}}]"
    )
    story = Story(make_program({"w": workflow(trigger="{on: Asked}", journey=journey)})).happens("Asked")
    story.after(2 * DAY - 1)
    assert said(story) == [("Prompt Offered", None)]
    story.after(1)
    assert said(story) == []
    story.after(5 * DAY)
    assert said(story) == [("Prompt Offered", None)]
    story.after(2 * DAY)
    assert said(story) == []


def test_a_later_prompt_without_an_end_is_not_ended_by_an_earlier_one() -> None:
    prompts = "{{prompt: {{placement: usage-page, intent: show{}}}}}"
    journey = f"[{prompts.format(', for: 2 days')}, {{wait: 1 day}}, {prompts.format('')}, {{wait: 7 days}}]"
    story = Story(make_program({"w": workflow(trigger="{on: Asked}", journey=journey)})).happens("Asked")
    assert said(story.after(5 * DAY)) == [("Prompt Offered", None)]


def test_an_offered_prompt_tells_what_is_to_be_shown() -> None:
    journey = "[{prompt: {placement: usage-page, content: upgrade, offer: pro-annual}}, {wait: 7 days}]"
    story = Story(make_program({"w": workflow(trigger=ON_REQUEST, journey=journey)}))
    said(story)
    (event,) = [each for each in story.recorded() if each.name == "Prompt Offered"]
    assert event.properties["content"] == "upgrade"
