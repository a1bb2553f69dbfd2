"""Taking: what an event changes in the records, before anyone is asked anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from upsell.catalog.offers import Target
from upsell.clock import Moment, parse_moment
from upsell.decisions.addresses import address_key
from upsell.decisions.channel_fit import take_answered, take_sent
from upsell.decisions.consents import (
    SERVICE,
    give_consent,
    keep_proof,
    pause_consent,
    told_scope,
    withdraw_consent,
)
from upsell.decisions.contact import Contact, Full, Proof, Touch, keep_full
from upsell.decisions.declines import ANY_THING, Answer, read_answer, take_decline, thing_key
from upsell.decisions.intents import Intent
from upsell.decisions.policy import OPEN_DEAL, PENDING_CANCELLATION
from upsell.decisions.reach import ADDRESS_TRAITS, CHANNELS, EMAIL
from upsell.decisions.sensitive import end_state, take_state
from upsell.decisions.task_outcomes import TaskOutcome, answer_of, read_outcome
from upsell.journeys.actors import counted_properties
from upsell.journeys.concerns import Concern
from upsell.journeys.effects import Record
from upsell.journeys.household import Unit
from upsell.journeys.leaving import leave_account
from upsell.journeys.places import give_places_back, settle_places, take_places
from upsell.journeys.scene import Scene, kind_of
from upsell.journeys.tasks import begin_deal, name_deals, share_reasons, take_task
from upsell.rules.facts import Scalar
from upsell.signals.cart import CART_EVENTS, take_asked_cart, take_cart, take_taken
from upsell.signals.counters import count_event
from upsell.signals.events import (
    ACCOUNT_IDENTIFIED,
    ACCOUNT_LEFT,
    ADDRESS_FREED,
    ADDRESS_SUPPRESSED,
    CONSENT_GIVEN,
    CONSENT_WITHDRAWN,
    CUSTOMER_IDENTIFIED,
    FEATURE_USED,
    MESSAGE_BOUNCED,
    MESSAGE_CLICKED,
    MESSAGE_COMPLAINED,
    MESSAGE_FAILED,
    MESSAGE_SENT,
    MESSAGE_UNKNOWN,
    MESSAGE_WITHHELD,
    MILESTONE_REACHED,
    OFFER_ACCEPTED,
    OFFER_DECLINED,
    ORDER_COMPLETED,
    PLACEMENT_ASKED,
    TASK_CLOSED,
    TASK_EVENTS,
    USAGE_RECORDED,
    Event,
)
from upsell.signals.features import take_feature
from upsell.signals.had import TRIAL_EVENTS, take_items, take_trial
from upsell.signals.overage import OVERAGE_EVENTS, take_overage
from upsell.signals.packs import PACK_EVENTS, take_packs
from upsell.signals.profiles import Profile, Usage, usage_period
from upsell.signals.purchases import take_purchase
from upsell.signals.subscriptions import SUBSCRIPTION_EVENTS, current_subscription, take_subscription
from upsell.signals.usage import lifetime_of, reach_milestones, take_level, take_quantity

_INTENTS = frozenset(intent.value for intent in Intent)
_SOFT = frozenset({"soft", "temporary", "transient"})
"""Kinds of bounce after which the address may be written to again."""


def take_event(scene: Scene, event: Event, concern: Concern, touched: list[Unit]) -> Event | None:
    """Change the records as an event says; give what follows: Upgraded, Downgraded, a milestone reached."""
    principal = scene.principal()
    for state in concern.states:
        take_state(principal.profile, state, event)
        if state.name == OPEN_DEAL:
            name_deals(scene, event)
    said = counted_properties(event, scene.household) if concern.reads_actor else event.properties
    for unit in touched:
        for counted in concern.counted[kind_of(unit)]:
            if counted.condition is None or counted.condition.holds(said):
                count_event(
                    unit.profile.counters,
                    counted.key,
                    counted.counter,
                    event.occurred_at,
                    scene.now,
                    said,
                )
    if scene.concerns.trials and event.name in TRIAL_EVENTS:
        take_trial(principal.profile, event, scene.concerns.trials)
    if event.name in SUBSCRIPTION_EVENTS:
        derived = take_subscription(principal.profile, event, scene.concerns.tiers)
        scene.refresh_facts()
        end_pending_cancellation(scene)
    elif event.name == FEATURE_USED:
        derived = None
        take_feature(principal.profile.features, event, scene.concerns.features)
    elif event.name == USAGE_RECORDED:
        derived = _take_usage(scene, event, principal)
    else:
        derived = None
        _take_named(scene, event, principal)
    if derived is not None:
        scene.effects.append(Record(derived))
    return derived


def end_pending_cancellation(scene: Scene) -> None:
    """End the state of a pending cancellation when no open subscription is to end any more.

    It was taken back, or what was canceled has ended.
    """
    profile = scene.principal().profile
    held = profile.subscriptions.values()
    if not any(kept.ends_at is not None and kept.is_open(scene.now) for kept in held):
        end_state(profile, PENDING_CANCELLATION, scene.now)


def _take_named(scene: Scene, event: Event, principal: Unit) -> None:
    name = event.name
    if name in PACK_EVENTS:
        _take_order(scene, event, principal.profile)
    if name in OVERAGE_EVENTS:
        take_overage(principal.profile.overage, event)
    if name in (CUSTOMER_IDENTIFIED, ACCOUNT_IDENTIFIED):
        _take_traits(scene, event, principal)
    elif name in TASK_EVENTS:
        _take_task(scene, event, principal)
    elif event.customer_id is not None:
        _take_of_customer(scene, event, scene.customer(event.customer_id), principal)


def _take_of_customer(scene: Scene, event: Event, person: Unit, principal: Unit) -> None:
    """Take what an event says of the customer it names."""
    name = event.name
    if name in CART_EVENTS or name in (PLACEMENT_ASKED, OFFER_ACCEPTED):
        _take_cart(person.profile, event, scene.now)
    elif name in (CONSENT_WITHDRAWN, CONSENT_GIVEN):
        _take_consent(person.contact, event)
    elif name == OFFER_DECLINED:
        units = (person,) if person is principal else (person, principal)
        _take_decline(scene, event.properties, event.occurred_at, units)
    elif name == MESSAGE_BOUNCED:
        _take_bounce(person, event)
    elif name in (ADDRESS_SUPPRESSED, ADDRESS_FREED):
        _take_suppression(person, event)
    elif name == MESSAGE_COMPLAINED:
        # Whoever calls a message spam has asked for no more of them, as plainly as one can.
        scope = told_scope(event.properties.get("channel", EMAIL), SERVICE)
        withdraw_consent(person.contact, scope, event.occurred_at)
    elif name in (MESSAGE_SENT, MESSAGE_UNKNOWN):
        _keep_places(scene, person, event)
        _take_answer(person.contact, event, scene.now)
    elif name == MESSAGE_CLICKED:
        _take_answer(person.contact, event, scene.now)
    elif name in (MESSAGE_FAILED, MESSAGE_WITHHELD):
        give_places_back(scene, person, str(event.properties.get("key")))
        _take_full(person.contact, event, scene.now)
    elif name == ACCOUNT_LEFT:
        leave_account(scene, person)


def _take_cart(profile: Profile, event: Event, now: Moment) -> None:
    """Take what lies in the cart: as an event tells of it, as a request shows it, as an offer changes it."""
    if event.name == PLACEMENT_ASKED:
        take_asked_cart(profile, event, now)
    elif event.name == OFFER_ACCEPTED:
        take_taken(profile, event)
    else:
        take_cart(profile, event)


def _take_order(scene: Scene, event: Event, profile: Profile) -> None:
    """What is bought or taken back is of whoever pays: packs raise limits, a sale is a ground to write."""
    if take_packs(profile.packs, event, scene.concerns.packs):
        scene.refresh_facts()
        scene.has_new_holdings = True
    if scene.concerns.items:
        take_items(profile.ordered, event, scene.concerns.items)
    if event.name == ORDER_COMPLETED and take_purchase(profile.bought, event, scene.concerns.families):
        scene.has_new_holdings = True


def _take_usage(scene: Scene, event: Event, principal: Unit) -> Event | None:
    """``quantity`` adds to the period and the day the event occurred in, ``level`` sets a gauge.

    Gives the milestone that the metric's total passes by it.
    """
    metric = event.properties.get("metric")
    if not isinstance(metric, str):
        return None
    profile = principal.profile
    held = profile.usage.get(metric)
    # No day lies ahead: what is said to have happened later than it was told counts for today.
    at = min(event.occurred_at, scene.now)
    level = _number(event.properties.get("level"))
    if level is not None:
        profile.usage[metric] = take_level(held, level, at)
        return None
    quantity = _number(event.properties.get("quantity", 1))
    if quantity is None:
        return None
    described = scene.program.catalog.described.get(metric)
    lifetime = lifetime_of(held) if described is not None and described.milestones else None
    before = lifetime.total if lifetime is not None else 0.0
    subscription = current_subscription(profile, scene.concerns.tiers, scene.now)
    anchor = subscription.started_at if subscription is not None else None
    start, _ = usage_period(anchor, at)
    usage = profile.usage[metric] = take_quantity(held, quantity, at, start)
    if described is None or not described.milestones:
        return None
    return _milestone_event(event, metric, usage, reach_milestones(usage, before, described.milestones))


def _milestone_event(event: Event, metric: str, usage: Usage, milestone: int | None) -> Event | None:
    """Give the event that a milestone was reached by an event of use; as old as that, or as historical."""
    if milestone is None or usage.lifetime is None:
        return None
    return Event(
        id=f"{event.id}/{MILESTONE_REACHED}",
        name=MILESTONE_REACHED,
        occurred_at=event.occurred_at,
        seen_at=event.seen_at,
        customer_id=event.customer_id,
        account_id=event.account_id,
        properties={"metric": metric, "milestone": milestone, "total": usage.lifetime.total},
        source="core",
        is_historical=event.is_historical,
    )


def _take_traits(scene: Scene, event: Event, principal: Unit) -> None:
    """Traits replace those of the same name; only JSON scalars are kept, roles go to the roster."""
    household = scene.household
    if event.name == CUSTOMER_IDENTIFIED:
        if event.customer_id is not None:
            _set_traits(scene.customer(event.customer_id), event.properties)
        return
    roles = event.properties.get("roles", event.properties.get("role"))
    if household.account is not None and event.customer_id is not None:
        if roles is None:
            household.roster.setdefault(event.customer_id, [])
        else:
            named = roles if isinstance(roles, list) else [roles]
            household.roster[event.customer_id] = [role for role in named if isinstance(role, str)]
        if scene.customer(event.customer_id).tasks:
            share_reasons(scene)
    _set_traits(principal, {k: v for k, v in event.properties.items() if k not in ("roles", "role")})


def _set_traits(unit: Unit, said: Mapping[str, Any]) -> None:
    for name, value in said.items():
        if value is None or isinstance(value, bool | int | float | str):
            scalar: Scalar = value
            unit.profile.traits[name] = scalar


def _take_consent(contact: Contact, event: Event) -> None:
    said = event.properties
    scope = told_scope(said.get("channel"), said.get("purpose"), said.get("family"))
    if event.name == CONSENT_WITHDRAWN:
        until = parse_moment(str(said.get("until")))
        if until is None:
            # An end that cannot be read is none: then it holds until it is taken back.
            withdraw_consent(contact, scope, event.occurred_at)
        else:
            pause_consent(contact, scope, event.occurred_at, until)
        return
    give_consent(contact, scope, event.occurred_at)
    how, text = str(said.get("proof") or ""), str(said.get("text_version") or "")
    keep_proof(contact, scope, Proof(event.occurred_at, how, text))


def _take_task(scene: Scene, event: Event, principal: Unit) -> None:
    """Take what somebody did about a task; what a person was told there is an answer like any other."""
    task = take_task(scene, event)
    outcome = read_outcome(event.properties.get("outcome")) if event.name == TASK_CLOSED else None
    if outcome is TaskOutcome.OPPORTUNITY and not event.is_historical:
        begin_deal(scene, str(event.properties.get("key")), event.occurred_at)
    answer = answer_of(outcome) if outcome is not None else None
    if answer is None:
        return
    said = {key: event.properties.get(key) for key in ("key", "offer", "thing", "reason", "feature")}
    said["answer"] = answer.value
    if task is not None and task.terms is not None:
        said |= {"offer": task.terms.offer, "thing": task.terms.thing}
    person = scene.customer(event.customer_id) if event.customer_id is not None else principal
    units = (person,) if person is principal else (person, principal)
    _take_decline(scene, said, event.occurred_at, units)


def _take_decline(scene: Scene, said: Mapping[str, Any], at: Moment, units: Iterable[Unit]) -> None:
    """Remember an answer about the thing that was offered; the objection becomes a trait."""
    offer = scene.program.catalog.offers.get(str(said.get("offer")))
    answer = read_answer(said.get("answer"))
    named = said.get("thing") or _shown_thing(scene, said)
    for unit in units:
        if offer is not None:
            plan = scene.facts(unit).holdings.plan
            is_of_plan = offer.target in (Target.SEATS, Target.INTERVAL)
            own = (plan.id if plan is not None else "") if is_of_plan else offer.thing
            # "Never" to more seats or to another interval is no word about the plan they have today.
            is_of_any = is_of_plan and answer is Answer.NEVER
            thing = ANY_THING if is_of_any else str(named or own)
            take_decline(unit.declines, thing_key(offer.target, thing), answer, at)
        for trait, name in (("objection", "reason"), ("missing_feature", "feature")):
            value = said.get(name)
            if isinstance(value, str) and value:
                unit.profile.traits[trait] = value


def _shown_thing(scene: Scene, said: Mapping[str, Any]) -> str:
    """Give what an offer came to where it was shown: by what the answer names, else by any."""
    going = [each for unit in scene.units() for each in unit.enrollments.values()]
    going.sort(key=lambda each: said.get("key") not in each.spoken)
    shown = (terms for each in going for terms in each.terms.values() if terms.offer == said.get("offer"))
    return next((terms.thing for terms in shown), "")


def _take_answer(contact: Contact, event: Event, now: Moment) -> None:
    """Count what was sent and what was answered by channel, where several channels may be chosen among."""
    channel = str(event.properties.get("channel") or EMAIL)
    if channel not in CHANNELS:
        return
    held = contact.answers.get(channel)
    if event.name == MESSAGE_CLICKED:
        contact.answers[channel] = take_answered(held, now, str(event.properties.get("key")))
    else:
        contact.answers[channel] = take_sent(held, now)


def _take_bounce(customer: Unit, event: Event) -> None:
    """Keep the address that refused a message for good: the one the event names, else the customer's own."""
    if str(event.properties.get("kind")).strip().casefold() in _SOFT:
        return
    channel = str(event.properties.get("channel") or EMAIL)
    key = event.properties.get("address_key")
    if not isinstance(key, str):
        own = customer.profile.traits.get(ADDRESS_TRAITS.get(channel, ""))
        address = event.properties.get("address", own)
        key = address_key(channel, address) if isinstance(address, str) else None
    if key is not None and key not in customer.contact.bounced:
        customer.contact.bounced.append(key)


