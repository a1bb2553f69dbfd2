"""What a full address does to a journey: the receipt tells of it, and the step does what it says."""

from __future__ import annotations

import msgspec
import pytest

from tests.stories.world import DAY, HOUR, START, Reason, Story, make_program, workflow
from upsell.clock import Moment, format_moment
from upsell.decisions.addresses import address_key
from upsell.decisions.contact import Touch
from upsell.decisions.intents import Intent
from upsell.journeys.advance import advance
from upsell.journeys.effects import Speak, Spend
from upsell.journeys.gate import ask_gate
from upsell.journeys.household import Phase, empty_household
from upsell.journeys.program import Program
from upsell.signals.events import MESSAGE_WITHHELD

CAPS = "policy: {caps: [{at_most: 2, within: 7 days}]}\n"
ONCE = "at most 2 within 7 days"
ASKED = "{on: Asked, again_after: 1 hour}"
ADA = address_key("email", "ada@example.com")


def said_by(blocked: str = "wait", policy: str = CAPS) -> Program:
    first = f"{{email: {{content: t1, intent: help, blocked: {blocked}}}}}"
    journey = f"[{first}, {{email: {{content: t2, intent: service}}}}]"
    texts = {"w": workflow(trigger=ASKED, journey=journey)}
    texts["other"] = workflow(trigger="{on: Other}", journey="[{email: {content: t3, intent: help}}]")
    return make_program(texts, policy=policy)


def asked(program: Program) -> Story:
    return Story(program, delivers=False).happens("Asked")


def withhold(story: Story, mail: Speak, until: Moment, address: str = ADA, rule: str = ONCE) -> Story:
    return story.receipt(
        mail,
        MESSAGE_WITHHELD,
        reason="capped",
        rule=rule,
        address=address,
        retry_at=format_moment(until),
    )


def test_a_step_whose_address_is_full_stands_still_until_it_opens_whatever_happens_meanwhile() -> None:
    story = asked(said_by())
    withhold(story, story.mails()[0], story.now + 3 * DAY)
    (enrollment,) = story.enrollments()
    assert (enrollment.phase, enrollment.due_at) == (Phase.CAPPED, START + 3 * DAY)
    for _ in range(10):
        story.happens("Customer Identified", plan_wanted="pro")
    assert len(story.mails()) == 1
    assert (story.reasons()[-1], story.decisions()[-1].rule) == (Reason.CAPPED, ONCE)
    story.after(3 * DAY - 1)
    assert len(story.mails()) == 1
    story.after(1)
    assert [mail.visit for mail in story.mails()] == [1, 2]


@pytest.mark.parametrize(("blocked", "contents"), [("skip", ["t1", "t2"]), ("leave", ["t1"])])
def test_a_step_whose_address_is_full_is_passed_over_or_ends_the_journey_as_it_says(
    blocked: str, contents: list[str]
) -> None:
    story = asked(said_by(blocked))
    withhold(story, story.mails()[0], story.now + DAY)
    assert story.contents() == contents
    assert story.reasons()[-1] is Reason.CAPPED
    assert bool(story.enrollments()) is (blocked == "skip")


def test_what_the_gate_said_of_an_address_holds_for_every_workflow_of_the_person() -> None:
    story = asked(said_by())
    withhold(story, story.mails()[0], story.now + DAY).happens("Other")
    assert story.contents() == ["t1"]
    story.after(DAY)
    assert sorted(story.contents()) == ["t1", "t1", "t3"]


def test_another_address_is_not_full_because_the_old_one_was() -> None:
    story = asked(said_by())
    withhold(story, story.mails()[0], story.now + DAY)
    story.happens("Customer Identified", email="ada@new.example.com")
    assert story.contents() == ["t1", "t1"]


def test_a_cap_the_policy_no_longer_has_holds_nobody() -> None:
    story = asked(said_by())
    withhold(story, story.mails()[0], story.now + DAY)
    wider = said_by(policy=CAPS.replace("at_most: 2", "at_most: 3"))
    later = Story(wider, household=story.household, delivers=False)
    later.launches()
    assert later.contents() == ["t1"]


