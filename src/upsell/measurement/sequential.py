"""Always-valid intervals: the effect with an interval that holds however often somebody looks.

For whoever looks before the end. The law: the chance that such an interval ever misses, over all looks
together, is at most one in twenty, as long as the sample is large; the price is that it is wider.

Source: I. Waudby-Smith, D. Arbour, R. Sinha, E. H. Kennedy, A. Ramdas, Time-uniform central limit
theory and asymptotic confidence sequences, arXiv 2103.06476, equation 9 for the width and 161 for the
tuning. Regime: ``LEAST_UNITS`` units in each arm, as everywhere, and the first look no earlier.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from upsell.measurement.answers import LEVEL, Effect, Undetermined, UndeterminedReason
from upsell.measurement.estimates import LEAST_UNITS, Stratum, weigh

TIGHTEST_AT = 5_000
"""How many units of both arms together the interval is made tightest for."""


def always_valid(
    strata: Sequence[Stratum], *, tightest_at: int = TIGHTEST_AT, alpha: float = 1 - LEVEL
) -> Effect | Undetermined:
    """Give the difference of means over strata with an interval that may be looked at at any time.

    With several strata it covers the running mean of each unit's effect in its stratum: the units are
    independent without being alike, which the paper's theorem 2.5 allows, with the mean of their variances.

    Args:
        strata: At least one; weights sum to 1.
        tightest_at: At how many units of both arms it is to be tightest; chosen before anybody looks.
        alpha: The chance with which it may ever miss.
    """
    fewest = min(sum(one.arm.units for one in strata), sum(one.against.units for one in strata))
    if fewest < LEAST_UNITS:
        detail = f"needs {LEAST_UNITS} units in each arm before the first look; the smaller arm has {fewest}"
        return Undetermined(UndeterminedReason.TOO_FEW, detail)
    weights = [one.weight for one in strata]
    arm, against = (
        weigh([one.arm for one in strata], weights),
        weigh([one.against for one in strata], weights),
    )
    variance = arm.variance + against.variance
    if variance == 0:
        detail = "every unit has the same outcome, so its spread cannot be told"
        return Undetermined(UndeterminedReason.NO_VARIATION, detail)
    units = sum(one.arm.units + one.against.units for one in strata)
    half = math.sqrt(variance * units) * _boundary(units, tightest_at, alpha)
    estimate = arm.mean - against.mean
    return Effect(estimate, estimate - half, estimate + half, level=1 - alpha)


def _boundary(units: int, tightest_at: int, alpha: float) -> float:
    """Give how many standard deviations of one unit the interval reaches at a sample size."""
    squared = (-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / tightest_at
    grown = units * squared + 1
    return math.sqrt(2 * grown * math.log(math.sqrt(grown) / alpha) / (units**2 * squared))
