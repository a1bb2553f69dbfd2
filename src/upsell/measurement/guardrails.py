"""Guardrails: is a measure beyond its limit, told so that it may be asked at any time and however often.

For the watch, which warns or pauses. The law: the chance that a measure that keeps to its limit is ever
called beyond it, over all looks together, is at most the alpha that was given.

A rate. Message after message, each turns out bad with a chance that is at most the limit, whatever came
before. Then for any p above the limit the likelihood ratio of p against the limit is a supermartingale, and
so is its mean over p by a prior cut off at the limit (Howard, Ramdas, McAuliffe and Sekhon, Time-uniform,
nonparametric, nonasymptotic confidence sequences, Annals of Statistics 49, 2021, arXiv 1810.08240, the
one-sided beta-binomial mixture; Robbins, Annals of Mathematical Statistics 41, 1970). By Ville's
inequality it ever reaches 1 / alpha with a chance of at most alpha. Nothing is asymptotic, messages need
not be alike, and what is told late only makes it more careful: the statistic grows with each bad one.

So that a good year does not hide a bad week, a test begins anew with each stretch of time, the j-th with
weight 1 / (j (j + 1)); these add up to less than one, so the mean of all is still such a supermartingale.

An excess. The difference of two shares by ``always_valid``, strata combined by weight. Its regime: it is
asymptotic, so ``LEAST_EVENTS`` in both arms together and ``LEAST_ARM`` units in each are asked for, and
an arm's variance is never taken smaller than that of both together.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

import msgspec
from scipy import special

from upsell.measurement.answers import Undetermined
from upsell.measurement.estimates import Stratum
from upsell.measurement.moments import Moments
from upsell.measurement.sequential import always_valid

LEAST_EVENTS = 20
"""How many bad outcomes both arms must have together before an excess is told."""

LEAST_ARM = 100
"""How many units each arm must have before an excess is told."""

USUAL_RATE = 0.001
"""The rate the prior is made for where the limit is zero."""

_HALVINGS = 50


class Standing(enum.Enum):
    """How a measure stands to its limit."""

    WITHIN = "within"
    BEYOND = "beyond"
    TOO_FEW = "too few"


class Counts(msgspec.Struct, frozen=True):
    """What was counted in one stretch of time: how many in all, and how many of them turned out bad."""

    counted: int
    seen: int


class ArmPair(msgspec.Struct, frozen=True):
    """The units of one stratum: those spoken to and those held out, each with how many turned out bad."""

    treated: Counts
    held_out: Counts


class Reading(msgspec.Struct, frozen=True):
    """One measure beside its limit; rates are fractions, an excess is a difference of two.

    Attributes:
        standing: How it stands.
        counted: Messages counted, or units that were spoken to.
        seen: How many of them turned out bad.
        limit: The limit.
        rate: The rate or the excess that was seen; None where nothing was counted.
        low: Lower end of the interval: the true one is below it, at any look, with a chance of at most alpha.
        high: Upper end, likewise, for what has been told by now.
        alpha: The chance that is allowed.
        held_out: Units held out, with how many turned out bad; None for a rate.
        needs: What is needed before it can be told; empty where it can.
    """

    standing: Standing
    counted: int
    seen: int
    limit: float
    rate: float | None
    low: float | None
    high: float | None
    alpha: float
    held_out: Counts | None = None
    needs: str = ""


def read_rate(stretches: Sequence[Counts], limit: float, alpha: float, least: int) -> Reading:
    """Tell how a rate per message stands to its limit.

    Args:
        stretches: What was counted, stretch after stretch, the oldest first; () for nothing.
        limit: The greatest rate that is allowed, 0 to 1.
        alpha: With which chance a rate that keeps to the limit may ever be called beyond it.
        least: How many must be counted before anything is told.
    """
    counted, seen = sum(each.counted for each in stretches), sum(each.seen for each in stretches)
    if counted < max(least, 1):
        needs = f"{least:,} delivered, there are {counted:,}"
        rate = seen / counted if counted else None
        return Reading(Standing.TOO_FEW, counted, seen, limit, rate, None, None, alpha, needs=needs)
    low, high = rate_interval(stretches, limit, alpha)
    standing = Standing.BEYOND if low > limit else Standing.WITHIN
    return Reading(standing, counted, seen, limit, seen / counted, low, high, alpha)


def read_excess(strata: Sequence[ArmPair], limit: float, alpha: float, least: int) -> Reading:
    """Tell how the share of bad outcomes beyond the holdout's stands to its limit.

    Args:
        strata: Units whose window has closed, by stratum; () for none.
        limit: The greatest difference of the two shares that is allowed, 0 to 1.
        alpha: With which chance an excess that keeps to the limit may ever be called beyond it.
        least: How many units must be spoken to before anything is told.
    """
    usable = [each for each in strata if min(each.treated.counted, each.held_out.counted) >= 2]
    treated, held_out = _sum(each.treated for each in usable), _sum(each.held_out for each in usable)
    needs = _needs(treated, held_out, least)
    found = always_valid(_weighted(usable), alpha=alpha) if not needs else None
    if found is None or isinstance(found, Undetermined):
        needs = needs or (found.detail if found is not None else "")
        return Reading(
            Standing.TOO_FEW, treated.counted, treated.seen, limit, None, None, None, alpha, held_out, needs
        )
    standing = Standing.BEYOND if found.low > limit else Standing.WITHIN
    return Reading(
        standing, treated.counted, treated.seen, limit, found.estimate, found.low, found.high, alpha, held_out
    )


def is_rate_beyond(stretches: Sequence[Counts], limit: float, alpha: float) -> bool:
    """Tell whether a rate is beyond its limit, by the evidence alone; arguments as for ``read_rate``."""
    return _log_evidence_above(_suffixes(stretches), limit, limit or USUAL_RATE) >= -math.log(alpha)


def rate_interval(stretches: Sequence[Counts], limit: float, alpha: float) -> tuple[float, float]:
    """Give the ends between which a rate lies, at every look; each end misses with a chance of at most alpha.

    The lower end is above ``limit`` just when the evidence against the limit is 1 / alpha or more. The prior
    that is mixed over is made for rates about as large as the limit. What was found is kept, for
    pages ask for the same again and again.
    """
    return _interval(tuple(stretches), limit, alpha)


@lru_cache(maxsize=1024)
def _interval(stretches: tuple[Counts, ...], limit: float, alpha: float) -> tuple[float, float]:
    scale = limit or USUAL_RATE
    suffixes = _suffixes(stretches)
    counted, seen = suffixes[0]
    enough = -math.log(alpha)

    def is_above(rate: float) -> bool:
        return _log_evidence_above(suffixes, rate, scale) >= enough

    def is_below(rate: float) -> bool:
        return _log_below(counted, seen, rate, scale) >= enough

    greatest = max((bad / each for each, bad in suffixes if each), default=0.0)
    if is_rate_beyond(stretches, limit, alpha):
        low = max(_turn(limit, greatest, is_above), math.nextafter(limit, 1.0))
    else:
        low = min(_turn(0.0, min(limit, greatest), is_above), limit)
    share = seen / counted if counted else 0.0
    high = 1.0 if share >= 1 else 1.0 - _turn(0.0, 1.0 - share, lambda rest: is_below(1.0 - rest))
    return low, high


def _turn(start: float, end: float, holds: Callable[[float], bool]) -> float:
    """Give the last point, from ``start`` towards ``end``, up to which something holds, by halving."""
    for _ in range(_HALVINGS):
        middle = (start + end) / 2
        if holds(middle):
            start = middle
        else:
            end = middle
    return start


def _suffixes(stretches: Sequence[Counts]) -> list[tuple[int, int]]:
    """Give what was counted from each stretch on, the whole first."""
    suffixes = []
    counted = seen = 0
    for each in reversed(stretches):
        counted, seen = counted + each.counted, seen + each.seen
        suffixes.append((counted, seen))
    return suffixes[::-1] or [(0, 0)]


def _log_evidence_above(suffixes: Sequence[tuple[int, int]], rate: float, scale: float) -> float:
    """Give the logarithm of the evidence that the chance was above a rate, over all beginnings."""
    logs = [
        _log_above(counted, seen, rate, scale) - math.log(place * (place + 1))
        for place, (counted, seen) in enumerate(suffixes, 1)
    ]
    return float(special.logsumexp(logs))


def _log_above(counted: int, seen: int, rate: float, scale: float) -> float:
    """Give the log of the mean likelihood ratio over chances above a rate, by a Beta(1, 1 / scale)."""
    if seen == 0 and counted == 0:
        return 0.0
    good, prior = counted - seen, 1.0 / scale
    beyond = float(special.betaincc(1.0 + seen, prior + good, rate))
    if beyond <= 0.0:
        return -math.inf
    mass = prior * math.log1p(-rate)
    return (
        float(special.betaln(1.0 + seen, prior + good))
        + math.log(beyond)
        - float(special.betaln(1.0, prior))
        - mass
        - _log_likelihood(seen, good, rate)
    )


def _log_below(counted: int, seen: int, rate: float, scale: float) -> float:
    """Give the same over chances below a rate."""
    good, prior = counted - seen, 1.0 / scale
    within = float(special.betainc(1.0 + seen, prior + good, rate))
    prior_within = -math.expm1(prior * math.log1p(-rate)) if rate < 1 else 1.0
    if within <= 0.0 or prior_within <= 0.0:
        return -math.inf
    if rate >= 1 and good:
        return math.inf
    return (
        float(special.betaln(1.0 + seen, prior + good))
        + math.log(within)
        - float(special.betaln(1.0, prior))
        - math.log(prior_within)
        - _log_likelihood(seen, good, rate)
    )


def _log_likelihood(seen: int, good: int, rate: float) -> float:
    """Give the log of the chance of what was seen at a rate; minus infinity where it cannot be."""
    if rate <= 0.0:
        return -math.inf if seen else 0.0
    if rate >= 1.0:
        return -math.inf if good else 0.0
    return seen * math.log(rate) + good * math.log1p(-rate)


def _needs(treated: Counts, held_out: Counts, least: int) -> str:
    """Say what is needed before an excess can be told; empty where it can."""
    least = max(least, LEAST_ARM)
    if treated.counted < least:
        return f"{least:,} units spoken to whose window has closed, there are {treated.counted:,}"
    if held_out.counted < LEAST_ARM:
        return f"{LEAST_ARM:,} units held out whose window has closed, there are {held_out.counted:,}"
    if treated.seen + held_out.seen < LEAST_EVENTS:
        return f"{LEAST_EVENTS} cases in both arms, there are {treated.seen + held_out.seen}"
    return ""


def _weighted(strata: Sequence[ArmPair]) -> list[Stratum]:
    """Give the shares of each stratum, weighted by its size, with a careful variance."""
    sizes = [each.treated.counted + each.held_out.counted for each in strata]
    return [
        Stratum(_arm(each.treated, each), _arm(each.held_out, each), size / sum(sizes))
        for each, size in zip(strata, sizes, strict=True)
    ]


def _arm(own: Counts, both: ArmPair) -> Moments:
    return Moments(own.counted, own.seen / own.counted, _variance(own, both), 0.0)


def _variance(own: Counts, both: ArmPair) -> float:
    """Give the variance of one outcome, the greater of the arm's own and that of both arms together."""
    together = _sum((both.treated, both.held_out))
    return max(_spread(own), _spread(together))


def _spread(counts: Counts) -> float:
    share = counts.seen / counts.counted
    return share * (1 - share) * counts.counted / (counts.counted - 1)


def _sum(parts: Iterable[Counts]) -> Counts:
    each = list(parts)
    return Counts(sum(one.counted for one in each), sum(one.seen for one in each))
