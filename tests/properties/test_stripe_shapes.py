"""Stripe's objects with anything in the place of anything: read, kept aside or refused; nothing breaks."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drawing import examples
from tests.stripe_world import (
    OBJECTS,
    Remembering,
    make_coupon,
    make_discount,
    make_hook,
    make_item,
    make_price,
    make_subscription,
)
from upsell.sources.reports import MalformedError
from upsell.sources.segment import Draft
from upsell.sources.stripe.applied import TELLING
from upsell.sources.stripe.reading import NAMES
from upsell.sources.table import unfit

WHOLE = {
    **OBJECTS,
    "subscription": make_subscription(
        make_item(make_price(), 2, discounts=["di_1", make_discount("di_2", "OFF25")]), discounts=["di_1"]
    ),
    "discount": make_discount("di_1", make_coupon()),
    "discount by id": make_discount("di_1", "OFF25"),
    "coupon": make_coupon(),
}
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, -1, 2**31, 2**62, 2**70, 1e300, 0.5]),
    st.text(max_size=5),
    st.sampled_from(["usd", "active", "month", "\ud800", "price_pro"]),
    st.lists(st.none(), max_size=2),
    st.dictionaries(
        st.sampled_from(["id", "data", "object", "coupon"]), st.sampled_from([None, {}, [], "x"]), max_size=2
    ),
)


def places(said: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give the way to every value inside."""
    inside = said.items() if isinstance(said, dict) else enumerate(said) if isinstance(said, list) else ()
    for key, value in inside:
        yield (*path, key)
        yield from places(value, (*path, key))


PLACES = {name: list(places(said)) for name, said in WHOLE.items()}


@settings(max_examples=examples(200), deadline=None)
@given(st.data())
def test_odd_values_anywhere_break_nothing_and_make_no_event_unlike_the_table(data: st.DataObject) -> None:
    desk = Remembering()
    told = data.draw(st.sampled_from(("discount", "discount by id", "coupon")))
    others = ("subscription", "invoice", "charge", "customer", "checkout.session")
    for name, kinds in ((told, TELLING), (data.draw(st.sampled_from(others)), NAMES)):
        hook = make_odd_hook(data, name, kinds)
        try:
            taken = desk.send(hook)
        except MalformedError:
            continue
        for item in taken.items:
            if isinstance(item, Draft):
                assert unfit(item.event.name, item.event.properties) is None


def make_odd_hook(data: st.DataObject, name: str, kinds: frozenset[str]) -> dict[str, Any]:
    """Draw a webhook of one of some kinds about an object in which odd values stand."""
    said, previous = copy.deepcopy(WHOLE[name]), copy.deepcopy(WHOLE[name])
    for target in (said, previous):
        for path in data.draw(st.lists(st.sampled_from(PLACES[name]), max_size=3)):
            inner: Any = target
            try:
                for key in path[:-1]:
                    inner = inner[key]
                inner[path[-1]] = data.draw(ODD)
            except (KeyError, IndexError, TypeError):
                continue
    return make_hook(data.draw(st.sampled_from(sorted(kinds))), said, previous=previous)
