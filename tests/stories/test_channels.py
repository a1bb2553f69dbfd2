"""A step that may go by several channels reaches each person by the one they answer."""

from __future__ import annotations

import pytest

from tests.stories.world import CATALOG as CATALOG_TEXT
from tests.stories.world import DAY, HOUR, SETTINGS, TEMPLATE, Reason, Story, workflow
from upsell.decisions.contact import merge_contact
from upsell.errors import DefinitionError
from upsell.journeys.gate import ask_gate
from upsell.journeys.program import Program
from upsell.workspace.compile import compile_documents

MESSAGE = "[{message: {channels: [email, sms], content: t1, intent: help}}]"
TEXTS = {
    "templates/t1.html": TEMPLATE.format(name="t1"),
    "templates/t1.sms.txt": "Hello {{ customer.email }}",
    "templates/t1.push.txt": "---\ntitle: Hello\n---\nYou are near your limit\n",
}


PUSHES = "[{push: {content: t1, intent: help}}]"


def leading(link: str) -> str:
    """Write a push that leads somewhere."""
    return f"---\ntitle: Hello\nlink: {link}\n---\nNear your limit\n"


def program(journey: str = MESSAGE, policy: str = "", texts: dict[str, str] = TEXTS) -> Program:
    text = workflow(trigger="{on: A, again_after: 1 hour}", journey=journey)
    documents = {"upsell.yaml": SETTINGS + policy, "catalog.yaml": CATALOG_TEXT, "workflows/w.yaml": text}
    return compile_documents(documents | texts).program


def told(journey: str = MESSAGE, policy: str = "") -> Story:
    story = Story(program(journey, policy))
    return story.happens("Customer Identified", phone="+4915112345678", push_token="token-0123456789")


def channels(story: Story) -> list[str]:
    return [mail.channel for mail in story.mails()]


def answers(story: Story, channel: str, times: int) -> Story:
    """Send by one channel and let each be answered."""
    for number in range(times):
        story.happens("Message Clicked", key=f"{channel}{number}", channel=channel)
    return story


def test_the_first_channel_is_taken_until_another_is_answered() -> None:
    story = told().happens("A")
    assert channels(story) == ["email"]
    answers(story, "sms", 2).after(DAY).happens("A")
    assert channels(story) == ["email", "sms"]
    reserved = [each for each in story.recorded() if each.name == "Message Reserved"]
    assert reserved[-1].properties["channel_fit"] == "email answered 5%; sms answered 14%"


def test_who_has_no_number_is_reached_by_mail() -> None:
    story = answers(Story(program()), "sms", 3).happens("A")
    assert channels(story) == ["email"]


def test_a_number_that_is_none_reaches_nobody() -> None:
    story = Story(program("[{sms: {content: t1, intent: help}}]"))
    assert story.happens("Customer Identified", phone="0151 123").happens("A").mails() == []
    assert story.reasons() == [Reason.NO_RECIPIENT]


def test_consent_is_asked_by_channel() -> None:
    story = answers(told(), "sms", 3).happens("Consent Withdrawn", channel="sms").happens("A")
    assert channels(story) == ["email"]
    story.happens("Consent Withdrawn", channel="email").after(DAY).happens("A")
    assert (channels(story), story.reasons()[-1]) == (["email"], Reason.NO_CONSENT)


def test_a_better_channel_outside_its_hours_is_waited_for_where_there_is_time() -> None:
    # A story begins at nine in the morning UTC, ten in Berlin.
    policy = "policy: {hours: {sms: {from: '12:00', to: '13:00'}}}"
    story = answers(told(policy=policy), "sms", 3).happens("A")
    assert channels(story) == ["email"]
    patient = MESSAGE.replace("intent: help", "intent: help, within: 3 hours")
    story = answers(told(patient, policy), "sms", 3).happens("A")
    assert (channels(story), story.reasons()[-1]) == ([], Reason.OUTSIDE_HOURS)
    assert channels(story.after(3 * HOUR)) == ["sms"]


