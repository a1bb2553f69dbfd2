"""Scenarios: made-up customers for a workspace, with responses that are planted, written in a file.

The law: what is planted is stated in the file and nowhere else; a key nobody knows, a plan or workflow
that the workspace lacks, and a chance over one are refused with what was expected.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import msgspec
import yaml

from upsell.catalog.plans import BillingInterval, Plan
from upsell.clock import DAY, Moment
from upsell.errors import ConfigError, nearest
from upsell.journeys.program import Program
from upsell.runtime.company import Company, Custom, Habits, PricedPlan, Response

_UNMOVED = Habits(pressure_rate=0.0, objection_rate=0.0)
"""The usual habits of customers whom no message moves: what one does to them is for the file to say."""


class Planted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What messages of one workflow do.

    Attributes:
        persuades: The chance that the first message, the first two, and so on, persuade.
        means: ``upgrade``, or ``stay`` at the renewal.
        by_arm: The chances for an arm, where they are others.
    """

    persuades: list[float]
    means: str = "upgrade"
    by_arm: dict[str, list[float]] = {}


class Habitual(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An event that accounts do by themselves, so often a month on average."""

    event: str
    monthly: float
    properties: dict[str, bool | int | float | str] = {}


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Made-up customers.

    Attributes:
        accounts: How many there are before the end.
        days: How many days are simulated.
        seed: What all chance hangs on.
        metric: What they use; without it the first that plans limit.
        plans: Share of accounts that begin on each plan, by id, the smallest plan first.
        gates: The feature that is shut on a plan and reached for, by plan.
        habits: What they do by themselves, by the names of ``Habits``.
        events: Events of the company's own.
        responses: What messages do, by workflow.
    """

    accounts: int = 1_000
    days: int = 365
    seed: int = 1
    metric: str = ""
    plans: dict[str, float] = {}
    gates: dict[str, str] = {}
    habits: dict[str, float | list[float]] = {}
    events: list[Habitual] = []
    responses: dict[str, Planted] = {}


def read_scenario(path: Path) -> Scenario:
    """Read a scenario's file.

    Raises:
        ConfigError: It cannot be read, or says something that is not known.
    """
    try:
        written: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        msg = f"expected a scenario in {path}, got none that can be read: {error}"
        raise ConfigError(msg) from error
    try:
        return msgspec.convert(written or {}, Scenario)
    except msgspec.ValidationError as error:
        msg = f"{path}: {error}; see docs/guides/simulate.md for what a scenario may say"
        raise ConfigError(msg) from error


def make_company(scenario: Scenario, program: Program, starts_at: Moment) -> Company:
    """Make the company of a scenario that sells what a workspace sells.

    Raises:
        ConfigError: The scenario names what the workspace lacks, or says what cannot be.
    """
    sold = _plans(scenario, program)
    shares = tuple(scenario.plans.get(plan.id, 0.0) for plan in sold) if scenario.plans else None
    usual = tuple(1 / len(sold) for _ in sold)
    return Company(
        seed=scenario.seed,
        accounts=_positive("accounts", scenario.accounts),
        starts_at=starts_at,
        lasts=_positive("days", scenario.days) * DAY,
        responses={key: _response(key, each, program) for key, each in scenario.responses.items()},
        habits=_habits(scenario, shares or usual),
        plans=tuple(_priced(plan, scenario, program) for plan in sold),
        metric=_metric(scenario, program),
        currency=program.currency,
        customs=tuple(Custom(each.event, each.monthly, each.properties) for each in scenario.events),
    )


def _plans(scenario: Scenario, program: Program) -> list[Plan]:
    known = program.catalog.plans
    for plan in {*scenario.plans, *scenario.gates}:
        _check_known("plan", plan, known)
    total = sum(scenario.plans.values())
    if scenario.plans and abs(total - 1) > 1e-6:
        msg = f"expected shares of plans that add up to 1, got {total:g}"
        raise ConfigError(msg)
    chosen = [known[key] for key in scenario.plans] if scenario.plans else list(known.values())
    ranked = sorted((plan for plan in chosen if not plan.family), key=lambda plan: (plan.tier, plan.id))
    if not ranked or ranked[0].tier != 0:
        msg = "expected plans from a free one (tier 0) up, so that accounts can sign up, got none of tier 0"
        raise ConfigError(msg)
    return ranked


def _priced(plan: Plan, scenario: Scenario, program: Program) -> PricedPlan:
    def due(interval: BillingInterval) -> int:
        price = plan.price(interval, program.currency)
        return price.amount if price is not None else 0

    month = due(BillingInterval.MONTH)
    included = plan.limits.get(_metric(scenario, program), 1_000.0)
    return PricedPlan(
        plan.id, month, due(BillingInterval.YEAR) or 12 * month, included, scenario.gates.get(plan.id)
    )


def _metric(scenario: Scenario, program: Program) -> str:
    limited = [metric for plan in program.catalog.plans.values() for metric in plan.limits]
    if scenario.metric:
        _check_known("metric", scenario.metric, program.catalog.metrics)
    return scenario.metric or next(iter(limited), "usage")


def _response(key: str, planted: Planted, program: Program) -> Response:
    _check_known("workflow", key, program.workflows)
    arms = [arm.name for arm in program.workflows[key].experiment.arms]
    for arm in planted.by_arm:
        _check_known(f"arm of {key}", arm, arms)
    if planted.means not in ("upgrade", "stay"):
        msg = f"expected upgrade or stay in responses.{key}.means, got {planted.means}"
        raise ConfigError(msg)
    for rate in (*planted.persuades, *(rate for rates in planted.by_arm.values() for rate in rates)):
        _check_chance(f"responses.{key}", rate)
    by_arm = {arm: tuple(rates) for arm, rates in planted.by_arm.items()}
    return Response(tuple(planted.persuades), is_renewal=planted.means == "stay", by_arm=by_arm)


def _habits(scenario: Scenario, plan_rates: tuple[float, ...]) -> Habits:
    known = [name for name in Habits.__struct_fields__ if name != "plan_rates"]
    said: dict[str, Any] = {}
    for name, value in scenario.habits.items():
        _check_known("habit", name, known)
        rates = value if isinstance(value, list) else [value]
        for rate in rates:
            _check_chance(f"habits.{name}", rate)
        is_listed = isinstance(getattr(Habits(), name), tuple)
        if is_listed is not isinstance(value, list) or (is_listed and len(rates) != 3):
            wanted = "a list of three chances" if is_listed else "one chance"
            msg = f"expected {wanted} in habits.{name}, got {value}"
            raise ConfigError(msg)
        said[name] = tuple(rates) if is_listed else value
    return msgspec.structs.replace(_UNMOVED, plan_rates=plan_rates, **said)


def _check_known(kind: str, name: str, known: Collection[str]) -> None:
    if name not in known:
        near = nearest(name, known)
        advice = f"did you mean {near}?" if near else f"known are {', '.join(sorted(known)) or 'none'}"
        msg = f"expected a {kind} of the workspace, got {name}; {advice}"
        raise ConfigError(msg)


def _check_chance(where: str, rate: float) -> None:
    if not 0 <= rate <= 1:
        msg = f"expected a chance from 0 to 1 in {where}, got {rate:g}"
        raise ConfigError(msg)


def _positive(name: str, value: int) -> int:
    if value < 1:
        msg = f"expected {name} of 1 or more, got {value}"
        raise ConfigError(msg)
    return value
