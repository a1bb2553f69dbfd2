"""Margins are what is left of a price; what is not known or of another currency is not compared."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.stories.world import make_program
from upsell.runtime.price_margins import PriceMargin, has_costs, read_margins

CATALOG = """
default_plan: free
plans:
  free: {name: Free, tier: 0}
  pro: {name: Pro, tier: 1, price: {month: 100, year: 1000}, cost: 25}
  dear: {name: Dear, tier: 2, price: {month: 10}, cost: 12}
products:
  pack: {kind: pack, name: Pack, price: {once: 40}, limits: {api_calls: 5}, cost: 30}
  silent: {kind: add-on, name: Silent, price: {month: 5}}
offers:
  half: {kind: upgrade, plan: pro, title: Half, reason: Why, discount: 50%, interval: month}
  full: {kind: upgrade, plan: pro, title: Full, reason: Why}
"""


def found(least: float | None = None) -> dict[tuple[str, str, str], PriceMargin]:
    """Give margins where the policy asks for a least one, which the check of a workspace refuses to break."""
    program = make_program({}, catalog=CATALOG)
    policy = program.policy
    policy = replace(policy, rails=replace(policy.rails, min_margin_rate=least))
    program = replace(program, policy=policy)
    return {(each.thing, each.interval, each.offer): each for each in read_margins(program)}


def test_what_is_left_is_the_price_less_the_cost_for_as_long() -> None:
    margins = found()
    # By hand: 100.00 less 25.00; 1,000.00 less twelve times 25.00; 40.00 once less 30.00; half of 100.00.
    left = {key: (each.left.amount, each.rate) for key, each in margins.items()}
    assert left[("pro", "month", "")] == (7_500, 0.75)
    assert left[("pro", "year", "")] == (70_000, 0.7)
    assert left[("pack", "", "")] == (1_000, 0.25)
    assert left[("pro", "month", "half")] == (2_500, 0.5)
    assert left[("dear", "month", "")] == (-200, -0.2)
    assert set(left) == {
        ("pro", "month", ""), ("pro", "year", ""), ("pack", "", ""), ("dear", "month", ""),
        ("pro", "month", "half"),
    }  # fmt: skip


@pytest.mark.parametrize(("least", "is_enough"), [(0.4, True), (0.5, True), (0.6, False)])
def test_a_discounted_price_is_held_to_what_the_policy_asks_and_a_list_price_to_its_cost(
    least: float, is_enough: bool
) -> None:
    margins = found(least)
    assert margins[("pro", "month", "half")].is_enough is is_enough
    assert margins[("pro", "year", "")].is_enough
    assert not margins[("dear", "month", "")].is_enough


def test_a_catalog_without_costs_has_no_margins() -> None:
    program = make_program({})
    assert not has_costs(program.catalog)
    assert read_margins(program) == ()
