"""A made-up customer: somebody of whom everything is known that a template may say.

For previews where there is no database, or nobody yet. The law: what it shows is made up in every part, says
so by its names, and comes of events as anybody's profile does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from upsell.catalog.plans import BillingInterval, Plan
from upsell.channels.render import traits_named
from upsell.clock import DAY, HOUR, Moment
from upsell.errors import ConfigError
from upsell.journeys.advance import Session
from upsell.journeys.household import Household, empty_household
from upsell.journeys.program import Program
from upsell.runtime.previewing import Preview, Wanted, preview
from upsell.signals.events import Event

CUSTOMER: Final = "ada"
ACCOUNT: Final = "example"

_KNOWN: Final[Mapping[str, str]] = {
    "first_name": "Ada",
    "last_name": "Example",
    "name": "Ada Example",
    "email": "ada@example.com",
    "phone": "+15555550100",
    "push_token": "made-up-token",
    "company": "Example Company",
}
_MONTHS: Final = 14
_SHARE_USED: Final = 0.85


def preview_made_up(program: Program, wanted: Wanted, now: Moment) -> Preview:
    """Render a template for a made-up customer: on the least plan from which its offer can be made.

    Raises:
        ConfigError: As ``preview``, for each plan.
        DeliveryError: It cannot be rendered.
    """
    refused: ConfigError | None = None
    for household in _households(program, wanted, now):
        try:
            return preview(program, household, wanted, now)
        except ConfigError as error:
            refused = refused or error
    raise refused or ConfigError("expected a catalog with a plan, got none")


def _households(program: Program, wanted: Wanted, now: Moment) -> Iterator[Household]:
    """Make the customer up on every plan, those that cost something first."""
    plans = sorted(program.catalog.plans.values(), key=lambda plan: (plan.tier == 0, plan.tier, plan.id))
    for plan in (*plans, None):
        session = Session(program, empty_household(f"a:{ACCOUNT}"))
        for event in _events(program, plan, wanted, now):
            session.take(event)
        yield session.household


def _events(program: Program, plan: Plan | None, wanted: Wanted, now: Moment) -> Iterator[Event]:
    """Tell what happened to the customer, oldest first."""
    began_at = now - _MONTHS * 30 * DAY - HOUR
    number = 0

    def event(name: str, at: Moment, /, **said: Any) -> Event:
        nonlocal number
        number += 1
        return Event(f"made-up-{number}", name, at, at, CUSTOMER, ACCOUNT, said, is_historical=True)

    yield event("Account Identified", began_at, roles=["admin", "owner", "billing", "member", "champion"])
    company = {"name": "Example Company"}
    yield event("Account Identified", began_at, **_traits(program, wanted, "account", company))
    yield event("Customer Identified", began_at, **_traits(program, wanted, "customer", _KNOWN))
    if plan is not None and plan.tier > 0:
        yield event("Subscription Started", began_at, **_terms(program, plan))
    limits = plan.limits if plan is not None else {}
    for month in range(_MONTHS + 1):
        at = began_at + HOUR + month * 30 * DAY
        for metric in sorted(program.catalog.metrics):
            quantity = round(limits.get(metric, 1_000) * _SHARE_USED)
            yield event("Usage Recorded", at, metric=metric, quantity=max(1, quantity))


def _traits(program: Program, wanted: Wanted, scope: str, known: Mapping[str, str]) -> dict[str, str]:
    """Give a value for every trait that templates name: a likely one, or its name in brackets."""
    named = traits_named(program, scope) - {"locale", "language", "timezone", "country"}
    said = {name: known.get(name, f"[{name.replace('_', ' ')}]") for name in sorted(named)}
    return {**known, **said, **({"locale": wanted.locale} if wanted.locale and scope == "customer" else {})}


def _terms(program: Program, plan: Plan) -> dict[str, Any]:
    """Give what a plan is paid with, by the month where that is stated."""
    for interval in (BillingInterval.MONTH, BillingInterval.YEAR):
        price = plan.price(interval, program.currency)
        if price is not None:
            said = {"amount": price.amount, "currency": price.currency, "interval": interval.value}
            return {"plan": plan.id, **said}
    return {"plan": plan.id}
