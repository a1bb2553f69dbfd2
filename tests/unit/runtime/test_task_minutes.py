"""Minutes of tasks: a closing is written once beside its task, and the margin takes off what was worked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest

from tests.live_world import LiveWorld, make_documents, open_world
from tests.sinks import Sink, open_sink
from tests.stories.world import START, workflow
from upsell.analysis import open_export
from upsell.clock import DAY, HOUR, MINUTE
from upsell.measurement.question import Metric
from upsell.runtime.exports.manifest import read_manifest
from upsell.runtime.exports.writing import export
from upsell.runtime.reporting import report_live
from upsell.runtime.results import holdout_lifts
from upsell.signals.events import Event
from upsell.store.migrate import migrate
from upsell.store.tasks import MOST_MINUTES, ClosedTask, closed_task

PEOPLE = [f"p{number}" for number in range(24)]
COSTS = "costs: {task_minute: 80, minutes_per_task: 20}\n"
TASKS = workflow(
    trigger="{on: Pricing Viewed, again_after: 1 days}",
    journey="[{task: {queue: success, title: Call, due: 2 days}}, {wait: 3 days}]",
    holdout="50%",
)


@pytest.fixture
def sink() -> Iterator[Sink]:
    with open_sink() as opened:
        yield opened


def begin(world: LiveWorld) -> list[tuple[str, str]]:
    """Give everybody's tasks, by key and unit, once everybody who is not held out has one."""
    documents = make_documents({"flow": TASKS})
    world.apply({**documents, "upsell.yaml": documents["upsell.yaml"] + COSTS})
    for person in PEOPLE:
        world.happens("Customer Identified", person, email=f"{person}@example.com")
        world.happens("Pricing Viewed", person)
    world.settle()
    return [(key, unit) for key, unit in world.rows("select key, unit_id from tasks order by unit_id")]


def spent(world: LiveWorld, as_of: int) -> float:
    """How much more than revenue the margin of the treated lost, in minor units."""
    (found,) = report_live(world.connection, as_of).workflows
    by_metric = {lift.metric: lift for lift in holdout_lifts(found)}
    revenue, margin = by_metric[Metric.NET_COMMITTED_REVENUE], by_metric[Metric.MARGIN]
    assert margin.against.total == revenue.against.total
    return revenue.arm.total - margin.arm.total


def told(**said: object) -> ClosedTask | None:
    return closed_task(Event("e", "Task Closed", START, 0, "p", None, said, "test"))


@pytest.mark.postgres
def test_a_margin_takes_off_the_minutes_that_were_worked_and_the_usual_ones_of_other_tasks(
    database: str, sink: Sink
) -> None:
    with open_world(database, sink) as world:
        tasks = begin(world)
        assert len(tasks) > 6
        world.after(DAY)
        for (key, unit), minutes in zip(tasks, (5, 12.5, 0), strict=False):
            world.happens("Task Closed", unit[2:], key=key, outcome="Meeting booked", minutes=minutes)
        world.happens("Task Closed", tasks[3][1][2:], key=tasks[3][0], outcome="No answer")
        world.after(130 * DAY)
        # Oracle: 80 a minute for 5, 12.5 and 0 minutes, and 20 minutes for each task that told none.
        assert spent(world, world.clock.now()) == 80 * (17.5 + 20 * (len(tasks) - 3))


@pytest.mark.postgres
def test_minutes_told_after_the_moment_of_a_report_are_not_known_to_it(database: str, sink: Sink) -> None:
    with open_world(database, sink) as world:
        tasks = begin(world)
        world.after(120 * DAY)
        before = world.clock.now()
        world.after(DAY)
        world.happens("Task Closed", tasks[0][1][2:], key=tasks[0][0], minutes=100)
        world.settle()
        assert spent(world, before) == 80 * 20 * len(tasks)
        assert spent(world, world.clock.now()) == 80 * (100 + 20 * (len(tasks) - 1))


