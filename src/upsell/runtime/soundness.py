"""Soundness: what speaks for and against what a workflow is said to have earned, read from the store.

For ``upsell report --health``. The law: it changes no reading; it says what was counted, so that whoever
reads can doubt the right one.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from upsell.clock import Moment
from upsell.measurement.answers import Effect, Undetermined
from upsell.measurement.health import Health, read_health
from upsell.measurement.lift import LiftReport
from upsell.measurement.queries import Dialect, health_queries
from upsell.measurement.question import Contrast, Metric, Question
from upsell.runtime.outcomes import Ledger, opened
from upsell.store.connect import Connection
from upsell.store.queries import query


class Contamination(msgspec.Struct, frozen=True):
    """How many held-out units what is offered reached another way, which hides some of the effect.

    Attributes:
        held_out: Held-out units exposed.
        ways: Of these, units reached within the horizon, by way: ``message``, ``task`` that was open, and
            ``prompt`` of other workflows or systems, discounted or not, and ``accepted``, however they
            came by it. A unit counts once in each.
    """

    held_out: int
    ways: dict[str, int]


class Dilution(msgspec.Struct, frozen=True):
    """The effect on whoever was considered, beside that on the exposed.

    Attributes:
        considered: Units that were a candidate at least once.
        exposed: Of these, units exposed in either arm.
        effects: The effect per unit exposed times the share exposed, by metric; what treating all of them
            would have brought per unit considered.
    """

    considered: int
    exposed: int
    effects: dict[str, Effect | Undetermined]


class WorkflowHealth(msgspec.Struct, frozen=True):
    """All that is known for and against a workflow's readings."""

    checks: Health
    contamination: Contamination
    dilution: Dilution


def check_health(ledger: Ledger, question: Question) -> Health:
    """Read the checks that the ledger answers."""
    with opened(ledger) as engine:
        queries = health_queries(question, Dialect.DUCKDB)
        rows = {name: engine.execute(sql).fetchall() for name, sql in queries.items()}
    return read_health(rows, is_clustered=question.is_clustered)


def count_contaminated(
    connection: Connection, question: Question, offers: Sequence[str], held_out: int, as_of: Moment
) -> Contamination:
    """Count held-out units that any of some offers reached another way."""
    values = {
        "workflow": question.workflow,
        "offers": list(offers),
        "as_of": as_of,
        "horizon": question.horizon,
    }
    found: dict[str, int] = dict(connection.execute(query("report_contamination"), values).fetchall())
    return Contamination(
        held_out, {way: found.get(way, 0) for way in ("message", "task", "prompt", "accepted")}
    )


def dilute(report: LiftReport, considered: int) -> Dilution:
    """Spread the effect on the exposed over whoever was considered."""
    lifts = [lift for lift in report.lifts if lift.contrast is Contrast.HOLDOUT]
    exposed = lifts[0].arm.exposed + lifts[0].against.exposed if lifts else 0
    # A merge can leave fewer considered than exposed.
    share = min(exposed / considered, 1.0) if considered else 0.0
    return Dilution(
        considered,
        exposed,
        {lift.metric.value: _times(lift.absolute, share) for lift in lifts},
    )


def held_out_units(report: LiftReport) -> int:
    """Count the held-out units that were exposed."""
    return next(
        (
            lift.against.exposed
            for lift in report.lifts
            if lift.contrast is Contrast.HOLDOUT and lift.metric is Metric.CONVERSION
        ),
        0,
    )


def _times(effect: Effect | Undetermined, share: float) -> Effect | Undetermined:
    if isinstance(effect, Undetermined):
        return effect
    return Effect(effect.estimate * share, effect.low * share, effect.high * share, effect.level)
