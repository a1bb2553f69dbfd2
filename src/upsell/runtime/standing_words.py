"""Standing in words: what somebody pays for, and what they use against its limits.

For pages about a customer and about work for one. The law: a limit nobody knows is said to be none.
"""

from __future__ import annotations

import msgspec

from upsell.clock import Moment, to_datetime
from upsell.decisions.standing import Standing
from upsell.money import Money


class Use(msgspec.Struct, frozen=True):
    """Use of one metric beside its limit; None where none is known."""

    metric: str
    used: float
    limit: float | None
    words: str


def plan_words(standing: Standing | None) -> str:
    """Say what somebody pays for."""
    if standing is None:
        return "Nothing is known of what they pay for."
    plan = f"On {standing.plan}" if standing.plan else "On no plan"
    if standing.seats is None:
        return f"{plan}, without a subscription."
    due = (
        f", {Money(standing.amount or 0, standing.currency)} a {standing.interval}"
        if standing.currency
        else ""
    )
    renews = f", renews {_day(standing.renews_at)}" if standing.renews_at is not None else ""
    ends = f", ends {_day(standing.ends_at)}" if standing.ends_at is not None else ""
    return f"{plan}, {standing.seats:g} {'seat' if standing.seats == 1 else 'seats'}{due}{renews}{ends}."


def uses_of(standing: Standing | None) -> tuple[Use, ...]:
    """Give what somebody uses beside its limits; () where nothing was recorded."""
    used = [each for each in standing.metrics if each.used is not None] if standing is not None else []
    return tuple(
        Use(each.metric, each.used or 0, each.limit, use_words(each.used or 0, each.limit)) for each in used
    )


def use_words(used: float, limit: float | None) -> str:
    """Say how much is used, of how much, and what share that is."""
    if limit is None:
        return f"{used:,.10g}, no limit known"
    share = f", {used / limit:.0%}" if limit > 0 else ""
    over = f", {used - limit:,.10g} over" if used > limit else ""
    return f"{used:,.10g} of {limit:,.10g}{share}{over}"


def _day(at: Moment) -> str:
    return f"{to_datetime(at):%Y-%m-%d}"
