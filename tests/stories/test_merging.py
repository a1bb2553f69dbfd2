"""Two ids that turn out to be one person: nobody hears twice, and nothing known or promised is lost."""

from __future__ import annotations

from tests.stories.world import DAY, HOUR, START, Reason, Story, make_program, workflow
from upsell.journeys.household import Household, empty_household
from upsell.journeys.program import Program
from upsell.signals.events import CUSTOMERS_MERGED, Event

HELP = "{email: {content: t1, intent: help}}"
SHOW = "{email: {content: t2, intent: show}}"
ON_PRICING = "{on: Pricing Viewed, again_after: 1 days}"


def meeting(program: Program, *, first: str = "Pricing Viewed", delivers: bool = True) -> Story:
    """A household in which ``old`` and ``new`` are two people so far, each with an address."""
    story = Story(program, "a:acme", delivers=delivers)
    story.member("old", "billing").member("new", "admin")
    return story.happens(first, by="old")


def merge(story: Story, gone: str = "old", stays: str = "new") -> Story:
    said = {"from": gone}
    return story.takes(Event(f"m/{gone}", CUSTOMERS_MERGED, story.now, story.now, stays, "acme", said))


def test_of_two_passages_through_one_workflow_the_one_exposed_first_goes_on() -> None:
    program = make_program({"w": workflow(trigger=ON_PRICING, journey=f"[{HELP}, {{wait: 2 days}}, {SHOW}]")})
    story = meeting(program).after(HOUR)
    story.happens("Pricing Viewed", by="new")
    ours = story.enrollments("c:old")[0].id
    merge(story)
    assert [kept.id for kept in story.enrollments("c:new")] == [ours]
    assert story.reasons()[-1] is Reason.MERGED
    assert "old" not in story.household.customers
    story.after(3 * DAY)
    assert story.contents() == ["t1", "t1", "t2"]


def test_messages_of_the_passage_that_leaves_are_taken_back_and_give_their_place_back() -> None:
    program = make_program({"w": workflow(trigger=ON_PRICING, journey=f"[{HELP}]")})
    story = meeting(program, delivers=False).happens("Pricing Viewed", by="new")
    assert len(story.mails()) == 2
    merge(story)
    (withdrawn,) = story.withdrawn()
    (kept,) = story.enrollments("c:new")[0].pending
    assert {withdrawn.key, kept} == {mail.key for mail in story.mails()}
    assert [touch.key for touch in story.unit("c:new").contact.touches] == [kept]


def test_who_heard_a_workflow_to_its_end_under_one_id_does_not_hear_it_under_the_other() -> None:
    program = make_program({"w": workflow(trigger=ON_PRICING, journey=f"[{HELP}]")})
    story = meeting(program, delivers=False)
    story.receipt(story.mails()[0])
    assert story.reasons()[-1] is Reason.FINISHED
    story.after(HOUR).happens("Pricing Viewed", by="new")
    merge(story)
    assert [taken.key for taken in story.withdrawn()] == [story.mails()[1].key]
    assert story.enrollments("c:new") == []
    story.after(DAY).happens("Pricing Viewed", by="new")
    assert len(story.mails()) == 3


def test_passages_through_different_workflows_both_go_on_and_keep_their_keys() -> None:
    program = make_program(
        {
            "a": workflow(trigger="{on: One}", journey=f"[{HELP}, {{wait: 1 day}}, {HELP}]"),
            "b": workflow(trigger="{on: Two}", journey=f"[{HELP}, {{wait: 1 day}}, {HELP}]"),
        }
    )
    story = meeting(program, first="One").happens("Two", by="new")
    known = {e.id for who in ("c:old", "c:new") for e in story.enrollments(who)}
    merge(story)
    assert {e.id for e in story.enrollments("c:new")} == known
    story.after(2 * DAY)
    assert len(story.mails()) == 4
    assert {mail.customer_id for mail in story.mails()[2:]} == {"new"}


SELLING = "{email: {content: t2, intent: offer, offer: pro-trial}}"


def test_of_two_holders_of_the_one_slot_the_earlier_keeps_it_and_the_other_leaves() -> None:
    program = make_program(
        {
            "a": workflow(trigger="{on: One}", journey=f"[{SELLING}, {{wait: 9 days}}]"),
            "b": workflow(trigger="{on: Two}", journey=f"[{SELLING}, {{wait: 9 days}}]"),
        }
    )
    story = meeting(program, first="One").after(HOUR).happens("Two", by="new")
    held = story.unit("c:old").slot
    merge(story)
    assert story.unit("c:new").slot == held
    assert [kept.id for kept in story.enrollments("c:new")] == [held]


