"""Service levels count the hours that work goes on in, and tasks are ranked by what they may earn."""

from __future__ import annotations

from math import inf, nan

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from upsell.clock import DAY, HOUR, parse_moment
from upsell.decisions.hours import ContactHours, Hours, wall_at, weekly
from upsell.decisions.queues import USUAL_HOURS
from upsell.decisions.sla import Sla, due_by
from upsell.decisions.task_value import MOST_AMOUNT, TaskValue, task_rank, task_value
from upsell.decisions.terms import Terms


def at(text: str) -> int:
    moment = parse_moment(text)
    assert moment is not None
    return moment


@pytest.mark.parametrize(
    ("opened", "sla", "due"),
    [
        # Counted by hand on the calendar of March 2026, by the clock of Berlin; summer begins on the 29th.
        ("2026-03-02T10:00:00+01:00", Sla(hours=4 * HOUR), "2026-03-02T14:00:00+01:00"),
        ("2026-03-02T15:00:00+01:00", Sla(hours=4 * HOUR), "2026-03-03T11:00:00+01:00"),
        ("2026-03-06T18:00:00+01:00", Sla(hours=1 * HOUR), "2026-03-09T10:00:00+01:00"),
        ("2026-03-27T16:00:00+01:00", Sla(hours=2 * HOUR), "2026-03-30T10:00:00+02:00"),
        ("2026-03-02T10:00:00+01:00", Sla(days=2), "2026-03-04T17:00:00+01:00"),
        ("2026-03-06T10:00:00+01:00", Sla(days=1), "2026-03-09T17:00:00+01:00"),
        ("2026-03-07T10:00:00+01:00", Sla(days=1), "2026-03-09T17:00:00+01:00"),
        # Good Friday is the 3rd of April, Easter Monday the 6th.
        ("2026-04-02T10:00:00+02:00", Sla(days=1), "2026-04-07T17:00:00+02:00"),
    ],
)
def test_a_service_level_counts_the_hours_that_work_goes_on_in(opened: str, sla: Sla, due: str) -> None:
    hours = Hours(USUAL_HOURS.week, closes_on_holidays=True)
    assert due_by(sla, hours, "Europe/Berlin", "DE", at(opened)) == at(due)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 400 * 24), st.integers(1, 60))
def test_what_is_left_open_is_exactly_the_hours_worked_in_between(hour: int, number: int) -> None:
    opened = at("2026-01-01T00:00:00Z") + hour * HOUR
    due = due_by(Sla(hours=number * HOUR), USUAL_HOURS, "America/New_York", "", opened)
    binding = ContactHours(USUAL_HOURS, "America/New_York")
    # Oracle: every hour between is asked whether work goes on in it.
    worked = sum(binding.holds(wall_at("America/New_York", moment)) for moment in range(opened, due, HOUR))
    assert worked == number


def test_hours_that_never_open_make_work_due_at_once() -> None:
    never = Hours(weekly(0, 1_440, frozenset()))
    for sla in (Sla(hours=HOUR), Sla(days=3)):
        assert due_by(sla, never, "Europe/Berlin", "", 5 * DAY) == 5 * DAY


PRO = Terms("pro", "pro", "Pro", "USD", "month", full=10_000, price=9_000)


@pytest.mark.parametrize(
    ("terms", "months", "paid", "worth", "chance", "amount"),
    [
        (PRO, None, 4_000, None, None, 12 * 9_000 - 12 * 4_000),
        (PRO, 3, 4_000, None, None, 3 * 9_000 + 9 * 10_000 - 12 * 4_000),
        (PRO, None, 4_000, None, 0.5, 6 * 5_000),
        (PRO, None, 4_000, 777.4, 0.5, 777),
        (None, None, 0, 777.4, None, 777),
        (PRO, None, 9_000, None, None, 0),
        (PRO, None, 99_000, None, None, None),
        (PRO, None, 99_000, None, 0.5, None),
        (PRO, None, None, None, 0.5, None),
        (None, None, 0, None, 0.5, None),
        (Terms("x", "x", "X", "USD"), None, 0, None, None, None),
    ],
)
def test_a_task_may_earn_what_falls_due_beyond_what_they_pay_times_its_chance(
    terms: Terms | None,
    months: int | None,
    paid: int | None,
    worth: float | None,
    chance: float | None,
    amount: int | None,
) -> None:
    assert task_value(terms, months, paid, worth, "USD", chance).amount == amount


PRICELESS = msgspec.structs.replace(PRO, full=10**19, price=10**19)


@pytest.mark.parametrize("worth", [1e20, 2.0**54, -1.0, inf, -inf, nan])
@pytest.mark.parametrize("terms", [None, PRO])
def test_a_worth_that_no_amount_can_be_is_not_known(terms: Terms | None, worth: float) -> None:
    assert task_value(terms, None, 0, worth, "USD", 0.5) == TaskValue()


@pytest.mark.parametrize("chance", [None, 0.5])
def test_terms_that_come_to_what_no_amount_can_be_are_not_known(chance: float | None) -> None:
    assert task_value(PRICELESS, None, 0, None, "USD", chance) == TaskValue()


@given(st.floats(), st.none() | st.floats(0, 1), st.integers(-(2**70), 2**70), st.booleans())
@settings(max_examples=50)
def test_a_value_that_is_known_is_from_nothing_to_the_most(
    worth: float, chance: float | None, price: int, has_worth: bool
) -> None:
    terms = msgspec.structs.replace(PRO, full=price, price=price)
    value = task_value(terms, None, 0, worth if has_worth else None, "USD", chance)
    assert value.amount is None or 0 <= value.amount <= MOST_AMOUNT


def test_the_greatest_value_is_done_first_whatever_is_overdue() -> None:
    small, great = TaskValue(100, "USD"), TaskValue(900, "USD")
    euros, unknown = TaskValue(5_000, "EUR"), TaskValue()
    ranked = [
        (great, 50, "b"),
        (great, 60, "a"),
        (small, 1, "c"),
        (euros, 1, "d"),
        (unknown, 0, "e"),
    ]
    mixed = ranked[::-1]
    assert sorted(mixed, key=lambda each: task_rank(each[0], "USD", *each[1:])) == ranked
