"""Discounts: never more than a workflow's budget, never by who somebody is, and what was shown is held."""

from __future__ import annotations

from bisect import bisect_right

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.live_world import make_documents
from tests.stories.test_offers import CATALOG
from tests.stories.world import DAY, HOUR, START, Reason, Story, make_program, workflow
from upsell.catalog.offers import DiscountStep, ValueDiscount
from upsell.cli.explain import _discount_lines
from upsell.decisions.rails import Spent
from upsell.errors import DefinitionError, Problem
from upsell.journeys.explain import explain
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


STEPS = "{of: customer.lifetime_value, steps: [{from: 0, off: 10%}, {from: 1000, off: 20%}]}"
BY_VALUE = CATALOG.replace("discount: 30%, fallback: team", f"valid_for: 7 days, discount: {STEPS}")
VALUED = "[{email: {content: t1, offer: cheaper}}, {wait: 3 days}, {email: {content: t2, offer: cheaper}}]"


def valued(catalog: str = BY_VALUE, *, policy: str = "", **more: str) -> Program:
    text = workflow(trigger=GATE, journey=VALUED, **more)
    return make_program({"w": text}, catalog=catalog, policy=policy)


def rates(story: Story) -> list[float]:
    return [mail.terms.discount_rate for mail in story.mails() if mail.terms is not None]


@pytest.mark.parametrize(
    ("value", "price", "rate"),
    [
        (0, 8_910, 0.1),
        (999.99, 8_910, 0.1),
        (1_000, 7_920, 0.2),
        (50_000, 7_920, 0.2),
        (-1, 9_900, 0.0),
        ("1000", 9_900, 0.0),
        (True, 9_900, 0.0),
        (None, 9_900, 0.0),
    ],
)
def test_a_discount_by_value_takes_off_what_the_step_says_and_for_the_unknown_nothing(
    value: object, price: int, rate: float
) -> None:
    # Team is 99.00 a month.
    story = Story(valued()).happens("Customer Identified", lifetime_value=value)
    story.happens("Feature Gate Hit")
    (mail,) = story.mails()
    assert mail.terms is not None
    assert (mail.terms.price, mail.terms.discount_rate) == (price, rate)


@given(
    st.lists(
        st.tuples(st.integers(-9, 9), st.floats(0, 1)), min_size=1, max_size=6, unique_by=lambda s: s[0]
    ),
    st.floats(-12, 12),
)
def test_a_step_holds_from_its_value_on_up_to_the_next(steps: list[tuple[int, float]], value: float) -> None:
    # Oracle: the standard library's bisection.
    steps = sorted(steps)
    rule = valued().catalog.offers["cheaper"].by_value
    assert rule is not None
    by_value = ValueDiscount(rule.of, tuple(DiscountStep(least, rate) for least, rate in steps))
    place = bisect_right([least for least, _ in steps], value)
    assert by_value.rate(value) == (steps[place - 1][1] if place else 0.0)


def test_the_discount_that_was_shown_is_kept_though_the_value_changes_until_it_expires() -> None:
    story = Story(valued()).happens("Customer Identified", lifetime_value=500).happens("Feature Gate Hit")
    story.happens("Customer Identified", lifetime_value=5_000)
    (why,) = explain(story.program, story.household, "c:ada", story.now)
    (seen,) = why.discounts
    assert (seen.rate, seen.seen.term, seen.seen.value, seen.kept_rate) == (
        0.2,
        "customer.lifetime_value",
        5_000,
        0.1,
    )
    assert " ".join(line.strip() for line in _discount_lines(seen)) == (
        "cheaper: 20 % off, as customer.lifetime_value is 5000; 10 % off was shown before and is kept"
    )
    story.after(3 * DAY)
    assert rates(story) == [0.1, 0.1]
    story.after(5 * DAY).happens("Feature Gate Hit")
    assert rates(story) == [0.1, 0.1, 0.2], "the first has expired"


def test_an_explanation_says_the_value_also_where_it_is_not_known() -> None:
    story = Story(valued())
    (why,) = explain(story.program, story.household, "c:ada", story.now)
    assert [(each.rate, each.seen.value) for each in why.discounts] == [(0.0, None)]
    assert _discount_lines(why.discounts[0]) == [
        "  cheaper: no discount, as customer.lifetime_value is unknown"
    ]


