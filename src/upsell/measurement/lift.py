"""Lift: what an arm earned beyond the arm it is compared with, with its interval.

For reports and the simulation's proof. The law: one row per unit and contrast, by the arm assigned
(intent to treat), only closed windows, strata by weight; what the data cannot say is
``Undetermined``, and a blocked sample ratio blocks every number that compares arms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations
from typing import TypeAlias, assert_never

import msgspec

from upsell.measurement.answers import Effect, Undetermined, UndeterminedReason
from upsell.measurement.estimates import Stratum, compare, weigh
from upsell.measurement.observations import LeftOut, Observations, Rows, observe
from upsell.measurement.queries import Dialect, Query, outcome_queries
from upsell.measurement.question import HELD_OUT, IN_CONTROL, PROGRAMME, TREATED, Contrast, Metric, Question
from upsell.measurement.sample_ratio import SampleRatio, Verdict, check_sample_ratio
from upsell.measurement.sums import Sums

Run: TypeAlias = Callable[[str], Rows]
"""Runs one SQL text on an engine and gives all its rows; the caller's, because it acts."""

LEAST_IN_STRATUM = 2
"""Closed units each arm needs in a stratum, for a variance to exist."""


CLUSTERED = Undetermined(
    UndeterminedReason.CLUSTERED,
    "whole accounts were drawn, and customers of one account are not independent; an interval that takes "
    "them for independent would be too narrow",
)
"""What is said of effects and sizes where units were drawn in clusters, which no estimator here can read."""


class ArmSummary(msgspec.Struct, frozen=True):
    """One arm of a lift.

    Attributes:
        arm: Its name.
        exposed: Units exposed, whether or not their window has closed.
        closed: Units whose window has closed.
        total: Sum of the outcome over the closed units: conversions, or minor units.
        mean: Mean outcome per closed unit, strata combined by weight.
    """

    arm: str
    exposed: int
    closed: int
    total: int
    mean: float | Undetermined


class Lift(msgspec.Struct, frozen=True):
    """The effect of one arm against another on one metric.

    Attributes:
        workflow: The workflow measured.
        contrast: Which arms are set side by side.
        metric: What is measured.
        currency: Currency of money, in whose minor units effects are; None for conversion.
        arm: The arm whose effect it is.
        against: The arm it is compared with.
        absolute: Effect per unit exposed.
        relative: The same as a fraction of the other arm's mean.
        total: Effect on the arm's own closed units together.
        sample_ratio: The check of the contrast's arm sizes.
        strata: Strata read.
        strata_left_out: Strata where an arm has fewer than ``LEAST_IN_STRATUM`` closed units.
        units_left_out: Closed units of both arms in those.
        open_units: Units of both arms whose window has not closed.
        crossed_units: Units of the contrast seen in more than one arm, counted in their first.
    """

    workflow: str
    contrast: Contrast
    metric: Metric
    currency: str | None
    arm: ArmSummary
    against: ArmSummary
    absolute: Effect | Undetermined
    relative: Effect | Undetermined
    total: Effect | Undetermined
    sample_ratio: SampleRatio | Undetermined
    strata: int
    strata_left_out: int
    units_left_out: int
    open_units: int
    crossed_units: int


class LiftReport(msgspec.Struct, frozen=True):
    """All lifts of one question: by contrast, pair of arms and metric.

    Attributes:
        question: What was asked.
        lifts: Treated against holdout first, then each pair of arms; within a pair by metric.
        left_out: Money that was counted and not added.
    """

    question: Question
    lifts: tuple[Lift, ...]
    left_out: tuple[LeftOut, ...]


def measure(question: Question, run: Run, dialect: Dialect) -> LiftReport:
    """Ask an engine the question and read its answer; ``run`` is called once per query."""
    queries = outcome_queries(question, dialect)
    return read_lift(question, {query: run(sql) for query, sql in queries.items()})


def read_lift(question: Question, rows: Mapping[Query, Rows]) -> LiftReport:
    """Turn the rows of ``outcome_queries`` into lifts; no rows give ``Undetermined`` lifts.

    Raises:
        MeasurementError: A row names a contrast or metric that is not known.
    """
    seen = observe(rows)
    lifts: list[Lift] = []
    for contrast in question.contrasts:
        sample_ratio = CLUSTERED if question.is_clustered else check_sample_ratio(seen.exposed[contrast])
        for arm, against in _pairs(question, contrast, seen):
            lifts += [
                _lift(question, seen, _Pair(contrast, arm, against, sample_ratio), metric)
                for metric in Metric
            ]
    return LiftReport(question=question, lifts=tuple(lifts), left_out=seen.left_out)


class _Pair(msgspec.Struct, frozen=True):
    """Two arms of a contrast, with the check of that contrast."""

    contrast: Contrast
    arm: str
    against: str
    sample_ratio: SampleRatio | Undetermined


def _pairs(question: Question, contrast: Contrast, seen: Observations) -> Iterable[tuple[str, str]]:
    """Give the pairs (arm, against) of a contrast, each arm against every one before it."""
    match contrast:
        case Contrast.HOLDOUT:
            return [(TREATED, HELD_OUT)]
        case Contrast.CONTROL:
            return [(PROGRAMME, IN_CONTROL)]
        case Contrast.ARMS:
            found = {count.arm for counts in seen.exposed[contrast].values() for count in counts}
            ordered = [*question.arms, *sorted(found - set(question.arms))]
            return [(later, earlier) for earlier, later in combinations(ordered, 2)]
        case _:
            assert_never(contrast)


