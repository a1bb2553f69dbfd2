"""Forecast: when a metric's use is expected to reach its limit, and between when and when.

For rules, templates and explanations. What is used each day is taken as independent draws with one
mean and variance, so what is used in ``t`` days has mean ``m t`` and variance ``s^2 t``. As use only
grows, the limit is reached within ``t`` exactly when the use in ``t`` days is at least what is left:
the law of Birnbaum and Saunders (1969, "A new family of life distributions", eq. 2). The rate ``m`` is
itself known from ``n`` days only, which adds ``s^2 t^2 / n`` and makes the normal quantile Student's.
The laws: depends on its arguments alone; nothing is forecast beyond its horizon; and until
``next_forecast_at`` passes, only an event changes it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from upsell.clock import DAY, WEEK, Duration, Moment
from upsell.signals.profiles import Usage

LONGEST_WEEKS = 4
"""The most complete weeks of use that a forecast looks at; whole ones, so that each weekday counts alike."""

GAUGE_HORIZON: Duration = LONGEST_WEEKS * WEEK
"""How far ahead a level, which knows no period, is forecast."""

_STUDENT = {7: 1.9431802805153022, 14: 1.7709333959867988, 28: 1.7032884457221265}
"""The 95 % quantile of Student's distribution with one degree of freedom fewer than days looked at."""

_CHANGED = 2.5
"""How many standard errors apart two halves of the days must be for the older one to be forgotten."""


class Forecast(msgspec.Struct, frozen=True):
    """How long until a limit is reached; each None where it is not expected within the horizon.

    Attributes:
        expected: At the mean rate of the days looked at.
        least: The time it is reached within with a chance of 5 %.
        most: The time it is reached within with a chance of 95 %.
    """

    expected: Duration | None = None
    least: Duration | None = None
    most: Duration | None = None


UNKNOWN = Forecast()
"""No limit, no use, or too few days: nothing is said."""

REACHED = Forecast(0, 0, 0)
"""The limit is reached already."""


