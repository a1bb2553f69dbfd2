"""Backtest: what a workspace would have done over a history, asked of the very core that runs live.

Files are laid down by household, and households are rehearsed in as many processes as there are
cores; each process compiles the program from the documents itself. The law: the same files and
workspace give the same report, whatever the number of processes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from collections.abc import Mapping as MappingOf
from pathlib import Path
from typing import TypeAlias

import msgspec

from upsell.clock import DAY, Clock, Moment
from upsell.journeys.advance import concerns_for
from upsell.journeys.program import Program
from upsell.runtime.outcomes import OUTCOME_EVENTS, Ledger
from upsell.runtime.stages import Part, Rehearsed, open_stage
from upsell.runtime.tally import Tally, add_up
from upsell.sources.households import deal_out
from upsell.sources.mapping import Mapping
from upsell.sources.rejects import Reject
from upsell.sources.relations import DataFile
from upsell.sources.staging import FileCounts, Staging
from upsell.workspace.compile import compile_documents
from upsell.workspace.documents import Documents

_EVENTS_IN_A_PART = 250_000
"""About how many events one part should hold at most, so that it is sorted in little memory."""

_PARTS_FOR_EACH_WORKER = 4
"""Several parts for each process, so that none waits long for the last."""

_READING_MEMORY = "320MB"

Progress: TypeAlias = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is (0 when not known)."""


class Question(msgspec.Struct, frozen=True):
    """What is asked of a history.

    Attributes:
        documents: The workspace.
        mapping: How the files' rows become events.
        files: The files.
        since: The workflows go live then; earlier events only build up what is known. None for
            from the beginning.
        until: Events seen from then on are left out. None for all.
        workers: How many processes.
    """

    documents: Documents
    mapping: Mapping
    files: tuple[DataFile, ...]
    since: Moment | None = None
    until: Moment | None = None
    workers: int = 1


class Outcome(msgspec.Struct, frozen=True):
    """What one workflow would have done, and over how many units."""

    workflow: str
    name: str
    unit: str
    units: int
    goal: str
    within_days: float
    tally: Tally


class Backtest(msgspec.Struct, frozen=True):
    """What a workspace would have done.

    Attributes:
        program: Version of the program.
        files: What became of the files' rows.
        mattered: How many of the events can mean anything to the program; the others were counted only.
        since: From when the workflows were live.
        until: Up to when time was let pass.
        outcomes: For each workflow, in order of their keys.
    """

    program: str
    files: FileCounts
    mattered: int
    since: Moment | None
    until: Moment
    outcomes: tuple[Outcome, ...]


class History(msgspec.Struct, frozen=True):
    """Whom a workspace would have exposed over a history, and what they did untouched.

    Attributes:
        program: The workspace compiled.
        ledger: Exposures, and the events outcomes are made of.
        since: From when the workflows were live.
        until: Up to when time was let pass.
        units: How many units the files know, by kind.
        files: What became of the files' rows.
    """

    program: Program
    ledger: Ledger
    since: Moment
    until: Moment
    units: MappingOf[str, int]
    files: FileCounts


def run_backtest(
    question: Question, clock: Clock, progress: Progress, keep_rejects: Callable[[Iterator[Reject]], object]
) -> Backtest:
    """Run a backtest.

    Args:
        question: What is asked.
        clock: Tells the present, after which no event can have happened.
        progress: Told now and then how far it is.
        keep_rejects: Given what was refused of the files, while they can be read.

    Raises:
        DefinitionError: The workspace or the mapping is wrong.
        UpsellError: A process of the backtest died.
    """
    program = compile_documents(question.documents).program
    rehearsed = _rehearse(question, program, clock, progress, keep_rejects, keeps_outcomes=False)
    tallies = add_up(part.tallies for part in rehearsed.parts)
    return Backtest(
        program=program.version,
        files=rehearsed.files,
        mattered=rehearsed.mattered,
        since=question.since,
        until=rehearsed.until,
        outcomes=tuple(_outcomes(program, rehearsed.files, tallies)),
    )


def read_history(
    question: Question, clock: Clock, progress: Progress, keep_rejects: Callable[[Iterator[Reject]], object]
) -> History:
    """Rehearse a workspace with every ramp open, and give whom it would have exposed and what they did.

    Arguments and errors are those of ``run_backtest``.
    """
    program = compile_documents(question.documents).program
    rehearsed = _rehearse(question, program, clock, progress, keep_rejects, keeps_outcomes=True)
    since = question.since if question.since is not None else rehearsed.files.first_at
    return History(
        program=program,
        ledger=Ledger.joined(part.ledger for part in rehearsed.parts if part.ledger is not None),
        since=since if since is not None else rehearsed.until,
        until=rehearsed.until,
        units={"account": rehearsed.files.accounts, "customer": rehearsed.files.customers},
        files=rehearsed.files,
    )


class _Rehearsed(msgspec.Struct, frozen=True):
    """What came of all files."""

    files: FileCounts
    mattered: int
    until: Moment
    parts: list[Rehearsed]


def _rehearse(
    question: Question,
    program: Program,
    clock: Clock,
    progress: Progress,
    keep_rejects: Callable[[Iterator[Reject]], object],
    *,
    keeps_outcomes: bool,
) -> _Rehearsed:
    """Lay the files down by household and rehearse every part."""
    names = concerns_for(program).names | (OUTCOME_EVENTS if keeps_outcomes else frozenset())
    with (
        tempfile.TemporaryDirectory(prefix="upsell-backtest-") as name,
        open_stage(question.documents, program, question.workers) as stage,
    ):
        folder = Path(name)
        progress("reading files", 0, 0)
        with Staging(folder, memory=_READING_MEMORY) as staging:
            staging.load(question.mapping, question.files, clock.now(), names)
            counts = staging.counts(question.until)
            keep_rejects(staging.rejects())
            mattered = sum(number for event, number in counts.by_name.items() if event in names)
            number = max(question.workers * _PARTS_FOR_EACH_WORKER, mattered // _EVENTS_IN_A_PART + 1)
            paths = deal_out(staging, folder / "parts", number, question.until)
        until = question.until if question.until is not None else counts.last_at or 0
        dealt = [Part(path, folder, question.since, until, keeps_outcomes) for path in paths]
        parts = list(stage.rehearse(dealt, lambda done: progress("rehearsing", done, mattered)))
    return _Rehearsed(counts, mattered, until, parts)


def _outcomes(program: Program, counts: FileCounts, tallies: dict[str, Tally]) -> Iterator[Outcome]:
    units = {"account": counts.accounts, "customer": counts.customers}
    for key, workflow in sorted(program.workflows.items()):
        yield Outcome(
            workflow=key,
            name=workflow.name,
            unit=workflow.unit.value,
            units=units[workflow.unit.value],
            goal=workflow.goal.event,
            within_days=workflow.goal.within / DAY,
            tally=tallies.get(key, Tally()),
        )
