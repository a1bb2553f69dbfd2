"""Analysis: what Upsell knows, for Python and notebooks, as Arrow tables and result objects.

For analysts, over an export or a database; both answer the same. Nothing here writes.

    from upsell.analysis import open_export

    with open_export("export") as data:
        print(data.lift_table().to_pandas())
        data.sql("select reason, count(*) as units from decisions group by all order by units desc")
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from upsell.clock import Moment, SystemClock, from_datetime
from upsell.errors import ConfigError, nearest
from upsell.journeys.program import Program
from upsell.measurement.answers import Effect, Undetermined
from upsell.measurement.charts.chart import Chart
from upsell.measurement.figures import Figure
from upsell.measurement.lift import Lift
from upsell.measurement.metrics import Dimension, Span, metric_definition
from upsell.runtime.exports.reading import ExportedTables, asked_as_database
from upsell.runtime.exports.tables import TABLES, ExportTable
from upsell.runtime.exports.writing import read_rows
from upsell.runtime.papers.report_paper import report_charts
from upsell.runtime.pictures import LOOKED_BACK
from upsell.runtime.reporting import Funnel, Report, live_program, report
from upsell.runtime.results import Results
from upsell.runtime.tracking import read_metric, read_tracked
from upsell.runtime.trends import read_trends
from upsell.store.connect import Connection, connect

LIFT_COLUMNS = pa.schema(
    [
        ("workflow", pa.string()),
        ("contrast", pa.string()),
        ("arm", pa.string()),
        ("against", pa.string()),
        ("metric", pa.string()),
        ("currency", pa.string()),
        ("units", pa.int64()),
        ("units_against", pa.int64()),
        ("estimate", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("why_not", pa.string()),
    ]
)
"""Columns of ``Analysis.lift_table``: money in minor units, conversion as a share, per unit exposed."""


class Analysis:
    """What is kept, for reading: opened by ``open_database`` or, with SQL besides, by ``open_export``.

    Attributes:
        as_of: The moment that is meant where none is said, microseconds UTC.
    """

    def __init__(self, connection: Connection, as_of: Moment) -> None:
        """Read over a connection, or what answers like one."""
        self._connection = connection
        self._program: Program | None = None
        self.as_of = as_of

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables that ``table`` gives; ``docs/reference/export.md`` has their columns."""
        return tuple(table.name for table in TABLES)

    @property
    def workflows(self) -> Mapping[str, str]:
        """What people call each live workflow, by its key."""
        return {key: workflow.name for key, workflow in sorted(self._live().workflows.items())}

    def table(self, name: str) -> pa.Table:
        """Give a table whole, in memory.

        Raises:
            ConfigError: No table has that name.
        """
        table = _known(name)
        with self._connection.transaction():
            values = {"after": 0, "up_to": 2**62}
            batches = list(read_rows(self._connection, table, values))
        return pa.concat_tables([table.schema.empty_table(), *batches])

    def report(
        self,
        workflow: str | None = None,
        as_of: datetime | None = None,
        *,
        by_stage: bool = False,
        has_readings: bool = False,
        has_health: bool = False,
    ) -> Report:
        """Give what each live workflow did and earned, or one of them.

        Args:
            workflow: Only this one, by its key.
            as_of: As of this moment, with a zone.
            by_stage: Tell what was earned by lifecycle stage besides.
            has_readings: Read each effect in other ways beside the plain one.
            has_health: Check the readings: A against A, contamination, symmetry, trend, dilution.

        Raises:
            ConfigError: No live workflow has that key, or nothing is live.
        """
        return report(
            self._connection,
            self._live(),
            self._at(as_of),
            workflow,
            by_stage=by_stage,
            has_readings=has_readings,
            has_health=has_health,
        )

    def lifts(self, workflow: str, as_of: datetime | None = None) -> tuple[Lift, ...]:
        """Give the lifts of one workflow: treated against holdout, then each pair of arms.

        What cannot be said is ``Undetermined`` with its reason. Raises as ``report``.
        """
        return self.report(workflow, as_of).workflows[0].lift.lifts

    def funnel(self, workflow: str, as_of: datetime | None = None) -> Funnel:
        """Give who was considered by one workflow, and what became of them. Raises as ``report``."""
        return self.report(workflow, as_of).workflows[0].funnel

    def lift_table(self, as_of: datetime | None = None) -> pa.Table:
        """Give every lift as a row of ``LIFT_COLUMNS``; where nothing can be said, numbers are null."""
        rows = [_row(lift) for found in self.report(as_of=as_of).workflows for lift in found.lift.lifts]
        return pa.Table.from_pylist(rows, schema=LIFT_COLUMNS)

    def metric(
        self,
        name: str,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        by: str | None = None,
        is_whole: bool = False,
    ) -> tuple[Figure, ...]:
        """Give the figures of a metric of ``upsell metrics`` over a stretch.

        Args:
            name: Its id, such as ``arpa``.
            since: From this moment on, with a zone; without it a year before the end.
            until: Up to this moment; without it as of when this is.
            by: What its values are told apart by, such as ``plan``.
            is_whole: Whether what is told by month is told of the whole stretch as one instead.

        Raises:
            ConfigError: No metric has that id, or it cannot be told apart so.
            MeasurementError: The stretch is empty.
        """
        program, end = self._live(), self._at(until)
        start = end - LOOKED_BACK if since is None else from_datetime(since)
        known = {each.value: each for each in Dimension}
        if by is not None and by not in known:
            msg = f"expected something to tell values apart by, got {by}; known: {', '.join(known)}"
            raise ConfigError(msg)
        span = Span(
            since=start,
            until=end,
            as_of=end,
            currency=program.currency,
            by=None if by is None else known[by],
            is_whole=is_whole,
        )
        return read_metric(read_tracked(self._connection, program, end), metric_definition(name), span)

    def charts(self, as_of: datetime | None = None) -> tuple[Chart, ...]:
        """Give the charts of the report, each with its table; a notebook draws one that ends a cell."""
        trends = read_trends(self._connection, self._live(), self._at(as_of))
        return report_charts(Results("", self.report(as_of=as_of)), trends)

    def _live(self) -> Program:
        if self._program is None:
            self._program = live_program(self._connection)
        return self._program

    def _at(self, as_of: datetime | None) -> Moment:
        return self.as_of if as_of is None else from_datetime(as_of)


