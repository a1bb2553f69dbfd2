"""Credits: each gain once, nobody for the held out, and the lines add up to all there was."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drawing import examples
from tests.unit.measurement.test_metrics import DAY_ONE, SPAN, read
from tests.unit.measurement.tracked_worlds import Made, in_duckdb, random_ledger
from upsell.clock import DAY, HOUR
from upsell.measurement.metrics import tracking_query
from upsell.measurement.queries import Dialect
from upsell.runtime.attribution import Attribution, read_attribution
from upsell.runtime.reporting import Report
from upsell.runtime.tracking import Tracked

NOTHING = Report(SPAN.as_of, "USD", ())
COMPANY = {"events": "household_events", "first_exposures": "paying_units"}


@cache
def _written(name: str) -> str:
    return tracking_query(f"tracking/{name}", SPAN, Dialect.DUCKDB, COMPANY)


def attributed(made: Made) -> Attribution:
    """Credit what is in a ledger."""
    engine = in_duckdb(made)
    tables: dict[str, pa.Table] = {
        name: engine.sql(f"select * from {name}").to_arrow_table() for name in made.rows
    }
    return read_attribution(Tracked(tables), SPAN, NOTHING)


def lines(made: Made) -> dict[str, tuple[int, int]]:
    """Give upgrades and dollars by workflow, or by line where none is credited."""
    found: dict[str, tuple[int, int]] = {}
    for credit in attributed(made).credits:
        key = credit.workflow or credit.line
        had = found.get(key, (0, 0))
        found[key] = (had[0] + credit.upgrades, had[1] + credit.expansion.get("USD", 0))
    return found


def upgraded(made: Made, unit: str, at: int, before: int = 1000, after: int = 1500) -> None:
    """Let a household pay, and pay more from a moment on."""
    made.pays(unit, at - 60 * DAY, before)
    made.pays(unit, at, after)
    made.told(unit, "Subscription Upgraded", at)


@settings(max_examples=examples(60, few=6))
@given(seed=st.integers(0, 10_000))
def test_credits_add_up_to_every_upgrade_and_every_expansion_by_currency(seed: int) -> None:
    made = random_ledger(seed, units=random.Random(seed).randrange(1, 15))
    found = attributed(made)
    assert sum(credit.upgrades for credit in found.credits) == found.total.upgrades
    told_in = {currency for credit in found.credits for currency in credit.expansion}
    for currency in told_in | found.total.expansion.keys():
        credited = sum(credit.expansion.get(currency, 0) for credit in found.credits)
        assert credited == found.total.expansion[currency]
    # A second count: upgrades by hand, and turns of terms against what finance's movements come to.
    told = [row for row in made.rows["ledger"] if row[1] == "Subscription Upgraded" and row[4]]
    inside = [row for row in told if SPAN.since < row[2].timestamp() * 1e6 <= SPAN.until]
    assert found.total.upgrades == len(inside)
    turns = _written("mrr_turns")
    summed: dict[Any, int] = dict(
        in_duckdb(made)
        .execute(
            f"select currency, sum(amount)::bigint from ({turns})"
            f" where epoch_us(turned_at) > {SPAN.since} and epoch_us(turned_at) <= {SPAN.until} group by 1"
        )
        .fetchall()
    )
    figures = read(made, "mrr_movements")
    for money in {figure.currency for figure in figures}:
        mine = [f for f in figures if f.currency == money]
        moved = sum(f.numerator for f in mine if f.item not in ("start", "end"))
        assert moved == summed.get(money, 0)


@settings(max_examples=examples(40, few=5))
@given(seed=st.integers(0, 10_000))
def test_each_gain_is_credited_once(seed: int) -> None:
    made = random_ledger(seed, units=10)
    engine = in_duckdb(made)
    credited, gains = (
        engine.execute(
            f"select unit_id, gained_at, currency, upgrades, expansion from ({_written(name)}) order by all"
        ).fetchall()
        for name in ("credited", "gains")
    )
    assert credited == gains


def test_the_last_touch_inside_its_goal_window_is_credited() -> None:
    made = Made()
    made.workflow("first")
    made.workflow("last", days=10)
    upgraded(made, "a:1", DAY_ONE)
    made.sent("m1", "a:1", DAY_ONE - 5 * DAY, workflow="first")
    made.sent("m2", "a:1", DAY_ONE - 2 * DAY, workflow="last")
    made.sent("m3", "a:1", DAY_ONE, workflow="first")
    assert lines(made) == {"last": (1, 500)}
    # Beyond its window the last touch does not count, and the one before does; the window holds its own end.
    upgraded(made, "a:2", DAY_ONE)
    made.sent("m4", "a:2", DAY_ONE - 30 * DAY, workflow="first")
    made.sent("m5", "a:2", DAY_ONE - 10 * DAY - 1, workflow="last")
    assert lines(made) == {"first": (1, 500), "last": (1, 500)}


def test_without_a_touch_it_is_unattributed() -> None:
    made = Made()
    made.workflow()
    upgraded(made, "a:1", DAY_ONE)
    made.sent("m1", "a:1", DAY_ONE - 30 * DAY - 1)
    made.sent("m2", "a:2", DAY_ONE - DAY)
    assert lines(made) == {"unattributed": (1, 500)}


def test_a_held_out_household_is_credited_to_nobody_whatever_another_workflow_said() -> None:
    made = Made()
    made.workflow("flow")
    made.workflow("other")
    for unit in ("a:1", "a:2"):
        upgraded(made, unit, DAY_ONE)
        made.sent(f"m{unit}", unit, DAY_ONE - HOUR, workflow="other")
    made.exposed("a:1", DAY_ONE - DAY, "holdout")
    # Held out so long ago that the window has closed.
    made.exposed("a:2", DAY_ONE - 31 * DAY, "holdout")
    assert lines(made) == {"held out": (1, 500), "other": (1, 500)}


def test_a_person_held_out_holds_their_household_out_and_the_control_does_too() -> None:
    made = Made()
    made.workflow()
    made.rows["homes"].append(("c:1", "a:1"))
    for unit in ("a:1", "a:2"):
        upgraded(made, unit, DAY_ONE)
        made.sent(f"m{unit}", unit, DAY_ONE - HOUR)
    made.exposed("c:1", DAY_ONE - DAY, "holdout")
    made.decided("a:2", DAY_ONE - DAY, "control")
    assert lines(made) == {"held out": (2, 1000)}


def test_a_first_subscription_is_an_upgrade_and_no_expansion() -> None:
    made = Made()
    made.workflow()
    made.pays("a:1", DAY_ONE, 1000)
    made.told("a:1", "Subscription Upgraded", DAY_ONE)
    assert lines(made) == {"unattributed": (1, 0)}
