"""What rules mean: SQL's three-valued logic, windows, kinds, and what a rule says of itself."""

from __future__ import annotations

import pytest

from tests.rules_world import NOON, Happening, World, days_before
from upsell.clock import DAY, HOUR, Moment, format_moment, parse_moment
from upsell.rules.compile import Rule, compile_rule
from upsell.rules.conditions import compile_condition
from upsell.rules.facts import Counter, Measure, Scalar
from upsell.rules.kinds import Kind, as_moment, as_number, distinct_key, rounded_total
from upsell.rules.sql import to_sql
from upsell.rules.vocabulary import Vocabulary

OPEN = Vocabulary()


def rule(text: str, vocabulary: Vocabulary = OPEN, expects: Kind | None = None) -> Rule:
    return compile_rule(text, vocabulary, expects=expects)


def ask(text: str, world: World | None = None, now: Moment = NOON) -> object:
    return (world or World()).asked(rule(text), now)


# Oracle: the truth tables of SQL-92, 8.12.
_TRUTHS = {"true": True, "false": False, "null": None}


@pytest.mark.parametrize("left", _TRUTHS)
@pytest.mark.parametrize("right", _TRUTHS)
def test_and_or_and_not_have_the_truth_tables_of_sql(left: str, right: str) -> None:
    known = {
        name: value for name, value in (("l", _TRUTHS[left]), ("r", _TRUTHS[right])) if value is not None
    }
    world = World(customer=known)
    one, other = _TRUTHS[left], _TRUTHS[right]
    both = False if one is False or other is False else None if one is None or other is None else True
    either = True if one is True or other is True else None if one is None or other is None else False
    assert ask("customer.l and customer.r", world) is both
    assert ask("customer.l or customer.r", world) is either
    assert ask("not customer.l", world) is (None if one is None else not one)
    assert ask("customer.l is true", world) is (one is True)
    assert ask("customer.l is not false", world) is (one is not False)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("customer.n > 1", None),
        ("not customer.n > 1", None),
        ("customer.n is null", True),
        ("customer.n is not null", False),
        ("customer.n in (1, 2)", None),
        ("customer.x in (1, customer.n)", None),
        ("customer.x in (5, customer.n)", True),
        ("customer.x not in (1, customer.n)", None),
        ("customer.n between 1 and 2", None),
        ("customer.x between 6 and customer.n", False),
        ("customer.t like 'a%'", None),
        ("coalesce(customer.n, customer.x) = 5", True),
        ("case when customer.n > 1 then 1 else 2 end = 2", True),
        ("case when customer.x > 9 then 1 end is null", True),
        ("case customer.x when 5 then 'five' else 'other' end = 'five'", True),
        ("customer.x / 0 is null", True),
        ("customer.x / (customer.x - 5) > 0", None),
        ("customer.x / 2 = 2.5", True),
        ("customer.x + customer.n > 0", None),
        ("usage_ratio('none') >= 0.8", None),
    ],
)
def test_null_follows_sql(text: str, answer: bool | None) -> None:
    assert ask(text, World(customer={"x": 5})) is answer


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "customer.v = 1"),
        ("1", "customer.v = 1"),
        (1, "customer.v = '1'"),
        (1, "customer.v = true"),
        ("true", "customer.v = true"),
        ("2026-01-01T00:00:00", "customer.v < now()"),
        (1_767_225_600_000_000, "customer.v < now()"),
        ("2026-01-01", "customer.v < now()"),
        (1e31, "customer.v > 1"),
    ],
)
def test_a_trait_of_another_json_type_than_its_use_asks_is_null(value: Scalar, text: str) -> None:
    assert ask(text, World(customer={"v": value})) is None


def test_any_scalar_is_present_when_no_use_asks_for_a_kind() -> None:
    for value in (True, 0, 0.5, "", "x"):
        assert ask("customer.v is null", World(customer={"v": value})) is False
    assert ask("customer.v is null", World(customer={"v": None})) is True
    assert ask("customer.v is null", World(customer={"v": [1]})) is True  # type: ignore[dict-item]  # JSON holds lists


