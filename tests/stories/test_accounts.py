"""Accounts: people with roles, caps they share, and what becomes of who leaves or changes role."""

from __future__ import annotations

import pytest

from tests.stories.world import DAY, HOUR, Reason, Story, make_program, receipt_of, workflow
from upsell.journeys.explain import explain
from upsell.journeys.gate import ask_gate
from upsell.journeys.program import Program
from upsell.signals.events import MESSAGE_FAILED, MESSAGE_WITHHELD

GATE = "{on: Feature Gate Hit, again_after: 1 seconds}"
EACH = "{on: Pricing Viewed, again_after: 1 seconds}"
HELP = "[{email: {content: t1, intent: help}}]"
TO_BOTH = "[{email: {content: t1, intent: help, to: [admin, billing]}}]"
CAPS = "policy: {caps: [{at_most: 2, within: 7 days, per: account}]}\n"


def for_members(policy: str = CAPS, *, holdout: str = "0%") -> Program:
    text = workflow(trigger=EACH, journey=HELP, holdout=holdout)
    return make_program({"w": text}, policy=policy)


def for_accounts(journey: str = TO_BOTH, policy: str = "") -> Program:
    return make_program({"w": workflow(unit="account", trigger=GATE, journey=journey)}, policy=policy)


def acme(program: Program, *, delivers: bool = True) -> Story:
    return Story(program, "a:acme", delivers=delivers)


def recipients(story: Story) -> list[str]:
    return [mail.customer_id for mail in story.mails()]


def test_a_cap_per_account_is_shared_by_its_people_and_opens_when_the_first_leaves_the_window() -> None:
    story = acme(for_members()).member("ada").member("bob").member("cleo")
    for person in ("ada", "bob", "cleo"):
        story.happens("Pricing Viewed", by=person)
        story.after(HOUR)
    assert recipients(story) == ["ada", "bob"]
    assert story.reasons()[-1] is Reason.CAPPED
    assert "per account" in story.decisions()[-1].rule
    story.after(7 * DAY - 3 * HOUR - 1)
    assert recipients(story) == ["ada", "bob"]
    story.after(1)
    assert recipients(story) == ["ada", "bob", "cleo"]


def test_a_person_without_an_account_obeys_a_cap_per_account_alone() -> None:
    story = Story(for_members())
    for _ in range(4):
        story.happens("Pricing Viewed").after(HOUR)
    assert len(story.mails()) == 2


def test_caps_per_person_and_per_account_hold_together() -> None:
    policy = "policy: {caps: [{at_most: 1, within: 7 days}, {at_most: 2, within: 7 days, per: account}]}\n"
    story = acme(for_members(policy)).member("ada").member("bob").member("cleo")
    for person in ("ada", "ada", "bob", "bob", "cleo"):
        story.happens("Pricing Viewed", by=person).after(HOUR)
    assert recipients(story) == ["ada", "bob"]


def test_of_the_people_of_one_step_only_as_many_are_written_to_as_the_account_has_places() -> None:
    policy = "policy: {caps: [{at_most: 1, within: 7 days, per: account}]}\n"
    story = acme(for_accounts(policy=policy)).member("bob", "billing").member("ada", "admin")
    story.happens("Feature Gate Hit", by="ada")
    assert recipients(story) == ["ada"]


@pytest.mark.parametrize("name", [MESSAGE_FAILED, MESSAGE_WITHHELD])
def test_a_place_of_the_account_that_is_given_back_goes_to_who_waits_for_it(name: str) -> None:
    policy = "policy: {caps: [{at_most: 1, within: 7 days, per: account}]}\n"
    story = acme(for_members(policy), delivers=False).member("ada").member("bob")
    story.happens("Pricing Viewed", by="ada").happens("Pricing Viewed", by="bob")
    (mail,) = story.mails()
    story.delivers = name == MESSAGE_FAILED
    story.takes(receipt_of(mail, story.now, name))
    assert "bob" in recipients(story) or name == MESSAGE_WITHHELD
    assert len(recipients(story)) == 2


def test_a_held_out_member_spends_the_accounts_place_as_a_treated_one_does() -> None:
    policy = "policy: {caps: [{at_most: 1, within: 7 days, per: account}]}\n"
    spent = []
    for number in range(40):
        first, second = f"ada{number}", f"bob{number}"
        story = acme(for_members(policy, holdout="50%")).member(first).member(second)
        story.happens("Pricing Viewed", by=first).happens("Pricing Viewed", by=second)
        spent.append(story.reasons()[0])
        assert story.reasons()[-1] is Reason.CAPPED
    assert {Reason.ENROLLED, Reason.HELD_OUT} <= set(spent)


