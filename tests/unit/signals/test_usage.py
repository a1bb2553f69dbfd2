"""What is kept of use: days whatever the order, levels by their moment, bounded; forecasts at their edges."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize
from scipy import stats as scipy_stats

from upsell.clock import DAY, HOUR, from_datetime
from upsell.signals.forecast import (
    REACHED,
    UNKNOWN,
    Forecast,
    expected_amount,
    forecast_limit,
    next_expected_at,
    next_forecast_at,
    passage_days,
)
from upsell.signals.profiles import Lifetime, Usage
from upsell.signals.usage import (
    KEPT_DAYS,
    KEPT_PERIODS,
    lifetime_of,
    merge_usage,
    reach_milestones,
    take_level,
    take_quantity,
)

TODAY = 20_000
NOW = TODAY * DAY + 9 * HOUR


def used(*amounts: float, start: int = TODAY - 7) -> Usage:
    """Use of days in a row, the first of which is one day before those looked at."""
    days = [(start - 1 + place, amount) for place, amount in enumerate(amounts)]
    return Usage(math.fsum(amounts), (TODAY - 20) * DAY, days)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 9)), max_size=30), st.randoms())
def test_daily_amounts_do_not_depend_on_the_order_in_which_events_are_told(
    told: list[tuple[int, int]], luck: Any
) -> None:
    def kept(order: list[tuple[int, int]]) -> list[tuple[int, float]]:
        usage: Usage | None = None
        for day, amount in order:
            usage = take_quantity(usage, amount, day * DAY, 0)
        return usage.days if usage is not None else []

    mixed = list(told)
    luck.shuffle(mixed)
    by_day: dict[int, float] = {}
    for day, amount in told:
        by_day[day] = by_day.get(day, 0) + amount
    assert kept(mixed) == sorted(by_day.items())


def test_what_is_expected_is_what_was_used_and_the_mean_of_each_day_to_come() -> None:
    # Seven days of 10, then three today by nine o'clock, and the period ends at noon, five days on.
    usage = used(10, 10, 10, 10, 10, 10, 10, 10, 3)
    ends_at = (TODAY + 5) * DAY + 12 * HOUR
    assert expected_amount(usage, 83, NOW, ends_at) == 83 + 7 + 45
    assert expected_amount(used(*[10] * 8, 14), 94, NOW, ends_at) == 94 + 45, (
        "today is more than a day's mean"
    )
    assert expected_amount(usage, 83, NOW, TODAY * DAY + 12 * HOUR) == 83 + 2, "half of today is left to it"
    assert expected_amount(used(10, 10, start=TODAY - 3), 20, NOW, ends_at) == 20, "not known long enough"
    level = Usage(8, None, [(TODAY - 8 + place, float(place)) for place in range(9)], NOW)
    assert expected_amount(level, 8, NOW, ends_at) == 8 + 28
    assert expected_amount(Usage(8, None, [*level.days[:-1], (TODAY - 1, 0.0)], NOW), 8, NOW, ends_at) == 8


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9)), min_size=1, max_size=12),
    st.booleans(),
    st.integers(1, 40 * 24),
)
def test_what_is_expected_changes_by_time_alone_when_it_says(
    told: list[tuple[int, int]], is_level: bool, ahead: int
) -> None:
    days = sorted({TODAY - ago: float(amount) for ago, amount in told}.items())
    usage = Usage(9.0, None if is_level else (TODAY - 20) * DAY, days, NOW if is_level else None)
    ends_at = NOW + ahead * HOUR
    said = next_expected_at(usage, NOW, ends_at)
    before = expected_amount(usage, 9.0, NOW, ends_at)
    for hours in range(1, ahead):
        now = NOW + hours * HOUR
        if said is None or now < said:
            assert expected_amount(usage, 9.0, now, ends_at) == before


def test_what_is_kept_is_bounded_and_knows_since_when_use_is_known() -> None:
    usage: Usage | None = None
    for day in range(500):
        usage = take_quantity(usage, 1, day * DAY, 0)
    assert usage is not None
    assert usage.days[0][0] == 500 - 1 - KEPT_DAYS - 1
    assert len(usage.days) == KEPT_DAYS + 2


def test_use_of_an_earlier_period_counts_for_its_day_alone() -> None:
    usage = take_quantity(None, 5, 40 * DAY, 30 * DAY)
    usage = take_quantity(usage, 7, 20 * DAY, 0)
    assert (usage.amount, usage.days) == (5, [(20, 7), (40, 5)])


def test_use_of_a_gap_is_a_period_of_its_own_and_use_in_a_period_that_is_kept_is_of_that() -> None:
    """Oracle: by hand; months of which the second was without use until it is told late."""
    march, april, may = (from_datetime(datetime(2026, number, 10, tzinfo=UTC)) for number in (3, 4, 5))
    usage = take_quantity(take_quantity(None, 5, march, march), 7, may, may)
    assert usage.past == [(march, 5)]
    usage = take_quantity(usage, 2, april + 3 * DAY, april)
    assert usage.past == [(march, 5), (april, 2)]
    # Told when another subscription had moved the start: what lies in a period that is kept is of it alone.
    usage = take_quantity(usage, 1, april + 4 * DAY, april + 2 * DAY)
    assert usage.past == [(march, 5), (april, 3)]
    late = take_quantity(Usage(7, may + 9 * DAY, past=[(march, 5)]), 1, april + DAY, april - 3 * DAY)
    assert late.past == [(march, 5), (april - 3 * DAY, 1)]
    usage = take_quantity(usage, 4, march - DAY, march - 30 * DAY)
    assert usage.past == [(march - 30 * DAY, 4), (march, 5), (april, 3)]


def test_no_more_past_periods_are_kept_than_are_said() -> None:
    usage: Usage | None = None
    for month in range(20):
        usage = take_quantity(usage, 1, month * 31 * DAY, month * 31 * DAY)
    assert usage is not None
    assert (len(usage.past), usage.past[0][0]) == (KEPT_PERIODS, 7 * 31 * DAY)
    usage = take_quantity(usage, 1, 0, 0)
    assert (len(usage.past), usage.past[0][0]) == (KEPT_PERIODS, 7 * 31 * DAY)
    assert usage.lifetime is not None
    assert (usage.lifetime.total, usage.lifetime.since) == (21, 0)


def test_a_record_from_before_totals_were_kept_begins_with_what_its_periods_hold() -> None:
    old = msgspec.json.decode(b"[4.0,864000000000,[[12,4.0]],null,[[0,6.0]]]", type=Usage)
    assert lifetime_of(old) == Lifetime(10, 0, 12 * DAY)
    usage = take_quantity(old, 5, 13 * DAY, 10 * DAY)
    assert usage.lifetime == Lifetime(15, 0, 13 * DAY)
    assert reach_milestones(usage, 10, (5, 12, 100)) == 12


def test_a_milestone_that_use_was_taken_back_from_is_not_reached_again() -> None:
    usage = take_quantity(None, 10, DAY, 0)
    assert reach_milestones(usage, 0, (10, 20)) == 10
    usage = take_quantity(usage, -5, 2 * DAY, 0)
    usage = take_quantity(usage, 7, 3 * DAY, 0)
    assert reach_milestones(usage, 5, (10, 20)) is None
    assert usage.lifetime == Lifetime(12, DAY, 3 * DAY, [(10, DAY)])


def test_a_metric_that_is_a_gauge_for_a_while_keeps_its_total() -> None:
    usage = take_level(take_quantity(None, 10, DAY, 0), 3, 2 * DAY)
    assert usage.lifetime == Lifetime(10, DAY, DAY)
    assert take_quantity(usage, 1, 3 * DAY, 0).lifetime == Lifetime(11, DAY, 3 * DAY)
    assert lifetime_of(take_level(None, 3, DAY)) is None


def test_a_level_told_late_belongs_to_its_day_and_not_to_now() -> None:
    usage = take_level(None, 5, 10 * DAY + HOUR)
    usage = take_level(usage, 3, 9 * DAY)
    assert (usage.amount, usage.days) == (5, [(9, 3), (10, 5)])
    assert take_level(usage, 4, 10 * DAY).amount == 5
    assert take_level(usage, 6, 10 * DAY + 2 * HOUR).amount == 6


def test_two_records_of_one_person_are_added_day_by_day() -> None:
    one, other = used(1, 2, 3), used(10, 20, 30, start=TODAY - 6)
    merged = merge_usage(one, other)
    assert merged.amount == 66
    assert [amount for _, amount in merged.days] == [1, 12, 23, 30]


def test_the_expected_day_is_what_is_left_over_the_mean_rate() -> None:
    """Oracle: closed form; 7 days of 10 each leave 50 for 5 days, to the microsecond."""
    usage = used(99, *[10.0] * 7)
    found = forecast_limit(usage, 50, NOW, NOW + 30 * DAY)
    assert found == Forecast(5 * DAY, 5 * DAY, 5 * DAY)


@given(
    st.lists(st.integers(0, 100), min_size=7, max_size=7).filter(lambda days: sum(days) > 20),
    st.integers(1, 2_000),
)
def test_the_quantiles_are_the_roots_of_their_equation(amounts: list[int], left: int) -> None:
    """Oracle: scipy's quantile of Student's distribution and its root finder."""
    count, mean = len(amounts), math.fsum(amounts) / len(amounts)
    variance = sum((amount - mean) ** 2 for amount in amounts) / (count - 1)
    quantile = float(scipy_stats.t.ppf(0.95, count - 1))

    def shortfall(days: float, sign: int) -> float:
        return mean * days + sign * quantile * math.sqrt(variance * (days + days * days / count)) - left

    expected, least, most = passage_days(amounts, left)
    assert expected == left / mean
    assert least == pytest.approx(optimize.brentq(shortfall, 0, 1e6, args=(1,), xtol=1e-12), rel=1e-6)
    if most is not None and most < 1e5:
        assert most == pytest.approx(optimize.brentq(shortfall, 0, 1e6, args=(-1,), xtol=1e-12), rel=1e-6)


def test_nothing_is_said_after_less_than_a_week_without_growth_or_beyond_the_period() -> None:
    assert forecast_limit(used(1, 1, 1, start=TODAY - 2), 5, NOW, NOW + 30 * DAY) == UNKNOWN
    assert forecast_limit(used(9, *[0.0] * 7), 5, NOW, NOW + 30 * DAY) == UNKNOWN
    beyond = forecast_limit(used(99, *[10.0] * 7), 50, NOW, NOW + 5 * DAY - 1)
    assert beyond == UNKNOWN
    assert forecast_limit(used(99), 0, NOW, NOW + DAY) == REACHED


def test_a_rate_that_clearly_changed_forgets_the_older_half() -> None:
    """Oracle: planted truth; two weeks at 10 a day, then two at 40, leave 400 for 10 days."""
    amounts = [9.0 + place % 3 for place in range(14)] + [39.0 + place % 3 for place in range(14)]
    usage = used(10, *amounts, start=TODAY - 28)
    found = forecast_limit(usage, 400, NOW, NOW + 60 * DAY)
    assert found.expected is not None
    assert 9.5 * DAY < found.expected < 10.5 * DAY


def test_a_level_that_rises_is_forecast_beyond_any_period() -> None:
    usage = Usage(27, None, [(TODAY - 8 + place, 20.0 + place) for place in range(8)], NOW - DAY)
    assert forecast_limit(usage, 10, NOW, NOW + 1).expected == 10 * DAY


histories = st.lists(st.tuples(st.integers(0, 40 * 24), st.integers(1, 30)), min_size=1, max_size=60)


@given(histories, st.integers(1, 3_000), st.integers(0, 45 * 24), st.integers(1, 30 * 24))
def test_time_alone_never_changes_a_forecast_before_it_was_said_to(
    told: list[tuple[int, int]], left: int, since: int, ahead: int
) -> None:
    usage: Usage | None = None
    for hour, amount in told:
        usage = take_quantity(usage, amount, hour * HOUR, 0)
    assert usage is not None
    now = max(since * HOUR, max(hour for hour, _ in told) * HOUR)
    ends_at = now + ahead * HOUR
    found = forecast_limit(usage, left, now, ends_at)
    turns_at = next_forecast_at(usage, found, now, ends_at)
    last = turns_at if turns_at is not None else ends_at
    for at in (*range(now, min(last, ends_at), HOUR), min(last, ends_at) - 1):
        assert forecast_limit(usage, left, at, ends_at) == found
