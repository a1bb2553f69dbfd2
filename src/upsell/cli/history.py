"""What commands that ask a history have in common: which files, how they are read, and over which time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from upsell.clock import Moment
    from upsell.runtime.backtest import Backtest
    from upsell.workspace.documents import Documents


def read_stretch(since: str | None, until: str | None) -> tuple[Moment | None, Moment | None]:
    """Read the options ``--from`` and ``--to``.

    Raises:
        ConfigError: They are no moments, or the one is not before the other.
    """
    from upsell.errors import ConfigError
    from upsell.runtime.moments import moment_of

    starts_at, ends_at = moment_of(since, "--from"), moment_of(until, "--to")
    if starts_at is not None and ends_at is not None and starts_at >= ends_at:
        msg = f"--to: expected a moment after --from, which is {since}, got {until}"
        raise ConfigError(msg)
    return starts_at, ends_at


def backtest_files(
    documents: Documents,
    events: Sequence[Path],
    *,
    mapping: Path | None,
    within: tuple[Moment | None, Moment | None],
    workers: int | None,
    rejects: Path,
) -> Backtest:
    """Run a backtest of documents over files as the options of a command say, telling how far it is.

    Rows that cannot be taken are written to ``rejects``.
    """
    from upsell.cli.progress import shown_progress
    from upsell.clock import SystemClock
    from upsell.runtime.backtest import Question, run_backtest
    from upsell.sources.defaults import default_mapping
    from upsell.sources.mapping import read_mapping
    from upsell.sources.rejects import write_rejects
    from upsell.sources.relations import choose_files

    starts_at, ends_at = within
    rows = read_mapping(mapping) if mapping is not None else default_mapping()
    question = Question(
        documents=documents,
        mapping=rows,
        files=choose_files(rows, events),
        since=starts_at,
        until=ends_at,
        workers=workers or len(os.sched_getaffinity(0)),
    )
    with shown_progress() as progress:
        return run_backtest(
            question, SystemClock(), progress, lambda refused: write_rejects(rejects, refused)
        )


def tell_rejected(found: Backtest, rejects: Path, *, is_allowed: bool) -> int:
    """Say on the error stream how many rows were rejected, and give the exit code."""
    import sys

    if not found.files.rejected:
        return 0
    print(f"upsell: {found.files.rejected:,} rows were rejected; see {rejects}", file=sys.stderr)
    return 0 if is_allowed else 2
