"""Health of the number on a terminal: what was checked, and what was found."""

from __future__ import annotations

from collections.abc import Iterator

from upsell.measurement.lift import LiftReport
from upsell.runtime.soundness import WorkflowHealth
from upsell.runtime.soundness_words import checked_words


def health_lines(health: WorkflowHealth, report: LiftReport) -> Iterator[str]:
    """Write what speaks for and against the readings of a workflow, a line per check."""
    yield "health of these numbers"
    for checked in checked_words(health, report):
        yield f"  {'  ' * checked.is_part}{checked.what}: {checked.found}"
