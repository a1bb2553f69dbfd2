"""Usage: what an event of use changes in what is kept of a metric, and what two records make together.

The law: daily amounts and the lifetime total do not depend on the order in which events are told; each
amount belongs to the day (UTC) it occurred in. What is kept is bounded.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from upsell.clock import DAY, Moment
from upsell.signals.profiles import Lifetime, Usage, months_after

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
        lifetime = _lived(held.lifetime if held is not None else None, quantity, at)
        return Usage(quantity, period_started_at, [(at // DAY, quantity)], lifetime=lifetime)
    held.lifetime = _lived(lifetime_of(held), quantity, at)
    _set_day(held.days, at // DAY, _of_day(held.days, at // DAY) + quantity)
    if held.period_started_at < period_started_at:
        past = [*held.past, (held.period_started_at, held.amount)][-KEPT_PERIODS:]
        return Usage(quantity, period_started_at, held.days, past=past, lifetime=held.lifetime)
    if held.period_started_at <= at:
        # Another subscription may have moved the start back: what was counted is still of this period.
        held.amount += quantity
    else:
        _add_to_past(held.past, at, quantity, period_started_at)
    return held


def take_level(held: Usage | None, level: float, at: Moment) -> Usage:
    """Give what is kept after a gauge stood at ``level`` at ``at``.

    A level that is told late belongs to its day alone; of several told late for one day, the last
    one told. A flow begins anew as a gauge.
    """
    if held is None or held.period_started_at is not None:
        return Usage(level, None, [(at // DAY, level)], at, lifetime=lifetime_of(held))
    if held.level_at is None or at >= held.level_at:
        held.amount, held.level_at = level, at
    elif at // DAY == held.level_at // DAY:
        return held
    _set_day(held.days, at // DAY, level)
    return held


def lifetime_of(usage: Usage | None) -> Lifetime | None:
    """Give all that was ever recorded of a metric; None of a gauge, and of nothing.

    Of a record from before lifetimes were kept it is what its periods hold, since the first of them.
    """
    if usage is None or usage.lifetime is not None or usage.period_started_at is None:
        return usage.lifetime if usage is not None else None
    since = usage.past[0][0] if usage.past else usage.period_started_at
    total = usage.amount + sum(amount for _, amount in usage.past)
    last_day = usage.days[-1][0] if usage.days else 0
    return Lifetime(total, since, max(since, last_day * DAY))


def reach_milestones(usage: Usage, before: float, milestones: Iterable[int]) -> int | None:
    """Note the milestones that the lifetime total has just passed; give the greatest, None without any.

    One that was noted before is never passed again, even where use was taken back in between.

    Args:
        usage: What is kept of the metric now; the milestones passed are noted in it.
        before: The total before.
        milestones: All there are.
    """
    lifetime = usage.lifetime
    if lifetime is None:
        return None
    known = {milestone for milestone, _ in lifetime.reached}
    passed = [each for each in milestones if before < each <= lifetime.total and each not in known]
    lifetime.reached += [(milestone, lifetime.last_at) for milestone in sorted(passed)]
    return max(passed, default=None)


def merge_usage(stays: Usage, gone: Usage) -> Usage:
    """Add up what was used in one period; the later of two periods holds, and a gauge that stays."""
    lifetime = _both_lifetimes(lifetime_of(stays), lifetime_of(gone))
    if stays.period_started_at is None or gone.period_started_at is None:
        stays.lifetime = lifetime
        return stays
    for day, amount in gone.days:
        _set_day(stays.days, day, _of_day(stays.days, day) + amount)
    past = _both_pasts(stays.past, gone.past)
    if stays.period_started_at == gone.period_started_at:
        amount = stays.amount + gone.amount
        return Usage(amount, stays.period_started_at, stays.days, past=past, lifetime=lifetime)
    earlier, later = sorted((stays, gone), key=lambda used: used.period_started_at or 0)
    past = _both_pasts(past, [(earlier.period_started_at or 0, earlier.amount)])
    return Usage(later.amount, later.period_started_at, stays.days, past=past, lifetime=lifetime)


def _lived(lifetime: Lifetime | None, quantity: float, at: Moment) -> Lifetime:
    if lifetime is None:
        return Lifetime(quantity, at, at)
    lifetime.total += quantity
    if at < lifetime.since:
        lifetime.since = at
    elif at > lifetime.last_at:
        lifetime.last_at = at
    return lifetime


def _both_lifetimes(stays: Lifetime | None, gone: Lifetime | None) -> Lifetime | None:
    """Give what two did together; of a milestone both passed, when the first of them did."""
    if stays is None or gone is None:
        return stays or gone
    reached = dict(gone.reached)
    for milestone, at in stays.reached:
        reached[milestone] = min(at, reached.get(milestone, at))
    return Lifetime(
        stays.total + gone.total,
        min(stays.since, gone.since),
        max(stays.last_at, gone.last_at),
        sorted(reached.items()),
    )


def _add_to_past(
    past: list[tuple[Moment, float]], at: Moment, quantity: float, period_started_at: Moment
) -> None:
    """Add late use to the period it is of; use from before the first of the most that are kept is of none."""
    index = bisect_right(past, at, key=_began_at) - 1
    if index >= 0:
        started_at, amount = past[index]
        # Another subscription may have moved the start: use is of the period that was kept when it began.
        if started_at >= period_started_at or months_after(started_at, 1) > at:
            past[index] = (started_at, amount + quantity)
            return
    if index >= 0 or len(past) < KEPT_PERIODS:
        past.insert(index + 1, (period_started_at, quantity))
        del past[:-KEPT_PERIODS]


def _began_at(period: tuple[Moment, float]) -> Moment:
    return period[0]


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
