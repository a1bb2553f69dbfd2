"""Sample ratio: are the arms as large as was planned?

For lift, which is not read when the answer is no. The law: below ``WARN_BELOW`` a reader is warned,
below ``BLOCK_BELOW`` the reading is blocked, because whatever moved the units may move the outcome.

What is looked at again and again is judged by the anytime-valid test of M. Lindon and A. Malek (Anytime-valid
inference for multinomial count data, NeurIPS 2022): a Bayes factor of shares drawn from Dirichlet
distributions around the plan, worth any of ``CONCENTRATIONS`` units with equal chance, against the plan
itself. Under the plan it ever exceeds 1 / p with a chance of at most p, over all looks together.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from scipy import special, stats

from upsell.measurement.answers import Undetermined, UndeterminedReason

WARN_BELOW = 0.01
BLOCK_BELOW = 0.001

LEAST_EXPECTED = 5.0
"""Units expected in every arm of a stratum for the chi-square to hold (Cochran, Biometrics 10, 1954)."""

CONCENTRATIONS = (4.0, 40.0, 400.0, 4_000.0)
"""How many units the shares of a mismatch are worth beforehand: of halves, they stray by 22 % to 0.8 %."""

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
        p_value: Pearson's chi-square, summed over the strata tested; for a single look.
        watched_p_value: Lindon and Malek's, over all strata; for looking at any time.
        statistic: That sum.
        freedom: Its degrees of freedom, arms less one in each stratum tested.
        units: Units exposed by arm, all strata.
        expected: Units expected by arm, all strata.
        strata: Strata tested.
        strata_untested: Strata where an arm expects fewer than ``LEAST_EXPECTED`` units.
        verdict: What follows for the reading.
    """

    p_value: float
    watched_p_value: float
    statistic: float
    freedom: int
    units: dict[str, int]
    expected: dict[str, float]
    strata: int
    strata_untested: int
    verdict: Verdict


def check_sample_ratio(
    strata: Mapping[str, Sequence[ArmCount]], *, is_watched: bool = False
) -> SampleRatio | Undetermined:
    """Compare the arms' sizes with their planned shares, each stratum against its own plan.

    Shares of a stratum are to add up to 1; what they lack is an arm that nobody reached, and counts
    as one. No strata give ``Undetermined``. With ``is_watched`` the verdict is that of the test which may
    be looked at at any time.
    """
    if not strata:
        return Undetermined(UndeterminedReason.NO_UNITS, "nobody has been exposed")
    statistic, freedom, tested, evidence = 0.0, 0, 0, 0.0
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
        evidence += _evidence([seen.get(arm, 0) for arm in shares], list(shares.values()))
        if len(planned) > 1 and min(planned.values()) >= LEAST_EXPECTED:
            found = stats.chisquare([seen.get(arm, 0) for arm in planned], list(planned.values()))
            statistic += float(found.statistic)
            freedom += len(planned) - 1
            tested += 1
    if tested == 0:
        detail = f"no stratum expects at least {LEAST_EXPECTED:g} units in each of several arms"
        return Undetermined(UndeterminedReason.TOO_FEW, detail)
    p_value = float(stats.chi2.sf(statistic, freedom))
    watched_p_value = math.exp(min(-evidence, 0.0))
    return SampleRatio(
        p_value=p_value,
        watched_p_value=watched_p_value,
        statistic=statistic,
        freedom=freedom,
        units=dict(sorted(units.items())),
        expected=dict(sorted(expected.items())),
        strata=tested,
        strata_untested=len(strata) - tested,
        verdict=_verdict(watched_p_value if is_watched else p_value),
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


def _evidence(units: Sequence[int], shares: Sequence[float]) -> float:
    """Give the logarithm of the Bayes factor against the plan; 0 for one arm or no units."""
    counted, planned, worth = np.array(units), np.array(shares), np.array(CONCENTRATIONS)
    prior = worth[:, None] * planned
    drawn = special.gammaln(prior + counted) - special.gammaln(prior)
    whole = special.gammaln(worth) - special.gammaln(worth + counted.sum())
    found = whole + drawn.sum(axis=1) - special.xlogy(counted, planned).sum()
    return float(special.logsumexp(found) - math.log(len(worth)))


def _verdict(p_value: float) -> Verdict:
    """Say what a p-value means for the reading."""
    if p_value < BLOCK_BELOW:
        return Verdict.BLOCK
    return Verdict.WARN if p_value < WARN_BELOW else Verdict.GOOD
