"""Chance by hash: what grows keeps whom it had, and no salt says anything about another."""

from __future__ import annotations

from decimal import Decimal
from itertools import combinations, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, chisquare

from tests.drawing import examples
from upsell.decisions.assignment import choose_arm, is_drawn
from upsell.decisions.layers import LayerShare, ask_layer, lay_out
from upsell.decisions.ramps import RampStep, ask_ramp, ramp_share
from upsell.journeys.workflow import Experiment

UNITS = [f"a:{number}" for number in range(20_000)]
# A fixed list of units makes these figures the same on every run; the bound is a p-value that a
# fair hash misses once in a thousand salts, and the salts here were not searched for.
LEAST_P = 0.001
RATES = st.floats(0, 1, allow_nan=False)
UNIT_IDS = st.text(min_size=1, max_size=20).map(lambda name: f"c:{name}")


def inside(ramp: list[RampStep], unit: str, now: int, salt: str = "quota/ramp") -> bool:
    return ask_ramp(ramp, salt, unit, now) is None


@settings(max_examples=examples(200), deadline=None)
@given(UNIT_IDS, st.text(max_size=10), st.lists(RATES, min_size=2, max_size=6, unique=True))
def test_a_ramp_that_grows_keeps_everyone_it_had(unit: str, salt: str, shares: list[float]) -> None:
    steps = [RampStep(share, begins_at=at) for at, share in enumerate(sorted(shares))]
    by_schedule = [inside(steps, unit, at, salt) for at in range(-1, len(steps))]
    by_hand = [inside([RampStep(share)], unit, 0, salt) for share in sorted(shares)]
    assert by_schedule == [False, *by_hand]
    assert by_hand == sorted(by_hand)


@settings(max_examples=examples(200), deadline=None)
@given(UNIT_IDS, st.lists(RATES, min_size=1, max_size=6, unique=True), st.integers(-2, 10))
def test_who_is_outside_is_told_the_very_moment_that_takes_them_in(
    unit: str, shares: list[float], now: int
) -> None:
    steps = [RampStep(share, begins_at=2 * at) for at, share in enumerate(sorted(shares))]
    outside = ask_ramp(steps, "s/ramp", unit, now)
    # Oracle: every moment there is, asked one after the other.
    later = [at for at in range(now + 1, 30) if inside(steps, unit, at, "s/ramp")]
    if outside is not None:
        assert outside.retry_at == (later[0] if later else None)


def test_a_ramp_is_open_to_nobody_before_its_first_step_and_to_all_when_there_is_none() -> None:
    steps = [RampStep(0.01, begins_at=10), RampStep(0.25, begins_at=20)]
    assert [ramp_share(steps, now) for now in (9, 10, 19, 20)] == [0.0, 0.01, 0.01, 0.25]
    assert ramp_share([], 0) is None
    assert all(inside([], unit, 0) for unit in UNITS[:100])


def test_a_ramp_takes_in_the_share_it_names() -> None:
    for share in (0.01, 0.05, 0.25):
        taken = sum(inside([RampStep(share)], unit, 0) for unit in UNITS)
        expected = [share * len(UNITS), (1 - share) * len(UNITS)]
        assert chisquare([taken, len(UNITS) - taken], expected).pvalue > LEAST_P


def test_ramp_layers_holdout_arms_and_control_say_nothing_of_each_other() -> None:
    experiment = Experiment(0.1, "quota", arms_salt="quota/offer/annual/trial", ramp=(RampStep(0.3),))
    drawn = {
        "ramp": [inside(list(experiment.ramp), unit, 0, experiment.ramp_salt) for unit in UNITS],
        "holdout": [is_drawn(0.1, experiment.salt, unit) for unit in UNITS],
        "arms": [choose_arm(["a", "b"], [0.5, 0.5], experiment.arms_salt, unit) == "a" for unit in UNITS],
        "layer": [ask_layer(LayerShare("pricing", 0.0, 0.4), unit) is None for unit in UNITS],
        "other_layer": [ask_layer(LayerShare("mails", 0.0, 0.4), unit) is None for unit in UNITS],
        "control": [is_drawn(0.05, "control", unit) for unit in UNITS],
        "other": [is_drawn(0.1, "other", unit) for unit in UNITS],
    }
    for one, other in combinations(drawn.values(), 2):
        pairs = list(zip(one, other, strict=True))
        table = [[pairs.count((a, b)) for b in (True, False)] for a in (True, False)]
        assert chi2_contingency(table).pvalue > LEAST_P


