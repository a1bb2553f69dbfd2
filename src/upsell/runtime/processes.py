"""Processes: the parts of the live program side by side, ending together.

For the commands ``worker`` and ``up``. The law: a part that ends ends the others, and none
outlives the process that started it, even when that one is killed.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from threading import Event
from typing import TypeAlias

import structlog

from upsell.errors import UpsellError

Part: TypeAlias = Callable[[Callable[[], bool]], None]
"""Runs until the function it is given says that it is to stop; it must be picklable."""

_GLANCE = 0.1
_PATIENCE = 10.0


def collect_rarely() -> None:
    """Look for cycles rarely: what one batch makes is gone after it, so looking in the middle is wasted."""
    gc.set_threshold(100_000, 20, 100)


def pass_over_what_is_there() -> None:
    """Look for cycles rarely, and never among what the program consists of by now.

    For whatever answers requests: to look through all of it takes a tenth of a second, for which everybody
    would wait.
    """
    gc.collect()
    gc.freeze()
    collect_rarely()


def run_together(parts: Mapping[str, Part]) -> None:
    """Run each part in a process of its own until a signal comes or one of them ends.

    Raises:
        UpsellError: A part ended by itself; what it said is on the error stream.
    """
    stopped = _stop_on_signals()
    spawn = get_context("spawn")
    running: dict[str, BaseProcess] = {}
    for name, part in parts.items():
        running[name] = spawn.Process(target=_run, args=(part, os.getpid()), name=f"upsell-{name}")
        running[name].start()
    try:
        while not stopped.is_set():
            ended = [name for name, process in running.items() if not process.is_alive()]
            if ended:
                msg = f"the {ended[0]} ended with code {running[ended[0]].exitcode}; the rest was stopped"
                raise UpsellError(msg)
            stopped.wait(_GLANCE)
    finally:
        _end(running.values())


def _run(part: Part, parent: int) -> None:
    stopped = _stop_on_signals()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        part(lambda: stopped.is_set() or os.getppid() != parent)
    except UpsellError as error:
        sys.stderr.write(f"upsell: {error}\n")
        sys.exit(1)


def _stop_on_signals() -> Event:
    stopped = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    return stopped


def _end(processes: Iterable[BaseProcess]) -> None:
    """Ask every process to stop, and kill what has not after a while: nothing is lost by that."""
    waiting = [process for process in processes if process.is_alive()]
    for process in waiting:
        process.terminate()
    give_up_at = time.monotonic() + _PATIENCE
    for process in waiting:
        process.join(max(0.0, give_up_at - time.monotonic()))
        if process.is_alive():
            process.kill()
            process.join()
