"""The event table, held against what a source says: no fixed event with another meaning than it has.

Pure. The law: an event of the table carries what the table says it carries, in the kind it says, or there is
no event.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

from upsell.clock import parse_moment
from upsell.rules.kinds import Kind
from upsell.signals.event_table import EVENT_TABLE, Property

_WHOLE = frozenset({"amount"})
"""Properties that are money: whole minor units."""

_CHOICES: Mapping[str, frozenset[str]] = {
    "interval": frozenset({"month", "year"}),
    "status": frozenset({"active", "trialing"}),
    "outcome": frozenset({"won", "lost"}),
}
_CLOSED = frozenset({"Subscription Started", "Subscription Changed", "Subscription Renewed", "Deal Closed"})


def unfit(name: str, properties: Mapping[str, Any]) -> tuple[str, str] | None:
    """Say with code and message what is wrong with the properties of an event; None when nothing is.

    An event of a team's own carries what it likes.
    """
    known = EVENT_TABLE.get(name)
    if known is None:
        return None
    for each in known.properties:
        said = properties.get(each.name)
        if said is None:
            if each.is_required:
                return ("missing_property", f"expected {each.name} in {name} ({each.meaning}), got none")
            continue
        if not _is_fitting(name, each, said):
            return (
                "invalid_property",
                f"expected {each.name} of {name} to be {_wanted(each)} ({each.meaning}), got {_shown(said)}",
            )
    return None


def _is_fitting(name: str, known: Property, said: Any) -> bool:
    if known.name in _WHOLE and (isinstance(said, bool) or not isinstance(said, int)):
        return False
    if name in _CLOSED and known.name in _CHOICES and said not in _CHOICES[known.name]:
        return False
    match known.kind:
        case Kind.TEXT:
            return isinstance(said, str)
        case Kind.NUMBER:
            return isinstance(said, int | float) and not isinstance(said, bool)
        case Kind.BOOLEAN:
            return isinstance(said, bool)
        case Kind.MOMENT:
            return isinstance(said, str) and parse_moment(said) is not None
        case None:
            return True
        case _:
            assert_never(known.kind)


def _wanted(known: Property) -> str:
    if known.name in _WHOLE:
        return "a whole number"
    return known.kind.value if known.kind is not None else "a value"


def _shown(said: Any) -> str:
    text = repr(said)
    return text if len(text) <= 60 else f"{text[:57]}..."
