"""The effect on retention: who still pays, treated beside held out, by the estimator of conversion.

A unit that paid when it was exposed counts 1 when it still pays at the end of the horizon, else 0. The law:
whether one paid was settled before the arms differed, so that the comparison stays one of chance alone;
strata, regime, sample ratio and clusters are those of every lift.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from upsell.decisions.decision import BY_ACCOUNT
from upsell.measurement.lift import Lift, read_lift
from upsell.measurement.metrics import Span
from upsell.measurement.queries import Query
from upsell.measurement.question import Contrast, Metric, Question

RETENTION = "retention_by_arm"
"""Id of the metric whose effect this is."""


def retention_lifts(rows: Iterable[Sequence[Any]], span: Span) -> dict[str, Lift]:
    """Give the effect on retention of each workflow, by key, from the rows of ``kept_sums``."""
    found: dict[str, list[Sequence[Any]]] = {}
    for workflow, *row in rows:
        found.setdefault(str(workflow), []).append(row)
    return {workflow: _lift(workflow, each, span) for workflow, each in sorted(found.items())}


def _lift(workflow: str, rows: Sequence[Sequence[Any]], span: Span) -> Lift:
    contrast, metric = Contrast.HOLDOUT.value, Metric.CONVERSION.value
    exposed = [
        (contrast, stratum, arm, least, greatest, units, 0)
        for stratum, arm, least, greatest, units, *_ in rows
    ]
    sums = [
        (contrast, stratum, arm, metric, units, kept, kept, kept)
        for stratum, arm, _, _, units, kept, _ in rows
    ]
    question = Question(
        workflow=workflow,
        goal_event=RETENTION,
        goal_within=span.horizon,
        as_of=span.as_of,
        currency=span.currency,
        horizon=span.horizon,
        contrasts=(Contrast.HOLDOUT,),
        # Where every account has one of these units, what was drawn whole is what is counted.
        is_clustered=any(BY_ACCOUNT in stratum and shared for stratum, *_, shared in rows),
    )
    reading = read_lift(question, {Query.EXPOSED: exposed, Query.SUMS: sums, Query.LEFT_OUT: []})
    return next(lift for lift in reading.lifts if lift.metric is Metric.CONVERSION)
