"""Comparisons: what each experiment compares, how far it is, and whether it may be read.

For the pages. The law: an interval is for one look at a size that was fixed beforehand. Before that size is
reached it is said to be early; where the arms are not as large as planned, nothing is read; and only the
interval that holds at any look may be believed early.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Final

import msgspec

from upsell.clock import Moment
from upsell.journeys.workflow import Status, Workflow
from upsell.measurement.answers import Effect, Undetermined, UndeterminedReason
from upsell.measurement.lift import Lift
from upsell.measurement.power import Split
from upsell.measurement.question import HELD_OUT, TREATED, Contrast, Metric
from upsell.measurement.readings import Reading, ReadingKind
from upsell.measurement.sample_ratio import SampleRatio, Verdict
from upsell.runtime.outlook import Outlook, outlook_of
from upsell.runtime.reporting import WorkflowReport
from upsell.runtime.results import metrics_told

UNREAD: Final = Undetermined(UndeterminedReason.NOT_TOLD, "what these arms did is being read")
"""What is known of arms that the report does not know yet."""


class Phase(enum.Enum):
    """Whether a comparison may be read."""

    BLOCKED = "not to be read"
    UNKNOWN = "too early to read"
    EARLY = "early"
    CERTAIN = "certain already"
    READY = "may be read"


class Side(msgspec.Struct, frozen=True):
    """One arm of a contrast: its planned share, 0 to 1, units exposed, and how many the plan expects of them.

    Attributes:
        arm: Its name.
        share: Planned share now.
        exposed: Units exposed; None where the report is of before there was the arm.
        expected: Units that the plans of all strata expect; None where that is not known.
    """

    arm: str
    share: float
    exposed: int | None
    expected: float | None


class Pair(msgspec.Struct, frozen=True):
    """Two arms beside each other.

    Attributes:
        arm: The arm whose effect it is.
        against: The arm it is compared with.
        lifts: The effect on each metric that people are told of, in their order.
        deciding: The one that it is decided by: net revenue, or conversion where that cannot be told.
        outlook: How many units the conversion takes, and of how many the window of what decides has closed;
            None where nobody can tell yet.
        phase: Whether it may be read.
        watched: The deciding effect with the interval that holds at any look; None where it was not read.
    """

    arm: str
    against: str
    lifts: tuple[Lift, ...]
    deciding: Lift
    outlook: Outlook | None
    phase: Phase
    watched: Effect | None


class Comparison(msgspec.Struct, frozen=True):
    """What one workflow sets side by side.

    Attributes:
        workflow: Key of the workflow.
        name: What people call it.
        unit: What is counted.
        contrast: Treated against the holdout, or arms.
        vary: What arms differ in; empty against the holdout.
        is_running: Whether the workflow has not ended.
        since: When the first unit was exposed; None before.
        sides: Its arms.
        ratio: Whether they are as large as planned.
        pairs: Each arm against those before it; none where the report is of before there were these arms.
    """

    workflow: str
    name: str
    unit: str
    contrast: Contrast
    vary: str
    is_running: bool
    since: Moment | None
    sides: tuple[Side, ...]
    ratio: SampleRatio | Undetermined
    pairs: tuple[Pair, ...]


def compare(
    workflow: Workflow, found: WorkflowReport, thorough: WorkflowReport | None = None
) -> tuple[Comparison, ...]:
    """Give the comparisons of a workflow: against its holdout, then of its arms; () without either.

    Args:
        workflow: The workflow as it is live.
        found: What it did.
        thorough: The same read in more ways, perhaps some time ago; None where it was not.
    """
    return tuple(_compared(workflow, found, thorough))


def _compared(
    workflow: Workflow, found: WorkflowReport, thorough: WorkflowReport | None
) -> Iterator[Comparison]:
    experiment = workflow.experiment
    rate = experiment.holdout_rate
    if rate > 0:
        yield _comparison(workflow, found, thorough, Contrast.HOLDOUT, {TREATED: 1 - rate, HELD_OUT: rate})
    if experiment.arms:
        shares = {arm.name: arm.share for arm in experiment.arms}
        yield _comparison(workflow, found, thorough, Contrast.ARMS, shares)


def _comparison(
    workflow: Workflow,
    found: WorkflowReport,
    thorough: WorkflowReport | None,
    contrast: Contrast,
    shares: dict[str, float],
) -> Comparison:
    began = found.began.get(contrast.value, {})
    since = min((at for arm, at in began.items() if arm in shares), default=None)
    # What the report tells of earlier experiments' arms is of those.
    lifts = [
        lift
        for lift in found.lift.lifts
        if lift.contrast is contrast and {lift.arm.arm, lift.against.arm} <= shares.keys()
    ]
    by_pair: dict[tuple[str, str], dict[Metric, Lift]] = {}
    for lift in lifts:
        by_pair.setdefault((lift.arm.arm, lift.against.arm), {})[lift.metric] = lift
    exposed = {side.arm: side.exposed for lift in lifts for side in (lift.arm, lift.against)}
    # A launch may have written arms that the report, which is kept, does not know yet.
    ratio = lifts[0].sample_ratio if lifts else UNREAD
    expected = ratio.expected if isinstance(ratio, SampleRatio) else {}
    vary = workflow.experiment.vary
    return Comparison(
        workflow=workflow.key,
        name=workflow.name,
        unit=found.unit,
        contrast=contrast,
        vary=vary.value if contrast is Contrast.ARMS and vary is not None else "",
        is_running=workflow.status is not Status.ENDED,
        since=since,
        sides=tuple(Side(arm, share, exposed.get(arm), expected.get(arm)) for arm, share in shares.items()),
        ratio=ratio,
        pairs=tuple(_pair(found, by_metric, shares, since, thorough) for by_metric in by_pair.values()),
    )


def _pair(
    found: WorkflowReport,
    by_metric: dict[Metric, Lift],
    shares: dict[str, float],
    since: Moment | None,
    thorough: WorkflowReport | None,
) -> Pair:
    money, rate = by_metric[Metric.NET_COMMITTED_REVENUE], by_metric[Metric.CONVERSION]
    deciding = rate if isinstance(money.absolute, Undetermined) else money
    arm, against = rate.arm.arm, rate.against.arm
    part = shares[arm] + shares[against]
    split = Split(shares[arm] / part, shares[against] / part) if part else Split(1.0, 0.0)
    outlook = None
    if since is not None and 0 < split.arm < 1 and not found.lift.question.is_clustered:
        exposed = rate.arm.exposed + rate.against.exposed
        question = found.lift.question
        window = question.goal_within if deciding is rate else question.horizon
        outlook = outlook_of(rate, split, exposed, since, question, window)
    if outlook is not None:
        # A window of money is longer than one of conversion: what is not over yet is not there to be read.
        over = min(outlook.closed, deciding.arm.closed + deciding.against.closed)
        outlook = msgspec.structs.replace(outlook, closed=over)
    watched = _watched(deciding, thorough)
    return Pair(
        arm=arm,
        against=against,
        lifts=tuple(by_metric[metric] for metric in metrics_told(found.lift.question)),
        deciding=deciding,
        outlook=outlook,
        phase=_phase(deciding, outlook, watched),
        watched=watched,
    )


def _watched(lift: Lift, thorough: WorkflowReport | None) -> Effect | None:
    """Give the effect with the interval that holds at any look, where it was read."""
    for other in thorough.lift.lifts if thorough is not None else ():
        is_it = (other.contrast, other.metric) == (lift.contrast, lift.metric)
        if is_it and (other.arm.arm, other.against.arm) == (lift.arm.arm, lift.against.arm):
            return next(map(_effect, filter(_is_watched, other.readings)), None)
    return None


def _is_watched(reading: Reading) -> bool:
    return reading.reading is ReadingKind.ALWAYS_VALID


def _effect(reading: Reading) -> Effect | None:
    return reading.absolute if isinstance(reading.absolute, Effect) else None


def _phase(lift: Lift, outlook: Outlook | None, watched: Effect | None) -> Phase:
    ratio = lift.sample_ratio
    if isinstance(ratio, SampleRatio) and ratio.verdict is Verdict.BLOCK:
        return Phase.BLOCKED
    if isinstance(lift.absolute, Undetermined):
        return Phase.UNKNOWN
    if outlook is not None and outlook.closed >= outlook.needed:
        return Phase.READY
    if watched is not None and (watched.low > 0 or watched.high < 0):
        return Phase.CERTAIN
    return Phase.EARLY
