"""Figures in words: a value with what it is made of, or why there is none."""

from __future__ import annotations

from decimal import Decimal
from typing import assert_never

from upsell.measurement.answers import Undetermined
from upsell.measurement.figures import Figure
from upsell.measurement.metrics import MetricDefinition, MetricUnit
from upsell.measurement.shares import Share
from upsell.measurement.survival import Survival
from upsell.money import Money, minor_digits


def silence_words(metric: MetricDefinition) -> str:
    """Say that there are no figures: none of what is counted, or nothing to divide by."""
    match metric.unit:
        case MetricUnit.COUNT | MetricUnit.MONEY_TOTAL:
            return "none"
        case _:
            return f"not known: {metric.no_answer}"


def value_words(unit: MetricUnit, figure: Figure) -> str:
    """Write a value with what it is made of, or why there is none."""
    value = figure.value
    match value:
        case Undetermined(detail=detail):
            return f"not known: {detail}"
        case Share(estimate=estimate, low=low, high=high):
            ends = f"{percent_words(low)} to {percent_words(high)}"
            return f"{percent_words(estimate)} ({ends})  {_counts(figure)}"
        case Survival(median_days=median, units=units, reached=reached):
            middle = f"not known: {median.detail}" if isinstance(median, Undetermined) else f"{median} days"
            return f"half by: {middle}  {reached:,} of {units:,} reached the goal"
        case int() | float():
            return _number_words(unit, figure, value)
        case _:
            assert_never(value)


def _number_words(unit: MetricUnit, figure: Figure, value: float) -> str:
    match unit:
        case MetricUnit.COUNT:
            return f"{figure.numerator:,}"
        case MetricUnit.MONEY_TOTAL:
            return "" if figure.currency is None else str(Money(figure.numerator, figure.currency))
        case MetricUnit.MONEY:
            return f"{_amount(value, figure.currency or '')}  over {figure.denominator or 0:,}"
        case MetricUnit.SHARE:
            return f"{percent_words(value)}  {_counts(figure)}"
        case MetricUnit.RATE:
            return f"{percent_words(value)}  {_made_of(figure)}"
        case MetricUnit.RATIO:
            return f"{value:.3f}  {_made_of(figure)}"
        case MetricUnit.DAYS:
            return f"{value:g} days"
        case _:
            assert_never(unit)


def _made_of(figure: Figure) -> str:
    under = figure.denominator or 0
    if figure.currency is not None:
        over = Money(figure.numerator, figure.currency)
        return f"{over} of {Money(under, figure.currency)}"
    return _counts(figure)


def _counts(figure: Figure) -> str:
    paid_in = f", in {figure.currency}" if figure.currency is not None else ""
    return f"{figure.numerator:,} of {figure.denominator or 0:,}{paid_in}"


def _amount(value: float, currency: str) -> str:
    digits = minor_digits(currency)
    return f"{Decimal(round(value)).scaleb(-digits):,.{digits}f} {currency}"


def percent_words(share: float) -> str:
    """Write a share of 0 to 1 in percent."""
    return f"{share * 100:.1f} %"
