"""Metrics that are described: what one is called, what it saves and is worth, what is celebrated.

Pure values, compiled from ``catalog.yaml``. The law: what one saves or is worth is what the team says
of it, and is said together with whatever is made of it.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from upsell.clock import Duration
from upsell.money import Money


class Metric(msgspec.Struct, frozen=True):
    """A metric of which customers may be told.

    Attributes:
        id: Its key, as usage events name it.
        name: What customers call one of it.
        plural: What they call several.
        saves: How much time one of it saves them, as the team says; None when nothing is said.
        worth: What one of it is worth to them, as the team says, by ISO 4217 currency.
        milestones: Lifetime totals that are celebrated, ascending.
        is_benchmarked: Whether its use is compared with that of peers.
    """

    id: str
    name: str
    plural: str
    saves: Duration | None = None
    worth: Mapping[str, Money] = msgspec.field(default_factory=dict)
    milestones: tuple[int, ...] = ()
    is_benchmarked: bool = False


class PeerRule(msgspec.Struct, frozen=True):
    """Who is compared with whom, and when nothing is said of them.

    Attributes:
        by: Scope and name of the trait that peers share beside plan family and size; None for none.
        least: The fewest units of a cohort of which anything is said.
    """

    by: tuple[str, str] | None = None
    least: int = 20
