"""Small arms: the exact interval covers for every rate, and what is likely is integrated right."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats
from statsmodels.stats.proportion import proportion_confint

from upsell.measurement.bayes import JEFFREYS, STRONGEST, Prior, find_posterior, find_prior
from upsell.measurement.exact import Counted, exact_difference, tail


@pytest.mark.parametrize(("x", "n", "y", "m"), [(7, 12, 2, 9), (3, 8, 1, 15), (10, 30, 2, 25), (0, 10, 4, 9)])
def test_the_tail_at_no_difference_is_that_of_barnards_exact_test(x: int, n: int, y: int, m: int) -> None:
    table = [[x, y], [n - x, m - y]]
    found = stats.barnard_exact(table, alternative="greater", pooled=True, n=64)
    assert tail(Counted(x, n), Counted(y, m), 0.0) == pytest.approx(found.pvalue, rel=1e-6)


def test_the_interval_refuses_no_difference_when_barnards_test_does() -> None:
    # Turned round twice: no difference is outside just when one of both one-sided tests of 2.5 % refuses it.
    for x in range(0, 10, 3):
        for y in range(8):
            one, other = Counted(x, 9), Counted(y, 7)
            found = exact_difference(one, other)
            is_refused = min(tail(one, other, 0.0), tail(other, one, 0.0)) <= 0.025
            assert (not found.low <= 0 <= found.high) is is_refused


@pytest.mark.parametrize(
    ("units", "others"),
    [(10, 5), *(pytest.param(*sizes, marks=pytest.mark.slow) for sizes in ((8, 8), (20, 12)))],
)
def test_over_every_pair_of_rates_it_covers_at_least_95_percent(units: int, others: int) -> None:
    # Closed form: the chance of every table, summed over those whose interval holds the difference.
    ends = np.array(
        [
            [(found.low, found.high) for y in range(others + 1)
             for found in [exact_difference(Counted(x, units), Counted(y, others))]]
            for x in range(units + 1)
        ]
    )  # fmt: skip
    least = 1.0
    for p in np.linspace(0, 1, 101):
        ours = stats.binom.pmf(np.arange(units + 1), units, p)
        for q in np.linspace(0, 1, 101):
            theirs = stats.binom.pmf(np.arange(others + 1), others, q)
            holds = (ends[:, :, 0] <= p - q + 1e-9) & (p - q - 1e-9 <= ends[:, :, 1])
            least = min(least, float(ours @ holds @ theirs))
    assert 0.95 <= least < 0.985


def test_it_is_as_good_for_the_other_arm_and_is_certain_of_nothing() -> None:
    one, other = Counted(5, 40), Counted(1, 22)
    here, there = exact_difference(one, other), exact_difference(other, one)
    assert (here.low, here.high) == pytest.approx((-there.high, -there.low), abs=1e-6)
    none = exact_difference(Counted(0, 10), Counted(0, 10))
    assert none.low < -0.2
    assert none.high > 0.2


def test_beyond_five_thousand_tables_both_arms_have_clopper_and_pearsons_as_statsmodels_has_it() -> None:
    found = exact_difference(Counted(4, 900), Counted(1, 300))
    ends = [proportion_confint(x, n, 1 - 0.95**0.5, "beta") for x, n in ((4, 900), (1, 300))]
    assert found.low == pytest.approx(ends[0][0] - ends[1][1], rel=1e-9)
    assert found.high == pytest.approx(ends[0][1] - ends[1][0], rel=1e-9)


# What is likely.


def test_what_is_likely_is_the_integral_over_both_rates() -> None:
    prior = Prior(2.0, 18.0, 6)
    for x, n, y, m in ((6, 40, 2, 38), (0, 12, 3, 30)):
        found = find_posterior(Counted(x, n), Counted(y, m), prior)
        one, other = stats.beta(2 + x, 18 + n - x), stats.beta(2 + y, 18 + m - y)
        # The functions are called before the loop goes on, so they see this turn's values.
        helps, _ = integrate.quad(lambda p: other.pdf(p) * one.sf(p), 0, 1, epsabs=1e-12)  # noqa: B023
        assert found.helps == pytest.approx(helps, abs=1e-8)
        for end, share in ((found.difference.low, 0.025), (found.difference.high, 0.975)):
            up_to, _ = integrate.quad(
                lambda p: other.pdf(p) * one.cdf(p + end),  # noqa: B023
                0, 1, epsabs=1e-12, points=[abs(end)],
            )  # fmt: skip
            assert up_to == pytest.approx(share, abs=1e-7)
        assert found.difference.estimate == pytest.approx(one.mean() - other.mean(), abs=1e-12)


def test_before_any_outcome_a_workflow_is_as_likely_to_harm_as_to_help() -> None:
    nothing = Counted(0, 0)
    for prior in (JEFFREYS, Prior(3.0, 27.0, 8)):
        found = find_posterior(nothing, nothing, prior)
        assert found.helps == pytest.approx(0.5, abs=1e-6)
        assert found.difference.low == pytest.approx(-found.difference.high, abs=1e-6)


def test_the_prior_is_weak_where_others_differ_and_never_worth_more_than_its_bound() -> None:
    alike = find_prior([Counted(10, 100)] * 6)
    apart = find_prior([Counted(x, 100) for x in (2, 30, 5, 45, 1, 20)])
    assert alike.rate == pytest.approx(0.1)
    assert (alike.strength, alike.arms) == (STRONGEST, 6)
    assert apart.strength < 10
    assert find_prior([Counted(10, 100)] * 3) == JEFFREYS
    assert find_prior([Counted(1, 10)] * 9) == JEFFREYS
    assert find_prior([Counted(0, 100)] * 9) == JEFFREYS


def test_the_prior_of_drawn_rates_is_the_one_they_were_drawn_from() -> None:
    # Planted truth: rates of a beta(3, 27), which is worth 30 units with a mean of 0.1.
    chance = np.random.default_rng(3)
    drawn = [Counted(int(chance.binomial(2_000, rate)), 2_000) for rate in chance.beta(3, 27, 400)]
    found = find_prior(drawn)
    assert found.rate == pytest.approx(0.1, rel=0.06)
    assert found.strength == pytest.approx(30, rel=0.2)
