"""The mapping that holds where no other is given: Segment's shapes, one JSON object on each line."""

from __future__ import annotations

from importlib.resources import files

from upsell.sources.mapping import Mapping, parse_mapping

_NAME = "segment.yaml"


def default_mapping() -> Mapping:
    """Give the mapping of Segment's shapes."""
    return parse_mapping(_NAME, files("upsell.sources").joinpath(_NAME).read_text("utf-8"))
