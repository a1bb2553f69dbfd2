"""Pictures of charts for pages: without the title that the page has, for two rooms and two themes.

For the browser and for where no script runs. The laws: a picture is drawn once for what it says and kept;
dark is light in other colours, so that both have the same size; and no style is written but as attributes.
"""

from __future__ import annotations

import csv
import enum
import re
from functools import lru_cache
from io import StringIO
from typing import Any, Final

import msgspec
import vl_convert

from upsell.measurement.charts.chart import VEGA_LITE, WIDTH, Chart, Table, themed
from upsell.measurement.charts.themes import DARK, LIGHT, Theme

NARROW_WIDTH: Final = 210
"""Width of the field of a chart on a narrow screen, in pixels; a chart that needs more is scrolled."""

MOST_KEPT: Final = 512
"""How many pictures are kept."""

_NARROW_LABEL: Final = 104
_SIZE: Final = re.compile(r'<svg [^>]*?width="([0-9.]+)" height="([0-9.]+)"')
_INK: Final = dict(zip(msgspec.structs.astuple(LIGHT), msgspec.structs.astuple(DARK), strict=True))
_COLOURS: Final = re.compile("|".join(map(re.escape, _INK)))
_AMOUNT: Final = re.compile(r"[+-]?[0-9][0-9,]*(\.[0-9]+)?( %)?")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class Room(enum.Enum):
    """How much room there is beside a picture."""

    WIDE = "wide"
    NARROW = "narrow"


def room_spec(chart: Chart, room: Room) -> dict[str, Any]:
    """Give the spec of a chart in light colours for a room, without its title."""
    spec = themed(chart)
    del spec["title"]
    if room is Room.NARROW and not _is_rigid(spec):
        axis = {**spec["config"]["axis"], "labelLimit": _NARROW_LABEL}
        spec |= {"width": NARROW_WIDTH, "config": {**spec["config"], "axis": axis}}
    return spec


def draw_picture(chart: Chart, theme: Theme, room: Room) -> str:
    """Draw a chart for a page, as SVG."""
    return _in_theme(_drawn(msgspec.json.encode(room_spec(chart, room))), theme)


def size_of(svg: str) -> tuple[int, int]:
    """Give the width and height of a picture in whole pixels."""
    found = _SIZE.match(svg)
    return (round(float(found[1])), round(float(found[2]))) if found else (WIDTH, WIDTH // 2)


def compile_chart(chart: Chart, theme: Theme, room: Room) -> bytes:
    """Give a chart as a Vega spec, which a browser draws without what compiles it."""
    return _in_theme(_compiled(msgspec.json.encode(room_spec(chart, room))), theme).encode()


def csv_of(table: Table) -> bytes:
    """Write a table as CSV: amounts without marks of thousands, nothing where there is a dash.

    What begins like a formula and is no number is marked as text, so that no spreadsheet runs it.
    """
    written = StringIO()
    writer = csv.writer(written)
    writer.writerow(map(_cell, table.head))
    writer.writerows(tuple(map(_cell, row)) for row in table.rows)
    return written.getvalue().encode()


def _is_rigid(spec: dict[str, Any]) -> bool:
    """Tell whether a chart has places side by side, which have words in them and stay as wide as these."""
    sides = [layer["encoding"].get("x", {}) for layer in spec["layer"]]
    return any(side.get("type") in ("nominal", "ordinal") for side in sides)


def _cell(text: str) -> str:
    plain = text.replace("\N{MINUS SIGN}", "-")
    if plain == "\N{EN DASH}":
        return ""
    if _AMOUNT.fullmatch(plain):
        return plain.replace(",", "").removeprefix("+")
    return f"'{text}" if text.startswith(_FORMULA) else text


def _in_theme(drawn: str, theme: Theme) -> str:
    return drawn if theme is LIGHT else _COLOURS.sub(lambda found: _INK[found[0]], drawn)


@lru_cache(MOST_KEPT)
def _drawn(spec: bytes) -> str:
    return vl_convert.vegalite_to_svg(spec.decode(), VEGA_LITE, allowed_base_urls=[])


@lru_cache(MOST_KEPT)
def _compiled(spec: bytes) -> str:
    return msgspec.json.encode(vl_convert.vegalite_to_vega(spec.decode(), VEGA_LITE)).decode()
