"""The law of packs: a period has what its orders come to, told in any order, often, late, or by two ids.

The oracle reckons anew from the whole list of what was told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drawing import examples
from tests.stories.world import CATALOG, make_program, workflow
from upsell.clock import DAY, HOUR, Moment, parse_moment
from upsell.decisions.facts import UnitFacts, tiers_of
from upsell.decisions.holdings import pack_limits
from upsell.journeys.advance import advance
from upsell.journeys.household import Household, empty_household
from upsell.rules.compile import compile_rule
from upsell.rules.vocabulary import Vocabulary
from upsell.signals.events import Event
from upsell.signals.merging import merge_profiles
from upsell.signals.packs import KEPT_PERIODS, packs_within, take_packs
from upsell.signals.profiles import Profile, Subscription, Usage, usage_period

SOLD = (
    CATALOG
    + """
products:
  calls: {kind: pack, name: Calls, price: {once: 40}, limits: {api_calls: 500, seats: 2}}
  few: {kind: pack, name: A few, price: {once: 10}, limits: {api_calls: 100}}
  more: {kind: add-on, name: More, price: {month: 9}, limits: {api_calls: 50}}
items:
  shirt: {name: Shirt, price: 20}
"""
)
PROGRAM = make_program({"w": workflow(trigger="{on: Never}", journey="[end]")}, catalog=SOLD)
LIMITS = pack_limits(PROGRAM.catalog)
TOLD = parse_moment("2026-07-11T08:00:00Z") or 0
ANCHOR = parse_moment("2026-01-31T10:00:00Z") or 0

# What each order is of; the last two hold no pack. Told again it says the same, maybe of another moment.
ORDERS: dict[str, dict[str, Any]] = {
    "o1": {"items": [{"id": "calls", "quantity": 2}, {"id": "few"}], "amount": 9_000},
    "o2": {"items": ["few", {"id": "shirt", "quantity": 3}], "amount": 7_000},
    "o3": {"products": [{"product_id": "calls", "quantity": 1.5}]},
    "o4": {"items": [{"id": "shirt"}], "amount": 2_000},
    "o5": {"items": [{"id": "more"}, {"id": "few", "quantity": -1}], "amount": 900},
}
TAKEN_BACK: list[tuple[str, dict[str, Any]]] = [
    ("Order Canceled", {}),
    ("Order Canceled", {"items": [{"id": "shirt"}]}),
    ("Order Canceled", {"items": [{"id": "few"}]}),
    ("Refunded", {"amount": 9_000, "currency": "USD"}),
    ("Refunded", {"amount": 5_000, "currency": "USD"}),
    ("Refunded", {}),
    ("Refunded", {"amount": 100, "items": [{"id": "calls"}]}),
]

moments = st.one_of(
    st.integers(0, 150 * 24).map(lambda hours: TOLD - hours * HOUR),
    st.sampled_from(
        [parse_moment("2026-03-31T10:00:00Z"), parse_moment("2026-06-30T10:00:00Z"), TOLD, TOLD + DAY]
    ),
)
nothing: dict[str, Any] = {}
completed = st.tuples(st.just("Order Completed"), st.just(nothing), st.sampled_from(sorted(ORDERS)), moments)
back = st.tuples(st.sampled_from(TAKEN_BACK), st.sampled_from(sorted(ORDERS)), moments).map(
    lambda drawn: (*drawn[0], drawn[1], drawn[2])
)
tellings = st.lists(st.one_of(completed, completed, back), max_size=12)


def event_of(number: int, telling: tuple[str, dict[str, Any], str, Moment]) -> Event:
    name, said, order, at = telling
    told = ORDERS[order] if name == "Order Completed" else said
    return Event(str(number), name, at, TOLD, "ada", None, {"order_id": order, **told})


def amounts_of(said: dict[str, Any]) -> dict[str, float]:
    """Give what the packs in a list come to."""
    found: dict[str, float] = {}
    for line in said.get("items", said.get("products", [])):
        item = line if isinstance(line, str) else line.get("id", line.get("product_id"))
        quantity = 1 if isinstance(line, str) else line.get("quantity", 1)
        for metric, each in {"calls": {"api_calls": 500, "seats": 2}, "few": {"api_calls": 100}}.get(
            item, {}
        ).items():
            if quantity > 0:
                found[metric] = found.get(metric, 0) + quantity * each
    return found


def reckoned(events: Sequence[Event], metric: str, start: Moment, end: Moment) -> float:
    """Reckon what the orders of a stretch come to, from the list of all that was told."""
    total = 0.0
    for order, made in ORDERS.items():
        about = [each for each in events if each.properties["order_id"] == order]
        told_at = [min(each.occurred_at, TOLD) for each in about if each.name == "Order Completed"]
        if not told_at or not start <= min(told_at) < end:
            continue
        taken = [each for each in about if each.name != "Order Completed"]
        listed = [each.properties for each in taken if "items" in each.properties]
        whole = [each for each in taken if "items" not in each.properties]
        refunds = [each.properties["amount"] for each in whole if "amount" in each.properties]
        if len(refunds) < len(whole) or any(given >= made.get("amount", 0) for given in refunds):
            continue
        gone = max((amounts_of(said).get(metric, 0.0) for said in listed), default=0.0)
        total += max(0.0, amounts_of(made).get(metric, 0.0) - gone)
    return total


def told(events: Sequence[Event]) -> Household:
    start = {"plan": "starter", "amount": 4900, "currency": "USD"}
    first = Event("s", "Subscription Started", ANCHOR, TOLD, "ada", None, start)
    return advance(PROGRAM, empty_household("c:ada"), [first, *events])[0]


def facts_of(profile: Profile, now: Moment) -> UnitFacts:
    return UnitFacts(profile, None, PROGRAM.catalog, tiers_of(PROGRAM.catalog), {}, now, is_account=False)


@settings(max_examples=examples(200), deadline=None)
@given(tellings, st.randoms())
def test_limits_are_those_of_the_plan_and_of_the_orders_of_the_period_in_any_order(
    drawn: list[tuple[str, dict[str, Any], str, Moment]], luck: Any
) -> None:
    events = [event_of(number, telling) for number, telling in enumerate(drawn)]
    mixed = list(events)
    luck.shuffle(mixed)
    profile = told(mixed).customers["ada"].profile
    assert profile.packs == told(events).customers["ada"].profile.packs
    start, end = usage_period(ANCHOR, TOLD)
    moved = facts_of(profile, TOLD)
    for now in (TOLD, end - 1, end, end + 40 * DAY):
        moved.move_to(now)
        for facts in (moved, facts_of(profile, now)):
            within = usage_period(ANCHOR, now)
            assert facts.limit("api_calls") == 1000 + reckoned(events, "api_calls", *within)
            assert facts.limit("seats") == 5 + reckoned(events, "seats", *within)
    for _ in range(KEPT_PERIODS):
        start, end = usage_period(ANCHOR, start - 1)
        kept = packs_within(profile.packs.values(), start, end)
        assert kept.get("api_calls", 0) == reckoned(events, "api_calls", start, end)


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.one_of(completed, back)), max_size=12))
def test_the_orders_of_two_ids_merged_are_those_of_one_that_made_them_all(
    drawn: list[tuple[bool, tuple[str, dict[str, Any], str, Moment]]],
) -> None:
    # Oracle: one profile that takes every event.
    one, two, alone = Profile(), Profile(), Profile()
    for number, (is_first, telling) in enumerate(drawn):
        for profile in (one if is_first else two, alone):
            take_packs(profile.packs, event_of(number, telling), LIMITS)
    merge_profiles(one, two, {})
    assert one.packs == alone.packs


RULES = [
    "limit('api_calls') > 1000",
    "limit('api_calls') between 1100 and 1600 or limit('seats') = 7",
    "usage_ratio('api_calls') >= 0.8",
    "usage_ratio('seats') >= 1",
    "usage_over('seats') > 0",
    "days_to_limit('api_calls') <= 12",
    "days_to_limit('seats') < 30",
    "days_to_limit_at_most('seats') is null",
]
days = st.lists(st.tuples(st.integers(0, 40), st.sampled_from([5.0, 60.0])), max_size=12)


@settings(max_examples=examples(150), deadline=None)
@given(st.sampled_from(RULES), tellings, days, st.integers(0, 25))
def test_a_rule_over_limits_is_asked_again_before_time_alone_changes_it(
    text: str, drawn: list[tuple[str, dict[str, Any], str, Moment]], used: list[tuple[int, float]], later: int
) -> None:
    profile = Profile()
    profile.subscriptions["s"] = Subscription("s", "starter", 1, 4900, "USD", 1, "active", ANCHOR)
    for number, telling in enumerate(drawn):
        take_packs(profile.packs, event_of(number, telling), LIMITS)
    by_day = sorted({TOLD // DAY - ago: amount for ago, amount in used}.items())
    if by_day:
        start, _ = usage_period(ANCHOR, TOLD)
        amount = sum(amount for day, amount in by_day if day * DAY >= start)
        profile.usage["api_calls"] = Usage(amount, start, by_day)
        profile.usage["seats"] = Usage(by_day[-1][1] / 10, None, [(day, n / 10) for day, n in by_day], TOLD)
    rule = compile_rule(text, Vocabulary())
    now = TOLD + later * DAY
    before, said = rule.value(facts_of(profile, now)), rule.next_change_at(facts_of(profile, now))
    assert said is None or said > now
    _, end = usage_period(ANCHOR, now)
    midnights = [(now // DAY + ahead) * DAY for ahead in range(1, 40)]
    for instant in sorted({end - 1, end, *midnights, *(now + hours * HOUR for hours in range(1, 900, 7))}):
        if instant > now and (said is None or instant < said):
            assert rule.value(facts_of(profile, instant)) == before, (said, instant)
