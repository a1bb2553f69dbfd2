"""An interval that may be looked at daily holds when it is, and the naive one does not."""

from __future__ import annotations

import numpy as np
import pytest

from tests.statistics.gbstats_sequential import CASES
from upsell.measurement.answers import Effect, Undetermined, UndeterminedReason
from upsell.measurement.estimates import Stratum, compare
from upsell.measurement.moments import Moments
from upsell.measurement.sequential import always_valid

# Oracle: gbstats 0.8.0, printed by gbstats_sequential.py beside this file.
GBSTATS = (
    (-0.01681290862444379, 0.00041090862444376035),
    (0.4775548309804636, 2.5224451690195364),
    (-1.0684832800387714, 0.06848328003877124),
    (-10.706995866626105, 16.706995866626105),
)


@pytest.mark.parametrize(("case", "ends"), list(zip(CASES, GBSTATS, strict=True)))
def test_an_interval_is_that_of_gbstats(case: tuple[float, ...], ends: tuple[float, float]) -> None:
    one_units, one_mean, one_variance, units, mean, variance, tuning = case
    control = Moments(int(one_units), one_mean, one_variance, 0.0)
    found = always_valid(
        [Stratum(Moments(int(units), mean, variance, 0.0), control, 1.0)], tightest_at=int(tuning)
    )
    assert isinstance(found, Effect)
    assert (found.low, found.high) == pytest.approx(ends, rel=1e-9)


def test_too_few_units_and_no_spread_are_said_and_not_guessed() -> None:
    few = always_valid([Stratum(Moments(49, 1.0, 1.0, 0.0), Moments(500, 1.0, 1.0, 0.0), 1.0)])
    flat = always_valid([Stratum(Moments(500, 1.0, 0.0, 0.0), Moments(500, 1.0, 0.0, 0.0), 1.0)])
    assert isinstance(few, Undetermined)
    assert isinstance(flat, Undetermined)
    assert (few.reason, flat.reason) == (UndeterminedReason.TOO_FEW, UndeterminedReason.NO_VARIATION)


def moments(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Moments:
    mean = float(values.mean())
    return Moments(len(values), mean, float(values.var(ddof=1)), float(((values - mean) ** 3).mean()))


@pytest.mark.slow
def test_looked_at_daily_it_misses_seldom_and_the_naive_one_often() -> None:
    # Planted truth: 200 worlds without an effect, 39 looks each, outcomes of a skewed kind.
    chance, worlds, days, daily = np.random.default_rng(7), 200, 40, 25
    missed, naively = 0, 0
    for _ in range(worlds):
        one, other = (chance.exponential(10.0, days * daily) for _ in range(2))
        looks = [
            (moments(one[:seen]), moments(other[:seen])) for seen in range(2 * daily, days * daily + 1, daily)
        ]
        valid = [always_valid([Stratum(*look, 1.0)]) for look in looks]
        naive = [compare([Stratum(*look, 1.0)]).absolute for look in looks]
        missed += any(isinstance(found, Effect) and not found.low <= 0 <= found.high for found in valid)
        naively += any(isinstance(found, Effect) and not found.low <= 0 <= found.high for found in naive)
    # At most one in twenty, and three standard errors of a binomial over so many worlds.
    assert missed / worlds <= 0.05 + 3 * (0.05 * 0.95 / worlds) ** 0.5
    assert naively / worlds > 0.15, "looking daily at a fixed-horizon interval must be seen to fail"
