"""Usage: what an event of use changes in what is kept of a metric, and what two records make together.

The law: daily amounts do not depend on the order in which events are told; each belongs to the day
(UTC) it occurred in. What is kept is bounded.
"""

from __future__ import annotations

from bisect import bisect_left

from upsell.clock import DAY, Moment
from upsell.signals.profiles import Usage

KEPT_DAYS = 35
"""How many days before the newest are kept, and one older day, which says since when use is known."""

KEPT_PERIODS = 12
"""How many usage periods before the present one are kept."""


def take_quantity(held: Usage | None, quantity: float, at: Moment, period_started_at: Moment) -> Usage:
    """Give what is kept after ``quantity`` more was used at ``at``, in a period that began then.

    Use of an earlier period than the one last used counts for its day and for that period. A gauge
    begins anew as a flow.
    """
    if held is None or held.period_started_at is None:
        return Usage(quantity, period_started_at, [(at // DAY, quantity)])
    _set_day(held.days, at // DAY, _of_day(held.days, at // DAY) + quantity)
    if held.period_started_at < period_started_at:
        past = [*held.past, (held.period_started_at, held.amount)][-KEPT_PERIODS:]
        return Usage(quantity, period_started_at, held.days, past=past)
    if held.period_started_at <= at:
        # Another subscription may have moved the start back: what was counted is still of this period.
        held.amount += quantity
    else:
        _add_to_past(held.past, at, quantity)
    return held


def take_level(held: Usage | None, level: float, at: Moment) -> Usage:
    """Give what is kept after a gauge stood at ``level`` at ``at``.

    A level that is told late belongs to its day alone; of several told late for one day, the last
    one told. A flow begins anew as a gauge.
    """
    if held is None or held.period_started_at is not None:
        return Usage(level, None, [(at // DAY, level)], at)
    if held.level_at is None or at >= held.level_at:
        held.amount, held.level_at = level, at
    elif at // DAY == held.level_at // DAY:
        return held
    _set_day(held.days, at // DAY, level)
    return held


def merge_usage(stays: Usage, gone: Usage) -> Usage:
    """Add up what was used in one period; the later of two periods holds, and a gauge that stays."""
    if stays.period_started_at is None or gone.period_started_at is None:
        return stays
    for day, amount in gone.days:
        _set_day(stays.days, day, _of_day(stays.days, day) + amount)
    past = _both_pasts(stays.past, gone.past)
    if stays.period_started_at == gone.period_started_at:
        return Usage(stays.amount + gone.amount, stays.period_started_at, stays.days, past=past)
    earlier, later = sorted((stays, gone), key=lambda used: used.period_started_at or 0)
    past = _both_pasts(past, [(earlier.period_started_at or 0, earlier.amount)])
    return Usage(later.amount, later.period_started_at, stays.days, past=past)


def _add_to_past(past: list[tuple[Moment, float]], at: Moment, quantity: float) -> None:
    """Add late use to the period it is of; use from before the first one kept is of none."""
    for index in range(len(past) - 1, -1, -1):
        started_at, amount = past[index]
        if started_at <= at:
            past[index] = (started_at, amount + quantity)
            return


def _both_pasts(
    one: list[tuple[Moment, float]], other: list[tuple[Moment, float]]
) -> list[tuple[int, float]]:
    amounts: dict[Moment, float] = {}
    for started_at, amount in (*one, *other):
        amounts[started_at] = amounts.get(started_at, 0.0) + amount
    return sorted(amounts.items())[-KEPT_PERIODS:]


def _of_day(days: list[tuple[int, float]], day: int) -> float:
    index = bisect_left(days, day, key=_day)
    return days[index][1] if index < len(days) and days[index][0] == day else 0.0


def _set_day(days: list[tuple[int, float]], day: int, amount: float) -> None:
    """Put a day's amount in its place and forget what is too old, but for the last such day."""
    index = bisect_left(days, day, key=_day)
    if index < len(days) and days[index][0] == day:
        days[index] = (day, amount)
    else:
        days.insert(index, (day, amount))
    while len(days) > 1 and days[1][0] < days[-1][0] - KEPT_DAYS:
        del days[0]


def _day(kept: tuple[int, float]) -> int:
    return kept[0]
