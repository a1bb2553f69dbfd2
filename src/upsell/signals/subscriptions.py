"""Subscriptions: what a unit pays for, and whether an event made it more or less.

Upgraded and Downgraded are derived here, from tier, then quantity, then recurring revenue, before
and after: sources need not say it and cannot get it wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from upsell.clock import Moment, parse_moment
from upsell.signals.events import (
    SUBSCRIPTION_CANCELED,
    SUBSCRIPTION_CHANGED,
    SUBSCRIPTION_DOWNGRADED,
    SUBSCRIPTION_RENEWED,
    SUBSCRIPTION_STARTED,
    SUBSCRIPTION_UPGRADED,
    Event,
)
from upsell.signals.plan_history import NOTHING, UNTOLD, take_late_start, take_late_word, terms_until
from upsell.signals.profiles import Profile, Subscription, Term, Word
from upsell.signals.words import in_order, is_beside, word_of

SUBSCRIPTION_EVENTS = frozenset(
    {SUBSCRIPTION_STARTED, SUBSCRIPTION_CHANGED, SUBSCRIPTION_RENEWED, SUBSCRIPTION_CANCELED}
)
"""Names of the events that change a subscription."""


class Tiers(msgspec.Struct, frozen=True):
    """The rank of each plan, as the catalog states it.

    Attributes:
        by_plan: Tier by plan id, and by the id of a bundle that contains one; a plan that is absent has
            tier 0 for comparisons.
        default_plan: Id of the plan a unit without subscription is on, or None when there is none.
        beside: Ids of products that are bought beside a plan: who has nothing else has no plan.
    """

    by_plan: Mapping[str, int]
    default_plan: str | None = None
    beside: frozenset[str] = frozenset()


class Standing(msgspec.Struct, frozen=True, order=True):
    """What a unit has, as far as "more or less" goes: compared in the order of the fields.

    Attributes:
        tier: The greatest tier among paid open subscriptions; the default plan's, or -1, without any.
        quantity: Units of quantity over the paid open subscriptions.
        mrr: Recurring revenue per month in minor units over them.
    """

    tier: int
    quantity: float
    mrr: int


def take_subscription(profile: Profile, event: Event, tiers: Tiers) -> Event | None:
    """Take a subscription event into a profile; give the derived Upgraded or Downgraded, if it is one.

    Properties: ``subscription_id`` (default ``default``), ``plan``, ``quantity`` (default 1),
    ``amount`` (minor units per interval for the whole, after discount), ``currency``,
    ``interval`` (``month`` or ``year``), ``status``, ``renews_at``; ``ends_at`` for a cancellation.
    A source that names states (``state_before``, ``state_after``) says with each event all that is so, and
    since when (``started_at``): what is known then is what the last of them says, in whatever order.
    A first subscription is an upgrade only where the catalog names a default plan; leaving for
    nothing, or for add-ons alone, is a cancellation and no downgrade.
    """
    now = event.seen_at
    had_any = any(held.is_open(now) for held in profile.subscriptions.values())
    had_plan = current_subscription(profile, tiers, now) is not None
    before, is_told = standing(profile, tiers, now), _is_priced(profile, now)
    _change(profile, event)
    has_left = had_plan and current_subscription(profile, tiers, now) is None
    after = standing(profile, tiers, now)
    if not (is_told and _is_priced(profile, now)):
        # What is not known to be more or less is neither: tier and quantity decide alone.
        before, after = (msgspec.structs.replace(each, mrr=0) for each in (before, after))
    has_any = any(held.is_open(now) for held in profile.subscriptions.values())
    if before == after or has_left or not has_any or (not had_any and tiers.default_plan is None):
        return None
    name = SUBSCRIPTION_UPGRADED if after > before else SUBSCRIPTION_DOWNGRADED
    return Event(
        id=f"{event.id}/{name}",
        name=name,
        occurred_at=event.occurred_at,
        seen_at=event.seen_at,
        customer_id=event.customer_id,
        account_id=event.account_id,
        properties={
            "tier_before": before.tier,
            "tier_after": after.tier,
            "quantity_before": before.quantity,
            "quantity_after": after.quantity,
            "mrr_before": before.mrr,
            "mrr_after": after.mrr,
            "currency": event.properties.get("currency"),
        },
        source="core",
        is_historical=event.is_historical,
    )


def standing(profile: Profile, tiers: Tiers, now: Moment) -> Standing:
    """Give what a unit has at ``now`` over its paid open subscriptions."""
    tier = tiers.by_plan.get(tiers.default_plan, 0) if tiers.default_plan is not None else -1
    quantity = 0.0
    mrr = 0
    for held in profile.subscriptions.values():
        if not held.is_open(now) or held.status == "trialing":
            continue
        if held.plan not in tiers.beside:
            tier = max(tier, tiers.by_plan.get(held.plan, 0))
        quantity += held.quantity
        mrr += held.mrr()
    return Standing(tier, quantity, mrr)


def _is_priced(profile: Profile, now: Moment) -> bool:
    """Tell whether each source that says terms whole said what they come to."""
    return all(
        held.currency or not (held.told and held.is_open(now)) for held in profile.subscriptions.values()
    )


def current_subscription(profile: Profile, tiers: Tiers, now: Moment) -> Subscription | None:
    """Give the subscription rules see: of those to a plan the greatest tier, then the last started."""
    best: Subscription | None = None
    best_rank: tuple[int, Moment, str] | None = None
    for held in profile.subscriptions.values():
        if not held.is_open(now) or held.plan in tiers.beside:
            continue
        rank = (tiers.by_plan.get(held.plan, -1), held.started_at, held.id)
        if best_rank is None or rank > best_rank:
            best, best_rank = held, rank
    return best


def _change(profile: Profile, event: Event) -> None:
    said = event.properties
    key = str(said.get("subscription_id") or "default")
    held = profile.subscriptions.get(key)
    word = word_of(event)
    if held is not None and word is not None and is_beside(word, held):
        _take_beside(held, word)
        return
    if held is not None and event.occurred_at < held.changed_at:
        _take_late(held, event)
        return
    is_end = event.name == SUBSCRIPTION_CANCELED
    if held is not None and (is_end or event.name != SUBSCRIPTION_STARTED):
        _take(held, event.name, said, event.occurred_at, is_whole=word is not None)
    elif not is_end or "plan" in said:
        held = profile.subscriptions[key] = _record(key, held, event)
    if held is not None:
        held.told = [word] if word is not None else []


def _record(key: str, held: Subscription | None, event: Event) -> Subscription:
    """Begin the record of a subscription; of one heard of by its end alone it says that it has ended."""
    said = event.properties
    record = Subscription(
        id=key,
        plan=str(said.get("plan") or ""),
        quantity=_number(said.get("quantity"), 1.0),
        amount=round(_number(said.get("amount"), 0.0)),
        currency=str(said.get("currency") or ""),
        interval_months=12 if said.get("interval") == "year" else 1,
        status=str(said.get("status") or "active"),
        started_at=min(_moment(said, "started_at") or event.occurred_at, event.occurred_at),
        renews_at=_moment(said, "renews_at"),
        changed_at=event.occurred_at,
        priced_at=event.occurred_at,
        held_at=event.occurred_at,
        before=_before(held, event),
    )
    if event.name == SUBSCRIPTION_CANCELED:
        _end(record, said)
    return record


def _take_beside(held: Subscription, word: Word) -> None:
    """Take a word on the second of the last one; what it says holds if it was said last."""
    stood = held.told[-1]
    held.told = in_order([*held.told, word])
    last = held.told[-1]
    if last is not stood:
        _take(held, last.name, last.said, last.at, is_whole=True)


def _take(held: Subscription, name: str, said: Mapping[str, Any], at: Moment, *, is_whole: bool) -> None:
    """Take what was said last; a source that names states says them whole: what it does not say is not so."""
    if name != SUBSCRIPTION_CANCELED or is_whole:
        _update(held, said, at, is_whole=is_whole)
    if name == SUBSCRIPTION_CANCELED:
        held.changed_at = at
        _end(held, said)


def _end(held: Subscription, said: Mapping[str, Any]) -> None:
    held.ends_at = max(_moment(said, "ends_at") or held.changed_at, held.started_at)


def _before(held: Subscription | None, event: Event) -> list[Term]:
    """Give what is known of the time before a record begins; without a word on its start, nothing."""
    if held is not None:
        return terms_until(held, event.occurred_at)
    return [] if event.name == SUBSCRIPTION_STARTED else [UNTOLD]


def _take_late(held: Subscription, event: Event) -> None:
    """Take what happened before the last that was told: what was said since then holds."""
    said, at = event.properties, event.occurred_at
    plan = str(said.get("plan") or "") if "plan" in said else None
    quantity = _number(said.get("quantity"), 1.0) if "quantity" in said else None
    if event.name == SUBSCRIPTION_STARTED:
        take_late_start(held, at, plan or NOTHING, 1.0 if quantity is None else quantity)
        if not held.told:
            held.started_at = min(held.started_at, at)
    else:
        take_late_word(held, at, NOTHING if event.name == SUBSCRIPTION_CANCELED else plan, quantity)


def _update(held: Subscription, said: Mapping[str, Any], at: Moment, *, is_whole: bool) -> None:
    priced_since, price = held.priced_since(), _price(held)
    is_resumed = not held.is_open(at)
    held_since, before = held.held_since(), terms_until(held, at)
    plan, quantity = held.plan, held.quantity
    held.changed_at = at
    if "plan" in said:
        held.plan = str(said["plan"])
    if "quantity" in said:
        held.quantity = _number(said["quantity"], held.quantity)
    if "amount" in said or is_whole:
        held.amount = round(_number(said.get("amount"), 0 if is_whole else held.amount))
    if "currency" in said or is_whole:
        held.currency = str(said.get("currency") or "")
    if "interval" in said:
        held.interval_months = 12 if said["interval"] == "year" else 1
    held.status = str(said.get("status") or "active")
    held.started_at = _moment(said, "started_at") or held.started_at
    held.renews_at = _moment(said, "renews_at") or (None if is_whole else held.renews_at)
    held.ends_at = None
    held.priced_at = at if is_resumed or _price(held) != price else priced_since
    held.held_at = held_since
    if is_resumed or (held.plan, held.quantity) != (plan, quantity):
        held.before, held.held_at = before, at


def _price(held: Subscription) -> tuple[int, str, int, str]:
    return (held.amount, held.currency, held.interval_months, held.status)


def _number(value: object, otherwise: float) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else otherwise  # type: ignore[arg-type]


def _moment(said: Mapping[str, Any], name: str) -> Moment | None:
    value = said.get(name)
    return parse_moment(value) if isinstance(value, str) else None
