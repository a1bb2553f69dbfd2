"""Ledgers: what is put together loses nothing."""

from __future__ import annotations

import msgspec
import pyarrow as pa

from upsell.clock import Moment, parse_moment
from upsell.runtime.outcomes import SPENDING_COLUMNS, Ledger

AT: Moment = parse_moment("2026-01-01T00:00:00Z") or 0


def spending(unit: str, amount: int) -> Ledger:
    table = pa.table({"unit_id": [unit], "spent_at": [AT], "amount": [amount]})
    return msgspec.structs.replace(Ledger.of((), ()), spendings=table.cast(SPENDING_COLUMNS))


def test_joined_ledgers_keep_what_messages_and_tasks_cost() -> None:
    joined = Ledger.joined([spending("a:1", 5), Ledger.of((), ()), spending("a:2", 7)])
    assert joined.spendings is not None
    assert joined.spendings.select(["unit_id", "amount"]).to_pylist() == [
        {"unit_id": "a:1", "amount": 5},
        {"unit_id": "a:2", "amount": 7},
    ]


def test_joined_ledgers_of_which_nobody_said_a_cost_have_none() -> None:
    assert Ledger.joined([Ledger.of((), ()), Ledger.of((), ())]).spendings is None
    assert Ledger.joined([]).spendings is None
