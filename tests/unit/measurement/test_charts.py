"""Charts: each with a title that claims what its interval says, a text and a table; drawn by itself."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from upsell.clock import DAY, WEEK
from upsell.errors import MeasurementError
from upsell.measurement.answers import Effect, Undetermined, UndeterminedReason
from upsell.measurement.charts import lifts, money, people, shares
from upsell.measurement.charts.chart import Chart, Table, draw_png, draw_svg, themed
from upsell.measurement.charts.lifts import Measured, Scale, lift_chart, lift_over_time_chart
from upsell.measurement.charts.money import Guarded, Movement, bridge_chart, guardrail_chart
from upsell.measurement.charts.people import (
    Cohort,
    Curve,
    CurvePoint,
    Stage,
    Week,
    cohort_chart,
    funnel_chart,
    pressure_chart,
    survival_chart,
)
from upsell.measurement.charts.readings import Reading
from upsell.measurement.charts.shares import Shared, shares_chart
from upsell.measurement.charts.themes import DARK, LIGHT, Theme
from upsell.measurement.shares import Share

START = 1_767_571_200_000_000
MONEY = Scale("Net revenue", "Net revenue per account in 90 days, USD", 100, 2)
TOO_FEW = Undetermined(UndeterminedReason.TOO_FEW, "40 closed units in an arm, 50 needed")
STYLES = Path(__file__).parents[3] / "src/upsell/web/static/pages.css"
POINTS = (CurvePoint(0, 0.0, 0.0, 0.0), CurvePoint(30, 0.2, 0.1, 0.3))

CHARTS = [
    lift_chart("lift", [Measured("Quota", Effect(4180, 2900, 5460)), Measured("Seats", TOO_FEW)], MONEY),
    lift_over_time_chart(
        "time", "Quota", [Reading(START, TOO_FEW), Reading(START + DAY, Effect(10.0, -5.0, 25.0))], MONEY
    ),
    funnel_chart("funnel", "account", [Stage("considered", 1200), Stage("converted", 61)]),
    pressure_chart("pressure", [Week(START, 40, 44, 2), Week(START + WEEK, 10, 30, 5)]),
    survival_chart(
        "survival",
        "Sooner",
        "Upgraded",
        [Curve("treated", POINTS), Curve("holdout", POINTS, is_held_out=True)],
    ),
    cohort_chart("cohort", "They stay", "Kept", "month", [Cohort("2026-01", 100, (1.0, None))]),
    bridge_chart("bridge", 4_500_000, [Movement("New", 800_000), Movement("Churn", -350_000)], "USD"),
    guardrail_chart(
        "guard",
        [Guarded("Complaints", 0.004, 0.0035, 0.005, 0.003), Guarded("R", None, None, None, 1, "few")],
    ),
    shares_chart(
        "shares", "Some", "Had waited", [Shared("all", Share(0.2, 0.1, 0.3)), Shared("few", TOO_FEW)]
    ),
]
EMPTY = [
    lift_chart("lift", [], MONEY),
    lift_over_time_chart("time", "Quota", [], MONEY),
    funnel_chart("funnel", "account", []),
    pressure_chart("pressure", []),
    survival_chart("survival", "Nothing", "Upgraded", [Curve("treated", ())]),
    cohort_chart("cohort", "Nothing", "Kept", "month", []),
    bridge_chart("bridge", 0, [], "JPY"),
    guardrail_chart("guard", []),
    shares_chart("shares", "Nothing", "Had waited", []),
]


@pytest.mark.parametrize("chart", CHARTS + EMPTY, ids=lambda chart: chart.key)
def test_every_chart_has_a_title_a_text_a_table_and_axes_with_words(chart: Chart) -> None:
    assert chart.title
    assert chart.alternative.endswith(".")
    assert chart.table.caption
    said = msgspec.json.encode(chart.spec).decode()
    assert '"title"' in said
    assert " ".join(chart.spec["title"]["text"]) == chart.title


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("chart", CHARTS + EMPTY, ids=lambda chart: chart.key)
def test_a_chart_is_drawn_in_its_themes_colours_alone_and_fetches_nothing(chart: Chart, theme: Theme) -> None:
    svg = draw_svg(chart, theme)
    assert ElementTree.fromstring(svg).tag.endswith("svg")
    colours = set(re.findall(r"#[0-9a-f]{3,8}\b|rgb\([^)]*\)|\bblack\b|\bwhite\b", svg))
    assert colours <= set(msgspec.structs.astuple(theme))
    assert not re.search(r"href|url\(|<style|<script|@import", svg)
    # Several in one document cannot be mistaken for each other.
    assert ' id="' not in svg


def test_a_picture_of_pixels_is_a_png() -> None:
    assert draw_png(CHARTS[0], DARK, scale=1).startswith(b"\x89PNG\r\n")


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.key)
def test_a_spec_has_no_colour_of_its_own_and_every_style_is_the_themes(chart: Chart) -> None:
    said = msgspec.json.encode(chart.spec).decode()
    assert "#" not in said
    styles = themed(chart)["config"]["style"]
    assert set(re.findall(r'"style":"([^"]+)"', said)) <= set(styles)


def test_themes_have_the_colours_of_the_pages() -> None:
    blocks = re.findall(r":root \{(.*?)\}", STYLES.read_text("utf-8"), re.DOTALL)
    told = [dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", block)) for block in blocks[:2]]
    drawn = [msgspec.structs.asdict(theme) for theme in (LIGHT, DARK)]
    assert [
        {name: of_page[name] for name in of_page.keys() & LIGHT.__struct_fields__} for of_page in told
    ] == drawn


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_what_is_written_in_a_theme_can_be_read(theme: Theme) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1 for text."""
    paper = _luminance(theme.paper)
    for colour in (theme.ink, theme.quiet, theme.accent):
        light, dark = max(paper, _luminance(colour)), min(paper, _luminance(colour))
        assert (light + 0.05) / (dark + 0.05) >= 4.5