def percents(least: int) -> st.SearchStrategy[list[int]]:
    """Draw shares of a whole, at least so many and at most five: it is cut where numbers fall."""
    cuts = st.lists(st.integers(0, 100), min_size=least, max_size=5)
    return cuts.map(lambda found: [end - begin for begin, end in pairwise([0, *sorted(found)])])


PERCENTS = percents(1)


def laid(parts: list[int]) -> dict[str, LayerShare]:
    return lay_out("pricing", {f"w{place}": Decimal(part) / 100 for place, part in enumerate(parts)})


def whose(parts: list[int], household: str) -> list[str]:
    return [key for key, segment in laid(parts).items() if ask_layer(segment, household) is None]


@settings(max_examples=examples(300), deadline=None)
@given(PERCENTS, UNIT_IDS)
def test_nobody_is_in_two_workflows_of_a_layer_and_in_one_when_it_is_full(
    parts: list[int], household: str
) -> None:
    found = whose(parts, household)
    assert len(found) <= 1
    if sum(parts) == 100:
        assert len(found) == 1


@settings(max_examples=examples(300), deadline=None)
@given(PERCENTS, st.integers(1, 100), UNIT_IDS)
def test_a_workflow_named_last_moves_nobody_of_a_layer(parts: list[int], more: int, household: str) -> None:
    before = whose(parts, household)
    if before and sum(parts) + more <= 100:
        assert whose([*parts, more], household) == before


@settings(max_examples=examples(300), deadline=None)
@given(PERCENTS.filter(lambda parts: len(parts) > 1), st.integers(1, 100), st.booleans(), UNIT_IDS)
def test_the_last_two_of_a_layer_grow_without_moving_anybody(
    parts: list[int], more: int, is_last: bool, household: str
) -> None:
    place = len(parts) - (1 if is_last else 2)
    grown = [part + more * (at == place) for at, part in enumerate(parts)]
    before = whose(parts, household)
    if before and sum(grown) <= 100:
        assert whose(grown, household) == before


@settings(max_examples=examples(300), deadline=None)
@given(percents(3), st.integers(1, 100))
def test_one_that_grows_moves_those_after_it_on_its_side_by_as_much_and_the_other_side_not(
    parts: list[int], more: int
) -> None:
    grown = [parts[0] + more, *parts[1:]]
    if sum(grown) > 100:
        return
    before, after = laid(parts), laid(grown)
    for place, key in enumerate(before):
        moved = round(after[key].begins - before[key].begins, 9)
        assert moved == (round(more / 100, 9) if place % 2 == 0 and place else 0)


def test_each_workflow_of_a_layer_has_the_share_it_was_given() -> None:
    parts = [20, 30, 15, 25]
    sizes = [0] * 5
    for unit in UNITS:
        found = whose(parts, unit)
        sizes[int(found[0][1:]) if found else 4] += 1
    expected = [part / 100 * len(UNITS) for part in [*parts, 10]]
    assert chisquare(sizes, expected).pvalue > LEAST_P


def test_one_salt_for_two_draws_would_be_caught() -> None:
    ramp = [inside([RampStep(0.3)], unit, 0, "quota") for unit in UNITS]
    holdout = [is_drawn(0.1, "quota", unit) for unit in UNITS]
    pairs = list(zip(ramp, holdout, strict=True))
    table = [[pairs.count((a, b)) for b in (True, False)] for a in (True, False)]
    assert chi2_contingency(table).pvalue < LEAST_P
