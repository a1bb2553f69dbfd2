"""Concerns: what each event name can mean to a program, found once so that the rest is one look-up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from upsell.catalog.offers import FITTING, Offer, Target
from upsell.decisions.declines import thing_key
from upsell.decisions.facts import tiers_of
from upsell.decisions.holdings import pack_limits, plan_features
from upsell.decisions.policy import SensitiveState
from upsell.decisions.price_keys import price_key
from upsell.journeys.actors import reads_actor
from upsell.journeys.program import Program
from upsell.journeys.segment import Segment
from upsell.journeys.steps import (
    Journey,
    MessageStep,
    PromptStep,
    WaitForStep,
    asked_of,
    rules_asked,
)
from upsell.journeys.workflow import UnitKind, Workflow
from upsell.rules.compile import Rule
from upsell.rules.conditions import Condition, compile_condition
from upsell.rules.facts import FIT, Counter, Measure, Scalar
from upsell.signals.cart import CART_EVENTS
from upsell.signals.events import (
    ACCOUNT_IDENTIFIED,
    ACCOUNT_LEFT,
    ADDRESS_FREED,
    ADDRESS_SUPPRESSED,
    CONSENT_GIVEN,
    CONSENT_WITHDRAWN,
    CUSTOMER_IDENTIFIED,
    CUSTOMERS_MERGED,
    ENROLLMENT_ENDED,
    ENROLLMENT_MIGRATED,
    FEATURE_USED,
    MESSAGE_BOUNCED,
    MESSAGE_CLICKED,
    MESSAGE_COMPLAINED,
    MESSAGE_DELIVERED,
    MESSAGE_OPENED,
    MILESTONE_REACHED,
    OFFER_ACCEPTED,
    OFFER_DECLINED,
    ORDER_CANCELED,
    PLACEMENT_ASKED,
    PROMPT_CLICKED,
    PROMPT_DISMISSED,
    PROMPT_SHOWN,
    RECEIPTS,
    SUBSCRIPTION_CANCELED,
    SUBSCRIPTION_DOWNGRADED,
    SUBSCRIPTION_UPGRADED,
    TASK_CLOSED,
    TASK_EVENTS,
    TASK_OVERDUE,
    USAGE_RECORDED,
    Event,
)
from upsell.signals.had import TRIAL_EVENTS
from upsell.signals.overage import OVERAGE_EVENTS
from upsell.signals.packs import PACK_EVENTS, PackLimits
from upsell.signals.purchases import Families
from upsell.signals.subscriptions import SUBSCRIPTION_EVENTS, Tiers

ALWAYS = frozenset(
    {CUSTOMER_IDENTIFIED, ACCOUNT_IDENTIFIED, CONSENT_GIVEN, CONSENT_WITHDRAWN, USAGE_RECORDED}
    | {CUSTOMERS_MERGED, ACCOUNT_LEFT, MESSAGE_BOUNCED, MESSAGE_COMPLAINED, MESSAGE_CLICKED, OFFER_DECLINED}
    | SUBSCRIPTION_EVENTS
    | OVERAGE_EVENTS
    | CART_EVENTS
    | RECEIPTS
    | {ENROLLMENT_ENDED, ENROLLMENT_MIGRATED, TASK_OVERDUE, ADDRESS_SUPPRESSED, ADDRESS_FREED}
    | TASK_EVENTS
)
"""Events that change a household, or work that is open for it, whatever the workflows say."""

ANSWERS = frozenset(
    {MESSAGE_DELIVERED, MESSAGE_OPENED, MESSAGE_CLICKED, PROMPT_SHOWN, PROMPT_CLICKED, PROMPT_DISMISSED}
    | {OFFER_ACCEPTED, OFFER_DECLINED, TASK_CLOSED}
)
"""Events that say what became of what was said, for journeys that ask."""

UNDOING = frozenset({SUBSCRIPTION_CANCELED, SUBSCRIPTION_DOWNGRADED, ORDER_CANCELED})
"""Events after which nobody is welcomed to what they had taken."""

_CHANGED_BY: Mapping[str, frozenset[str]] = {
    "customer": frozenset({CUSTOMER_IDENTIFIED}),
    "account": frozenset({ACCOUNT_IDENTIFIED}),
    "plan": SUBSCRIPTION_EVENTS,
    "subscription": SUBSCRIPTION_EVENTS,
    "cart": CART_EVENTS | {PLACEMENT_ASKED},
    FIT: SUBSCRIPTION_EVENTS
    | PACK_EVENTS
    | {USAGE_RECORDED, FEATURE_USED, CUSTOMER_IDENTIFIED, ACCOUNT_IDENTIFIED},
}

_ANSWERS = frozenset({"objection", "missing_feature"})
"""Traits that an offer declined says of the customer and of who pays."""

_TOLD = frozenset({"customer", "account"})
"""Scopes of traits."""

_PAID = frozenset({"plan", "subscription"})
"""Scopes that hang on what whoever pays has."""

_USED = "usage"
"""Stands for the scope of use and limits."""


class Counted(msgspec.Struct, frozen=True):
    """A counter with its key at hand and its condition compiled; None counts every event of the name."""

    key: str
    counter: Counter
    condition: Condition | None


class Concern(msgspec.Struct, frozen=True):
    """What one event name can mean.

    Attributes:
        counted: Counters it goes into, by the kind of unit that keeps them.
        asked: Workflows whose trigger it may fire or change, by the kind of unit.
        states: Sensitive states it starts or ends.
        is_awaited: Whether it is a goal, or some wait is for it.
        segments: Names of the segments whose rule it may change, by the kind of unit they hold.
        reads_actor: Whether a counter it goes into asks who did it.
    """

    counted: Mapping[UnitKind, tuple[Counted, ...]]
    asked: Mapping[UnitKind, tuple[Workflow, ...]]
    states: tuple[SensitiveState, ...]
    is_awaited: bool
    segments: Mapping[UnitKind, frozenset[str]]
    reads_actor: bool = False


class Concerns(msgspec.Struct, frozen=True):
    """What a program looks out for.

    Attributes:
        by_name: What each event name means; a name that is absent concerns nothing.
        names: Every event name that matters at all.
        counters: Every counter kept, by the kind of unit that keeps it.
        known: Every counter by key.
        roles: Roles that some speaking step addresses.
        tiers: Ranks of the catalog's plans.
        ranked: Workflows by the kind of unit they decide about, the one that wins the slot first.
        packs: The packs that orders are looked through for.
        families: The product families of what can be ordered.
        features: The features whose use tells which plan is enough.
        items: The items that orders are looked through for.
        trials: What is offered on trial, each as ``plan/team``.
        has_segments: Whether there is any segment.
        segments: Segments by the kind of unit they hold, in the order in which they are asked.
        planned: Names of those that a subscription's end by time alone may change.
        stirring: Names of events that may change a customer's segment by what an account's members share.
        shared_traits: The account's traits that customers' segments read.
        prices: The key of today's prices of what a workflow offers, by its version; empty where it
            offers nothing.
    """

    by_name: Mapping[str, Concern]
    names: frozenset[str]
    counters: Mapping[UnitKind, tuple[Counter, ...]]
    known: Mapping[str, Counter]
    roles: frozenset[str]
    tiers: Tiers
    ranked: Mapping[UnitKind, tuple[Workflow, ...]]
    has_segments: bool
    segments: Mapping[UnitKind, tuple[Segment, ...]]
    planned: Mapping[UnitKind, frozenset[str]]
    stirring: frozenset[str]
    shared_traits: frozenset[str]
    packs: PackLimits = msgspec.field(default_factory=dict)
    families: Families = msgspec.field(default_factory=dict)
    features: frozenset[str] = frozenset()
    items: frozenset[str] = frozenset()
    trials: frozenset[str] = frozenset()
    prices: Mapping[str, str] = msgspec.field(default_factory=dict)

    def stirs(self, event: Event, traits: Mapping[str, Scalar]) -> bool:
        """Tell whether an event may change what an account's members share so that each must be asked.

        Asked before it is taken. Traits that are told again as they are change nothing: every sender of
        ``group`` tells them with each visit.

        Args:
            event: The event.
            traits: The account's as they are.
        """
        if event.name not in self.stirring:
            return False
        if event.name != ACCOUNT_IDENTIFIED:
            return True
        said = event.properties
        return any(name in said and _differs(said[name], traits.get(name)) for name in self.shared_traits)


def concerns_of(program: Program) -> Concerns:
    """Find what a program, with the earlier versions it keeps, looks out for."""
    live = list(program.workflows.values())
    every = [*live, *program.earlier.values()]
    counters = _counters(program, every)
    packs = pack_limits(program.catalog)
    features = plan_features(program.catalog)
    awaited = {name for workflow in every for name in _awaited(workflow)}
    names = set(ALWAYS) | awaited | {SUBSCRIPTION_UPGRADED, SUBSCRIPTION_DOWNGRADED}
    if any(workflow.on_goal.entry for workflow in every):
        names.update(UNDOING)
    if packs or program.catalog.items:
        names.update(PACK_EVENTS)
    trials = frozenset(_trials(program))
    if trials:
        names.update(TRIAL_EVENTS)
    if features:
        names.add(FEATURE_USED)
    for state in program.policy.states:
        names.update(state.starts, state.ends)
    if any(metric.milestones for metric in program.catalog.described.values()):
        names.add(MILESTONE_REACHED)
    if any(isinstance(step, PromptStep) for each in every for step in each.journey.steps.values()):
        names.add(PLACEMENT_ASKED)
        if any(item.premium for item in program.catalog.items.values()):
            names.add(OFFER_ACCEPTED)
    if any(asked_of(step) is not None for each in every for step in each.journey.steps.values()):
        names.update(ANSWERS)
    for workflow in live:
        if workflow.trigger.on:
            names.add(workflow.trigger.on)
    for kept in counters.values():
        names.update(counter.event for counter in kept)
    segments = program.segments
    moved_by = {key: _changing(segment) for key, segment in segments.items()}
    compiled = {
        kind: [Counted(kept.key, kept, _condition(kept)) for kept in counters[kind]] for kind in UnitKind
    }
    moved = {workflow.key: _moved_by(workflow) for workflow in live}
    by_name = {
        name: Concern(
            counted={k: tuple(c for c in compiled[k] if c.counter.event == name) for k in UnitKind},
            asked={
                k: tuple(w for w in _ranked(live) if w.unit is k and name in moved[w.key]) for k in UnitKind
            },
            states=tuple(s for s in program.policy.states if name in s.starts or name in s.ends),
            is_awaited=name in awaited,
            segments={
                k: frozenset(
                    key for key, moving in moved_by.items() if name in moving and segments[key].unit is k
                )
                for k in UnitKind
            },
            reads_actor=any(
                reads_actor(kept) for kind in UnitKind for kept in counters[kind] if kept.event == name
            ),
        )
        for name in sorted(names)
    }
    return Concerns(
        by_name=by_name,
        names=frozenset(names),
        counters=counters,
        known={kept.key: kept for kind in UnitKind for kept in counters[kind]},
        roles=frozenset(_roles(every)),
        tiers=tiers_of(program.catalog),
        ranked={kind: tuple(w for w in _ranked(live) if w.unit is kind) for kind in UnitKind},
        packs=packs,
        features=features,
        items=frozenset(program.catalog.items),
        trials=trials,
        families={
            each: program.catalog.families_of(each)
            for each in (*program.catalog.products, *program.catalog.items)
        },
        has_segments=bool(segments),
        segments={kind: tuple(s for s in segments.values() if s.unit is kind) for kind in UnitKind},
        planned={
            kind: frozenset(key for key, s in segments.items() if s.unit is kind and _is_planned(s.rule))
            for kind in UnitKind
        },
        stirring=frozenset(
            name for s in segments.values() if s.unit is UnitKind.CUSTOMER for name in _shared_by(s.rule)
        ),
        shared_traits=frozenset(
            name
            for s in segments.values()
            if s.unit is UnitKind.CUSTOMER
            for scope, name in s.rule.reads.traits
            if scope == "account"
        ),
        prices={
            each.version: price_key(each.offers, program.catalog, program.policy.rails.rounding)
            for each in every
        },
    )


def awaited_since(step: WaitForStep) -> Counter:
    """Give the counter that remembers when an event awaited ``since: enrollment`` was last seen."""
    return Counter(Measure.LAST, step.event, condition=step.where.text if step.where else None)


def counted_by(segment: Segment) -> frozenset[str]:
    """Give the names of the events a segment's rule counts."""
    return frozenset(counter.event for counter in segment.rule.counters)