def test_caps_are_asked_by_channel() -> None:
    policy = "policy: {caps: [{at_most: 1, within: 7 days, channels: [sms]}]}"
    story = answers(told(policy=policy), "sms", 3).happens("A").after(DAY).happens("A")
    assert channels(story) == ["sms", "email"]


def test_a_number_that_refused_is_written_to_no_more() -> None:
    story = answers(told(), "sms", 3).happens("Message Bounced", channel="sms", key="k").happens("A")
    assert channels(story) == ["email"]


def test_losing_one_of_two_channels_does_not_end_the_journey() -> None:
    journey = "[{wait: 2 days}, {message: {channels: [email, sms], content: t1, intent: help}}]"
    story = told(journey).happens("A").happens("Consent Withdrawn", channel="email")
    assert channels(story.after(2 * DAY)) == ["sms"]
    story = told(journey).happens("A").happens("Consent Withdrawn", channel="*")
    assert story.reasons()[-1] is Reason.NO_RECIPIENT


def test_the_gate_asks_for_the_channel_of_the_message() -> None:
    story = Story(program(), delivers=False).happens("Customer Identified", phone="+4915112345678")
    answers(story, "sms", 3).happens("A")
    (message,) = story.mails()
    assert ask_gate(story.program, story.household, message, story.now) is None
    story.happens("Consent Withdrawn", channel="email")
    assert ask_gate(story.program, story.household, message, story.now) is None
    story.happens("Customer Identified", phone=None)
    verdict = ask_gate(story.program, story.household, message, story.now)
    assert verdict is not None
    assert verdict.reason is Reason.NO_RECIPIENT


def test_two_people_of_one_number_are_written_to_once() -> None:
    text = workflow(
        trigger="{on: A}",
        unit="account",
        journey="[{sms: {content: t1, intent: help, to: [admin, member]}}]",
    )
    documents = {"upsell.yaml": SETTINGS, "catalog.yaml": CATALOG_TEXT, "workflows/w.yaml": text}
    story = Story(compile_documents(documents | TEXTS).program, "a:acme")
    for who in ("ada", "bob"):
        story.member(who, "member").happens("Customer Identified", by=who, phone="+4915112345678")
    assert len(story.happens("A").mails()) == 1


def test_how_one_answers_is_joined_when_two_ids_are_one() -> None:
    one, other = answers(told(), "sms", 2).unit().contact, answers(told(), "sms", 1).unit().contact
    merge_contact(one, other)
    # Oracle: nothing decays within a moment, so the counts add.
    assert (one.answers["sms"].sent, one.answers["sms"].answered) == (3.0, 3.0)


@pytest.mark.parametrize(
    ("journey", "texts", "said"),
    [
        (MESSAGE, {"templates/t1.html": TEXTS["templates/t1.html"]}, r"t1\.sms\.txt"),
        ("[{push: {content: t1, intent: help}}]", {**TEXTS, "templates/t1.push.txt": "no head"}, "title"),
        (PUSHES, {**TEXTS, "templates/t1.push.txt": leading("/usage")}, "expected a web address"),
        (PUSHES, {**TEXTS, "templates/t1.push.txt": leading("javascript:x")}, "expected a web address"),
        (PUSHES, {**TEXTS, "templates/t1.push.txt": leading("https://{{ customer.x }}/")}, "a web address"),
        (
            PUSHES,
            {**TEXTS, "templates/t1.push.txt": leading("{{ customer.site }}")},
            "expected a web address",
        ),
        ("[{sms: {content: t1, intent: help}}]", {**TEXTS, "templates/t1.sms.txt": " \n"}, "got nothing"),
        ("[{sms: {content: t1, intent: help}}]", {**TEXTS, "templates/t1.sms.txt": "{{ offr }}"}, "offer"),
        (MESSAGE.replace("[email, sms]", "[email]"), TEXTS, "at least 2"),
        (MESSAGE.replace("sms]", "fax]"), TEXTS, "got fax"),
    ],
)
def test_what_a_channel_lacks_is_told_at_check(journey: str, texts: dict[str, str], said: str) -> None:
    with pytest.raises(DefinitionError, match=said):
        program(journey, texts=texts)
