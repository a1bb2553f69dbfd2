"""The effect on retention: by arm and stratum, held to a closed form."""

from __future__ import annotations

from math import sqrt

import pytest
from scipy import stats

from tests.unit.measurement.test_metrics import DAY_ONE, SPAN
from tests.unit.measurement.tracked_worlds import Made, in_duckdb
from upsell.clock import DAY
from upsell.decisions.decision import BY_ACCOUNT
from upsell.measurement.answers import Effect, Undetermined, UndeterminedReason
from upsell.measurement.lift import Lift
from upsell.runtime.tracking import Tracked, read_retention


def _lifts(made: Made) -> dict[str, Lift]:
    engine = in_duckdb(made)
    tables = {name: engine.sql(f"select * from {name}").to_arrow_table() for name in made.rows}
    return read_retention(Tracked(tables), SPAN)


def _world(units: int, stays: dict[str, int]) -> Made:
    """Make a workflow with paying units in each arm, of which so many stay, and some that never paid."""
    made = Made()
    made.workflow()
    for arm, staying in stays.items():
        for number in range(units):
            unit = f"a:{arm}{number}"
            made.pays(unit, DAY_ONE - 10 * DAY, 1000)
            made.exposed(unit, DAY_ONE, arm)
            if number >= staying:
                made.told(unit, "Subscription Canceled", DAY_ONE + 5 * DAY)
        for number in range(20):
            made.exposed(f"a:never{arm}{number}", DAY_ONE, arm)
    return made


def test_the_effect_is_the_difference_of_the_arms_with_welchs_interval() -> None:
    (lift,) = _lifts(_world(200, {"treated": 160, "holdout": 130})).values()
    effect = lift.absolute
    assert isinstance(effect, Effect)
    assert effect.estimate == pytest.approx(0.8 - 0.65, abs=1e-12)
    variances = [share * (1 - share) / 199 for share in (0.8, 0.65)]
    freedom = sum(variances) ** 2 / sum(variance**2 / 199 for variance in variances)
    half = stats.t.ppf(0.975, freedom) * sqrt(sum(variances))
    assert (effect.low, effect.high) == pytest.approx((0.15 - half, 0.15 + half), abs=1e-9)
    assert (lift.arm.closed, lift.against.closed) == (200, 200)


def test_with_too_few_who_paid_it_is_not_known() -> None:
    (lift,) = _lifts(_world(30, {"treated": 25, "holdout": 20})).values()
    assert isinstance(lift.absolute, Undetermined)
    assert lift.absolute.reason is UndeterminedReason.TOO_FEW
    assert _lifts(Made()) == {}


def _by_account(people: int) -> Made:
    """Make a workflow that draws whole accounts, with so many people of each who paid; some leave."""
    made = Made()
    made.workflow()
    for arm in ("treated", "holdout"):
        for number in range(200):
            account = f"a:{arm}{number}"
            for person in range(people):
                unit = f"c:{arm}{number}-{person}"
                made.rows["homes"].append((unit, account))
                made.pays(unit, DAY_ONE - 10 * DAY, 1000)
                made.exposed(unit, DAY_ONE, arm, stratum=f"v holdout 50% {BY_ACCOUNT}")
                if number % 4 == 0 or (arm == "holdout" and number % 2 == 0):
                    made.told(unit, "Subscription Canceled", DAY_ONE + 5 * DAY)
    return made


def test_accounts_drawn_whole_are_clustered_only_where_one_has_several_who_paid() -> None:
    (alone,) = _lifts(_by_account(1)).values()
    assert isinstance(alone.absolute, Effect)
    assert alone.absolute.estimate == pytest.approx(0.25)
    (several,) = _lifts(_by_account(2)).values()
    assert isinstance(several.absolute, Undetermined)
    assert several.absolute.reason is UndeterminedReason.CLUSTERED
    assert "not counted by account" in several.absolute.detail
