"""The global control by periods: drawn anew and evenly, and counted only where nothing lingers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, chisquare

from tests.drawing import examples
from upsell.clock import DAY, Moment, parse_moment, to_datetime
from upsell.decisions.assignment import is_drawn
from upsell.decisions.control import CalendarPeriod, Control, Draw, draw_control, period_at

HOUSEHOLDS = [f"a:{number}" for number in range(20_000)]
LEAST_P = 0.001
"""A fair hash misses this once in a thousand salts; households and salts were not searched for."""

QUARTERLY = Control(0.2, period=CalendarPeriod.QUARTER, wash_out=14 * DAY)
PERIODS = st.sampled_from([*CalendarPeriod, DAY, 90 * DAY, 90 * DAY + 1])
MOMENTS = st.integers(0, 4_000_000_000_000_000)


def at(text: str) -> Moment:
    moment = parse_moment(text)
    assert moment is not None
    return moment


def drawn(control: Control, text: str) -> list[Draw]:
    return [draw_control(control, household, at(text)) for household in HOUSEHOLDS]


@settings(max_examples=examples(300), deadline=None)
@given(PERIODS, MOMENTS)
def test_periods_lie_end_to_end_and_each_moment_is_in_one(period: CalendarPeriod | int, now: Moment) -> None:
    number, begins_at = period_at(period, now)
    assert begins_at <= now
    assert period_at(period, begins_at) == (number, begins_at)
    assert period_at(period, begins_at - 1)[0] == number - 1
    longest = 366 * DAY if isinstance(period, CalendarPeriod) else period
    following, ends_at = period_at(period, begins_at + longest)
    assert following > number
    assert ends_at > now


@settings(max_examples=examples(300), deadline=None)
@given(MOMENTS)
def test_a_quarter_begins_with_its_first_month(now: Moment) -> None:
    # Oracle: the calendar of the standard library.
    day = to_datetime(now)
    first = datetime(day.year, (day.month - 1) // 3 * 3 + 1, 1, tzinfo=UTC)
    assert to_datetime(period_at(CalendarPeriod.QUARTER, now)[1]) == first


@settings(max_examples=examples(300), deadline=None)
@given(st.text(min_size=1, max_size=8), st.floats(0, 0.99), PERIODS, st.integers(0, 200), MOMENTS)
def test_a_draw_lasts_its_period_and_counts_but_for_those_who_changed_sides_in_the_wash_out(
    name: str, rate: float, period: CalendarPeriod | int, wash_out: int, now: Moment
) -> None:
    control = Control(rate, period=period, wash_out=wash_out * DAY // 10)
    number, begins_at = period_at(period, now)
    draw = draw_control(control, f"a:{name}", now)
    assert draw.is_control is draw_control(control, f"a:{name}", begins_at).is_control
    # Oracle: the two draws themselves.
    is_now, was = (is_drawn(rate, f"control/{each}", f"a:{name}") for each in (number, number - 1))
    assert draw.is_control is (is_now and rate > 0)
    is_young = now < begins_at + control.wash_out
    assert bool(draw.stratum) is (rate > 0 and not (is_young and is_now is not was))
    assert draw.stratum.endswith("wash-out") is (rate > 0 and is_young and is_now is was)


def test_each_period_has_its_share_and_says_nothing_of_the_one_before() -> None:
    first, second = (
        [draw.is_control for draw in drawn(QUARTERLY, text)]
        for text in ("2026-11-01T00:00:00Z", "2027-02-01T00:00:00Z")
    )
    for one in (first, second):
        expected = [0.2 * len(HOUSEHOLDS), 0.8 * len(HOUSEHOLDS)]
        assert chisquare([sum(one), len(one) - sum(one)], expected).pvalue > LEAST_P
    pairs = list(zip(first, second, strict=True))
    table = [[pairs.count((a, b)) for b in (True, False)] for a in (True, False)]
    assert chi2_contingency(table).pvalue > LEAST_P


@pytest.mark.parametrize("text", ["2026-10-03T00:00:00Z", "2026-12-03T00:00:00Z"])
def test_the_share_planned_for_a_stratum_is_the_share_of_those_who_count_in_it(text: str) -> None:
    counted = [draw for draw in drawn(QUARTERLY, text) if draw.stratum]
    (stratum,) = {(draw.stratum, draw.share) for draw in counted}
    controls = sum(draw.is_control for draw in counted)
    expected = [stratum[1] * len(counted), (1 - stratum[1]) * len(counted)]
    assert chisquare([controls, len(counted) - controls], expected).pvalue > LEAST_P
    assert stratum == (
        ("control 20% 2026-Q4 wash-out", pytest.approx(0.04 / 0.68))
        if "10-03" in text
        else ("control 20% 2026-Q4", 0.2)
    )


def test_a_greater_rate_keeps_everyone_it_had_in_the_same_period() -> None:
    small, great = (
        {
            n
            for n, draw in enumerate(drawn(Control(rate, period=90 * DAY), "2026-11-01T00:00:00Z"))
            if draw.is_control
        }
        for rate in (0.05, 0.1)
    )
    assert small < great


def test_without_a_period_the_control_is_drawn_once_as_it_ever_was() -> None:
    control = Control(0.1)
    for household in HOUSEHOLDS[:200]:
        early, late = (draw_control(control, household, moment) for moment in (0, 10**16))
        assert early == late
        assert early == Draw(is_drawn(0.1, "control", household), "", "control 10%", 0.1)


def test_without_a_control_nobody_is_in_it_and_nobody_counts() -> None:
    assert draw_control(Control(), "a:1", 0) == Draw(is_control=False)
