"""Whoever reads of a refusal is told what to do about it, by the sort of its source."""

from __future__ import annotations

import pytest

from upsell.runtime.refusal_advice import conflict_advice, refused_advice
from upsell.sources.sorts import SORTS
from upsell.store.census import Refused


def refused(code: str) -> Refused:
    return Refused("mine", code, 1, 0, "")


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("code", ["unknown_kind", "missing_id", "malformed", "row", "conflict", "too_large"])
def test_every_sort_has_an_advice_of_its_own_that_names_the_file_or_the_vendor(sort: str, code: str) -> None:
    said = refused_advice(refused(code), sort)
    assert "sender" not in said
    assert "sources/mine.yaml" in said or "Stripe" in said
    assert "{" not in said + conflict_advice("mine", sort)
    assert "messageId" not in conflict_advice("mine", sort)


@pytest.mark.parametrize(
    ("sort", "code", "words"),
    [
        ("stripe", "unknown_price", "plans: in sources/mine.yaml"),
        ("stripe", "unknown_amount", "coupon.created and .updated"),
        ("stripe", "unknown_kind", "unselect"),
        ("webhook", "unknown_kind", "by a rule in sources/mine.yaml"),
        ("webhook", "unknown_version", "version: in sources/mine.yaml"),
        ("kafka", "invalid_key", "UTF-8"),
        ("query", "row", "in the warehouse"),
        ("", "malformed", "at the sender"),
    ],
)
def test_an_advice_says_what_to_do(sort: str, code: str, words: str) -> None:
    assert words in refused_advice(refused(code), sort)
