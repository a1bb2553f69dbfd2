"""Migrations: each applied once, and nothing runs on a schema that lacks one."""

from __future__ import annotations

from itertools import count

import psycopg
import pytest

from upsell.errors import StoreError
from upsell.store.connect import connect
from upsell.store.embedded import make_database
from upsell.store.migrate import known_migrations, migrate, waiting_migrations
from upsell.store.queries import FOLDER

pytestmark = pytest.mark.postgres

_numbers = count(1)


@pytest.fixture
def empty_database(postgres_url: str) -> str:
    name = f"empty_{next(_numbers)}"
    make_database(postgres_url, name)
    return postgres_url.replace("/postgres?", f"/{name}?", 1)


def test_migrating_an_empty_database_applies_everything_once_and_in_order(empty_database: str) -> None:
    assert migrate(empty_database) == known_migrations()
    assert migrate(empty_database) == ()
    connect(empty_database).close()


def test_an_older_schema_is_refused_with_the_command_that_helps(empty_database: str) -> None:
    with pytest.raises(StoreError, match=r"0001\.ledger.*run `upsell migrate`"):
        connect(empty_database)


def test_a_migration_that_was_taken_back_is_waited_for_again(empty_database: str) -> None:
    migrate(empty_database)
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute("delete from _yoyo_migration where migration_id = '0003.outbox'")
        assert waiting_migrations(connection) == ("0003.outbox",)


def test_a_database_that_does_not_answer_is_said_so(postgres_url: str) -> None:
    with pytest.raises(StoreError, match="UPSELL_DATABASE_URL"):
        connect(postgres_url.replace("/postgres?", "/nobody_made_this?", 1))


def test_every_query_begins_with_a_comment_that_says_what_it_is_for() -> None:
    for path in sorted(FOLDER.glob("*.sql")):
        first, *rest = path.read_text("utf-8").splitlines()
        assert first.startswith("-- "), path.name
        assert rest, path.name
