"""Layers: which workflows of ``upsell.yaml`` share their units out, and how much each has."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal

from upsell.decisions.layers import LayerShare, lay_out
from upsell.workspace.findings import Findings
from upsell.workspace.items import Record
from upsell.workspace.scalars import percent


def compile_layers(
    record: Record, workflows: Collection[str], findings: Findings
) -> Mapping[str, LayerShare]:
    """Compile layers to what each workflow in one has of it, by key.

    Args:
        record: The layers as written: the share of each workflow, by layer.
        workflows: Keys of all workflows that are written, also with problems.
        findings: Where problems are noted.
    """
    found: dict[str, LayerShare] = {}
    for layer, written in record.records():
        shares = {key: Decimal(written.text(key)) for key in written.items}
        for key, place in written.keys.items():
            if key not in workflows:
                findings.unknown(place, "workflow", key, workflows, "workflows/")
            if key in found:
                findings.error(
                    place,
                    f"expected the workflow {key} in one layer, got it in {found[key].layer} and {layer}",
                    hint="workflows of two layers meet; put those that may not meet into one",
                    code="layer",
                )
        total = sum(shares.values(), Decimal(0))
        if total > 1:
            findings.error(
                written.place,
                f"expected shares of a layer that come to 100% at most, got {percent(total)}",
                hint="what is free of a layer belongs to none of its workflows",
                code="layer",
            )
        found |= lay_out(layer, shares)
    return found