def test_a_declared_trait_of_another_json_type_is_null_also_when_asked_for_presence() -> None:
    declared = Vocabulary(traits={"customer": {"v": Kind.NUMBER}})
    assert World(customer={"v": "x"}).asked(rule("customer.v is null", declared)) is True


def test_moments_of_the_subscription_are_numbers_of_microseconds() -> None:
    world = World(subscription={"renews_at": NOON + 30 * DAY})
    assert ask("days_until(subscription.renews_at)", world) == 30.0
    assert ask("days_since(subscription.renews_at)", world) == -30.0
    assert ask("days_until(subscription.renews_at) <= 30", world, NOON - 1) is False
    assert ask("days_until(subscription.renews_at) <= 30", world, NOON) is True


def test_text_is_compared_by_code_point() -> None:
    # Oracle: the code points themselves: B is 66, a is 97, é is 233, U+FFFF is below U+1F600.
    assert ask("'B' < 'a' and 'z' < 'é' and '\uffff' < '😀'") is True


def test_like_takes_one_character_for_one_code_point_and_knows_escapes() -> None:
    world = World(customer={"t": "a😀b"})
    assert ask("customer.t like 'a_b'", world) is True
    assert ask("customer.t like 'a__b'", world) is False
    assert ask("'10%' like '10\\%' and not '100' like '10\\%'") is True
    assert ask("'10%' like '10!%' escape '!'") is True
    assert ask("'a\nb' like 'a%b' and 'A' not like 'a'") is True


def test_an_event_at_the_instant_asked_is_inside_its_window_and_one_a_window_ago_is_not() -> None:
    # Oracle: the definition (now - interval, now].
    times = (NOON, NOON - 7 * DAY + 1, NOON - 7 * DAY, NOON + 1)
    world = World(events=tuple(Happening("Pricing Viewed", at) for at in times))
    assert ask("event_count('Pricing Viewed', interval '7 days')", world) == 2


def test_long_windows_are_counted_to_the_hour_and_very_long_ones_to_the_day() -> None:
    # Oracle: an event leaves when its tile's start is one window old; NOON lies on both edges of an hour.
    for window, tile in ((30, HOUR), (90, DAY)):
        start = (NOON - window * DAY) // tile * tile
        world = World(events=(Happening("X", start + tile - 1), Happening("X", start + tile)))
        assert ask(f"event_count('X', interval '{window} days')", world) == 1


def test_sums_skip_what_is_no_number_and_hide_the_order_of_adding() -> None:
    amounts = (0.1, 0.2, "9", True, None, 1e31)
    world = World(events=tuple(Happening("Order", NOON - 1, {"total": amount}) for amount in amounts))
    assert ask("event_sum('Order', 'total', interval '1 day')", world) == 0.3
    assert ask("event_sum('None', 'total', interval '1 day')", world) == 0.0


def test_distinct_tells_texts_numbers_and_booleans_apart() -> None:
    values = (1, 1.0, "1", True, "true", None, "x", "x")
    world = World(events=tuple(Happening("Opened", NOON - 1, {"id": value}) for value in values))
    # Oracle: 1 and 1.0 are one; "1", true, "true" and "x" are four more; null is none.
    assert ask("event_distinct('Opened', 'id', interval '1 day')", world) == 5


def test_first_and_last_event_and_the_days_since_them() -> None:
    world = World(
        events=(Happening("A", days_before(10)), Happening("A", days_before(2)), Happening("B", NOON))
    )
    assert ask("first_event('A')", world) == days_before(10)
    assert ask("days_since(last_event('A'))", world) == 2.0
    assert ask("days_since(last_event('C'))", world) is None
    assert ask("coalesce(days_since(last_event('C')), 999) > 30", world) is True


def test_a_trend_is_this_window_over_the_one_before_and_null_over_nothing() -> None:
    ago = (1, 2, 3, 8, 9)
    world = World(events=tuple(Happening("A", days_before(days)) for days in ago))
    assert ask("trend('A', interval '7 days')", world) == 1.5
    assert ask("trend('A', interval '1 day')", World(events=(Happening("A", NOON),))) is None


