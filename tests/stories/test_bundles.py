"""Bundles: what may not be offered by itself is not offered in a bundle either."""

from __future__ import annotations

import pytest

from tests.stories.test_offers import CATALOG, asked, on, terms_of, told, uses
from tests.stories.world import DAY, Reason, Story


def bundle(contains: str, *, more: str = "") -> str:
    return CATALOG.replace("contains: [team, chat]}", f"contains: [{contains}]{more}}}")


def offered(contains: str, plan: str, *, more: str = "") -> Story:
    return on(told("suite", catalog=bundle(contains, more=more)), plan)


def test_a_bundle_of_what_they_may_have_is_offered() -> None:
    for contains in ("team, chat", "chat, sso", "more, sso"):
        assert terms_of(asked(offered(contains, "starter")))["thing"] == "suite", contains


@pytest.mark.parametrize(
    ("contains", "plan", "reason"),
    [
        ("old, chat", "starter", Reason.UNAVAILABLE),
        ("local, chat", "starter", Reason.UNAVAILABLE),
        ("team, chat", "business", Reason.ENTITLED),
        ("team, chat", "team", Reason.ENTITLED),
        ("team, sso", "starter", Reason.UNAVAILABLE),
        ("chat, sso", "business", Reason.UNAVAILABLE),
    ],
)
def test_a_part_that_may_not_be_offered_alone_keeps_the_bundle_from_being_offered(
    contains: str, plan: str, reason: Reason
) -> None:
    # Old is sold no more, Local in Germany and Austria alone, and SSO is added to Starter only.
    assert asked(offered(contains, plan)) is reason


def test_a_bundle_of_which_they_have_a_part_is_not_offered() -> None:
    story = offered("team, chat", "starter")
    assert asked(on(story, "chat", subscription_id="second", amount=1_500)) is Reason.ENTITLED
    seen = {each.term: each.value for each in story.decisions()[-1].seen}
    assert seen["has"] == "chat"
    story = offered("team, more", "starter")
    assert asked(on(story, "more", subscription_id="second", amount=900)) is Reason.ENTITLED


def test_a_part_sold_in_their_country_may_be_in_it() -> None:
    story = offered("local, chat", "starter").happens("Customer Identified", country="de")
    assert isinstance(asked(story), type(asked(offered("team, chat", "starter"))))


def test_a_bundle_smaller_than_what_is_used_is_not_offered_but_what_it_adds_counts() -> None:
    assert asked(uses(offered("team, chat", "starter"), 2_050).after(DAY)) is Reason.TOO_SMALL
    story = uses(offered("team, more", "starter"), 2_050).after(DAY)
    assert terms_of(asked(story))["thing"] == "suite", "2,000 and 100"
