"""A chart: a picture made of a spec, with what it says in words and in numbers.

For reports, pages and notebooks, which show the same one. The law: a chart never stands without its
title, its text alternative and its table, and drawing one needs neither browser nor network.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import altair as alt
import msgspec
import vl_convert

from upsell.clock import DAY, Moment, to_datetime
from upsell.errors import MeasurementError
from upsell.measurement.charts.themes import LIGHT, SANS, Theme, config_of

WIDTH = 480
"""Width of the field that is drawn in, in pixels; what stands beside it comes on top."""

VEGA_LITE = "6.4"
"""The version of Vega-Lite specs are written in and drawn with."""

DOT = 70
"""Area of a point, in square pixels."""

TOLD = "told:N"
"""The field of a row that has what a pointer is told."""

REACH = 900
"""Area around a point within which a pointer is told of it, in square pixels."""

BREADTH = 24
"""Breadth of a line within which a pointer is told of it, in pixels."""

_LINE = 66


class Table(msgspec.Struct, frozen=True):
    """Numbers in rows, written out.

    Attributes:
        caption: What they are of.
        head: Names of the columns, with units.
        rows: A tuple of cells each, as long as the head.
        align: ``l`` or ``r`` for each column.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    align: str

    def __post_init__(self) -> None:
        """Refuse a table whose lines are not as long as its head."""
        if {len(self.align), *map(len, self.rows)} != {len(self.head)}:
            msg = f"expected rows and align as long as the head, {len(self.head)}, in table {self.caption!r}"
            raise MeasurementError(msg)


class Chart(msgspec.Struct, frozen=True):
    """One chart.

    Attributes:
        key: A short name of its own within a document.
        title: What it finds, in a sentence.
        alternative: The same in words, for who does not see it.
        spec: Vega-Lite, without colours: marks name a style, a theme has its colour.
        table: Every number that is drawn, and why one is not.
    """

    key: str
    title: str
    alternative: str
    spec: dict[str, Any]
    table: Table

    def _repr_svg_(self) -> str:
        """Draw it where a notebook shows the value of a cell."""
        return draw_svg(self)


def spec_of(title: str, *layers: alt.Chart) -> dict[str, Any]:
    """Give the spec of layers one upon the other under a title, broken into lines where it is long."""
    lines = alt.TitleParams(textwrap.wrap(title, _LINE))
    spec: dict[str, Any] = alt.LayerChart(layer=list(layers), title=lines).to_dict()
    # Altair's own looks; a theme has ours.
    spec.pop("config", None)
    return spec


def themed(chart: Chart, theme: Theme = LIGHT, font: str = SANS) -> dict[str, Any]:
    """Give the spec of a chart in the colours of a theme, as notebooks and pages show it."""
    return {**chart.spec, "config": config_of(theme, font)}


def draw_svg(chart: Chart, theme: Theme = LIGHT, font: str = SANS) -> str:
    """Draw a chart as SVG."""
    return vl_convert.vegalite_to_svg(themed(chart, theme, font), VEGA_LITE, allowed_base_urls=[])


def draw_png(chart: Chart, theme: Theme = LIGHT, scale: float = 2.0) -> bytes:
    """Draw a chart as PNG, ``scale`` pixels to one of the spec's."""
    return vl_convert.vegalite_to_png(themed(chart, theme), VEGA_LITE, scale=scale, allowed_base_urls=[])


def told_by(mark: alt.Chart, *, size: float) -> alt.Chart:
    """Make what cannot be seen but is easily met by a pointer tell the words of its row, under ``told``.

    ``size`` is what a mark of its kind is made of: an area in square pixels, or a width in pixels.
    """
    unseen: alt.Chart = mark.encode(tooltip=TOLD)
    kind = "strokeWidth" if unseen.to_dict()["mark"]["type"] == "rule" else "size"
    unseen.mark[kind] = size
    unseen.mark["opacity"] = 0
    unseen.mark["aria"] = False
    return unseen


def rows_of(*rows: dict[str, Any]) -> alt.InlineData:
    """Give rows as the data of a picture."""
    return alt.InlineData(values=list(rows))


def time_axis(field: str, title: str, moments: Sequence[Moment]) -> alt.X:
    """Give an axis of time: months where it is long, weeks where it is short."""
    span = max(moments, default=0) - min(moments, default=0)
    is_long = span > 100 * DAY
    step = max(1, round(span / (6 * (30 if is_long else 7) * DAY)))
    ticks: dict[str, Any] = {"interval": "month" if is_long else "week", "step": step}
    axis = alt.Axis(format="%b %Y" if is_long else "%-d %b", grid=False, tickCount=ticks, labelOverlap=True)
    # A moment is written in UTC, whatever zone the machine that draws is in.
    return alt.X(f"{field}:T", title=title, axis=axis, scale=alt.Scale(type="utc"))


def day_of(at: Moment) -> str:
    """Write the day of a moment in UTC."""
    return f"{to_datetime(at):%Y-%m-%d}"


def percent(share: float, digits: int = 1) -> str:
    """Write a share of 0 to 1 in percent."""
    return f"{share * 100:.{digits}f} %"


def listed(words: list[str]) -> str:
    """Write words one after the other, ``and`` before the last."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
