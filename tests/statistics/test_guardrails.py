"""A measure that keeps to its limit is seldom stopped however often it is looked at; one beyond is caught."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from upsell.measurement.guardrails import (
    LEAST_EVENTS,
    ArmPair,
    Counts,
    Standing,
    is_rate_beyond,
    rate_interval,
    read_excess,
    read_rate,
)

ALPHA = 0.05
LEAST = 300


def most(worlds: int, alpha: float = ALPHA) -> float:
    """The greatest share of worlds that alpha explains, three standard errors of a binomial above it."""
    return alpha + 3 * math.sqrt(alpha * (1 - alpha) / worlds)


def looks(bad: np.ndarray[tuple[int], np.dtype[np.bool_]], each: int, stretch: int) -> Iterator[list[Counts]]:
    """What was counted at every look, ``each`` messages apart, in stretches of so many looks."""
    stretches: list[Counts] = []
    for number, seen in enumerate(bad.reshape(-1, each).sum(axis=1).tolist()):
        if number % stretch == 0:
            stretches.append(Counts(0, 0))
        stretches[-1] = Counts(stretches[-1].counted + each, stretches[-1].seen + seen)
        yield stretches


def stopped_at(bad: np.ndarray[tuple[int], np.dtype[np.bool_]], limit: float, each: int = 500) -> int | None:
    """After how many messages a watch that looks every ``each`` stops; None for never."""
    for stretches in looks(bad, each, 20):
        counted = sum(one.counted for one in stretches)
        if counted >= LEAST and is_rate_beyond(stretches, limit, ALPHA):
            return counted
    return None


def stopped_share(rate: float, limit: float, worlds: int, messages: int, seed: int) -> float:
    chance = np.random.default_rng(seed)
    stops = (stopped_at(chance.random(messages) < rate, limit) is not None for _ in range(worlds))
    return sum(stops) / worlds


def test_a_workflow_at_its_very_limit_is_stopped_with_at_most_alpha_over_all_looks() -> None:
    # Planted truth: the rate is the limit, 40 looks in each world.
    assert stopped_share(0.001, 0.001, 300, 20_000, 11) <= most(300)
    # The naive one, an exact test at each look, is seen to fail.
    chance = np.random.default_rng(12)
    naive = 0
    for _ in range(300):
        seen = (chance.random(20_000) < 0.001).reshape(-1, 500).sum(axis=1).cumsum()
        counted = np.arange(1, 41) * 500
        naive += bool((stats.binom.sf(seen - 1, counted, 0.001) <= ALPHA).any())
    assert naive / 300 > 2 * ALPHA


def test_one_beyond_its_limit_is_caught() -> None:
    # Power: three times the limit of one in a thousand, within 20,000 messages.
    assert stopped_share(0.003, 0.001, 100, 20_000, 13) >= 0.99


def test_one_that_turns_bad_after_a_long_good_time_is_still_caught_soon() -> None:
    # Planted: 200,000 messages at half the limit, then 20,000 at five times it, which is one rate under it.
    chance = np.random.default_rng(14)
    late = []
    for _ in range(20):
        bad = np.concatenate([chance.random(200_000) < 0.0005, chance.random(20_000) < 0.005])
        stop = stopped_at(bad, 0.001)
        assert stop is not None
        late.append(stop - 200_000)
    assert np.median(late) < 5_000
    whole = Counts(220_000, 200)
    assert not is_rate_beyond([whole], 0.001, ALPHA), "looked at whole it would have been hidden"


def test_messages_need_not_be_alike_as_long_as_each_keeps_to_the_limit() -> None:
    # The worst for a test of one steady rate: nearly no harm for long, then exactly the limit, in turns.
    chance, worlds = np.random.default_rng(15), 200
    rates = np.where(np.arange(20_000) // 2_500 % 2 == 0, 0.00001, 0.01)
    stops = (stopped_at(chance.random(20_000) < rates, 0.01) is not None for _ in range(worlds))
    assert sum(stops) / worlds <= most(worlds)


@pytest.mark.slow
@pytest.mark.parametrize(("limit", "messages"), [(0.001, 50_000), (0.01, 20_000), (0.003, 50_000)])
def test_over_two_thousand_worlds_a_healthy_rate_is_stopped_with_at_most_alpha(
    limit: float, messages: int
) -> None:
    assert stopped_share(limit, limit, 2_000, messages, 21) <= most(2_000)


@pytest.mark.slow
@pytest.mark.parametrize(("rate", "limit"), [(0.003, 0.001), (0.02, 0.01), (0.006, 0.003)])
def test_over_two_thousand_worlds_a_rate_of_twice_or_thrice_the_limit_is_caught(
    rate: float, limit: float
) -> None:
    assert stopped_share(rate, limit, 2_000, 40_000, 22) >= 0.99


def excess_stops(base: float, excess: float, limit: float, held: float, worlds: int, seed: int) -> float:
    """The share of worlds of 12,000 units, looked at each 200, in which an excess is called beyond."""
    chance, stops = np.random.default_rng(seed), 0
    ends = np.arange(199, 12_000, 200)
    for _ in range(worlds):
        is_held = chance.random(12_000) < held
        bad = chance.random(12_000) < np.where(is_held, base, base + excess)
        columns = [(~is_held), (~is_held & bad), is_held, (is_held & bad)]
        sums = np.stack([column.cumsum()[ends] for column in columns], axis=1).tolist()
        readings = (
            read_excess([ArmPair(Counts(a, b), Counts(c, d))], limit, ALPHA, LEAST) for a, b, c, d in sums
        )
        stops += any(reading.standing is Standing.BEYOND for reading in readings)
    return stops / worlds


def test_an_excess_at_its_limit_is_stopped_with_at_most_alpha_and_one_beyond_is_caught() -> None:
    assert excess_stops(0.01, 0.02, 0.02, 0.1, 100, 31) <= most(100)
    assert excess_stops(0.02, 0.08, 0.02, 0.1, 50, 32) >= 0.9


@pytest.mark.slow
@pytest.mark.parametrize(
    ("base", "excess", "held"),
    [(0.01, 0.02, 0.1), (0.002, 0.0, 0.1), (0.01, 0.0, 0.05), (0.05, 0.02, 0.1), (0.002, 0.02, 0.5)],
)
def test_over_two_thousand_worlds_an_excess_at_its_limit_is_stopped_with_at_most_alpha(
    base: float, excess: float, held: float
) -> None:
    # Rare outcomes and small holdouts, where an asymptotic interval is most in doubt.
    assert excess_stops(base, excess, excess, held, 2_000, 33) <= most(2_000)


@pytest.mark.parametrize(("counted", "seen", "limit"), [(500, 3, 0.001), (5_000, 12, 0.002), (900, 40, 0.03)])
def test_the_evidence_is_the_mean_likelihood_ratio_over_the_prior_beyond_the_limit(
    counted: int, seen: int, limit: float
) -> None:
    # Oracle: the integral by quadrature, Beta(1, 1 / limit) cut off at the limit.
    prior = stats.beta(1.0, 1.0 / limit)

    def weighed(rate: float) -> float:
        ratio = stats.binom.pmf(seen, counted, rate) / stats.binom.pmf(seen, counted, limit)
        return float(prior.pdf(rate) / prior.sf(limit) * ratio)

    evidence = integrate.quad(weighed, limit, min(1.0, 60 * limit), limit=400, epsabs=0, epsrel=1e-9)[0] / 2
    assert is_rate_beyond([Counts(counted, seen)], limit, 1 / evidence * 1.0001)
    assert not is_rate_beyond([Counts(counted, seen)], limit, 1 / evidence * 0.9999)


RATES = st.floats(0.0005, 0.3)


@given(st.lists(st.tuples(st.integers(1, 3_000), st.floats(0, 0.3)), min_size=1, max_size=5), RATES)
def test_the_lower_end_is_above_the_limit_just_when_the_rate_is_called_beyond(
    parts: list[tuple[int, float]], limit: float
) -> None:
    stretches = [Counts(counted, int(counted * share)) for counted, share in parts]
    low, high = rate_interval(stretches, limit, ALPHA)
    assert (low > limit) == is_rate_beyond(stretches, limit, ALPHA)
    assert 0 <= low <= 1
    counted, seen = sum(one.counted for one in stretches), sum(one.seen for one in stretches)
    assert seen / counted <= high <= 1


@given(st.integers(300, 5_000), st.integers(0, 60), RATES)
def test_each_bad_one_more_is_more_evidence_so_what_is_told_late_only_makes_it_careful(
    counted: int, seen: int, limit: float
) -> None:
    seen = min(seen, counted - 1)
    if is_rate_beyond([Counts(counted, seen)], limit, ALPHA):
        assert is_rate_beyond([Counts(counted, seen + 1)], limit, ALPHA)


def test_a_limit_of_zero_is_broken_by_the_first_and_a_limit_of_one_by_none() -> None:
    assert read_rate([Counts(400, 1)], 0.0, ALPHA, LEAST).standing is Standing.BEYOND
    assert read_rate([Counts(400, 0)], 0.0, ALPHA, LEAST).standing is Standing.WITHIN
    assert read_rate([Counts(400, 400)], 1.0, ALPHA, LEAST).standing is Standing.WITHIN


def test_nothing_is_told_of_too_few_and_what_is_needed_is_said() -> None:
    few = read_rate([Counts(100, 100)], 0.01, ALPHA, LEAST)
    assert (few.standing, few.low, few.needs) == (Standing.TOO_FEW, None, "300 delivered, there are 100")
    assert read_rate([], 0.01, ALPHA, LEAST).rate is None
    none = read_excess([], 0.02, ALPHA, LEAST)
    assert none.standing is Standing.TOO_FEW
    small = ArmPair(Counts(900, 50), Counts(99, 1))
    assert read_excess([small], 0.02, ALPHA, LEAST).needs.startswith("100 units held out")
    rare = ArmPair(Counts(900, LEAST_EVENTS - 2), Counts(300, 1))
    assert read_excess([rare], 0.0, ALPHA, LEAST).needs.startswith("20 cases in both arms")


def test_strata_are_never_pooled_raw() -> None:
    # Simpson's planted: within each stratum no excess at all, pooled raw seven points of one.
    many, few = ArmPair(Counts(9_000, 900), Counts(1_000, 100)), ArmPair(Counts(1_000, 10), Counts(9_000, 90))
    reading = read_excess([many, few], 0.02, ALPHA, LEAST)
    assert reading.rate == pytest.approx(0.0, abs=1e-12)
    assert reading.standing is Standing.WITHIN
