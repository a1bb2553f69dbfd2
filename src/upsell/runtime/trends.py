"""Trends: what was known of each workflow at several moments, and how often people were written to.

For the charts of a report. The law: a reading as of a moment is the report of that moment; nothing that
happened later is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from upsell.clock import WEEK, Moment
from upsell.journeys.program import Program
from upsell.measurement.charts.people import Week
from upsell.measurement.charts.readings import Reading
from upsell.measurement.question import Contrast, Metric
from upsell.runtime.guarding import Guarded
from upsell.runtime.outcomes import Ledger, first_exposures, read_lifts
from upsell.runtime.pictures import Pictures, read_pictures
from upsell.runtime.reporting import ask_about, read_ledger
from upsell.runtime.tracking import read_tracked
from upsell.store.connect import Connection
from upsell.store.queries import query

LOOKS = 8
"""How many moments an effect is read at, the last of them now."""

WEEKS = 13
"""How many weeks of messages are looked back on."""


class Trends(msgspec.Struct, frozen=True):
    """What goes with a report.

    Attributes:
        readings: By workflow, net revenue per unit as it was known at several moments, ascending.
        weeks: Messages per person of the last weeks, ascending; a week in which nobody was written to has
            none.
        pictures: What the other charts are drawn from.
    """

    readings: Mapping[str, tuple[Reading, ...]] = {}
    weeks: tuple[Week, ...] = ()
    pictures: Pictures = Pictures()


def read_trends(
    connection: Connection,
    program: Program,
    as_of: Moment,
    only: str | None = None,
    guarded: Sequence[Guarded] | None = None,
    go_on: Callable[[], None] = lambda: None,
) -> Trends:
    """Read the trends of a program's workflows, or of one, up to a moment.

    ``guarded`` are the guardrails as of that moment; None where they are known of another alone. ``go_on`` is
    called between what takes long, and raises where it is to be broken off.
    """
    ledger = read_ledger(connection, program, as_of)
    keys = sorted(program.workflows) if only is None else [only]
    return Trends(
        readings={key: read_over_time(ledger, program, key, as_of, go_on) for key in keys},
        weeks=read_weeks(connection, as_of),
        pictures=read_pictures(read_tracked(connection, program, as_of), program.currency, as_of, guarded),
    )


def read_over_time(
    ledger: Ledger, program: Program, workflow: str, as_of: Moment, go_on: Callable[[], None] = lambda: None
) -> tuple[Reading, ...]:
    """Read a workflow's net revenue per unit at moments evenly spread from when a first window closed.

    Before any window has closed there is one reading, now.
    """
    question = ask_about(ledger, program.workflows[workflow], program.currency, as_of)
    exposed = first_exposures(ledger, workflow, Contrast.HOLDOUT)
    first = exposed[0] + question.horizon if exposed else as_of
    span = max(0, as_of - first)
    looks = sorted({as_of - span * number // LOOKS for number in range(LOOKS)})
    readings = []
    for at in looks:
        go_on()
        found = read_lifts(ledger, msgspec.structs.replace(question, as_of=at))
        revenue = next(
            lift
            for lift in found.lifts
            if lift.contrast is Contrast.HOLDOUT and lift.metric is Metric.NET_COMMITTED_REVENUE
        )
        readings.append(Reading(at, revenue.absolute))
    return tuple(readings)


def read_weeks(connection: Connection, as_of: Moment, weeks: int = WEEKS) -> tuple[Week, ...]:
    """Read how often people were written to in each of the last weeks, which end with ``as_of``."""
    first = as_of - weeks * WEEK
    values = {"since": first, "as_of": as_of, "week": WEEK}
    found = {
        number: (persons, messages, most)
        for number, persons, messages, most in connection.execute(query("report_pressure"), values)
    }
    return tuple(Week(first + number * WEEK, *found.get(number, (0, 0, 0))) for number in range(weeks))
