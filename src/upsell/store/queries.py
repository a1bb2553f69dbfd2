"""Queries: SQL kept in files of its own, by the name of the file, and rows handed over in bulk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from upsell.store.connect import Connection

FOLDER = Path(__file__).parent / "sql"


@cache
def query(name: str) -> bytes:
    """Give the statement in ``sql/<name>.sql``."""
    return (FOLDER / f"{name}.sql").read_bytes()


def copy_rows(
    connection: Connection, name: str, types: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    """Hand rows to the COPY statement in ``sql/<name>.sql``; ``types`` are those of its columns."""
    with connection.cursor() as cursor, cursor.copy(query(name)) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)
