"""Outcomes: exposures and events laid out in DuckDB, where measurement's SQL is run over them.

The law: a row is never touched in Python between the store and the sums; what is laid out are
whole columns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from upsell.clock import Moment
from upsell.decisions.decision import Exposure
from upsell.ids import UnitId
from upsell.measurement.lift import LiftReport
from upsell.measurement.measuring import measure
from upsell.measurement.observations import Observations, observe
from upsell.measurement.queries import Dialect, outcome_queries, unit_outcomes
from upsell.measurement.question import Contrast, Metric, Question
from upsell.signals.events import Event

_AT = pa.timestamp("us", tz="UTC")

EXPOSURE_COLUMNS = pa.schema(
    [
        ("workflow", pa.string()),
        ("contrast", pa.string()),
        ("stratum", pa.string()),
        ("unit_id", pa.string()),
        ("arm", pa.string()),
        ("share", pa.float64()),
        ("exposed_at", _AT),
        ("stage", pa.string()),
        ("account", pa.string()),
        ("trigger", pa.string()),
    ]
)
"""What measurement reads of exposures, and the stage that reports divide them by.

The account is empty where it is not known, and for a customer without one the customer; the trigger is
empty where nothing kept it.
"""

EVENT_COLUMNS = pa.schema(
    [("unit_id", pa.string()), ("name", pa.string()), ("occurred_at", _AT), ("properties", pa.string())]
)
"""What measurement reads of events."""


OUTCOME_EVENTS = frozenset(
    {
        "Subscription Started",
        "Subscription Changed",
        "Subscription Renewed",
        "Subscription Canceled",
        "Order Completed",
        "Order Canceled",
        "Refunded",
    }
)
"""Names of the events that money is made of, as ``report_outcome_events.sql`` has them; goals come beside."""


SPENDING_COLUMNS = pa.schema([("unit_id", pa.string()), ("spent_at", _AT), ("amount", pa.int64())])
"""What measurement reads of what messages and tasks cost, in millionths of a minor unit."""


class Ledger(msgspec.Struct, frozen=True):
    """Exposures and events as columns, and what messages and tasks cost; None where nobody said."""

    exposures: pa.Table
    events: pa.Table
    spendings: pa.Table | None = None

    @classmethod
    def of(
        cls,
        exposures: Iterable[Exposure],
        events: Iterable[tuple[UnitId, Event]],
        homes: Mapping[UnitId, UnitId] | None = None,
    ) -> Ledger:
        """Lay out exposures, and events each with the unit it counts for; both may be empty.

        With ``homes`` the account of each unit is known: the household it is in.
        """
        at_home = homes or {}
        exposed = [
            (
                e.workflow, e.contrast, e.stratum, e.unit_id, e.arm, e.share, e.exposed_at, e.stage,
                at_home.get(e.unit_id, ""), e.trigger,
            )
            for e in exposures
        ]  # fmt: skip
        happened = [
            (unit_id, event.name, event.occurred_at, msgspec.json.encode(event.properties).decode())
            for unit_id, event in events
        ]
        return cls(_table(exposed, EXPOSURE_COLUMNS), _table(happened, EVENT_COLUMNS))

    @classmethod
    def joined(cls, parts: Iterable[Ledger]) -> Ledger:
        """Put ledgers together that share no unit; none give an empty one.

        What messages and tasks cost is known where it is of any of them.
        """
        whole = [cls.of((), ()), *parts]
        spendings = [part.spendings for part in whole if part.spendings is not None]
        return cls(
            pa.concat_tables([part.exposures for part in whole]),
            pa.concat_tables([part.events for part in whole]),
            pa.concat_tables(spendings) if spendings else None,
        )

    def has_stratum(self, workflow: str, part: str) -> bool:
        """Tell whether the name of any stratum of a workflow says something."""
        is_named = pc.match_substring(pc.field("stratum"), part)
        return bool(self.exposures.filter((pc.field("workflow") == workflow) & is_named).num_rows)

    def shared_accounts(self, workflow: str) -> int | None:
        """Count accounts of which several units were exposed in a workflow; None where any is not known."""
        mine = self.exposures.filter(pc.field("workflow") == workflow)
        pairs = set(zip(mine["unit_id"].to_pylist(), mine["account"].to_pylist(), strict=True))
        if any(not account for _, account in pairs):
            return None
        return sum(units > 1 for units in Counter(account for _, account in pairs).values())

    def began(self, workflow: str) -> dict[str, dict[str, Moment]]:
        """Give when the first unit was exposed, by contrast and arm; nothing for an arm nobody had."""
        mine = self.exposures.filter(pc.field("workflow") == workflow)
        mine = mine.set_column(
            mine.schema.get_field_index("exposed_at"), "at", mine["exposed_at"].cast(pa.int64())
        )
        found: dict[str, dict[str, Moment]] = {}
        for row in mine.group_by(["contrast", "arm"]).aggregate([("at", "min")]).to_pylist():
            found.setdefault(row["contrast"], {})[row["arm"]] = row["at_min"]
        return found

    def stages(self, workflow: str) -> list[str]:
        """Give the lifecycle stages in which units of a workflow were exposed, in order."""
        found = self.exposures.filter(pc.field("workflow") == workflow)["stage"].unique()
        return sorted(str(stage) for stage in found.to_pylist())

    def of_stage(self, stage: str) -> Ledger:
        """Give the ledger with only those units that were exposed in a stage."""
        return msgspec.structs.replace(self, exposures=self.exposures.filter(pc.field("stage") == stage))


class OutcomeRow(msgspec.Struct, frozen=True):
    """The outcomes of one exposed unit; None while the window is open."""

    unit_id: UnitId
    conversion: int | None
    net_committed_revenue: int | None
    recurring_revenue_change: int | None
    margin: int | None
    net_value_after_regret: int | None

    def outcome(self, metric: Metric) -> int | None:
        """Give the outcome of one metric."""
        value: int | None = getattr(self, metric.value)
        return value


def read_lifts(ledger: Ledger, question: Question, *, has_readings: bool = False) -> LiftReport:
    """Measure one workflow; with ``has_readings`` each lift is read in other ways besides."""
    with opened(ledger) as engine:
        return measure(
            question,
            lambda sql: engine.execute(sql).fetchall(),
            Dialect.DUCKDB,
            has_readings=has_readings,
        )


def read_observations(ledger: Ledger, question: Question) -> Observations:
    """Give the counts and sums a measurement of one workflow is made from."""
    queries = outcome_queries(question, Dialect.DUCKDB)
    with opened(ledger) as engine:
        return observe({query: engine.execute(sql).fetchall() for query, sql in queries.items()})


def first_exposures(ledger: Ledger, workflow: str, contrast: Contrast) -> list[Moment]:
    """Give when each unit was first exposed in a contrast of a workflow, in order."""
    with opened(ledger) as engine:
        found = engine.execute(
            "select epoch_us(min(exposed_at)) from exposures where workflow = ? and contrast = ?"
            " group by unit_id order by 1",
            [workflow, contrast.value],
        )
        return [at for (at,) in found.fetchall()]


def unit_rows(ledger: Ledger, question: Question) -> list[OutcomeRow]:
    """Give the outcomes of every unit exposed in the contrast with the holdout."""
    columns = ", ".join(OutcomeRow.__struct_fields__)
    outcomes = unit_outcomes(question, Dialect.DUCKDB)
    query = f"select {columns} from ({outcomes}) where contrast = '{Contrast.HOLDOUT.value}' order by unit_id"
    with opened(ledger) as engine:
        return [OutcomeRow(*row) for row in engine.execute(query).fetchall()]


def opened(ledger: Ledger) -> duckdb.DuckDBPyConnection:
    """Lay a ledger out in DuckDB; to be closed."""
    engine = duckdb.connect(config={"threads": 2})
    engine.execute("set timezone = 'UTC'")
    engine.register("exposures", ledger.exposures)
    engine.register("events", ledger.events)
    if ledger.spendings is not None:
        engine.register("spendings", ledger.spendings)
    return engine


def _table(rows: list[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [pa.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)
