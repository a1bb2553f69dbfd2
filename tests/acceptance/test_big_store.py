"""The big store that pages are measured on: each copy is to the pages what the first was."""

from __future__ import annotations

import pytest
from litestar.testing import TestClient

from tests.big_store import Seed, live, multiply
from upsell.clock import DAY, SetClock
from upsell.config import Settings
from upsell.store.connect import connect
from upsell.web.team import TeamPages

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

KINDS = "select left(unit_id, 2), count(*) from units group by 1"
SEED = Seed(accounts=6, alone=4, lasts=60 * DAY, heavy_events=40)


def test_a_copy_says_of_itself_what_the_first_says_and_the_heavy_household_is_there_once(
    database: str,
) -> None:
    end = live(database, SEED)
    with connect(database) as connection:
        before: dict[str, int] = dict(connection.execute(KINDS).fetchall())
        multiply(connection, 3)
        after: dict[str, int] = dict(connection.execute(KINDS).fetchall())
        places = connection.execute(
            "select count(*), count(distinct position), max(position) from events"
        ).fetchone()
        head = connection.execute("select position from ledger_head").fetchone()
    # The heavy account, its twenty members and nothing else are there once.
    assert after == {"a:": (before["a:"] - 1) * 3 + 1, "c:": (before["c:"] - 20) * 3 + 20}
    assert places is not None
    assert head is not None
    assert places[0] == places[1]
    assert places[2] <= head[0]
    with TestClient(TeamPages(database, SetClock(end), Settings()).guest_app()) as client:
        client.headers["Accept"] = "application/json"
        for name in ("a:acct-00003", "c:acct-00003-0", "c:alone-00000"):
            for past in ("", "?at=2026-02-20T00:00:00Z"):
                first = client.get(f"/customers/{name}{past}")
                other = client.get(f"/customers/{name.replace('-', '2-', 1)}{past}")
                assert (first.status_code, other.status_code) == (200, 200)
                said = other.text.replace("acct2-", "acct-").replace("alone2-", "alone-")
                assert _without_keys(said) == _without_keys(first.text)


def _without_keys(said: str) -> str:
    """Leave out what a copy's enrollments and messages are called apart by."""
    return said.replace('x2"', '"')
