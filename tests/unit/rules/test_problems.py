"""What a wrong rule is told: each message, its place and its advice."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.drawing import examples
from upsell.errors import DefinitionError, Problem
from upsell.rules.compile import compile_rule
from upsell.rules.conditions import compile_condition
from upsell.rules.kinds import Kind
from upsell.rules.vocabulary import Vocabulary

VOCABULARY = Vocabulary(
    signals={
        "quota_pressure": "usage_ratio('api_calls') >= 0.8",
        "chicken": "egg or plan.tier = 1",
        "egg": "chicken",
        "selfish": "not selfish",
        "broken": "customer.name ilike 'a%'",
        "uses_broken": "broken and plan.tier = 1",
        "score": "plan.tier * 2",
        "clashing": "customer.age > 3 and customer.age = 'x'",
    },
    metrics=frozenset({"api_calls", "seats"}),
    traits={"account": {"region": Kind.TEXT, "employees": Kind.NUMBER, "is_partner": Kind.BOOLEAN}},
    fields={
        "plan": {"tier": Kind.NUMBER, "name": Kind.TEXT},
        "subscription": {"renews_at": Kind.MOMENT, "status": Kind.TEXT},
    },
)


def problems_of(text: object, expects: Kind | None = Kind.BOOLEAN) -> list[Problem]:
    with pytest.raises(DefinitionError) as caught:
        compile_rule(text, VOCABULARY, expects=expects)  # type: ignore[arg-type]  # a file may hold anything
    return list(caught.value.problems)


def test_an_unknown_name_offers_the_nearest_known_one_and_draws_a_caret_beneath_the_place() -> None:
    (problem,) = problems_of("plan.tier < 3 and account.regoin in ('US', 'EU')")
    assert str(problem) == (
        "unknown name account.regoin\n"
        "    plan.tier < 3 and account.regoin in ('US', 'EU')\n"
        "                      ^\n"
        "    did you mean account.region?"
    )
    assert problem.column == 19
    assert problem.code == "unknown-name"


def test_the_caret_stands_in_the_line_of_a_rule_of_several_lines() -> None:
    (problem,) = problems_of("plan.tier < 3\n  and plan.teir > 1\n  and true")
    assert problem.column == 7
    assert problem.hint == "      and plan.teir > 1\n          ^\n    did you mean plan.tier?"


def test_a_long_line_is_cut_around_the_caret() -> None:
    text = (
        " and ".join(["plan.tier < 3"] * 30)
        + " and plan.teir > 1 and "
        + " and ".join(["plan.tier < 3"] * 30)
    )
    (problem,) = problems_of(text)
    line, caret, _ = (problem.hint or "").splitlines()
    assert len(line) <= 110
    assert line[caret.index("^") :].startswith("plan.teir")


def test_all_problems_of_a_rule_are_told_at_once_in_order_of_place() -> None:
    problems = problems_of(
        "plan.teir = 1 and quota_presure and usage('api_cals') > 1 "
        "and event_count('X', interval '1 month') > 1"
        " and custmer.a = 1 and account.region > 3 and evnt_count('X') = 1 and account.region ilike 'a'"
    )
    assert [problem.code for problem in problems] == [
        "unknown-name", "unknown-name", "unknown-name", "rule-interval", "unknown-name", "kind-clash",
        "unknown-function", "rule-syntax",
    ]  # fmt: skip
    columns = [problem.column or 0 for problem in problems]
    assert columns == sorted(columns)


@pytest.mark.parametrize(
    ("text", "message", "advice"),
    [
        ("quota_presure", "unknown signal quota_presure", "did you mean quota_pressure?"),
        ("usage", "usage is a function and needs parentheses", "write usage(...)"),
        ("customer", "customer is a scope, not a value", "name a value in it, such as customer.x"),
        ("custmer.a = 1", "unknown scope custmer in custmer.a", "did you mean customer?"),
        ("usage('api_cals') > 1", "unknown metric api_cals", "did you mean api_calls?"),
        ("usage_rate('seats') > 1", "unknown function usage_rate", "did you mean usage_ratio?"),
        (
            "properties.x = 1",
            "unknown scope properties in properties.x",
            "properties stand in the condition of an event function, after its interval",
        ),
        (
            "account.region > 3",
            "a text and a number cannot be compared: account.region is a text, 3 is a number",
            "write a text in single quotes",
        ),
        (
            "account.employees = '3'",
            "a number and a text cannot be compared: account.employees is a number, '3' is a text",
            "write a number without quotes",
        ),
        (
            "customer.age > 3 and customer.age = 'x'",
            "a number and a text cannot be compared: customer.age is a number, 'x' is a text",
            "write a number without quotes",
        ),
        (
            "subscription.renews_at > '2026-01-01'",
            "a moment and a text cannot be compared: "
            "subscription.renews_at is a moment, '2026-01-01' is a text",
            "write timestamp '2026-01-31T09:00:00Z' or date '2026-01-31'",
        ),
        (
            "subscription.renews_at - now() < 30",
            "expected a number, got subscription.renews_at, which is a moment",
            "days between a moment and now are days_since(...) or days_until(...)",
        ),
        (
            "plan.tier",
            "expected a boolean, got plan.tier, which is a number",
            "compare the number, such as with > 0",
        ),
        (
            "plan.name and true",
            "expected a boolean, got plan.name, which is a text",
            "compare the text, or write true or false without quotes",
        ),
        ("account.is_partner < true", "booleans have no order, so < cannot compare them", "use = or <>"),
        (
            "customer.a = account.region and customer.b = customer.c",
            "cannot tell whether customer.b is a text, a number, a moment or a boolean",
            "compare it with a constant, or declare its kind",
        ),
        ("case when true then null end", "every result of this case is null", "give it a value"),
        (
            "event_count('X', interval '2 months') > 1",
            "event_count: a month has no one length",
            "write interval '60 days'",
        ),
        ("trend('X', interval '1 year') > 1", "trend: a year has no one length", "write interval '365 days'"),
        (
            "event_count('X', interval '7 dais') > 1",
            "event_count: expected an interval such as '7 days', got '7 dais'",
            "did you mean days?",
        ),
        (
            "event_count('X', interval '1.5 days') > 1",
            "event_count: expected a whole number of days above zero, got '1.5'",
            "use a smaller unit, such as interval '36 hours'",
        ),
        (
            "event_count('X', interval '0 days') > 1",
            "event_count: expected a whole number of days above zero, got '0'",
            "use a smaller unit, such as interval '36 hours'",
        ),
        (
            "event_count('X', interval '1 week 2 days') > 1",
            "event_count: expected an interval such as '7 days', got '1 week 2 days'",
            "write interval '7 days'",
        ),
        (
            "event_count('X') > 1",
            "event_count: expected an interval such as interval '7 days'",
            "write event_count('Pricing Viewed', interval '7 days'[, properties.page = 'pro'])",
        ),
        (
            "event_count('X', '7 days') > 1",
            "event_count: expected an interval such as interval '7 days', got '7 days'",
            "write event_count('Pricing Viewed', interval '7 days'[, properties.page = 'pro'])",
        ),
        (
            "event_count(Viewed, interval '7 days') > 1",
            "event_count: expected the name of an event in single quotes, got Viewed",
            "write event_count('Pricing Viewed', interval '7 days'[, properties.page = 'pro'])",
        ),
        (
            "trend('X', interval '7 days', true) > 1",
            "trend: got more arguments than it takes",
            "write trend('Report Viewed', interval '7 days')",
        ),
        (
            "usage('seats', 1) > 1",
            "usage: expected only a metric, got 2 arguments",
            "write usage('api_calls')",
        ),
        (
            "days_since() > 1",
            "days_since: expected one moment, got 0 arguments",
            "write days_since(last_event('Order Completed'))",
        ),
        (
            "event_count('X', interval '7 days', account.region = 'a') > 1",
            "a condition sees only the event's own properties, not account.region",
            "write properties.region",
        ),
        (
            "event_count('X', interval '7 days', days_since(properties.at) > 1) > 1",
            "a condition is about one event, so it knows no now, usage or other events",
            "ask about them outside of the condition",
        ),
        (
            "event_count('X', interval '7 days', properties.n > 1 and properties.n = 'a') > 1",
            "a number and a text cannot be compared: properties.n is a number, 'a' is a text",
            "write a number without quotes",
        ),
        (
            'account.region = "US"',
            '"US" in double quotes is a name, not a text',
            "write 'US': text stands in single quotes",
        ),
        (
            "account.region = null",
            "`NULL` is not in the rules language",
            "compare with is null or is not null",
        ),
        (
            "account.region ilike 'u%'",
            "`account.region ILIKE 'u%'` is not in the rules language",
            "letter case has no one meaning in all databases; use like",
        ),
        (
            "account.employees::int > 1",
            "`CAST(account.employees AS INT)` is not in the rules language",
            "only date '...' and timestamp '...' have a type; a trait is read as the kind its use asks",
        ),
        ("plan.tier % 2 = 0", "`plan.tier % 2` is not in the rules language", "the operators are + - * /"),
        ("account.* = 1", "`*` is not in the rules language", "name one value, such as customer.country"),
        (
            "exists(select 1)",
            "`EXISTS(SELECT 1)` is not in the rules language",
            "ask event_count('Event Name', interval '7 days') > 0",
        ),
        ("plan.tier in 3", "`plan.tier IN 3` is not in the rules language", "write in ('a', 'b')"),
        (
            "date '2026-02-30' < now()",
            "expected a date, got '2026-02-30'",
            "write date '2026-01-31'; it means midnight UTC",
        ),
        (
            "timestamp '2026-02-01T00:00:00' < now()",
            "expected a date-time with a zone, got '2026-02-01T00:00:00'",
            "write timestamp '2026-01-31T09:00:00Z'",
        ),
        (
            "plan.name like account.region",
            "expected a text in quotes after like",
            "write like 'Pro%'",
        ),
        (
            "plan.name like 'Pro\\'",
            "the pattern ends with its escape character \\",
            "write it twice to mean itself",
        ),
        (
            "days_since(now()) > 1",
            "days_since is asked of a moment that itself moves with now",
            "give it a moment that stands still, such as subscription.renews_at",
        ),
        (
            "days_since(customer.a) > days_since(customer.b)",
            "both sides of the comparison move with time",
            "compare the moments themselves, such as account.a < account.b",
        ),
        (
            "days_since(customer.a) - days_since(customer.b) > 1",
            "time enters days_since(customer.a) - days_since(customer.b) twice, or below a division",
            "compare each elapsed time with a value of its own, and join them with and / or",
        ),
        (
            "1 / days_since(customer.a) > 1",
            "time enters 1 / days_since(customer.a) twice, or below a division",
            "compare each elapsed time with a value of its own, and join them with and / or",
        ),
        (
            "3 in (days_since(customer.a))",
            "the list after in holds a value that moves with time",
            "put the value that moves before in",
        ),
        ("plan.tier < 1E", "expected a number, got 1E", "write one such as 3, 0.5 or 1e6"),
        ("plan.tier < 1e31", "the number 1e31 is out of range", "use one within 1e30"),
        (
            " * ".join(["plan.tier"] * 12) + " > 1",
            "this arithmetic multiplies or divides so often that its result may be out of range",
            "use fewer factors",
        ),
        ("plan.tier plan.name", "`.` cannot be read here", None),
        ("plan.tier >", "expected more after `>`", "a value, a comparison or an argument is missing"),
        ("(plan.tier > 1", "expecting ) near `1`", "check parentheses, commas and the end of case"),
        (
            "plan.name = 'Pro",
            "a text begins with ' and does not end",
            "close it with '; a ' inside is written twice",
        ),
        ("true; false", "expected one expression, got 2", "join them with and / or"),
        ("", "expected a rule, got an empty text", "write a condition such as plan.tier < 3"),
        ("  \n ", "expected a rule, got an empty text", "write a condition such as plan.tier < 3"),
        ("plan.name = 'a\x00'", "this character cannot be kept in a database", "remove it"),
        ("plan.name = '\ud800'", "this character cannot be kept in a database", "remove it"),
    ],
)
def test_a_wrong_rule_is_told_what_is_wrong_and_what_to_do(
    text: str, message: str, advice: str | None
) -> None:
    problems = problems_of(text)
    assert message in [problem.message for problem in problems]
    if advice is not None:
        hints = [problem.hint or "" for problem in problems if problem.message == message]
        assert hints[0].splitlines()[-1].strip() == advice


def test_signals_that_come_back_to_themselves_are_refused_with_their_way() -> None:
    (problem,) = problems_of("plan.tier = 1 or chicken")
    assert problem.message == "the signal chicken comes back to itself: chicken -> egg -> chicken"
    assert problem.code == "signal-cycle"
    assert problem.column == 18
    (alone,) = problems_of("selfish")
    assert alone.message == "the signal selfish comes back to itself: selfish -> selfish"


@pytest.mark.parametrize("text", ["broken", "uses_broken"])
def test_a_rule_over_a_broken_signal_names_the_signal_at_fault_once(text: str) -> None:
    (problem,) = problems_of(text)
    assert problem.message.startswith("the signal broken cannot be used: `customer.name ILIKE 'a%'`")
    assert problem.code == "broken-signal"


def test_kinds_are_held_across_signals() -> None:
    (problem,) = problems_of("score = 'high'")
    assert problem.message.startswith("a number and a text cannot be compared: plan.tier * 2 is a number")
    (clashing,) = problems_of("clashing")
    assert clashing.message.startswith("the signal clashing cannot be used: a number and a text")


@pytest.mark.parametrize("value", [5, True, None, ["a"], {"a": 1}, 2.5])
def test_a_rule_that_is_not_text_is_refused(value: object) -> None:
    (problem,) = problems_of(value)
    assert problem.message == f"expected a rule as text, got {type(value).__name__} {value!r}"


_nested: list[tuple[Callable[[str], str], str]] = [
    (lambda inner: f"not ({inner})", "plan.tier = 1"),
    (lambda inner: f"not {inner}", "plan.tier = 1"),
    (lambda inner: f"- {inner}", "plan.tier = 1"),
    (lambda inner: f"({inner})", "plan.tier = 1"),
    (lambda inner: f"case when {inner} then true else false end", "plan.tier = 1"),
    (lambda inner: f"({inner}) between plan.tier and 3", "plan.tier"),
    (lambda inner: f"coalesce({inner}, 1)", "plan.tier"),
    (lambda inner: f"{inner} + 1", "plan.tier"),
]


@pytest.mark.parametrize(("wrap", "inner"), _nested)
@pytest.mark.parametrize("levels", [60, 400, 3_000])
def test_a_very_deep_rule_is_refused_and_breaks_nothing(
    wrap: Callable[[str], str], inner: str, levels: int
) -> None:
    for _ in range(levels):
        inner = wrap(inner)
    (problem,) = problems_of(inner, expects=None)
    assert problem.code == "rule-size"


def test_signals_within_signals_that_double_each_time_are_refused_before_they_grow() -> None:
    signals = {"s0": "plan.tier = 1"} | {f"s{i}": f"s{i - 1} and s{i - 1}" for i in range(1, 60)}
    with pytest.raises(DefinitionError, match="more than 5,000 parts"):
        compile_rule("s59", Vocabulary(signals=signals))


def test_a_very_long_rule_of_one_level_is_taken() -> None:
    text = " or ".join(f"customer.x = {number}" for number in range(450))
    assert compile_rule(text, Vocabulary()).reads.traits == {("customer", "x")}


_WORDS = (
    "customer.a plan.tier and or not ( ) , 'x' 3 -2.5 = <> < in like between is null true "
    "case when then else end "
    "event_count('E', interval '7 days') days_since(customer.m) usage('m') limit( coalesce( "
    "now() interval '1 day' "
    "quota_pressure + - * / :: ; . \" ' -- /* select from * $$ @ ? date '2026-01-01' \\ é 😀 || [ ] { }"
).split(" ")


@settings(max_examples=examples(400), deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(_WORDS), max_size=12).map(" ".join)))
@example("case")
@example("0E")
@example("/*")
@example("$$")
@example("customer.a -- and")
def test_whatever_is_written_either_compiles_or_is_a_definition_error(text: str) -> None:
    for compile_text in (
        lambda: compile_rule(text, VOCABULARY, expects=None),
        lambda: compile_condition(text),
    ):
        try:
            compile_text()
        except DefinitionError as error:
            assert all(problem.message and problem.hint for problem in error.problems)
