"""Lift: what an arm earned beyond the arm it is compared with, with its interval.

For reports and the simulation's proof. The law: one row per unit and contrast, by the arm assigned
(intent to treat), only closed windows, strata by weight; what the data cannot say is
``Undetermined``, and a blocked sample ratio blocks every number that compares arms.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import assert_never

import msgspec

from upsell.measurement.answers import Effect, Undetermined, UndeterminedReason
from upsell.measurement.effects import Cell, Effects, estimate, silenced
from upsell.measurement.estimates import weigh
from upsell.measurement.joint import JointSums
from upsell.measurement.observations import LeftOut, Observations, Rows, observe
from upsell.measurement.queries import Query
from upsell.measurement.question import HELD_OUT, IN_CONTROL, PROGRAMME, TREATED, Contrast, Metric, Question
from upsell.measurement.readings import (
    Reading,
    held_cells,
    read_at_any_time,
    read_held,
    read_together,
    read_with_metrics,
    read_with_past,
)
from upsell.measurement.sample_ratio import SampleRatio, Verdict, check_sample_ratio
from upsell.measurement.sums import Sums
from upsell.money import Money

LEAST_IN_STRATUM = 2
"""Closed units each arm needs in a stratum, for a variance to exist."""


CLUSTERED = Undetermined(
    UndeterminedReason.CLUSTERED,
    "whole accounts were drawn, and customers of one account are not independent; an interval that takes "
    "them for independent would be too narrow, and what is read here is not counted by account",
)
"""What is said of effects and sizes where units were drawn in clusters that are not known."""


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
        readings: The effect read in other ways, where that was asked for.
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
    readings: tuple[Reading, ...] = ()


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


def read_lift(
    question: Question, rows: Mapping[Query, Rows], cuts: Mapping[tuple[str, str], int] | None = None
) -> LiftReport:
    """Turn the rows of ``outcome_queries`` into lifts; no rows give ``Undetermined`` lifts.

    With ``cuts``, and the rows of ``reading_queries`` beside the others, each lift has its readings.

    Raises:
        MeasurementError: A row names a contrast or metric that is not known.
    """
    seen = observe(rows)
    lifts: list[Lift] = []
    for contrast in question.contrasts:
        sample_ratio = _check(question, seen, contrast)
        pairs = list(_pairs(question, contrast, seen))
        for arm, against in pairs:
            pair = _Pair(contrast, arm, against, sample_ratio, len(pairs))
            lifts += [_lift(question, seen, pair, metric, cuts) for metric in Metric]
    return LiftReport(question=question, lifts=tuple(lifts), left_out=seen.left_out)


def _check(question: Question, seen: Observations, contrast: Contrast) -> SampleRatio | Undetermined:
    """Compare the sizes of arms with their plan, counting what was drawn."""
    if not question.is_clustered:
        return check_sample_ratio(seen.exposed[contrast], is_watched=True)
    if seen.exposed[contrast] and not seen.exposed_accounts[contrast]:
        return CLUSTERED
    return check_sample_ratio(seen.exposed_accounts[contrast], is_watched=True)


class _Pair(msgspec.Struct, frozen=True):
    """Two arms of a contrast, with the check of that contrast and how many pairs it has."""

    contrast: Contrast
    arm: str
    against: str
    sample_ratio: SampleRatio | Undetermined
    pairs: int

    @property
    def names(self) -> tuple[str, str]:
        """Both arms."""
        return self.arm, self.against


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


def _lift(
    question: Question,
    seen: Observations,
    pair: _Pair,
    metric: Metric,
    cuts: Mapping[tuple[str, str], int] | None,
) -> Lift:
    """Read one metric of one pair."""
    exposed = {name: _exposed(seen, pair.contrast, name) for name in pair.names}
    by_stratum = seen.sums.get((pair.contrast, metric), {})
    both = {
        name: (arms.get(pair.arm, Sums()), arms.get(pair.against, Sums()))
        for name, arms in sorted(by_stratum.items())
        if pair.arm in arms or pair.against in arms
    }
    cells = _cells(question, seen, pair, metric, both)
    arm = sum((one for one, _ in both.values()), Sums())
    against = sum((other for _, other in both.values()), Sums())
    closed = arm.units + against.units
    readable = [both[name] for name in cells]
    silent = _silent(pair, exposed, min(arm.units, against.units), readable)
    weights = _weights([one.units + other.units for one, other in readable])
    unread = silent or (CLUSTERED if question.is_clustered and not seen.accounts else None)
    found = silenced(unread) if unread is not None else estimate(list(cells.values()))
    if question.is_clustered and unread is None:
        found = _over_accounts(found)
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
        absolute=found.absolute,
        relative=found.relative,
        total=found.total,
        sample_ratio=pair.sample_ratio,
        strata=len(readable),
        strata_left_out=len(both) - len(readable),
        units_left_out=closed - sum(one.units + other.units for one, other in readable),
        open_units=sum(exposed.values()) - closed,
        crossed_units=seen.crossed[pair.contrast],
        readings=()
        if cuts is None or unread is not None
        else tuple(_readings(question, seen, pair, metric, cells, cuts)),
    )


def _over_accounts(found: Effects) -> Effects:
    """Say of what cannot be known that accounts were counted, not units."""

    def said(answer: Effect | Undetermined) -> Effect | Undetermined:
        if isinstance(answer, Effect):
            return answer
        return Undetermined(answer.reason, f"counting accounts, {answer.detail}")

    return Effects(said(found.absolute), said(found.relative), said(found.total))


def _cells(
    question: Question,
    seen: Observations,
    pair: _Pair,
    metric: Metric,
    both: Mapping[str, tuple[Sums, Sums]],
) -> dict[str, Cell]:
    """Give what the effect is estimated from, by stratum; of accounts where whole ones were drawn."""
    if not question.is_clustered or not seen.accounts:
        return {
            name: Cell(one, other, one.units, other.units)
            for name, (one, other) in both.items()
            if min(one.units, other.units) >= LEAST_IN_STRATUM
        }
    found = {}
    by_stratum = seen.accounts.get((pair.contrast, metric), {})
    for name, (one, other) in both.items():
        sums = [by_stratum.get(name, {}).get(arm, JointSums()) for arm in pair.names]
        if min(each.units for each in sums) >= LEAST_IN_STRATUM:
            found[name] = Cell(sums[0].ratio(), sums[1].ratio(), one.units, other.units)
    return found


def _readings(
    question: Question,
    seen: Observations,
    pair: _Pair,
    metric: Metric,
    cells: Mapping[str, Cell],
    cuts: Mapping[tuple[str, str], int],
) -> Iterable[Reading]:
    """Read the same effect in other ways; over accounts only in the ways that are known to hold there."""
    whole = list(cells.values())
    key = (pair.contrast, metric)
    if not question.is_clustered:
        cut = cuts.get((pair.contrast.value, metric.value))
        if cut is not None:
            held = held_cells(seen.held[key], list(cells), pair.names)
            yield read_held(held, Money(cut, question.currency))
        yield read_with_past([_two(seen.before[key][name], pair) for name in cells])
        yield read_at_any_time(whole)
    if pair.pairs > 1:
        yield read_together(whole, pair.pairs)
    if metric in question.metrics_told:
        yield read_with_metrics(whole, pair.pairs, len(question.metrics_told))


def _two(arms: Mapping[str, JointSums], pair: _Pair) -> tuple[JointSums, JointSums]:
    return arms[pair.arm], arms[pair.against]


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
            f"the arms are not as large as planned (p = {pair.sample_ratio.watched_p_value:.2g}); find out "
            "what moved units between arms before reading what it moved besides"
        )
        return Undetermined(UndeterminedReason.SAMPLE_RATIO, detail)
    if fewest_closed == 0:
        return Undetermined(UndeterminedReason.WINDOW_OPEN, "an arm has no unit whose window has closed")
    if not readable:
        detail = f"no stratum has {LEAST_IN_STRATUM} closed units in each arm"
        return Undetermined(UndeterminedReason.TOO_FEW, detail)
    return None


def _weights(units: Sequence[int]) -> list[float]:
    """Give each count as a share of all."""
    whole = sum(units)
    return [one / whole for one in units]
