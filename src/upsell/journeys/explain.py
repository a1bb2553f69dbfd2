"""Explain: for each workflow, why a unit is spoken to or why not, with the values that decided.

For a candidate the ledger holds the answer; for everyone else it is computed here, by the same
gates, over a copy of the household that nothing keeps.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import msgspec

from upsell.clock import Moment, to_datetime
from upsell.decisions.contact import Touch, full_by_others
from upsell.decisions.decision import Seen, Verdict, value_words
from upsell.decisions.policy import Per, caps_per
from upsell.decisions.proof import ProofFacts
from upsell.decisions.reasons import MEANINGS, Reason
from upsell.decisions.standing import Standing, standing_of
from upsell.decisions.terms import rate_for, value_seen
from upsell.ids import UnitId, bare, is_account
from upsell.journeys.advance import Session, concerns_for
from upsell.journeys.candidates import ENTRIES, ask_gates
from upsell.journeys.household import Household, Unit, Watch
from upsell.journeys.inputs import Tick
from upsell.journeys.places import zone_for
from upsell.journeys.program import Program
from upsell.journeys.scene import Scene
from upsell.journeys.settling import ranked
from upsell.journeys.speaking import seen_by
from upsell.journeys.triggers import is_still_true
from upsell.journeys.workflow import Workflow


class DiscountSeen(msgspec.Struct, frozen=True):
    """What an offer takes off for a unit where that hangs on a value.

    Attributes:
        offer: Id of the offer.
        rate: The share it would take off now, 0 to 1; price guardrails are asked beside it.
        seen: The value it hangs on, as it is now.
        kept_rate: What was shown and is still honoured, 0 to 1; None when nothing is.
    """

    offer: str
    rate: float
    seen: Seen
    kept_rate: float | None


class Explanation(msgspec.Struct, frozen=True):
    """What one workflow answers to one unit at one moment.

    Attributes:
        unit_id: The unit that is answered.
        workflow: Key of the workflow.
        reason: The answer.
        words: The answer in plain words, with what decided.
        rule: Text of the rule that decided, or the name of the state, or empty.
        seen: The values it saw.
        would_enter: Whether the gates would let the unit in, were the trigger to fire now.
        discounts: What the workflow's offers take off, of those for which that hangs on a value.
    """

    unit_id: UnitId
    workflow: str
    reason: Reason
    words: str
    rule: str
    seen: tuple[Seen, ...]
    would_enter: bool
    discounts: tuple[DiscountSeen, ...] = ()


class InSegment(msgspec.Struct, frozen=True):
    """A segment that a unit is in, and since when."""

    segment: str
    since: Moment


def explain(
    program: Program,
    household: Household,
    unit_id: UnitId,
    now: Moment,
    only: Collection[str] | None = None,
    fired: Collection[str] = (),
) -> tuple[Explanation, ...]:
    """Say for each workflow of the unit's kind, best ranked first, why or why not at ``now``.

    The household is not changed: due timers up to ``now`` are taken on a copy first. A unit never
    heard of is explained as one of which nothing is known; a unit of another household gives ().
    ``only`` names the workflows asked about, None for all; ``fired`` those whose trigger has just fired,
    so that their gates answer.
    """
    scene = _scene_at(program, household, now)
    unit = _unit_of(scene, unit_id)
    if unit is None:
        return ()
    asked = [each for each in ranked(scene, unit) if only is None or each.key in only]
    return tuple(_explain(scene, unit, each, has_fired=each.key in fired) for each in asked)


def explain_withheld(explanation: Explanation, verdict: Verdict) -> Explanation:
    """Give an explanation whose answer is why a prompt of the passage was not shown when it was asked for."""
    return msgspec.structs.replace(
        explanation, reason=verdict.reason, words=_words(verdict), rule=verdict.rule, seen=verdict.seen
    )


def leave_out(explanation: Explanation, term: str) -> Explanation:
    """Give an explanation without a value that was seen, in its words too."""
    kept = tuple(each for each in explanation.seen if each.term != term)
    if kept == explanation.seen:
        return explanation
    words = explanation.words.replace(_seen_words(explanation.seen), _seen_words(kept))
    return msgspec.structs.replace(explanation, words=words, seen=kept)


def explain_standing(program: Program, household: Household, unit_id: UnitId, now: Moment) -> Standing | None:
    """Say what a unit pays for and uses at ``now``; None for a unit of another household."""
    scene = _scene_at(program, household, now)
    unit = _unit_of(scene, unit_id)
    if unit is None:
        return None
    return standing_of(scene.facts(unit), program.catalog, program.policy.lineup_order, scene.proof(unit))


def explain_address(
    program: Program, household: Household, unit_id: UnitId, now: Moment, others: Sequence[Touch]
) -> tuple[Verdict, ...]:
    """Say which caps per person are full for a customer only by what other ids were sent at their address.

    Args:
        program: What the workspace says.
        household: The household, which is not changed.
        unit_id: The customer; an account has no address.
        now: The moment asked about.
        others: What was sent or reserved at the customer's address; their own counts once.
    """
    scene = _scene_at(program, household, now)
    unit = _unit_of(scene, unit_id)
    if unit is None or is_account(unit_id):
        return ()
    caps = caps_per(program.policy, Per.PERSON)
    return tuple(full_by_others(unit.contact, caps, others, scene.now, zone_for(scene, unit)))


def explain_segments(
    program: Program, household: Household, unit_id: UnitId, now: Moment
) -> tuple[InSegment, ...]:
    """Say which segments a unit is in at ``now``, the one entered first before others."""
    unit = _unit_of(_scene_at(program, household, now), unit_id)
    kept = unit.segments or {} if unit is not None else {}
    found = (
        InSegment(name, held.since)
        for name, held in kept.items()
        if held.since is not None and name in program.segments
    )
    return tuple(sorted(found, key=lambda one: (one.since, one.segment)))


def prove(program: Program, household: Household, unit_id: UnitId, now: Moment) -> ProofFacts:
    """Say what can be proved to whoever pays for a unit of a household that is up to date at ``now``."""
    scene = Scene(program, concerns_for(program), household)
    scene.now = max(now, household.taken_at)
    unit = _unit_of(scene, unit_id)
    return scene.proof(unit if unit is not None else scene.principal())


def _scene_at(program: Program, household: Household, now: Moment) -> Scene:
    """Give a scene over a copy of a household, with what is due up to ``now`` taken."""
    copy = msgspec.json.decode(msgspec.json.encode(household), type=Household)
    Session(program, copy).take(Tick(now))
    scene = Scene(program, concerns_for(program), copy)
    scene.now = max(now, copy.taken_at)
    return scene


def _unit_of(scene: Scene, unit_id: UnitId) -> Unit | None:
    if not is_account(unit_id):
        return scene.customer(bare(unit_id))
    account = scene.household.account
    return account if account is not None and account.id == unit_id else None


def _explain(scene: Scene, unit: Unit, workflow: Workflow, *, has_fired: bool) -> Explanation:
    watch = unit.watches.get(workflow.key) or Watch()
    gates = ask_gates(scene, unit, workflow, watch, None, next(iter(watch.candidates), ""))
    verdict, words = _answer(scene, unit, workflow, watch, gates, has_fired=has_fired)
    return Explanation(
        unit_id=unit.id,
        workflow=workflow.key,
        reason=verdict.reason,
        words=words,
        rule=verdict.rule,
        seen=verdict.seen,
        would_enter=gates.reason in ENTRIES,
        discounts=tuple(_discounts(scene, unit, workflow)),
    )


def _discounts(scene: Scene, unit: Unit, workflow: Workflow) -> Iterator[DiscountSeen]:
    """Give what offers take off that hang on a value, at today's catalog."""
    catalog, facts = scene.program.catalog, scene.facts(unit)
    mine = [each for each in unit.enrollments.values() if each.workflow == workflow.key]
    kept = {
        terms.offer: terms.discount_rate
        for enrollment in mine
        for terms in enrollment.terms.values()
        if terms.expires_at is None or scene.now < terms.expires_at
    }
    every = {offer.id: offer for name in workflow.offers for offer in catalog.chain(name)}
    for offer in every.values():
        if offer.by_value is not None:
            rate, seen = rate_for(offer, facts), value_seen(offer.by_value, facts)
            yield DiscountSeen(offer.id, rate, seen, kept.get(offer.id))