def test_a_full_address_is_waited_for_no_longer_than_the_policys_patience_in_all() -> None:
    story = asked(said_by(policy=CAPS.replace("{caps", "{patience: 3 days, caps")))
    for _ in range(3):
        withhold(story, story.mails()[-1], story.now + DAY).after(DAY)
    assert len(story.mails()) == 4
    assert story.reasons()[-1] is not Reason.LAPSED
    withhold(story, story.mails()[-1], story.now + DAY)
    assert story.reasons()[-1] is Reason.LAPSED
    assert story.contents()[-1] == "t2"


def test_a_receipt_that_tells_of_no_address_is_answered_by_what_is_known_here() -> None:
    story = asked(said_by())
    story.receipt(story.mails()[0], MESSAGE_WITHHELD, reason="capped", rule=ONCE)
    assert story.contents() == ["t1", "t1"]


def test_of_two_people_of_a_step_who_share_a_full_address_with_others_the_step_waits_for_the_last() -> None:
    text = workflow(trigger="{on: Asked}", journey="[{email: {content: t1, intent: help}}]", unit="account")
    story = Story(make_program({"w": text}, policy=CAPS), "a:acme", delivers=False)
    story.member("ada", "admin").member("bob", "admin").happens("Asked")
    for mail in story.mails():
        key = address_key("email", f"{mail.customer_id}@example.com")
        withhold(story, mail, story.now + DAY, key)
    assert len(story.mails()) == 2
    story.after(DAY)
    assert len(story.mails()) == 4


def test_a_message_and_a_shadow_take_a_place_at_the_address_in_whatever_case_it_is_written() -> None:
    found = {}
    for holdout in ("0%", "99%"):
        journey = "[{email: {content: t1, intent: help}}]"
        program = make_program({"w": workflow(trigger=ASKED, journey=journey, holdout=holdout)}, policy=CAPS)
        story = Story(program).happens("Customer Identified", email="ADA@Example.com").happens("Asked")
        found[holdout] = [effect for effect in story.effects if isinstance(effect, Spend)]
    for holdout, (spent,) in found.items():
        assert (spent.address, spent.customer_id, spent.is_shadow) == (ADA, "ada", holdout == "99%")
    message, shadow = found["0%"][0].touch, found["99%"][0].touch
    # Nobody sends what a shadow would have been told, so its place counts from at once.
    assert (message.is_open, shadow.is_open) == (True, False)
    assert msgspec.structs.replace(message, is_open=False) == shadow


@pytest.mark.parametrize(
    ("policy", "step"),
    [
        ("", "intent: help"),
        ("policy: {caps: [{at_most: 2, within: 7 days, per: account}]}\n", "intent: help"),
        (CAPS, "intent: help, counts: false"),
    ],
)
def test_where_no_cap_counts_a_message_for_a_person_it_takes_no_place(policy: str, step: str) -> None:
    text = workflow(trigger=ASKED, journey=f"[{{email: {{content: t1, {step}}}}}]")
    story = Story(make_program({"w": text}, policy=policy)).happens("Asked")
    assert len(story.mails()) == 1
    assert not [effect for effect in story.effects if isinstance(effect, Spend)]


def test_what_is_remembered_of_a_full_address_is_the_same_however_the_inputs_are_split() -> None:
    story = asked(said_by())
    withhold(story, story.mails()[0], story.now + DAY).after(HOUR).happens("Other").after(2 * DAY)
    whole, effects = advance(story.program, empty_household("c:ada"), story.inputs)
    for cut in range(len(story.inputs)):
        half, first = advance(story.program, empty_household("c:ada"), story.inputs[:cut])
        again, second = advance(story.program, half, story.inputs[cut:])
        assert (again, [*first, *second]) == (whole, effects)


def test_the_gate_counts_what_others_were_sent_at_the_address_beside_what_the_person_was() -> None:
    story = asked(said_by())
    (mail,) = story.mails()
    others = [Touch(key, START, Intent.HELP, "email") for key in (mail.key, "x", "y")]
    # Its own place, which is in the line too, does not stand in its way.
    assert ask_gate(story.program, story.household, mail, START, others[:2]) is None
    full = ask_gate(story.program, story.household, mail, START, others)
    assert full is not None
    assert (full.reason, full.rule, full.retry_at) == (Reason.CAPPED, ONCE, START + 7 * DAY)
