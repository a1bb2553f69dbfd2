"""Headcounts: exact for few, and of many what the database's statistics say, without counting them."""

from __future__ import annotations

import pytest

from upsell.journeys.workflow import UnitKind
from upsell.store import headcount
from upsell.store.connect import connect
from upsell.store.headcount import Headcount, count_about, count_under_way

pytestmark = pytest.mark.postgres

STATE = '{"enrollments": {"e": {"workflow": "help", "phase": "walking"}}}'


def test_few_are_counted_and_many_are_told_by_statistics(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect(database) as connection:
        for kind, most in (("a:", 7), ("c:", 4_000)):
            connection.execute(
                "insert into units (unit_id, household_id, shard, state, taken_at) "
                "select %(kind)s || n, %(kind)s || n, 0, %(state)s, moment(0) "
                "from generate_series(1, %(most)s) n",
                {"kind": kind, "most": most, "state": STATE},
            )
        connection.execute("analyze units")
        assert count_about(connection, UnitKind.ACCOUNT) == Headcount(7, is_exact=True)
        assert count_about(connection, UnitKind.CUSTOMER) == Headcount(4_000, is_exact=True)
        monkeypatch.setattr(headcount, "COUNTED", 100)
        about = count_about(connection, UnitKind.CUSTOMER)
        assert not about.is_exact
        # The oracle is the count itself: the planner's histogram of ids is within a tenth of it.
        assert about.count == pytest.approx(4_000, rel=0.1)
        assert count_about(connection, UnitKind.ACCOUNT) == Headcount(7, is_exact=True)
        assert count_under_way(connection, UnitKind.ACCOUNT, {"help", "other"}) == {"help": 7, "other": 0}
