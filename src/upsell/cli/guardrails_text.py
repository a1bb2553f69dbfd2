"""Guardrails as text: a table with a line for each, and under it what was broken and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from upsell.clock import to_datetime
from upsell.decisions.guardrails import BEYOND_HOLDOUT, Action
from upsell.runtime.guarding import ALL_MAIL, Guarded, rate_words
from upsell.runtime.limits import state_words, told_readings
from upsell.store.guardrails import Breach

_HEADS = ("workflow", "guardrail", "action", "delivered", "seen", "rate", "interval", "limit", "state")
_RIGHT = frozenset({"delivered", "seen", "rate", "limit"})


def guardrails_lines(readings: Sequence[Guarded], breaches: Sequence[Breach]) -> Iterator[str]:
    """Write the table, then each breach that is open with what to do."""
    readings = told_readings(readings)
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


def _row(each: Guarded, breaches: Sequence[Breach]) -> tuple[str, ...]:
    reading = each.reading
    is_excess = each.guardrail in {measure.value for measure in BEYOND_HOLDOUT}
    rate, low, high, limit = (
        "-" if share is None else rate_words(share, is_excess=is_excess)
        for share in (reading.rate, reading.low, reading.high, reading.limit)
    )
    return (
        each.workflow if each.workflow != ALL_MAIL else "(all mail)",
        each.guardrail,
        each.action.value,
        f"{reading.counted:,}",
        f"{reading.seen:,}",
        rate,
        f"{low} to {high}" if reading.low is not None and reading.high is not None else "-",
        limit,
        state_words(each, breaches),
    )
