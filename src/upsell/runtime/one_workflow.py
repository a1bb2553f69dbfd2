"""One workflow: all that its page rests on, read once, and the same for machines.

The law: what is said of it here is what the overview and the report say of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from upsell.clock import Moment, format_moment, to_datetime
from upsell.journeys.program import Program
from upsell.journeys.workflow import Workflow
from upsell.measurement.lift import Lift
from upsell.measurement.question import Contrast
from upsell.runtime.counted import Counted
from upsell.runtime.drawn import drawn_content, known_program, outline_of, whereabouts_of
from upsell.runtime.guarding import ALL_MAIL, Guarded, open_breaches, read_guardrails
from upsell.runtime.overview import State, guardrails_of, review_of, state_of
from upsell.runtime.reporting import WorkflowReport
from upsell.runtime.results import Results, holdout_lifts, workflow_content
from upsell.store.connect import Connection
from upsell.store.experiments import ClosedExperiment, read_closed_experiments
from upsell.store.guardrails import Breach, read_breaches
from upsell.store.passages import find_first_entry
from upsell.store.stops import open_stops
from upsell.workspace.outline import Outline
from upsell.workspace.whereabouts import Whereabouts


class OneWorkflow(msgspec.Struct, frozen=True):
    """What is known of one workflow.

    Attributes:
        workflow: What is live of it.
        drawn: The same as a tree.
        state: Whether it runs.
        guardrails: How its guardrails stand.
        review: When it is to be looked at again.
        readings: Its guardrails, and those of all mail that may pause it, as they stand.
        breaches: Every time one of them was broken, the first first.
        closed: Its experiments that were closed, oldest first.
        first_entry_at: When it first let somebody in, None before.
        results: A report on what is live.
        found: What that says of it; None where the report does not know it yet.
    """

    workflow: Workflow
    drawn: Outline
    state: State
    guardrails: State
    review: State
    readings: tuple[Guarded, ...]
    breaches: tuple[Breach, ...]
    closed: tuple[ClosedExperiment, ...]
    first_entry_at: Moment | None
    results: Results
    found: WorkflowReport | None


def read_workflow(
    connection: Connection, program: Program | None, results: Results, key: str, now: Moment
) -> OneWorkflow:
    """Read all of one workflow that is live, with a report on it.

    Raises:
        ConfigError: There is none of that key, or no program.
    """
    live = known_program(program, key)
    workflow = live.workflows[key]
    readings = [each for each in read_guardrails(connection, live) if each.workflow in (key, ALL_MAIL)]
    mine = [each for each in open_breaches(connection) if each.workflow == key]
    return OneWorkflow(
        workflow=workflow,
        drawn=outline_of(live, key),
        state=state_of(workflow, mine, open_stops(connection)),
        guardrails=guardrails_of([each for each in readings if each.workflow == key], mine),
        review=review_of(workflow.review_by, to_datetime(now).date()),
        readings=tuple(readings),
        breaches=tuple(each for each in read_breaches(connection) if each.workflow == key),
        closed=tuple(each for each in read_closed_experiments(connection) if each.workflow == key),
        first_entry_at=find_first_entry(connection, key),
        results=results,
        found=next((each for each in results.report.workflows if each.key == key), None),
    )


def where_all_stand(one: OneWorkflow, counted: Counted | None) -> Whereabouts:
    """Give who stands where by what was counted; nobody where nothing was yet."""
    return whereabouts_of(counted.counts if counted is not None else (), one.drawn)


def exposed_by_arm(found: WorkflowReport) -> dict[str, int]:
    """Count the units that were exposed in the holdout, treated, and in each arm."""
    first = holdout_lifts(found)[0]
    sizes = {first.against.arm: first.against.exposed, first.arm.arm: first.arm.exposed}
    for lift in arm_lifts(found):
        sizes |= {lift.against.arm: lift.against.exposed, lift.arm.arm: lift.arm.exposed}
    return sizes


def arm_lifts(found: WorkflowReport) -> Sequence[Lift]:
    """Give one lift of each pair of arms; none without arms."""
    pairs = {
        (lift.arm.arm, lift.against.arm): lift for lift in found.lift.lifts if lift.contrast is Contrast.ARMS
    }
    return list(pairs.values())


def one_content(one: OneWorkflow, counted: Counted, now: Moment) -> dict[str, Any]:
    """Give the same as plain data: moments as ISO 8601, amounts in minor units, states by their codes."""
    workflow, experiment = one.workflow, one.workflow.experiment
    return {
        "at": format_moment(now),
        "counted_at": format_moment(counted.at),
        **drawn_content(one.drawn, where_all_stand(one, counted)),
        "owner": workflow.owner,
        "purpose": workflow.purpose,
        "state": one.state.words,
        "review_by": workflow.review_by,
        "report_at": format_moment(one.results.report.as_of),
        "report": None if one.found is None else workflow_content(one.results, one.found),
        "experiment": {
            "holdout_rate": experiment.holdout_rate,
            "since": None if one.first_entry_at is None else format_moment(one.first_entry_at),
            "vary": None if experiment.vary is None else experiment.vary.value,
            "arms": {arm.name: arm.share for arm in experiment.arms},
            "is_by_account": experiment.is_by_account,
            "exposed": {} if one.found is None else exposed_by_arm(one.found),
            "closed": [_closed_content(each) for each in one.closed],
        },
        "guardrails": {
            "state": one.guardrails.words,
            "readings": [_reading_content(each) for each in one.readings],
            "breaches": [_breach_content(each) for each in one.breaches],
        },
    }


def _reading_content(each: Guarded) -> dict[str, Any]:
    reading = each.reading
    return {
        "guardrail": each.guardrail,
        "is_of_all_mail": each.workflow == ALL_MAIL,
        "action": each.action.value,
        "standing": reading.standing.name.lower(),
        "counted": reading.counted,
        "seen": reading.seen,
        "limit": reading.limit,
        "rate": reading.rate,
        "low": reading.low,
        "high": reading.high,
        "words": each.words,
    }


def _breach_content(each: Breach) -> dict[str, Any]:
    return {
        "number": each.number,
        "guardrail": each.guardrail,
        "action": each.action.value,
        "words": each.words,
        "found_at": format_moment(each.found_at),
        "ended_at": None if each.ended_at is None else format_moment(each.ended_at),
        "ended_by": each.ended_by,
        "why": each.why,
    }


def _closed_content(each: ClosedExperiment) -> dict[str, Any]:
    return {
        "vary": each.vary,
        "arm": each.arm,
        "closed_at": format_moment(each.closed_at),
        "closed_by": each.closed_by,
        "why": each.why,
        "record": msgspec.Raw(each.record.encode()),
    }
