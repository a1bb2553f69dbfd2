"""Always-valid intervals: the effect with an interval that holds however often somebody looks.

For whoever looks before the end. The law: the chance that such an interval ever misses, over all looks
together, is at most one in twenty, as long as the sample is large; the price is that it is wider.

Source: I. Waudby-Smith, D. Arbour, R. Sinha, E. H. Kennedy, A. Ramdas, Time-uniform central limit
theory and asymptotic confidence sequences, arXiv 2103.06476, equation 9 for the width and 161 for the
tuning. Regime: ``LEAST_UNITS`` units in each arm, as everywhere, and the first look no earlier.
"""

from __future__ import annotations

import math

from upsell.measurement.answers import LEVEL, Effect, Undetermined, UndeterminedReason
from upsell.measurement.estimates import LEAST_UNITS
from upsell.measurement.moments import Moments
from upsell.measurement.sums import Sums

TIGHTEST_AT = 5_000
"""How many units of both arms together the interval is made tightest for."""


def always_valid(
    arm: Sums | Moments,
    against: Sums | Moments,
    *,
    tightest_at: int = TIGHTEST_AT,
    alpha: float = 1 - LEVEL,
) -> Effect | Undetermined:
    """Give the difference of two means with an interval that may be looked at at any time.

    Args:
        arm: The arm whose effect is asked.
        against: The arm it is compared with.
        tightest_at: At how many units of both together it is to be tightest; chosen before anybody looks.
        alpha: The chance with which it may ever miss.
    """
    fewest = min(arm.units, against.units)
    if fewest < LEAST_UNITS:
        detail = f"needs {LEAST_UNITS} units in each arm before the first look; the smaller arm has {fewest}"
        return Undetermined(UndeterminedReason.TOO_FEW, detail)
    variance = arm.variance / arm.units + against.variance / against.units
    if variance == 0:
        detail = "every unit has the same outcome, so its spread cannot be told"
        return Undetermined(UndeterminedReason.NO_VARIATION, detail)
    units = arm.units + against.units
    half = math.sqrt(variance * units) * _boundary(units, tightest_at, alpha)
    estimate = arm.mean - against.mean
    return Effect(estimate, estimate - half, estimate + half, level=1 - alpha)


def _boundary(units: int, tightest_at: int, alpha: float) -> float:
    """Give how many standard deviations of one unit the interval reaches at a sample size."""
    squared = (-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / tightest_at
    grown = units * squared + 1
    return math.sqrt(2 * grown * math.log(math.sqrt(grown) / alpha) / (units**2 * squared))
