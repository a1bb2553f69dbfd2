"""What is asked of the data: one workflow's outcomes, windows, currency and moment.

For whoever reads a report. The law: a question says everything the answer depends on beside the
events themselves, so the same question over the same events gives the same answer on any day.
"""

from __future__ import annotations

import enum

import msgspec

from upsell.clock import DAY, Duration, Moment
from upsell.errors import MeasurementError


class Contrast(enum.Enum):
    """Which arms are set side by side; a unit is exposed to each contrast at a moment of its own."""

    HOLDOUT = "holdout"
    ARMS = "arms"
    CONTROL = "control"


class Metric(enum.Enum):
    """A rule from a unit's outcome to a number.

    ``CONVERSION`` is 0 or 1; the others are whole minor units of the question's currency.
    """

    NET_COMMITTED_REVENUE = "net_committed_revenue"
    RECURRING_REVENUE_CHANGE = "recurring_revenue_change"
    CONVERSION = "conversion"
    MARGIN = "margin"
    NET_VALUE_AFTER_REGRET = "net_value_after_regret"


TREATED = "treated"
"""The arm of the contrast ``holdout`` that is spoken to."""

HELD_OUT = "holdout"
"""The arm of the contrast ``holdout`` that is kept without."""

PROGRAMME = "programme"
"""The arm of the contrast ``control`` that workflows may speak to."""

IN_CONTROL = "control"
"""The arm of the contrast ``control`` that every workflow passes over."""

OF_A_WORKFLOW = (Contrast.HOLDOUT, Contrast.ARMS)
"""Contrasts of a single workflow; the global control is one of all of them together."""


class Question(msgspec.Struct, frozen=True):
    """What one reading of one workflow is about.

    Attributes:
        workflow: Name of the workflow, as exposures carry it.
        goal_event: Name of the event that is the goal.
        goal_within: Length of the goal window ``(exposed_at, exposed_at + goal_within]``, microseconds.
        as_of: The moment of the reading; a window counts once it has closed by then.
        currency: ISO 4217 code of the one currency read; amounts in others are counted, never added.
        horizon: Length of the revenue window ``(exposed_at, exposed_at + horizon]``, microseconds.
        arms: The experiment's arms in the order they are compared, each with those before it; arms
            that only the exposures name come after, by code point.
        contrasts: Which contrasts are read.
        regret: How long after the horizon refunds, downgrades and churn are taken off what is left after
            regret, microseconds.
        serving: What serving one of a plan costs in a month: plan and minor units; what is not named costs
            nothing.
        has_spendings: Whether the engine holds what messages and tasks cost.
        is_clustered: Whether units were drawn together with others of their account, so that those of one
            account are not independent.

    Raises:
        MeasurementError: A window is not longer than nothing, or a name is empty.
    """

    workflow: str
    goal_event: str
    goal_within: Duration
    as_of: Moment
    currency: str
    horizon: Duration = 90 * DAY
    arms: tuple[str, ...] = ()
    contrasts: tuple[Contrast, ...] = OF_A_WORKFLOW
    is_clustered: bool = False
    regret: Duration = 30 * DAY
    serving: tuple[tuple[str, int], ...] = ()
    has_spendings: bool = False

    @property
    def knows_costs(self) -> bool:
        """Whether anything is known to cost something, so that margin is not net committed revenue."""
        return bool(self.serving) or self.has_spendings

    @property
    def metrics_told(self) -> tuple[Metric, ...]:
        """The metrics that stand side by side: a margin only where something is known to cost."""
        return tuple(metric for metric in Metric if metric is not Metric.MARGIN or self.knows_costs)

    def __post_init__(self) -> None:
        """Refuse a question that has no answer."""
        for name in ("workflow", "goal_event", "currency"):
            if not getattr(self, name):
                msg = f"expected a name for {name}, got an empty one; say what is to be measured"
                raise MeasurementError(msg)
        for name in ("goal_within", "horizon", "regret"):
            length = getattr(self, name)
            if length <= 0:
                msg = f"expected {name} above 0 microseconds, got {length}; a window needs a length"
                raise MeasurementError(msg)