def _answer(
    scene: Scene, unit: Unit, workflow: Workflow, watch: Watch, gates: Verdict, *, has_fired: bool
) -> tuple[Verdict, str]:
    for enrollment in unit.enrollments.values():
        if enrollment.workflow == workflow.key:
            how = (
                "as a shadow that hears nothing"
                if enrollment.is_shadow
                else "at step " + str(enrollment.step)
            )
            since = _minute(enrollment.entered_at)
            words = f"in this workflow since {since}, {enrollment.phase.value}, {how}"
            return Verdict(Reason.ALREADY_ENROLLED, enrollment.step or ""), words
    waiting = next(iter(watch.candidates.values()), None)
    if waiting is not None and gates.reason not in ENTRIES:
        until = _minute(waiting.until)
        return gates, f"triggered and waiting until {until}: {_words(gates)}"
    trigger = None if has_fired else _trigger_verdict(scene, unit, workflow, watch)
    if trigger is not None and gates.reason not in ENTRIES:
        return trigger, f"{_words(trigger)}; were it to fire now: {_words(gates)}"
    if trigger is not None:
        return trigger, _words(trigger)
    return gates, _words(gates)


def _trigger_verdict(scene: Scene, unit: Unit, workflow: Workflow, watch: Watch) -> Verdict | None:
    """Say why the trigger does not fire now, or None when it would."""
    trigger = workflow.trigger
    facts = scene.facts(unit)
    rule = trigger.crossing.of if trigger.crossing is not None else trigger.when
    seen = seen_by(rule, facts) if rule is not None else ()
    text = rule.text if rule is not None else f"on {trigger.on}"
    if trigger.score is not None:
        seen = (Seen("score", round(trigger.score.value(facts), 3)), Seen("at", trigger.score.at))
        text = "score"
    if trigger.on is not None and trigger.crossing is None:
        return Verdict(Reason.NOT_TRIGGERED, text, seen)
    if not is_still_true(trigger, facts):
        return Verdict(Reason.NOT_TRIGGERED, text, seen)
    if watch.has_fired or watch.crossed:
        return Verdict(Reason.ALREADY_FIRED, watch.refused or text, seen)
    if watch.true_since is not None and scene.now < watch.true_since + trigger.held_for:
        return Verdict(Reason.NOT_HELD_LONG_ENOUGH, text, seen, watch.true_since + trigger.held_for)
    return None


def _minute(at: Moment) -> str:
    return f"{to_datetime(at):%Y-%m-%d %H:%M} UTC"


def _words(verdict: Verdict) -> str:
    """Write a verdict as one sentence: what it means, what decided, what was seen."""
    parts = [MEANINGS[verdict.reason]]
    if verdict.rule:
        parts.append(f"({verdict.rule})")
    if verdict.seen:
        parts.append(_seen_words(verdict.seen))
    # A pause ends when somebody lets the workflow go on; until then it is only asked again.
    if verdict.retry_at is not None and verdict.reason is not Reason.PAUSED:
        parts.append(f"until {_minute(verdict.retry_at)}")
    return " ".join(parts)


def _seen_words(seen: tuple[Seen, ...]) -> str:
    said = ", ".join(f"{each.term} is {value_words(each)}" for each in seen)
    return f"where {said}" if said else ""