def _lift(question: Question, seen: Observations, pair: _Pair, metric: Metric) -> Lift:
    """Read one metric of one pair."""
    exposed = {name: _exposed(seen, pair.contrast, name) for name in (pair.arm, pair.against)}
    by_stratum = seen.sums.get((pair.contrast, metric), {})
    both = {
        name: (arms.get(pair.arm, Sums()), arms.get(pair.against, Sums()))
        for name, arms in sorted(by_stratum.items())
        if pair.arm in arms or pair.against in arms
    }
    readable = [sums for sums in both.values() if min(one.units for one in sums) >= LEAST_IN_STRATUM]
    arm = sum((one for one, _ in both.values()), Sums())
    against = sum((other for _, other in both.values()), Sums())
    closed = arm.units + against.units
    silent = _silent(pair, exposed, min(arm.units, against.units), readable)
    weights = _weights([one.units + other.units for one, other in readable])
    absolute, relative, total = _effects(readable, CLUSTERED if question.is_clustered else silent)
    return Lift(
        workflow=question.workflow,
        contrast=pair.contrast,
        metric=metric,
        currency=None if metric is Metric.CONVERSION else question.currency.upper(),
        arm=ArmSummary(
            arm=pair.arm,
            exposed=exposed[pair.arm],
            closed=arm.units,
            total=arm.total,
            mean=silent or weigh([one for one, _ in readable], weights).mean,
        ),
        against=ArmSummary(
            arm=pair.against,
            exposed=exposed[pair.against],
            closed=against.units,
            total=against.total,
            mean=silent or weigh([other for _, other in readable], weights).mean,
        ),
        absolute=absolute,
        relative=relative,
        total=total,
        sample_ratio=pair.sample_ratio,
        strata=len(readable),
        strata_left_out=len(both) - len(readable),
        units_left_out=closed - sum(one.units + other.units for one, other in readable),
        open_units=sum(exposed.values()) - closed,
        crossed_units=seen.crossed[pair.contrast],
    )


def _exposed(seen: Observations, contrast: Contrast, arm: str) -> int:
    """Count the units of an arm that were exposed, over all strata."""
    return sum(
        count.units for counts in seen.exposed[contrast].values() for count in counts if count.arm == arm
    )


def _silent(
    pair: _Pair, exposed: Mapping[str, int], fewest_closed: int, readable: Sequence[tuple[Sums, Sums]]
) -> Undetermined | None:
    """Say why no number may compare these arms, or None where one may."""
    if not any(exposed.values()):
        return Undetermined(UndeterminedReason.NO_UNITS, "nobody has been exposed")
    for name, units in exposed.items():
        if units == 0:
            return Undetermined(UndeterminedReason.ARM_EMPTY, f"nobody in arm {name} has been exposed")
    if isinstance(pair.sample_ratio, SampleRatio) and pair.sample_ratio.verdict is Verdict.BLOCK:
        detail = (
            f"the arms are not as large as planned (p = {pair.sample_ratio.p_value:.2g}); find out what "
            "moved units between arms before reading what it moved besides"
        )
        return Undetermined(UndeterminedReason.SAMPLE_RATIO, detail)
    if fewest_closed == 0:
        return Undetermined(UndeterminedReason.WINDOW_OPEN, "an arm has no unit whose window has closed")
    if not readable:
        detail = f"no stratum has {LEAST_IN_STRATUM} closed units in each arm"
        return Undetermined(UndeterminedReason.TOO_FEW, detail)
    return None


def _effects(
    readable: Sequence[tuple[Sums, Sums]], silent: Undetermined | None
) -> tuple[Effect | Undetermined, Effect | Undetermined, Effect | Undetermined]:
    """Estimate the absolute, the relative and the total effect.

    The first two weigh strata by all their units: the mean effect over the exposed. The total weighs
    them by the arm's own units, because it is what happened to those.
    """
    if silent is not None:
        return silent, silent, silent
    over_exposed = compare(_strata(readable, [one.units + other.units for one, other in readable]))
    own = [one.units for one, _ in readable]
    per_unit = compare(_strata(readable, own)).absolute
    total = _times(per_unit, sum(own)) if isinstance(per_unit, Effect) else per_unit
    return over_exposed.absolute, over_exposed.relative, total


def _strata(readable: Sequence[tuple[Sums, Sums]], units: Sequence[int]) -> list[Stratum]:
    """Weigh strata by a count of units."""
    weighted = zip(readable, _weights(units), strict=True)
    return [Stratum(arm=one, against=other, weight=weight) for (one, other), weight in weighted]


def _weights(units: Sequence[int]) -> list[float]:
    """Give each count as a share of all."""
    whole = sum(units)
    return [one / whole for one in units]


def _times(effect: Effect, units: int) -> Effect:
    """Give an effect per unit over many units."""
    return Effect(effect.estimate * units, effect.low * units, effect.high * units, effect.level)
