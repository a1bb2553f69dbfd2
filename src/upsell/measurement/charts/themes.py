"""Themes: the colours of charts and documents, light and dark.

The same tokens as the pages have in ``web/static/pages.css``; a test holds the two together.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Theme(msgspec.Struct, frozen=True):
    """Colours by what they are for, as ``#rrggbb``; no two of one theme are the same but ink and truth.

    Attributes:
        paper: What is written on.
        ink: What is written.
        quiet: What is said by the way, and the holdout.
        line: Hairlines.
        axis: Axes.
        accent: The treatment.
        truth: The planted truth.
    """

    paper: str
    ink: str
    quiet: str
    line: str
    axis: str
    accent: str
    truth: str


LIGHT = Theme("#ffffff", "#1b1f24", "#57606a", "#d8dee4", "#c4cbd3", "#0b5cad", "#1b1f24")
DARK = Theme("#14171a", "#e6e9ec", "#9aa4ae", "#2b3138", "#46505a", "#6cb2ff", "#e6e9ec")

SANS = "system-ui, sans-serif"
"""The reader's own font, for pages."""


def config_of(theme: Theme, font: str) -> dict[str, Any]:
    """Give the Vega-Lite config that draws a spec in a theme; marks name their colour by style."""
    return {
        "background": theme.paper,
        "font": font,
        "padding": 8,
        "view": {"stroke": None},
        "title": {
            "anchor": "start", "color": theme.ink, "fontSize": 15, "fontWeight": 600, "offset": 16,
            "lineHeight": 20, "frame": "bounds",
        },
        "axis": {
            "domainColor": theme.axis, "gridColor": theme.line, "tickColor": theme.axis,
            "labelColor": theme.ink, "titleColor": theme.quiet, "labelFontSize": 12, "titleFontSize": 12,
            "titleFontWeight": "normal", "labelLimit": 230, "titlePadding": 8,
        },
        "style": {
            "accent": {"color": theme.accent, "filled": True},
            "accent-line": {"color": theme.accent, "strokeWidth": 2.5},
            "accent-band": {"color": theme.accent, "fillOpacity": 0.16},
            "accent-text": {"color": theme.accent, "fontSize": 12},
            "quiet": {"color": theme.quiet, "filled": True},
            "quiet-line": {"color": theme.quiet, "strokeWidth": 2},
            "quiet-band": {"color": theme.quiet, "fillOpacity": 0.16},
            "quiet-text": {"color": theme.quiet, "fontSize": 12},
            "ink-text": {"color": theme.ink, "fontSize": 12},
            "zero": {"color": theme.quiet, "strokeWidth": 1},
            "limit": {"color": theme.ink, "strokeWidth": 1.5},
            "hollow": {"color": theme.paper, "stroke": theme.quiet, "strokeWidth": 1.5, "strokeDash": [4, 2]},
        },
    }  # fmt: skip
