"""Every source keeps the contract, and the contract notices where one does not."""

from __future__ import annotations

import json
from collections.abc import Callable

import msgspec
import pytest

from tests.unit.sources.vendors import EXAMPLES
from upsell.clock import Moment
from upsell.sources.recipes import recipe_names
from upsell.sources.sorts import SORTS
from upsell.sources.source import Aside, Delivery, Read
from upsell.testing.contract import LAWS, Example, Law


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_every_source_keeps_the_contract(name: str, law: Law) -> None:
    law(EXAMPLES[name]())


def test_every_recipe_is_held_to_the_contract() -> None:
    assert set(recipe_names()) <= set(EXAMPLES)


def test_every_sort_of_source_is_held_to_the_contract() -> None:
    assert set(SORTS) - {"webhook"} <= set(EXAMPLES), "webhook is held by its recipes"


class _Careless(msgspec.Struct):
    """A source that breaks the laws, one at a time."""

    name: str = "careless"
    secrets: tuple[str, ...] = ("hunter2-hunter2",)
    item: dict[str, object] = {}
    raw: bool = False

    def prove(self, delivery: Delivery, now: Moment) -> None:
        """Believe everybody."""

    def read(self, delivery: Delivery, now: Moment) -> Read:
        """Give the same whatever came."""
        return Read((self.item,), (Aside("odd", "odd"),) if self.raw else ())


GOOD = {
    "type": "track",
    "event": "Limit Reached",
    "messageId": "1",
    "userId": "ada",
    "timestamp": "2026-01-01T00:00:00Z",
    "properties": {"metric": "seats"},
}


@pytest.mark.parametrize(
    ("law", "item"),
    [
        ("each_delivery_makes_what_it_says", {**GOOD, "event": "Other"}),
        ("each_delivery_makes_what_it_says", {**GOOD, "userId": None}),
        ("every_fixed_event_says_what_the_table_says", {**GOOD, "properties": {}}),
        ("every_fixed_event_says_what_the_table_says", {**GOOD, "properties": {"metric": 1}}),
        ("every_event_is_about_somebody", {**GOOD, "userId": None, "anonymousId": "x"}),
        ("what_is_forged_is_refused", GOOD),
        ("odd_bodies_make_no_event", GOOD),
        ("a_body_that_is_none_is_malformed", GOOD),
        ("an_unknown_kind_is_kept_aside", GOOD),
        ("an_unknown_version_is_kept_aside", GOOD),
        ("what_lacks_an_id_is_kept_aside", GOOD),
    ],
)
def test_a_source_that_breaks_a_law_is_told_of_it(law: str, item: dict[str, object]) -> None:
    example = Example(
        source=_Careless(item=item),
        now=1_780_000_000_000_000,
        makes={"one": (Delivery(json.dumps({"a": 1}).encode()), ("Limit Reached",))},
        seal=lambda delivery: delivery,
        strip=lambda delivery: delivery,
        unknown=b"{}",
        other_version=b"{}",
        lacking=b"{}",
    )
    by_name: dict[str, Callable[[Example], None]] = {each.__name__: each for each in LAWS}
    with pytest.raises(AssertionError):
        by_name[law](example)
