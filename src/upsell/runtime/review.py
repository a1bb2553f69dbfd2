"""The monthly expansion review: what ran, what was learned, what to stop, and what to try next.

For ``upsell review``. The law: to stop is advised by rules that are stated, never by feeling: an interval
below zero, no effect where one worth having would have been seen, a guardrail that is broken, or a review
that is overdue.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from statistics import NormalDist
from zoneinfo import ZoneInfo

import msgspec

from upsell.clock import Moment, from_datetime, to_datetime
from upsell.decisions.guardrails import Action
from upsell.errors import ConfigError
from upsell.journeys.program import Program
from upsell.journeys.workflow import Status, Workflow
from upsell.measurement.answers import Effect, Undetermined
from upsell.measurement.lift import Lift
from upsell.runtime.reporting import Report, WorkflowReport, read_funnel, report
from upsell.runtime.results import holdout_lifts
from upsell.store.connect import Connection
from upsell.store.experiments import ClosedExperiment, read_closed_experiments
from upsell.store.guardrails import Breach, read_breaches
from upsell.store.queries import query

WORTH_HAVING = 0.1
"""An effect worth having: this share of what the holdout does."""

POWER = 0.8
"""How likely such an effect would have been seen, for a reading to be of adequate power."""


class Month(msgspec.Struct, frozen=True):
    """A calendar month in the team's zone, half-open: its name, beginning and end."""

    name: str
    starts_at: Moment
    ends_at: Moment


class StopRule(enum.Enum):
    """Why a workflow is advised to be stopped."""

    NEGATIVE = "its net revenue lies below the holdout's, with the whole interval"
    NO_EFFECT = "no effect was seen where one worth having would have been"
    GUARDRAIL = "a guardrail of it is beyond its limit"
    OVERDUE = "its review is overdue"


class Activity(msgspec.Struct, frozen=True):
    """What a workflow did in the month: units considered, let in, held out, exposed, and messages sent."""

    considered: int
    let_in: int
    held_out: int
    exposed: int
    messages: int


class Seen(msgspec.Struct, frozen=True):
    """How small an effect a reading could have seen.

    Attributes:
        smallest: The smallest effect seen with ``POWER``, as a share of the holdout's mean.
        units: Units read, whose windows have closed.
        needed: Units with which an effect worth having is seen.
        is_decided: Whether the interval lies clear of zero, so that nothing is to be waited for.
    """

    smallest: float
    units: int
    needed: int
    is_decided: bool

    @property
    def is_adequate(self) -> bool:
        """Whether an effect worth having would have been seen."""
        return self.smallest <= WORTH_HAVING


class Reviewed(msgspec.Struct, frozen=True):
    """One workflow under review.

    Attributes:
        report: What it did and earned, up to the end of the month.
        status: Whether it is live, paused or ended.
        owner: Who answers for it.
        review_by: ISO date by which it is to be looked at again, or None.
        activity: What it did in the month.
        seen: How small an effect could have been seen, or why that cannot be said.
        stop: Rules by which it is to be stopped; none for go on.
        broken: Its guardrails that were beyond their limit at the end, oldest first.
        let_go_on: Its guardrails that were broken and after which somebody let it go on in the month.
        has_holdout: Whether anybody is held out.
        has_arms: Whether it tests one way of treating against another.
    """

    report: WorkflowReport
    status: Status
    owner: str
    review_by: str | None
    activity: Activity
    seen: Seen | Undetermined
    stop: tuple[StopRule, ...]
    has_holdout: bool
    has_arms: bool
    broken: tuple[Breach, ...] = ()
    let_go_on: tuple[Breach, ...] = ()

    @property
    def is_held(self) -> bool:
        """Whether a guardrail keeps it paused."""
        return any(breach.action is Action.PAUSE for breach in self.broken)


class Review(msgspec.Struct, frozen=True):
    """A month under review.

    Attributes:
        month: Which one.
        as_of: Up to when it is read: its end, or now while it lasts.
        report: The report as of then.
        workflows: Each workflow, in order of their keys.
        closed: Experiments closed in the month, oldest first.
        proposals: What was proposed to try.
    """

    month: Month
    as_of: Moment
    report: Report
    workflows: tuple[Reviewed, ...]
    closed: tuple[ClosedExperiment, ...]
    proposals: tuple[str, ...]


def month_of(text: str | None, zone: str, now: Moment) -> Month:
    """Give the month that is named, such as ``2026-10``; without a name the last one that is over.

    Raises:
        ConfigError: It is no month, or has not begun.
    """
    tz = ZoneInfo(zone)
    today = to_datetime(now).astimezone(tz)
    first = _read_month(text) if text is not None else _shifted(date(today.year, today.month, 1), -1)
    starts_at = _midnight(first, tz)
    if starts_at >= now:
        msg = f"--month: expected a month that has begun, got {first:%Y-%m}; today is {today:%Y-%m-%d}"
        raise ConfigError(msg)
    return Month(f"{first:%B %Y}", starts_at, _midnight(_shifted(first, 1), tz))


