"""Salts: that no two holdouts of a workspace are drawn alike, nor one as the global control.

The law: being held out of one workflow says nothing about another: each is measured with all else equal.
"""

from __future__ import annotations

from upsell.journeys.program import Program
from upsell.journeys.workflow import Status, Workflow
from upsell.workspace.findings import Findings
from upsell.workspace.items import NOTHING_WRITTEN, Record


def lint_salt(workflow: Workflow, record: Record, program: Program, findings: Findings) -> None:
    """Note a holdout that is drawn by the salt of another's, or by that of the global control."""
    experiment, control = workflow.experiment, program.policy.control
    if not experiment.holdout_rate:
        return
    alike = [
        f"the holdout of {other.key}"
        for other in program.workflows.values()
        if other.key != workflow.key
        and other.status is not Status.ENDED
        and other.experiment.holdout_rate
        and other.experiment.salt == experiment.salt
    ]
    if control.rate and control.period is None and control.salt == experiment.salt:
        alike.append("the global control")
    if alike:
        written = record.record("experiment") or NOTHING_WRITTEN
        findings.warning(
            written.keys.get("salt", record.keys.get("experiment", record.place)),
            f"expected a salt of its own for each holdout, got {experiment.salt}, which draws "
            f"{' and '.join(alike)} too",
            hint="the same units would be in both; write experiment: {salt: ...}, or leave salt out",
            code="shared-salt",
        )
