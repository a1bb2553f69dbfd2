"""The expansion scorecard on a terminal: a block per stage, a line per metric and kind of offer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from upsell.clock import format_moment
from upsell.measurement.metrics import Span
from upsell.measurement.scorecard import SCORECARD
from upsell.runtime.figure_words import silence_words, value_words
from upsell.runtime.scorecard import ScoreLine, figure_name

WIDTH = 80


def scorecard_text(lines: Iterable[ScoreLine], span: Span) -> str:
    """Write a scorecard, every stage with when an account is in it."""
    told = list(lines)
    head = f"Expansion scorecard from {format_moment(span.since)} to {format_moment(span.until)}"
    return "\n".join([head, *(line for stage in _stages(told) for line in stage)])


def _stages(told: list[ScoreLine]) -> Iterator[list[str]]:
    for stage in SCORECARD:
        title = f"== {stage.stage.value} "
        mine = [line for line in told if line.stage is stage.stage]
        yield ["", title + "=" * (WIDTH - len(title)), stage.says, *_rows(mine)]


def _rows(lines: list[ScoreLine]) -> Iterator[str]:
    for line in lines:
        label = f" [{line.metric.label}]" if line.metric.label else ""
        yield f"{line.metric.name}{label}"
        if not line.figures:
            yield f"  {silence_words(line.metric)}"
        for figure in line.figures:
            named = f"{figure_name(line, figure):<34}"
            yield f"  {named} {value_words(line.metric.unit, figure)}".rstrip()
