"""Speaking: who a step addresses, and whether it may speak to them now.

Asked when a candidate is let in, at each speaking step, and again by the gate before sending.
The law: a held-out unit is asked the same questions at the same points as a treated one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from upsell.catalog.offers import Offer
from upsell.clock import Moment
from upsell.decisions.addresses import address_on, is_suppressed, normalize_address
from upsell.decisions.channel_fit import Choice, Way, choose_channel
from upsell.decisions.consents import ask_consent, ask_pause
from upsell.decisions.contact import Speech
from upsell.decisions.decision import Seen, Verdict
from upsell.decisions.entitlement import Past, choose_offer
from upsell.decisions.facts import UnitFacts
from upsell.decisions.grounds import Basis
from upsell.decisions.guardrails import ask_pauses
from upsell.decisions.incidents import ask_incidents
from upsell.decisions.intents import PROMOTIONAL, SELLING, Intent
from upsell.decisions.lawfulness import find_basis
from upsell.decisions.policy import OPEN_TASK
from upsell.decisions.rails import ask_spent
from upsell.decisions.reach import PROMPT, TASK, TRIAL
from upsell.decisions.reasons import Reason
from upsell.decisions.sensitive import ask_states
from upsell.decisions.terms import Terms
from upsell.ids import bare, share
from upsell.journeys.concerns import DEFAULT_ROLE
from upsell.journeys.household import Enrollment, Unit
from upsell.journeys.leaving import is_shared, slot_holder
from upsell.journeys.places import ask_address, ask_hours, ask_places
from upsell.journeys.scene import Scene
from upsell.journeys.steps import Journey, MessageStep, PromptStep, TaskStep, TrialStep, for_arm, ways_on
from upsell.journeys.tasks import find_held
from upsell.journeys.workflow import Status, UnitKind, Workflow
from upsell.rules.compile import Rule
from upsell.rules.facts import Scalar

SpeakingStep = MessageStep | TaskStep | PromptStep | TrialStep

SHUT = frozenset({Reason.NO_RECIPIENT, Reason.ADDRESS_SUPPRESSED, Reason.NO_CONSENT})
"""Reasons for which a channel to somebody does not open by itself."""

WAITABLE = frozenset({Reason.CAPPED, Reason.OUTRANKED, Reason.OUTSIDE_HOURS})
"""Reasons for which a step waits, is passed over or ends the journey, as it says."""


def first_speaking(journey: Journey) -> SpeakingStep | None:
    """Give the first step that would speak, a branch's yes side before its no; None when none does."""
    return next(first_steps(journey), None)


def first_steps(journey: Journey) -> Iterator[SpeakingStep]:
    """Give each speaking step that may be the first of a passage, a branch's yes side before its no."""
    seen: set[str] = set()
    ahead = [journey.entry]
    while ahead:
        at = ahead.pop()
        if at is None or at in seen:
            continue
        seen.add(at)
        step = journey.steps[at]
        if isinstance(step, SpeakingStep):
            yield step
        else:
            ahead += reversed(ways_on(step))


def intent_of(step: SpeakingStep) -> Intent:
    """Give what a step speaks for; a task that makes an offer is an offer, any other is help."""
    if isinstance(step, MessageStep | PromptStep):
        return step.intent
    if isinstance(step, TrialStep):
        return Intent.OFFER
    return Intent.OFFER if step.offer else Intent.HELP


def ask_rules(rules: Iterable[Rule], facts: UnitFacts, reason: Reason, *, wanted: bool) -> Verdict | None:
    """Give the verdict of the first rule that is not as wanted, with the values it saw; None when all are.

    ``wanted`` True asks that every rule is true (unknown is not true); False that none is.
    """
    for rule in rules:
        if (rule.value(facts) is True) is not wanted:
            retry_at = rule.next_change_at(facts)
            return Verdict(reason, rule.text, seen_by(rule, facts), retry_at)
    return None


def seen_by(rule: Rule, facts: UnitFacts) -> tuple[Seen, ...]:
    """Give the values of a rule's terms."""
    return tuple(Seen(term.text, _scalar(term.value(facts))) for term in rule.terms)


