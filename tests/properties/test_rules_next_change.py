"""The law of next change: never later than brute force, and exact for one date or one count."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests import rules_generated as generated
from tests.drawing import examples
from tests.rules_world import NOON, Happening, World
from upsell.clock import DAY, HOUR, MINUTE, SECOND, WEEK, Moment, parse_moment
from upsell.rules import tree
from upsell.rules.compile import Rule, compile_rule
from upsell.rules.vocabulary import Vocabulary

_EXAMPLES = settings(
    max_examples=examples(150),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
_SPANS = (SECOND, 36 * HOUR, 7 * DAY, 30 * DAY, 10 * WEEK)
_GRID = [NOON + step * 7 * HOUR for step in range(1, 400)] + [NOON + step * MINUTE for step in range(1, 60)]


def _turns(rule: Rule, world: World) -> list[Moment]:
    """Give the instants near which something might turn: every moment known, moved by every span known."""
    constants = [
        float(part.value) * DAY
        for part in tree.walk(rule.tree)
        if isinstance(part, tree.Literal) and isinstance(part.value, float)
    ]
    values = [
        *world.customer.values(),
        *(value for event in world.events for value in event.properties.values()),
    ]
    moments = [parse_moment(value) for value in values if isinstance(value, str)]
    moments += [value for value in world.subscription.values() if type(value) is int]
    moments += [event.occurred_at // tile * tile for event in world.events for tile in (1, HOUR, DAY)]
    moments += [
        world.period_ends_at,
        world.fit_turns_at,
        NOON,
        *(parse_moment(f"2026-03-{day}T00:00:00Z") for day in ("01", "15")),
    ]
    spans = {0, *(round(constant) for constant in constants if abs(constant) < 1e18)}
    spans |= {times * span for span in _SPANS for times in (1, 2)}
    return [
        moment + sign * span + near
        for moment in moments
        if moment is not None
        for span in spans
        for sign in (-1, 1)
        for near in (-1, 0, 1)
    ]


def first_change(rule: Rule, world: World, instants: Iterable[Moment]) -> Moment | None:
    """Find by brute force the first of the instants at which a rule has another value."""
    before = world.asked(rule)
    later = sorted({instant for instant in instants if NOON < instant < NOON + 5_000 * DAY})
    return next((instant for instant in later if world.asked(rule, instant) != before), None)


@_EXAMPLES
@given(text=generated.booleans(), world=generated.worlds)
def test_the_next_change_is_never_later_than_brute_force(text: str, world: World) -> None:
    rule = compile_rule(text, generated.VOCABULARY)
    told = world.next_change(rule)
    assert told is None or told > NOON
    assert rule.reads.is_timed or told is None
    found = first_change(rule, world, [*_turns(rule, world), *_GRID])
    assert found is None or (told is not None and told <= found), f"told {told}, found {found}: {text}"


def assert_exact(rule: Rule, world: World, told: Moment | None, turns: Iterable[Moment]) -> None:
    """Check that the value turns at the instant told, not before, and that None means never."""
    before = world.asked(rule)
    found = first_change(rule, world, [*turns, *_GRID])
    if told is None:
        assert found is None
        return
    assert world.asked(rule, told) != before
    assert world.asked(rule, told - 1) == before
    assert found is None or told <= found


@settings(max_examples=examples(300), deadline=None)
@given(
    days=st.one_of(
        st.integers(-400, 400).map(float),
        st.floats(-400, 400, allow_nan=False),
        st.sampled_from([0.1, 1 / 3, 1e5]),
    ),
    ask=st.sampled_from(["days_until", "days_since"]),
    compare=generated.comparisons,
    is_turned=st.booleans(),
    renews_at=st.integers(-500 * DAY, 500 * DAY).map(lambda ahead: NOON + ahead),
)
def test_the_next_change_is_exact_for_one_date_against_a_constant(
    days: float, ask: str, compare: str, is_turned: bool, renews_at: Moment
) -> None:
    assume(days == 0.0 or abs(days) > 1e-30)
    asked, bound = f"{ask}(subscription.renews_at)", f"{days!r}"
    text = f"{bound} {compare} {asked}" if is_turned else f"{asked} {compare} {bound}"
    rule = compile_rule(text, Vocabulary())
    world = World(subscription={"renews_at": renews_at})
    turns = [renews_at + sign * round(days * DAY) + near for sign in (-1, 1) for near in range(-3, 4)]
    assert_exact(rule, world, world.next_change(rule), turns)


@settings(max_examples=examples(100), deadline=None)
@given(
    compare=generated.comparisons,
    moved=st.sampled_from(["", " - interval '7 days'", " + interval '30 days'"]),
    renews_at=st.integers(-40 * DAY, 40 * DAY).map(lambda ahead: NOON + ahead),
)
def test_the_next_change_is_exact_for_now_against_one_moment(
    compare: str, moved: str, renews_at: Moment
) -> None:
    rule = compile_rule(f"now(){moved} {compare} subscription.renews_at", Vocabulary())
    world = World(subscription={"renews_at": renews_at})
    turns = [renews_at + span * DAY + near for span in (-30, 0, 7) for near in (-1, 0, 1)]
    assert_exact(rule, world, world.next_change(rule), turns)


@settings(max_examples=examples(300), deadline=None)
@given(
    window=st.sampled_from(["7 days", "30 days", "90 days"]),
    compare=generated.comparisons,
    bound=st.sampled_from(["0", "1", "2", "3", "2.5", "-1", "4"]),
    is_turned=st.booleans(),
    times=st.lists(st.integers(-95 * DAY, 0), max_size=6),
)
def test_the_next_change_is_exact_for_one_count_against_a_constant(
    window: str, compare: str, bound: str, is_turned: bool, times: list[int]
) -> None:
    asked = f"event_count('Viewed', interval '{window}')"
    text = f"{bound} {compare} {asked}" if is_turned else f"{asked} {compare} {bound}"
    rule = compile_rule(text, Vocabulary())
    world = World(events=tuple(Happening("Viewed", NOON + time) for time in times))
    turns = [
        (NOON + time) // tile * tile + days * DAY + near
        for time in times
        for tile in (1, HOUR, DAY)
        for days in (7, 30, 90)
        for near in (-1, 0, 1)
    ]
    assert_exact(rule, world, world.next_change(rule), turns)
