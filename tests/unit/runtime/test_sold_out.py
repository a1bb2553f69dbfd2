"""What is limited runs out by what was taken, in the order of the ledger, and is gone the moment after."""

from __future__ import annotations

from upsell.catalog.offers import Offer, OfferKind, Target
from upsell.money import Money
from upsell.runtime.programs import find_sold_out
from upsell.store.acceptances import Acceptance


def offer(name: str, *, stock: int | None = None, budget: int | None = None) -> Offer:
    money = Money(budget, "USD") if budget is not None else None
    return Offer(name, OfferKind.UPGRADE, name, Target.PLAN, "pro", stock=stock, budget=money)


OFFERS = {each.id: each for each in (offer("few", stock=2), offer("dear", budget=100), offer("any"))}


def taken(*names: str, discount: int = 0) -> list[Acceptance]:
    return [Acceptance(at, name, at, discount) for at, name in enumerate(names, start=1)]


def test_an_offer_is_gone_from_its_last_piece_on() -> None:
    assert find_sold_out(OFFERS, taken("few", "any", "few", "few")) == {"few": 3 + 1}


def test_an_offer_is_gone_when_its_budget_is_given_away() -> None:
    assert find_sold_out(OFFERS, taken("dear", "dear", "dear", discount=40)) == {"dear": 3 + 1}


def test_what_has_no_limit_and_what_is_left_never_runs_out() -> None:
    assert find_sold_out(OFFERS, taken("any", "few", "gone")) == {}
