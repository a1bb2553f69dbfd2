"""``upsell benchmark``: what peers of a like size use, computed at most once a day."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from upsell.decisions.benchmarks import Benchmark
    from upsell.store.benchmarks import BenchmarkDay
    from upsell.store.connect import Connection


def benchmark(
    *,
    is_shown_only: Annotated[
        bool, typer.Option("--show", help="Compute nothing; show the last one there is.")
    ] = False,
) -> None:
    """Compute today's benchmark over all units unless there is one, and show the last.

    `upsell up` does it by itself. Cohorts that are too small, or in which one member has more than half of
    the use, are counted and not shown. The exit code is 1 when there is nothing to show.
    """
    from upsell.clock import SystemClock
    from upsell.config import load_settings
    from upsell.runtime.benchmarking import benchmark as compute
    from upsell.runtime.benchmarking import question_asked
    from upsell.store.benchmarks import newest_benchmark_day
    from upsell.store.connect import connect, database_url

    with connect(database_url(load_settings(os.environ))) as connection:
        if not is_shown_only:
            compute(connection, SystemClock())
        newest = newest_benchmark_day(connection)
        if newest is not None:
            print("\n".join(_lines(connection, newest)))
            return
        is_asked = question_asked(connection) is not None
    if is_asked:
        print("No benchmark was made yet; leave out --show to make one.")
    else:
        print("No metric is compared: write benchmark: true under one in catalog.yaml, and apply it.")
    raise typer.Exit(1)


def _lines(connection: Connection, newest: BenchmarkDay) -> list[str]:
    """Write the last benchmark, a line for each metric and cohort."""
    from upsell.clock import to_datetime
    from upsell.store.benchmarks import read_benchmarks

    known = [each for each in read_benchmarks(connection, newest.made_at) if each.made_at == newest.made_at]
    lines = [
        f"Benchmark of {to_datetime(newest.made_at):%Y-%m-%d %H:%M} UTC: {len(known)} kept, "
        f"{newest.withheld} of too few or with one that stands out"
    ]
    if known:
        lines.append("About a quarter, half and three quarters of them used less than:")
        wide = [max(len(_named(each)[place]) for each in known) for place in (0, 1)]
        for each in sorted(known, key=lambda one: (one.metric, one.cohort.family, one.cohort.size)):
            names = "  ".join(f"{name:<{width}}" for name, width in zip(_named(each), wide, strict=True))
            figures = " ".join(f"{figure:>10,.15g}" for figure in (each.low, each.median, each.high))
            lines.append(f"  {names}  {figures}  ({each.units:,})")
    return lines


def _named(known: Benchmark) -> tuple[str, str]:
    """Give what is compared, and who; with the family of their plans where it is not the main one."""
    family = f", {known.cohort.family}" if known.cohort.family else ""
    return known.metric, f"{known.cohort.words}{family}"