def events_of(workflow: Workflow) -> frozenset[str]:
    """Give the names of the events a workflow reads: its trigger, what its rules count, goal and waits."""
    counted = {counter.event for rule in rules_of(workflow) for counter in rule.counters}
    triggered = {workflow.trigger.on} if workflow.trigger.on else set[str]()
    return frozenset(counted | triggered | set(_awaited(workflow)))


def properties_of(rules: Iterable[Rule]) -> frozenset[tuple[str, str]]:
    """Give the properties of events that some rules count by, each with the name of its event."""
    counters = [counter for rule in rules for counter in rule.counters]
    summed = {(each.event, each.property) for each in counters if each.property is not None}
    asked = {
        (each.event, name)
        for each in counters
        if (condition := _condition(each)) is not None
        for name in condition.reads
    }
    return frozenset(summed | asked)


def traits_of(workflows: Iterable[Workflow], segments: Iterable[Segment]) -> Mapping[str, frozenset[str]]:
    """Give the traits that the rules of workflows and segments read, by scope."""
    rules = [rule for workflow in workflows for rule in rules_of(workflow)]
    rules += [segment.rule for segment in segments]
    read = {each for rule in rules for each in rule.reads.traits}
    return {scope: frozenset(name for of, name in read if of == scope) for scope in ("account", "customer")}