def _take_suppression(customer: Unit, event: Event) -> None:
    """Keep that an address is suppressed, or that it is no longer."""
    key, contact = event.properties.get("address_key"), customer.contact
    if not isinstance(key, str):
        return
    if event.name == ADDRESS_SUPPRESSED:
        if key not in contact.bounced:
            contact.bounced.append(key)
        return
    channels = [(channel, customer.profile.traits.get(trait)) for channel, trait in ADDRESS_TRAITS.items()]
    # Before keys were kept, it was the addresses themselves.
    plain = {own for channel, own in channels if isinstance(own, str) and address_key(channel, own) == key}
    contact.bounced = [kept for kept in contact.bounced if kept != key and kept not in plain]


def _keep_places(scene: Scene, person: Unit, event: Event) -> None:
    """Count a message from when it was sent, one too that its journey had taken back: too late is spoken too.

    One that its journey still awaits holds the places it was reserved with.
    """
    key, said = str(event.properties.get("key")), event.properties.get("intent")
    settle_places(scene, person, key, min(event.occurred_at, scene.now))
    going = [each for unit in scene.units() for each in unit.enrollments.values()]
    if said in _INTENTS and not any(key in enrollment.pending for enrollment in going):
        channel = str(event.properties.get("channel") or EMAIL)
        take_places(scene, person, Touch(key, event.occurred_at, Intent(said), channel))


def _take_full(contact: Contact, event: Event, now: Moment) -> None:
    """Remember a cap that the gate before sending found full by what others were sent at the address."""
    said = event.properties
    address, until = said.get("address"), parse_moment(str(said.get("retry_at")))
    if event.name == MESSAGE_WITHHELD and isinstance(address, str) and until is not None:
        keep_full(contact, Full(address, str(said.get("rule")), until), now)


def _number(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else None  # type: ignore[arg-type]
