"""Offers alike: about the same thing, under whatever id."""

from __future__ import annotations

from upsell.catalog.catalog import Catalog
from upsell.catalog.offers import FITTING, Offer, OfferKind, Target
from upsell.catalog.plans import Plan, Product, ProductKind


def offer(key: str, target: Target, thing: str = "") -> Offer:
    return Offer(key, OfferKind.UPGRADE, key, target, thing)


OFFERS = {
    each.id: each
    for each in (
        offer("pro-month", Target.PLAN, "pro"),
        offer("pro-trial", Target.PLAN, "pro"),
        offer("fits", Target.PLAN, FITTING),
        offer("suite", Target.PRODUCT, "suite"),
        offer("backup", Target.PRODUCT, "backup"),
        offer("sso", Target.FEATURE, "sso"),
        offer("backup-feature", Target.FEATURE, "backup"),
        offer("two-seats", Target.SEATS),
        offer("ten-seats", Target.SEATS),
        offer("yearly", Target.INTERVAL),
    )
}
CATALOG = Catalog(
    plans={key: Plan(key, key, tier) for tier, key in enumerate(("free", "pro"))},
    products={
        "suite": Product("suite", ProductKind.BUNDLE, "Suite", contains=("pro", "backup")),
        "backup": Product("backup", ProductKind.ADD_ON, "Backup"),
    },
    offers=OFFERS,
)


def alike(*keys: str) -> set[str]:
    return set(CATALOG.alike(OFFERS[key] for key in keys))


def test_offers_of_one_thing_are_alike_and_those_of_a_bundle_with_what_it_contains() -> None:
    assert alike("pro-month") == {"pro-month", "pro-trial", "fits", "suite"}
    assert alike("fits") == {"pro-month", "pro-trial", "fits", "suite"}
    assert alike("backup") == {"backup", "suite"}
    assert alike("suite") == {"suite", "backup", "pro-month", "pro-trial", "fits"}


def test_a_feature_is_no_product_of_its_name_and_seats_are_seats() -> None:
    assert alike("backup-feature") == {"backup-feature"}
    assert alike("two-seats") == {"two-seats", "ten-seats"}
    assert alike("yearly", "sso") == {"yearly", "sso"}
    assert alike() == set()


def test_being_alike_is_mutual_and_holds_for_an_offer_that_is_no_longer_sold() -> None:
    for one in OFFERS:
        assert one in alike(one)
        assert all(one in alike(other) for other in alike(one))
    gone = offer("pro-of-old", Target.PLAN, "pro")
    assert CATALOG.alike([gone]) == {"pro-of-old", *alike("pro-month")}
