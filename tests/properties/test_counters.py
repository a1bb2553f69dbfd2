"""Counters answer as a plain list of events would: the oracle is brute force over all of them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drawing import examples
from upsell.clock import DAY, HOUR
from upsell.rules.facts import Counter, Measure, tile_of
from upsell.signals import counters
from upsell.signals.counters import CounterState, count_event

START = 1_700_000_000_000_000

Happening = tuple[int, int, int]
happenings = st.lists(
    st.tuples(
        st.integers(0, 40 * DAY).map(lambda at: at // HOUR * HOUR if at % 3 else at),
        st.integers(0, 30 * DAY),
        st.integers(-5, 5),
    ),
    max_size=40,
)
windows = st.sampled_from([HOUR, DAY, 7 * DAY, 30 * DAY, 90 * DAY])


def counter(measure: Measure, window: int | None) -> Counter:
    kept = (window or 1) * (2 if measure is Measure.TREND else 1)
    name = "x" if measure in (Measure.SUM, Measure.DISTINCT) else None
    return Counter(measure, "E", name, None, window, tile_of(kept) if window else 1)


def counted(kept: Counter, drawn: list[Happening]) -> tuple[CounterState | None, list[tuple[int, int]], int]:
    """Count events seen at ascending moments, each having occurred some time before."""
    states: dict[str, CounterState] = {}
    events: list[tuple[int, int]] = []
    now = START
    for seen, late, value in sorted(drawn):
        now = START + seen
        count_event(states, kept.key, kept, now - late, now, {"x": value})
        events.append((now - late, value))
    return states.get(kept.key), events, now


def inside(kept: Counter, at: int, now: int, windows_back: int = 1) -> bool:
    window = (kept.window or 0) * windows_back
    return at // kept.tile > (now - window) // kept.tile


@settings(max_examples=examples(150), deadline=None)
@given(happenings, windows, st.integers(0, 100 * DAY))
def test_counts_sums_and_distincts_agree_with_brute_force_at_any_later_moment(
    drawn: list[Happening], window: int, later: int
) -> None:
    for measure in (Measure.COUNT, Measure.SUM, Measure.DISTINCT):
        kept = counter(measure, window)
        state, events, last = counted(kept, drawn)
        now = last + later
        values = [value for at, value in events if inside(kept, at, now)]
        match measure:
            case Measure.COUNT:
                assert counters.read_count(state, kept, now) == len(values)
            case Measure.SUM:
                assert counters.read_total(state, kept, now) == sum(values)
            case _:
                assert counters.read_distinct(state, kept, now) == len(set(values))


@settings(max_examples=examples(100), deadline=None)
@given(happenings, windows, st.integers(0, 100 * DAY))
def test_a_trend_is_this_window_over_the_one_before_and_unknown_over_nothing(
    drawn: list[Happening], window: int, later: int
) -> None:
    kept = counter(Measure.TREND, window)
    state, events, last = counted(kept, drawn)
    now = last + later
    new = sum(1 for at, _ in events if inside(kept, at, now))
    both = sum(1 for at, _ in events if inside(kept, at, now, 2))
    expected = new / (both - new) if both > new else None
    assert counters.read_trend(state, kept, now) == expected


@settings(max_examples=examples(100), deadline=None)
@given(happenings, windows, st.integers(1, 6))
def test_the_instant_a_count_falls_below_is_exact(drawn: list[Happening], window: int, least: int) -> None:
    kept = counter(Measure.COUNT, window)
    state, _, now = counted(kept, drawn)
    at = counters.falls_below_at(state, kept, now, least)
    if counters.read_count(state, kept, now) < least:
        assert at is None
    else:
        assert at is not None
        assert counters.read_count(state, kept, at - 1) >= least
        assert counters.read_count(state, kept, at) < least


@settings(max_examples=examples(100), deadline=None)
@given(happenings, windows, st.sampled_from([Measure.COUNT, Measure.DISTINCT, Measure.TREND, Measure.SUM]))
def test_nothing_changes_by_time_alone_before_the_next_change(
    drawn: list[Happening], window: int, measure: Measure
) -> None:
    kept = counter(measure, window)
    state, _, now = counted(kept, drawn)
    at = counters.changes_at(state, kept, now)
    read = {
        Measure.COUNT: counters.read_count,
        Measure.SUM: counters.read_total,
        Measure.DISTINCT: counters.read_distinct,
        Measure.TREND: counters.read_trend,
    }[measure]
    horizon = at - 1 if at is not None else now + 400 * DAY
    for moment in range(now, horizon + 1, max(1, (horizon - now) // 25)):
        assert read(state, kept, moment) == read(state, kept, now)


@given(happenings)
def test_the_first_and_the_last_event_are_those_that_occurred_so_in_whatever_order_they_came(
    drawn: list[Happening],
) -> None:
    for measure, choose in ((Measure.FIRST, min), (Measure.LAST, max)):
        kept = counter(measure, None)
        state, events, _ = counted(kept, drawn)
        expected = choose(at for at, _ in events) if events else None
        assert counters.read_mark(state) == expected


def test_a_count_keeps_no_more_than_its_window_holds() -> None:
    kept = counter(Measure.COUNT, 30 * DAY)
    states: dict[str, CounterState] = {}
    for hour in range(24 * 365):
        at = START + hour * HOUR
        for _ in range(3):
            count_event(states, kept.key, kept, at, at, {})
    state = states[kept.key]
    assert isinstance(state, counters.Tally)
    assert len(state.tiles) <= 30 * 24 + 1


def test_values_of_different_type_are_different_values_and_what_is_no_scalar_is_none() -> None:
    kept = counter(Measure.DISTINCT, DAY)
    states: dict[str, CounterState] = {}
    for value in ("1", 1, True, 1.0, None, [1]):
        count_event(states, kept.key, kept, START, START, {"x": value})
    assert counters.read_distinct(states[kept.key], kept, START) == 3
