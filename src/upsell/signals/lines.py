"""Lines: what an event lists of a cart or an order, each with which, how many, and what one costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_IDS = ("id", "product_id", "sku")


def has_lines(said: Mapping[str, Any]) -> bool:
    """Tell whether an event says what it is about: ``items``, or Segment's ``products``."""
    return isinstance(_listed(said), list)


def read_lines(said: Mapping[str, Any]) -> Iterator[tuple[str, float, int | None]]:
    """Give id, quantity and price of one in minor units (None when not said) of each line that can be read.

    Segment's prices are in no minor unit, so they are not taken. Nothing where an event says no lines.
    """
    listed = _listed(said)
    has_prices = "items" in said
    for entry in listed if isinstance(listed, list) else ():
        if isinstance(entry, str):
            yield entry, 1.0, None
        elif isinstance(entry, dict):
            item_id = next((entry[name] for name in _IDS if isinstance(entry.get(name), str | int)), None)
            quantity = read_number(entry.get("quantity", 1))
            price = read_number(entry.get("price")) if has_prices else None
            if item_id is not None and not isinstance(item_id, bool) and quantity is not None:
                yield str(item_id), quantity, None if price is None else round(price)


def read_amount(said: Mapping[str, Any]) -> int | None:
    """Give the ``amount`` an event says, in minor units; None when it says none."""
    amount = read_number(said.get("amount"))
    return None if amount is None else round(amount)


def read_number(value: object) -> float | None:
    """Give a number that is one, and not beyond what money and pieces come to; else None."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and abs(value) < 1e15 else None  # type: ignore[arg-type]


def _listed(said: Mapping[str, Any]) -> object:
    return said.get("items", said.get("products"))
