"""Sample ratio: are the arms as large as was planned?

For lift, which is not read when the answer is no. The law: below ``WARN_BELOW`` a reader is warned,
below ``BLOCK_BELOW`` the reading is blocked, because whatever moved the units may move the outcome.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping, Sequence

import msgspec
from scipy import stats

from upsell.measurement.answers import Undetermined, UndeterminedReason

WARN_BELOW = 0.01
BLOCK_BELOW = 0.001

LEAST_EXPECTED = 5.0
"""Units expected in every arm of a stratum for the chi-square to hold (Cochran, Biometrics 10, 1954)."""

SHARE_TOLERANCE = 1e-6


class Verdict(enum.Enum):
    """What a sample ratio means for the reading."""

    GOOD = "good"
    WARN = "warn"
    BLOCK = "block"


class ArmCount(msgspec.Struct, frozen=True):
    """How many units of a stratum one arm got, beside its plan.

    Attributes:
        arm: Name of the arm.
        units: Units exposed.
        least_share: Smallest planned share any of them carries, a fraction of the stratum.
        greatest_share: Greatest planned share any of them carries.
    """

    arm: str
    units: int
    least_share: float
    greatest_share: float


class SampleRatio(msgspec.Struct, frozen=True, tag="sample_ratio", tag_field="kind"):
    """The sizes of the arms against their planned shares.

    Attributes:
        p_value: Pearson's chi-square, summed over the strata tested.
        statistic: That sum.
        freedom: Its degrees of freedom, arms less one in each stratum tested.
        units: Units exposed by arm, all strata.
        expected: Units expected by arm, all strata.
        strata: Strata tested.
        strata_untested: Strata where an arm expects fewer than ``LEAST_EXPECTED`` units.
        verdict: What follows for the reading.
    """

    p_value: float
    statistic: float
    freedom: int
    units: dict[str, int]
    expected: dict[str, float]
    strata: int
    strata_untested: int
    verdict: Verdict


def check_sample_ratio(strata: Mapping[str, Sequence[ArmCount]]) -> SampleRatio | Undetermined:
    """Compare the arms' sizes with their planned shares, each stratum against its own plan.

    Shares of a stratum are to add up to 1; what they lack is an arm that nobody reached, and counts
    as one. No strata give ``Undetermined``.
    """
    if not strata:
        return Undetermined(UndeterminedReason.NO_UNITS, "nobody has been exposed")
    statistic, freedom, tested = 0.0, 0, 0
    units: dict[str, int] = {}
    expected: dict[str, float] = {}
    for stratum, counts in sorted(strata.items()):
        shares = _shares(counts)
        if shares is None:
            detail = f"the planned shares of stratum {stratum!r} are not one plan adding up to 1"
            return Undetermined(UndeterminedReason.SHARES_UNCLEAR, detail)
        seen = {count.arm: count.units for count in counts}
        planned = {arm: share * sum(seen.values()) for arm, share in shares.items()}
        for arm, share in planned.items():
            units[arm] = units.get(arm, 0) + seen.get(arm, 0)
            expected[arm] = expected.get(arm, 0.0) + share
        if len(planned) > 1 and min(planned.values()) >= LEAST_EXPECTED:
            found = stats.chisquare([seen.get(arm, 0) for arm in planned], list(planned.values()))
            statistic += float(found.statistic)
            freedom += len(planned) - 1
            tested += 1
    if tested == 0:
        detail = f"no stratum expects at least {LEAST_EXPECTED:g} units in each of several arms"
        return Undetermined(UndeterminedReason.TOO_FEW, detail)
    p_value = float(stats.chi2.sf(statistic, freedom))
    return SampleRatio(
        p_value=p_value,
        statistic=statistic,
        freedom=freedom,
        units=dict(sorted(units.items())),
        expected=dict(sorted(expected.items())),
        strata=tested,
        strata_untested=len(strata) - tested,
        verdict=_verdict(p_value),
    )


ABSENT = "(nobody)"
"""Stands for the arms of a plan that no unit reached."""


def _shares(counts: Sequence[ArmCount]) -> dict[str, float] | None:
    """Give the plan of a stratum, adding up to 1, or None when the exposures carry no single plan."""
    if any(not 0 < count.least_share <= count.greatest_share <= 1 for count in counts):
        return None
    if any(count.greatest_share - count.least_share > SHARE_TOLERANCE for count in counts):
        return None
    shares = {count.arm: count.least_share for count in counts}
    lacking = 1.0 - math.fsum(shares.values())
    if lacking < -SHARE_TOLERANCE:
        return None
    if lacking > SHARE_TOLERANCE:
        return {**shares, ABSENT: lacking}
    whole = math.fsum(shares.values())
    return {arm: share / whole for arm, share in shares.items()}


def _verdict(p_value: float) -> Verdict:
    """Say what a p-value means for the reading."""
    if p_value < BLOCK_BELOW:
        return Verdict.BLOCK
    return Verdict.WARN if p_value < WARN_BELOW else Verdict.GOOD
