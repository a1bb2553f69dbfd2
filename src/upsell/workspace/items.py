"""Items: what was read, with the place of every value.

Values that were wrong are noted where they were read and are absent here; a compiler goes on with
a stand-in, because a workspace with problems is never released.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TypeAlias

import msgspec

from upsell.workspace.findings import Place
from upsell.workspace.shapes import Value


class Leaf(msgspec.Struct, frozen=True):
    """A scalar that was read."""

    place: Place
    value: Value

    @property
    def text(self) -> str:
        """The value as text."""
        return str(self.value)


class Listing(msgspec.Struct, frozen=True):
    """A list that was read."""

    place: Place
    items: tuple[Item, ...]


class Record(msgspec.Struct, frozen=True):
    """Keys and values that were read.

    Attributes:
        place: Where it begins.
        items: The values that were right, by key.
        keys: Where each key is written, also of values that were wrong.
    """

    place: Place
    items: Mapping[str, Item] = msgspec.field(default_factory=dict)
    keys: Mapping[str, Place] = msgspec.field(default_factory=dict)

    def has(self, key: str) -> bool:
        """Tell whether a key is written, also when its value was wrong."""
        return key in self.keys

    def leaf(self, key: str) -> Leaf | None:
        """Give the scalar under a key; None when absent or written in another way."""
        item = self.items.get(key)
        return item if isinstance(item, Leaf) else None

    def record(self, key: str) -> Record | None:
        """Give the record under a key; None when absent or written in another way."""
        item = self.items.get(key)
        return item if isinstance(item, Record) else None

    def each(self, key: str) -> tuple[Item, ...]:
        """Give the values under a key: those of a list, the one of a single value, or none."""
        item = self.items.get(key)
        if item is None:
            return ()
        return item.items if isinstance(item, Listing) else (item,)

    def leaves(self, key: str) -> tuple[Leaf, ...]:
        """Give the scalars under a key, as ``each`` does."""
        return tuple(item for item in self.each(key) if isinstance(item, Leaf))

    def records(self) -> Iterator[tuple[str, Record]]:
        """List the records inside, with their keys."""
        for key, item in self.items.items():
            if isinstance(item, Record):
                yield key, item

    def text(self, key: str, absent: str = "") -> str:
        """Give the text under a key."""
        leaf = self.leaf(key)
        return absent if leaf is None else leaf.text

    def integer(self, key: str, absent: int = 0) -> int:
        """Give the whole number or the microseconds under a key."""
        leaf = self.leaf(key)
        return leaf.value if leaf is not None and isinstance(leaf.value, int) else absent

    def rate(self, key: str, absent: float = 0.0) -> float:
        """Give the share or number under a key."""
        leaf = self.leaf(key)
        return float(leaf.value) if leaf is not None and isinstance(leaf.value, Decimal | int) else absent


Item: TypeAlias = Leaf | Listing | Record

NOTHING_WRITTEN = Record(Place(""))
"""Stands for a record that is not there."""
