"""Pictures of charts for pages: one geometry in both themes, no style of their own, and tables as CSV."""

from __future__ import annotations

import csv
import re
from io import StringIO

import msgspec
import pytest

from tests.unit.measurement.test_charts import CHARTS, EMPTY
from upsell.measurement.charts.chart import Chart, Table
from upsell.measurement.charts.files import ChartFile, chart_file
from upsell.measurement.charts.pictures import Room, compile_chart, csv_of, draw_picture, room_spec, size_of
from upsell.measurement.charts.themes import DARK, LIGHT

BY_KEY = {chart.key: chart for chart in CHARTS}
COLOUR = re.compile(r"#[0-9a-f]{6}")


@pytest.mark.parametrize("room", Room)
@pytest.mark.parametrize("chart", [*CHARTS, EMPTY[0]], ids=lambda chart: chart.key)
def test_a_picture_is_the_same_in_both_themes_but_for_its_colours(chart: Chart, room: Room) -> None:
    light, dark = (draw_picture(chart, theme, room) for theme in (LIGHT, DARK))
    assert COLOUR.sub("", light) == COLOUR.sub("", dark)
    assert set(COLOUR.findall(light)) <= set(msgspec.structs.astuple(LIGHT))
    assert set(COLOUR.findall(dark)) <= set(msgspec.structs.astuple(DARK))
    # What a strict policy would refuse where it is written into a page.
    assert not re.search(r"style=|<style|<script|href", light)
    assert min(size_of(light)) > 20


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.key)
def test_a_narrow_picture_fits_a_phone_or_stays_as_wide_as_its_words(chart: Chart) -> None:
    wide, narrow = (size_of(draw_picture(chart, LIGHT, room)) for room in Room)
    assert narrow == wide if chart.key in ("cohort", "bridge") else narrow[0] <= 343


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.key)
def test_what_a_browser_draws_needs_nothing_but_itself(chart: Chart) -> None:
    spec = msgspec.json.decode(compile_chart(chart, DARK, Room.NARROW))
    assert "vega-lite" not in spec["$schema"]
    assert "/schema/vega/" in spec["$schema"]
    assert [each["name"] for each in spec["data"] if "url" in each] == []
    assert "title" not in spec
    assert spec["background"] == DARK.paper
    assert BY_KEY[chart.key].spec == chart.spec


def test_a_chart_by_itself_has_its_title_and_on_a_page_the_page_has_it() -> None:
    chart = BY_KEY["lift"]
    assert "1 of 2 workflows did better" in chart_file(chart, ChartFile.SVG, LIGHT, None).decode()
    assert "1 of 2 workflows did better" not in chart_file(chart, ChartFile.SVG, LIGHT, Room.WIDE).decode()
    assert "title" not in room_spec(chart, Room.WIDE)
    assert "title" in chart.spec
    spec = msgspec.json.decode(chart_file(chart, ChartFile.SPEC, LIGHT, None))
    assert spec["title"] == chart.spec["title"]
    assert spec["config"]["background"] == LIGHT.paper
    assert chart_file(chart, ChartFile.PNG, DARK, None).startswith(b"\x89PNG")


def test_a_table_as_csv_is_read_back_as_numbers_and_runs_nothing() -> None:
    rows = (("=HYPERLINK(1)", "−1,234.50", "+12.0 %", "–"), ('a "b", c', "0", "3", "-x"))
    table = Table("c", ("Name", "Amount", "Share", "Why"), rows, "lrrl")
    read = list(csv.reader(StringIO(csv_of(table).decode(), newline="")))
    assert read == [
        ["Name", "Amount", "Share", "Why"],
        ["'=HYPERLINK(1)", "-1234.50", "12.0 %", ""],
        ['a "b", c', "0", "3", "'-x"],
    ]
