"""What an experiment needs, as text for a terminal of 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from babel.numbers import format_currency

from upsell.clock import DAY, Duration
from upsell.measurement.answers import Undetermined
from upsell.measurement.question import Contrast, Metric
from upsell.money import minor_digits

if TYPE_CHECKING:
    from upsell.runtime.power import ComparisonPower, MetricPower, Power, WorkflowPower

_WIDTH = 80
_MONTH = 30.44
_YEAR = 365.25


def power_text(found: Power) -> str:
    """Write what every workflow needs, one block each."""
    asked = f"{found.lift.points * 100:g} percentage points" if found.lift.points else ""
    asked = asked or f"{(found.lift.fraction or 0) * 100:g} % of what is there now"
    head = f"To see a lift of {asked} with power {found.power * 100:g} %, at 95 % two-sided:"
    blocks = ["\n".join(_workflow_lines(one, found.currency)) for one in found.workflows]
    return "\n\n".join([head, *(blocks or ["No workflow is written."]), "\n".join(_CAUTION)])


def _workflow_lines(one: WorkflowPower, currency: str) -> Iterator[str]:
    yield f"{one.key}: {one.name}"
    yield "-" * _WIDTH
    yield from _wrapped(
        f"{one.known:,} {one.unit}s in a history of {_length(round(one.days * DAY))}; "
        f"{one.holdout_rate * 100:g} % held out{_ramp(one)}."
    )
    for comparison in one.comparisons:
        yield from _comparison_lines(one, comparison, currency)


def _ramp(one: WorkflowPower) -> str:
    if not one.ramp:
        return ""
    steps = ", ".join(
        f"{step.share * 100:g} %" + (f" after {_length(step.after)}" if step.after else "")
        for step in one.ramp
    )
    return f"; opened to {steps}"


def _comparison_lines(one: WorkflowPower, comparison: ComparisonPower, currency: str) -> Iterator[str]:
    both = f"{comparison.arm} against {comparison.against}"
    lately = ", in its second half" if comparison.is_lately else ""
    yield ""
    yield from _wrapped(
        f"{both} ({comparison.arm_share * 100:.3g} % to {(1 - comparison.arm_share) * 100:.3g} %): "
        f"{comparison.exposed:,} {one.unit}s would have been exposed, {comparison.per_day:.3g} a day{lately}."
    )
    if comparison.contrast is Contrast.HOLDOUT and one.holdout_rate == 0:
        yield from _wrapped("Nobody is held out, so what it earns can never be told.", "  ")
        return
    for metric in comparison.metrics:
        yield from _metric_lines(one, metric, currency)


def _metric_lines(one: WorkflowPower, metric: MetricPower, currency: str) -> Iterator[str]:
    name = "conversion" if metric.metric is Metric.CONVERSION else "net revenue"
    now = ""
    if metric.mean is not None:
        now = f": {_value(metric, metric.mean, currency)} now, of {metric.units:,} whose window has closed"
    if metric.spread is not None and metric.metric is not Metric.CONVERSION:
        now += f", standard deviation {_value(metric, metric.spread, currency)}"
    yield from _wrapped(f"{name} in {_length(metric.window)}{now}", "  ")
    yield from _wrapped(_needs(one, metric, currency), "    ")
    yield from _wrapped(_looks(metric, currency), "    ")


def _looks(metric: MetricPower, currency: str) -> str:
    """Say what the smallest lift is that is seen after some time; while there is no interval, that."""
    seen = [
        f"{_difference(metric, look.smallest, currency)} in {_length(look.after)}"
        for look in metric.looks
        if not isinstance(look.smallest, Undetermined)
    ]
    blind = [look.after for look in metric.looks if isinstance(look.smallest, Undetermined)]
    without = [f"no interval within {_length(max(blind))}"] if blind else []
    return f"smallest lift seen: {'; '.join([*without, *seen])}"


def _needs(one: WorkflowPower, metric: MetricPower, currency: str) -> str:
    """Say how many units and how long, and whether the history has so many at all."""
    if isinstance(metric.needed, Undetermined):
        return f"cannot be planned: {metric.needed.detail}"
    needed = metric.needed
    asked = (
        ""
        if isinstance(metric.difference, Undetermined)
        else _difference(metric, metric.difference, currency)
    )
    why = ", for fewer make no interval" if needed.is_for_shape else ""
    counts = f"{needed.units:,} {one.unit}s ({needed.arm:,} and {needed.against:,}){why}"
    if isinstance(metric.lasts, Undetermined):
        return f"{asked} needs {counts}: cannot be known, {metric.lasts.detail}"
    if needed.units > one.known:
        return (
            f"{asked} needs {counts}: cannot be known with {one.known:,} {one.unit}s; "
            f"{_length(metric.lasts)} if new ones keep coming at this rate"
        )
    return f"{asked} needs {counts}: {_length(metric.lasts)} at this rate"


def _value(metric: MetricPower, value: float, currency: str) -> str:
    if metric.metric is Metric.CONVERSION:
        return f"{value * 100:.3g} %"
    amount = Decimal(round(value)).scaleb(-minor_digits(currency))
    return str(format_currency(amount, currency, locale="en_US"))


def _difference(metric: MetricPower, value: float, currency: str) -> str:
    if metric.metric is Metric.CONVERSION:
        return f"+{value * 100:.2g} pp"
    return f"+{_value(metric, value, currency)}"


def _length(length: Duration) -> str:
    """Write a length of time as roughly as it is known."""
    days = length / DAY
    if days < 60:
        return f"{round(days):,} day{'' if round(days) == 1 else 's'}"
    if days < 2 * _YEAR:
        return f"{round(days)} days" if days <= 180 else f"{round(days / _MONTH)} months"
    return f"{round(days / _YEAR):,} years"


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=indent)


_CAUTION = [
    "Days are counted from the first one on which anybody is let in until the last",
    "window has closed. One look at the end; who looks every day needs more.",
]