@pytest.mark.postgres
def test_a_tasks_earliest_closing_stands_in_whatever_order_closings_are_taken(
    database: str, sink: Sink
) -> None:
    with open_world(database, sink) as world:
        (first, unit), (second, _), *_ = begin(world)
        world.after(HOUR)
        late = world.event("Task Closed", unit[2:], key=first, outcome="late", minutes=9)
        early = msgspec.structs.replace(
            world.event("Task Closed", unit[2:], key=first, outcome="early", minutes=4),
            occurred_at=world.clock.now() - 30 * MINUTE,
        )
        world.append([late])
        world.settle()
        world.append([early, msgspec.structs.replace(late, id="again")])
        # Of no task, and of another's unit: the key alone says which task it is.
        world.happens("Task Closed", unit[2:], key="of nothing", outcome="lost")
        world.happens("Task Closed", "somebody", key=second, outcome="by another", minutes=1)
        world.settle()
        rows = "select key, outcome, minutes, micros(closed_at) from tasks where closed_at is not null"
        rows = rows.replace("micros(closed_at)", "(extract(epoch from closed_at) * 1000000)::bigint")
        assert sorted(world.rows(rows)) == sorted(
            [(first, "early", 4.0, early.occurred_at), (second, "by another", 1.0, world.clock.now())]
        )


@pytest.mark.postgres
def test_what_closings_told_before_is_written_by_the_migration(database: str, sink: Sink) -> None:
    with open_world(database, sink) as world:
        (key, unit), *_ = begin(world)
        for outcome in ("first", "second"):
            world.happens("Task Closed", unit[2:], key=key, outcome=outcome)
            world.after(HOUR)
        written = world.rows("select key, unit_id, closed_at, outcome, minutes from tasks order by key")
        world.connection.execute("alter table tasks drop column outcome, drop column minutes")
        world.connection.execute("alter table exposures drop column trigger")
        world.connection.execute("update tasks set closed_at = null")
        world.connection.execute(
            "delete from _yoyo_migration where migration_id = '0020.closings_and_triggers'"
        )
    assert migrate(database) == ("0020.closings_and_triggers",)
    with open_world(database, sink) as world:
        assert written == world.rows(
            "select key, unit_id, closed_at, outcome, minutes from tasks order by key"
        )
        assert [outcome for *_, outcome, _ in written if outcome] == ["first"]


@pytest.mark.parametrize(
    "minutes", [None, "12", True, -1, -0.5, float("nan"), float("inf"), MOST_MINUTES + 1, 10**400, [3]]
)
def test_minutes_that_no_work_can_take_are_as_if_not_told(minutes: object) -> None:
    assert told(key="k", outcome="done", minutes=minutes) == ClosedTask("k", START, "done", None)


def test_a_closing_without_a_readable_key_closes_nothing() -> None:
    assert told(key="k", minutes=3, outcome="a\0b") == ClosedTask("k", START, None, 3.0)
    assert told(minutes=3) is None
    assert told(key=7) is None
    assert told(key="a\0b") is None


@pytest.mark.postgres
def test_an_export_has_what_came_of_tasks_and_one_of_before_reads_them_as_not_told(
    database: str, sink: Sink, tmp_path: Path
) -> None:
    with open_world(database, sink) as world:
        (key, unit), *_ = begin(world)
        world.happens("Task Closed", unit[2:], key=key, outcome="done", minutes=7)
        world.after(120 * DAY)
        export(database, tmp_path, world.clock)
        here = report_live(world.connection, world.clock.now())
    with open_export(tmp_path) as data:
        assert data.report() == here
        closed = data.sql("select key, outcome, minutes from tasks where closed_at is not null")
        assert closed.to_pylist() == [{"key": key, "outcome": "done", "minutes": 7.0}]
    manifest = read_manifest(tmp_path)
    assert manifest is not None
    for file in manifest.tables["tasks"].files:
        path = tmp_path / file.path
        pq.write_table(pq.ParquetFile(path).read().drop_columns(["outcome", "minutes"]), path)
    with open_export(tmp_path) as data:
        assert set(data.table("tasks").column("minutes").to_pylist()) == {None}
        assert data.report().workflows[0].funnel == here.workflows[0].funnel
