"""Workflows that compete for one slot, as a paper: which pairs may meet, and which of them would win."""

from __future__ import annotations

from collections.abc import Sequence

from upsell.journeys.conflicts import Conflict
from upsell.measurement.charts.chart import Table
from upsell.runtime.conflicts import slot_words
from upsell.runtime.papers.paper import Block, Paper, Paragraph, Section

_FOOTER = (
    "Read off the definitions that are live. Whoever holds the slot keeps it until its journey ends, "
    "whatever the rank of others. A loser waits while its trigger is true, for policy.patience at most."
)


def conflicts_paper(conflicts: Sequence[Conflict]) -> Paper:
    """Write which workflows compete as a paper."""
    meeting = [each for each in conflicts if not each.apart]
    apart = [each for each in conflicts if each.apart]
    pairs = f"{len(meeting)} pair{'' if len(meeting) == 1 else 's'} of workflows may want one slot at once."
    blocks: list[Block] = []
    if meeting:
        blocks.append(
            Table(
                caption="Pairs that may meet",
                head=("Workflows", "Over", "Triggers alike", "Wanted at once", "To be looked at"),
                rows=tuple(map(_row, meeting)),
                align="lllll",
            )
        )
    else:
        blocks.append(Paragraph("Whoever is a candidate of one workflow is a candidate of no other."))
    sections = [Section("Who competes", pairs if meeting else "No two workflows compete.", tuple(blocks))]
    if apart:
        table = Table(
            caption="Never eligible at once",
            head=("Workflows", "By"),
            rows=tuple((f"{each.one} and {each.other}", each.apart) for each in apart),
            align="ll",
        )
        count = f"{len(apart)} pair{'' if len(apart) == 1 else 's'} cannot meet."
        sections.append(Section("Who does not", count, (table,)))
    return Paper("Which workflows want the same slot?", (), tuple(sections), _FOOTER)


def _row(conflict: Conflict) -> tuple[str, str, str, str, str]:
    gets = f"{conflict.winner} wins: " if conflict.winner is not None else ""
    return (
        f"{conflict.one} and {conflict.other}",
        slot_words(conflict),
        ", ".join(conflict.triggers) or "none",
        f"{gets}{conflict.because}",
        conflict.doubt or "\N{EN DASH}",
    )
