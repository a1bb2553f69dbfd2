"""Power: how many units and days an experiment needs to see a lift, before it is begun.

For ``upsell power``. The law: what is planned for is what will be read: the same outcomes, the same
two-sided 95 % interval from unequal arms, and no fewer units than its regime asks for.

The difference of two means is taken as normal with variance v_arm / n_arm + v_against / n_against. A
conversion's variance follows its rate, so a lift changes it in one arm; money's is taken as the same in
both. Strata and Student's t are left out, which makes the numbers a little small where arms are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import msgspec
from scipy import stats

from upsell.clock import DAY, Duration
from upsell.measurement.answers import LEVEL, Undetermined, UndeterminedReason
from upsell.measurement.estimates import GREATEST_ARM_SKEWNESS, GREATEST_SKEWNESS, LEAST_UNITS
from upsell.measurement.question import Metric
from upsell.measurement.sums import Sums

USUAL_POWER = 0.8
"""How likely a lift that is there is to be seen, where nobody asks for more."""

LONGEST = 36_500 * DAY
"""Beyond a hundred years it is said to take forever."""

_ALPHA = 1 - LEVEL
_CRITICAL = float(stats.norm.isf(_ALPHA / 2))


class Split(msgspec.Struct, frozen=True):
    """Two arms as shares of the units they share out; together 1."""

    arm: float
    against: float


class Baseline(msgspec.Struct, frozen=True):
    """The outcome of units that nobody treated.

    Attributes:
        metric: What is measured.
        sums: Its sums over units whose window has closed.
    """

    metric: Metric
    sums: Sums

    @property
    def is_rate(self) -> bool:
        """Whether the outcome is 0 or 1, so that its mean says its variance."""
        return self.metric is Metric.CONVERSION

    @property
    def mean(self) -> float:
        """The mean outcome; needs a unit."""
        return self.sums.mean

    @property
    def variance(self) -> float:
        """The variance of the outcome; needs two units."""
        mean = self.sums.mean
        return mean * (1 - mean) if self.is_rate else self.sums.variance

    def variance_of_arm(self, difference: float) -> float:
        """Give the variance in an arm whose mean lies so far above; needs two units."""
        if not self.is_rate:
            return self.variance
        mean = self.mean + difference
        return max(0.0, mean * (1 - mean))

    @property
    def skewness(self) -> float:
        """Size of the outcome's skewness; needs two units that differ."""
        spread = self.sums.variance * (self.sums.units - 1) / self.sums.units
        return float(abs(self.sums.third_moment) / spread**1.5)


class RampDay(msgspec.Struct, frozen=True):
    """From so long after the beginning on, a share of units is let in; of a ramp, in order of time."""

    after: Duration
    share: float


class Needed(msgspec.Struct, frozen=True):
    """What an experiment needs to see a difference.

    Attributes:
        units: Units of both arms together whose window has closed.
        arm: Of these, the arm's.
        against: Of these, those of the arm it is compared with.
        is_for_shape: Whether it is the interval's regime that asks for so many, and fewer would see it.
    """

    units: int
    arm: int
    against: int
    is_for_shape: bool


def find_power(baseline: Baseline, difference: float, units: float, split: Split) -> float:
    """Give how likely a difference is seen with so many units in both arms together, 0 to 1."""
    error = math.sqrt(_variance(baseline, difference, split) / units)
    if error == 0:
        return 1.0 if difference else _ALPHA
    seen = stats.norm.sf(_CRITICAL - difference / error) + stats.norm.cdf(-_CRITICAL - difference / error)
    return float(seen)


def find_needed(
    baseline: Baseline, difference: float, split: Split, power: float = USUAL_POWER
) -> Needed | Undetermined:
    """Find how many units are needed to see a difference with a power; no less than the regime asks for.

    Args:
        baseline: The outcome untreated.
        difference: How much the arm's mean lies above it; not 0. Below is negative.
        split: How units are shared out.
        power: How likely it is to be seen, above 0.5 and below 1.
    """
    unknown = _unknown(baseline, split) or _out_of_reach(baseline, difference)
    if unknown is not None:
        return unknown
    reach = _CRITICAL + float(stats.norm.isf(1 - power))
    to_see = reach**2 * _variance(baseline, difference, split) / difference**2
    to_read = least_readable(baseline, split)
    units = math.ceil(max(to_see, to_read))
    against = math.ceil(units * split.against)
    return Needed(units, units - against, against, is_for_shape=to_read > to_see)