def test_conditions_look_at_the_events_own_properties_and_unknown_is_not_counted() -> None:
    properties: tuple[dict[str, Scalar], ...] = (
        {"page": "pro", "n": 4},
        {"page": "pro"},
        {"page": "free", "n": 4},
    )
    world = World(events=tuple(Happening("Viewed", NOON, each) for each in properties))
    text = "event_count('Viewed', interval '1 day', properties.page = 'pro' and properties.n > 3)"
    assert ask(text, world) == 1


def test_dates_are_midnight_in_utc_and_timestamps_say_their_zone() -> None:
    assert ask("date '2026-01-01' = timestamp '2026-01-01T05:30:00+05:30'") is True
    assert ask("date '2026-01-01'") == parse_moment("2026-01-01T00:00:00Z")
    assert ask("now() - interval '1 day' + interval '2 hours'") == NOON - 22 * HOUR


def test_signals_are_written_out_by_name() -> None:
    vocabulary = Vocabulary(signals={"near": "usage_ratio('m') >= 0.8", "ready": "near and plan.tier < 3"})
    world = World(used={"m": 90.0}, limits={"m": 100.0}, plan={"tier": 1})
    compiled = rule("ready or false", vocabulary)
    assert world.asked(compiled) is True
    assert compiled.canonical == "(usage_ratio('m') >= 0.8 and plan.tier < 3) or false"


def test_equal_conditions_share_a_counter_however_they_are_written() -> None:
    compiled = rule(
        "event_count('A', interval '7 days', properties.x='a' AND properties.y > 3.0) > 1"
        " or EVENT_COUNT('A', INTERVAL '168 hours', ((properties.x = 'a') and (properties.y>3))) > 2"
    )
    (counter,) = compiled.counters
    assert counter == Counter(
        measure=Measure.COUNT,
        event="A",
        condition="properties.x = 'a' and properties.y > 3",
        window=7 * DAY,
    )
    condition = compile_condition(counter.condition or "")
    assert condition.text == counter.condition
    assert condition.holds({"x": "a", "y": 4}) is True
    assert condition.holds({"x": "a"}) is None
    assert condition.holds({"x": "b"}) is False


def test_counters_of_different_meaning_have_different_keys_whatever_names_hold() -> None:
    compiled = rule("event_sum('a|b', 'c', interval '1 day') > event_sum('a', 'b|c', interval '1 day')")
    assert len(compiled.counters) == 2


def test_a_rule_tells_what_it_reads() -> None:
    reads = rule(
        "plan.tier < 3 and customer.country = 'DE' and usage_ratio('seats') > 0.8 and limit('api') > 1"
        " and days_until(subscription.renews_at) < 3"
    ).reads
    assert reads.traits == {("plan", "tier"), ("customer", "country"), ("subscription", "renews_at")}
    assert reads.metrics == {"seats", "api"}
    assert (reads.has_usage, reads.has_limit, reads.has_now, reads.is_timed) == (True, True, True, True)
    still = rule("plan.tier < 3 and last_event('A') > date '2026-01-01'").reads
    assert (still.has_usage, still.has_limit, still.has_now, still.is_timed) == (False, False, False, False)
    limited = rule("plan.tier < 3 and limit('api') > 1").reads
    assert (limited.has_usage, limited.has_limit, limited.is_timed) == (False, True, True), "packs end"


