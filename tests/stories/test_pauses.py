"""Pauses: whoever asks for a pause hears nothing that promotes until it ends, and it ends by itself."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stories.world import DAY, HOUR, START, Reason, Story, make_program, workflow
from upsell.clock import Moment, format_moment
from upsell.decisions.consents import (
    Scope,
    ask_consent,
    ask_pause,
    give_consent,
    merge_consents,
    pause_consent,
    withdraw_consent,
)
from upsell.decisions.contact import Contact
from upsell.decisions.intents import Intent

GATE = "{on: Feature Gate Hit, again_after: 1 hour}"
HELP = "[{email: {content: t1, intent: help}}]"
SERVICE = "[{email: {content: t1, intent: service}}]"


def told(journey: str = HELP, *, unit: str = "customer", policy: str = "") -> Story:
    program = make_program({"w": workflow(trigger=GATE, journey=journey, unit=unit)}, policy=policy)
    return Story(program, "a:acme") if unit == "account" else Story(program)


def pause(story: Story, days: float, *, by: str | None = None, channel: str = "*") -> Story:
    until = format_moment(story.now + int(days * DAY))
    who: dict[str, Any] = {"by": by} if by is not None else {}
    return story.happens("Consent Withdrawn", channel=channel, until=until, **who)


def test_a_pause_is_named_as_the_reason_and_ends_to_the_moment_by_itself() -> None:
    story = pause(told(), 3)
    story.happens("Feature Gate Hit")
    assert (story.mails(), story.reasons()) == ([], [Reason.ASKED_TO_PAUSE])
    story.after(3 * DAY - 1)
    assert story.mails() == []
    story.after(1)
    assert len(story.mails()) == 1, "nobody had to say anything for it to go on"


def test_a_pause_is_no_withdrawal_of_what_they_have() -> None:
    story = pause(told(SERVICE), 3).happens("Feature Gate Hit")
    assert len(story.mails()) == 1


def test_a_journey_stands_still_while_a_pause_lasts_and_goes_on_after() -> None:
    mails = [f"{{email: {{content: {name}, intent: help}}}}" for name in ("t1", "t2")]
    story = told(f"[{mails[0]}, {{wait: 1 day}}, {mails[1]}]").happens("Feature Gate Hit")
    pause(story, 5).after(4 * DAY)
    assert (story.contents(), story.reasons()[-1]) == (["t1"], Reason.FROZEN)
    story.after(2 * DAY)
    assert story.contents() == ["t1", "t2"]


def test_a_journey_that_a_pause_holds_longer_than_it_waits_leaves() -> None:
    mails = [f"{{email: {{content: {name}, intent: help}}}}" for name in ("t1", "t2")]
    story = told(f"[{mails[0]}, {{wait: 1 day}}, {mails[1]}]").happens("Feature Gate Hit")
    pause(story, 30).after(40 * DAY)
    assert (story.contents(), story.reasons()[-1]) == (["t1"], Reason.FROZEN_TOO_LONG)


def test_a_pause_is_taken_back_by_one_that_ends_now_and_leaves_withdrawals_alone() -> None:
    story = pause(told(), 30)
    story.happens("Consent Withdrawn", channel="sms").after(HOUR)
    pause(story, 0).after(HOUR).happens("Feature Gate Hit")
    assert len(story.mails()) == 1
    assert list(story.unit().contact.withdrawn) == ["sms"]


def test_consent_for_all_of_it_ends_a_pause() -> None:
    story = pause(told(), 30).after(HOUR).happens("Consent Given", channel="*").after(HOUR)
    assert len(story.happens("Feature Gate Hit").mails()) == 1


def test_an_end_that_cannot_be_read_is_none_and_the_withdrawal_stays() -> None:
    story = told().happens("Consent Withdrawn", channel="email", until="when I say so")
    assert story.after(400 * DAY).happens("Feature Gate Hit").reasons() == [Reason.NO_CONSENT]


@pytest.mark.parametrize("order", [("ada", "bob"), ("bob", "ada")])
def test_an_account_goes_on_with_the_member_whose_pause_ends_first(order: tuple[str, str]) -> None:
    story = told(unit="account").member("ada", "admin").member("bob", "admin")
    for who, days in zip(order, (3, 6), strict=True):
        pause(story, days, by=who)
    story.happens("Feature Gate Hit", by="ada")
    assert story.reasons() == [Reason.ASKED_TO_PAUSE]
    story.after(3 * DAY)
    assert [mail.customer_id for mail in story.mails()] == [order[0]]


def test_whoever_unsubscribes_is_still_told_what_is_about_what_they_have() -> None:
    story = told(SERVICE).happens("Consent Withdrawn", channel="email").after(HOUR)
    assert len(story.happens("Feature Gate Hit").mails()) == 1
    story.happens("Consent Withdrawn", channel="email", purpose="all").after(2 * HOUR)
    assert story.happens("Feature Gate Hit").reasons()[-1] is Reason.NO_CONSENT


def test_whoever_calls_a_mail_spam_gets_no_service_mail_either() -> None:
    story = told(SERVICE).happens("Feature Gate Hit")
    story.happens("Message Complained", key=story.mails()[-1].key).after(2 * HOUR)
    assert story.happens("Feature Gate Hit").reasons()[-1] is Reason.NO_CONSENT
    story.happens("Consent Given", channel="email")
    assert len(story.mails()) == 2, "the one that waited is let in"


SCOPES = (Scope("*"), Scope("email"), Scope("email", family="chat"), Scope("*", "profiling"), Scope("fax"))
SAID = st.tuples(st.sampled_from(["give", "withdraw", "pause"]), st.sampled_from(SCOPES), st.integers(0, 5))


def said(words: list[tuple[str, Scope, Moment]]) -> Contact:
    contact = Contact()
    for word, scope, day in words:
        at = START + day * DAY
        match word:
            case "give":
                give_consent(contact, scope, at)
            case "withdraw":
                withdraw_consent(contact, scope, at)
            case _:
                pause_consent(contact, scope, at, at + 3 * DAY)
    return contact


@given(st.lists(SAID, max_size=6, unique_by=lambda each: each[2]))
def test_in_whatever_order_words_come_the_same_is_paused(words: list[tuple[str, Scope, Moment]]) -> None:
    orders = itertools.islice(itertools.permutations(words), 24)
    asked = [
        [
            ask_pause(contact, channel, START + day * DAY, intent=Intent.OFFER)
            for channel in ("email", "sms")
            for day in range(9)
        ]
        for contact in (said(list(order)) for order in orders)
    ]
    assert all(each == asked[0] for each in asked)


@given(st.lists(SAID, max_size=6, unique_by=lambda each: each[2]), st.integers(0, 6))
def test_words_said_under_two_ids_pause_as_if_said_under_one(
    words: list[tuple[str, Scope, Moment]], cut: int
) -> None:
    whole, stays, gone = said(words), said(words[:cut]), said(words[cut:])
    merge_consents(stays, gone)
    assert (stays.pauses, stays.withdrawn) == (whole.pauses, whole.withdrawn)


@given(st.lists(SAID, max_size=6), st.sampled_from(list(Intent)), st.integers(0, 9))
def test_a_pause_says_when_it_ends_and_ends_then(
    words: list[tuple[str, Scope, Moment]], intent: Intent, day: int
) -> None:
    contact, now = said(words), START + day * DAY
    verdict = ask_pause(contact, "email", now, intent=intent)
    if verdict is not None and verdict.retry_at is not None:
        assert ask_pause(contact, "email", verdict.retry_at - 1, intent=intent) is not None
        assert ask_pause(contact, "email", verdict.retry_at, intent=intent) is None
    assert intent is not Intent.SERVICE or verdict is None
    assert intent is not Intent.SERVICE or ask_consent(contact, "email", intent=intent) is None


@pytest.mark.parametrize("order", [("ada", "bob"), ("bob", "ada")])
def test_an_account_waits_for_who_pauses_whoever_else_of_it_left(order: tuple[str, str]) -> None:
    story = told(unit="account").member("ada", "admin").member("bob", "admin")
    pausing, leaving = order
    pause(story, 3, by=pausing).happens("Consent Withdrawn", channel="email", by=leaving)
    story.happens("Feature Gate Hit", by="ada")
    assert story.reasons() == [Reason.ASKED_TO_PAUSE]
    story.after(3 * DAY)
    assert [mail.customer_id for mail in story.mails()] == [pausing]
