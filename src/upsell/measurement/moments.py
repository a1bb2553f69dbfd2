"""Moments of an outcome in one arm: what an estimator sees of a file, beside the exact sums of the ledger.

For files whose outcomes are no whole numbers, and for outcomes that were adjusted. The law: they come
from an engine that takes moments about the mean in one pass, so that nothing is lost to cancellation.
"""

from __future__ import annotations

import msgspec


class Moments(msgspec.Struct, frozen=True):
    """The moments of an outcome over independent units, or over clusters of rows.

    Attributes:
        units: How many there are.
        mean: The mean outcome; of clusters the mean over their rows.
        variance: The sample variance of one unit's part in it: ``variance / units`` is that of the mean.
        third_moment: The third moment about the mean, likewise.
    """

    units: int
    mean: float
    variance: float
    third_moment: float
