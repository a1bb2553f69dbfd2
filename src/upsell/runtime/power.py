"""Power asked of a history: how many units and days each workflow would need to see a lift.

Whom a workflow would have exposed is rehearsed by the core, and their outcomes are read by the very
queries that will read the real ones; nobody was treated, so they are the baseline of every arm.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from upsell.clock import DAY, Duration, Moment
from upsell.errors import ConfigError, nearest
from upsell.journeys.workflow import Experiment, Workflow
from upsell.measurement.answers import Undetermined, UndeterminedReason
from upsell.measurement.observations import Observations
from upsell.measurement.power import (
    Baseline,
    Needed,
    RampDay,
    Split,
    count_exposed,
    find_days,
    find_needed,
    find_smallest,
)
from upsell.measurement.question import HELD_OUT, TREATED, Contrast, Metric, Question
from upsell.measurement.sums import Sums
from upsell.runtime.backtest import History
from upsell.runtime.outcomes import first_exposures, read_observations
from upsell.runtime.reporting import question_of

LOOKS: tuple[Duration, ...] = (30 * DAY, 90 * DAY, 180 * DAY)
"""After how long it is told what the smallest lift is that would be seen."""

LEAST_LATELY = 20
"""Units that the second half of a history must hold for its rate to be taken instead of the whole's."""


class Lift(msgspec.Struct, frozen=True):
    """The lift that is to be seen: a fraction of the baseline's mean, or points of a conversion, 0 to 1."""

    fraction: float | None
    points: float | None = None

    def over(self, baseline: Baseline) -> float | Undetermined:
        """Give the difference it is over a baseline that has units."""
        if self.points is not None:
            if baseline.is_rate:
                return self.points
            return Undetermined(UndeterminedReason.OUT_OF_REACH, "points are of a conversion; ask in %")
        if baseline.mean <= 0:
            whom = (
                f"of {baseline.sums.units:,} nobody converted"
                if baseline.is_rate
                else "its mean is not above zero"
            )
            detail = f"{whom}, and a fraction of nothing is nothing"
            return Undetermined(UndeterminedReason.BASE_TOO_NEAR_ZERO, detail)
        return (self.fraction or 0.0) * baseline.mean


class Look(msgspec.Struct, frozen=True):
    """The smallest difference that would be seen so long after the beginning."""

    after: Duration
    smallest: float | Undetermined


class MetricPower(msgspec.Struct, frozen=True):
    """What one metric of one comparison needs.

    Attributes:
        metric: What is measured.
        window: How long after exposure it is followed.
        units: Units of the history whose window has closed.
        mean: Their mean outcome; None without any.
        spread: Standard deviation of the outcome; None with fewer than two.
        difference: The difference that is to be seen.
        needed: How many units see it.
        lasts: How long it takes until so many have been exposed and their window has closed.
        looks: The smallest difference that is seen after ``LOOKS``.
    """

    metric: Metric
    window: Duration
    units: int
    mean: float | None
    spread: float | None
    difference: float | Undetermined
    needed: Needed | Undetermined
    lasts: Duration | Undetermined
    looks: tuple[Look, ...]


class ComparisonPower(msgspec.Struct, frozen=True):
    """What one comparison of two arms needs.

    Attributes:
        contrast: Which contrast.
        arm: The arm whose effect it is.
        against: The arm it is compared with.
        arm_share: Share of the arm among the units of both, 0 to 1.
        exposed: Units of both arms the history would have exposed.
        per_day: How many of them a day.
        is_lately: Whether that is the rate of the history's second half, not of all of it.
        metrics: What each metric needs.
    """

    contrast: Contrast
    arm: str
    against: str
    arm_share: float
    exposed: int
    per_day: float
    is_lately: bool
    metrics: tuple[MetricPower, ...]


