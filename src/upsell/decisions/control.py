"""The global control: households that every workflow passes over, to know what all of them come to.

Without a period it is drawn once. With one it is drawn anew as each period begins, so that nobody is kept
without for ever. The law: a draw is a function of household, rate and moment; and while a period is young,
a household that has just gone in or out of the control is not counted, for it still carries what it heard
or did not hear before.
"""

from __future__ import annotations

import enum
from datetime import UTC, datetime
from typing import assert_never

import msgspec

from upsell.clock import Duration, Moment, from_datetime, to_datetime
from upsell.decisions.assignment import is_drawn
from upsell.ids import UnitId


class CalendarPeriod(enum.Enum):
    """A period of the calendar; it begins at midnight in UTC."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    @property
    def months(self) -> int:
        """How many months it lasts."""
        match self:
            case CalendarPeriod.MONTH:
                return 1
            case CalendarPeriod.QUARTER:
                return 3
            case CalendarPeriod.YEAR:
                return 12
            case _:
                assert_never(self)


class Control(msgspec.Struct, frozen=True):
    """Who is in the global control.

    Attributes:
        rate: Share of households, 0 to 1.
        salt: Salt of its hash, with the period's number where there are periods.
        period: How often it is drawn anew: a period of the calendar, or an elapsed time counted since
            1970-01-01 in UTC; None for never.
        wash_out: For how long after a period began whoever changed sides is not counted.
    """

    rate: float = 0.0
    salt: str = "control"
    period: CalendarPeriod | Duration | None = None
    wash_out: Duration = 0


class Draw(msgspec.Struct, frozen=True):
    """What was drawn for a household.

    Attributes:
        is_control: Whether it is in the control.
        period: Name of the period it was drawn in; empty without periods.
        stratum: What must be alike to be compared; empty where it is not to be counted.
        share: Planned share of the control in that stratum, 0 to 1.
    """

    is_control: bool
    period: str = ""
    stratum: str = ""
    share: float = 0.0


def draw_control(control: Control, household_id: UnitId, now: Moment) -> Draw:
    """Draw whether a household is in the control at a moment, and whether it counts."""
    if control.rate <= 0:
        return Draw(is_control=False)
    name = f"control {control.rate * 100:.9g}%"
    if control.period is None:
        return Draw(is_drawn(control.rate, control.salt, household_id), "", name, control.rate)
    number, begins_at = period_at(control.period, now)
    is_control = is_drawn(control.rate, f"{control.salt}/{number}", household_id)
    label = _label(control.period, begins_at)
    stratum = f"{name} {label}"
    if now >= begins_at + control.wash_out:
        return Draw(is_control, label, stratum, control.rate)
    was_control = is_drawn(control.rate, f"{control.salt}/{number - 1}", household_id)
    if was_control is not is_control:
        return Draw(is_control, label)
    # Of those who stayed where they were, fewer are in the control than of all.
    stayed_in, stayed_out = control.rate**2, (1 - control.rate) ** 2
    return Draw(is_control, label, f"{stratum} wash-out", stayed_in / (stayed_in + stayed_out))


def period_at(period: CalendarPeriod | Duration, now: Moment) -> tuple[int, Moment]:
    """Give the number of the period a moment is in, and when it began."""
    if not isinstance(period, CalendarPeriod):
        number = now // period
        return number, number * period
    day = to_datetime(now)
    number = (day.year * 12 + day.month - 1) // period.months
    year, months = divmod(number * period.months, 12)
    return number, from_datetime(datetime(year, months + 1, 1, tzinfo=UTC))


def _label(period: CalendarPeriod | Duration, begins_at: Moment) -> str:
    day = to_datetime(begins_at)
    match period:
        case CalendarPeriod.YEAR:
            return f"{day:%Y}"
        case CalendarPeriod.QUARTER:
            return f"{day:%Y}-Q{(day.month + 2) // 3}"
        case CalendarPeriod.MONTH:
            return f"{day:%Y-%m}"
        case _:
            return f"from {day:%Y-%m-%d}"
