"""Work that waits for a person: what is put off waits for nobody until it is back."""

from __future__ import annotations

import msgspec
import pytest

from tests.unit.store.test_tasks import CALL
from upsell.store.connect import connect
from upsell.store.tasks import keep_tasks, snooze_task
from upsell.store.work import count_waiting_work


@pytest.mark.postgres
def test_what_is_put_off_is_neither_open_nor_overdue_until_it_is_back(database: str) -> None:
    with connect(database) as connection:
        keep_tasks(
            connection, [CALL, msgspec.structs.replace(CALL, key="later", reason="other", due_at=50_000)]
        )
        assert snooze_task(connection, CALL.key, 20_000)
        counts = {}
        for now in (8_999, 9_000, 19_999, 20_000, 49_999, 50_000):
            work = count_waiting_work(connection, now)
            counts[now] = (work.tasks, work.overdue)
    assert counts == {
        8_999: (1, 0),
        9_000: (1, 0),
        19_999: (1, 0),
        20_000: (2, 1),
        49_999: (2, 1),
        50_000: (2, 2),
    }
