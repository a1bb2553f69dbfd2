"""Packs: what is bought at once counts for the usage period it was bought in, and for all who share it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stories.test_offers import asked, on, terms_of, uses
from tests.stories.test_offers import told as told_offer
from tests.stories.world import CATALOG, DAY, Reason, Story, make_program, workflow
from upsell.decisions.fit import Fit
from upsell.journeys.explain import explain_standing
from upsell.journeys.program import Program

SOLD = (
    CATALOG
    + """
products:
  calls: {kind: pack, name: Calls, price: {once: 40}, limits: {api_calls: 500}}
  other: {kind: pack, name: Other, price: {once: 4}, limits: {storage: 500}}
"""
)
HELP = "[{email: {content: t1, intent: help}}]"


def program_of(trigger: str, **more: str) -> Program:
    return make_program({"w": workflow(trigger=trigger, journey=HELP, **more)}, catalog=SOLD)


def begun(trigger: str) -> Story:
    """On Starter since now, with 1,000 calls a month."""
    story = Story(program_of(trigger))
    return story.happens("Subscription Started", plan="starter", amount=4900, currency="USD")


def buys(story: Story, quantity: float = 1, order: str = "o1", **more: Any) -> Story:
    return story.happens(
        "Order Completed",
        order_id=order,
        items=[{"id": "calls", "quantity": quantity}],
        amount=round(4_000 * quantity),
        **more,
    )


def limit_of(story: Story, metric: str = "api_calls") -> float | None:
    standing = explain_standing(story.program, story.household, story.household.id, story.now)
    assert standing is not None
    return next((use.limit for use in standing.metrics if use.metric == metric), None)


def test_a_pack_raises_the_limit_until_the_usage_period_ends() -> None:
    story = buys(begun("{on: Never}").after(DAY), quantity=2)
    assert limit_of(story) == 2_000
    story.after(29 * DAY)
    assert limit_of(story) == 2_000, "March has 31 days"
    story.after(DAY)
    assert limit_of(story) == 1_000


def test_an_order_told_twice_counts_once_and_two_orders_twice() -> None:
    story = buys(buys(begun("{on: Never}")).after(DAY), ago=DAY)
    assert limit_of(story) == 1_500
    assert limit_of(buys(story, order="o2")) == 2_000


def test_an_order_told_late_counts_for_the_period_it_was_made_in() -> None:
    story = begun("{on: Never}").after(40 * DAY)
    assert limit_of(buys(story, ago=20 * DAY)) == 1_000
    assert limit_of(buys(story, order="o2", ago=5 * DAY)) == 1_500


@pytest.mark.parametrize(
    ("name", "said", "limit"),
    [
        ("Order Canceled", {"order_id": "o1"}, 1_000),
        ("Order Canceled", {"order_id": "o2"}, 2_000),
        ("Refunded", {"order_id": "o1", "amount": 8_000}, 1_000),
        ("Refunded", {"order_id": "o1", "amount": 500}, 2_000),
        ("Refunded", {"amount": 8_000}, 2_000),
        ("Refunded", {"order_id": "o1", "amount": 4_000, "items": [{"id": "calls"}]}, 1_500),
    ],
)
def test_what_is_taken_back_counts_no_more_as_far_as_events_say_so(
    name: str, said: dict[str, Any], limit: float
) -> None:
    first = buys(begun("{on: Never}"), quantity=2).happens(name, **said)
    assert limit_of(first) == limit
    late = begun("{on: Never}").after(DAY).happens(name, **said)
    assert limit_of(buys(late, quantity=2, ago=DAY)) == limit, "told before the order"


def test_two_refunds_of_parts_may_be_one_told_twice_and_take_no_pack_back() -> None:
    story = buys(begun("{on: Never}"), quantity=2)
    for _ in range(2):
        story.happens("Refunded", order_id="o1", amount=5_000)
    assert limit_of(story) == 2_000


def test_what_has_no_limit_or_an_unknown_one_gets_none_from_a_pack() -> None:
    story = begun("{on: Never}").happens("Order Completed", order_id="o", items=["other"])
    assert limit_of(story, "storage") is None


def test_a_share_of_the_limit_is_one_of_the_raised_limit_and_is_crossed_anew_without_it() -> None:
    story = begun("{crossing: {of: \"usage_ratio('api_calls')\", at: [80%]}, again_after: 1 day}")
    buys(story).happens("Usage Recorded", metric="api_calls", quantity=1_000)
    assert story.mails() == [], "of 1,500 that is two thirds"
    story.after(31 * DAY).happens("Usage Recorded", metric="api_calls", quantity=900)
    assert len(story.mails()) == 1


def test_a_pack_arms_a_crossing_by_taking_the_share_under_it() -> None:
    story = begun("{crossing: {of: \"usage_ratio('api_calls')\", at: [80%]}, again_after: 1 day}")
    story.happens("Usage Recorded", metric="api_calls", quantity=900)
    assert len(story.mails()) == 1
    buys(story.after(2 * DAY)).happens("Usage Recorded", metric="api_calls", quantity=400)
    assert len(story.mails()) == 2


def test_a_rule_about_limits_turns_at_the_end_of_the_period_though_nothing_happens() -> None:
    story = buys(begun("{when: \"limit('api_calls') = 1500\", again_after: 1 day}"))
    assert len(story.mails()) == 1, "the order itself is asked about"
    story = buys(begun("{when: \"limit('api_calls') < 1500\", again_after: 1 day}").after(2 * DAY))
    before = len(story.mails())
    story.after(29 * DAY - 1)
    assert len(story.mails()) == before
    story.after(1)
    assert len(story.mails()) == before + 1


def test_whose_limit_is_raised_again_is_let_go_by_a_journey_that_asks_for_the_pressure() -> None:
    text = workflow(
        trigger="{on: Feature Gate Hit, again_after: 1 day}",
        journey="[{wait: 2 days}, {email: {content: t1, intent: show}}]",
        eligible="[\"usage_ratio('api_calls') > 0.8\"]",
    )
    story = Story(make_program({"w": text}, catalog=SOLD))
    story.happens("Subscription Started", plan="starter", amount=4900, currency="USD")
    story.happens("Usage Recorded", metric="api_calls", quantity=900).happens("Feature Gate Hit")
    buys(story).after(3 * DAY)
    assert (story.mails(), story.reasons()[-1]) == ([], Reason.INELIGIBLE)


def test_what_a_member_buys_is_the_accounts_and_every_member_concerned_is_asked() -> None:
    texts = {
        "w": workflow(trigger="{when: \"limit('api_calls') = 1500\"}", journey=HELP),
        "bought": workflow(trigger="{on: Order Completed}", journey="[{email: {content: t2, intent: help}}]"),
        "x": workflow(unit="account", trigger="{on: Never}", journey=HELP),
    }
    story = Story(make_program(texts, catalog=SOLD), "a:acme").member("ada").member("bob", "admin")
    story.happens("Subscription Started", plan="starter", amount=4900, currency="USD")
    buys(story.after(DAY), by="ada")
    assert limit_of(story) == 1_500
    told = sorted((mail.customer_id, mail.content) for mail in story.mails())
    assert told == [("ada", "t1"), ("ada", "t2"), ("bob", "t1")], "what bob is addressed for is asked of him"


def test_who_bought_enough_for_now_needs_no_bigger_plan_until_the_next_period() -> None:
    # 40 a day are some 1,200 a period; Starter holds 500, Team 2,000 for 70 more.
    story = uses(on(told_offer("fitting"), "starter"), 40, days=10)
    story.happens("Order Completed", order_id="o1", items=[{"id": "pack"}], amount=4_000)
    assert asked(story) is Reason.NOT_NEEDED
    story = uses(story, 40, days=22)
    assert terms_of(asked(story))["thing"] == "team"


def fit_of(story: Story) -> Fit:
    standing = explain_standing(story.program, story.household, "c:ada", story.now)
    assert standing is not None
    assert standing.fit is not None
    return standing.fit


def test_a_past_period_was_not_over_when_a_pack_covered_it() -> None:
    # Of 700 and 900 on Starter, with 500 included, a pack of 1,000 covers the one it was bought in.
    story = on(told_offer("fitting"), "starter")
    story.now += 29 * DAY
    uses(story, 700)
    story.now += 31 * DAY
    uses(story, 900)
    story.now += 31 * DAY
    uses(story, 45, days=15)
    story.happens("Order Completed", order_id="o1", items=["pack"], ago=40 * DAY)
    fit = fit_of(story)
    assert (fit.periods, fit.periods_over) == (2, 1)
    assert fit.would_have_saved is not None
    # Beyond 1,500 and 500: nothing and 200 at 0.20. Twice 29 and that against twice 99 for Team.
    assert fit.would_have_saved.amount == (2_900 + 4_000 + 2_900) - 2 * 9_900


def test_a_workspace_without_packs_keeps_nothing_of_orders() -> None:
    story = Story(make_program({"w": workflow(trigger="{on: Never}", journey=HELP)}))
    story.happens("Order Completed", order_id="o1", items=["calls"]).happens("Order Canceled", order_id="o1")
    assert story.unit().profile.packs == {}
