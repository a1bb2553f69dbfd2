"""The reference page of the metrics, written from the catalogue."""

from __future__ import annotations

from collections.abc import Iterator

from upsell.measurement.metrics import (
    COLUMNS,
    RELATIONS,
    MetricDefinition,
    MetricUnit,
    metric_definitions,
)
from upsell.measurement.scorecard import SCORECARD

_HEAD = """\
<!-- Written by `python docs/reference/write.py`; change `measurement/sql/metrics`, not this page. -->

# Metrics

Everything that is tracked, each with what it is, how it is computed and when it has no answer. `upsell
metrics` lists them; `upsell metrics ID` tells one; `upsell metrics ID --sql --dialect spark` prints its SQL
for `duckdb`, `postgres`, `spark`, `snowflake` or `bigquery`; `upsell metrics ID --run` computes it over the
database's ledger. Tests run every query on DuckDB and PostgreSQL with equal answers. **Nothing was ever run
on Spark, Snowflake or BigQuery.** For them a query is text: written by sqlglot with nothing it calls
unsupported, mended where it is known to write what the engine refuses, and read back in the engine's
dialect. Expect to mend the rest by hand, on BigQuery above all, and check the first answers against DuckDB's
over an export.

**These describe; they are no effects.** What would not have happened otherwise is the difference of treated
and held-out units with its interval, which `upsell report` tells: see
[how we know what it earned](../explanation/measurement.md). Where a metric is told by arm, the two arms
stand side by side as they are: with several workflows or strata in one slice they are not comparable raw.

**An attempt** is a unit that a workflow first considered in the stretch from `--since` (by default a year
before its end) up to `--until` (by default now); what it came to is read up to `--until`. A unit that several
workflows considered is an attempt of each. Months are of UTC; the first and the last may be cut by the
stretch. The horizon is 90 days.

**Units.** A *count* is a number of things. A *share* is one number of units over another, with Wilson's 95 %
interval where each unit counts once (`--by workflow`, and what is of the company), and not told of fewer than
30 then. A *rate* is a share of things, or of money, without an interval. A *ratio* is how many per unit.
*Money* is in minor units of its currency, an average per what it divides by, and a *money total* a sum;
currencies are never added, and money that cannot be read is counted by `unread_money`. *Days* are whole,
0 for the first 24 hours.

**Told apart** (`--by`) an attempt belongs to its `workflow`; by `trigger` to what starts it (`threshold`,
`score`, `rule`, or the event); by `kind` to the kind of its offers; by `stage` to the unit's lifecycle
stage at exposure; by `channel` to the one it was first spoken to by, so that held-out units have none; by
`plan` to the plan last told of before it was considered; by `segment` to each segment it was in then,
which overlap; by `cohort` to the month of its first subscription. A household belongs in each month to
the plan and the segments at its start.

**No answer** is said with its reason, never as zero. Where a metric counts events none of which was ever
told, such as opens of mail that no provider reports, that is the reason.
"""

_SCORECARD_HEAD = """
## The expansion scorecard

`upsell scorecard` puts metrics together by how far an account has come, over the whole stretch as one, apart
by the kind of the offers a workflow makes (`upgrade` is upsell; `several` and `no offer` are workflows of
more than one kind, or none). Deals, recurring revenue and what is attached belong to the company, since
nothing says which workflow they are of; credits are attributed, not caused.

| stage | an account is in it when | metrics |
| --- | --- | --- |
"""

_RELATIONS_HEAD = f"""
## What the SQL reads

Each query is one statement over these relations, which a session must have, and gives rows of
`{", ".join(COLUMNS)}`. Numerators and denominators are sums: rows of parts are added before they are divided.
Moments carry a zone, `goal_within` is an interval, `properties` and `terms` are JSON text.

| relation | columns |
| --- | --- |
"""


def metrics_page() -> str:
    """Give the page of metrics: each with its definition, then the relations their SQL reads."""
    sections = [line for metric in metric_definitions() for line in _section(metric)]
    relations = "\n".join(f"| `{name}` | {columns} |" for name, columns in RELATIONS.items())
    stages = "".join(
        f"| {stage.stage.value} | {stage.says} | {', '.join(f'`{id_}`' for id_ in stage.metrics)} |\n"
        for stage in SCORECARD
    )
    head = "\n".join([_HEAD, *sections])
    return f"{head}{_SCORECARD_HEAD}{stages}{_RELATIONS_HEAD}{relations}\n"


def definition_lines(metric: MetricDefinition) -> Iterator[tuple[str, str]]:
    """Give the parts of a definition, each with what it is called."""
    yield "formula", metric.formula
    yield "unit", metric.unit.value
    if metric.unit not in (MetricUnit.COUNT, MetricUnit.MONEY_TOTAL):
        yield "divides by", metric.divides_by
    yield "no answer", metric.no_answer
    if metric.needs:
        yield "needs", " or ".join(metric.needs)
    for item, names in metric.item_needs.items():
        yield f"{item} needs", " or ".join(names)
    by = ", ".join(each.value for each in metric.dimensions)
    yield "told apart by", by or "nothing: it is of the whole company"
    if metric.label:
        yield "label", metric.label


def _section(metric: MetricDefinition) -> Iterator[str]:
    yield f"## {metric.name}"
    yield ""
    yield f"`{metric.id}`. {metric.says}"
    yield ""
    yield "| | |"
    yield "| --- | --- |"
    for what, said in definition_lines(metric):
        yield f"| {what} | {said} |"
    yield ""
