"""The law of the plan that fits: the cheapest that can be taken now and holds what is needed, or silence.

The oracle looks at every plan of a random catalog, with whole numbers and fractions.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drawing import examples
from upsell.catalog.catalog import Catalog
from upsell.catalog.plans import BillingInterval, Charge, Plan
from upsell.clock import DAY, HOUR, parse_moment
from upsell.decisions.facts import UnitFacts, tiers_of
from upsell.decisions.fit import fit_plan
from upsell.decisions.lineup import LineupOrder, line_up
from upsell.money import Money
from upsell.rules.compile import compile_rule
from upsell.rules.vocabulary import Vocabulary
from upsell.signals.profiles import PackOrder, Profile, Subscription, Usage, months_after, usage_period

NOW = parse_moment("2026-03-15T12:00:00Z") or 0
KEYS = ("a", "b", "c", "d", "e")
METRICS = ("reports", "seats")
MARGIN = 0.25
"""Exact in binary, so that the oracle's fractions and the code's doubles agree at every edge."""

money = st.integers(0, 40).map(lambda whole: Money(whole * 100, "USD"))
# Parts of a cent that are binary, so that the oracle's fractions are the very same numbers.
charges = st.integers(0, 160).map(lambda parts: Charge(parts * 6.25, "USD"))
limits = st.dictionaries(st.sampled_from(METRICS), st.sampled_from([0.0, 4.0, 5.0, 8.0, 10.0, 40.0]))
features = st.dictionaries(
    st.sampled_from(["sso", "export"]), st.sampled_from([NOW // DAY - ago for ago in (0, 60, 89, 90, 200)])
)
paths = st.one_of(st.none(), st.lists(st.sampled_from(KEYS), unique=True).map(tuple))


@st.composite
def plans(draw: st.DrawFn, key: str) -> Plan:
    stated = draw(limits)
    prices = {BillingInterval.MONTH: draw(money), BillingInterval.YEAR: draw(money)}
    priced = draw(st.sampled_from([(), (BillingInterval.MONTH,), tuple(BillingInterval)]))
    charged = draw(st.lists(st.sampled_from(sorted(stated)), unique=True)) if stated else []
    return Plan(
        id=key,
        name=key,
        tier=draw(st.integers(0, 3)),
        prices={interval: {"USD": prices[interval]} for interval in priced},
        limits=stated,
        unlimited=frozenset(draw(st.sets(st.sampled_from(METRICS)))) - set(stated),
        overage={metric: draw(charges) for metric in charged},
        family=draw(st.sampled_from(["", "", "", "chat"])),
        features=draw(st.sampled_from([(), ("sso",), ("sso", "export")])),
        regions=draw(st.sampled_from([(), (), ("DE",)])),
        is_for_sale=draw(st.sampled_from([True, True, True, False])),
        leads_to=draw(paths),
    )


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Catalog, Profile, Mapping[str, float]]:
    """Draw a catalog, somebody with a plan of it, and the levels they stand at."""
    keys = draw(st.lists(st.sampled_from(KEYS), min_size=1, unique=True))
    sold = {key: draw(plans(key)) for key in keys}
    held = Subscription(
        "s",
        draw(st.sampled_from(keys)),
        draw(st.sampled_from([1.0, 2.0, 3.0])),
        draw(st.sampled_from([0, 1_200, 36_000])),
        "USD",
        draw(st.sampled_from([1, 12])),
        "active",
        NOW - 10 * DAY,
    )
    used = draw(st.dictionaries(st.sampled_from(METRICS), st.sampled_from([0.0, 4.0, 5.0, 8.0, 12.0])))
    profile = Profile(
        traits={"country": draw(st.sampled_from(["DE", "US"]))},
        subscriptions={"s": held},
        # A level of today alone is expected to stay where it is.
        features=draw(features),
        usage={metric: Usage(level, None, [(NOW // DAY, level)], NOW) for metric, level in used.items()},
    )
    return Catalog(plans=sold, margin=MARGIN), profile, used


def can_be_had(plan: Plan, present: Plan, country: str) -> bool:
    if plan.id == present.id:
        return True
    is_sold = plan.is_for_sale and (not plan.regions or country in plan.regions)
    ways = KEYS if present.leads_to is None else present.leads_to
    return is_sold and plan.family == present.family and plan.id in ways


def cost_of(plan: Plan, present: Plan, profile: Profile, needs: Mapping[str, float]) -> Fraction | None:
    """Give what a plan costs per month in minor units, None where it is not enough or not known."""
    held = profile.subscriptions["s"]
    in_use = {feature for feature, day in profile.features.items() if day > NOW // DAY - 90}
    if plan is not present and not in_use & set(present.features) <= set(plan.features):
        return None
    seats = plan.limits.get("seats", held.quantity)
    if plan is not present and seats < held.quantity and "seats" not in plan.overage:
        return None
    by_interval = {interval: Fraction(each["USD"].amount) for interval, each in plan.prices.items()}
    yearly, monthly = by_interval.get(BillingInterval.YEAR), by_interval.get(BillingInterval.MONTH)
    price = yearly / 12 if held.interval_months == 12 and yearly is not None else monthly
    if plan is present and held.amount:
        cost = Fraction(held.amount, held.interval_months)
    elif price is None:
        return None
    else:
        cost = price * Fraction(held.quantity)
    for metric, need in needs.items():
        if metric in plan.unlimited:
            continue
        if metric not in plan.limits:
            if plan is present:
                continue
            return None
        over = Fraction(need) - Fraction(plan.limits[metric])
        if metric in plan.overage:
            cost += max(Fraction(0), over) * Fraction(plan.overage[metric].amount)
            continue
        wanted = Fraction(need) if plan is present else Fraction(need) * Fraction(5, 4)
        if plan.limits[metric] < wanted:
            return None
    return cost


@settings(max_examples=examples(400), deadline=None)
@given(worlds())
def test_the_fit_is_the_cheapest_of_all_plans_that_can_be_had_and_are_enough(
    world: tuple[Catalog, Profile, Mapping[str, float]],
) -> None:
    catalog, profile, used = world
    held = profile.subscriptions["s"]
    present, country = catalog.plans[held.plan], str(profile.traits["country"])
    facts = UnitFacts(profile, None, catalog, tiers_of(catalog), {}, NOW, is_account=False)
    fit = fit_plan(facts, catalog, country)
    had = [plan for plan in catalog.plans.values() if can_be_had(plan, present, country)]
    limited = {metric for plan in had for metric in (*plan.limits, *plan.unlimited)}
    needs = {metric: level for metric, level in used.items() if metric in limited}
    costs = {plan.id: cost for plan in had if (cost := cost_of(plan, present, profile, needs)) is not None}
    if not needs or not costs:
        assert fit is None
        return
    assert fit is not None
    assert fit.plan in costs, "what fits can be had and is enough"
    cheapest = min(costs.values())
    assert costs[fit.plan] - cheapest < Fraction(1, 1_000_000)
    assert fit.is_staying == (fit.plan == present.id)
    shown = line_up(facts, catalog, LineupOrder.ASCENDING, fit)
    assert {plan.id for plan in shown} == {plan.id for plan in had}, "side by side stand all that can be had"
    assert [plan.id for plan in shown if plan.is_fitting] == [fit.plan]
    assert fit.price.amount == round(float(costs[fit.plan]))
    by_held = BillingInterval.YEAR if held.interval_months == 12 else BillingInterval.MONTH
    is_told = fit.is_staying or (held.amount > 0 and by_held in catalog.plans[fit.plan].prices)
    assert (fit.saving is None) == (present.id not in costs or not is_told)
    if fit.saving is not None:
        assert fit.saving.amount == round(float(costs[present.id] - costs[fit.plan]))


RULES = [
    "fit.is_staying = false",
    "fit.plan = 'a'",
    "fit.saving > 500",
    "fit.price is not null and fit.periods_over >= 1",
    "fit.would_have_saved > 0",
    "fit.plan is null",
]
used_days = st.lists(st.tuples(st.integers(0, 45), st.sampled_from([0.1, 0.5, 2.0])), max_size=10)
past_periods = st.lists(st.tuples(st.integers(1, 6), st.sampled_from([3.0, 9.0, 30.0])), max_size=4)


@settings(max_examples=examples(300), deadline=None)
@given(
    st.sampled_from(RULES),
    worlds(),
    st.dictionaries(
        st.sampled_from(METRICS),
        st.tuples(used_days, past_periods, st.sampled_from([None, 0, 0, 1, 3])),
        min_size=1,
    ),
    st.one_of(st.none(), st.integers(1, 40)),
    st.dictionaries(st.integers(0, 40), st.sampled_from([4.0, 8.0]), max_size=2),
)
def test_a_rule_over_the_fit_is_asked_again_before_time_alone_changes_it(
    text: str,
    world: tuple[Catalog, Profile, Mapping[str, float]],
    used: Mapping[str, tuple[list[tuple[int, float]], list[tuple[int, float]], int | None]],
    ends_in: int | None,
    packs: Mapping[int, float],
) -> None:
    catalog, profile, _ = world
    held = profile.subscriptions["s"]
    held.ends_at = NOW + ends_in * DAY if ends_in is not None else None
    start, end = usage_period(held.started_at, NOW)
    profile.packs = {
        str(ago): PackOrder(NOW - ago * DAY, {"reports": amount}) for ago, amount in packs.items()
    }
    for metric, (days, past, months) in used.items():
        # Used last so many months ago, or a level.
        began_at = start if months is None else months_after(start, -months)
        last_day = NOW // DAY - 31 * (months or 0)
        by_day = sorted({last_day - ago: amount for ago, amount in days}.items())
        amount = sum(amount for day, amount in by_day if day * DAY >= began_at) if by_day else 12.0
        periods = sorted({months_after(began_at, -ago): amount for ago, amount in past}.items())
        is_level = months is None
        kept = Usage(amount, None if is_level else began_at, by_day, NOW if is_level else None, periods)
        profile.usage[metric] = kept
    rule = compile_rule(text, Vocabulary())

    def asked(now: int) -> UnitFacts:
        return UnitFacts(profile, None, catalog, tiers_of(catalog), {}, now, is_account=False)

    before, said = rule.value(asked(NOW)), rule.next_change_at(asked(NOW))
    assert said is None or said > NOW
    moved = asked(NOW)
    midnights = [(NOW // DAY + ahead) * DAY for ahead in range(1, 200, 3)]
    for instant in sorted({end - 1, end, *midnights, *(NOW + hours * HOUR for hours in range(1, 900, 11))}):
        moved.move_to(instant)
        value = rule.value(asked(instant))
        assert rule.value(moved) == value, "facts that were moved say the same"
        if said is None or instant < said:
            assert value == before, (said, instant)