def discount_rules(offers: Iterable[Offer]) -> Iterator[Rule]:
    """List the rules that the discounts of offers hang on."""
    yield from (offer.by_value.of for offer in offers if offer.by_value is not None)


def _trials(program: Program) -> Iterator[str]:
    """Give what may be offered on trial, under the keys it is kept by once it was tried."""
    for offer in program.catalog.offers.values():
        if offer.trial_days and offer.target is Target.PLAN and offer.thing == FITTING:
            yield from (thing_key(Target.PLAN, plan) for plan in program.catalog.plans)
        elif offer.trial_days:
            yield thing_key(offer.target, offer.thing)


def _ranked(workflows: Iterable[Workflow]) -> list[Workflow]:
    return sorted(workflows, key=lambda workflow: (-workflow.priority, workflow.key))


def rules_of(workflow: Workflow) -> Iterator[Rule]:
    """List every rule of a workflow, those its offers' discounts hang on among them."""
    yield from _trigger_rules(workflow)
    yield from workflow.eligible
    yield from workflow.suppress
    yield from workflow.experiment.audience.values()
    if workflow.worth is not None:
        yield workflow.worth
    yield from discount_rules(workflow.offers.values())
    for journey in (workflow.journey, workflow.on_goal):
        yield from (rule for step in journey.steps.values() for rule in rules_asked(step))


