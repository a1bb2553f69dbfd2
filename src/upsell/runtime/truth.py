"""The planted truth: what a workflow did to the units exposed in it, by living both worlds.

For simulations, where it can be known: each unit exposed in the run is lived again with this
workflow treating everybody, and with it holding everybody out, all else the same. The law: the
truth is the mean difference of these outcomes over the exposed, by the report's own definition of
an outcome, and never the number that was planted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import msgspec

from upsell.clock import Duration
from upsell.decisions.decision import Exposure
from upsell.ids import account_unit
from upsell.journeys.program import Program
from upsell.measurement.question import Contrast, Metric, Question
from upsell.runtime.company import Company, account_id
from upsell.runtime.outcomes import Ledger, OutcomeRow, unit_rows
from upsell.runtime.worlds import live_through
from upsell.signals.events import Event
from upsell.workspace.compile import compile_documents
from upsell.workspace.documents import Documents

AT_ONCE = 250
"""How many accounts one piece of work lives again."""


class Truth(msgspec.Struct, frozen=True):
    """The planted truth of one workflow for one metric.

    Attributes:
        metric: What is measured.
        units: Exposed units whose window has closed, which it is the mean over.
        treated: Their mean outcome with the workflow treating everybody.
        held_out: Their mean outcome with the workflow holding everybody out.
    """

    metric: Metric
    units: int
    treated: float
    held_out: float

    @property
    def effect(self) -> float:
        """What the workflow did, per unit exposed."""
        return self.treated - self.held_out


class Rerun(msgspec.Struct, frozen=True):
    """What is to be lived again: these accounts, in this company, asked this question."""

    documents: Documents
    company: Company
    step: Duration
    question: Question
    indexes: tuple[int, ...]


def planted_truth(
    reruns: Sequence[Rerun], processes: int, told: Callable[[float], None]
) -> dict[str, tuple[Truth, ...]]:
    """Live every rerun in both worlds; give the truths by workflow, in order of ``Metric``.

    With more than one process the accounts are shared out among them; the answer is the same.
    ``told`` hears what share is done.
    """
    parts = [part for rerun in reruns for part in _split(rerun)]
    found: dict[str, list[tuple[OutcomeRow, OutcomeRow]]] = {r.question.workflow: [] for r in reruns}
    for done, (workflow, pairs) in enumerate(_run(parts, processes), 1):
        found[workflow] += pairs
        told(done / len(parts))
    return {workflow: tuple(_truth(metric, pairs) for metric in Metric) for workflow, pairs in found.items()}


def assign_all(program: Program, workflow: str, holdout_rate: float) -> Program:
    """Give the program with one workflow holding out a share of 0 or 1, all else the same."""
    definition = program.workflows[workflow]
    experiment = msgspec.structs.replace(definition.experiment, holdout_rate=holdout_rate)
    changed = msgspec.structs.replace(definition, experiment=experiment)
    return msgspec.structs.replace(program, workflows={**program.workflows, workflow: changed})


def live_both(rerun: Rerun) -> tuple[str, list[tuple[OutcomeRow, OutcomeRow]]]:
    """Live the accounts of a rerun treated and held out; give the workflow and outcomes pair by pair."""
    program = compile_documents(rerun.documents).program
    treated, held_out = (_outcomes(rerun, program, rate) for rate in (0.0, 1.0))
    pairs = [(treated[unit], held_out[unit]) for unit in treated if unit in held_out]
    return rerun.question.workflow, pairs


def _outcomes(rerun: Rerun, program: Program, rate: float) -> dict[str, OutcomeRow]:
    workflow = rerun.question.workflow
    variant = assign_all(program, workflow, rate)
    exposures: list[Exposure] = []
    events: list[tuple[str, Event]] = []
    for index in rerun.indexes:
        world = live_through(variant, rerun.company, index, rerun.step)
        exposures += [
            exposure
            for exposure in world.exposures
            if exposure.workflow == workflow and exposure.contrast == Contrast.HOLDOUT.value
        ]
        unit_id = account_unit(account_id(index))
        events += [(unit_id, event) for event in world.events]
    rows = unit_rows(Ledger.of(exposures, events), rerun.question)
    return {row.unit_id: row for row in rows}


def _split(rerun: Rerun) -> Iterable[Rerun]:
    for start in range(0, len(rerun.indexes), AT_ONCE):
        yield msgspec.structs.replace(rerun, indexes=rerun.indexes[start : start + AT_ONCE])


def _run(parts: Sequence[Rerun], processes: int) -> Iterable[tuple[str, list[tuple[OutcomeRow, OutcomeRow]]]]:
    if processes == 1:
        yield from map(live_both, parts)
        return
    # Threads of the replay may still run, so children are born clean and not as copies.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield from pool.map(live_both, parts)


def _truth(metric: Metric, pairs: Sequence[tuple[OutcomeRow, OutcomeRow]]) -> Truth:
    known = [
        (treated.outcome(metric), held_out.outcome(metric))
        for treated, held_out in pairs
        if treated.outcome(metric) is not None and held_out.outcome(metric) is not None
    ]
    units = len(known)
    means = [sum(float(pair[side] or 0) for pair in known) / units if units else 0.0 for side in (0, 1)]
    return Truth(metric, units, means[0], means[1])
