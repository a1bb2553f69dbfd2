"""Kaplan and Meier from daily counts, held to scipy's and to the closed form without censoring."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tests.drawing import examples
from upsell.measurement.answers import Undetermined, UndeterminedReason
from upsell.measurement.survival import DayCount, Survival, add_days, survival_of

TIMES = st.lists(st.tuples(st.integers(0, 40), st.booleans()), min_size=30, max_size=200)


def _survival(times: list[tuple[int, bool]]) -> Survival:
    found = survival_of(add_days((day, int(reached), 1) for day, reached in times))
    assert isinstance(found, Survival)
    return found


@settings(max_examples=examples(40))
@given(TIMES)
def test_estimate_and_interval_are_those_of_scipy(times: list[tuple[int, bool]]) -> None:
    reached = [day for day, is_reached in times if is_reached]
    found = _survival(times)
    if not reached:
        assert found.steps == ()
        return
    data = stats.CensoredData(uncensored=reached, right=[day for day, is_reached in times if not is_reached])
    oracle = stats.ecdf(data).sf
    with warnings.catch_warnings():
        # Where everybody or nobody is left scipy has no interval, and says so.
        warnings.simplefilter("ignore", RuntimeWarning)
        interval = oracle.confidence_interval(method="log-log")
    for step in found.steps:
        at = int(np.flatnonzero(oracle.quantiles == step.day)[0])
        assert step.waiting == pytest.approx(oracle.probabilities[at], abs=1e-12)
        if 1e-12 < step.waiting < 1:
            assert step.low == pytest.approx(interval.low.probabilities[at], abs=1e-9)
            assert step.high == pytest.approx(interval.high.probabilities[at], abs=1e-9)


def test_without_censoring_it_is_the_share_that_has_not_reached_it() -> None:
    found = _survival([(day, True) for day in range(40)])
    assert [step.waiting for step in found.steps] == pytest.approx([1 - (day + 1) / 40 for day in range(40)])
    assert found.median_days == 19


@given(TIMES, st.integers(1, 29))
def test_counts_of_parts_add_up_to_the_whole(times: list[tuple[int, bool]], cut: int) -> None:
    parts = [(day, int(reached), 1) for day, reached in times]
    whole = add_days(parts)
    halves = [add_days(parts[:cut]), add_days(parts[cut:])]
    told = ((day, count.reached, count.watched_last) for half in halves for day, count in half.items())
    assert add_days(told) == whole


def test_too_few_and_too_rare_are_said_to_be_unknown() -> None:
    few = survival_of({1: DayCount(5, 29)})
    assert isinstance(few, Undetermined)
    assert few.reason is UndeterminedReason.TOO_FEW
    none = survival_of({})
    assert isinstance(none, Undetermined)
    assert none.reason is UndeterminedReason.NO_UNITS
    rare = _survival([(3, True)] * 10 + [(30, False)] * 90)
    assert isinstance(rare.median_days, Undetermined)


def test_the_interval_covers_the_truth_in_simulated_worlds() -> None:
    # Exponential times, censored at random; the truth at day 10 is known. Binomial error: half a percent.
    chance = np.random.default_rng(7)
    covered = 0
    worlds = 1_000
    truth = float(np.exp(-11 / 20))
    for _ in range(worlds):
        waits = np.floor(chance.exponential(20, 120)).astype(int)
        lasts = chance.integers(0, 40, 120)
        days, reached = np.minimum(waits, lasts), waits <= lasts
        found = _survival([(int(day), bool(is_so)) for day, is_so in zip(days, reached, strict=True)])
        step = [each for each in found.steps if each.day <= 10][-1]
        covered += step.low <= truth <= step.high
    assert 0.935 <= covered / worlds <= 0.97