def test_a_value_may_be_counted_over_events_and_unknown_may_be_made_known() -> None:
    of = "coalesce(event_sum('Order Completed', 'amount', interval '365 days'), 0)"
    story = Story(valued(BY_VALUE.replace("customer.lifetime_value", f'"{of}"')))
    story.happens("Feature Gate Hit").after(8 * DAY)
    story.happens("Order Completed", order_id="1", amount=700).happens("Order Completed", amount=400)
    story.happens("Feature Gate Hit")
    # The first at nothing spent; its reminder is the same promise.
    assert rates(story) == [0.1, 0.1, 0.2]


def test_the_rails_hold_for_every_step_that_can_be_known_and_say_its_line() -> None:
    catalog = BY_VALUE.replace("title: Team for less, discount: 20%, months: 3,", "title: Team for less,")
    with pytest.raises(DefinitionError, match=r"at most 15 % off, got 20 % off") as told:
        valued(catalog, policy="policy: {pricing: {max_discount: 15%}}")
    (problem,) = told.value.problems
    line = catalog.split("\n")[(problem.line or 0) - 1]
    assert line[(problem.column or 0) - 1 :].startswith("off: 20%")
    # Team is 990 a year and costs 720 to serve: a margin of 19 % at 10 % off, and of 9 % at 20 % off.
    with pytest.raises(DefinitionError, match=r"margin of at least 15 %, got 20 % off 990.00") as told:
        valued(catalog, policy="policy: {pricing: {min_margin: 15%}}")
    assert len(told.value.problems) == 1


@pytest.mark.parametrize(("value", "reason"), [(500, Reason.ENROLLED), (5_000, Reason.PRICE_GUARDRAIL)])
def test_the_rails_hold_when_it_is_decided_by_the_step_that_applies(value: int, reason: Reason) -> None:
    # What fits is known only of each customer: Team, at a margin of 33 % or 24 %.
    catalog = BY_VALUE.replace("plan: team, title: Team for less, valid", "plan: fitting, title: Less, valid")
    catalog = catalog.replace("discount: 20%, months: 3, ", "")
    story = Story(valued(catalog, policy="policy: {pricing: {min_margin: 30%}}"))
    story.happens("Subscription Started", plan="starter", amount=2_900, currency="USD")
    for _ in range(10):
        story.happens("Usage Recorded", metric="reports", quantity=40).after(DAY)
    story.happens("Customer Identified", lifetime_value=value).happens("Feature Gate Hit")
    decision = story.decisions()[0]
    assert decision.reason is reason
    if reason is Reason.PRICE_GUARDRAIL:
        assert ("customer.lifetime_value", value) in [(seen.term, seen.value) for seen in decision.seen]


def problems(**files: str) -> list[Problem]:
    text = workflow(trigger=GATE, journey=VALUED)
    documents = {**make_documents({"w": text}), "catalog.yaml": BY_VALUE}
    documents |= {name.replace("_", "."): content for name, content in files.items()}
    try:
        return list(compile_documents(documents).warnings)
    except DefinitionError as error:
        return list(error.problems)


@pytest.mark.parametrize(
    "of",
    [
        "customer.age",
        "account.Gender_or_age + customer.age",
        "case when customer.gender = 'f' then 1 else 0 end",
        "event_sum('Poll Answered', 'age', interval '30 days')",
        "event_count('Seen', interval '30 days', properties.religion = 'none')",
        "case when old then 1 else 0 end",
    ],
)
def test_what_a_discount_hangs_on_never_reads_a_protected_trait_also_through_a_signal(of: str) -> None:
    catalog = BY_VALUE.replace("customer.lifetime_value", f'"{of}"')
    signals = "old: customer.age > 50\n"
    told = [each for each in problems(catalog_yaml=catalog, signals_yaml=signals) if each.severity == "error"]
    assert [each.code for each in told] == ["protected-trait"], [str(each) for each in told]
    assert told[0].file == "catalog.yaml"
    line = catalog.split("\n")[(told[0].line or 0) - 1]
    assert line.strip().startswith("cheaper:")


