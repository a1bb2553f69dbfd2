"""Files of charts: in which forms one can be had, and each of them."""

from __future__ import annotations

import enum
from typing import assert_never

import msgspec

from upsell.measurement.charts.chart import Chart, draw_png, draw_svg, themed
from upsell.measurement.charts.pictures import Room, compile_chart, csv_of, draw_picture
from upsell.measurement.charts.themes import Theme


class ChartFile(enum.Enum):
    """What a chart can be had as, by the ending of its file."""

    SVG = "svg"
    PNG = "png"
    CSV = "csv"
    SPEC = "json"
    COMPILED = "vega"


def chart_file(chart: Chart, kind: ChartFile, theme: Theme, room: Room | None) -> bytes:
    """Give a chart as a file: by itself under its title, or as a page shows it where there is a room.

    The spec is Vega-Lite; what it is compiled to is what a browser draws.
    """
    match kind:
        case ChartFile.SVG if room is not None:
            return draw_picture(chart, theme, room).encode()
        case ChartFile.SVG:
            return draw_svg(chart, theme).encode()
        case ChartFile.PNG:
            return draw_png(chart, theme)
        case ChartFile.CSV:
            return csv_of(chart.table)
        case ChartFile.SPEC:
            return msgspec.json.format(msgspec.json.encode(themed(chart, theme)), indent=2) + b"\n"
        case ChartFile.COMPILED:
            return compile_chart(chart, theme, room or Room.WIDE)
        case _:
            assert_never(kind)
