"""Charts on pages: a picture that stands without scripts, what a browser draws over it, its table, and files.

The law: a page asks nothing of what draws; a chart was drawn when the report it stands in was read.
"""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from upsell.runtime import keeping
from upsell.runtime.shelf import ReportShelf
from upsell.runtime.shelved import HungChart, ReportName, Shelved
from upsell.web.pages.shell import Trouble, refuse

if TYPE_CHECKING:
    from upsell.measurement.charts.chart import Table

PATH: Final = "/charts"
"""Under which each chart has its files, by its report and its key."""

_MARKED: Final = "private, max-age=3600"
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


class Form(msgspec.Struct, frozen=True):
    """A file that a chart can be had as: what it is called, and where it is."""

    name: str
    path: str


class ChartFigure(msgspec.Struct, frozen=True):
    """A chart on a page.

    Attributes:
        key: Its key.
        title: What it finds.
        alternative: The same in words.
        path: Where its files are, without their endings.
        mark: What changes when it does.
        wide: Width and height of its picture in pixels.
        narrow: The same on a narrow screen.
        table: Its numbers.
    """

    key: str
    title: str
    alternative: str
    path: str
    mark: str
    wide: tuple[int, int]
    narrow: tuple[int, int]
    table: Table

    @property
    def forms(self) -> tuple[Form, ...]:
        """What it can be had as."""
        endings = (("SVG", "svg"), ("PNG", "png"), ("CSV", "csv"), ("Vega-Lite", "json"))
        return tuple(Form(name, f"{self.path}.{ending}") for name, ending in endings)

    def picture(self, theme: str, room: str) -> str:
        """Give where its picture for a page is."""
        return f"{self.path}.svg?theme={theme}&room={room}&v={self.mark}"


def figures_of(name: ReportName, found: Shelved) -> dict[str, ChartFigure]:
    """Give the charts of a report as they stand on a page, by their keys."""
    return {key: figure_of(name, hung) for key, hung in found.charts.items()}


def figure_of(name: ReportName, hung: HungChart) -> ChartFigure:
    """Give one chart as it stands on a page."""
    chart = hung.chart
    return ChartFigure(
        key=chart.key,
        title=chart.title,
        alternative=chart.alternative,
        path=f"{PATH}/{name.value}/{quote(chart.key, safe='')}",
        mark=hashlib.sha256(msgspec.json.encode(chart.spec)).hexdigest()[:12],
        wide=hung.wide,
        narrow=hung.narrow,
        table=chart.table,
    )


def charts_route(shelf: ReportShelf) -> HTTPRouteHandler:
    """Give the route of the files of every chart."""

    @route(
        [f"{PATH}/{{report:str}}/{{name:str}}"],
        http_method=["GET", "HEAD"],
        sync_to_thread=True,
        include_in_schema=False,
    )
    def show_chart(
        request: Request[Any, Any, Any], report: FromPath[str], name: FromPath[str]
    ) -> Response[bytes]:
        """Give a file of a chart."""
        key, _, ending = name.rpartition(".")
        if report not in {each.value for each in ReportName} or ending not in _KINDS:
            return _unknown(request)
        hung = shelf.take(ReportName(report), keeping.PATIENCE).charts.get(key)
        if hung is None:
            return _unknown(request)
        asked = request.query_params
        content = _file(hung, ending, asked.get("theme", ""), asked.get("room", ""))
        headers = {
            "Cache-Control": _MARKED if asked.get("v") else "no-store",
            "Content-Security-Policy": _POLICY,
            "X-Content-Type-Options": "nosniff",
        }
        if not asked.get("v"):
            headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
        return Response(content, status_code=HTTPStatus.OK, media_type=_KINDS[ending], headers=headers)

    return show_chart


_KINDS: Final = {
    "svg": "image/svg+xml",
    "png": "image/png",
    "csv": "text/csv",
    "json": "application/json",
    "vega": "application/json",
}


def _file(hung: HungChart, ending: str, theme: str, room: str) -> bytes:
    # Whoever has a chart has loaded what draws.
    from upsell.measurement.charts.files import ChartFile, chart_file  # noqa: PLC0415
    from upsell.measurement.charts.pictures import Room  # noqa: PLC0415
    from upsell.measurement.charts.themes import DARK, LIGHT  # noqa: PLC0415

    place = next((each for each in Room if each.value == room), None)
    return chart_file(hung.chart, ChartFile(ending), DARK if theme == "dark" else LIGHT, place)


def _unknown(request: Request[Any, Any, Any]) -> Response[bytes]:
    trouble = Trouble(
        "There is no such chart",
        "It may have stood in a report that has been read anew since.",
        "Every chart stands in a report: see /reports.",
    )
    return refuse(request, trouble, "unknown", HTTPStatus.NOT_FOUND)
