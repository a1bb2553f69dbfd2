"""Planted worlds for tests: made-up companies lived through the whole chain, and what was said of each.

Each world is drawn anew from its number alone: its customers' chance by a seed of its own, and who is held
out by salts of its own, so that no world knows anything of another.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from upsell.clock import DAY, HOUR, Moment, parse_moment
from upsell.measurement.answers import Effect, Undetermined
from upsell.measurement.question import Metric
from upsell.runtime.company import RESPONSES, Company, Habits, Response
from upsell.runtime.demo import run_demo
from upsell.runtime.results import holdout_lifts
from upsell.workspace.documents import Documents, read_workspace

STARTS_AT: Moment = parse_moment("2026-01-01T00:00:00Z") or 0
STEP = 24 * HOUR
WORKSPACE = Path(__file__).parents[1] / "examples" / "saas"

# More accounts than usual are there from the beginning and reach for what is shut, so that a short year of a
# small company has readings; how they respond is planted by the kind of world.
_BUSY = Habits(
    existing_rate=1.0,
    plan_rates=(0.05, 0.50, 0.40, 0.05),
    burst_rate=0.25,
    churn_rate=0.006,
    ticket_rate=0.02,
)


class Kind(enum.Enum):
    """What is planted: what messages do to customers, and how their arms are drawn."""

    AA = "nothing"
    USUAL = "the usual responses"
    LARGE = "large responses"
    TIRING = "harm: every message drives some away"
    RAMPED = "large responses to workflows that open step by step"


_RESPONSES: Mapping[Kind, Mapping[str, Response]] = {
    Kind.AA: {},
    Kind.USUAL: RESPONSES,
    Kind.LARGE: {
        "usage-limit": Response((0.05, 0.15, 0.40)),
        "locked-feature": Response((0.10, 0.30)),
        "renewal": Response((0.30, 0.90), is_renewal=True),
    },
    Kind.TIRING: {},
}

_HABITS: Mapping[Kind, Habits] = {
    Kind.AA: msgspec.structs.replace(_BUSY, pressure_rate=0.0, objection_rate=0.0),
    Kind.TIRING: msgspec.structs.replace(_BUSY, pressure_rate=0.06, objection_rate=0.05),
}

_RAMP = "ramp: [{from: 2026-01-01, share: 40%}, {from: 2026-02-10, share: 100%}]"


class World(msgspec.Struct, frozen=True):
    """One world: its number, what is planted, how many accounts it has, and for how many days it is lived."""

    number: int
    kind: Kind
    accounts: int = 1_000
    days: int = 190
    holdout: str = "50%"


class Reading(msgspec.Struct, frozen=True):
    """What the report of a world said of one workflow and metric, and what was true.

    Attributes:
        workflow: The workflow.
        metric: What was measured.
        said: The effect per unit exposed, with its interval.
        truth: The mean difference of the potential outcomes of the exposed.
        truth_units: Exposed units it is the mean over.
        closed: Units the report counted.
        strata: Strata it read.
    """

    workflow: str
    metric: Metric
    said: Effect | Undetermined
    truth: float
    truth_units: int
    closed: int
    strata: int


def live_world(url: str, world: World) -> list[Reading]:
    """Live a world on an empty database, from its first event to the report; give what was said of it."""
    company = Company(
        seed=world.number,
        accounts=world.accounts,
        starts_at=STARTS_AT,
        lasts=world.days * DAY,
        responses=_RESPONSES.get(world.kind, _RESPONSES[Kind.LARGE]),
        habits=_HABITS.get(world.kind, _BUSY),
    )
    results = run_demo(url, _documents(world), company, STEP, 1, lambda _told: None)
    return [
        Reading(
            workflow=found.key,
            metric=lift.metric,
            said=lift.absolute,
            truth=truth.effect,
            truth_units=truth.units,
            closed=lift.arm.closed + lift.against.closed,
            strata=lift.strata,
        )
        for found in results.report.workflows
        for lift in holdout_lifts(found)
        if lift.metric in (Metric.CONVERSION, Metric.NET_COMMITTED_REVENUE)
        and (truth := results.truth_of(lift)) is not None
    ]


def _documents(world: World) -> Documents:
    """Give the example's workspace with the world's own holdouts."""
    more = f"\n  {_RAMP}" if world.kind is Kind.RAMPED else ""
    return {
        name: re.sub(
            r"\n  holdout: .*",
            f"\n  holdout: {world.holdout}\n  salt: world-{world.number}-{Path(name).stem}{more}",
            text,
        )
        if name.startswith("workflows/")
        else text
        for name, text in read_workspace(WORKSPACE).items()
    }
