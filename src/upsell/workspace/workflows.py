"""Workflows: one file under ``workflows/`` compiled, and named by the hash of what it means."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from upsell.catalog.offers import Offer
from upsell.clock import HOUR
from upsell.decisions.intents import SELLING
from upsell.journeys.speaking import SpeakingStep
from upsell.journeys.steps import ChooseStep, Journey, MessageStep, PromptStep, TaskStep, TrialStep
from upsell.journeys.workflow import (
    Content,
    Crossing,
    Existing,
    Goal,
    Score,
    ScorePart,
    Status,
    Trigger,
    UnitKind,
    Workflow,
)
from upsell.rules.kinds import Kind
from upsell.rules.next_change import next_turn_of
from upsell.workspace.definitions import Definitions
from upsell.workspace.experiments import ArmValues, compile_experiment
from upsell.workspace.findings import Findings
from upsell.workspace.guardrails import compile_guardrails
from upsell.workspace.items import NOTHING_WRITTEN, Leaf, Record
from upsell.workspace.journeys import JourneyCompiler
from upsell.workspace.pricing import check_workflow, compile_budget
from upsell.workspace.prompt_texts import with_prompt
from upsell.workspace.rulebook import check_event
from upsell.workspace.versions import workflow_version


def compile_workflow(key: str, record: Record, definitions: Definitions) -> Workflow:
    """Compile the workflow written in ``workflows/<key>.yaml``; problems are noted in the findings."""
    findings = definitions.findings
    unit = UnitKind(record.text("unit", UnitKind.ACCOUNT.value))
    experiment = compile_experiment(record, key, definitions)
    values = ArmValues(experiment, findings, definitions.edition)
    journey = JourneyCompiler(definitions, unit, values, is_after_goal=False).compile(record.each("journey"))
    on_goal = JourneyCompiler(definitions, unit, values, is_after_goal=True).compile(
        record.each("on_goal"), "on_goal."
    )
    values.check_any(record)
    _check_key(record, findings)
    workflow = Workflow(
        key=key,
        version="",
        name=record.text("name"),
        owner=record.text("owner"),
        purpose=record.text("purpose"),
        review_by=record.text("review_by") or None,
        unit=unit,
        status=Status(record.text("status", Status.LIVE.value)),
        existing=Existing(record.text("existing", Existing.IGNORE.value)),
        priority=record.integer("priority"),
        trigger=_trigger(record, unit, definitions),
        eligible=definitions.rulebook.rules(record.leaves("eligible")),
        suppress=definitions.rulebook.rules(record.leaves("suppress")),
        experiment=experiment,
        goal=_goal(record, unit, definitions),
        journey=journey,
        on_goal=on_goal,
        guardrails=compile_guardrails(record.record("guardrails")),
        offers=_offers(journey, definitions),
        contents=_contents((journey, on_goal), definitions),
        max_age=record.integer("max_age", 24 * HOUR),
        takes_slot=_takes_slot(journey),
        worth=definitions.rulebook.rule(record.leaf("worth"), Kind.NUMBER),
        category=record.text("category"),
        sender=_sender(record, definitions),
        is_dropped=record.text("blocked") == "drop",
        entry_key=record.text("key").removeprefix("properties."),
        at_once=record.integer("at_once", 25) if record.has("key") else 1,
        discount_budget=compile_budget(record, definitions.catalog, findings),
    )
    check_workflow(workflow, record, definitions.catalog, definitions.rails, definitions.protection, findings)
    return msgspec.structs.replace(workflow, version=workflow_version(workflow))


def _check_key(record: Record, findings: Findings) -> None:
    """Note a key that no event of the trigger could carry, and what belongs to a key alone."""
    trigger = record.record("trigger") or NOTHING_WRITTEN
    if record.has("key") and not trigger.has("on"):
        findings.error(
            record.keys["key"],
            "expected a trigger with on beside key, got one that no event fires",
            hint="the key is a property of the event that fires it, such as order_id of Order Completed",
            code="trigger",
        )
    if record.has("at_once") and not record.has("key"):
        findings.error(
            record.keys["at_once"],
            "expected key beside at_once, got at_once alone",
            hint="without a key a unit is in a workflow once at a time",
            code="missing-key",
        )


def _sender(record: Record, definitions: Definitions) -> str:
    """Give who mail comes from, by name; a name that no sender has is noted."""
    leaf = record.leaf("sender")
    if leaf is None:
        return ""
    if leaf.text not in definitions.senders:
        definitions.findings.unknown(leaf.place, "sender", leaf.text, definitions.senders, "upsell.yaml")
    return leaf.text


def _trigger(workflow: Record, unit: UnitKind, definitions: Definitions) -> Trigger:
    """Compile what opens an enrollment."""
    record = workflow.record("trigger") or NOTHING_WRITTEN
    if workflow.record("trigger") is not None:
        _check_trigger(record, definitions.findings)
    on, where = record.leaf("on"), definitions.rulebook.condition(record.leaf("where"))
    if on is not None:
        check_event(on, on.text, definitions.findings)
        definitions.segments.check_event(on.place, on.text, where, unit, definitions.findings)
    return Trigger(
        when=definitions.rulebook.rule(record.leaf("when")),
        held_for=record.integer("held_for"),
        on=None if on is None else on.text,
        where=where,
        crossing=_crossing(record.record("crossing"), definitions),
        score=_score(record.record("score"), definitions),
        again_after=record.integer("again_after") or None,
    )


def _check_trigger(record: Record, findings: Findings) -> None:
    """Note parts of a trigger that do not belong together."""
    if not any(record.has(lead) for lead in ("when", "on", "crossing", "score")):
        findings.error(
            record.place,
            "expected when, on, crossing or score in trigger, got none",
            hint="when fires as a rule becomes true, on at an event, crossing as a number passes a "
            "threshold, score as signals weigh enough together",
            code="missing-key",
        )
    if record.has("on") and record.has("crossing"):
        findings.error(
            record.keys["crossing"],
            "expected one of on and crossing in trigger, got both",
            hint="keep the one that fires the workflow",
            code="trigger",
        )
    if record.has("score") and (record.has("on") or record.has("crossing")):
        findings.error(
            record.keys["score"],
            "expected score alone in trigger, or beside when, got another lead beside it",
            hint="keep the one that fires the workflow",
            code="trigger",
        )
    for key, lead, lacks_lead in (
        ("where", "on", not record.has("on")),
        ("held_for", "when", not record.has("when")),
    ):
        if record.has(key) and lacks_lead:
            findings.error(
                record.keys[key], f"expected {lead} beside {key} in trigger, got {key} alone", code="trigger"
            )
    leads = [lead for lead in ("on", "crossing", "score") if record.has(lead)]
    if record.has("held_for") and leads:
        lead = leads[0]
        findings.error(
            record.keys["held_for"],
            f"expected held_for in a trigger that fires by when, got one that fires by {lead}",
            hint="an event and a crossing happen in a moment; they cannot be held",
            code="trigger",
        )


def _score(record: Record | None, definitions: Definitions) -> Score | None:
    """Compile signals that weigh together."""
    if record is None:
        return None
    findings, parts = definitions.findings, []
    if record.rate("at") <= 0:
        findings.error(record.place, "expected a threshold above 0 in score", code="wrong-type")
    for each in record.each("signals"):
        if not isinstance(each, Record):
            continue
        event, when = each.leaf("event"), each.leaf("when")
        if (event is None) == (when is None) or (when is not None and each.has("half_life")):
            findings.error(
                each.place,
                "expected an event, perhaps with a half_life, or a rule under when, got another mix",
                hint="{event: Pricing Viewed, weight: 3, half_life: 6 hours}, {when: team_growth, weight: 2}",
                code="score",
            )
            continue
        if event is not None:
            check_event(event, event.text, findings)
            where = each.leaf("where")
            name = event.text.replace("'", "''")
            text = f"last_event('{name}', {where.text})" if where is not None else f"last_event('{name}')"
            leaf = Leaf(where.place if where is not None else event.place, text)
            rule, half_life = (
                definitions.rulebook.rule(leaf, Kind.MOMENT),
                each.integer("half_life", 6 * HOUR),
            )
        else:
            rule, half_life = definitions.rulebook.rule(when), None
        if rule is not None:
            parts.append(ScorePart(each.rate("weight"), rule, half_life))
    return Score(tuple(parts), record.rate("at"))


def _crossing(record: Record | None, definitions: Definitions) -> Crossing | None:
    """Compile a crossing of thresholds; thresholds are put in ascending order, each once."""
    if record is None:
        return None
    of = definitions.rulebook.rule(record.leaf("of"), Kind.NUMBER)
    if of is None:
        return None
    thresholds = {float(leaf.value) for leaf in record.leaves("at") if not isinstance(leaf.value, str)}
    hysteresis = record.rate("hysteresis")
    if hysteresis < 0:
        leaf = record.leaf("hysteresis")
        definitions.findings.error(
            leaf.place if leaf else record.place,
            f"expected a hysteresis of 0 or more, got {hysteresis:g}",
            code="wrong-type",
        )
    at = tuple(sorted(thresholds))
    next_turn_at = next_turn_of(of.tree, {*at, *(threshold - hysteresis for threshold in at)})
    return Crossing(of, at, next_turn_at, hysteresis)


def _goal(workflow: Record, unit: UnitKind, definitions: Definitions) -> Goal:
    """Compile what the workflow is for."""
    record = workflow.record("goal") or NOTHING_WRITTEN
    event, where = record.leaf("event"), definitions.rulebook.condition(record.leaf("where"))
    if event is not None:
        check_event(event, event.text, definitions.findings)
        definitions.segments.check_event(event.place, event.text, where, unit, definitions.findings)
    return Goal(event=record.text("event"), within=record.integer("within"), where=where)


def _offers(journey: Journey, definitions: Definitions) -> Mapping[str, Offer]:
    """Give the offers that steps name, with what falls back from them."""
    steps = journey.steps.values()
    named = [
        *(each for step in steps if isinstance(step, SpeakingStep) for each in step.offer.values()),
        *(each for step in steps if isinstance(step, ChooseStep) for each in step.offers),
    ]
    chains = {each.id: each for offer in named for each in definitions.catalog.chain(offer)}
    return {offer: chains[offer] for offer in sorted(chains)}


def _contents(journeys: tuple[Journey, ...], definitions: Definitions) -> Mapping[str, Content]:
    """Give the templates that steps name."""
    steps = [step for journey in journeys for step in journey.steps.values()]
    sent = {name for step in steps if isinstance(step, MessageStep) for name in step.content.values()}
    known = definitions.templates.contents
    contents = {name: known[name] for name in sent if name in known}
    for name in {step.content for step in steps if isinstance(step, PromptStep)}:
        # What names no text is drawn by the page itself.
        prompt = definitions.prompts.contents.get(name)
        if prompt is not None:
            contents[name] = with_prompt(contents.get(name), prompt)
    return dict(sorted(contents.items()))


def _takes_slot(journey: Journey) -> bool:
    """Tell whether any step wants something of the customer."""
    return any(
        (isinstance(step, MessageStep | PromptStep) and step.intent in SELLING)
        or (isinstance(step, TaskStep) and bool(step.offer))
        or isinstance(step, TrialStep)
        for step in journey.steps.values()
    )
