"""Tracking: the ledger laid out in DuckDB, and the catalogue's metrics run over it.

The law: a row is never touched in Python between the store and a metric's figures, and what is read is what
was known at one moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb
import msgspec
import pyarrow as pa

from upsell.clock import Duration, Moment
from upsell.journeys.program import Program
from upsell.journeys.triggers import trigger_kind
from upsell.journeys.workflow import Workflow
from upsell.measurement.figures import Figure, figures_of
from upsell.measurement.lift import Lift
from upsell.measurement.metrics import MetricDefinition, Span, metric_query, tracked_events, tracking_query
from upsell.measurement.queries import Dialect
from upsell.measurement.retention import retention_lifts
from upsell.runtime.outcomes import EXPOSURE_COLUMNS
from upsell.runtime.reporting import copied_table
from upsell.store.connect import Connection

_AT = pa.timestamp("us", tz="UTC")

LEDGER_COLUMNS = pa.schema(
    [
        ("unit_id", pa.string()),
        ("name", pa.string()),
        ("occurred_at", _AT),
        ("properties", pa.string()),
        ("is_household", pa.bool_()),
    ]
)
DECISION_COLUMNS = pa.schema(
    [("workflow", pa.string()), ("unit_id", pa.string()), ("decided_at", _AT), ("reason", pa.string())]
)
_SAID = [
    ("key", pa.string()),
    ("workflow", pa.string()),
    ("unit_id", pa.string()),
    ("household_id", pa.string()),
]
_OFFERED = [("offer", pa.string()), ("terms", pa.string())]
MESSAGE_COLUMNS = pa.schema([*_SAID, ("channel", pa.string()), *_OFFERED, ("sent_at", _AT)])
TASK_COLUMNS = pa.schema([*_SAID, *_OFFERED, ("opened_at", _AT), ("due_at", _AT)])
HOME_COLUMNS = pa.schema([("unit_id", pa.string()), ("household_id", pa.string())])
WORKFLOW_COLUMNS = pa.schema(
    [
        ("workflow", pa.string()),
        ("trigger_kind", pa.string()),
        ("kind", pa.string()),
        ("goal_event", pa.string()),
        ("goal_within", pa.duration("us")),
    ]
)
FEATURE_COLUMNS = pa.schema([("plan", pa.string()), ("feature", pa.string())])

OFFERS_NOTHING = "no offer"
"""Stands for the kind of a workflow that makes no offer."""

OFFERS_SEVERAL = "several"
"""Stands for the kind of a workflow whose offers are of more than one."""


class Tracked(msgspec.Struct, frozen=True):
    """Everything metrics are made of, as columns, by the name of the relation.

    Attributes:
        relations: A table for each of ``metrics.RELATIONS``.
    """

    relations: Mapping[str, pa.Table]

    def told(self) -> frozenset[str]:
        """Give the names of the events that were ever told."""
        return frozenset(self.relations["ledger"]["name"].unique().to_pylist())


def read_tracked(connection: Connection, program: Program, as_of: Moment) -> Tracked:
    """Read what metrics are made of, as it was known at a moment."""
    goals = {workflow.goal.event for workflow in program.workflows.values()}
    known: dict[str, object] = {"as_of": as_of}
    named = {**known, "names": sorted(tracked_events() | goals)}
    return Tracked(
        {
            "ledger": copied_table(connection, "track_ledger", LEDGER_COLUMNS, named),
            "exposures": copied_table(connection, "report_exposures", EXPOSURE_COLUMNS, known),
            "decisions": copied_table(connection, "track_decisions", DECISION_COLUMNS, known),
            "messages": copied_table(connection, "track_messages", MESSAGE_COLUMNS, known),
            "tasks": copied_table(connection, "track_tasks", TASK_COLUMNS, known),
            "homes": copied_table(connection, "track_homes", HOME_COLUMNS, {}),
            **told_of(program),
        }
    )


def told_of(program: Program) -> dict[str, pa.Table]:
    """Give the relations that a program says: its workflows, and the features of its plans."""
    workflows = [
        (key, trigger_kind(flow.trigger), offer_kind(flow), flow.goal.event, flow.goal.within)
        for key, flow in sorted(program.workflows.items())
    ]
    features = {key: plan.features for key, plan in program.catalog.plans.items()}
    features |= {key: product.features for key, product in program.catalog.products.items()}
    held = [(key, feature) for key, names in features.items() for feature in sorted(set(names))]
    return {
        "workflows": _table(workflows, WORKFLOW_COLUMNS),
        "features": _table(held, FEATURE_COLUMNS),
    }


def offer_kind(workflow: Workflow) -> str:
    """Name the kind of offers a workflow makes."""
    kinds = {offer.kind.value for offer in workflow.offers.values()}
    if not kinds:
        return OFFERS_NOTHING
    return kinds.pop() if len(kinds) == 1 else OFFERS_SEVERAL


def read_metric(tracked: Tracked, metric: MetricDefinition, span: Span) -> tuple[Figure, ...]:
    """Give the figures of one metric over a stretch.

    Raises:
        MeasurementError: The metric cannot be told apart by what the stretch says.
    """
    query = metric_query(metric, span, Dialect.DUCKDB)
    with opened(tracked) as engine:
        return figures_of(metric, engine.execute(query).fetchall(), span.by, tracked.told())


def read_retention(tracked: Tracked, span: Span) -> dict[str, Lift]:
    """Give the effect of each workflow on retention, by key."""
    query = tracking_query(
        "tracking/kept_sums", span, Dialect.DUCKDB, {"first_exposures": "attempt_exposures"}
    )
    with opened(tracked) as engine:
        return retention_lifts(engine.execute(query).fetchall(), span)


def opened(tracked: Tracked) -> duckdb.DuckDBPyConnection:
    """Open an engine that has the relations."""
    engine = duckdb.connect(config={"threads": 2})
    engine.execute("set timezone = 'UTC'")
    for name, table in tracked.relations.items():
        engine.register(name, table)
    return engine


def _table(rows: Sequence[tuple[str | Duration, ...]], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [pa.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)
