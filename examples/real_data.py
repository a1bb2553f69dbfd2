"""The examples on public datasets: three backtests, and one full run on RavenStack.

The full run is the live path on a clock that jumps: events are taken at the moments they happened,
the worker decides, mail goes by SMTP to a sink on this machine, and the report is what ``upsell
report`` would print. Nobody in those files ever got a mail, so the report is an A/A test: it must
find nothing. ``upsell`` itself is all this script uses.

Usage: python examples/real_data.py [FOLDER]   (else DATA, else ../shared/data)
"""

from __future__ import annotations

import os
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

import msgspec

from upsell.cli.backtest_text import backtest_text
from upsell.cli.progress import shown_progress
from upsell.cli.results_text import results_lines
from upsell.clock import SystemClock
from upsell.config import Settings
from upsell.measurement.answers import Effect
from upsell.measurement.question import Contrast
from upsell.runtime.apply import apply
from upsell.runtime.backtest import Backtest, Question, run_backtest
from upsell.runtime.replay import ListedEvents, Replay
from upsell.runtime.reporting import live_program, report
from upsell.runtime.results import Results, metric_label
from upsell.runtime.sink import open_sink
from upsell.signals.events import Event
from upsell.sources.mapping import read_mapping
from upsell.sources.rejects import Reject
from upsell.sources.relations import choose_files
from upsell.sources.staging import Staging
from upsell.store.connect import database_url
from upsell.workspace.documents import read_workspace

HERE = Path(__file__).parent


class Example(msgspec.Struct, frozen=True):
    """One example: its folder here, and where its data lie in the folder of datasets."""

    name: str
    data: str

    @property
    def folder(self) -> Path:
        """Where its workspace and mapping are."""
        return HERE / self.name


SPARKIFY = Example("sparkify", "sparkify_small/log_data_2018-11.jsonl.gz")
RAVENSTACK = Example("ravenstack", "ravenstack_saas")
ONLINE_RETAIL = Example("online_retail", "online_retail/online_retail.parquet")
EXAMPLES = (SPARKIFY, RAVENSTACK, ONLINE_RETAIL)


def main() -> int:
    """Print three backtests and the full run; 0 when the A/A test finds nothing."""
    data = data_folder(sys.argv[1:])
    missing = [example.data for example in EXAMPLES if not (data / example.data).exists()]
    if missing:
        print(f"expected datasets in {data}, found none of: {', '.join(missing)}", file=sys.stderr)
        return 2
    for example in EXAMPLES:
        print(f"\n===== {example.name} =====\n")
        print(backtest_text(backtest(example, data, len(os.sched_getaffinity(0)))))
    print("\n===== ravenstack, the full run =====\n")
    with tempfile.TemporaryDirectory(prefix="upsell-real-data-") as folder:
        results = full_run(RAVENSTACK, data, Path(folder))
    print("\n".join([*textwrap.wrap(results.about, 80), "", *results_lines(results), ""]))
    known, surprises = intervals(results), unexpected(results)
    for surprise in surprises:
        print(f"A/A test: the interval of {surprise} leaves zero out, though nobody was treated.")
    if not surprises:
        print(f"A/A test: nobody was truly treated, and all {len(known)} intervals that there are hold zero.")
    return 1 if surprises else 0


def data_folder(given: list[str]) -> Path:
    """Give the folder of datasets: the one given, else that of DATA, else beside this checkout."""
    return Path(given[0] if given else os.environ.get("DATA", HERE.parent.parent / "shared" / "data"))


def backtest(example: Example, data: Path, workers: int) -> Backtest:
    """Backtest an example over its whole history."""
    mapping = read_mapping(example.folder / "map.yaml")
    question = Question(
        documents=read_workspace(example.folder / "workspace"),
        mapping=mapping,
        files=choose_files(mapping, [data / example.data]),
        workers=workers,
    )
    with shown_progress() as progress:
        return run_backtest(question, SystemClock(), progress, _print_rejects)


def full_run(example: Example, data: Path, folder: Path) -> Results:
    """Run an example through database, worker, outbox and mail server, and report on it.

    The database is made in ``folder``, which must be empty.
    """
    events = _events(example, data)
    starts_at, ends_at = events[0].seen_at, events[-1].seen_at
    url = database_url(Settings(data_folder=str(folder)))
    with open_sink() as sink, shown_progress() as progress:
        replay = Replay(url, sink, starts_at)
        try:
            documents = read_workspace(example.folder / "workspace")
            apply(replay.connection, documents, replay.clock, expected=0, note=example.name)
            end = replay.run(
                ListedEvents(events),
                ends_at,
                lambda _: None,
                lambda step: progress("replaying", step.events, len(events)),
            )
            found = report(replay.connection, live_program(replay.connection), ends_at)
        finally:
            replay.close()
    about = (
        f"{end.events:,} events of {example.name} on a clock that jumps; {end.mails:,} mails accepted by a "
        "mail server on this machine. Nobody of those customers ever got one, so this is an A/A test."
    )
    return Results(about, found)


def intervals(results: Results) -> list[tuple[str, Effect]]:
    """Give each metric's effect against the holdout, where there is one, with the workflow and metric."""
    return [
        (f"{workflow.name}, {metric_label(lift, workflow.lift.question)}", lift.absolute)
        for workflow in results.report.workflows
        for lift in workflow.lift.lifts
        if lift.contrast is Contrast.HOLDOUT and isinstance(lift.absolute, Effect)
    ]


def unexpected(results: Results) -> list[str]:
    """Name the metrics whose interval against the holdout leaves zero out."""
    return [name for name, effect in intervals(results) if not effect.low <= 0 <= effect.high]


def _events(example: Example, data: Path) -> list[Event]:
    """Read the events of an example in order of time."""
    mapping = read_mapping(example.folder / "map.yaml")
    with tempfile.TemporaryDirectory() as folder, Staging(Path(folder)) as staging:
        staging.load(mapping, choose_files(mapping, [data / example.data]), SystemClock().now())
        return [event for batch in staging.in_time_order() for event in batch]


def _print_rejects(rejects: Iterator[Reject]) -> None:
    for reject in rejects:
        print(f"{reject.file}:{reject.line}: {reject.reason}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
