"""Costless: what an event says, without what serving costs, for whoever may not see margins.

The law: of an event's terms only the cost is left out; every other text stays as it is, to the byte.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

_COSTS: Final = ("cost", "cost_currency")
_decode = msgspec.json.Decoder(dict[str, Any]).decode


def costless(properties: str) -> str:
    """Give properties, as JSON, without the cost of the terms among them."""
    # Nearly none has any: what names no cost is not read.
    if '"cost' not in properties:
        return properties
    said = _decode(properties)
    terms = said.get("terms")
    if not isinstance(terms, dict) or not any(name in terms for name in _COSTS):
        return properties
    said["terms"] = {name: value for name, value in terms.items() if name not in _COSTS}
    return msgspec.json.encode(said).decode()
