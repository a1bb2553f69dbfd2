"""Usage periods: months from the anchor, the day held to the month's length."""

from __future__ import annotations

import pytest
from dateutil.relativedelta import relativedelta  # type: ignore[import-untyped]  # ships no types
from hypothesis import given
from hypothesis import strategies as st

from upsell.clock import DAY, format_moment, from_datetime, parse_moment, to_datetime
from upsell.signals.profiles import months_after, usage_period

moments = st.integers(946_684_800_000_000, 4_102_444_800_000_000)  # 2000 to 2100


def at(text: str) -> int:
    moment = parse_moment(text)
    assert moment is not None
    return moment


@pytest.mark.parametrize(
    ("anchor", "now", "start", "end"),
    [
        (None, "2026-02-10T12:00:00Z", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"),
        ("2026-01-31T08:00:00Z", "2026-02-28T07:59:59Z", "2026-01-31T08:00:00Z", "2026-02-28T08:00:00Z"),
        ("2026-01-31T08:00:00Z", "2026-02-28T08:00:00Z", "2026-02-28T08:00:00Z", "2026-03-31T08:00:00Z"),
        ("2024-02-29T00:00:00Z", "2025-03-01T00:00:00Z", "2025-02-28T00:00:00Z", "2025-03-29T00:00:00Z"),
    ],
)
def test_a_period_begins_on_the_anchors_day_or_on_the_first(
    anchor: str | None, now: str, start: str, end: str
) -> None:
    found = usage_period(at(anchor) if anchor else None, at(now))
    assert tuple(format_moment(edge) for edge in found) == (start, end)


@given(moments, moments)
def test_a_period_holds_the_moment_it_was_asked_for(anchor: int, now: int) -> None:
    start, end = usage_period(anchor, now)
    assert start <= now < end
    assert 27 * DAY < end - start < 32 * DAY


@given(moments, st.integers(0, 60))
def test_months_are_counted_as_dateutil_counts_them(start: int, months: int) -> None:
    expected = from_datetime(to_datetime(start) + relativedelta(months=months))
    assert months_after(start, months) == expected
