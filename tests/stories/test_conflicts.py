"""Conflicts: what is said of two workflows before launch is what happens when both want one slot."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drawing import examples
from tests.stories.world import DAY, Reason, Story, make_program, workflow
from upsell.cli.conflicts_text import conflicts_text, short_lines
from upsell.journeys.conflicts import Conflict, find_conflicts
from upsell.rules.apart import apart_by
from upsell.rules.compile import compile_rule
from upsell.rules.kinds import Kind
from upsell.rules.vocabulary import Vocabulary

SHOW = "[{email: {content: t1, intent: show}}, {wait: 30 days}]"
HELP = "[{email: {content: t1, intent: help}}]"


def shows(trigger: str = "{on: Asked}", more: str = "", **said: str) -> str:
    return workflow(trigger=trigger, journey=SHOW, more=more, **said)


def pair(one: str, other: str, **said: Any) -> Conflict:
    (found,) = find_conflicts(make_program({"a": one, "b": other}, **said))
    return found


@settings(deadline=None, max_examples=examples(40))
@given(st.tuples(st.integers(0, 2), st.integers(0, 2)), st.tuples(st.booleans(), st.booleans()))
def test_who_is_said_to_win_wins_when_both_want_the_slot_at_once(
    priorities: tuple[int, int], worths: tuple[bool, bool]
) -> None:
    texts = {
        key: shows(more=f"priority: {priority}" + ("\nworth: customer.worth_" + key if has_worth else ""))
        for key, priority, has_worth in zip("ab", priorities, worths, strict=True)
    }
    program = make_program(texts)
    (conflict,) = find_conflicts(program)
    for worth_a, worth_b in ((1, 2), (2, 1)):
        story = Story(program).happens("Customer Identified", worth_a=worth_a, worth_b=worth_b)
        story.happens("Asked")
        (mail,) = story.mails()
        if conflict.winner is not None:
            assert mail.workflow == conflict.winner
        elif all(worths):
            assert mail.workflow == ("a" if worth_a > worth_b else "b")
            assert "the greater worth" in conflict.because
        else:
            assert mail.workflow == "a", "of equals the first by name"
            assert "of equals a, by name" in conflict.because


def test_equals_without_a_worth_are_a_contradiction_and_one_worth_alone_counts_for_nothing() -> None:
    assert pair(shows(), shows()).doubt == "nothing says which should win: give one a greater priority"
    assert pair(shows(), shows(more="priority: 1")).doubt == ""
    assert pair(shows(more="worth: customer.v"), shows(more="priority: 1")).doubt == (
        "the worth of a counts for nothing here, as the other says none"
    )


def test_only_live_workflows_that_take_the_slot_compete() -> None:
    texts = {
        "a": shows(),
        "b": workflow(trigger="{on: Asked}", journey=HELP),
        "c": shows(more="status: paused"),
        "d": shows(more="status: ended"),
    }
    assert find_conflicts(make_program(texts)) == []
    text = conflicts_text(make_program(texts), [])
    assert "1 live workflow take it, 0 pairs" in text
    assert "They sell nothing and take none: b" in text


def test_an_account_is_asked_before_its_people_whatever_their_priority() -> None:
    texts = {
        "seat": shows(more="priority: 9"),
        "team": workflow(
            trigger="{on: Asked}",
            journey="[{email: {content: t1, intent: show, to: [billing, owner]}}, {wait: 30 days}]",
            unit="account",
        ),
    }
    program = make_program(texts)
    (conflict,) = find_conflicts(program)
    assert (conflict.one, conflict.other, conflict.units) == ("team", "seat", "people")
    assert (conflict.winner, conflict.roles) == ("team", ("billing", "owner"))
    assert conflict.doubt == "the greater priority of seat counts for nothing against an account's"
    story = Story(program, "a:acme").member("ada", "owner").member("bob", "member")
    story.happens("Asked", by="ada").happens("Asked", by="bob")
    # The account's journey holds the slot of ada, whom it addresses, and leaves bob's alone.
    assert [(mail.workflow, mail.customer_id) for mail in story.mails()] == [("team", "ada"), ("seat", "bob")]
    lost = [each for each in story.decisions() if each.reason is Reason.OUTRANKED]
    assert [(each.workflow, each.unit_id, each.rule) for each in lost] == [("seat", "c:ada", "team")]


def test_an_account_that_loses_to_its_people_says_to_which_workflow() -> None:
    team = workflow(
        trigger="{on: Team Asked}",
        journey="[{email: {content: t1, intent: show}}, {wait: 30 days}]",
        unit="account",
    )
    story = Story(make_program({"seat": shows(), "team": team}), "a:acme").member("ada", "admin")
    story.happens("Asked", by="ada").happens("Team Asked", by="ada")
    lost = story.decisions()[-1]
    assert (lost.workflow, lost.reason, lost.rule) == ("team", Reason.OUTRANKED, "seat")
    assert [(seen.term, seen.value) for seen in lost.seen] == [("person", "ada")]


def test_what_can_trigger_both_is_told_through_signals() -> None:
    signals = "keen: event_count('Viewed', interval '7 days') > 2 or customer.champion\nvery: keen and true"
    one = shows("{when: \"very and usage('api_calls') > 3\"}")
    other = shows("{on: Viewed, when: keen}")
    assert pair(one, other, signals=signals).triggers == (
        "customer.champion",
        "the event Viewed",
        "the signal keen",
    )
    assert pair(one, shows("{on: Else}"), signals=signals).triggers == ()


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("[plan.tier < 2]", "[plan.tier >= 2]", "plan.tier"),
        ("[plan.tier <= 2]", "[plan.tier >= 2]", ""),
        ("['plan.tier in (1, 2)']", "[plan.tier > 2]", "plan.tier"),
        ("[\"customer.region = 'EU'\"]", "[\"customer.region in ('US', 'CA')\"]", "customer.region"),
        ("[customer.x > 3 and customer.y = 1]", "[2 >= customer.x]", "customer.x"),
        ("[customer.x > 3 or customer.y = 1]", "[2 >= customer.x]", ""),
        ("[customer.x <> 3]", "[customer.x = 3]", ""),
        ("[\"usage_ratio('api_calls') >= 0.8\"]", "[\"usage_ratio('api_calls') < 0.5\"]",
         "usage_ratio('api_calls')"),
    ],
)  # fmt: skip
def test_audiences_that_are_seen_to_be_apart_are_not_told_to_meet(one: str, other: str, apart: str) -> None:
    conflict = pair(shows(eligible=one), shows(eligible=other))
    assert conflict.apart == apart
    text = conflicts_text(make_program({"a": shows(), "b": shows()}), [conflict])
    assert ("Never eligible at once:" in text) is bool(apart)
    assert bool(list(short_lines([conflict], {"a"}))) is not bool(apart)


def test_a_customers_own_traits_do_not_part_them_from_their_account() -> None:
    team = workflow(
        trigger="{on: A}", journey=SHOW, unit="account", eligible="[plan.tier < 2, customer.x > 1]"
    )
    (conflict,) = find_conflicts(
        make_program({"team": team, "seat": shows(eligible="[plan.tier > 0, customer.x < 1]")})
    )
    assert conflict.apart == ""
    (conflict,) = find_conflicts(
        make_program({"team": team, "seat": shows(eligible="[plan.tier > 3, customer.x < 1]")})
    )
    assert conflict.apart == "plan.tier"


_PARTS = st.builds(
    lambda fact, comparison, number: f"customer.{fact} {comparison} {number}",
    st.sampled_from("xy"),
    st.sampled_from(["=", "<>", "<", "<=", ">", ">=", "in (1, 3) and 2 <", "in (0, 2) or 1 >="]),
    st.integers(0, 4),
)


@settings(deadline=None)
@given(st.lists(_PARTS, min_size=1, max_size=3), st.lists(_PARTS, min_size=1, max_size=3))
def test_what_is_said_to_be_apart_is_never_true_at_once(one: list[str], other: list[str]) -> None:
    """Oracle: every pair of values on a grid finer than the constants."""
    vocabulary = Vocabulary(traits={"customer": {"x": Kind.NUMBER, "y": Kind.NUMBER}})
    texts = [part.replace("2 <", "2 < customer.x and 9 >") for part in one]
    left = [compile_rule(text, vocabulary) for text in texts]
    right = [compile_rule(text.replace("2 <", "2 < customer.y and 9 >"), vocabulary) for text in other]
    if apart_by([r.tree for r in left], [r.tree for r in right], lambda _: True) is None:
        return
    story = Story(make_program({}))
    for x in range(-1, 11):
        for y in range(-1, 11):
            story.unit().profile.traits.update(x=x / 2, y=y / 2)
            facts = story.session._scene.facts(story.unit())
            assert not all(rule.value(facts) is True for rule in (*left, *right))


def test_the_short_lines_name_only_pairs_with_a_changed_workflow() -> None:
    program = make_program({"a": shows(), "b": shows(more="priority: 2"), "c": shows(more="priority: 3")})
    conflicts = find_conflicts(program)
    lines = list(short_lines(conflicts, {"b"}))
    assert lines[0].startswith("New or changed workflows that compete for the upsell slot")
    assert lines[1:] == [
        "  a and b, over the slots of customers: b wins at once (priority 2 over 0)",
        "  b and c, over the slots of customers: c wins at once (priority 3 over 2)",
    ]
    assert list(short_lines(conflicts, set())) == []
    told = "\n".join(short_lines(find_conflicts(make_program({"a": shows(), "b": shows()})), {"a"}))
    assert "    ! nothing says which should win" in told


def test_a_holder_keeps_the_slot_whatever_the_rank_of_who_comes_later() -> None:
    texts = {"a": shows("{on: A}"), "b": shows("{on: B}", more="priority: 5")}
    story = Story(make_program(texts)).happens("A").after(DAY).happens("B")
    assert [mail.workflow for mail in story.mails()] == ["a"]
