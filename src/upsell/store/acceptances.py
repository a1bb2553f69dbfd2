"""Acceptances: offers that were taken, in the order of the ledger: by them what is limited runs out."""

from __future__ import annotations

from typing import Any

import msgspec

from upsell.clock import Moment
from upsell.store.connect import Connection
from upsell.store.queries import query

_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Acceptance(msgspec.Struct, frozen=True):
    """One offer that was taken.

    Attributes:
        position: Where in the ledger.
        offer: Id of the offer, empty when the event says none.
        taken_at: When it was seen.
        discount: What its discount comes to in minor units; 0 when the event does not say.
    """

    position: int
    offer: str
    taken_at: Moment
    discount: int


def read_acceptances(connection: Connection, after: int) -> list[Acceptance]:
    """Give the acceptances after a position of the ledger, in its order."""
    rows = connection.execute(query("read_acceptances"), {"after": after}, binary=True)
    found = []
    for position, seen_at, properties in rows:
        said = _decode(properties)
        discount = said.get("discount")
        amount = round(discount) if isinstance(discount, int | float) else 0
        found.append(Acceptance(position, str(said.get("offer") or ""), seen_at, amount))
    return found
