"""A standing on a terminal and as JSON: what somebody pays for, and use against limits with its forecast."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, floor
from textwrap import wrap
from typing import Any

from upsell.clock import DAY, Moment, to_datetime
from upsell.decisions.proof_words import proof_sentences
from upsell.decisions.standing import MetricUse, Standing
from upsell.money import Money
from upsell.signals.forecast import REACHED, Forecast


def standing_lines(standing: Standing | None) -> list[str]:
    """Write a standing; nothing where neither a subscription nor use is known."""
    if standing is None:
        return []
    recorded = [use for use in standing.metrics if use.used is not None]
    if standing.seats is None and not recorded:
        return []
    return [
        "",
        *_terms(standing),
        *(line for use in recorded for line in _use_lines(use)),
        *_fit_lines(standing),
        *_proof_lines(standing),
    ]


def _proof_lines(standing: Standing) -> Iterator[str]:
    """Write what can be proved to them."""
    for number, sentence in enumerate(proof_sentences(standing.proof)):
        if not number:
            yield "  can be said:"
        yield from wrap(sentence, 96, initial_indent="    ", subsequent_indent="      ")


def _fit_lines(standing: Standing) -> Iterator[str]:
    """Write which plan fits, and what it would have saved."""
    fit = standing.fit
    if fit is None:
        return
    if fit.is_staying:
        yield f"  {fit.plan} fits: staying is best"
        return
    saving = fit.saving
    saves = f", {saving} a month less than staying" if saving is not None and saving.amount > 0 else ""
    yield f"  {fit.plan} would fit at {fit.price} a month{saves}"
    if fit.periods:
        yield f"    over the limit in {fit.periods_over} of {fit.periods} past periods"
    if fit.would_have_saved is not None and fit.would_have_saved.amount > 0:
        yield f"    it would have saved {fit.would_have_saved} in them, at today's prices"


def _terms(standing: Standing) -> Iterator[str]:
    """Write the plan, what is due, and the period."""
    plan = f"on {standing.plan or 'no plan'}"
    if standing.tier is not None:
        plan += f" (tier {standing.tier})"
    if standing.seats is None:
        yield f"{plan}, without a subscription"
    else:
        due = f"{Money(standing.amount or 0, standing.currency)}" if standing.currency else "no amount told"
        renews = f", renews {_day(standing.renews_at)}" if standing.renews_at is not None else ""
        ends = f", ends {_day(standing.ends_at)}" if standing.ends_at is not None else ""
        yield f"{plan}, {standing.seats:g} seats, {due} a {standing.interval}{renews}{ends}"
    yield f"  use from {_day(standing.period_started_at)} to {_day(standing.period_ends_at)}:"


def _use_lines(use: MetricUse) -> Iterator[str]:
    """Write the use of one metric."""
    used = f"{use.used or 0:,.10g}"
    if use.limit is None:
        yield f"    {use.metric}: {used}, no limit known"
        return
    share = f" ({(use.used or 0) / use.limit:.0%})" if use.limit else ""
    yield f"    {use.metric}: {used} of {use.limit:,.10g}{share}"
    if use.over:
        yield f"      {use.over:,.10g} over the limit"
    else:
        yield f"      {_forecast_words(use.forecast)}"


def _forecast_words(forecast: Forecast) -> str:
    if forecast == REACHED:
        return "the limit is reached"
    if forecast.expected is None and forecast.least is None:
        return "not expected to reach the limit, or not known long enough"
    if forecast.expected is None:
        return f"may reach the limit, in {_days(forecast.least, floor)} at the earliest"
    low = _days(forecast.least, floor)
    high = _days(forecast.most, ceil) if forecast.most is not None else "not at all"
    return f"expected to reach the limit in {_days(forecast.expected, round)} (90 % between {low} and {high})"


def _days(span: int | None, rounding: Any) -> str:
    days = rounding((span or 0) / DAY)
    return "1 day" if days == 1 else f"{days} days"


def _day(at: Moment) -> str:
    return f"{to_datetime(at):%Y-%m-%d}"
