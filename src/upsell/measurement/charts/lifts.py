"""Charts of lift: what was earned beside what would have been, always with its interval.

The law: zero is on the axis, and what cannot be said stands there in words, never at zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import msgspec

from upsell.measurement.answers import Effect, Undetermined
from upsell.measurement.charts.chart import (
    BREADTH,
    DOT,
    REACH,
    WIDTH,
    Chart,
    Table,
    day_of,
    rows_of,
    spec_of,
    time_axis,
    told_by,
)
from upsell.measurement.charts.readings import Reading

_NOT_YET = "cannot be said yet"


class Scale(msgspec.Struct, frozen=True):
    """How effects are written on an axis and in a table.

    Attributes:
        name: What is measured, in a word or two: ``Net revenue``.
        title: The same with its unit: ``Net revenue per account in 90 days, USD``.
        divisor: What an effect is divided by before it is written: 100 for cents, 0.01 for a share that
            is written in percentage points.
        digits: Digits behind the point.
    """

    name: str
    title: str
    divisor: float
    digits: int

    def words(self, value: float) -> str:
        """Write a difference with its sign."""
        written = f"{value / self.divisor:+,.{self.digits}f}"
        return written.replace("-", "\N{MINUS SIGN}")


class Measured(msgspec.Struct, frozen=True):
    """One thing measured, by what people call it."""

    label: str
    effect: Effect | Undetermined


def lift_chart(key: str, measured: Sequence[Measured], scale: Scale) -> Chart:
    """Draw the effect of each workflow with its interval; none give an empty field."""
    title = f"{scale.name}: {_found(measured)}"
    rows = [
        _drawn(one.effect, scale, label=one.label, told=f"{one.label}: {_sentence(one.effect, scale)}")
        for one in measured
    ]
    labels = [one.label for one in measured]
    across = alt.Y("label:N", sort=labels, title=None, axis=alt.Axis(ticks=False, domain=False))
    base = alt.Chart(rows_of(*rows), width=WIDTH, height=max(44 * len(rows), 44))
    along = alt.X(
        "estimate:Q",
        title=[scale.title, "difference to the holdout, with its 95 % interval"],
        # Where nothing is known there is zero alone, which has no digits.
        axis=alt.Axis() if _is_any_known(measured) else alt.Axis(values=[0], format="d"),
    )
    known = base.transform_filter("isValid(datum.estimate)")
    layers = (
        _zero_rule(vertical=True),
        known.mark_rule(style="accent-line").encode(x=alt.X("low:Q"), x2="high:Q", y=across),
        known.mark_point(style="accent", size=DOT, opacity=1).encode(x=along, y=across),
        base.transform_filter("!isValid(datum.estimate)")
        .mark_text(style="quiet-text", align="left", dx=6, text=_NOT_YET)
        .encode(x=alt.XDatum(0), y=across),
        told_by(
            known.mark_rule(style="accent-line").encode(x=alt.X("low:Q"), x2="high:Q", y=across), size=BREADTH
        ),
    )
    table = Table(
        caption=scale.title,
        head=("Workflow", "Difference", "From", "To", "Why not"),
        rows=tuple((one.label, *_cells(one.effect, scale)) for one in measured),
        align="lrrrl",
    )
    said = "; ".join(f"{one.label} {_sentence(one.effect, scale)}" for one in measured)
    return Chart(key, title, f"{scale.title}, against the holdout: {said}.", spec_of(title, *layers), table)


def lift_over_time_chart(key: str, label: str, readings: Sequence[Reading], scale: Scale) -> Chart:
    """Draw what was known of one effect at each of several moments, in their order."""
    known = [reading for reading in readings if isinstance(reading.effect, Effect)]
    title = _settled(
        label, [reading.effect for reading in known if isinstance(reading.effect, Effect)], scale
    )
    rows = [
        _drawn(
            reading.effect,
            scale,
            at=day_of(reading.at),
            told=f"{day_of(reading.at)}: {_sentence(reading.effect, scale)}",
        )
        for reading in known
    ]
    base = alt.Chart(rows_of(*rows), width=WIDTH, height=240)
    along = time_axis("at", "With everything known by", [reading.at for reading in known])
    up = alt.Y("estimate:Q", title=_axis_lines(f"{scale.title}, difference"))
    layers = (
        _zero_rule(vertical=False),
        base.mark_area(style="accent-band").encode(x=along, y=alt.Y("low:Q"), y2="high:Q"),
        base.mark_line(style="accent-line").encode(x=along, y=up),
        base.mark_point(style="accent", size=DOT / 2, opacity=1).encode(x=along, y=up),
        told_by(base.mark_point(style="accent").encode(x=along, y=up), size=REACH),
    )
    table = Table(
        caption=f"{label}: {scale.title}",
        head=("Known by", "Difference", "From", "To", "Why not"),
        rows=tuple((day_of(one.at), *_cells(one.effect, scale)) for one in readings),
        align="lrrrl",
    )
    said = "; ".join(f"by {day_of(one.at)} {_sentence(one.effect, scale)}" for one in readings)
    alternative = f"{label}, {scale.title}, against the holdout: {said or _NOT_YET}."
    return Chart(key, title, alternative, spec_of(title, *layers), table)


def _is_any_known(measured: Sequence[Measured]) -> bool:
    return any(isinstance(one.effect, Effect) for one in measured)


def _axis_lines(title: str) -> list[str]:
    """Break the title of an upright axis at its comma, so that it is no longer than the axis."""
    first, _, rest = title.partition(", ")
    return [first, rest] if rest else [first]


def _zero_rule(*, vertical: bool) -> alt.Chart:
    across = alt.X("zero:Q") if vertical else alt.Y("zero:Q")
    rule: alt.Chart = alt.Chart(rows_of({"zero": 0})).mark_rule(style="zero").encode(across)
    return rule


def _drawn(effect: Effect | Undetermined, scale: Scale, **named: str) -> dict[str, Any]:
    if isinstance(effect, Undetermined):
        return {**named, "estimate": None, "low": None, "high": None}
    ends = {"estimate": effect.estimate, "low": effect.low, "high": effect.high}
    return {**named, **{name: value / scale.divisor for name, value in ends.items()}}


def _cells(effect: Effect | Undetermined, scale: Scale) -> tuple[str, str, str, str]:
    if isinstance(effect, Undetermined):
        return "\N{EN DASH}", "\N{EN DASH}", "\N{EN DASH}", effect.detail
    return scale.words(effect.estimate), scale.words(effect.low), scale.words(effect.high), ""


def _sentence(effect: Effect | Undetermined, scale: Scale) -> str:
    if isinstance(effect, Undetermined):
        return _NOT_YET
    ends = f"{scale.words(effect.low)} to {scale.words(effect.high)}"
    return f"{scale.words(effect.estimate)} ({ends})"


def _found(measured: Sequence[Measured]) -> str:
    """Say what intervals say: how many lie above zero, how many below, how many cannot be said."""
    effects = [one.effect for one in measured]
    if not effects:
        return "no workflow to measure yet"
    above = [one.label for one in measured if isinstance(one.effect, Effect) and one.effect.low > 0]
    below = [one.label for one in measured if isinstance(one.effect, Effect) and one.effect.high < 0]
    counted = f"{len(above)} of {len(effects)} workflows" if len(effects) > 1 else measured[0].label
    if above:
        lost = f"; {len(below)} did worse" if below else ""
        return f"{counted} did better than doing nothing{lost}"
    if below:
        return f"{len(below)} of {len(effects)} workflows did worse than doing nothing"
    if all(isinstance(effect, Undetermined) for effect in effects):
        return "cannot be said yet of any workflow"
    return "too early to say, no interval lies clear of zero"


def _settled(label: str, known: Sequence[Effect], scale: Scale) -> str:
    if not known:
        return f"{label}: what it earned cannot be said yet"
    last = known[-1]
    ends = f"{scale.words(last.low)} to {scale.words(last.high)}"
    if last.low > 0 or last.high < 0:
        side = "better" if last.low > 0 else "worse"
        return f"{label} does {side} than doing nothing: {ends} by now"
    return f"{label}: still too early to say, {ends}"