def _scalar(value: object) -> Scalar:
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def ask_silence(
    scene: Scene, unit: Unit, workflow: Workflow, intent: Intent, step: SpeakingStep | None = None
) -> Verdict | None:
    """Say what silences an intent for a unit now, or None: the workflow's state, states, suppressions.

    ``service`` is silenced by nothing here. A step that says an open task anew is not silenced by open tasks:
    it speaks to whoever works at it, and opens nothing.
    """
    live = scene.program.workflows.get(workflow.key)
    if live is None or live.status is Status.ENDED:
        return Verdict(Reason.ENDED)
    if live.status is Status.PAUSED:
        return Verdict(Reason.PAUSED)
    pauses = scene.program.pauses.get(workflow.key)
    if pauses is not None:
        paused = ask_pauses(pauses, scene.now, share("released", unit.id))
        if paused is not None:
            return paused
    if intent not in PROMOTIONAL:
        return None
    principal = scene.principal()
    policy = scene.program.policy
    states = policy.states
    if isinstance(step, TaskStep) and find_held(scene, unit, step.reason or workflow.key) is not None:
        states = tuple(state for state in states if state.name != OPEN_TASK)
    for profile in (principal.profile,) if principal is unit else (principal.profile, unit.profile):
        verdict = ask_states(profile, states, intent, scene.now)
        if verdict is not None:
            return verdict
    incidents = scene.program.incidents
    place = share("released", unit.id) if incidents else 0.0
    held = ask_incidents(incidents, policy.states, intent, scene.now, place)
    held = held or _ask_rule_states(scene, unit, intent)
    if held is not None:
        return held
    suppress = (*policy.suppress, *live.suppress)
    return ask_rules(suppress, scene.facts(unit), Reason.SUPPRESSED, wanted=False)


def _ask_rule_states(scene: Scene, unit: Unit, intent: Intent) -> Verdict | None:
    """Say which state held by a rule silences an intent: it holds for whoever pays, or for the unit."""
    units = (unit,) if unit is scene.principal() else (scene.principal(), unit)
    for state in scene.program.policy.states:
        if state.when is None or intent not in state.stops:
            continue
        for each in units:
            facts = scene.facts(each)
            if state.when.value(facts) is True:
                seen = seen_by(state.when, facts)
                return Verdict(Reason.SENSITIVE, state.name, seen, state.when.next_change_at(facts))
    return None


def addressed(scene: Scene, unit: Unit, workflow: Workflow, step: SpeakingStep) -> list[Unit]:
    """Give the customers a step addresses, reachable or not, by customer id.

    For a customer's workflow the customer; for an account's the loaded members with one of the
    roles named, or the admin.
    """
    if workflow.unit is UnitKind.CUSTOMER:
        return [unit]
    roles = (step.to if isinstance(step, MessageStep) else ()) or (DEFAULT_ROLE,)
    household = scene.household
    return [
        household.customers[customer_id]
        for customer_id in sorted(household.roster)
        if customer_id in household.customers and any(role in roles for role in household.roster[customer_id])
    ]


def address_of(customer: Unit, channel: str) -> str | None:
    """Give a customer's address on a channel, or None when there is none or it refused for good."""
    return address_on(channel, customer.profile.traits, customer.contact.bounced)


def ask_reach(customer: Unit, channel: str, rule: str) -> Verdict | None:
    """Say why a customer has no address on a channel: it is suppressed, or there is none; None when there is.

    The verdict of the latter has the words of ``rule``.
    """
    if address_of(customer, channel) is not None:
        return None
    if is_suppressed(channel, customer.profile.traits, customer.contact.bounced):
        return Verdict(Reason.ADDRESS_SUPPRESSED, channel)
    return Verdict(Reason.NO_RECIPIENT, rule)


class Recipient(msgspec.Struct, frozen=True):
    """Whom a step speaks to, by which channel, and what was compared where it might be by several."""

    person: Unit
    channel: str
    words: str = ""


def ask_recipients(
    scene: Scene, unit: Unit, workflow: Workflow, step: SpeakingStep, enrollment: Enrollment | None
) -> tuple[list[Recipient], Verdict | None]:
    """Give who may be spoken to by a step now and by which channel, or the reason why nobody may.

    People are dropped who have no address, who withdrew consent, whose cap is full, or whose
    slot another workflow holds, in this order; the reason is the one that passes by itself first, else the
    one that dropped the last of them. Of several with one address the first is kept. A task and a prompt
    address nobody; they ask the caps of the unit.
    """
    if not isinstance(step, MessageStep):
        speech = speech_of(workflow, step, scene, enrollment)
        return [], _ask_task(scene, unit, step, speech) or ask_places(scene, unit, speech)
    is_account = workflow.unit is UnitKind.ACCOUNT
    roles = (" or ".join(step.to) or DEFAULT_ROLE) if is_account else "the customer"
    verdict = Verdict(Reason.NO_RECIPIENT, roles)
    kept: list[Recipient] = []
    addresses: set[str] = set()
    for person in addressed(scene, unit, workflow, step):
        reachable = [channel for channel in step.channels if address_of(person, channel)]
        if not reachable and verdict.reason is Reason.NO_RECIPIENT:
            refusals = (ask_reach(person, channel, roles) for channel in step.channels)
            verdict = next((no for no in refusals if no and no.reason is Reason.ADDRESS_SUPPRESSED), verdict)
        if not reachable or not addresses.isdisjoint(_addresses(person, reachable)):
            continue
        choice = _choose_channel(scene, workflow, step, person, reachable, enrollment, len(kept))
        refusal = choice.refusal or _ask_slot(scene, workflow, step, person, enrollment)
        if refusal is None and choice.channel is not None:
            kept.append(Recipient(person, choice.channel, choice.words if len(step.channels) > 1 else ""))
            addresses.update(_addresses(person, reachable))
        elif refusal is not None and not _passes_before(verdict, refusal):
            verdict = refusal
    return kept, None if kept else verdict