def forecast_limit(usage: Usage, left: float, now: Moment, period_ends_at: Moment) -> Forecast:
    """Say when ``left`` more of a metric will have been used.

    Args:
        usage: What is kept of the metric.
        left: The limit less what is used; nothing left is a limit that is reached.
        now: The present; the day it is in (UTC) is not complete and is not looked at.
        period_ends_at: When the present period ends, beyond which a flow is not forecast.

    Returns:
        The forecast; ``UNKNOWN`` over less than a complete week since the metric was first recorded,
        and where its mean does not grow.
    """
    if left <= 0:
        return REACHED
    amounts = _of_one_rate(_complete_days(usage, now // DAY))
    if not amounts:
        return UNKNOWN
    horizon = GAUGE_HORIZON if usage.period_started_at is None else period_ends_at - now
    return Forecast(*(_within(days, horizon) for days in passage_days(amounts, left)))


def expected_amount(usage: Usage, used: float, now: Moment, period_ends_at: Moment) -> float:
    """Give how much will have been used by the end of the period, or of a level the horizon.

    What is used by now, and on each day (UTC) to come the mean rate of the days looked at; today so much
    at least. A level that falls is expected to stay. Over less than a complete week it is what is used by
    now. Between events it changes when ``next_expected_at`` says.
    """
    today = now // DAY
    amounts = _of_one_rate(_complete_days(usage, today))
    if not amounts:
        return used
    mean = max(0.0, math.fsum(amounts) / len(amounts))
    if usage.period_started_at is None:
        return used + mean * GAUGE_HORIZON / DAY
    tomorrow_at = (today + 1) * DAY
    of_today = mean * (min(tomorrow_at, period_ends_at) - today * DAY) / DAY
    so_far = usage.days[-1][1] if usage.days[-1][0] == today else 0.0
    return used + max(0.0, of_today - so_far) + mean * max(0, period_ends_at - tomorrow_at) / DAY


def next_expected_at(usage: Usage, now: Moment, period_ends_at: Moment) -> Moment | None:
    """Give the instant after ``now`` at which time alone next changes what is expected; None when none does.

    That is the next midnight in UTC while days of use are looked at, and the end of the period.
    """
    ends_at = period_ends_at if usage.period_started_at is not None else None
    if not usage.days or usage.days[-1][0] < now // DAY - LONGEST_WEEKS * 7:
        return ends_at
    midnight = (now // DAY + 1) * DAY
    return midnight if ends_at is None else min(midnight, ends_at)


def next_forecast_at(usage: Usage, forecast: Forecast, now: Moment, period_ends_at: Moment) -> Moment | None:
    """Give an instant after ``now``, never later than the first at which time alone changes a forecast.

    That is the next midnight in UTC while days of use are looked at, the end of the period, or when
    what is left of the period gets shorter than a forecast.
    """
    if not usage.days or usage.days[-1][0] < now // DAY - LONGEST_WEEKS * 7:
        is_reached_flow = forecast == REACHED and usage.period_started_at is not None
        return period_ends_at if is_reached_flow else None
    midnight = (now // DAY + 1) * DAY
    if usage.period_started_at is None:
        return midnight
    told = (forecast.expected, forecast.least, forecast.most)
    out_of_reach = [period_ends_at - span + 1 for span in told if span]
    return min(at for at in (midnight, period_ends_at, *out_of_reach) if at > now)


def passage_days(amounts: Sequence[float], left: float) -> tuple[float | None, float | None, float | None]:
    """Give the days in which ``left`` is used at the mean rate, and the 5 % and 95 % quantiles of them.

    The quantiles are the roots of ``(m t - left)^2 = z^2 s^2 (t + t^2 / n)``. All are None at a mean
    that is not positive; the greater quantile is None where the rate may well be zero.

    Args:
        amounts: Use of 7, 14 or 28 days.
        left: What is left, above zero.
    """
    count = len(amounts)
    mean = math.fsum(amounts) / count
    if mean <= 0:
        return None, None, None
    spread = math.fsum((amount - mean) ** 2 for amount in amounts) / (count - 1) * _STUDENT[count] ** 2
    middle = 2 * mean * left + spread
    width = math.sqrt(spread * (4 * mean * left + spread + 4 * left * left / count))
    most = 2 * (mean * mean - spread / count)
    return left / mean, 2 * left * left / (middle + width), (middle + width) / most if most > 0 else None


def _within(days: float | None, horizon: Duration) -> Duration | None:
    """Give days in whole microseconds, rounded up; None beyond the horizon."""
    if days is None or days * DAY > horizon:
        return None
    return math.ceil(days * DAY)


def _complete_days(usage: Usage, today: int) -> list[float]:
    """Give the use of the last 7, 14 or 28 complete days, after the day of the first use known."""
    known = today - usage.days[0][0] - 1 if usage.days else 0
    count = next((weeks * 7 for weeks in (4, 2, 1) if known >= weeks * 7), 0)
    start = today - count
    if usage.period_started_at is not None:
        amounts = [0.0] * count
        for day, amount in usage.days:
            if start <= day < today:
                amounts[day - start] = amount
        return amounts
    risen = [0.0] * count
    before: float | None = None
    for day, level in usage.days:
        if before is not None and start <= day < today:
            risen[day - start] = level - before
        before = level
    return risen


def _of_one_rate(amounts: list[float]) -> list[float]:
    """Leave out the older half of the days, and again, where its rate is clearly another."""
    while len(amounts) > 7:
        half = len(amounts) // 2
        older, newer = amounts[:half], amounts[half:]
        one, other = math.fsum(older) / half, math.fsum(newer) / half
        squares = math.fsum((amount - one) ** 2 for amount in older)
        squares += math.fsum((amount - other) ** 2 for amount in newer)
        if (other - one) ** 2 <= _CHANGED**2 * squares / (half * (half - 1)):
            break
        amounts = newer
    return amounts
