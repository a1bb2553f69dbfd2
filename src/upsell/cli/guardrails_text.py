"""Guardrails as text: a table with a line for each, and under it what was broken and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from upsell.clock import format_moment, to_datetime
from upsell.decisions.guardrails import Action
from upsell.measurement.guardrails import Reading, Standing
from upsell.runtime.guarding import ALL_MAIL, Guarded
from upsell.store.guardrails import Breach

_HEADS = ("workflow", "guardrail", "action", "delivered", "seen", "rate", "interval", "limit", "state")
_RIGHT = frozenset({"delivered", "seen", "rate", "limit"})


def guardrails_lines(readings: Sequence[Guarded], breaches: Sequence[Breach]) -> Iterator[str]:
    """Write the table, then each breach that is open with what to do."""
    # A provider to whose mailboxes nothing was ever sent is nobody's concern.
    readings = [each for each in readings if each.reading.counted or each.workflow != ALL_MAIL]
    if not readings:
        yield "Nothing was sent yet, and no workflow writes a guardrail: see docs/guides/guardrails.md."
    else:
        rows = [_HEADS, *(_row(each, breaches) for each in readings)]
        widths = [max(len(row[place]) for row in rows) for place in range(len(_HEADS))]
        for row in rows:
            yield "  ".join(
                cell.rjust(width) if head in _RIGHT else cell.ljust(width)
                for head, cell, width in zip(_HEADS, row, widths, strict=True)
            ).rstrip()
        if any(each.reading.held_out is not None for each in readings):
            yield "An excess is of units spoken to whose 14 days are over, beside the holdout's share."
    for breach in breaches:
        yield ""
        what = "is paused" if breach.action is Action.PAUSE else "is beyond a limit"
        since = f"{to_datetime(breach.found_at):%Y-%m-%d %H:%M} UTC"
        yield f"{breach.workflow} {what} since {since}: {breach.words}"
        yield f'  mend what people were sent, then: upsell guardrail resume {breach.workflow} --why "..."'
        yield f"  notice: {breach.notice.value}" + (f" to {breach.notice_to}" if breach.notice_to else "")


def guardrails_content(readings: Sequence[Guarded], breaches: Sequence[Breach]) -> dict[str, Any]:
    """Give the same for machines: rates as fractions, moments in ISO 8601."""
    return {
        "guardrails": [
            {
                "workflow": each.workflow or None,
                "guardrail": each.guardrail,
                "action": each.action.value,
                **msgspec.to_builtins(each.reading),
                "words": each.words,
            }
            for each in readings
        ],
        "open": [
            {
                **msgspec.to_builtins(breach),
                "found_at": format_moment(breach.found_at),
                "ended_at": None,
                "remedy": f"upsell guardrail resume {breach.workflow} --why TEXT",
            }
            for breach in breaches
        ],
    }


def _row(each: Guarded, breaches: Sequence[Breach]) -> tuple[str, ...]:
    reading = each.reading
    low, high = reading.low, reading.high
    return (
        each.workflow if each.workflow != ALL_MAIL else "(all mail)",
        each.guardrail,
        each.action.value,
        f"{reading.counted:,}",
        f"{reading.seen:,}",
        _percent(reading.rate) if reading.rate is not None else "-",
        f"{_percent(low)} to {_percent(high)}" if low is not None and high is not None else "-",
        _percent(reading.limit),
        _state(each, reading, breaches),
    )


def _state(each: Guarded, reading: Reading, breaches: Sequence[Breach]) -> str:
    """Say how a guardrail stands: what was done, or how it is read."""
    for breach in breaches:
        is_of_it = breach.guardrail == each.guardrail and breach.action is each.action
        if is_of_it and each.workflow in (ALL_MAIL, breach.workflow):
            return "paused" if breach.action is Action.PAUSE else "warned"
    if reading.standing is Standing.TOO_FEW and reading.needs:
        return f"too few: needs {reading.needs}"
    return reading.standing.value


def _percent(rate: float) -> str:
    return f"{rate * 100:.3g} %"
