"""Rosters: what is read and written is what it concerns; ids are renamed in every account."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import psycopg
import pytest
import yoyo
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.drawing import examples
from upsell.store.connect import Connection, connect
from upsell.store.embedded import make_database
from upsell.store.migrate import FOLDER, migrate
from upsell.store.rosters import (
    Rosters,
    keep_rosters,
    read_rosters,
    read_whole_rosters,
    rename_members,
)

pytestmark = pytest.mark.postgres

ACME: Rosters = {"a:acme": {"ada": ["owner", "admin"], "bob": [], "cleo": ["billing"]}}


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    with connect(database) as opened:
        yield opened


def test_roles_are_read_in_their_order_of_those_named_and_of_those_in_a_role(connection: Connection) -> None:
    keep_rosters(connection, {}, ACME)
    assert read_whole_rosters(connection, ["a:acme", "a:other"]) == ACME
    assert read_rosters(connection, ["a:acme"], ["bob"], []) == {"a:acme": {"bob": []}}
    admins = {"a:acme": {"ada": ["owner", "admin"]}}
    assert read_rosters(connection, ["a:acme"], [], ["admin", "chief"]) == admins
    assert read_rosters(connection, ["a:other"], ["bob"], ["admin"]) == {}


rosters = st.dictionaries(
    st.sampled_from(["a:x", "a:y"]),
    st.dictionaries(
        st.sampled_from(["ada", "bob", "cleo"]),
        st.lists(st.sampled_from(["admin", "billing", "owner"]), unique=True, max_size=3),
    ),
)


@settings(
    deadline=None, max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rosters, rosters)
def test_what_is_kept_is_what_there_is_now(connection: Connection, before: Rosters, after: Rosters) -> None:
    with connection.transaction(force_rollback=True):
        keep_rosters(connection, {}, before)
        whole = {account: after.get(account, {}) for account in {*before, *after}}
        keep_rosters(connection, before, whole)
        kept = {account: members for account, members in whole.items() if members}
        assert read_whole_rosters(connection, ["a:x", "a:y"]) == kept


def test_who_went_into_another_is_renamed_in_every_account_with_the_roles_of_both(
    connection: Connection,
) -> None:
    keep_rosters(connection, {}, {**ACME, "a:beta": {"ada": ["member"]}, "a:gamma": {"bob": ["admin"]}})
    rename_members(connection, {"ada": "bob"})
    assert read_whole_rosters(connection, ["a:acme", "a:beta", "a:gamma"]) == {
        "a:acme": {"bob": ["owner", "admin"], "cleo": ["billing"]},
        "a:beta": {"bob": ["member"]},
        "a:gamma": {"bob": ["admin"]},
    }


def test_rosters_of_before_are_carried_over(postgres_url: str) -> None:
    make_database(postgres_url, "old_rosters")
    url = postgres_url.replace("/postgres?", "/old_rosters?", 1)
    backend = yoyo.get_backend("postgresql+psycopg" + url.removeprefix("postgresql"))
    steps = yoyo.read_migrations(str(FOLDER))
    backend.apply_migrations(steps.filter(lambda step: step.id < "0006"))
    backend.connection.close()
    with psycopg.connect(url) as opened:
        said = msgspec.json.encode(ACME["a:acme"]).decode()
        for unit_id, roster in (("a:acme", said), ("c:dan", None)):
            opened.execute(
                "insert into units (unit_id, household_id, shard, state, roster, taken_at)"
                " values (%s, %s, 0, '{}', %s, now())",
                (unit_id, unit_id, roster),
            )
    migrate(url)
    with connect(url) as migrated:
        assert read_whole_rosters(migrated, ["a:acme"]) == ACME
