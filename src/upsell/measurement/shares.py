"""The estimator of every plain share: a count of those counted, with Wilson's interval.

For what is described, not compared. The law: a share is given only inside the regime stated here.

Regime. At least ``LEAST`` were counted. The interval is Wilson's (JASA 22, 1927, equation 7), the score
test turned round: it covers 95 % on average over true shares, and as little as 84 % for one under
1 / n (Brown, Cai and DasGupta, Statistical Science 16, 2001, section 3).
"""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

import msgspec

from upsell.measurement.answers import LEVEL, Undetermined, UndeterminedReason

LEAST = 30
"""How many must be counted before a share is told."""

_Z = NormalDist().inv_cdf((1 + LEVEL) / 2)


class Share(msgspec.Struct, frozen=True, tag="share", tag_field="kind"):
    """A share of those counted with its two-sided confidence interval, all as fractions.

    Attributes:
        estimate: The share that was seen.
        low: Lower end of the interval.
        high: Upper end of the interval.
        level: Confidence of the interval as a fraction.
    """

    estimate: float
    low: float
    high: float
    level: float = LEVEL


def share_of(found: int, counted: int, noun: str) -> Share | Undetermined:
    """Give the share of ``found`` among ``counted``, or why it cannot be told.

    Args:
        found: How many have what is asked, 0 to ``counted``.
        counted: How many were counted.
        noun: What these are, in the plural, such as ``buyers``.
    """
    if counted == 0:
        return Undetermined(UndeterminedReason.NO_UNITS, f"there are no {noun}; {LEAST} are needed")
    if counted < LEAST:
        detail = f"there are {counted:,} {noun}; {LEAST} are needed"
        return Undetermined(UndeterminedReason.TOO_FEW, detail)
    seen, weight = found / counted, _Z * _Z / counted
    middle = (seen + weight / 2) / (1 + weight)
    half = _Z * sqrt(seen * (1 - seen) / counted + weight / counted / 4) / (1 + weight)
    # At the ends the formula is exact and its floating point is not.
    low = 0.0 if found == 0 else middle - half
    high = 1.0 if found == counted else middle + half
    return Share(seen, low, high)