@given(
    ends=st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(0, 1e6)), min_size=1, max_size=5),
    unknown=st.integers(0, 2),
)
def test_a_title_claims_what_was_better_only_where_an_interval_lies_above_zero(
    ends: list[tuple[float, float]], unknown: int
) -> None:
    effects = [Effect(low + width / 2, low, low + width) for low, width in ends]
    answers: list[Effect | Undetermined] = [*effects, *[TOO_FEW] * unknown]
    measured = [Measured(f"w{n}", answer) for n, answer in enumerate(answers)]
    chart = lift_chart("lift", measured, MONEY)
    above = sum(effect.low > 0 for effect in effects)
    assert ("did better" in chart.title) == (above > 0)
    if above and len(measured) > 1:
        assert chart.title.startswith(f"Net revenue: {above} of {len(measured)} workflows")
    assert len(chart.table.rows) == len(measured)


def test_what_cannot_be_said_stands_in_words_and_never_at_zero() -> None:
    chart = CHARTS[0]
    assert chart.table.rows == (
        ("Quota", "+41.80", "+29.00", "+54.60", ""),
        ("Seats", "–", "–", "–", TOO_FEW.detail),
    )
    assert "Seats cannot be said yet" in chart.alternative
    (rows,) = (rows for rows in _data(chart) if "label" in rows[0])
    assert rows[1]["estimate"] is None
    assert "cannot be said yet" in draw_svg(chart)


def _data(chart: Chart) -> list[list[dict[str, object]]]:
    return list(chart.spec["datasets"].values())


def test_zero_is_on_the_axis_where_a_difference_is_shown() -> None:
    for chart in CHARTS[:2]:
        assert [{"zero": 0}] in _data(chart)


def test_of_a_lift_over_time_the_last_moment_decides_the_title() -> None:
    better, early = Effect(30.0, 10.0, 50.0), Effect(30.0, -10.0, 70.0)
    readings = [Reading(START, better), Reading(START + DAY, early)]
    assert "too early" in lift_over_time_chart("t", "Quota", readings, MONEY).title
    assert "better" in lift_over_time_chart("t", "Quota", readings[::-1], MONEY).title
    assert "cannot be said" in lift_over_time_chart("t", "Quota", [Reading(START, TOO_FEW)], MONEY).title


def test_message_pressure_tells_the_mean_of_those_written_to_and_the_most_anybody_got() -> None:
    chart = CHARTS[3]
    assert chart.title.startswith("Nobody was sent more than 5 messages in a week")
    assert "1.5 on average" in chart.title  # 74 messages to 50 people
    assert [row[3:] for row in chart.table.rows] == [("1.10", "2"), ("3.00", "5")]