def find_smallest(
    baseline: Baseline, units: float, split: Split, power: float = USUAL_POWER
) -> float | Undetermined:
    """Find the smallest difference above that so many units in both arms see with a power."""
    unknown = _unknown(baseline, split)
    if unknown is not None:
        return unknown
    to_read = least_readable(baseline, split)
    if units < to_read:
        detail = f"{units:,.0f} units will have closed, an interval needs {math.ceil(to_read):,}"
        return Undetermined(UndeterminedReason.TOO_FEW, detail)
    # difference² units = reach² (variance of the arm / share + variance / share), solved for the difference.
    squared = (_CRITICAL + float(stats.norm.isf(1 - power))) ** 2
    square, linear = units, 0.0
    if baseline.is_rate:
        square += squared / split.arm
        linear = squared * (1 - 2 * baseline.mean) / split.arm
    whole = squared * _variance(baseline, 0.0, split)
    found = (linear + math.sqrt(linear**2 + 4 * square * whole)) / (2 * square)
    return _out_of_reach(baseline, found) or found


def least_readable(baseline: Baseline, split: Split) -> float:
    """Give how many units of both arms an interval needs to be given at all, by the regime of estimates.

    Arms of so many have ``LEAST_UNITS`` each, and the skewness of each mean, and of their difference, is
    within bounds.
    """
    few, many = sorted((split.arm, split.against))
    skewness = baseline.skewness
    for_arm = (skewness / GREATEST_ARM_SKEWNESS) ** 2 / few
    lopsided = (1 / few**2 - 1 / many**2) / (1 / few + 1 / many) ** 1.5
    for_difference = (skewness * lopsided / GREATEST_SKEWNESS) ** 2
    return float(max(LEAST_UNITS / few, for_arm, for_difference))


def find_days(
    units: float, per_day: float, window: Duration, ramp: Sequence[RampDay] = ()
) -> Duration | Undetermined:
    """Find how long it takes until so many units have been exposed and their window has closed.

    Args:
        units: How many.
        per_day: How many are exposed in a day when everybody is let in.
        window: How long after exposure the outcome is followed.
        ramp: To which share it is open when; empty for all at once.
    """
    left = units
    steps = [*(ramp or [RampDay(0, 1.0)]), RampDay(LONGEST, 0.0)]
    for step, following in pairwise(steps):
        rate = per_day * step.share / DAY
        lasts = following.after - step.after
        if rate > 0 and left <= rate * lasts:
            return step.after + math.ceil(left / rate) + window
        left -= rate * lasts
    return Undetermined(UndeterminedReason.OUT_OF_REACH, "not in a hundred years at this rate")


def count_exposed(after: Duration, per_day: float, ramp: Sequence[RampDay] = ()) -> float:
    """Count how many are exposed within so long from the beginning; 0.0 for no time or less."""
    steps = [*(ramp or [RampDay(0, 1.0)]), RampDay(max(after, 0), 0.0)]
    return sum(
        per_day * step.share * max(0, min(following.after, after) - step.after) / DAY
        for step, following in pairwise(steps)
    )


def _variance(baseline: Baseline, difference: float, split: Split) -> float:
    """Give the variance of the difference of means, times the units of both arms."""
    return baseline.variance_of_arm(difference) / split.arm + baseline.variance / split.against


def _unknown(baseline: Baseline, split: Split) -> Undetermined | None:
    """Say why nothing can be planned, or None where it can."""
    if min(split.arm, split.against) <= 0:
        return Undetermined(UndeterminedReason.ARM_EMPTY, "one of the arms gets nobody")
    if baseline.sums.units < 2:
        detail = f"the history holds {baseline.sums.units} units whose window has closed"
        return Undetermined(UndeterminedReason.TOO_FEW, detail)
    if baseline.variance == 0:
        detail = f"all {baseline.sums.units:,} units of the history have the same outcome"
        return Undetermined(UndeterminedReason.NO_VARIATION, detail)
    return None


def _out_of_reach(baseline: Baseline, difference: float) -> Undetermined | None:
    if baseline.is_rate and not 0 <= baseline.mean + difference <= 1:
        detail = f"from {baseline.mean:.1%} no such difference is possible"
        return Undetermined(UndeterminedReason.OUT_OF_REACH, detail)
    return None
