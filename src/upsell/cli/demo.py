"""``upsell demo``: a simulated year at a made-up company, its results, and a page that shows them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from upsell.clock import Moment
    from upsell.runtime.demo import Told
    from upsell.runtime.results import Results

_ACCOUNTS = 5_400
_SMALL_ACCOUNTS = 400


def demo(
    *,
    is_served: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Show the results on a page afterwards.")
    ] = True,
    is_small: Annotated[
        bool, typer.Option("--small", help="A small company: quick, and its intervals say little.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="What all chance in the simulation hangs on.")] = 1,
    data: Annotated[
        Path | None,
        typer.Option(help="Keep the database in this empty folder; without it, it is thrown away."),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port of the page; 0 for any.")] = 8600,
) -> None:
    """Run a simulated year at a made-up company and show what its three workflows earned.

    Everything but the customers is real: intake, worker, outbox, mail server, report. Beside each
    estimate stands the planted truth, which only a simulation can know.
    """
    import os
    import signal
    import textwrap

    from upsell.cli.results_text import results_lines
    from upsell.clock import HOUR, parse_moment
    from upsell.config import Settings
    from upsell.runtime.company import Company
    from upsell.runtime.demo import find_workspace, run_demo
    from upsell.runtime.replay import STEP
    from upsell.runtime.results import coverage_words
    from upsell.store.connect import database_url

    # Whoever is asked to end, ends as with Ctrl-C: the database is stopped and thrown away.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    documents = find_workspace(Path.cwd())
    company = Company(
        seed=seed,
        accounts=_SMALL_ACCOUNTS if is_small else _ACCOUNTS,
        starts_at=parse_moment("2026-01-01T00:00:00Z") or 0,
    )
    with shown_progress() as told:
        folder = database_folder(data)
        url = database_url(Settings(data_folder=str(folder)))
        step = 12 * HOUR if is_small else STEP
        results = run_demo(url, documents, company, step, len(os.sched_getaffinity(0)), told)
    print("\n".join([*textwrap.wrap(results.about, 80), ""]))
    print("\n".join(results_lines(results)))
    print("\n".join(["", *textwrap.wrap(coverage_words(results), 80), ""]))
    if data is not None:
        print(f"The database is kept in {data}. To ask about one account:")
        print(f"  UPSELL_DATA_FOLDER={data} upsell explain a:acct-00003 --at 2026-07-01")
    if is_served:
        _serve(results, url, company.ends_at, port)
    else:
        print("Done. Without --no-serve the same is shown on a page.")


def database_folder(data: Path | None) -> Path:
    """Give the folder of the database: the one asked for, or one that is removed at the end.

    Raises:
        ConfigError: The folder asked for holds something.
    """
    import atexit
    import shutil
    import tempfile

    from upsell.errors import ConfigError

    if data is None:
        folder = Path(tempfile.mkdtemp(prefix="upsell-demo-"))
        # Registered before the server's own farewell, so it runs after it.
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return folder
    if data.exists() and (not data.is_dir() or any(data.iterdir())):
        msg = f"expected an empty folder for the demo's database, got {data}; name another or remove it"
        raise ConfigError(msg)
    return data


@contextmanager
def shown_progress() -> Iterator[Callable[[Told], None]]:
    """Show how far the demo has come, on the error stream: bars on a terminal, else a line now and then."""
    if sys.stderr.isatty():
        with _bars() as told:
            yield told
        return
    said: dict[str, int] = {}

    def tell(step: Told) -> None:
        tenth = int(step.share * 10)
        if said.get(step.what) != tenth:
            said[step.what] = tenth
            counts = f", {step.events:,} events, {step.mails:,} mails" if step.events else ""
            print(f"{step.what}{_date(step)}: {step.share:.0%}{counts}", file=sys.stderr, flush=True)

    yield tell


@contextmanager
def _bars() -> Iterator[Callable[[Told], None]]:
    """Show one bar at a time: what is done, how far, how fast, and how long it will take."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeRemainingColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=12),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bars:
        tasks: dict[str, TaskID] = {"": bars.add_task("Starting the database", total=None, rate="")}
        before: dict[str, int] = {}

        def tell(step: Told) -> None:
            if step.what not in tasks:
                for task in tasks.values():
                    bars.update(task, visible=False)
                tasks[step.what] = bars.add_task(step.what, total=1.0, rate="")
            task = tasks[step.what]
            events = step.events - before.setdefault(step.what, step.events)
            seconds = bars.tasks[task].elapsed
            rate = f"{events / seconds:,.0f} events/s" if events and seconds else ""
            bars.update(task, completed=step.share, description=f"{step.what}{_date(step)}", rate=rate)

        yield tell


def _date(step: Told) -> str:
    """Say where the simulated clock stands, after a comma; nothing where there is none."""
    from upsell.clock import to_datetime

    return "" if step.at is None else f", {to_datetime(step.at):%-d %b %Y}"


def _serve(results: Results, url: str, at: Moment, port: int) -> None:
    """Show the results and the company's pages on this machine until interrupted.

    Without signing in: who is in them is made up, and nothing can be changed by them.
    """
    from upsell.clock import SetClock
    from upsell.config import Settings
    from upsell.runtime.guarding import count
    from upsell.store.connect import connect
    from upsell.web.alone import serve_alone
    from upsell.web.team import TeamPages

    def tell(address: str) -> None:
        print(f"The same on pages, without signing in: {address}")
        print(f"and as JSON: {address}results.json")
        print("Ctrl-C ends it.", flush=True)

    clock = SetClock(at)
    with connect(url) as connection:
        count(connection, clock, lambda: False)
    serve_alone(TeamPages(url, clock, Settings()).guest_app(results), port, tell)
