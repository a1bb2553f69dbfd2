"""Charts of people: how far they came, how often they were written to, how long they stayed.

The law: each person stands in one place of a picture, and the numbers of a table are those drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import msgspec

from upsell.clock import Moment
from upsell.measurement.charts.chart import (
    DOT,
    REACH,
    TOLD,
    WIDTH,
    Chart,
    Table,
    day_of,
    listed,
    percent,
    rows_of,
    spec_of,
    time_axis,
    told_by,
)

_MOST_TOLD = 10
"""How many days of a survival curve its table tells."""


class Stage(msgspec.Struct, frozen=True):
    """One stage of a funnel: what people call it, and how many reached it."""

    label: str
    count: int


class Week(msgspec.Struct, frozen=True):
    """How often people were written to in a week that began at a moment.

    Attributes:
        starts_at: Its beginning.
        persons: People who were sent at least one message.
        messages: Messages they were sent.
        most: The most that any one of them was sent.
    """

    starts_at: Moment
    persons: int
    messages: int
    most: int


class CurvePoint(msgspec.Struct, frozen=True):
    """A survival at a time: day, share from 0 to 1, and its interval."""

    day: float
    share: float
    low: float
    high: float


class Curve(msgspec.Struct, frozen=True):
    """One survival curve; ``is_held_out`` draws it in grey. Points ascend by day."""

    label: str
    points: tuple[CurvePoint, ...]
    is_held_out: bool = False


class Cohort(msgspec.Struct, frozen=True):
    """One line of a heat map: its name, how many began, and a share for each period; None is not over."""

    label: str
    size: int
    shares: tuple[float | None, ...]


def funnel_chart(key: str, unit: str, stages: Sequence[Stage]) -> Chart:
    """Draw how many reached each stage, the first stage first; of the first stage each is a share."""
    first = stages[0].count if stages else 0
    last = stages[-1] if stages else Stage("", 0)
    title = (
        f"{last.count:,} of {first:,} {unit}s: {last.label}"
        if first
        else f"No {unit} has been considered yet"
    )
    of_first = [stage.count / first if first else 0.0 for stage in stages]
    rows: list[dict[str, Any]] = [
        {
            "label": stage.label,
            "count": stage.count,
            "words": f"{stage.count:,}  ({percent(share)})",
            "told": f"{stage.label}: {stage.count:,}, {percent(share)} of the first",
        }
        for stage, share in zip(stages, of_first, strict=True)
    ]
    down = alt.Y(
        "label:N",
        sort=[stage.label for stage in stages],
        title=None,
        axis=alt.Axis(ticks=False, domain=False),
    )
    # Room at the right for the count of the longest bar.
    along = alt.X(
        "count:Q",
        title=f"{unit.capitalize()}s",
        scale=alt.Scale(domain=[0, max(first, 1) * 1.3], nice=False),
        axis=alt.Axis(tickCount=5, tickMinStep=1, format=",d"),
    )
    base = alt.Chart(rows_of(*rows), width=WIDTH, height=34 * max(1, len(rows)))
    layers = (
        base.mark_bar(style="accent", height=18).encode(x=along, y=down, tooltip=TOLD),
        base.mark_text(style="ink-text", align="left", dx=6).encode(x=along, y=down, text="words:N"),
    )
    table = Table(
        caption=f"{unit.capitalize()}s by how far they came",
        head=("Stage", f"{unit.capitalize()}s", "Of the first"),
        rows=tuple(
            (stage.label, f"{stage.count:,}", percent(share))
            for stage, share in zip(stages, of_first, strict=True)
        ),
        align="lrr",
    )
    said = ", ".join(f"{stage.label} {stage.count:,}" for stage in stages)
    return Chart(key, title, f"{unit.capitalize()}s: {said}.", spec_of(title, *layers), table)


def pressure_chart(key: str, weeks: Sequence[Week]) -> Chart:
    """Draw messages per person and week: the mean of those written to, and the most one got."""
    most = max((week.most for week in weeks), default=0)
    persons, messages = sum(week.persons for week in weeks), sum(week.messages for week in weeks)
    title = (
        f"Nobody was sent more than {most:,} messages in a week; those written to were sent "
        f"{messages / persons:.1f} on average"
        if persons
        else "Nobody has been written to yet"
    )
    rows = [
        {
            "at": day_of(week.starts_at),
            "mean": week.messages / week.persons if week.persons else None,
            "most": week.most,
            "told": _week_words(week),
        }
        for week in weeks
    ]
    ends = rows[-1:]
    along = time_axis("at", "Week from", [week.starts_at for week in weeks])
    up = alt.Y(
        "most:Q",
        title="Messages per person and week",
        scale=alt.Scale(domain=[0, max(most, 1)]),
        axis=alt.Axis(values=list(range(0, most + 1, max(1, most // 5))), format="d"),
    )
    mean = alt.Y("mean:Q")
    base = alt.Chart(rows_of(*rows), width=WIDTH, height=180)
    end = alt.Chart(rows_of(*ends))
    layers = (
        base.mark_line(style="quiet-line", interpolate="step-after", strokeDash=[4, 3]).encode(x=along, y=up),
        base.mark_line(style="accent-line").encode(x=along, y=mean),
        base.mark_point(style="accent", size=DOT / 3, opacity=1).encode(x=along, y=mean),
        end.mark_text(style="quiet-text", text="the most", align="left", dx=8).encode(x=along, y=up),
        end.mark_text(style="accent-text", text="the mean", align="left", dx=8).encode(x=along, y=mean),
        told_by(base.mark_point(style="accent").encode(x=along, y=mean), size=REACH),
        told_by(base.mark_point(style="quiet").encode(x=along, y=up), size=REACH),
    )
    table = Table(
        caption="Messages per person and week, of those who were written to",
        head=("Week from", "People", "Messages", "Mean", "Most"),
        rows=tuple(
            (
                day_of(week.starts_at),
                f"{week.persons:,}",
                f"{week.messages:,}",
                f"{week.messages / week.persons:.2f}" if week.persons else "\N{EN DASH}",
                f"{week.most:,}",
            )
            for week in weeks
        ),
        align="lrrrr",
    )
    return Chart(key, title, f"{title}, over {len(weeks)} weeks.", spec_of(title, *layers), table)


def _week_words(week: Week) -> str:
    if not week.persons:
        return f"Week from {day_of(week.starts_at)}: nobody was written to"
    return (
        f"Week from {day_of(week.starts_at)}: {week.messages:,} messages to {week.persons:,} people, "
        f"{week.messages / week.persons:.2f} on average and {week.most:,} at most"
    )


def survival_chart(key: str, title: str, what: str, curves: Sequence[Curve]) -> Chart:
    """Draw what share has come to something by each day, as steps, each curve with its interval.

    Args:
        key: Name within a document.
        title: What it finds; the estimator knows, the picture does not.
        what: What the shares are of: ``Upgraded``.
        curves: At most five; the holdout in grey.
    """
    along = alt.X("day:Q", title="Days since exposure", axis=alt.Axis(grid=False))
    up = alt.Y("share:Q", title=f"{what}, share", axis=alt.Axis(format=".0%"), scale=alt.Scale(zero=True))
    layers: list[alt.Chart] = []
    for place, curve in enumerate(curves):
        colour = "quiet" if curve.is_held_out else "accent"
        rows = [
            {**msgspec.structs.asdict(point), "told": _point_words(curve, point)} for point in curve.points
        ]
        base = alt.Chart(rows_of(*rows), width=WIDTH, height=220)
        dash = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [1, 4]][place % 5]
        layers += [
            base.mark_area(style=f"{colour}-band", interpolate="step-after").encode(
                x=along, y=alt.Y("low:Q"), y2="high:Q"
            ),
            base.mark_line(style=f"{colour}-line", interpolate="step-after", strokeDash=dash).encode(
                x=along, y=up
            ),
            alt.Chart(rows_of(*rows[-1:]))
            .mark_text(style=f"{colour}-text", align="left", dx=8, text=curve.label)
            .encode(x=along, y=up),
            told_by(base.mark_point(style=colour).encode(x=along, y=up), size=REACH),
        ]
    table = Table(
        caption=f"{what} by day since exposure",
        head=("Curve", "Day", "Share", "From", "To"),
        rows=tuple(
            (curve.label, f"{p.day:g}", percent(p.share), percent(p.low), percent(p.high))
            for curve in curves
            for p in _told(curve.points)
        ),
        align="lrrrr",
    )
    last = [f"{curve.label} {percent(curve.points[-1].share)}" for curve in curves if curve.points]
    alternative = f"{what} at the last day: {listed(last)}." if last else f"{what}: nothing is known yet."
    return Chart(key, title, alternative, spec_of(title, *layers), table)


def _point_words(curve: Curve, point: CurvePoint) -> str:
    ends = f"{percent(point.low)} to {percent(point.high)}"
    return f"{curve.label}, day {point.day:g}: {percent(point.share)} ({ends})"


def _told(points: Sequence[CurvePoint]) -> list[CurvePoint]:
    """Give the points a table has: of many, the last one of each of ten stretches of days."""
    if len(points) <= _MOST_TOLD:
        return list(points)
    first, last = points[0].day, points[-1].day
    width = (last - first) / _MOST_TOLD
    ends = [first + width * number for number in range(1, _MOST_TOLD)] + [last]
    found = [max((p for p in points if p.day <= end), key=lambda p: p.day) for end in ends]
    return list(dict.fromkeys(found))


def cohort_chart(key: str, title: str, what: str, period: str, cohorts: Sequence[Cohort]) -> Chart:
    """Draw a share for each cohort and period since its beginning; each field has its number in it.

    Args:
        key: Name within a document.
        title: What it finds.
        what: What the shares are: ``Net revenue kept``; above 1 they have grown.
        period: The unit of time in the singular: ``month``.
        cohorts: In the order of the lines.
    """
    rows = [
        {
            "cohort": _beginners(cohort),
            "period": number,
            "share": share,
            "words": percent(share, 0),
            "told": f"{cohort.label}, {period} {number}: {percent(share, 0)}",
        }
        for cohort in cohorts
        for number, share in enumerate(cohort.shares)
        if share is not None
    ]
    names = [_beginners(cohort) for cohort in cohorts]
    most = max((len(cohort.shares) for cohort in cohorts), default=1)
    along = alt.X(
        "period:O",
        title=f"{period.capitalize()}s since they began",
        axis=alt.Axis(labelAngle=0, ticks=False, domain=False),
    )
    down = alt.Y("cohort:N", sort=names, title=None, axis=alt.Axis(ticks=False, domain=False))
    # Paler than the accent itself, so that ink is read on it in either theme.
    shade = alt.Opacity("share:Q", scale=alt.Scale(range=[0.04, 0.45]), legend=None)
    base = alt.Chart(rows_of(*rows), width=max(WIDTH, 44 * most), height=32 * max(1, len(names)))
    layers = (
        base.mark_rect(style="accent", strokeWidth=0).encode(x=along, y=down, opacity=shade, tooltip=TOLD),
        base.mark_text(style="ink-text").encode(x=along, y=down, text="words:N"),
    )
    # Narrow enough for a year of months on paper: the caption says what the numbers count.
    head = ("Cohort", "Began", *map(str, range(most)))
    table = Table(
        caption=f"{what} by cohort and {period} since it began",
        head=head,
        rows=tuple(
            (
                cohort.label,
                f"{cohort.size:,}",
                *(
                    "\N{EN DASH}" if share is None else percent(share, 0)
                    for share in (*cohort.shares, *[None] * (most - len(cohort.shares)))
                ),
            )
            for cohort in cohorts
        ),
        align="l" + "r" * (most + 1),
    )
    alternative = f"{what} of {len(cohorts)} cohorts over up to {most} {period}s; the table has each number."
    return Chart(key, title, alternative, spec_of(title, *layers), table)


def _beginners(cohort: Cohort) -> str:
    return f"{cohort.label} ({cohort.size:,})"
