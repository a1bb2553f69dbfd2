"""Outlook: how long until a conversion that cannot be read yet can be, at the rate units are exposed.

For reports. The law: what is promised is what ``power`` plans by, a lift of ``WORTH_SEEING`` seen four times
out of five; where no rate is known yet, nothing is promised.
"""

from __future__ import annotations

import msgspec

from upsell.clock import DAY, Duration, Moment
from upsell.measurement.answers import Undetermined
from upsell.measurement.lift import Lift, LiftReport
from upsell.measurement.power import Baseline, Split, find_days, find_needed
from upsell.measurement.question import Contrast, Metric, Question
from upsell.measurement.sums import Sums
from upsell.runtime.outcomes import Ledger, first_exposures

WORTH_SEEING = 0.2
"""The lift that is to be seen, as a share of what converts now."""

_MONTH = 30.4375 * DAY


class Outlook(msgspec.Struct, frozen=True):
    """When a conversion can be read.

    Attributes:
        closed: Units of both arms whose window has closed.
        needed: How many it takes to see a lift of ``lift`` four times out of five.
        lift: That lift, as a fraction of what converts now.
        per_day: Units exposed a day so far.
        lasts: How long it takes from now on, microseconds, or why that is not known.
    """

    closed: int
    needed: int
    lift: float
    per_day: float
    lasts: Duration | Undetermined


def find_outlook(report: LiftReport, ledger: Ledger, holdout_rate: float) -> Outlook | None:
    """Find when the conversion against the holdout can be read; None where it can, or nobody can tell."""
    found = next(
        (
            lift
            for lift in report.lifts
            if lift.contrast is Contrast.HOLDOUT and lift.metric is Metric.CONVERSION
        ),
        None,
    )
    question = report.question
    if found is None or not isinstance(found.absolute, Undetermined) or question.is_clustered:
        return None
    exposed_at = first_exposures(ledger, question.workflow, Contrast.HOLDOUT)
    if not exposed_at or not 0 < holdout_rate < 1:
        return None
    split = Split(1 - holdout_rate, holdout_rate)
    return outlook_of(found, split, len(exposed_at), exposed_at[0], question)


def outlook_of(
    lift: Lift, split: Split, exposed: int, since: Moment, question: Question, window: Duration | None = None
) -> Outlook | None:
    """Find how many units the conversion of a pair of arms takes, and until when; None where nobody can tell.

    Args:
        lift: The conversion, whether it can be read or not.
        split: How the units of the pair are shared out.
        exposed: Units of the pair exposed so far.
        since: When the first of them was.
        question: What was asked.
        window: How long after its exposure a unit is waited for; the goal's window if not said.
    """
    units, total = lift.arm.closed + lift.against.closed, lift.arm.total + lift.against.total
    if not 0 < total < units:
        return None
    baseline = Baseline(Metric.CONVERSION, Sums(units, total, total, total))
    needed = find_needed(baseline, baseline.mean * WORTH_SEEING, split)
    if isinstance(needed, Undetermined):
        return None
    per_day = exposed / max((question.as_of - since) / DAY, 1.0)
    lasts = find_days(max(needed.units - exposed, 0), per_day, window or question.goal_within)
    return Outlook(units, needed.units, WORTH_SEEING, per_day, lasts)


def outlook_words(outlook: Outlook, unit: str) -> str:
    """Say when it can be known, to the month."""
    seen = "1" if outlook.closed == 1 else f"{outlook.closed:,}"
    takes = f"seeing a lift of {outlook.lift:.0%} takes {outlook.needed:,}"
    noun = unit if outlook.closed == 1 else f"{unit}s"
    return f"Cannot know with {seen} {noun}: {takes}, {_when(outlook)}."


def progress_words(outlook: Outlook, unit: str) -> str:
    """Say how far it is, and how long it still takes."""
    lift = f"a lift of {outlook.lift:.0%} of the conversion"
    said = f"{outlook.closed:,} of the {outlook.needed:,} {unit}s that seeing {lift} takes"
    return f"{said}." if outlook.closed >= outlook.needed else f"{said}; {_when(outlook)}."


def _when(outlook: Outlook) -> str:
    if isinstance(outlook.lasts, Undetermined):
        return outlook.lasts.detail
    if outlook.lasts < 2 * _MONTH:
        return f"about {max(round(outlook.lasts / DAY), 1)} days more at this rate"
    return f"about {outlook.lasts / _MONTH:,.0f} months more at this rate"
