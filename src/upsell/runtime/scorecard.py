"""The expansion scorecard read over the ledger: each line by kind of offer, or of the whole company."""

from __future__ import annotations

from typing import Any

import msgspec

from upsell.measurement.figures import Figure, figures_of
from upsell.measurement.metrics import Dimension, MetricDefinition, Span, metric_definition, metric_query
from upsell.measurement.queries import Dialect
from upsell.measurement.scorecard import SCORECARD, ExpansionStage
from upsell.runtime.tracking import Tracked, opened


class ScoreLine(msgspec.Struct, frozen=True):
    """One metric on the scorecard.

    Attributes:
        stage: The stage it tells of.
        metric: The metric.
        is_by_kind: Whether its slices are kinds of offers; otherwise it is of the whole company.
        figures: Its figures over the whole stretch.
    """

    stage: ExpansionStage
    metric: MetricDefinition
    is_by_kind: bool
    figures: tuple[Figure, ...]


def read_scorecard(tracked: Tracked, span: Span) -> tuple[ScoreLine, ...]:
    """Give every line of the scorecard over a stretch, told as one."""
    whole = msgspec.structs.replace(span, is_whole=True, by=None)
    told = tracked.told()
    lines = []
    with opened(tracked) as engine:
        for stage in SCORECARD:
            for id_ in stage.metrics:
                metric = metric_definition(id_)
                by = Dimension.KIND if Dimension.KIND in metric.dimensions else None
                query = metric_query(metric, msgspec.structs.replace(whole, by=by), Dialect.DUCKDB)
                figures = figures_of(metric, engine.execute(query).fetchall(), by, told)
                lines.append(ScoreLine(stage.stage, metric, by is not None, figures))
    return tuple(lines)


def figure_name(line: ScoreLine, figure: Figure) -> str:
    """Name what a figure of a line is of: a kind of offers or the company, and the item."""
    parts = (figure.slice if line.is_by_kind else "company", figure.item)
    return ", ".join(dict.fromkeys(part for part in parts if part != "all"))


def scorecard_content(lines: tuple[ScoreLine, ...]) -> list[dict[str, Any]]:
    """Give the scorecard for machines, a line each."""
    return [
        {
            "stage": line.stage.value,
            "metric": line.metric.id,
            "name": line.metric.name,
            "unit": line.metric.unit.value,
            "label": line.metric.label,
            "by": "kind" if line.is_by_kind else None,
            "figures": [msgspec.to_builtins(figure) for figure in line.figures],
        }
        for line in lines
    ]