def _passes_before(verdict: Verdict, other: Verdict) -> bool:
    """Tell whether a refusal passes by itself, and before another does."""
    if verdict.retry_at is None:
        return False
    return other.retry_at is None or verdict.retry_at < other.retry_at


def _addresses(person: Unit, channels: Iterable[str]) -> set[str]:
    """Give a person's addresses as whoever delivers there tells them apart."""
    return {normalize_address(address_of(person, channel) or "") for channel in channels}


def _choose_channel(
    scene: Scene,
    workflow: Workflow,
    step: MessageStep,
    person: Unit,
    channels: Iterable[str],
    enrollment: Enrollment | None,
    beside: int,
) -> Choice:
    """Choose among the channels on which a person has an address."""
    ways = []
    for channel in channels:
        speech = speech_of(workflow, step, scene, enrollment, channel)
        refusal = (
            ask_permission(scene, person, speech)
            or ask_hours(scene, person, channel)
            or ask_places(scene, person, speech, beside=beside)
            or ask_address(scene, person, speech, address_of(person, channel) or "")
        )
        is_shut = refusal is not None and refusal.reason in SHUT
        ways.append(Way(channel, person.contact.answers.get(channel), refusal, is_shut))
    if len(ways) == 1:
        return Choice(ways[0].channel, ways[0].refusal, "")
    return choose_channel(ways, scene.now, step.within)


def ask_permission(scene: Scene, person: Unit, speech: Speech) -> Verdict | None:
    """Say why somebody may not be written to: they withdrew, no ground holds, or they asked for a pause."""
    withdrawn = _ask_withdrawn(scene, person, speech)
    if withdrawn is not None:
        return withdrawn
    basis = basis_of(scene, person, speech)
    return basis if isinstance(basis, Verdict) else None


def basis_of(scene: Scene, person: Unit, speech: Speech) -> Basis | Verdict:
    """Give the ground on which something is said to somebody who has not withdrawn, or why there is none."""
    payer = scene.principal()
    return find_basis(
        scene.program.policy.grounds.get(speech.channel),
        person.contact,
        scene.facts(person),
        scene.program.catalog,
        (person.profile,) if person is payer else (person.profile, payer.profile),
        speech.channel,
        speech.intent,
        speech.family,
    )


def _ask_task(scene: Scene, unit: Unit, step: SpeakingStep, speech: Speech) -> Verdict | None:
    """Say why no person may make an offer to a customer: whoever withdrew everything hears none of us."""
    if unit is scene.household.account or speech.intent not in SELLING:
        return None
    if isinstance(step, PromptStep):
        # By what it is told is asked when it is asked for; until then what stops everything stops it.
        speech = msgspec.structs.replace(speech, channel="")
    return _ask_withdrawn(scene, unit, speech)


def _ask_withdrawn(scene: Scene, person: Unit, speech: Speech) -> Verdict | None:
    """Say which withdrawal or pause stops what is to be said to somebody."""
    contact, channel = person.contact, speech.channel
    withdrawn = ask_consent(contact, channel, families=speech.families, intent=speech.intent)
    return withdrawn or ask_pause(contact, channel, scene.now, families=speech.families, intent=speech.intent)


def _ask_slot(
    scene: Scene, workflow: Workflow, step: MessageStep, person: Unit, enrollment: Enrollment | None
) -> Verdict | None:
    holder = person.slot
    is_held = holder is not None and (enrollment is None or holder != enrollment.id)
    account = scene.household.account
    if is_held and any(is_shared(each, holder, workflow.key) for each in (person, account) if each):
        return None
    if workflow.takes_slot and is_held and step.intent in PROMOTIONAL:
        return Verdict(Reason.OUTRANKED, slot_holder(scene, person), (Seen("person", bare(person.id)),))
    return None


