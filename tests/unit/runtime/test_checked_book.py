"""The checked book: what is read beside, how long it is kept, and that nobody waits for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.proof_world import open_shop, plant
from tests.stories.world import START
from upsell.clock import SetClock
from upsell.errors import StoreError
from upsell.runtime.checked_book import KEPT, CheckedBook
from upsell.runtime.overview import ReportBook
from upsell.runtime.reporting import Report
from upsell.store.lending import Lender

pytestmark = pytest.mark.postgres


@pytest.fixture
def lender(database: str) -> Iterator[Lender]:
    lender = Lender(database)
    yield lender
    lender.close()


def test_checks_are_read_beside_and_kept_for_an_hour_and_nobody_waits_for_them(
    lender: Lender, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SetClock(START)
    book = CheckedBook(lender, ReportBook(lender, clock), clock)
    monkeypatch.setattr(CheckedBook, "read", lambda _: Report(clock.now(), "USD", ()))
    assert book.ask() is None
    book.close()
    first = book.ask()
    assert first == Report(START, "USD", ())
    clock.move_to(START + KEPT - 1)
    assert book.ask() is first
    clock.move_to(START + KEPT)
    assert book.ask() is first, "what is old is given while it is read anew"
    book.close()
    assert book.ask() == Report(START + KEPT, "USD", ())


def test_what_could_not_be_read_is_tried_again_by_who_asks_next(
    lender: Lender, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SetClock(START)
    book = CheckedBook(lender, ReportBook(lender, clock), clock)

    def fail(_: CheckedBook) -> Report:
        msg = "the database does not answer"
        raise StoreError(msg)

    monkeypatch.setattr(CheckedBook, "read", fail)
    assert book.ask() is None
    book.close()
    monkeypatch.setattr(CheckedBook, "read", lambda _: Report(START, "USD", ()))
    assert book.ask() is None
    book.close()
    assert book.ask() is not None


@pytest.mark.slow
def test_it_is_checked_and_read_in_every_way(database: str, lender: Lender) -> None:
    with open_shop(database) as shop:
        plant(shop)
        clock = shop.world.clock
        found = CheckedBook(lender, ReportBook(lender, clock), clock).read()
    assert found is not None
    quota = next(each for each in found.workflows if each.key == "quota")
    assert quota.health is not None
    assert any(each.readings for each in quota.lift.lifts)
