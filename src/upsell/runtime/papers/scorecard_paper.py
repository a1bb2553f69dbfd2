"""The expansion scorecard as a paper: a section for each stage, its metrics and the shares among them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from upsell.measurement.charts.chart import Table
from upsell.measurement.charts.shares import Shared, shares_chart
from upsell.measurement.metrics import Span
from upsell.measurement.scorecard import SCORECARD, StageLines
from upsell.measurement.shares import Share
from upsell.runtime.figure_words import percent_words, silence_words, value_words
from upsell.runtime.papers.paper import Block, Paper, Section
from upsell.runtime.results import day_words
from upsell.runtime.scorecard import ScoreLine, figure_name

_FOOTER = (
    "Each line is a metric of the catalogue, told apart by the kind of offers a workflow makes. What is "
    "attributed was not therefore caused: what would not have happened otherwise stands in the results. "
    "Intervals are of 95 %."
)


def scorecard_paper(lines: Sequence[ScoreLine], span: Span) -> Paper:
    """Write a scorecard as a paper; a stage in which nothing happened says so in its table."""
    return Paper(
        "How far does expansion come?",
        (f"From {day_words(span.since)} to {day_words(span.until)}.",),
        (
            Section("In short", _answer(lines), ()),
            *(_stage(stage, [line for line in lines if line.stage is stage.stage]) for stage in SCORECARD),
        ),
        _FOOTER,
    )


def _answer(lines: Sequence[ScoreLine]) -> str:
    """Say how many were considered and how many upgraded in the end, by kind of offer."""
    counts = {
        (figure.slice, figure.item): figure.numerator
        for line in lines
        if line.metric.id == "funnel"
        for figure in line.figures
    }
    said = [
        f"{kind} {count:,} considered and {counts.get((kind, 'upgraded'), 0):,} upgraded"
        for (kind, item), count in counts.items()
        if item == "considered"
    ]
    return f"By what was offered: {'; '.join(said)}." if said else "Nobody was considered in this stretch."


def _stage(stage: StageLines, lines: Sequence[ScoreLine]) -> Section:
    name = stage.stage.value.capitalize()
    blocks: list[Block] = []
    shares = list(_shares(lines))
    if shares:
        highest = max(shares, key=lambda each: each.share.estimate if isinstance(each.share, Share) else -1)
        value = percent_words(highest.share.estimate) if isinstance(highest.share, Share) else ""
        title = f"{highest.label}: {value}" + ("" if len(shares) == 1 else ", the highest share here")
        blocks.append(shares_chart(f"scorecard-{stage.stage.value}", title, f"{name}: shares", shares))
    blocks.append(
        Table(
            caption=f"{name}, as of the end",
            head=("Measured", "Of", "Value"),
            rows=tuple(row for line in lines for row in _rows(line)),
            align="lll",
        )
    )
    return Section(name, stage.says, tuple(blocks))


def _shares(lines: Sequence[ScoreLine]) -> Iterator[Shared]:
    for line in lines:
        for figure in line.figures:
            if isinstance(figure.value, Share):
                yield Shared(f"{line.metric.name}, {figure_name(line, figure)}", figure.value)


def _rows(line: ScoreLine) -> Iterator[tuple[str, str, str]]:
    named = f"{line.metric.name} ({line.metric.label})" if line.metric.label else line.metric.name
    if not line.figures:
        yield named, "", silence_words(line.metric)
    for figure in line.figures:
        # Two blanks keep columns apart on a terminal.
        yield named, figure_name(line, figure), value_words(line.metric.unit, figure).replace("  ", ", ")