def test_terms_are_the_facts_in_canonical_form_each_once() -> None:
    compiled = rule(
        "usage_ratio('api')>=0.8 and days_until(subscription.renews_at) <= 30 and plan.tier between 1 and 2"
        " and event_count('A', interval '168 hours') > 1 and customer.note is not null"
    )
    world = World(
        used={"api": 9.0},
        limits={"api": 10.0},
        plan={"tier": 1},
        subscription={"renews_at": NOON + DAY},
        customer={"note": "vip"},
    )
    facts = world.at(NOON, compiled)
    assert {term.text: term.value(facts) for term in compiled.terms} == {
        "usage_ratio('api')": 0.9,
        "days_until(subscription.renews_at)": 1.0,
        "plan.tier": 1.0,
        "event_count('A', interval '7 days')": 0,
        "customer.note": "vip",
    }


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("true", Kind.BOOLEAN),
        ("1 + 2", Kind.NUMBER),
        ("'a'", Kind.TEXT),
        ("now()", Kind.MOMENT),
        ("case when true then null else first_event('A') end", Kind.MOMENT),
        ("coalesce(plan.name, 'none')", Kind.TEXT),
        ("event_count('A', interval '1 day')", Kind.NUMBER),
    ],
)
def test_a_rule_knows_its_kind(text: str, kind: Kind) -> None:
    assert rule(text).kind is kind


def test_the_kind_a_rule_must_have_gives_its_fields_theirs() -> None:
    compiled = rule("customer.is_vip", expects=Kind.BOOLEAN)
    assert World(customer={"is_vip": True}).asked(compiled) is True
    assert World(customer={"is_vip": "yes"}).asked(compiled) is None


def test_scopes_beyond_the_usual_are_read_when_they_are_declared() -> None:
    vocabulary = Vocabulary(fields={"trigger": {"plan": Kind.TEXT}})
    compiled = rule("trigger.plan = 'pro'", vocabulary)
    assert compiled.reads.traits == {("trigger", "plan")}
    assert "u.trigger" in to_sql(compiled, "postgres")


def test_next_change_is_silent_where_a_side_that_stands_still_decides() -> None:
    compiled = rule("plan.tier < 3 and days_until(subscription.renews_at) <= 30")
    renewal: dict[str, Scalar] = {"renews_at": NOON + 40 * DAY}
    assert World(plan={"tier": 1}, subscription=renewal).next_change(compiled) == NOON + 10 * DAY
    assert World(plan={"tier": 3}, subscription=renewal).next_change(compiled) is None


def test_next_change_of_usage_is_the_end_of_its_period() -> None:
    compiled = rule("usage_ratio('api') >= 0.8")
    assert World(period_ends_at=NOON + DAY).next_change(compiled) == NOON + DAY
    assert World(period_ends_at=NOON - DAY).next_change(compiled) is None


def test_next_change_is_found_though_the_value_turns_back_soon_after() -> None:
    text = "case when days_since(customer.m) < 1 then days_since(customer.d) else 0 end >= 1"
    moments = {"m": format_moment(days_before(0.55)), "d": format_moment(days_before(0.6))}
    # Oracle: d becomes one day old 0.4 days from now, and m 0.05 days later, which turns it back.
    assert World(customer=moments).next_change(rule(text)) == days_before(-0.4)


def test_a_value_that_moves_with_every_instant_says_so() -> None:
    compiled = rule("days_since(customer.m)")
    assert World(customer={"m": "2026-01-01T00:00:00Z"}).next_change(compiled) == NOON + 1
    assert World().next_change(compiled) is None


def test_numbers_are_doubles_within_bounds() -> None:
    # Oracle: IEEE 754; 2**53 + 1 has no double of its own.
    assert as_number(2**53 + 1) == 2.0**53
    assert as_number(10**400) is None
    assert as_number(float("nan")) is None
    assert as_number(float("inf")) is None
    assert as_number(1e-31) == 0.0
    assert as_number(True) is None


def test_what_counters_keep_of_a_property() -> None:
    assert distinct_key(0) == distinct_key(-0.0)
    assert len({distinct_key(value) for value in (1, "1", True, 1.0)}) == 3
    assert distinct_key(None) is None
    assert rounded_total(0.1 + 0.2) == 0.3


def test_offsets_beyond_the_hour_are_no_moments() -> None:
    assert as_moment("2026-03-01T00:00:00+15:99") is None
    assert as_moment("2026-03-01T00:00:59Z") == parse_moment("2026-03-01T00:00:59Z")
