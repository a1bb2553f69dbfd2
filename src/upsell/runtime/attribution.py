"""Attribution: the ledger of credits, beside what workflows truly earned.

The law: each gain is credited once, one of a held-out household to nobody, and the credits add up to the
total. What is attributed was not therefore caused; the lift that stands beside it says what was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from upsell.clock import Moment
from upsell.errors import MeasurementError
from upsell.measurement.answers import Effect, Undetermined
from upsell.measurement.metrics import Span, tracking_query
from upsell.measurement.queries import Dialect
from upsell.measurement.question import Contrast, Metric
from upsell.runtime.reporting import Report
from upsell.runtime.tracking import Tracked, opened

LABEL = "attributed, not caused"
"""What is said beside every number of the ledger."""

CREDITED = "credited"
HELD_OUT = "held out"
UNATTRIBUTED = "unattributed"

_OVER_THE_COMPANY = {"events": "household_events", "first_exposures": "paying_units"}


class Credit(msgspec.Struct, frozen=True):
    """A line of the ledger of credits.

    Attributes:
        line: ``credited``, ``held out`` or ``unattributed``.
        workflow: Key of the workflow credited; empty on the other lines.
        channel: Channel of the last touch; empty on the other lines.
        upgrades: How many upgrades.
        expansion: By how much recurring revenue of those who paid already rose, per month in minor units, by
            ISO 4217 currency.
    """

    line: str
    workflow: str
    channel: str
    upgrades: int
    expansion: Mapping[str, int]


class Attribution(msgspec.Struct, frozen=True):
    """The ledger of credits of one stretch.

    Attributes:
        since: The moment before the stretch.
        until: Its last moment.
        credits: Its lines: what is credited by workflow and channel, held out, unattributed.
        total: What all of them come to, counted without any credit.
        lifts: What each workflow changed by its holdout, in recurring revenue over all exposures whose
            horizon has closed, by key.
        label: What is said beside every number.
    """

    since: Moment
    until: Moment
    credits: tuple[Credit, ...]
    total: Credit
    lifts: Mapping[str, Effect | Undetermined]
    label: str = LABEL


def read_attribution(tracked: Tracked, span: Span, report: Report) -> Attribution:
    """Credit each upgrade and each expansion of a stretch once, beside the lift of a report.

    Raises:
        MeasurementError: The credits do not add up to the total: a fault of ours, never shown as a number.
    """
    with opened(tracked) as engine:
        found = [
            engine.execute(
                tracking_query(f"tracking/{name}", span, Dialect.DUCKDB, _OVER_THE_COMPANY)
            ).fetchall()
            for name in ("attribution", "gain_totals")
        ]
    lines: dict[tuple[str, str, str], list[tuple[str | None, int, int]]] = {}
    for line, workflow, channel, *gained in found[0]:
        lines.setdefault((line, workflow, channel), []).append(_gained(gained))
    credits_ = tuple(_credit(*key, lines[key]) for key in sorted(lines, key=_place))
    total = _credit("total", "", "", [_gained(row) for row in found[1]])
    _check(credits_, total)
    return Attribution(
        since=span.since,
        until=span.until,
        credits=credits_,
        total=total,
        lifts={
            each.key: next(
                lift.total
                for lift in each.lift.lifts
                if lift.contrast is Contrast.HOLDOUT and lift.metric is Metric.RECURRING_REVENUE_CHANGE
            )
            for each in report.workflows
        },
    )


def _gained(row: Any) -> tuple[str | None, int, int]:
    currency, upgrades, expansion = row
    return currency, int(upgrades), int(expansion)


def _credit(line: str, workflow: str, channel: str, gained: list[tuple[str | None, int, int]]) -> Credit:
    expansion: dict[str, int] = {}
    for currency, _, amount in gained:
        if currency is not None and amount:
            expansion[currency] = expansion.get(currency, 0) + amount
    upgrades = sum(count for _, count, _ in gained)
    return Credit(line, workflow, channel, upgrades, dict(sorted(expansion.items())))


def _place(key: tuple[str, str, str]) -> tuple[int, str, str]:
    line, workflow, channel = key
    return [CREDITED, HELD_OUT, UNATTRIBUTED].index(line), workflow, channel


def _check(credits_: tuple[Credit, ...], total: Credit) -> None:
    summed = _credit(
        "total",
        "",
        "",
        [(currency, 0, amount) for credit in credits_ for currency, amount in credit.expansion.items()]
        + [(None, credit.upgrades, 0) for credit in credits_],
    )
    if summed != total:
        msg = f"expected credits that add up to {total}, got {summed}; tell the makers of Upsell"
        raise MeasurementError(msg)
