"""Approvals: what was asked of an approver and what they decided, added and never changed.

The law: of one order there is one decision; who decided, when and why stays written as it was said.
"""

from __future__ import annotations

import enum
from collections.abc import Collection
from typing import Any

import msgspec

from upsell.clock import Moment
from upsell.store.connect import Connection
from upsell.store.queries import query


class Act(enum.Enum):
    """What was done about an order above a limit."""

    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"
    LAPSED = "lapsed"


class Approval(msgspec.Struct, frozen=True):
    """One row of the record.

    Attributes:
        key: Key of the order.
        act: What was done.
        done_by: Who did it: the customer who accepted, or the approver; empty where only time passed.
        because: Why, in their words; for what was asked what it was beyond.
        words: What the customer is told of a refusal; empty for nothing.
        total: What it comes to over its term, in minor units; None where that is not known.
        most: The limit it is beyond; None where there is none to compare with.
        currency: ISO 4217 code of both.
        done_at: When.
        number: Its number; 0 before it is kept.
    """

    key: str
    act: Act
    done_by: str
    because: str
    words: str
    total: int | None
    most: int | None
    currency: str
    done_at: Moment
    number: int = 0


def keep_approval(connection: Connection, approval: Approval) -> int | None:
    """Add a row in the transaction that is open; give its number, None where it was decided before."""
    values = {**msgspec.structs.asdict(approval), "act": approval.act.value}
    row = connection.execute(query("keep_approval"), values).fetchone()
    return row[0] if row is not None else None


def read_approvals(connection: Connection, key: str) -> list[Approval]:
    """Give what was asked and decided of an order, in order; nothing where nobody had to."""
    rows = connection.execute(query("read_approvals"), {"key": key}, binary=True)
    return [_approval(row) for row in rows]


def read_asked(connection: Connection, keys: Collection[str]) -> dict[str, Approval]:
    """Give what was asked about some orders, by their keys; of what nobody had to approve nothing."""
    rows = connection.execute(query("read_asked"), {"keys": sorted(keys)}, binary=True)
    return {each.key: each for each in map(_approval, rows)}


def read_decided(connection: Connection, most: int, before: int | None = None) -> list[Approval]:
    """Give what was decided, the newest first: at most so many, and only those with a smaller number."""
    rows = connection.execute(query("read_decided"), {"most": most, "before": before}, binary=True)
    return [_approval(row) for row in rows]


def _approval(row: tuple[Any, ...]) -> Approval:
    number, key, act, *rest = row
    return Approval(*(key, Act(act), *rest, number))
