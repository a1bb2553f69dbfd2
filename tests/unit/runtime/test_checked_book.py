"""The checked book: how long it is kept, that nobody waits for it, and what it reads."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.proof_world import open_shop, plant
from tests.stories.world import START
from upsell.clock import SetClock
from upsell.runtime import checked_book
from upsell.runtime.checked_book import KEPT, open_checked_book, read_checked
from upsell.runtime.overview import ReportBook
from upsell.runtime.reporting import Report
from upsell.store.lending import Lender

pytestmark = pytest.mark.postgres


@pytest.fixture
def lender(database: str) -> Iterator[Lender]:
    lender = Lender(database)
    yield lender
    lender.close()


def test_checks_are_kept_for_an_hour_and_nobody_waits_for_them(
    lender: Lender, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SetClock(START)
    monkeypatch.setattr(checked_book, "read_checked", lambda _, __, now: Report(now, "USD", ()))
    book = open_checked_book(lender, ReportBook(lender, clock), clock)
    assert book.at_hand() is None
    first = book.newest(60)
    assert first == Report(START, "USD", ())
    clock.move_to(START + KEPT - 1)
    assert book.at_hand() is first
    clock.move_to(START + KEPT)
    assert book.at_hand() is first, "what is old is given while it is read anew"
    assert book.newest(60) == Report(START + KEPT, "USD", ())
    book.close()


@pytest.mark.slow
def test_it_is_checked_and_read_in_every_way(database: str, lender: Lender) -> None:
    with open_shop(database) as shop:
        plant(shop)
        clock = shop.world.clock
        found = read_checked(shop.world.connection, ReportBook(lender, clock).program(), clock.now())
    assert found is not None
    quota = next(each for each in found.workflows if each.key == "quota")
    assert quota.health is not None
    assert any(each.readings for each in quota.lift.lifts)
