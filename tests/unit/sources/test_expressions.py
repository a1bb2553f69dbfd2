"""Expressions: JMESPath and our functions, checked before anything comes."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drawing import examples
from upsell.money import minor_digits
from upsell.sources.expressions import Expression, ExpressionError, compile_expression
from upsell.sources.functions import OURS
from upsell.workspace.findings import Findings, Place

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


def compiled(text: str) -> Expression:
    findings = Findings()
    found = compile_expression(text, Place("f"), findings)
    assert found is not None, findings.in_order()
    return found


def value(text: str, said: Any = None) -> Any:
    return compiled(text).of(said)


@pytest.mark.parametrize(
    ("text", "words", "column"),
    [
        ("a ==", "not finished", 5),
        ("a.'x", "Unclosed", 3),
        ("a b", "got b where none can stand", 3),
        ("a = 'x'", "equality is written ==", 3),
        ("", "", 1),
        ("size(a)", "expected a known function, got size()", 1),
        ("a || lower(a, b)", "expected 1 values in lower(), got 2", 6),
        ("join('-')", "expected 2 values in join(), got 1", 1),
        ("not_null()", "expected at least 1 values in not_null(), got 0", 1),
    ],
)
def test_what_is_wrong_with_an_expression_is_told_with_a_caret(text: str, words: str, column: int) -> None:
    findings = Findings()
    assert compile_expression(text, Place("sources/x.yaml", 3, 7), findings) is None
    (problem,) = findings.in_order()
    assert (problem.file, problem.line, problem.code) == ("sources/x.yaml", 3, "expression")
    assert words in problem.message
    drawing = (problem.hint or "").splitlines()
    assert drawing[1].index("^") == 4 + column - 1


def test_an_expression_that_makes_no_sense_of_what_came_says_so() -> None:
    with pytest.raises(ExpressionError, match="contains"):
        value("contains(a, 'x')", {"a": 1})


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("minor('403.00', 'USD')", 40_300),
        ("minor(`19.99`, 'usd')", 1_999),
        ("minor('398', 'JPY')", 398),
        ("minor('1.2345', 'BHD')", 1_234),
        ("minor('0.005', 'USD')", 0),
        ("minor('twelve', 'USD')", None),
        ("minor('1', null_field)", None),
        ("times('3000', `10`)", 30_000),
        ("plus(`1`, `0.5`)", 1.5),
        ("minus(`1`, nothing)", None),
        ("per_interval(`12000`, `1`, 'year')", 12_000),
        ("per_interval(`24000`, `2`, 'year')", 12_000),
        ("per_interval(`3000`, `3`, 'month')", 1_000),
        ("per_interval(`700`, `1`, 'week')", 3_042),  # 700 * 365 / 84 = 3041.67
        ("per_interval(`100`, `0`, 'month')", None),
        ("per_interval(`100`, `1`, 'fortnight')", None),
        ("interval('Years')", "year"),
        ("interval('week')", "month"),
        ("iso(`1700000000`, 's')", "2023-11-14T22:13:20Z"),
        ("iso(`1700000000000`, 'ms')", "2023-11-14T22:13:20Z"),
        ("iso('2026-01-01T00:00:00Z', 's')", "2026-01-01T00:00:00Z"),
        ("iso(`-1`, 's')", None),
        ("iso(`1e17`, 's')", None),
        ("part('gid://shopify/Order/42', '/', `-1`)", "42"),
        ("part('a', '/', `3`)", None),
        ("text(`42`)", "42"),
        ("text(`42.0`)", "42"),
        ("text(nothing)", None),
        ("lower('URGENT')", "urgent"),
        ("given(`0`, 'x')", "x"),
        ("given(nothing, 'x')", None),
        ("lookup({a: 'b'}, 'a')", "b"),
        ("whole('30000')", 30_000),
    ],
)
def test_functions_give_what_they_say(text: str, due: Any) -> None:
    assert value(text, {}) == due


@given(name=st.sampled_from(sorted(OURS)), said=st.lists(JSON, min_size=3, max_size=3))
@settings(max_examples=examples(300))
def test_no_function_breaks_whatever_comes(name: str, said: list[Any]) -> None:
    count = OURS[name].__code__.co_argcount
    OURS[name](*said[:count])


@given(amount=st.integers(-(10**12), 10**12), currency=st.sampled_from(["USD", "JPY", "KWD"]))
def test_an_amount_in_major_units_is_the_same_in_minor_ones(amount: int, currency: str) -> None:
    major = Decimal(amount).scaleb(-minor_digits(currency))
    assert OURS["minor"](str(major), currency) == amount


@given(seconds=st.integers(0, 4_000_000_000))
def test_a_time_in_seconds_is_the_moment_that_the_standard_library_says(seconds: int) -> None:
    due = datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
    assert OURS["iso"](seconds, "s") == due
