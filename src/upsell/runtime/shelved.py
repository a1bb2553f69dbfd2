"""What stands on the shelf: reports by name, each with its paper and its charts as they were drawn."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from upsell.clock import Moment

if TYPE_CHECKING:
    # Pages say reports without drawing, and need not load what draws.
    from upsell.measurement.charts.chart import Chart
    from upsell.runtime.papers.paper import Paper


class ReportName(enum.Enum):
    """Every report by its name in an address."""

    RESULTS = "results"
    SCORECARD = "scorecard"
    ATTRIBUTION = "attribution"
    DISCOUNTS = "discounts"
    CONFLICTS = "conflicts"
    TRUST = "trust"
    REVIEW = "review"


class HungChart(msgspec.Struct, frozen=True):
    """A chart that was drawn, with the size of its pictures in pixels, wide and narrow."""

    chart: Chart
    wide: tuple[int, int]
    narrow: tuple[int, int]


class Shelved(msgspec.Struct, frozen=True):
    """A report as it is kept.

    Attributes:
        as_of: As of when.
        paper: What it says.
        content: The same for machines.
        charts: Its charts by their keys, drawn.
    """

    as_of: Moment
    paper: Paper
    content: Any
    charts: Mapping[str, HungChart]