def test_the_gate_before_sending_does_not_count_the_message_itself_and_counts_the_others() -> None:
    policy = "policy: {caps: [{at_most: 1, within: 7 days, per: account}]}\n"
    program = for_members(policy)
    story = acme(program, delivers=False).member("ada").happens("Pricing Viewed", by="ada")
    (mail,) = story.mails()
    assert ask_gate(program, story.household, mail, story.now) is None
    account = story.unit("a:acme")
    account.contact.touches.append(type(account.contact.touches[0])("x", story.now, mail.intent, "email"))
    refused = ask_gate(program, story.household, mail, story.now)
    assert refused is not None
    assert refused.reason is Reason.CAPPED


def test_explain_tells_of_a_full_cap_of_the_account() -> None:
    program = for_members()
    story = acme(program).member("ada").member("bob").member("cleo")
    story.happens("Pricing Viewed", by="ada").happens("Pricing Viewed", by="bob")
    (answer,) = explain(program, story.household, "c:cleo", story.now)
    assert "at most 2 per account" in answer.words


def test_a_person_with_two_roles_and_two_people_with_one_address_are_written_to_once() -> None:
    story = acme(for_accounts()).member("ada", "admin", "billing").member("bob", "billing")
    story.happens("Customer Identified", by="bob", email="ADA@example.com")
    story.happens("Feature Gate Hit", by="ada")
    assert recipients(story) == ["ada"]


def test_a_champion_can_be_addressed_without_listing_roles() -> None:
    story = acme(for_accounts("[{email: {content: t1, intent: help, to: [champion]}}]"))
    story.member("ada", "admin").member("cleo", "member", "champion").happens("Feature Gate Hit", by="ada")
    assert recipients(story) == ["cleo"]


def test_who_lost_the_role_or_left_before_sending_is_not_written_to() -> None:
    program = for_accounts()
    for change in ("role", "left"):
        story = acme(program, delivers=False).member("ada", "admin").happens("Feature Gate Hit", by="ada")
        (mail,) = story.mails()
        assert ask_gate(program, story.household, mail, story.now) is None
        if change == "role":
            story.happens("Account Identified", by="ada", roles=["member"])
        else:
            story.happens("Account Left", by="ada")
        refused = ask_gate(program, story.household, mail, story.now)
        assert refused is not None
        assert refused.reason is Reason.NO_RECIPIENT


def test_who_left_is_addressed_no_more_and_gives_the_slot_back_that_the_account_held() -> None:
    journey = (
        "[{email: {content: t1, intent: show, to: [admin]}}, {wait: 1 days},"
        " {email: {content: t2, intent: show, to: [admin]}}]"
    )
    story = acme(for_accounts(journey)).member("ada", "admin").member("bob", "admin")
    story.happens("Feature Gate Hit", by="ada")
    assert story.unit("c:ada").slot is not None
    story.happens("Account Left", by="ada")
    assert story.unit("c:ada").slot is None
    story.after(DAY)
    assert recipients(story) == ["ada", "bob", "bob"]


def test_a_seat_of_a_large_account_does_not_block_the_others() -> None:
    text = workflow(trigger=EACH, journey="[{email: {content: t1, intent: offer, offer: pro-annual}}]")
    story = acme(make_program({"w": text}))
    for number in range(50):
        story.member(f"p{number}")
    for number in range(50):
        story.happens("Pricing Viewed", by=f"p{number}")
    assert len(story.mails()) == 50


def test_several_roles_of_one_account_that_look_at_plans_are_a_buying_committee() -> None:
    text = workflow(
        unit="account", trigger="{when: buying_committee}", journey="[{email: {content: t1, intent: help}}]"
    )
    story = acme(make_program({"w": text}))
    story.member("ada", "admin").member("bob", "billing").member("cleo", "admin").member("dan")
    for person in ("ada", "cleo", "dan", "ada"):
        story.happens("Pricing Viewed", by=person, actor_role=person)
    assert story.mails() == []
    story.happens("Pricing Viewed", by="bob")
    assert recipients(story) == ["ada", "cleo"]


def test_a_rule_may_count_people_and_leave_roles_out() -> None:
    others = "properties.actor_role <> 'admin'"
    rule = f"event_distinct('Report Viewed', 'actor_id', interval '7 days', {others}) >= 2"
    text = workflow(
        unit="account", trigger=f'{{when: "{rule}"}}', journey="[{email: {content: t1, intent: help}}]"
    )
    story = (
        acme(make_program({"w": text}))
        .member("ada", "admin")
        .member("bob", "member")
        .member("cleo", "member")
    )
    for person in ("ada", "bob", "ada", "bob"):
        story.happens("Report Viewed", by=person)
    assert story.mails() == []
    story.happens("Report Viewed", by="cleo")
    assert recipients(story) == ["ada"]
