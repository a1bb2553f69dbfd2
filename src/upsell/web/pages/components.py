"""The living page of components: every one, with what it is for, in whichever theme the reader has."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler

from upsell.clock import DAY
from upsell.measurement.answers import Effect
from upsell.measurement.charts.readings import Reading
from upsell.runtime.differences import FileDifference, find_differences
from upsell.web.pages.intervals import IntervalDrawing, LimitDrawing, draw_beside_limit
from upsell.web.pages.results import Counted
from upsell.web.pages.shell import Way, shown
from upsell.web.pages.sparklines import Sparkline, draw_sparkline

PATH: Final = "/components"

_FUNNEL = (
    Counted("considered", 1_700),
    Counted("let in", 1_050),
    Counted("held out", 420),
    Counted("not let in: plan.tier in (1, 2)", 230),
)
_INTERVALS = (
    ("+$41.80 (29.00 to 54.60)", IntervalDrawing(zero=14, low=146, high=266, estimate=206, truth=None)),
    ("−$3.10 (−11.00 to 4.80)", IntervalDrawing(zero=190, low=14, high=266, estimate=112, truth=None)),
)


_READINGS = tuple(
    Reading(number * 30 * DAY, Effect(estimate, estimate - half, estimate + half))
    for number, (estimate, half) in enumerate(
        ((1_100, 4_900), (3_600, 3_400), (2_900, 2_500), (4_300, 1_800), (4_180, 1_280))
    )
)


class Example(msgspec.Struct, frozen=True):
    """An interval in words, with its picture."""

    words: str
    drawing: IntervalDrawing


class LimitExample(msgspec.Struct, frozen=True):
    """A rate beside its limit in words, with its picture."""

    words: str
    drawing: LimitDrawing | None


_DIFFERENCES = find_differences(
    {"workflows/api-quota.yaml": "name: API quota upgrade\nstatus: paused\nowner: growth@acme.example\n"},
    {"workflows/api-quota.yaml": "name: API quota upgrade\nstatus: live\nowner: growth@acme.example\n"},
)


class SparklineExample(msgspec.Struct, frozen=True):
    """A sparkline in words, with its picture."""

    words: str
    drawing: Sparkline | None


class ComponentsPage(msgspec.Struct, frozen=True):
    """What the page shows: examples, none of them of anything that happened."""

    tones: tuple[tuple[str, str], ...]
    funnel: tuple[Counted, ...]
    intervals: tuple[Example, ...]
    tabs: tuple[Way, ...]
    limit: LimitExample
    differences: tuple[FileDifference, ...]
    sparkline: SparklineExample


PAGE: Final = ComponentsPage(
    tones=(
        ("live", "good"),
        ("review due", "warn"),
        ("paused by a guardrail", "bad"),
        ("too few to say", "calm"),
    ),
    funnel=_FUNNEL,
    intervals=tuple(Example(*each) for each in _INTERVALS),
    tabs=(
        Way("Overview", "/components#c-head", is_here=True),
        Way("People in it", "/components#c-table", is_here=False),
        Way("Versions", "/components#c-changes", is_here=False),
    ),
    limit=LimitExample(
        "0.22 % complaints (0.11 % to 0.4 %), limit 0.3 %", draw_beside_limit(0.0011, 0.004, 0.0022, 0.003)
    ),
    differences=_DIFFERENCES,
    sparkline=SparklineExample(
        "+$41.80 (29.00 to 54.60) as of 1 June 2026, +$11.00 (−38.00 to 60.00) as of 1 February 2026",
        draw_sparkline(_READINGS),
    ),
)


def components_route() -> HTTPRouteHandler:
    """Give the route of the page."""

    @route([PATH], http_method=["GET", "HEAD"], sync_to_thread=False, include_in_schema=False)
    def show_components(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Show every component."""
        return shown(
            request, "components_page.html", PAGE, told=msgspec.json.encode(components_content(PAGE))
        )

    return show_components


def components_content(page: ComponentsPage) -> dict[str, Any]:
    """Give the examples as plain data, without their pictures."""
    return {
        "tones": page.tones,
        "funnel": msgspec.to_builtins(page.funnel),
        "intervals": [each.words for each in page.intervals],
        "tabs": msgspec.to_builtins(page.tabs),
        "differences": msgspec.to_builtins(page.differences),
        "sparkline": page.sparkline.words,
    }
