"""The estimator of every effect: strata combined by weight, Welch's interval through tea-tasting.

For lift, which decides what is compared. The law: strata are never pooled raw; each contributes
its own difference, weighted, and the interval is given only inside the regime stated here.

Regime. Every arm has at least ``LEAST_UNITS`` units and some variation; the skewness of each arm's
mean is at most ``GREATEST_ARM_SKEWNESS`` (for a rare conversion it is 1/sqrt(count), so this asks for
about ten converted units); that of the difference at most ``GREATEST_SKEWNESS``, which is Cochran's
n > 25 G1² (Sampling Techniques, 3rd ed. 1977, section 2.15) read for a difference. The ratio is given
when both means are clear of zero. Shape is judged from both arms together: judged from the smaller arm
alone, samples that missed the tail would pass just when they are wrong.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec
from tea_tasting.aggr import Aggregates
from tea_tasting.metrics import Mean

from upsell.measurement.answers import LEVEL, Effect, Undetermined, UndeterminedReason
from upsell.measurement.moments import Moments
from upsell.measurement.sums import Sums

LEAST_UNITS = 50
GREATEST_ARM_SKEWNESS = 0.32
GREATEST_SKEWNESS = 0.2
LEAST_CLEARANCE = 3.0
"""How many standard errors, by the pooled mean and spread, an arm's mean is to lie above zero."""

LEAST_OWN_CLEARANCE = 2.0
"""The same by the arm's own mean and spread."""

_OUTCOME = "outcome"


class Stratum(msgspec.Struct, frozen=True):
    """The two arms of one stratum, each with at least two units.

    Attributes:
        arm: Sums of the arm whose effect is asked.
        against: Sums of the arm it is compared with.
        weight: Share of this stratum in the whole; weights sum to 1.
    """

    arm: Sums | Moments
    against: Sums | Moments
    weight: float

    @property
    def pooled_mean(self) -> float:
        """The mean over both arms."""
        one, other = self.arm, self.against
        return (one.units * one.mean + other.units * other.mean) / (one.units + other.units)

    @property
    def pooled_variance(self) -> float:
        """The variance within arms, over both."""
        one, other = self.arm, self.against
        within = (one.units - 1) * one.variance + (other.units - 1) * other.variance
        return within / (one.units + other.units - 2)

    @property
    def pooled_third_moment(self) -> float:
        """The third moment about the arm's own mean, over both."""
        one, other = self.arm, self.against
        within = one.units * one.third_moment + other.units * other.third_moment
        return within / (one.units + other.units)


class WeightedMean(msgspec.Struct, frozen=True):
    """The mean of one arm over strata combined by weight, and how sure it is.

    Attributes:
        mean: Σ w·ȳ.
        variance: Variance of that mean, Σ w²·s²/n.
        freedom: Satterthwaite's degrees of freedom of that variance (Biometrics Bulletin 2, 1946);
            n - 1 in a single stratum; 0.0 where nothing varies.
    """

    mean: float
    variance: float
    freedom: float


class Shape(msgspec.Struct, frozen=True):
    """How the mean of an arm would be spread if both arms' outcomes had the shape seen in both.

    Attributes:
        mean: Σ w·ȳ over both arms.
        variance: Σ w²·s²/n, with s² pooled and n the arm's own.
        third_cumulant: Σ w³·m₃/n², likewise.
    """

    mean: float
    variance: float
    third_cumulant: float

    @property
    def skewness(self) -> float:
        """Size of the skewness of the arm's mean; needs some variation."""
        return abs(self.third_cumulant) / math.pow(self.variance, 1.5)

    @property
    def clearance(self) -> float:
        """How many standard errors the mean lies above zero; needs some variation."""
        return self.mean / math.sqrt(self.variance)


class Comparison(msgspec.Struct, frozen=True):
    """The effect of an arm against another, absolute and as a fraction of the other's mean."""

    absolute: Effect | Undetermined
    relative: Effect | Undetermined


def compare(strata: Sequence[Stratum], level: float = LEVEL) -> Comparison:
    """Estimate the effect over strata, or say why the data cannot.

    The absolute effect is in the outcome's unit per unit exposed; the relative one is the ratio of
    the weighted means less one, with the interval of the log ratio by the delta method. ``strata``
    has at least one member.
    """
    arm = weigh([stratum.arm for stratum in strata], [stratum.weight for stratum in strata])
    against = weigh([stratum.against for stratum in strata], [stratum.weight for stratum in strata])
    outside = _outside_regime(strata, arm, against)
    if outside is not None:
        return Comparison(absolute=outside, relative=outside)
    near_zero = _near_zero(strata, arm, against)
    # A difference stays as it is when both means move together; tea-tasting computes the ratio
    # beside it, which overflows when a mean is next to zero.
    moved_by = 0.0 if near_zero is None else _distance_to_clear(arm, against)
    found = _welch(level).analyze_aggregates(_aggregates(against, moved_by), _aggregates(arm, moved_by))
    absolute = _effect(found.effect_size, found.effect_size_ci_lower, found.effect_size_ci_upper, level)
    if near_zero is not None:
        return Comparison(absolute=absolute, relative=near_zero)
    relative = _effect(
        found.rel_effect_size, found.rel_effect_size_ci_lower, found.rel_effect_size_ci_upper, level
    )
    return Comparison(absolute=absolute, relative=relative)


