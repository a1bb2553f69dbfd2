"""Health: whether the database answers, and how far the worker is behind the ledger."""

from __future__ import annotations

import msgspec
import psycopg

from upsell.errors import StoreError
from upsell.ids import SHARDS
from upsell.store.connect import connect
from upsell.store.cursors import read_cursors
from upsell.store.ledger import read_head


class Health(msgspec.Struct, frozen=True):
    """How the program is.

    Attributes:
        is_live: Whether the server runs; whoever reads this knows.
        is_ready: Whether it can take events: the database answers.
        behind: How many places of the ledger the slowest shard has not taken; None when not known.
        message: What is wrong, empty when nothing is.
    """

    is_live: bool
    is_ready: bool
    behind: int | None
    message: str = ""


def read_health(url: str) -> Health:
    """Ask the database at ``url``."""
    try:
        with connect(url) as connection:
            head = read_head(connection)
            cursors = read_cursors(connection, range(SHARDS))
    except (psycopg.Error, StoreError) as error:
        return Health(is_live=True, is_ready=False, behind=None, message=str(error))
    reached = min((cursor.position for cursor in cursors), default=0)
    return Health(is_live=True, is_ready=True, behind=max(0, head.position - reached))
