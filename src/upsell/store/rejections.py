"""Rejections: what was refused at the door, so that nothing disappears without a trace."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from upsell.clock import Moment
from upsell.store.connect import Connection
from upsell.store.queries import copy_rows, query

_TYPES = ("timestamptz", "text", "text", "text", "text", "text")


class Rejection(msgspec.Struct, frozen=True):
    """One item that was refused.

    Attributes:
        rejected_at: When.
        source: Where it came from.
        place: Where in it: a line, or an index in a batch.
        code: A short stable code.
        message: What was expected and what came.
        body: The text that came, as far as it could be read; NUL is not kept.
    """

    rejected_at: Moment
    source: str
    place: str
    code: str
    message: str
    body: str


def forget_rows(connection: Connection, source: str) -> None:
    """Forget the rows that a source could not take, because all its rows were read again."""
    connection.execute(query("forget_source_rejections"), {"source": source})


def keep_rejections(connection: Connection, rejections: Sequence[Rejection]) -> None:
    """Keep rejections in the order given."""
    rows = (
        (kept.rejected_at, *(text.replace("\0", "\ufffd") for text in msgspec.structs.astuple(kept)[1:]))
        for kept in rejections
    )
    if rejections:
        copy_rows(connection, "keep_rejections", _TYPES, rows)
