"""Findings about sinks: which are closed, gone, failing, behind or unheard, and what is dead.

For the diagnosis. The law: only what the database says is told.
"""

from __future__ import annotations

from collections.abc import Iterator

from upsell.clock import MINUTE, Duration, to_datetime
from upsell.runtime.examined import Examined, Finding, Severity
from upsell.runtime.lanes import DOWN_AFTER
from upsell.store.sinks import Standing

LATE_AFTER: Duration = 5 * MINUTE
"""How long a sink may not have moved while there is more in the ledger."""


def find_closed(examined: Examined) -> Iterator[Finding]:
    """Find sinks that cannot be opened."""
    for each in _live(examined):
        if each.trouble:
            yield Finding(
                "sink-closed", Severity.ERROR, each.name, each.trouble,
                "set it where `upsell up` or `upsell worker` runs, and start that again; nothing is lost",
            )  # fmt: skip


def find_gone(examined: Examined) -> Iterator[Finding]:
    """Find sinks that said that nobody is there any more."""
    for each in _live(examined):
        if _is_gone(each, examined):
            yield Finding(
                "sink-gone", Severity.ERROR, each.name,
                f"{each.gone} answered 410, so it is told nothing more",
                f"give sinks/{each.name}.yaml another address or remove it; or, if it is back, "
                f"`upsell sinks resume {each.name}`",
            )  # fmt: skip


def find_failing(examined: Examined) -> Iterator[Finding]:
    """Find sinks that failed so often in a row that they are left alone."""
    for each in _live(examined):
        if each.failures >= DOWN_AFTER and not _is_gone(each, examined):
            last = "it never took anything"
            if each.taken_at is not None:
                last = f"the last it took was at {to_datetime(each.taken_at):%Y-%m-%d %H:%M} UTC"
            yield Finding(
                "sink-failing", Severity.ERROR, each.name,
                f"{each.failures:,} failures in a row, {last}: {each.said}",
                f"see whether it runs, then `upsell sinks try {each.name}`; what is for it waits, and is "
                "told when it answers",
            )  # fmt: skip


def find_behind(examined: Examined) -> Iterator[Finding]:
    """Find sinks that are behind for another reason."""
    for each in _live(examined):
        is_late = examined.head > each.position and examined.now - each.moved_at > LATE_AFTER
        is_told = each.trouble or each.failures >= DOWN_AFTER or _is_gone(each, examined)
        if is_late and not is_told:
            yield Finding(
                "sink-behind", Severity.WARNING, each.name,
                f"{examined.head - each.position:,} places of the ledger behind, and not moved since "
                f"{to_datetime(each.moved_at):%Y-%m-%d %H:%M} UTC",
                "see that `upsell up` or `upsell worker` runs; a slow one may take more with at_once",
            )  # fmt: skip


def find_dead(examined: Examined) -> Iterator[Finding]:
    """Find what sinks did not take however often it was tried."""
    for each in _live(examined):
        if each.dead:
            yield Finding(
                "sink-dead", Severity.WARNING, each.name,
                f"{each.dead:,} parcels were not taken in {_TRIED} and are tried no more",
                f"`upsell sinks dead {each.name}` shows why; then `upsell sinks replay {each.name}`",
            )  # fmt: skip


def find_unheard(examined: Examined) -> Iterator[Finding]:
    """Find desks that could not be asked which tasks were closed there."""
    for each in _live(examined):
        is_told = each.trouble or _is_gone(each, examined)
        if each.unheard and each.heard_at is not None and not is_told:
            yield Finding(
                "desk-unheard", Severity.WARNING, each.name,
                "it has not said which tasks were closed there since "
                f"{to_datetime(each.heard_at):%Y-%m-%d %H:%M} UTC: {each.unheard}",
                f"see that what it knows us by may read tasks, and `upsell sinks try {each.name}`; it is "
                "asked again each minute, for all since then",
            )  # fmt: skip


_TRIED = "ten attempts over three days"


def _live(examined: Examined) -> Iterator[Standing]:
    return (each for each in examined.sinks if each.is_live)


def _is_gone(standing: Standing, examined: Examined) -> bool:
    return bool(standing.gone) and standing.gone == examined.sink_places.get(standing.name)
