"""Cases: orders above a limit as an approver sees them, and what was decided about those before.

For the page. The law: whoever decides sees what the record of it will say: the total beside its limit as it
was when it was asked, and the terms as they were accepted.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from upsell.clock import Moment, format_moment
from upsell.errors import ConfigError
from upsell.runtime.order_words import margin_of, order_content
from upsell.store.approvals import Approval, read_approvals, read_asked, read_decided
from upsell.store.connect import Connection
from upsell.store.orders import Order, find_asked, find_orders

MOST: Final = 20
"""How many cases are given at once."""

MOST_DECIDED: Final = 50
"""How many decisions are given at once."""


class Case(msgspec.Struct, frozen=True):
    """An order that waits, and what was asked about it; None where nothing was kept of that."""

    order: Order
    asked: Approval | None


class Decided(msgspec.Struct, frozen=True):
    """A decision, and the order it was about; None where that is gone."""

    row: Approval
    order: Order | None


class Cases(msgspec.Struct, frozen=True):
    """What waits and what was decided.

    Attributes:
        waiting: Orders that wait, those that lapse first.
        has_more: Whether more wait after these.
        decided: What was decided, the newest first.
        has_older: Whether more was decided before.
    """

    waiting: tuple[Case, ...]
    has_more: bool
    decided: tuple[Decided, ...]
    has_older: bool


class Filed(msgspec.Struct, frozen=True):
    """One order with its record; nothing in it where nobody had to approve."""

    order: Order
    record: tuple[Approval, ...]


def read_cases(connection: Connection, after: tuple[Moment, str], before: int | None) -> Cases:
    """Read what waits after a case, and what was decided before a row; each a page of it."""
    waiting = find_asked(connection, MOST + 1, after)
    asked = read_asked(connection, [each.key for each in waiting])
    rows = read_decided(connection, MOST_DECIDED + 1, before)
    known = find_orders(connection, {each.key for each in rows})
    return Cases(
        waiting=tuple(Case(each, asked.get(each.key)) for each in waiting[:MOST]),
        has_more=len(waiting) > MOST,
        decided=tuple(Decided(each, known.get(each.key)) for each in rows[:MOST_DECIDED]),
        has_older=len(rows) > MOST_DECIDED,
    )


def read_filed(connection: Connection, key: str) -> Filed:
    """Read one order and its record.

    Raises:
        ConfigError: There is none of this key.
    """
    order = find_orders(connection, [key]).get(key)
    if order is None:
        msg = f"expected the key of an order, got {key}; upsell orders lists them"
        raise ConfigError(msg)
    return Filed(order, tuple(read_approvals(connection, key)))


def case_content(case: Case) -> dict[str, Any]:
    """Give a case for machines: moments in ISO 8601, amounts in minor units, rates as fractions."""
    return {
        **order_content(case.order),
        "asked": approval_content(case.asked) if case.asked is not None else None,
        "margin_rate": margin_of(case.order.terms),
    }


def approval_content(row: Approval) -> dict[str, Any]:
    """Give a row of the record for machines."""
    return {**msgspec.to_builtins(row), "done_at": format_moment(row.done_at)}