class WorkflowPower(msgspec.Struct, frozen=True):
    """What one workflow needs.

    Attributes:
        key: Key of the workflow.
        name: What people call it.
        unit: What is decided about.
        known: How many such units the history knows.
        days: How long the history is.
        holdout_rate: Share held out, 0 to 1.
        ramp: To which share it will be open when, counted from its first step.
        comparisons: Treated against held out, then the two arms that have the fewest units.
    """

    key: str
    name: str
    unit: str
    known: int
    days: float
    holdout_rate: float
    ramp: tuple[RampDay, ...]
    comparisons: tuple[ComparisonPower, ...]


class Power(msgspec.Struct, frozen=True):
    """What every workflow needs to see a lift with a power."""

    currency: str
    lift: Lift
    power: float
    workflows: tuple[WorkflowPower, ...]


def read_lift_asked(text: str) -> Lift:
    """Read a lift: ``10%`` of the baseline, or ``2pp`` of a conversion.

    Raises:
        ConfigError: It is neither, or not above zero.
    """
    found = re.fullmatch(r"(\d{1,4}(?:\.\d{1,6})?) ?(%|pp)", text.strip())
    value = float(found[1]) / 100 if found is not None else 0.0
    if found is None or value == 0:
        msg = f"--lift: expected a lift above zero such as 10% of the baseline or 2pp, got {text}"
        raise ConfigError(msg)
    return Lift(value) if found[2] == "%" else Lift(None, value)


def ask_power(history: History, lift: Lift, power: float, only: str | None = None) -> Power:
    """Find what the workflows of a history's program need, in order of their keys.

    Raises:
        ConfigError: ``only`` names no workflow of the program.
    """
    known = history.program.workflows
    if only is not None and only not in known:
        near = nearest(only, known)
        hint = f"did you mean {near}?" if near else f"known: {', '.join(sorted(known)) or 'none'}"
        msg = f"--workflow: expected the key of a workflow, got {only}; {hint}"
        raise ConfigError(msg)
    keys = [only] if only is not None else sorted(known)
    found = tuple(_workflow(history, known[key], lift, power) for key in keys)
    return Power(history.program.currency, lift, power, found)


def ramp_days(experiment: Experiment) -> tuple[RampDay, ...]:
    """Give a ramp by how long after its first step each step begins; empty for a workflow open to all."""
    first = next((step.begins_at for step in experiment.ramp if step.begins_at is not None), 0)
    return tuple(RampDay((step.begins_at or first) - first, step.share) for step in experiment.ramp)