def speech_of(
    workflow: Workflow,
    step: SpeakingStep,
    scene: Scene,
    enrollment: Enrollment | None,
    channel: str | None = None,
) -> Speech:
    """Give what a step says, as far as caps ask: by a channel, None for the first that it names."""
    offer = for_arm(step.offer, enrollment.arm if enrollment is not None else None)
    offer = offer or next(iter(step.offer.values()), None)
    if offer is not None and enrollment is not None:
        offer = enrollment.chosen.get(offer, offer)
    made = scene.program.catalog.offers.get(offer or "")
    return Speech(
        intent=intent_of(step),
        channel=channel if channel is not None else _channel_of(step),
        workflow=workflow.key,
        category=workflow.category,
        kind=made.kind if made is not None else None,
        family=made.family if made is not None else "",
        families=_families(scene, made) if made is not None else (),
        obeys_caps=step.obeys_caps if isinstance(step, MessageStep) else True,
        is_counted=step.is_counted if isinstance(step, MessageStep) else True,
    )


def _families(scene: Scene, made: Offer) -> tuple[str, ...]:
    """Give the product families that an offer is about: its own, and those of what it contains."""
    return tuple(sorted({made.family, *scene.program.catalog.families_of(made.thing)} - {""}))


def _channel_of(step: SpeakingStep) -> str:
    match step:
        case MessageStep():
            return step.channels[0]
        case TaskStep():
            return TASK
        case PromptStep():
            return step.channel or PROMPT
        case TrialStep():
            return TRIAL


def ask_offer(
    scene: Scene,
    unit: Unit,
    workflow: Workflow,
    step: SpeakingStep,
    arm: str | None,
    enrollment: Enrollment | None,
) -> tuple[Terms | None, Verdict | None]:
    """Give the terms of the offer a step makes now, or why it cannot be made; neither when it makes none.

    Availability and price are today's, not the version's: the live catalog is asked. What this
    enrollment showed already is honoured at the terms shown, until they expire.
    """
    name = offer_named(step, arm, enrollment)
    if name is None or (enrollment is None and name not in scene.program.catalog.offers):
        # What the journey will choose on its way is asked when it chooses.
        return None, None
    return choose_terms(scene, unit, workflow, name, enrollment)


def offer_named(step: SpeakingStep, arm: str | None, enrollment: Enrollment | None) -> str | None:
    """Give the offer a step makes, the one that was chosen where it names a choice; None for none."""
    name = for_arm(step.offer, arm)
    return enrollment.chosen.get(name, name) if name is not None and enrollment is not None else name


def choose_terms(
    scene: Scene, unit: Unit, workflow: Workflow, name: str, enrollment: Enrollment | None
) -> tuple[Terms | None, Verdict | None]:
    """Give the terms of an offer or of what falls back from it, or why none can be made."""
    program, principal = scene.program, scene.principal()
    shown = _honoured(enrollment, name, scene.now)
    held = shown if enrollment is not None and name in enrollment.shown else None
    spent = program.spent.get(workflow.key)
    bound = (unit,) if unit is principal else (unit, principal)
    past = Past(
        given=tuple(dict.fromkeys(given for each in bound for given in each.discounts)),
        declines=[each.declines for each in bound],
        enrollment=enrollment.id if enrollment is not None else "",
        held=held,
        is_first=enrollment is None or (enrollment.owes_value and not enrollment.after_goal),
    )
    terms, refusal = choose_offer(
        scene.facts(unit),
        program.catalog,
        program.policy.rails,
        name,
        sold_out=program.sold_out,
        spent=spent,
        not_now=program.policy.not_now,
        past=past,
    )
    if terms is None or shown is None or not _is_same(terms, shown):
        return terms, refusal
    is_forbidden = held is None and ask_spent(spent, shown, scene.now) is not None
    return (terms if is_forbidden else shown), None


def _is_same(terms: Terms, shown: Terms) -> bool:
    """Tell whether what was shown is what would be said now: of a cart, the same change of the same cart."""
    if terms.thing != shown.thing:
        return False
    return shown.cart is None if terms.cart is None else terms.cart.is_like(shown.cart)


def _honoured(enrollment: Enrollment | None, offer: str, now: Moment) -> Terms | None:
    """Give the terms an enrollment keeps of an offer, while they are honoured."""
    kept = enrollment.terms.get(offer) if enrollment is not None else None
    return kept if kept is not None and (kept.expires_at is None or now < kept.expires_at) else None
