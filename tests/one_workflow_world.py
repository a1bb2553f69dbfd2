"""One workflow made of values, for tests of what its pages say."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tests.made_results import AS_OF, results
from upsell.clock import Moment
from upsell.journeys.workflow import Workflow
from upsell.runtime.counted import Counted
from upsell.runtime.guarding import Guarded
from upsell.runtime.one_workflow import OneWorkflow
from upsell.runtime.overview import State, Tone
from upsell.store.experiments import ClosedExperiment
from upsell.store.guardrails import Breach
from upsell.store.passages import PassageCount
from upsell.workspace.outline import outline
from upsell.workspace.whereabouts import Stand, Whereabouts

_PHASES = {
    Stand.WAITING: "walking",
    Stand.SPEAKING: "speaking",
    Stand.FROZEN: "frozen",
    Stand.CAPPED: "capped",
    Stand.SHADOW: "walking",
}


def one_of(
    workflow: Workflow,
    found: str = "earning",
    *,
    readings: Sequence[Guarded] = (),
    breaches: Sequence[Breach] = (),
    closed: Sequence[ClosedExperiment] = (),
    first_entry_at: Moment | None = AS_OF,
) -> OneWorkflow:
    """Give a workflow with the report on one of the made results; empty for none."""
    told = results()
    report = next((each for each in told.report.workflows if each.key == found), None)
    return OneWorkflow(
        workflow=workflow,
        drawn=outline(workflow),
        state=State("live", Tone.GOOD),
        guardrails=State("within", Tone.GOOD),
        review=State("1 January 2027", Tone.WARN),
        readings=tuple(readings),
        breaches=tuple(breaches),
        closed=tuple(closed),
        first_entry_at=first_entry_at,
        results=told,
        found=None if report is None else msgspec.structs.replace(report, unit=workflow.unit.value),
    )


def counted_as(workflow: Workflow, where: Whereabouts, at: Moment = AS_OF) -> Counted:
    """Give what was counted where so many stand so."""
    here = [
        PassageCount(workflow.version, step, _PHASES[stand], stand is Stand.SHADOW, count, at, at)
        for step, stands in where.here.items()
        for stand, count in stands.items()
    ]
    others = [
        PassageCount(version, step, "walking", False, count, at, at)
        for version, steps in where.elsewhere.items()
        for step, count in steps.items()
    ]
    return Counted(at, (*here, *others))
