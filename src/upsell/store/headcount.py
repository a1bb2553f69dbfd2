"""Headcounts: about how many units there are, in a time that does not grow with them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import msgspec

from upsell.journeys.workflow import UnitKind
from upsell.store.connect import Connection
from upsell.store.queries import query

COUNTED: Final = 5_000
"""Up to how many units are counted one by one."""

_BEGINS: Final = {UnitKind.ACCOUNT: ("a:", "a;"), UnitKind.CUSTOMER: ("c:", "c;")}


class Headcount(msgspec.Struct, frozen=True):
    """How many units of a kind there are; not exact where the database's statistics say so."""

    count: int
    is_exact: bool


def count_about(connection: Connection, kind: UnitKind) -> Headcount:
    """Count the units of a kind up to ``COUNTED``; of more, give what the planner's statistics say."""
    begins, ends = _BEGINS[kind]
    values = {"from": begins, "until": ends, "most": COUNTED + 1}
    row = connection.execute(query("count_units_up_to"), values).fetchone()
    counted: int = row[0] if row is not None else 0
    if counted <= COUNTED:
        return Headcount(counted, is_exact=True)
    told = connection.execute(query("estimate_units"), values).fetchone()
    rows: int = told[0][0]["Plan"]["Plan Rows"] if told is not None else 0
    # Statistics that were never gathered may say less than was just seen.
    return Headcount(max(rows, counted), is_exact=False)


def count_under_way(connection: Connection, kind: UnitKind, workflows: Collection[str]) -> dict[str, int]:
    """Count the units of a kind that are under way in workflows, each once; reads all of that kind."""
    begins, ends = _BEGINS[kind]
    values = {"workflows": sorted(workflows), "from": begins, "until": ends}
    rows = connection.execute(query("count_under_way"), values).fetchall()
    found: dict[str, int] = dict(rows)
    return {key: found.get(key, 0) for key in workflows}