def review(connection: Connection, program: Program, month: Month, now: Moment) -> Review:
    """Review the workflows of a program over a month, read up to its end or to now while it lasts."""
    as_of = min(month.ends_at, now)
    told = report(connection, program, as_of)
    exposed = _exposed(connection, month.starts_at, as_of)
    breaches = [breach for breach in read_breaches(connection) if breach.found_at < as_of]
    day = to_datetime(as_of - 1).astimezone(ZoneInfo(program.zone)).date()
    return Review(
        month=month,
        as_of=as_of,
        report=told,
        workflows=tuple(
            _reviewed(
                found,
                program.workflows[found.key],
                _activity(connection, found, month.starts_at, exposed.get(found.key, 0)),
                day,
                [breach for breach in breaches if breach.workflow == found.key],
                (month.starts_at, as_of),
            )
            for found in told.workflows
        ),
        closed=tuple(
            closed
            for closed in read_closed_experiments(connection)
            if month.starts_at <= closed.closed_at < month.ends_at
        ),
        proposals=program.reports.proposals,
    )


def seen_of(lift: Lift) -> Seen | Undetermined:
    """Give how small an effect a reading could have seen, from its interval.

    The standard error is the interval's half width over the normal quantile; the smallest effect seen with
    power 1 - b, two-sided at 5 %, is (z(0.975) + z(1 - b)) standard errors, and units go with its inverse
    square (Cohen, Statistical Power Analysis, 1988, chapter 2).
    """
    effect, base = lift.absolute, lift.against.mean
    if isinstance(effect, Undetermined):
        return effect
    if isinstance(base, Undetermined):
        return base
    normal = NormalDist()
    error = (effect.high - effect.low) / 2 / normal.inv_cdf((1 + effect.level) / 2)
    smallest = (normal.inv_cdf((1 + effect.level) / 2) + normal.inv_cdf(POWER)) * error
    units = lift.arm.closed + lift.against.closed
    share = smallest / abs(base) if base else math.inf
    needed = math.ceil(units * (share / WORTH_HAVING) ** 2) if math.isfinite(share) else units
    return Seen(share, units, needed, is_decided=effect.low > 0 or effect.high < 0)


def rules_broken(
    lift: Lift, workflow: Workflow, day: date, broken: Sequence[Breach] = ()
) -> tuple[StopRule, ...]:
    """Give the rules by which a workflow is to be stopped as of a day; an ended one has none.

    Args:
        lift: Its net revenue against the holdout.
        workflow: The workflow.
        day: The day.
        broken: Its guardrails that are beyond their limit on that day.
    """
    if workflow.status is Status.ENDED:
        return ()
    effect, seen = lift.absolute, seen_of(lift)
    rules = []
    if isinstance(effect, Effect) and effect.high < 0:
        rules.append(StopRule.NEGATIVE)
    if isinstance(seen, Seen) and seen.is_adequate and not seen.is_decided:
        rules.append(StopRule.NO_EFFECT)
    if broken:
        rules.append(StopRule.GUARDRAIL)
    if workflow.review_by is not None and date.fromisoformat(workflow.review_by) < day:
        rules.append(StopRule.OVERDUE)
    return tuple(rules)


def _reviewed(
    found: WorkflowReport,
    workflow: Workflow,
    activity: Activity,
    day: date,
    breaches: Sequence[Breach],
    span: tuple[Moment, Moment],
) -> Reviewed:
    revenue, (starts_at, as_of) = holdout_lifts(found)[1], span
    open_then = [each for each in breaches if each.ended_at is None or each.ended_at >= as_of]
    return Reviewed(
        report=found,
        status=workflow.status,
        owner=workflow.owner,
        review_by=workflow.review_by,
        activity=activity,
        seen=seen_of(revenue),
        stop=rules_broken(revenue, workflow, day, open_then),
        has_holdout=found.holdout_rate > 0,
        has_arms=bool(workflow.experiment.arms),
        broken=tuple(open_then),
        let_go_on=tuple(
            each for each in breaches if each.ended_at is not None and starts_at <= each.ended_at < as_of
        ),
    )


def _activity(connection: Connection, found: WorkflowReport, since: Moment, exposed: int) -> Activity:
    now, before = found.funnel, read_funnel(connection, found.key, since - 1)
    return Activity(
        considered=now.considered - before.considered,
        let_in=now.let_in - before.let_in,
        held_out=now.held_out - before.held_out,
        exposed=exposed,
        messages=now.messages_sent - before.messages_sent,
    )


def _exposed(connection: Connection, since: Moment, until: Moment) -> Mapping[str, int]:
    return dict(
        connection.execute(query("report_exposed_between"), {"since": since, "until": until}).fetchall()
    )


def _read_month(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m").date()
    except ValueError as error:
        msg = f"--month: expected a month such as 2026-10, got {text}"
        raise ConfigError(msg) from error


def _shifted(first: date, months: int) -> date:
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, 1)


def _midnight(day: date, zone: ZoneInfo) -> Moment:
    return from_datetime(datetime(day.year, day.month, day.day, tzinfo=zone))
