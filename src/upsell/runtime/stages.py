"""Stages: where rehearsals run, in this process or in several, each with its own compiled program.

Rules are closures and cannot travel between processes, so documents do, and each process compiles
them once. Processes are started before there is work, because starting one takes as long as
reading some hundred thousand events.
"""

from __future__ import annotations

import gc
import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Protocol

import msgspec

from upsell.clock import Moment
from upsell.errors import UpsellError
from upsell.journeys.program import Program
from upsell.runtime.outcomes import Ledger
from upsell.runtime.rehearsal import Rehearsal
from upsell.runtime.tally import Tally
from upsell.sources.households import read_part
from upsell.workspace.compile import compile_documents
from upsell.workspace.documents import Documents

_TOLD_EVERY = 2_000
"""After how many events the number of events done is told."""

_ASKED_EVERY_SECONDS = 0.1


class Part(msgspec.Struct, frozen=True):
    """One part of the households, and the window they are rehearsed over.

    Attributes:
        path: Where its events lie.
        spill: Where sorting may spill to.
        since: The workflows go live then, None for from the beginning.
        until: Up to when time is let pass.
        keeps_outcomes: Whether exposures and outcomes are kept, with every ramp open to all.
    """

    path: Path
    spill: Path
    since: Moment | None
    until: Moment
    keeps_outcomes: bool = False


class Rehearsed(msgspec.Struct, frozen=True):
    """What came of a part: a tally by workflow, and exposures with outcomes where they were kept."""

    tallies: dict[str, Tally]
    ledger: Ledger | None = None


class Stage(Protocol):
    """Where parts are rehearsed."""

    def rehearse(self, parts: Sequence[Part], told: Callable[[int], None]) -> Iterator[Rehearsed]:
        """Give what came of each part, in any order; ``told`` hears how many events are done."""
        ...


@contextmanager
def open_stage(documents: Documents, program: Program, workers: int) -> Iterator[Stage]:
    """Open a stage of so many processes; one is this process, which has the program compiled already."""
    if workers == 1:
        yield _Here(program)
        return
    context = multiprocessing.get_context("spawn")
    done = context.Value("q", 0)
    pool = ProcessPoolExecutor(workers, context, _begin, (dict(documents), done))
    try:
        warm = [pool.submit(_nothing) for _ in range(workers)]
        yield _Elsewhere(pool, done)
        del warm
    except BrokenProcessPool as error:
        msg = (
            "a process of the backtest ended before its work was done; was it out of memory? try --workers 1"
        )
        raise UpsellError(msg) from error
    finally:
        pool.shutdown(cancel_futures=True)


class _Here:
    """Parts rehearsed one after the other in this process."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def rehearse(self, parts: Sequence[Part], told: Callable[[int], None]) -> Iterator[Rehearsed]:
        done = 0

        def count(number: int) -> None:
            nonlocal done
            done += number
            told(done)

        for part in parts:
            yield _rehearse(self._program, part, count)


class _Elsewhere:
    """Parts rehearsed by a pool of processes."""

    def __init__(self, pool: ProcessPoolExecutor, done: Synchronized[int]) -> None:
        self._pool = pool
        self._done = done

    def rehearse(self, parts: Sequence[Part], told: Callable[[int], None]) -> Iterator[Rehearsed]:
        waiting: set[Future[Rehearsed]] = {self._pool.submit(_rehearse_part, part) for part in parts}
        while waiting:
            finished, waiting = wait(waiting, _ASKED_EVERY_SECONDS, FIRST_COMPLETED)
            told(self._done.value)
            yield from (future.result() for future in finished)


class _Worker:
    """What a process of the pool holds: its program, and the number of events done by all."""

    program: Program
    done: Synchronized[int]


def _begin(documents: Documents, done: Synchronized[int]) -> None:
    """Prepare a process of the pool; it ends with the one that started it, not with its terminal."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Events and records have no cycles; looking for them often costs a tenth of the time.
    gc.set_threshold(100_000, 20, 100)
    _Worker.program = compile_documents(documents).program
    _Worker.done = done


def _nothing() -> None:
    """Do nothing: a process is started by its first piece of work."""


def _rehearse_part(part: Part) -> Rehearsed:
    """Rehearse a part in a process of the pool."""

    def count(number: int) -> None:
        with _Worker.done.get_lock():
            _Worker.done.value += number

    return _rehearse(_Worker.program, part, count)


def _rehearse(program: Program, part: Part, count: Callable[[int], None]) -> Rehearsed:
    """Rehearse the households of one part; ``count`` hears of events as they are done."""
    if part.keeps_outcomes:
        program = open_ramps(program)
    rehearsal = Rehearsal(program, part.since, part.until, keeps_outcomes=part.keeps_outcomes)
    untold = 0
    for household_id, events in read_part(part.path, part.spill):
        rehearsal.run(household_id, events)
        untold += len(events)
        if untold >= _TOLD_EVERY:
            count(untold)
            untold = 0
    count(untold)
    ledger = (
        Ledger.of(rehearsal.exposures, rehearsal.outcomes, rehearsal.homes) if part.keeps_outcomes else None
    )
    return Rehearsed(rehearsal.tallies, ledger)


def open_ramps(program: Program) -> Program:
    """Give the program with every workflow open to all its units."""
    workflows = {
        key: msgspec.structs.replace(
            workflow, experiment=msgspec.structs.replace(workflow.experiment, ramp=())
        )
        for key, workflow in program.workflows.items()
    }
    return msgspec.structs.replace(program, workflows=workflows)