def weigh(sums: Sequence[Sums | Moments], weights: Sequence[float]) -> WeightedMean:
    """Combine one arm's strata by weight; every stratum has at least two units."""
    parts = [weight**2 * one.variance / one.units for one, weight in zip(sums, weights, strict=True)]
    variance = math.fsum(parts)
    spread = math.fsum(part**2 / (one.units - 1) for one, part in zip(sums, parts, strict=True))
    return WeightedMean(
        mean=math.fsum(weight * one.mean for one, weight in zip(sums, weights, strict=True)),
        variance=variance,
        freedom=variance**2 / spread if spread > 0 else 0.0,
    )


class _WeightedAggregates(Aggregates):  # type: ignore[misc]
    """An arm's weighted mean in the shape tea-tasting analyses.

    Its count is the degrees of freedom plus one and its variance that count times the variance of
    the mean, so that Welch's formula gives Satterthwaite's over all strata of both arms. Such a
    count is seldom whole, and the class above would cut it to a whole one here.
    """

    def with_zero_div(self) -> _WeightedAggregates:
        """Give itself: nothing is divided by zero inside the regime."""
        return self


@cache
def _welch(level: float) -> Mean:
    return Mean(_OUTCOME, alternative="two-sided", confidence_level=level, equal_var=False, use_t=True)


def _effect(estimate: float, low: float, high: float, level: float) -> Effect:
    """Write an effect in plain floats, which JSON knows, where NumPy's came."""
    return Effect(estimate=float(estimate), low=float(low), high=float(high), level=level)


def _aggregates(arm: WeightedMean, moved_by: float) -> Aggregates:
    """Write a weighted mean, moved, as tea-tasting's aggregates."""
    count: Any = arm.freedom + 1.0
    return _WeightedAggregates(
        count_=count, mean_={_OUTCOME: arm.mean + moved_by}, var_={_OUTCOME: arm.variance * count}
    )


def _distance_to_clear(arm: WeightedMean, against: WeightedMean) -> float:
    """Give a shift after which both means lie well above zero."""
    return 10.0 * math.sqrt(arm.variance + against.variance) - min(arm.mean, against.mean)


def _shape(strata: Sequence[Stratum], units: Sequence[int]) -> Shape:
    """Give the spread of an arm's mean with the shape of both arms and its own units per stratum."""
    pairs = list(zip(strata, units, strict=True))
    return Shape(
        mean=math.fsum(one.weight * one.pooled_mean for one, _ in pairs),
        variance=math.fsum(one.weight**2 * one.pooled_variance / n for one, n in pairs),
        third_cumulant=math.fsum(one.weight**3 * one.pooled_third_moment / n**2 for one, n in pairs),
    )


def _shapes(strata: Sequence[Stratum]) -> tuple[Shape, Shape]:
    """Give the shapes of both arms' means."""
    return (
        _shape(strata, [stratum.arm.units for stratum in strata]),
        _shape(strata, [stratum.against.units for stratum in strata]),
    )


def _outside_regime(
    strata: Sequence[Stratum], arm: WeightedMean, against: WeightedMean
) -> Undetermined | None:
    """Say why Welch's interval does not hold here, or None where it does."""
    fewest = min(sum(s.arm.units for s in strata), sum(s.against.units for s in strata))
    if fewest < LEAST_UNITS:
        detail = f"needs {LEAST_UNITS} closed units in each arm; the smaller arm has {fewest}"
        return Undetermined(UndeterminedReason.TOO_FEW, detail)
    if arm.variance == 0 or against.variance == 0:
        detail = "every unit of an arm has the same outcome, so its spread cannot be told"
        return Undetermined(UndeterminedReason.NO_VARIATION, detail)
    one, other = _shapes(strata)
    greatest = max(one.skewness, other.skewness)
    difference = abs(one.third_cumulant - other.third_cumulant) / (one.variance + other.variance) ** 1.5
    if greatest > GREATEST_ARM_SKEWNESS or difference > GREATEST_SKEWNESS:
        detail = (
            "too few units differ from the rest for the interval to hold: skewness of an arm's mean "
            f"{greatest:.2f} (at most {GREATEST_ARM_SKEWNESS}), of the difference {difference:.2f} "
            f"(at most {GREATEST_SKEWNESS}); more units bring both down"
        )
        return Undetermined(UndeterminedReason.TOO_SKEWED, detail)
    return None


def _near_zero(strata: Sequence[Stratum], arm: WeightedMean, against: WeightedMean) -> Undetermined | None:
    """Say why a ratio of the means has no interval here, or None where it has."""
    pooled = min(shape.clearance for shape in _shapes(strata))
    own = min(one.mean / math.sqrt(one.variance) for one in (arm, against))
    if pooled > LEAST_CLEARANCE and own > LEAST_OWN_CLEARANCE:
        return None
    detail = (
        f"a ratio needs means more than {LEAST_CLEARANCE:g} standard errors above zero "
        f"({LEAST_OWN_CLEARANCE:g} by each arm alone); they lie {pooled:.1f} ({own:.1f}) above"
    )
    return Undetermined(UndeterminedReason.BASE_TOO_NEAR_ZERO, detail)
