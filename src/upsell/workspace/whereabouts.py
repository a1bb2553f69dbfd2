"""Whereabouts: how many stand at each step of a workflow now, in the version that is shown and in others."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from upsell.workspace.outline import Item, Outline, items_of


class Stand(enum.Enum):
    """How a unit stands at a step; a shadow is held out, whatever else it does."""

    WAITING = "waiting"
    SPEAKING = "being told"
    FROZEN = "frozen"
    CAPPED = "capped"
    SHADOW = "held out"


class Whereabouts(msgspec.Struct, frozen=True):
    """How many stand where now.

    Attributes:
        here: How many stand at each step of the version that is shown, by the step's id and how they stand;
            before the first step is the step ``""``.
        elsewhere: Of each other version how many stand at each step, by version.
    """

    here: Mapping[str, Mapping[Stand, int]]
    elsewhere: Mapping[str, Mapping[str, int]]

    def at(self, item: Item) -> Mapping[Stand, int]:
        """Count who stands at an item of the version that is shown, by how; nobody is left out."""
        return _summed(self.here.get(step_id, {}) for step_id in item.ids)

    def everywhere(self) -> Mapping[Stand, int]:
        """Count who is under way in the version that is shown, by how they stand."""
        return _summed(self.here.values())


def in_words(counts: Mapping[Stand, int]) -> str:
    """Say how many stand how, such as ``300 waiting, 12 frozen``; empty for nobody."""
    return ", ".join(f"{counts[stand]:,} {stand.value}" for stand in Stand if counts.get(stand))


def parts_in_words(counts: Mapping[Stand, int]) -> str:
    """Say how many stand how where that is more than a number waiting; else empty."""
    return in_words(counts) if set(counts) - {Stand.WAITING} else ""


def noted_whereabouts(drawn: Outline, found: Whereabouts) -> Iterator[str]:
    """Say how many are under way in all, and what no item shows: who stands in other versions, and where."""
    counts = found.everywhere()
    parts = parts_in_words(counts)
    yield f"{sum(counts.values()):,} under way now in version {drawn.version[:8]}, as shown" + (
        f": {parts}" if parts else ""
    )
    shown = {step_id for item in items_of((*drawn.items, *drawn.after_goal)) for step_id in item.ids}
    beside = {step_id: sum(each.values()) for step_id, each in found.here.items() if step_id not in shown}
    if beside:
        yield f"of these at no step that is shown: {_places(beside)}"
    for version, others in sorted(found.elsewhere.items()):
        yield f"{sum(others.values()):,} in version {version[:8]}: {_places(others)}"


def _summed(parts: Iterable[Mapping[Stand, int]]) -> Mapping[Stand, int]:
    total: Counter[Stand] = Counter()
    for each in parts:
        total.update(each)
    return +total


def _places(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} at step {step_id or 'none'}" for step_id, count in sorted(counts.items()))
