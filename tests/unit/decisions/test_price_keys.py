"""A price key stands for the prices an offer may come to, and for nothing else."""

from __future__ import annotations

import msgspec
import pytest

from tests.stories.world import SETTINGS
from upsell.catalog.catalog import Catalog
from upsell.decisions.discounting import Rounding
from upsell.decisions.price_keys import LENGTH, price_key
from upsell.money import Money
from upsell.workspace.compile import compile_documents

TEXT = """
metrics: [calls]
plans:
  starter: {name: Starter, tier: 1, price: {month: {USD: 49, EUR: 45}}, limits: {calls: 10}}
  pro: {name: Pro, tier: 2, price: {month: 149, year: 1490}, limits: {calls: 100}}
products:
  pack: {kind: pack, name: Calls, price: {once: 40}, limits: {calls: 50}}
  sso: {kind: add-on, name: Sign-on, price: {month: 20}, features: [sso]}
items:
  tea: {name: Tea, price: 5, premium: oolong, warranty: cup}
  oolong: {name: Oolong, price: 9}
  cup: {name: Cup, price: 7}
offers:
  pro: {kind: upgrade, plan: pro, title: Pro, discount: 10%, months: 6}
  fits: {kind: upgrade, plan: fitting, title: What fits, fallback: pack}
  pack: {kind: cross-sell, product: pack, title: More calls}
  more: {kind: upgrade, seats: 2, title: More seats}
  yearly: {kind: upgrade, interval: year, title: By the year}
  better: {kind: upgrade, item: premium, title: The better one}
  cup: {kind: cross-sell, item: cup, title: A cup}
  insure: {kind: cross-sell, item: warranty, title: A cup for it}
  trial: {kind: upgrade, feature: sso, trial_days: 14, title: Try}
"""


def catalog(old: str = "", new: str = "") -> Catalog:
    assert old in TEXT
    return compile_documents(
        {"upsell.yaml": SETTINGS, "catalog.yaml": TEXT.replace(old, new, 1) if old else TEXT}
    ).program.catalog


def moved(old: str, new: str) -> set[str]:
    """Give the offers whose key is another when one text of the catalog is."""
    before, after = catalog(), catalog(old, new)
    return {offer for offer in before.offers if price_key([offer], before) != price_key([offer], after)}


@pytest.mark.parametrize(
    ("old", "new", "concerned"),
    [
        ("month: 149", "month: 159", {"pro", "fits", "more", "yearly"}),
        ("year: 1490", "year: 1390", {"pro", "fits", "more", "yearly"}),
        ("EUR: 45", "EUR: 46", {"fits", "more", "yearly"}),
        ("once: 40", "once: 45", {"pack", "fits"}),
        ("price: {month: 20}", "price: {month: 25}", set()),
        ("price: 9", "price: 10", {"better"}),
        ("price: 5", "price: 6", {"better"}),
        ("price: 7", "price: 8", {"cup", "insure"}),
        ("discount: 10%", "discount: 15%", {"pro"}),
        ("months: 6", "months: 3", {"pro"}),
        ("trial_days: 14", "trial_days: 30", {"trial"}),
        ("seats: 2", "seats: 3", {"more"}),
    ],
)
def test_a_changed_price_or_term_changes_the_key_of_every_offer_it_may_concern(
    old: str, new: str, concerned: set[str]
) -> None:
    assert moved(old, new) == concerned


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("title: Pro,", "title: Go Pro,"),
        ("name: Starter", "name: Start"),
        ("calls: 100", "calls: 200"),
        ("name: Cup", "name: Mug"),
    ],
)
def test_what_is_no_price_changes_no_key(old: str, new: str) -> None:
    assert moved(old, new) == set()


def test_the_order_of_a_catalog_and_of_the_offers_named_says_nothing() -> None:
    known = catalog()
    turned = msgspec.structs.replace(
        known,
        plans=dict(reversed(list(known.plans.items()))),
        offers=dict(reversed(list(known.offers.items()))),
        items=dict(reversed(list(known.items.items()))),
    )
    for names in (["pro", "fits"], ["fits", "pro"], ["fits", "pack", "pro"]):
        assert price_key(names, turned) == price_key(["pro", "fits"], known)


def test_without_offers_there_is_no_key_and_another_rounding_is_another_price() -> None:
    known = catalog()
    assert price_key([], known) == price_key(["unheard-of"], known) == ""
    assert len(price_key(["pro"], known)) == LENGTH
    assert price_key(["pro"], known, Rounding(Money(100, "USD"))) != price_key(["pro"], known)
