"""Discounts: never more than a workflow's budget, never by who somebody is, and what was shown is held."""

from __future__ import annotations

import pytest

from tests.live_world import make_documents
from tests.stories.test_offers import CATALOG
from tests.stories.world import DAY, HOUR, START, Reason, Story, make_program, workflow
from upsell.decisions.rails import Spent
from upsell.errors import DefinitionError
from upsell.journeys.gate import ask_gate
from upsell.journeys.program import Program, with_sold_out
from upsell.money import Money
from upsell.signals.events import MESSAGE_WITHHELD
from upsell.workspace.compile import compile_documents

GATE = "{on: Feature Gate Hit, again_after: 1 hour}"
BUDGET = "discount_budget: 500"


def program(journey: str, *, trigger: str = GATE, more: str = BUDGET, catalog: str = CATALOG) -> Program:
    return make_program({"w": workflow(trigger=trigger, journey=journey, more=more)}, catalog=catalog)


def spent(program: Program, at: int) -> Program:
    """Give a program whose budget ran out at a moment, with a bit more accepted than it holds."""
    budget = program.workflows["w"].discount_budget
    assert budget == Money(50_000, "USD")
    return with_sold_out(program, {}, {"w": Spent("w", budget, 50_940, at)})


def goes_on(story: Story, program: Program) -> Story:
    """Go on with a story under another program, an hour later, with mail that does not arrive by itself."""
    later = Story(program, household=story.household, delivers=False)
    later.now = story.now + HOUR
    return later


def test_a_spent_budget_gives_no_more_from_its_moment_on_and_says_what_was_spent() -> None:
    story = Story(spent(program("[{email: {content: t1, offer: cheap}}]"), START + DAY))
    story.happens("Feature Gate Hit")
    assert [mail.offer for mail in story.mails()] == ["cheap"]
    story.after(DAY - 1).happens("Feature Gate Hit")
    assert len(story.mails()) == 2, "a moment before it is not spent yet"
    story.after(HOUR).happens("Feature Gate Hit")
    assert len(story.mails()) == 2
    refused = story.decisions()[-1]
    assert (refused.reason, refused.rule) == (
        Reason.PRICE_GUARDRAIL,
        "a discount budget of 500.00 USD for w",
    )
    assert [(seen.term, seen.value) for seen in refused.seen] == [
        ("discounts accepted when it ran out", "509.40 USD")
    ]


def test_a_spent_budget_stops_discounts_alone() -> None:
    # ``cheaper`` falls back to ``team`` at its full price.
    story = Story(spent(program("[{email: {content: t1, offer: cheaper}}]"), START))
    story.happens("Feature Gate Hit")
    assert [(mail.offer, mail.terms.discount if mail.terms else None) for mail in story.mails()] == [
        ("team", 0)
    ]
    assert story.mails()[0].terms is not None


def test_another_workflow_has_a_budget_of_its_own() -> None:
    journey = "[{email: {content: t1, offer: cheap}}]"
    both = {key: workflow(trigger=f"{{on: {key} asked}}", journey=journey, more=BUDGET) for key in "wv"}
    story = Story(spent(make_program(both, catalog=CATALOG), START))
    story.happens("w asked").happens("v asked")
    assert [mail.workflow for mail in story.mails()] == ["v"]


def test_what_a_prompt_showed_is_shown_again_until_it_expires_though_the_budget_is_spent() -> None:
    journey = "[{prompt: {placement: page, offer: cheap}}, {wait: 30 days}]"
    story = Story(spent(program(journey), START + DAY))
    story.happens("Feature Gate Hit").happens("Placement Asked", placement="page")
    late = Story(story.program, "c:bob")
    late.happens("Feature Gate Hit")
    for each in (story, late):
        each.after(2 * DAY).happens("Placement Asked", placement="page")
    assert [event.name for event in story.recorded()] == ["Prompt Offered", "Prompt Offered"]
    terms = [event.properties["terms"] for event in story.recorded()]
    assert terms[0] == terms[1], "it is the same promise, which gives nothing more away"
    assert [event.properties.get("reason") for event in late.recorded()] == ["price_guardrail"]
    story.after(6 * DAY).happens("Placement Asked", placement="page")
    assert story.recorded()[-1].properties["reason"] == "price_guardrail", "its seven days are over"


