"""Progress on the error stream: what is being done, how fast, and how long it will take.

A terminal sees it move; elsewhere, as in the log of a nightly job, there is a line now and then.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeAlias

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

LINE_EACH: Final = 10.0
"""Seconds between two lines where the error stream is no terminal."""

Told: TypeAlias = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is (0 when not known)."""


class _Rate(ProgressColumn):
    """How many events a second."""

    def render(self, task: Task) -> Text:
        """Give the rate, or nothing before there is one."""
        rate = task.finished_speed or task.speed
        return Text(f"{rate:,.0f}/s" if rate else "")


@contextmanager
def shown_progress() -> Iterator[Told]:
    """Show progress while work goes on, by what is given."""
    if not sys.stderr.isatty():
        yield Lines(lambda line: print(line, file=sys.stderr, flush=True), time.monotonic)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f}"),
        _Rate(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bars:
        tasks = {}

        def told(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=None, completed=done)
            bars.update(tasks[what], completed=done, total=total or None)

        yield told


class Lines:
    """Progress as plain lines: the first ``LINE_EACH`` seconds say nothing, so short work is quiet."""

    def __init__(self, write: Callable[[str], None], seconds: Callable[[], float]) -> None:
        """Write lines; ``seconds`` tells how much time has passed since whenever."""
        self._write = write
        self._seconds = seconds
        self._told_at = seconds()
        self._what = ""
        self._began = (0, 0.0)

    def __call__(self, what: str, done: int, total: int) -> None:
        """Hear how far it is."""
        now = self._seconds()
        if what != self._what:
            self._what, self._began = what, (done, now)
        if now - self._told_at < LINE_EACH:
            return
        self._told_at = now
        self._write(self._line(what, done, total, now))

    def _line(self, what: str, done: int, total: int, now: float) -> str:
        """Say what, how much of how much, how fast, and how long still."""
        before, began = self._began
        rate = (done - before) / (now - began) if now > began else 0.0
        of = f" of {total:,} ({done / total:.0%})" if total else ""
        parts = [f"{what}: {done:,}{of}" if done else what]
        if rate > 0:
            parts.append(f"{rate:,.0f}/s")
            if total > done:
                parts.append(f"about {_span((total - done) / rate)} left")
        return ", ".join(parts)


def _span(seconds: float) -> str:
    """Write how long something takes, to what matters."""
    whole = max(1, round(seconds))
    if whole < 120:
        return f"{whole} s"
    minutes = round(whole / 60)
    return f"{minutes} min" if minutes < 120 else f"{round(minutes / 60)} h"