def test_caps_count_what_either_was_sent() -> None:
    program = make_program(
        {"w": workflow(trigger="{on: Pricing Viewed, again_after: 1 hours}", journey=f"[{SHOW}]")},
        policy="policy: {caps: [{at_most: 1, within: 7 days}]}\n",
    )
    story = merge(meeting(program).after(HOUR)).after(2 * HOUR).happens("Pricing Viewed", by="new")
    assert len(story.mails()) == 1
    assert story.reasons()[-1] is Reason.CAPPED


def test_consent_that_was_withdrawn_under_the_old_id_holds_for_the_new() -> None:
    program = make_program({"w": workflow(trigger=ON_PRICING, journey=f"[{SHOW}]")})
    story = meeting(program, first="Looked").happens("Consent Withdrawn", by="old", channel="email")
    merge(story).happens("Pricing Viewed", by="new")
    assert not story.mails()
    assert story.reasons()[-1] is Reason.NO_CONSENT


def test_what_either_did_is_counted_so_a_merge_may_be_what_fires_a_trigger() -> None:
    twice = "{when: \"event_count('Pricing Viewed', interval '7 days') >= 2\"}"
    program = make_program({"w": workflow(trigger=twice, journey=f"[{HELP}]")})
    story = meeting(program).happens("Pricing Viewed", by="new")
    assert not story.mails()
    assert len(merge(story).mails()) == 1


def test_a_visitor_s_trigger_waits_for_an_address_and_is_heard_once_they_are_known() -> None:
    program = make_program({"w": workflow(trigger=ON_PRICING, journey=f"[{HELP}]")})
    story = Story(program, "a:acme").happens("Pricing Viewed", by="anon:x")
    assert story.reasons() == [Reason.NO_RECIPIENT]
    story.member("new", "admin")
    merge(story, "anon:x")
    assert story.reasons() == [Reason.NO_RECIPIENT, Reason.ENROLLED, Reason.FINISHED]
    assert story.contents() == ["t1"]


def test_a_trigger_that_stays_true_fires_once_although_two_ids_became_one() -> None:
    once = "{when: \"event_count('Pricing Viewed', interval '7 days') >= 1\", again_after: 1 hours}"
    program = make_program({"w": workflow(trigger=once, journey=f"[{HELP}]")})
    story = merge(meeting(program).after(2 * HOUR))
    assert len(story.mails()) == 1
    story.after(3 * HOUR)
    assert len(story.mails()) == 1


def test_chance_is_drawn_by_the_id_that_was_exposed_first_also_after_the_merge() -> None:
    program = make_program({"w": workflow(trigger=ON_PRICING, journey=f"[{HELP}]", holdout="50%")})
    drawn = {}
    for number in range(12):
        old, new = f"old{number}", f"new{number}"
        story = Story(program, "a:acme").member(old).member(new).happens("Pricing Viewed", by=old)
        before = story.reasons()[0]
        merge(story.after(2 * DAY), old, new).happens("Pricing Viewed", by=new)
        entries = [r for r in story.reasons() if r in (Reason.ENROLLED, Reason.HELD_OUT)]
        assert entries == [before, before]
        drawn[before] = True
    assert len(drawn) == 2


def test_roles_of_both_hold_and_an_account_s_passage_knows_the_slot_by_the_new_id() -> None:
    program = make_program(
        {
            "w": workflow(
                unit="account",
                trigger="{on: Pricing Viewed}",
                journey="[{email: {content: t2, intent: offer, offer: pro-trial, to: [billing]}},"
                " {wait: 9 days}]",
            )
        }
    )
    story = merge(meeting(program))
    assert story.household.roster == {"new": ["admin", "billing"]}
    (passage,) = story.enrollments()
    assert passage.held_slots == ["c:new"]
    assert story.unit("c:new").slot == passage.id
    assert story.household.engaged == ["new"]


def test_a_merge_with_somebody_never_heard_of_changes_nothing_but_who_they_are() -> None:
    program = make_program({"w": workflow(trigger=ON_PRICING, journey=f"[{HELP}]")})
    household: Household = empty_household("c:new")
    story = Story(program, "c:new", household=household)
    story.takes(Event("m", CUSTOMERS_MERGED, START, START, "new", None, {"from": "nobody"}))
    assert list(story.household.customers) == ["new"]