def test_a_mail_on_its_way_is_stopped_by_the_second_gate_and_not_tried_again_and_again() -> None:
    story = Story(program("[{email: {content: t1, offer: cheap}}, {wait: 9 days}]"), delivers=False)
    story.happens("Feature Gate Hit")
    (mail,) = story.mails()
    assert ask_gate(story.program, story.household, mail, story.now) is None
    later = goes_on(story, spent(story.program, START + HOUR))
    verdict = ask_gate(later.program, later.household, mail, START + HOUR)
    assert verdict is not None
    assert (verdict.reason, verdict.rule) == (
        Reason.PRICE_GUARDRAIL,
        "a discount budget of 500.00 USD for w",
    )
    later.receipt(mail, MESSAGE_WITHHELD)
    assert later.mails() == []
    assert later.reasons() == [Reason.PRICE_GUARDRAIL]


def test_the_second_gate_knows_of_a_budget_that_ran_out_a_moment_after_its_clock_was_read() -> None:
    story = Story(program("[{email: {content: t1, offer: cheap}}]"), delivers=False)
    story.happens("Feature Gate Hit")
    (mail,) = story.mails()
    verdict = ask_gate(spent(story.program, START + 5), story.household, mail, START)
    assert verdict is not None
    assert verdict.reason is Reason.PRICE_GUARDRAIL


def test_a_mail_stopped_by_the_second_gate_says_its_fallback_instead() -> None:
    story = Story(program("[{email: {content: t1, offer: cheaper}}]"), delivers=False)
    story.happens("Feature Gate Hit")
    (mail,) = story.mails()
    later = goes_on(story, spent(story.program, START + HOUR))
    verdict = ask_gate(later.program, later.household, mail, START + HOUR)
    assert verdict is not None
    assert verdict.reason is Reason.PRICE_GUARDRAIL
    later.receipt(mail, MESSAGE_WITHHELD)
    assert [(each.offer, each.terms and each.terms.discount) for each in later.mails()] == [("team", 0)]


@pytest.mark.parametrize("holdout", ["0%", "99.99%"])
def test_a_reminder_of_a_discount_that_arrived_gives_nothing_more_away(holdout: str) -> None:
    mails = "[{email: {content: t1, offer: cheap}}, {wait: 2 days}, {email: {content: t2, offer: cheap}}]"
    text = workflow(trigger=GATE, journey=mails, more=BUDGET, holdout=holdout)
    story = Story(spent(make_program({"w": text}, catalog=CATALOG), START + DAY))
    story.happens("Feature Gate Hit").after(3 * DAY)
    # The held-out unit goes the same way, and hears of neither.
    assert story.reasons()[1:] == [Reason.FINISHED]
    assert story.contents() == (["t1", "t2"] if holdout == "0%" else [])


def test_new_terms_after_the_old_ones_expired_are_a_new_promise() -> None:
    mails = "[{email: {content: t1, offer: cheap}}, {wait: 8 days}, {email: {content: t2, offer: cheap}}]"
    story = Story(program(mails))
    story.happens("Feature Gate Hit").after(7 * DAY)
    story.delivers = False
    story.after(2 * DAY)
    first, second = story.mails()
    assert first.terms != second.terms
    verdict = ask_gate(spent(story.program, story.now), story.household, second, story.now)
    assert verdict is not None
    assert verdict.reason is Reason.PRICE_GUARDRAIL


def test_a_budget_without_a_discount_is_refused_at_check_with_its_line() -> None:
    with pytest.raises(DefinitionError) as told:
        program("[{email: {content: t1, offer: team}}]")
    (problem,) = told.value.problems
    assert "workflows/w.yaml" in str(problem)
    assert "expected an offer with a discount" in problem.message
    with pytest.raises(DefinitionError, match="above 0"):
        program("[{email: {content: t1, offer: cheap}}]", more="discount_budget: 0")


def test_a_budget_neither_makes_a_new_version_nor_is_frozen() -> None:
    journey = "[{email: {content: t1, offer: cheap}}]"
    versions = {
        program(journey, more=more).workflows["w"].version for more in ("", BUDGET, "discount_budget: 7")
    }
    assert len(versions) == 1


def test_what_a_budget_cannot_hold_is_warned_of() -> None:
    text = workflow(trigger=GATE, journey="[{email: {content: t1, offer: cheaper}}]", more=BUDGET)
    documents = {**make_documents({"w": text}), "catalog.yaml": CATALOG}
    told = {problem.code: problem for problem in compile_documents(documents).warnings}
    assert told.keys() == {"open-discount", "budget-currency"}
    assert "cheaper" in told["open-discount"].message
    assert "EUR" in told["budget-currency"].message
    assert {problem.line for problem in told.values()} == {text.split("\n").index(BUDGET) + 1}
