"""The simulated company: the same for a seed, and moved by nothing but the messages it hears."""

from __future__ import annotations

from pathlib import Path

import pytest

from upsell.catalog.plans import BillingInterval
from upsell.clock import DAY, HOUR, Moment, from_datetime, parse_moment, to_datetime
from upsell.runtime.calls import batch_body
from upsell.runtime.company import PLANS, Company, Response
from upsell.runtime.lives import Life
from upsell.runtime.simulate import Simulation
from upsell.signals.event_table import EVENT_TABLE
from upsell.signals.events import SUBSCRIPTION_CHANGED, SUBSCRIPTION_STARTED, Event
from upsell.sources.segment import Draft, read_batch, read_item
from upsell.workspace.compile import compile_workspace

STARTS_AT: Moment = parse_moment("2026-01-01T00:00:00Z") or 0
WORKSPACE = Path(__file__).parents[3] / "examples" / "saas"


def company(accounts: int = 40, seed: int = 7, response: Response | None = None) -> Company:
    responses = {"usage-limit": response or Response((0.0,))}
    return Company(seed=seed, accounts=accounts, starts_at=STARTS_AT, responses=responses)


def lived(life: Life, until: Moment) -> list[Event]:
    return life.live_until(until)


def test_a_company_lives_the_same_year_however_time_is_cut_into_pieces() -> None:
    whole, in_days = Simulation(company()), Simulation(company())
    at_once = whole.history() + whole.take_until(STARTS_AT + 365 * DAY)
    day_by_day = in_days.history()
    for day in range(1, 366):
        day_by_day += in_days.take_until(STARTS_AT + day * DAY)
    assert day_by_day == at_once


def test_another_seed_is_another_year() -> None:
    one, other = Simulation(company(seed=1)), Simulation(company(seed=2))
    assert one.take_until(STARTS_AT + 90 * DAY) != other.take_until(STARTS_AT + 90 * DAY)


def test_an_account_lives_alone_as_it_lives_among_others() -> None:
    everybody = Simulation(company())
    among_others = everybody.history() + everybody.take_until(STARTS_AT + 365 * DAY)
    alone = lived(Life(company(), 3), STARTS_AT + 365 * DAY)
    assert [event for event in among_others if event.account_id == "acct-00003"] == alone


def test_what_came_before_the_year_is_historical_and_nothing_else_is() -> None:
    simulation = Simulation(company())
    assert {event.is_historical for event in simulation.history()} == {True}
    assert {event.is_historical for event in simulation.take_until(STARTS_AT + 365 * DAY)} == {False}


def test_a_message_that_persuades_nobody_changes_no_plan() -> None:
    heard, unheard = Life(company(), 5), Life(company(), 5)
    for life in (heard, unheard):
        lived(life, STARTS_AT + 30 * DAY)
    heard.hear("usage-limit", STARTS_AT + 30 * DAY)
    assert lived(heard, STARTS_AT + 365 * DAY) == lived(unheard, STARTS_AT + 365 * DAY)


def test_two_lives_are_alike_until_a_message_arrives() -> None:
    world = company(response=Response((1.0,)))
    heard, unheard = Life(world, 5), Life(world, 5)
    before = STARTS_AT + 60 * DAY
    assert lived(heard, before) == lived(unheard, before)
    heard.hear("usage-limit", before)
    after, without = (lived(life, STARTS_AT + 365 * DAY) for life in (heard, unheard))
    apart = next(i for i, pair in enumerate(zip(after, without, strict=False)) if pair[0] != pair[1])
    assert after[apart].occurred_at >= before + 6 * HOUR


def test_a_planted_response_of_one_upgrades_every_account_that_can_within_nine_days() -> None:
    world = company(response=Response((1.0,)))
    upgraded = 0
    for index in range(world.accounts):
        life = Life(world, index)
        tier = _tier(lived(life, STARTS_AT + 30 * DAY))
        life.hear("usage-limit", STARTS_AT + 30 * DAY)
        told = lived(life, STARTS_AT + 39 * DAY)
        changes = [e for e in told if e.name in (SUBSCRIPTION_CHANGED, SUBSCRIPTION_STARTED)]
        if tier is not None and tier < len(PLANS) - 1 and not _left(told):
            assert any(_tier_of(event) == tier + 1 for event in changes), life.account
            assert all(event.occurred_at >= STARTS_AT + 30 * DAY + 6 * HOUR for event in changes)
            upgraded += 1
    assert upgraded > 10


def test_events_are_those_of_the_event_table_or_the_companys_own_and_carry_what_it_asks() -> None:
    simulation = Simulation(company())
    for event in simulation.history() + simulation.take_until(STARTS_AT + 365 * DAY):
        kind = EVENT_TABLE.get(event.name)
        if kind is None:
            assert event.name == "Pricing Viewed"
            continue
        assert not kind.is_ours
        known = {prop.name for prop in kind.properties}
        assert {prop.name for prop in kind.properties if prop.is_required} <= event.properties.keys()
        assert "*" in known or event.properties.keys() <= known


def test_the_company_sells_the_plans_of_its_workspace() -> None:
    catalog = compile_workspace(WORKSPACE).program.catalog
    assert sorted(catalog.plans) == sorted(plan.id for plan in PLANS)
    for tier, plan in enumerate(PLANS):
        sold = catalog.plans[plan.id]
        assert sold.tier == tier
        assert sold.limits == {"reports": plan.included}
        assert sold.prices[BillingInterval.MONTH]["USD"].amount == plan.month
        if tier > 0:
            assert sold.prices[BillingInterval.YEAR]["USD"].amount == plan.year


def test_the_workspace_has_no_problems_and_keeps_a_holdout_of_30_percent() -> None:
    compiled = compile_workspace(WORKSPACE)
    assert compiled.warnings == ()
    rates = {key: flow.experiment.holdout_rate for key, flow in compiled.program.workflows.items()}
    assert rates == {"usage-limit": 0.3, "locked-feature": 0.3, "renewal": 0.3}


def test_a_call_written_from_an_event_is_read_as_that_event() -> None:
    simulation = Simulation(company())
    events = simulation.history()[:200] + simulation.take_until(STARTS_AT + 60 * DAY)[:400]
    now = STARTS_AT + 61 * DAY
    read = [read_item(item, None, now) for item in read_batch(batch_body(events)).items]
    for event, item in zip(events, read, strict=True):
        assert isinstance(item, Draft)
        seen = item.event
        assert (seen.id, seen.name, seen.occurred_at, seen.customer_id, seen.account_id) == (
            event.id, event.name, event.occurred_at, event.customer_id, event.account_id,
        )  # fmt: skip
        assert (seen.properties, seen.is_historical) == (event.properties, event.is_historical)


@pytest.mark.parametrize("index", [0, 9])
def test_moments_are_whole_and_in_the_year(index: int) -> None:
    for event in lived(Life(company(), index), STARTS_AT + 400 * DAY):
        assert from_datetime(to_datetime(event.occurred_at)) == event.occurred_at
        assert event.occurred_at < STARTS_AT + 365 * DAY


def _tier(told: list[Event]) -> int | None:
    """The tier an account is on after these events; None when it has not signed up or has left."""
    if not told or _left(told):
        return None
    tiers = [_tier_of(event) for event in told if event.name in (SUBSCRIPTION_STARTED, SUBSCRIPTION_CHANGED)]
    return tiers[-1] if tiers else 0


def _tier_of(event: Event) -> int:
    return [plan.id for plan in PLANS].index(event.properties["plan"])


def _left(told: list[Event]) -> bool:
    return any(event.name == "Subscription Canceled" for event in told)
