"""What audiences are read from: JSON that is kept as text, whatever a sender put into it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.drawing import examples
from upsell.store.connect import Connection, connect

pytestmark = pytest.mark.postgres


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    with connect(database) as opened:
        yield opened


@settings(
    max_examples=examples(200), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.lists(st.sampled_from(["\0", "\\", "u0000", "\\u0000", '"', "a", "\x01"])).map("".join)))
def test_kept_json_is_read_as_it_is_but_for_a_nul_which_becomes_the_character_after_it(
    connection: Connection, said: list[str]
) -> None:
    row = connection.execute("select json_of(%s)", (json.dumps(said),)).fetchone()
    assert row == ([text.replace("\0", "\x01") for text in said],)
