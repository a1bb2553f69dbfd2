"""Carts of any kind: nothing below cost or margin, nothing that is there, every saving exact."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.drawing import examples
from upsell.catalog.catalog import Catalog
from upsell.catalog.items import Item
from upsell.catalog.offers import BUNDLE, PREMIUM, WARRANTY, Offer, OfferKind, Target
from upsell.decisions.entitlement import Past, choose_offer
from upsell.decisions.facts import UnitFacts, tiers_of
from upsell.decisions.rails import Rails
from upsell.decisions.terms import Terms
from upsell.money import Money
from upsell.signals.profiles import Cart, CartLine, Profile

NOW = 1_000_000
SINGLES = tuple("abcdef")
PRICES = st.integers(1, 10_000)
RAILS = st.none() | st.integers(1, 90)


def usd(amount: int | None) -> Money | None:
    return None if amount is None else Money(amount, "USD")


@st.composite
def catalogs(draw: st.DrawFn) -> Catalog:
    """Six items, dearer by the letter as a rule, whose better ones are later letters, and bundles of them."""
    items = {}
    for place, key in enumerate(SINGLES):
        later = st.sampled_from((*SINGLES[place + 1 :], None))
        price = draw(st.integers(1_000 * place + 1, 1_000 * place + 3_000) | st.sampled_from([None, 1]))
        items[key] = Item(
            id=key,
            name=key,
            price=usd(price),
            premium=draw(later),
            warranty=draw(later),
            cost=usd(draw(st.none() | st.integers(1, (price or 1_000) + 200))),
            is_for_sale=draw(st.sampled_from([True] * 9 + [False])),
        )
    bundled: dict[str, list[str]] = {}
    for number in range(draw(st.integers(1, 3))):
        held = tuple(draw(st.lists(st.sampled_from(SINGLES), min_size=2, max_size=4)))
        key, prices = f"set{number}", [items[part].price for part in held]
        singly = sum(price.amount for price in prices if price is not None)
        price = draw(st.integers(singly // 2 + 1, singly + 100))
        items[key] = Item(key, key, usd(price), cost=usd(draw(st.none() | PRICES)), contains=held)
        for part in dict.fromkeys(held):
            bundled.setdefault(part, []).append(key)
    offers = {
        word: Offer(
            word, OfferKind.UPGRADE, word, Target.ITEM, word, discount_rate=draw(st.sampled_from([0.0, 0.1]))
        )
        for word in (PREMIUM, WARRANTY, BUNDLE, "a")
    }
    return Catalog(
        items=items,
        offers=offers,
        currency="USD",
        largest_step=draw(st.none() | st.sampled_from([0.3, 1.0, 2.5])),
        bundled={part: tuple(sets) for part, sets in bundled.items()},
    )


LINES = st.lists(
    st.builds(
        CartLine,
        st.sampled_from([*SINGLES, "set0", "?"]),
        st.integers(1, 5).map(float),
        st.sampled_from([None, None, 1, 2_500]),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda line: line.item,
)


@st.composite
def carts(draw: st.DrawFn) -> Cart:
    return Cart(
        lines=draw(LINES),
        amount=None,
        currency=draw(st.sampled_from(["USD"] * 9 + ["EUR"])),
        updated_at=NOW,
        asked_at=NOW,
        sold_out=draw(st.lists(st.sampled_from([*SINGLES, "set0"]), max_size=2)),
        is_checked=draw(st.booleans()),
    )


def offered(catalog: Catalog, cart: Cart, word: str, margin: int | None) -> Terms | None:
    profile = Profile(cart=cart)
    facts = UnitFacts(profile, None, catalog, tiers_of(catalog), {}, NOW, is_account=False)
    rails = Rails(min_margin_rate=None if margin is None else margin / 100)
    terms, refusal = choose_offer(
        facts, catalog, rails, word, sold_out={}, spent=None, not_now=0, past=Past()
    )
    assert (terms is None) is (refusal is not None)
    event(f"{word} {'offered' if terms is not None else 'withheld'}")
    return terms


@settings(deadline=None, max_examples=examples(250))
@given(catalogs(), carts(), st.sampled_from([PREMIUM, WARRANTY, BUNDLE, "a"]), RAILS)
def test_whatever_lies_in_a_cart_what_is_offered_may_be_sold_and_comes_to_what_is_said(
    catalog: Catalog, cart: Cart, word: str, margin: int | None
) -> None:
    terms = offered(catalog, cart, word, margin)
    if terms is None:
        return
    change = terms.cart
    assert change is not None
    (added,) = change.add
    item, held = catalog.items[added.id], {line.item: line for line in cart.lines}
    assert (cart.currency, terms.currency, change.currency) == ("USD", "USD", "USD")
    assert added.id not in held, "never what lies there already"
    assert item.is_for_sale
    assert added.id not in cart.sold_out
    assert item.price is not None
    # Never above the price of the catalog; without a discount exactly at it.
    assert added.price <= item.price.amount
    if not terms.discount_rate:
        assert added.price == item.price.amount
    if item.cost is not None:
        assert added.price >= item.cost.amount
        if margin is not None:
            assert Fraction(added.price - item.cost.amount, added.price) >= Fraction(margin, 100)
    for piece in change.remove:
        line, known = held[piece.id], catalog.items[piece.id].price
        assert 0 < piece.quantity <= line.quantity
        assert piece.price == (line.price if line.price is not None else known and known.amount)
        # What a page tells of a price is the catalog's, or nothing is made of it.
        assert not cart.is_checked or (known is not None and known.amount == piece.price)
    assert terms.price is not None
    assert terms.price >= 0
    paid = sum(piece.price * piece.quantity for piece in change.remove)
    assert change.step == added.price * added.quantity - paid
    if word == PREMIUM:
        (replaced,) = change.remove
        assert (replaced.quantity, terms.price) == (held[replaced.id].quantity, change.step)
        assert added.quantity == replaced.quantity
        if catalog.largest_step is not None:
            assert item.price.amount - replaced.price <= catalog.largest_step * replaced.price
    elif word == BUNDLE:
        assert terms.price == added.price
    else:
        assert (change.remove, terms.price) == ((), change.step)


@settings(deadline=None, max_examples=examples(250))
@given(catalogs(), carts())
def test_the_saving_of_a_bundle_is_what_its_parts_come_to_less_its_price_exactly(
    catalog: Catalog, cart: Cart
) -> None:
    terms = offered(catalog, cart, BUNDLE, None)
    if terms is None or terms.cart is None:
        return
    (added,) = terms.cart.add
    held = Counter({piece.id: int(piece.quantity) for piece in terms.cart.remove})
    missing = Counter(catalog.items[added.id].contains) - held
    assert held <= Counter(catalog.items[added.id].contains), "nothing is taken out that is not in it"
    paid = sum(int(piece.quantity) * piece.price for piece in terms.cart.remove)
    singly = 0
    for part, count in missing.items():
        price = catalog.items[part].price
        assert price is not None
        assert catalog.items[part].is_for_sale
        assert part not in cart.sold_out
        singly += count * price.amount
    assert terms.saving == paid + singly - added.price
    assert terms.saving > 0
    if not missing:
        # All of it lies there: it is the sum of the cart's prices less the bundle's.
        assert (terms.saving, terms.cart.step) == (paid - added.price, added.price - paid)