@pytest.mark.parametrize(
    ("part", "line"),
    [
        ('trigger: {score: {at: 2, signals: [{when: "customer.age > 3", weight: 3}]}}', "trigger: {score"),
        ('trigger: {on: Asked, where: "properties.sex = 1"}', "trigger: {on"),
        ("trigger: {crossing: {of: customer.age, at: [3]}}", "trigger: {crossing"),
        ("worth: customer.age", "worth: customer"),
        ("suppress: [plan.tier = 9, customer.age > 50]", "suppress: [plan"),
        (
            "journey: [{if: \"customer.gender = 'f'\", then: [{email: {content: t1, offer: cheaper}}]}]",
            "journey: [{if",
        ),
    ],
)
def test_no_part_of_a_workflow_that_gives_a_discount_reads_a_protected_trait(part: str, line: str) -> None:
    head = part.split(":", maxsplit=1)[0]
    lines = workflow(trigger=GATE, journey=VALUED).split("\n")
    text = "\n".join([*(each for each in lines if not each.startswith(f"{head}:")), part, ""])
    documents = {**make_documents({"w": text}), "catalog.yaml": BY_VALUE}
    with pytest.raises(DefinitionError) as told:
        compile_documents(documents)
    (problem,) = [each for each in told.value.problems if each.severity == "error"]
    assert problem.code == "protected-trait"
    assert text.split("\n")[(problem.line or 0) - 1].startswith(line)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("{from: 1000, off: 20%}", "{from: 0, off: 20%}", "ascending order, got from 0 after 0"),
        ("{from: 1000, off: 20%}", "{from: -5, off: 20%}", "ascending order, got from -5 after 0"),
        ("{from: 1000, off: 20%}", "{from: 1000, off: 120%}", "a share such as 10%"),
        ("{from: 1000, off: 20%}", "{from: 1000}", "expected the key off"),
        ("of: customer.lifetime_value", 'of: "customer.lifetime_value > 3"', "number"),
        ("of: customer.lifetime_value", "of: lifetime_value", "lifetime_value"),
        ("steps: [{from: 0, off: 10%}, {from: 1000, off: 20%}]", "steps: []", "steps"),
        ("10%}, {from: 1000, off: 20%}]", "0%}]", "takes something off"),
    ],
)
def test_a_discount_by_value_that_is_wrong_is_told_with_its_line(old: str, new: str, told: str) -> None:
    catalog = BY_VALUE.replace(old, new)
    assert catalog != BY_VALUE
    found = [each for each in problems(catalog_yaml=catalog) if each.severity == "error"]
    assert len(found) == 1, [str(each) for each in found]
    assert told in str(found[0])
    assert catalog.split("\n")[(found[0].line or 0) - 1].strip().startswith("cheaper:")


def test_a_discount_whose_rule_is_wrong_is_not_also_said_to_be_none() -> None:
    text = workflow(trigger=GATE, journey=VALUED, more=BUDGET)
    catalog = BY_VALUE.replace("customer.lifetime_value", "lifetime_value")
    with pytest.raises(DefinitionError) as told:
        compile_documents({**make_documents({"w": text}), "catalog.yaml": catalog})
    assert [each.code for each in told.value.problems if each.severity == "error"] == ["unknown-name"]


def test_an_account_has_no_customers_value_and_that_is_warned_of() -> None:
    text = workflow(trigger=GATE, journey=VALUED, unit="account")
    documents = {**make_documents({"w": text}), "catalog.yaml": BY_VALUE}
    (problem,) = compile_documents(documents).warnings
    assert (problem.code, problem.severity) == ("discount-value", "warning")
    catalog = BY_VALUE.replace("customer.lifetime_value", "account.lifetime_value")
    assert compile_documents({**documents, "catalog.yaml": catalog}).warnings == ()


def test_a_changed_step_makes_another_version_and_a_discount_for_all_keeps_its_own() -> None:
    version = valued().workflows["w"].version
    assert valued(BY_VALUE.replace("from: 1000", "from: 2000")).workflows["w"].version != version
    # The name that the release before steps gave to what says none.
    assert valued(CATALOG).workflows["w"].version == "e5eab00ee2c3229f9295f23d55deadb1"
