"""Migrations: numbered SQL files, each applied once, in a transaction with its record.

Kept by yoyo. The law: the files that ship with the program say what the schema must be, and an
advisory lock lets one process at a time change it (yoyo's own lock would outlive a killed one).
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import psycopg
import yoyo

FOLDER = Path(__file__).parent / "migrations"
_LOCK = 7_207_736_501  # an arbitrary number that no other advisory lock of ours uses


def known_migrations() -> tuple[str, ...]:
    """Give the names of all migrations of this program, in order."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.sql")))


def migrate(url: str) -> tuple[str, ...]:
    """Bring the schema to this program's; give the names of the migrations that were applied."""
    with psycopg.connect(url, autocommit=True) as guard:
        guard.execute("select pg_advisory_lock(%s)", (_LOCK,))
        if not waiting_migrations(guard):
            return ()
        backend = yoyo.get_backend(_yoyo_url(url))
        with closing(backend.connection):
            waiting = backend.to_apply(yoyo.read_migrations(str(FOLDER)))
            backend.apply_migrations(waiting)
            return tuple(migration.id for migration in waiting)


def waiting_migrations(connection: psycopg.Connection[tuple[object, ...]]) -> tuple[str, ...]:
    """Give the names of this program's migrations that the database has not had, in order."""
    found = connection.execute("select to_regclass('_yoyo_migration') is not null").fetchone()
    if found == (False,):
        return known_migrations()
    applied = {row[0] for row in connection.execute("select migration_id from _yoyo_migration")}
    return tuple(name for name in known_migrations() if name not in applied)


def _yoyo_url(url: str) -> str:
    _, separator, rest = url.partition("://")
    return "postgresql+psycopg" + separator + rest
