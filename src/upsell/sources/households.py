"""Households of a file: its events dealt out by household, so that each is read once and in order.

The household of an event is the account it names; else the account its customer belongs to at the
end of the file (the last ``Account Identified`` that names both decides, for the whole file); else
the customer. Live, a customer who joins an account later has a past of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from upsell.clock import Moment
from upsell.ids import UnitId
from upsell.signals.events import Event
from upsell.sources.staging import Staging, open_duckdb

_FETCHED = 10_000
"""How many rows are brought over from DuckDB at a time."""

_SORTING_MEMORY = "128MB"
"""How much one part's sort may use before it goes to disk."""


def deal_out(staging: Staging, folder: Path, parts: int, until: Moment | None) -> tuple[Path, ...]:
    """Write the events seen before ``until`` (None for all) whose properties were kept to ``folder``.

    A household is in one part only; the parts are files to be read with ``read_part``.
    """
    before = f"and seen_at < {until}" if until is not None else ""
    staging.connection.execute(
        f"""
        copy (
            select
                hash(household) % {parts} as part, household, place, id, name,
                customer_id, account_id, occurred_at, seen_at, properties
            from (
                select events.*, coalesce(
                    'a:' || events.account_id, 'a:' || membership.account_id, 'c:' || events.customer_id
                ) as household
                from upsell.events left join upsell.membership using (customer_id)
                where problem is null and properties is not null {before}
            )
        ) to '{folder}' (format parquet, partition_by (part), compression lz4, overwrite_or_ignore)
        """
    )
    return tuple(sorted(folder.glob("part=*")))


def read_part(part: Path, spill: Path) -> Iterator[tuple[UnitId, list[Event]]]:
    """Give the households of a part, each with its events in the order they were seen.

    Of events of one household with the same id of their own the first is given. Rows of one moment
    come in the order of the mapping's records, then of files, then of lines.
    """
    decode = msgspec.json.Decoder(dict[str, object]).decode
    present: UnitId | None = None
    events: list[Event] = []
    ids: set[str] = set()
    with open_duckdb(None, spill, memory=_SORTING_MEMORY, threads=1) as connection:
        cursor = connection.execute(_READ_PART.format(files=str(part / "*.parquet").replace("'", "''")))
        while rows := cursor.fetchmany(_FETCHED):
            for household, place, event_id, name, customer_id, account_id, occurred_at, seen_at, said in rows:
                if household != present:
                    if present is not None:
                        yield present, events
                    present, events, ids = household, [], set()
                if event_id is not None:
                    if event_id in ids:
                        continue
                    ids.add(event_id)
                events.append(
                    Event(
                        id=event_id or str(place),
                        name=name,
                        occurred_at=occurred_at,
                        seen_at=seen_at,
                        customer_id=customer_id,
                        account_id=account_id,
                        properties=decode(said) if said != "{}" else {},
                        source="file",
                    )
                )
    if present is not None:
        yield present, events


_READ_PART = """
    select household, place, id, name, customer_id, account_id, occurred_at, seen_at, properties
    from read_parquet('{files}', hive_partitioning = false)
    order by household, seen_at, place
"""
