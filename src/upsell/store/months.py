"""Months: the ledger's partitions, made when an event first needs one.

A partition is made beside the ledger and then attached, which stops neither readers nor writers.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from psycopg import sql

from upsell.clock import Moment, to_datetime
from upsell.store.connect import Connection

_MAKE = """
create table {name} (like events including defaults including indexes);
alter table events attach partition {name} for values from ({start}) to ({end});
update ledger_head set months = months || {month}
"""


def ensure_months(connection: Connection, known: set[int], moments: Iterable[Moment]) -> None:
    """Make the partitions that events seen at these moments need; the ledger is held by the caller.

    ``known`` are the months that have one, as ``year * 12 + month - 1``; new ones are added to it.
    """
    for month in sorted({_month_of(at) for at in moments} - known):
        year, month0 = divmod(month, 12)
        statement = sql.SQL(_MAKE).format(
            name=sql.Identifier(f"events_{year:04d}_{month0 + 1:02d}"),
            start=sql.Literal(_first_day(month).isoformat()),
            end=sql.Literal(_first_day(month + 1).isoformat()),
            month=sql.Literal(month),
        )
        connection.execute(statement)
        known.add(month)


def _month_of(at: Moment) -> int:
    day = to_datetime(at)
    return day.year * 12 + day.month - 1


def _first_day(month: int) -> datetime:
    year, month0 = divmod(month, 12)
    return datetime(year, month0 + 1, 1, tzinfo=UTC)
