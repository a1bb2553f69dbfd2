"""Layers: workflows that share their units out among themselves, so that no two experiments meet.

For whoever lets candidates in. The law: the segments of a layer never overlap, and a household is drawn
once for a layer by a salt of its own, so it belongs to one workflow of it at most.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from upsell.decisions.decision import Seen, Verdict
from upsell.decisions.reasons import Reason
from upsell.ids import UnitId, share


class LayerShare(msgspec.Struct, frozen=True):
    """What a workflow has of its layer: households drawn in ``[begins, ends)`` of ``[0, 1)``."""

    layer: str
    begins: float
    ends: float


def lay_out(layer: str, shares: Mapping[str, Decimal]) -> dict[str, LayerShare]:
    """Lay workflows out over a layer, in the order in which they are named.

    The first, third, fifth and so on lie end to end from 0 upward, the second, fourth and so on from 1
    downward; what is free lies between. So two workflows keep everyone as either grows, a workflow that
    is named last moves nobody, and one that grows moves those after it on its side by as much as it grew.

    Args:
        layer: Name of the layer.
        shares: Share of each workflow, by key; together at most 1.
    """
    found: dict[str, LayerShare] = {}
    up, down = Decimal(0), Decimal(1)
    for place, (key, part) in enumerate(shares.items()):
        if place % 2 == 0:
            begins, ends = up, up + part
            up = ends
        else:
            begins, ends = down - part, down
            down = begins
        found[key] = LayerShare(layer, float(begins), float(ends))
    return found


def ask_layer(part: LayerShare | None, household_id: UnitId) -> Verdict | None:
    """Say that a household is not the workflow's in its layer; None when it is, or without a layer."""
    if part is None:
        return None
    drawn = share("layer", part.layer, household_id)
    if part.begins <= drawn < part.ends:
        return None
    seen = (Seen("begins", part.begins), Seen("ends", part.ends), Seen("drawn", round(drawn, 6)))
    return Verdict(Reason.NOT_IN_LAYER, part.layer, seen)