def _trigger_rules(workflow: Workflow) -> Iterator[Rule]:
    if workflow.trigger.when is not None:
        yield workflow.trigger.when
    if workflow.trigger.crossing is not None:
        yield workflow.trigger.crossing.of
    if workflow.trigger.score is not None:
        yield from (part.rule for part in workflow.trigger.score.parts)


def _counters(program: Program, workflows: list[Workflow]) -> dict[UnitKind, tuple[Counter, ...]]:
    found: dict[UnitKind, dict[str, Counter]] = {kind: {} for kind in UnitKind}
    for segment in program.segments.values():
        found[segment.unit].update((counter.key, counter) for counter in segment.rule.counters)
    for workflow in workflows:
        for rule in rules_of(workflow):
            found[workflow.unit].update((counter.key, counter) for counter in rule.counters)
        # Prices are today's, not the version's: what an older one names is made by the live catalog.
        live = (each for offer in workflow.offers for each in program.catalog.chain(offer))
        for rule in discount_rules(live):
            found[workflow.unit].update((counter.key, counter) for counter in rule.counters)
        for journey in (workflow.journey, workflow.on_goal):
            waits = [awaited_since(step) for step in _waits(journey) if step.since_enrollment]
            found[workflow.unit].update((counter.key, counter) for counter in waits)
    held = (state.when for state in program.policy.states if state.when is not None)
    staged = (program.stage,) if program.stage is not None else ()
    grounds = (each.interest for each in program.policy.grounds.values() if each.interest is not None)
    for rule in (*program.policy.suppress, *held, *staged, *grounds):
        for kind in UnitKind:
            found[kind].update((counter.key, counter) for counter in rule.counters)
    return {kind: tuple(kept[key] for key in sorted(kept)) for kind, kept in found.items()}


