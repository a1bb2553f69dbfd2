"""Queries as they stand in a workspace: what is wrong is told at its place, the rest is read whole."""

from __future__ import annotations

import pytest

from upsell.clock import HOUR, MINUTE
from upsell.errors import ConfigError, DefinitionError
from upsell.sources.definitions import read_sources
from upsell.sources.mapping import Subject
from upsell.sources.query import Cursor, Gone, QueryDefinition
from upsell.sources.schedule import Every

QUERY = """\
query:
  sql: select * from accounts;
  from: UPSELL_SECRET_WAREHOUSE
  schedule: every 1 hour
  records:
    - account_traits: {seats: seats}
      account: id
"""


def read(text: str) -> QueryDefinition:
    found = read_sources({"sources/accounts.yaml": text})["accounts"]
    assert isinstance(found, QueryDefinition)
    return found


def codes(text: str) -> list[tuple[int | None, str]]:
    try:
        read_sources({"sources/accounts.yaml": text})
    except DefinitionError as error:
        return [(problem.line, problem.code) for problem in error.problems]
    return []


def test_a_query_is_read_whole() -> None:
    found = read(QUERY)
    assert (found.warehouse, found.settings) == ("UPSELL_SECRET_WAREHOUSE", ("UPSELL_SECRET_WAREHOUSE",))
    assert (found.schedule, found.cursor, found.gone) == (Every(HOUR), None, Gone.KEEP)
    assert [record.subject for record in found.mapping.records] == [Subject.ACCOUNT]
    assert found.path is None
    with pytest.raises(ConfigError, match="asks a warehouse"):
        found.open({})


def test_without_a_cursor_all_is_asked_for_and_with_one_what_is_behind_it() -> None:
    assert read(QUERY).select("5") == "select * from accounts"
    cursor = read(QUERY.replace("  records", "  cursor: {column: at, overlap: 10 minutes}\n  records"))
    assert cursor.cursor == Cursor("at", 10 * MINUTE)
    assert cursor.select(None) == "select * from accounts"
    assert cursor.select("'2026'") == "select * from (\nselect * from accounts\n) as told where at >= '2026'"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("every 1 hour", "hourly", [(4, "wrong-type")]),
        ("UPSELL_SECRET_WAREHOUSE", "postgresql://joe:hunter2@db/x", [(3, "wrong-type")]),
        ("  schedule: every 1 hour", "  cursor: at\n  gone: clear", [(5, "query-gone")]),
        ("account_traits: {seats: seats}", "event: Report Run", [(6, "record")]),
        ("      account: id\n", "", [(6, "record")]),
        ("  sql: select * from accounts;\n", "", [(2, "missing-key")]),
        ("t: id\n", "t: id\n    - {account_traits: {b: b}, account: id}\n", [(8, "record")]),
        ("    - account", "    - from: rows\n      account", [(6, "unknown-key")]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_query_is_told_at_its_place(
    before: str, after: str, expected: list[tuple[int | None, str]]
) -> None:
    assert codes(QUERY.replace(before, after)) == expected
