"""Lines: what was reserved at an address before a message, by whatever id.

For the gate before sending, and for shadows, which are asked when they would have reserved.
The law: each message counts the places ahead of it in its line and none behind, so that of several
for one free place exactly one goes out, whoever asks about which of them at the same time.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter

from upsell.decisions.contact import Contact, Speech, Touch, ask_caps
from upsell.decisions.policy import Cap
from upsell.journeys.effects import Spend
from upsell.store.places import Place

LAST = 1 << 63
"""Where a message stands that took no place: behind everyone."""

_number = attrgetter("number")


class Lines:
    """The lines at the addresses to which some messages would go today.

    Attributes:
        addresses: Those addresses, by the key of each message.
    """

    def __init__(self, addresses: Mapping[str, str], places: Iterable[Place]) -> None:
        """Let everyone stand in line; places come in the order of their numbers."""
        self.addresses = addresses
        self._lines: dict[str, list[Place]] = {}
        self._own: dict[str, Place] = {}
        for place in places:
            self._lines.setdefault(place.address, []).append(place)
            if place.touch.key in addresses:
                self._own[place.touch.key] = place

    def number(self, key: str) -> int:
        """Give where a message stands among all; one without a place is behind everyone."""
        own = self._own.get(key)
        return own.number if own is not None else LAST

    def ahead(self, key: str) -> list[Touch]:
        """Give the places ahead of a message at its address, its person's own among them."""
        line = self._lines.get(self.addresses.get(key, ""), [])
        return [place.touch for place in line[: bisect_left(line, self.number(key), key=_number)]]

    def give_back(self, key: str) -> None:
        """Let a message that is not sent after all stand in line no more."""
        own = self._own.pop(key, None)
        if own is not None:
            self._lines[own.address].remove(own)

    def moved(self) -> dict[str, str]:
        """Give the messages whose place is at another address than they would go to, with the latter."""
        return {
            key: self.addresses[key] for key, own in self._own.items() if own.address != self.addresses[key]
        }


def find_places(spent: Iterable[Spend], taken: Iterable[Place], caps: Sequence[Cap]) -> list[Spend]:
    """Give those that take a place: every message, and each shadow whose message would have found one.

    Without that, shadows, which no gate refuses, would fill an address that many share.

    Args:
        spent: Who asks for a place, in order.
        taken: Places at the addresses of shadows that were taken before.
        caps: The caps per person.
    """
    lines: dict[str, list[Touch]] = {}
    for place in taken:
        lines.setdefault(place.address, []).append(place.touch)
    found = []
    for each in spent:
        line = lines.setdefault(each.address, [])
        if each.is_shadow and _is_full(each, line, caps):
            continue
        line.append(each.touch)
        found.append(each)
    return found


def _is_full(spent: Spend, line: Sequence[Touch], caps: Sequence[Cap]) -> bool:
    said = spent.touch
    speech = Speech(
        said.intent,
        said.channel,
        said.workflow,
        said.category,
        said.kind,
        obeys_caps=spent.obeys_caps,
    )
    return ask_caps(Contact(), caps, speech, said.at, zone=spent.zone, others=line) is not None