def rate_of(exposed_at: Sequence[Moment], since: Moment, until: Moment) -> tuple[float, bool]:
    """Give how many units a day are exposed for the first time, and whether lately or over all.

    Who was there at the beginning is used up at last, so the second half foretells better where it holds
    enough.
    """
    length = until - since
    if length <= 0:
        return 0.0, False
    lately = len(exposed_at) - bisect_left(exposed_at, since + length // 2)
    if lately >= LEAST_LATELY:
        return lately * 2 * DAY / length, True
    return len(exposed_at) * DAY / length, False


def _workflow(history: History, workflow: Workflow, lift: Lift, power: float) -> WorkflowPower:
    question = question_of(workflow, history.program.currency, history.until)
    drawn_whole = _drawn_whole(history, workflow) if question.is_clustered else None
    question = msgspec.structs.replace(question, is_clustered=False)
    seen = read_observations(history.ledger, question)
    ramp = ramp_days(workflow.experiment)
    comparisons = []
    for contrast, arm, against, shares in _pairs(workflow.experiment):
        exposed_at = first_exposures(history.ledger, workflow.key, contrast)
        part = sum(shares)
        per_day, is_lately = rate_of(exposed_at, history.since, history.until)
        split = Split(shares[0] / part, shares[1] / part) if part else Split(1.0, 0.0)
        comparisons.append(
            ComparisonPower(
                contrast=contrast,
                arm=arm,
                against=against,
                arm_share=split.arm,
                exposed=round(len(exposed_at) * part),
                per_day=per_day * part,
                is_lately=is_lately,
                metrics=tuple(
                    _metric(
                        question, _baseline(seen, contrast, metric), lift, power, split, per_day * part, ramp
                    )
                    if drawn_whole is None
                    else _unplanned(question, metric, drawn_whole)
                    for metric in (Metric.CONVERSION, Metric.NET_COMMITTED_REVENUE)
                ),
            )
        )
    return WorkflowPower(
        key=workflow.key,
        name=workflow.name,
        unit=workflow.unit.value,
        known=history.units.get(workflow.unit.value, 0),
        days=(history.until - history.since) / DAY,
        holdout_rate=workflow.experiment.holdout_rate,
        ramp=ramp,
        comparisons=tuple(comparisons),
    )


def _pairs(experiment: Experiment) -> Iterator[tuple[Contrast, str, str, tuple[float, float]]]:
    """Give the comparisons asked about, each with the shares its arms have of the contrast's units."""
    held_out = experiment.holdout_rate
    yield Contrast.HOLDOUT, TREATED, HELD_OUT, (1 - held_out, held_out)
    if experiment.arms:
        fewest = sorted(experiment.arms, key=lambda arm: arm.share)[:2]
        first, second = sorted(fewest, key=experiment.arms.index)
        yield Contrast.ARMS, second.name, first.name, (second.share, first.share)


def _baseline(seen: Observations, contrast: Contrast, metric: Metric) -> Baseline:
    """Add up a metric over all arms and strata: nobody of a history was treated."""
    strata: Mapping[str, Mapping[str, Sums]] = seen.sums.get((contrast, metric), {})
    return Baseline(metric, sum((sums for arms in strata.values() for sums in arms.values()), Sums()))


def _metric(
    question: Question,
    baseline: Baseline,
    lift: Lift,
    power: float,
    split: Split,
    per_day: float,
    ramp: Sequence[RampDay],
) -> MetricPower:
    window = question.goal_within if baseline.is_rate else question.horizon
    units = baseline.sums.units
    unknown = Undetermined(UndeterminedReason.WINDOW_OPEN, "no window has closed in this history")
    difference = lift.over(baseline) if units else unknown
    needed = (
        difference
        if isinstance(difference, Undetermined)
        else find_needed(baseline, difference, split, power)
    )
    lasts = needed if isinstance(needed, Undetermined) else find_days(needed.units, per_day, window, ramp)
    return MetricPower(
        metric=baseline.metric,
        window=window,
        units=units,
        mean=baseline.mean if units else None,
        spread=baseline.variance**0.5 if units > 1 else None,
        difference=difference,
        needed=needed,
        lasts=lasts,
        looks=tuple(
            Look(
                after, _smallest(baseline, split, power, after - window, per_day, ramp) if units else unknown
            )
            for after in LOOKS
        ),
    )


def _drawn_whole(history: History, workflow: Workflow) -> Undetermined | None:
    """Say why what is drawn by account cannot be planned; None where each account has one unit exposed.

    There what is drawn whole is what is counted, and nothing is to be clustered.
    """
    shared = history.ledger.shared_accounts(workflow.key)
    if shared == 0:
        return None
    several = "some" if shared is None else f"{shared:,}"
    return Undetermined(
        UndeterminedReason.CLUSTERED,
        f"whole accounts are drawn (by: account), and of {several} of them several {workflow.unit.value}s "
        "would be exposed, who are not independent; a plan that takes them for independent would ask for "
        "too few, and none is made by account",
    )


def _unplanned(question: Question, metric: Metric, why: Undetermined) -> MetricPower:
    window = question.goal_within if metric is Metric.CONVERSION else question.horizon
    return MetricPower(
        metric=metric,
        window=window,
        units=0,
        mean=None,
        spread=None,
        difference=why,
        needed=why,
        lasts=why,
        looks=tuple(Look(after, why) for after in LOOKS),
    )


def _smallest(
    baseline: Baseline,
    split: Split,
    power: float,
    exposed_for: Duration,
    per_day: float,
    ramp: Sequence[RampDay],
) -> float | Undetermined:
    closed = count_exposed(exposed_for, per_day, ramp)
    if closed <= 0:
        return Undetermined(UndeterminedReason.WINDOW_OPEN, "no window will have closed")
    return find_smallest(baseline, closed, split, power)