class ExportAnalysis(Analysis):
    """An export, which can be asked in SQL as well."""

    def __init__(self, connection: Connection, exported: ExportedTables) -> None:
        """Read an export as of when it was made."""
        super().__init__(connection, exported.manifest.exported_at)
        self._exported = exported

    def table(self, name: str) -> pa.Table:
        """Give a table whole, in memory.

        Raises:
            ConfigError: No table has that name.
        """
        return self._exported.arrow(f"from {_known(name).name}").cast(_known(name).schema)

    def sql(self, statement: str, values: Mapping[str, object] | None = None) -> pa.Table:
        """Ask in DuckDB's SQL, over the tables by their names; values stand as ``$name``."""
        return self._exported.arrow(statement, values)


@contextmanager
def open_export(folder: str | Path) -> Iterator[ExportAnalysis]:
    """Open what ``upsell export`` wrote.

    Raises:
        ConfigError: There is no export, or one of another version.
    """
    exported = ExportedTables(Path(folder))
    try:
        with asked_as_database(exported) as connection:
            yield ExportAnalysis(connection, exported)
    finally:
        exported.close()


@contextmanager
def open_database(url: str) -> Iterator[Analysis]:
    """Open the database at ``url``, as of now.

    Raises:
        StoreError: Nothing answers, or its schema is another program's.
    """
    with connect(url) as connection:
        yield Analysis(connection, SystemClock().now())


def _known(name: str) -> ExportTable:
    tables = {table.name: table for table in TABLES}
    if name not in tables:
        near = nearest(name, tables)
        hint = f"did you mean {near}?" if near else f"known: {', '.join(tables)}"
        msg = f"expected the name of a table, got {name}; {hint}"
        raise ConfigError(msg)
    return tables[name]


def _row(lift: Lift) -> dict[str, object]:
    effect = lift.absolute
    known = effect if isinstance(effect, Effect) else None
    return {
        "workflow": lift.workflow,
        "contrast": lift.contrast.value,
        "arm": lift.arm.arm,
        "against": lift.against.arm,
        "metric": lift.metric.value,
        "currency": lift.currency,
        "units": lift.arm.closed,
        "units_against": lift.against.closed,
        "estimate": None if known is None else known.estimate,
        "low": None if known is None else known.low,
        "high": None if known is None else known.high,
        "why_not": effect.detail if isinstance(effect, Undetermined) else None,
    }
