"""Texts that people sent: which were heard, so that one told again changes nothing.

The law: a text is done once, for good. Its sender's signature holds no moment, so what was told years ago can
be told again.
"""

from __future__ import annotations

from upsell.clock import Moment
from upsell.store.connect import Connection
from upsell.store.queries import query


def remember_text(connection: Connection, sid: str, heard_at: Moment) -> bool:
    """Remember a text by what its carrier calls it; tell whether it is new. A transaction is open."""
    return connection.execute(query("remember_text"), {"sid": sid, "heard_at": heard_at}).rowcount == 1
