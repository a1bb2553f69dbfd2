"""Evidence: messages of which nobody knew whether they were accepted, and which turn out to have been."""

from __future__ import annotations

from collections.abc import Collection

from upsell.store.connect import Connection
from upsell.store.reported import call_sent


def evidence_of_sending(connection: Connection, keys: Collection[str]) -> frozenset[str]:
    """Call sent those of some messages that were unknown, because somebody has seen them; give their keys.

    Their journeys counted them as sent all along, so nothing is said to the ledger. One that a dispatcher is
    still about is left to it. A transaction may be open; whoever holds the ledger is not waited for.
    """
    return call_sent(connection, keys)