def test_a_bridge_ends_where_its_movements_lead() -> None:
    chart = CHARTS[6]
    assert chart.table.rows[-1] == ("After", "49,500")
    assert chart.title == "Recurring revenue grew by 4,500 USD a month"
    assert bridge_chart("b", 500, [Movement("Churn", -200)], "JPY").title.startswith(
        "Recurring revenue shrank by 200 "
    )


def test_a_limit_is_broken_only_when_the_whole_interval_lies_beyond() -> None:
    assert CHARTS[7].title == "1 of 2 limits are broken: Complaints"
    unsure = Guarded("Complaints", 0.004, 0.002, 0.006, 0.003)
    assert guardrail_chart("g", [unsure]).title == "No limit is broken"


def test_a_table_that_is_ragged_is_refused() -> None:
    with pytest.raises(MeasurementError, match="as long as the head"):
        Table("c", ("a", "b"), (("1",),), "lr")


ESTIMATES = {
    lifts.lift_chart: CHARTS[0],
    lifts.lift_over_time_chart: CHARTS[1],
    people.survival_chart: CHARTS[4],
    money.guardrail_chart: CHARTS[7],
    shares.shares_chart: CHARTS[8],
}
"""What is drawn of what was estimated: each has an interval."""

COUNTS = {people.funnel_chart, people.pressure_chart, people.cohort_chart, money.bridge_chart}
"""What is drawn of what was counted, and has none."""


def test_every_way_to_draw_says_whether_it_is_of_an_estimate() -> None:
    """A new chart is put into one of the two, or this fails."""
    drawing: set[object] = {
        found
        for room in (lifts, money, people, shares)
        for name, found in inspect.getmembers(room, inspect.isfunction)
        if name.endswith("_chart") and found.__module__ == room.__name__
    }
    assert drawing == {*ESTIMATES, *COUNTS}
    estimated = {chart.key for chart in ESTIMATES.values()}
    has_ends = {chart.key for chart in CHARTS if {"From", "To"} <= set(chart.table.head)}
    assert estimated == has_ends


def _intervals(chart: Chart) -> Iterator[dict[str, Any]]:
    """Give the rows between whose ends a mark that is seen is drawn, from one to the other."""
    for layer in chart.spec["layer"]:
        drawn = layer["encoding"]
        for one, other in (("x", "x2"), ("y", "y2")):
            fields = [drawn.get(side, {}).get("field") for side in (one, other)]
            if fields == ["low", "high"] and layer["mark"].get("opacity") != 0:
                assert layer["mark"]["type"] in ("rule", "area")
                yield from _rows(chart, layer)


def _rows(chart: Chart, layer: dict[str, Any]) -> list[dict[str, Any]]:
    shared: dict[str, str] = chart.spec.get("data", {})
    rows: list[dict[str, Any]] = chart.spec["datasets"][layer.get("data", shared)["name"]]
    return rows


@pytest.mark.parametrize("chart", ESTIMATES.values(), ids=lambda chart: chart.key)
def test_an_estimate_is_drawn_with_its_interval_by_the_numbers_of_its_table(chart: Chart) -> None:
    drawn = [row for row in _intervals(chart) if row["low"] is not None]
    place = chart.table.head.index("From")
    told = [row for row in chart.table.rows if row[place] != "–"]
    assert len(drawn) == len(told) > 0
    for row, cells in zip(drawn, told, strict=True):
        middle = next(row[name] for name in ("estimate", "share", "rate") if name in row)
        assert row["low"] <= middle <= row["high"]
        for name, cell in (("low", cells[place]), ("high", cells[place + 1])):
            value = float(cell.replace("−", "-").replace(",", "").removesuffix(" %"))
            # A guardrail is drawn as a share of its limit, which the table tells beside it.
            unit = float(cells[place + 2].removesuffix(" %")) if chart.key == "guard" else 1.0
            of = 100 if cell.endswith("%") and chart.key != "guard" else 1
            assert row[name] * unit * of == pytest.approx(value, abs=0.006)


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.key)
def test_a_pointer_is_told_words_of_every_row_that_is_drawn(chart: Chart) -> None:
    telling = [layer for layer in chart.spec["layer"] if "tooltip" in layer["encoding"]]
    assert {layer["encoding"]["tooltip"]["field"] for layer in telling} == {"told"}
    for layer in telling:
        assert all(row["told"] for row in _rows(chart, layer))