def _condition(counter: Counter) -> Condition | None:
    return compile_condition(counter.condition) if counter.condition is not None else None


def _waits(journey: Journey) -> Iterator[WaitForStep]:
    yield from (step for step in journey.steps.values() if isinstance(step, WaitForStep))


def _awaited(workflow: Workflow) -> Iterator[str]:
    yield workflow.goal.event
    for journey in (workflow.journey, workflow.on_goal):
        yield from (step.event for step in _waits(journey))


def _roles(workflows: Iterable[Workflow]) -> Iterator[str]:
    for workflow in workflows:
        if workflow.unit is UnitKind.ACCOUNT:
            for journey in (workflow.journey, workflow.on_goal):
                for step in journey.steps.values():
                    if isinstance(step, MessageStep):
                        yield from step.to or (DEFAULT_ROLE,)


DEFAULT_ROLE = "admin"
"""The role an account's workflow addresses when a step names none."""


def _moved_by(workflow: Workflow) -> frozenset[str]:
    """Names of the events that can fire a workflow's trigger or change what it says."""
    names = {workflow.trigger.on} if workflow.trigger.on else set[str]()
    rules = list(_trigger_rules(workflow))
    for rule in rules:
        names |= _read_by(rule)
    if rules:
        # Whoever is made known is asked, or a rule about what never happened would not be.
        is_account = workflow.unit is UnitKind.ACCOUNT
        names.update({ACCOUNT_IDENTIFIED} if is_account else {CUSTOMER_IDENTIFIED, CUSTOMERS_MERGED})
    return frozenset(names)


def _changing(segment: Segment) -> frozenset[str]:
    """Names of the events that can change whom a segment holds; who is new is asked anyway."""
    merges = {CUSTOMERS_MERGED} if segment.unit is UnitKind.CUSTOMER else set[str]()
    return frozenset(_read_by(segment.rule) | merges)


def _read_by(rule: Rule) -> set[str]:
    """Names of the events that can change what a rule says."""
    return {counter.event for counter in rule.counters} | {
        name for each in _sources(rule) for name in _changes(*each)
    }


def _shared_by(rule: Rule) -> set[str]:
    """Names of the events that can change what a customer's rule says by what the account's members share."""
    shared = (each for each in _sources(rule) if each[0] not in ("customer", "cart"))
    return {name for each in shared for name in _changes(*each)}


def _is_planned(rule: Rule) -> bool:
    """Tell whether a rule reads what a subscription's end changes."""
    return any(scope in _PAID or scope in (_USED, FIT) for scope, _ in _sources(rule))


def _sources(rule: Rule) -> set[tuple[str, str]]:
    """Give what a rule reads beside counters, by scope and name; of every metric the scope is one."""
    return {*rule.reads.traits, *((_USED, metric) for metric in rule.reads.metrics)}


def _changes(scope: str, name: str) -> frozenset[str]:
    """Give the names of the events that change what stands under a name."""
    if scope == _USED:
        return SUBSCRIPTION_EVENTS | PACK_EVENTS | {USAGE_RECORDED}
    changed_by = _CHANGED_BY.get(scope, frozenset())
    return changed_by | {OFFER_DECLINED, TASK_CLOSED} if scope in _TOLD and name in _ANSWERS else changed_by


def _differs(said: Any, held: Scalar) -> bool:
    return type(said) is not type(held) or said != held
