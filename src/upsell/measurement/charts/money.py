"""Charts of money and of trust: how recurring revenue moved, and how far limits are away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import msgspec

from upsell.measurement.charts.chart import (
    BREADTH,
    DOT,
    TOLD,
    WIDTH,
    Chart,
    Table,
    percent,
    rows_of,
    spec_of,
    told_by,
)
from upsell.money import minor_digits


class Movement(msgspec.Struct, frozen=True):
    """One way in which recurring revenue moved: its name, and minor units a month, down below zero."""

    label: str
    amount: int


class Guarded(msgspec.Struct, frozen=True):
    """A negative signal beside its limit.

    Attributes:
        label: What it is, and of which workflow.
        rate: What was seen, per message delivered or as excess over the holdout; None where it cannot be
            said.
        low: Lower end of its interval.
        high: Upper end.
        limit: What it must not exceed.
        why: Why nothing can be said; empty where it can.
    """

    label: str
    rate: float | None
    low: float | None
    high: float | None
    limit: float
    why: str = ""


def bridge_chart(
    key: str, start: int, movements: Sequence[Movement], currency: str, period: str = ""
) -> Chart:
    """Draw how recurring revenue came from what it was to what it is, movement by movement.

    ``period`` names the stretch of time, such as ``2026-10``; empty where the text around it does.
    """
    unit = 10 ** minor_digits(currency)
    rows: list[dict[str, Any]] = [_bar("Before", 0, start, unit)]
    reached = start
    for movement in movements:
        rows.append(_bar(movement.label, reached, reached + movement.amount, unit, movement.amount))
        reached += movement.amount
    rows.append(_bar("After", 0, reached, unit))
    change = reached - start
    verb = "grew" if change >= 0 else "shrank"
    within = f" in {period}" if period else ""
    title = f"Recurring revenue {verb} by {_amount(abs(change), unit)} {currency} a month{within}"
    for row in rows:
        row["told"] = f"{row['label']}: {row['words']} {currency} a month"
    labels = [row["label"] for row in rows]
    along = alt.X(
        "label:N", sort=labels, title=None, axis=alt.Axis(labelAngle=0, ticks=False, labelOverlap=False)
    )
    up = alt.Y(
        "top:Q", title=f"Recurring revenue, {currency} a month", axis=alt.Axis(format="~s", tickCount=5)
    )
    base = alt.Chart(rows_of(*rows), width=max(WIDTH, 84 * len(rows)), height=220)
    shapes = [
        base.transform_filter(f"datum.kind == '{kind}'")
        .mark_bar(style=style, width=40)
        .encode(x=along, y=up, y2="bottom:Q", tooltip=TOLD)
        # Hollow, so that a loss is told from a gain without colour.
        for kind, style in (("whole", "quiet"), ("up", "accent"), ("down", "hollow"))
    ]
    words = base.mark_text(style="ink-text", baseline="bottom", dy=-5).encode(x=along, y=up, text="words:N")
    table = Table(
        caption=f"Movements of recurring revenue, {currency} a month",
        head=("Movement", f"{currency} a month"),
        rows=tuple((row["label"], row["words"]) for row in rows),
        align="lr",
    )
    said = ", ".join(f"{row['label']} {row['words']}" for row in rows)
    return Chart(key, title, f"{said}.", spec_of(title, *shapes, words), table)


def guardrail_chart(key: str, guarded: Sequence[Guarded]) -> Chart:
    """Draw each negative signal with its interval as a share of its own limit, which is 100 %."""
    over = [one for one in guarded if one.low is not None and one.low > one.limit]
    known = [one for one in guarded if one.rate is not None]
    title = (
        f"{len(over)} of {len(guarded)} limits are broken: {over[0].label}"
        if over
        else "No limit is broken"
        if known
        else "Nothing can be said of the limits yet"
    )
    rows = [
        {
            "label": one.label,
            "told": f"{one.label}: {_seen_words(one)} of at most {percent(one.limit, 2)}",
            **{
                name: None if value is None or not one.limit else value / one.limit
                for name, value in (("rate", one.rate), ("low", one.low), ("high", one.high))
            },
        }
        for one in guarded
    ]
    down = alt.Y(
        "label:N", sort=[one.label for one in guarded], title=None, axis=alt.Axis(ticks=False, domain=False)
    )
    along = alt.X(
        "rate:Q", title="Share of the limit, 95 % interval", axis=alt.Axis(format=".0%", tickCount=5)
    )
    base = alt.Chart(rows_of(*rows), width=WIDTH, height=36 * max(1, len(rows)))
    seen = base.transform_filter("isValid(datum.rate)")
    layers = (
        alt.Chart(rows_of({"limit": 1})).mark_rule(style="limit", strokeDash=[5, 3]).encode(x="limit:Q"),
        seen.mark_rule(style="accent-line").encode(x=alt.X("low:Q"), x2="high:Q", y=down),
        seen.mark_point(style="accent", size=DOT, opacity=1).encode(x=along, y=down),
        base.transform_filter("!isValid(datum.rate)")
        .mark_text(style="quiet-text", align="left", dx=6, text="cannot be said yet")
        .encode(x=alt.XDatum(0), y=down),
        told_by(
            seen.mark_rule(style="accent-line").encode(x=alt.X("low:Q"), x2="high:Q", y=down), size=BREADTH
        ),
    )
    table = Table(
        caption="Negative signals beside their limits",
        head=("Signal", "Seen", "From", "To", "Limit", "Why not"),
        rows=tuple(
            (
                one.label,
                *("\N{EN DASH}" if v is None else percent(v, 2) for v in (one.rate, one.low, one.high)),
                percent(one.limit, 2),
                one.why,
            )
            for one in guarded
        ),
        align="lrrrrl",
    )
    said = "; ".join(
        f"{one.label} {'cannot be said yet' if one.rate is None else percent(one.rate, 2)} of at most "
        f"{percent(one.limit, 2)}"
        for one in guarded
    )
    return Chart(key, title, f"{said}.", spec_of(title, *layers), table)


def _seen_words(one: Guarded) -> str:
    if one.rate is None or one.low is None or one.high is None:
        return "cannot be said yet"
    return f"{percent(one.rate, 2)} ({percent(one.low, 2)} to {percent(one.high, 2)})"


def _bar(label: str, start: int, end: int, unit: int, change: int | None = None) -> dict[str, Any]:
    kind = "whole" if change is None else "up" if change >= 0 else "down"
    words = (
        _amount(end, unit) if change is None else f"{'+' if change >= 0 else '−'}{_amount(abs(change), unit)}"
    )
    return {
        "label": label,
        "kind": kind,
        "top": max(start, end) / unit,
        "bottom": min(start, end) / unit,
        "words": words,
    }


def _amount(value: int, unit: int) -> str:
    return f"{value / unit:,.0f}".replace("-", "\N{MINUS SIGN}")
