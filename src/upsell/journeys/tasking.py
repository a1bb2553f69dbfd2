"""Tasking: a step that gives a person work, and what ends the cause of work that no passage asks for now.

The law: who is asked again about what is open already is told anew what it is about; nobody has it twice.
"""

from __future__ import annotations

from upsell.catalog.offers import Target
from upsell.clock import Moment, format_moment
from upsell.decisions.contact import touch_of
from upsell.decisions.decision import Verdict, value_words
from upsell.decisions.fit import monthly_price
from upsell.decisions.policy import OPEN_TASK
from upsell.decisions.reasons import Reason
from upsell.decisions.sensitive import open_state
from upsell.decisions.sla import due_by
from upsell.decisions.task_value import TaskValue, task_value
from upsell.decisions.terms import Terms
from upsell.ids import digest
from upsell.journeys.effects import OpenTask, Record, UpdateTask
from upsell.journeys.household import Enrollment, HeldTask, Unit
from upsell.journeys.places import take_places
from upsell.journeys.scene import Scene
from upsell.journeys.speaking import ask_rules, seen_by, speech_of
from upsell.journeys.steps import TaskStep
from upsell.journeys.tasks import close_task, find_held, held_tasks, hold_task, overdue_at, task_event
from upsell.journeys.workflow import Status, Trigger, Workflow
from upsell.signals.events import TASK_OPENED, TASK_UPDATED, Event


def reason_of(workflow: Workflow, step: TaskStep) -> str:
    """Give what a step's task is for: what it says, else the workflow's key."""
    return step.reason or workflow.key


def open_task(
    scene: Scene,
    unit: Unit,
    workflow: Workflow,
    enrollment: Enrollment,
    step: TaskStep,
    terms: Terms | None,
) -> str | None:
    """Open a task, or say anew the one that is open for its reason; give its key. A shadow only spends."""
    asked_as = digest("task", enrollment.id, step.id, str(enrollment.visits[step.id]))
    take_places(scene, unit, touch_of(asked_as, scene.now, speech_of(workflow, step, scene, enrollment)))
    if enrollment.is_shadow:
        return None
    reason = reason_of(workflow, step)
    held = find_held(scene, unit, reason)
    key = held.key if held is not None else asked_as
    asked = _asked(scene, unit, workflow, enrollment, step, terms, key)
    if held is not None:
        held.due_at = min(held.due_at, asked.due_at)
        held.queue, held.title, held.terms = asked.queue, asked.title, terms
        held.workflow, held.entry_key = workflow.key, enrollment.key
        held.after_goal = enrollment.after_goal
        if enrollment.id not in held.causes:
            held.causes.append(enrollment.id)
        hold_task(scene, held)
        scene.effects.append(UpdateTask(asked))
        _record(scene, TASK_UPDATED, asked_as, held, workflow)
        return key
    task = HeldTask(
        key=key,
        unit_id=unit.id,
        opened_at=scene.now,
        due_at=asked.due_at,
        reason=reason,
        queue=step.queue,
        title=step.title,
        workflow=workflow.key,
        entry_key=enrollment.key,
        causes=[enrollment.id],
        terms=terms,
        after_goal=enrollment.after_goal,
    )
    hold_task(scene, task)
    scene.effects.append(asked)
    for state in scene.program.policy.states:
        if state.name == OPEN_TASK and TASK_OPENED in state.starts:
            open_state(scene.principal().profile, state.name, key, scene.now)
    _record(scene, TASK_OPENED, key, task, workflow)
    return key


def ask_causes(scene: Scene, unit: Unit, taken: tuple[Event, ...], *, is_about: bool) -> None:
    """Close what is open for a unit and no passage asks for any more, where its cause is over now.

    That is: the goal of its workflow was reached since, or who it is about may no longer be in it. The
    workflow is asked as it is live. What is to be done after the goal hangs on neither.

    Args:
        scene: The household, as of now.
        unit: Whose passages asked.
        taken: The event just taken, and the one derived from it; () when time alone asks.
        is_about: Whether it is about this unit.
    """
    for holder, task in held_tasks(scene, unit):
        workflow = scene.program.workflows.get(task.workflow)
        if workflow is None or task.causes or task.after_goal:
            continue
        goals = taken if is_about else ()
        if any(_is_goal(workflow, task, each) for each in goals):
            close_task(scene, holder, task, Verdict(Reason.GOAL_REACHED))
            continue
        gone = ask_rules(workflow.eligible, scene.facts(unit), Reason.INELIGIBLE, wanted=True)
        if gone is not None:
            close_task(scene, holder, task, gone)


def end_with_workflow(scene: Scene, unit: Unit) -> None:
    """Close what is open for a unit by workflows that are no more."""
    for holder, task in held_tasks(scene, unit):
        live = scene.program.workflows.get(task.workflow)
        if task.workflow and not task.causes and (live is None or live.status is Status.ENDED):
            close_task(scene, holder, task, Verdict(Reason.ENDED))


def tasks_due(scene: Scene, unit: Unit) -> list[Moment]:
    """Give when time alone next concerns the tasks that a unit's passages asked for."""
    dues: list[Moment] = []
    for _, task in held_tasks(scene, unit):
        if not task.is_overdue:
            dues.append(overdue_at(task))
        workflow = scene.program.workflows.get(task.workflow)
        if workflow is None or task.causes or task.after_goal:
            continue
        timed = [rule for rule in workflow.eligible if rule.reads.is_timed]
        turns = [rule.next_change_at(scene.facts(unit)) for rule in timed]
        dues.extend(at for at in turns if at is not None)
    return dues


def _is_goal(workflow: Workflow, task: HeldTask, event: Event) -> bool:
    goal = workflow.goal
    if event.name != goal.event or event.occurred_at < task.opened_at:
        return False
    named = event.properties.get(workflow.entry_key) if task.entry_key else None
    if named is not None and str(named) != task.entry_key:
        return False
    return goal.where is None or goal.where.holds(event.properties) is True


def _asked(
    scene: Scene,
    unit: Unit,
    workflow: Workflow,
    enrollment: Enrollment,
    step: TaskStep,
    terms: Terms | None,
    key: str,
) -> OpenTask:
    """Give the work as it is asked for now."""
    program, principal = scene.program, scene.principal()
    queue = program.queues.get(step.queue)
    proof = scene.proof(unit)
    offer = program.catalog.offers.get(terms.offer) if terms is not None else None
    prefers = principal.profile.traits.get(queue.owner_trait) if queue is not None else None
    return OpenTask(
        key=key,
        enrollment=enrollment.id,
        workflow=workflow.key,
        unit_id=unit.id,
        queue=step.queue,
        title=step.title,
        offer=terms.offer if terms is not None else None,
        opened_at=scene.now,
        due_at=_due_at(scene, step),
        terms=terms,
        proof=None if proof.is_empty else proof,
        household_id=principal.id,
        reason=reason_of(workflow, step),
        why=_why(scene, unit, workflow.trigger, enrollment),
        talk_track=step.talk_track or (offer.talk_track if offer is not None else ""),
        objections=(*step.objections, *(offer.objections if offer is not None else ())),
        value=_value(scene, unit, workflow, step, terms),
        prefers=prefers if isinstance(prefers, str) else "",
    )


def _due_at(scene: Scene, step: TaskStep) -> Moment:
    queue = scene.program.queues.get(step.queue)
    if step.due or queue is None or queue.sla is None:
        return scene.now + step.due
    return due_by(queue.sla, queue.hours, scene.program.zone, queue.country, scene.now)


def _why(scene: Scene, unit: Unit, trigger: Trigger, enrollment: Enrollment) -> tuple[str, ...]:
    """Say what led to a task: what fired the trigger then, and the values it hangs on now."""
    fired, facts = enrollment.trigger, scene.facts(unit)
    since = format_moment(enrollment.entered_at)[:10]
    passed, value = fired.get("threshold"), fired.get("value")
    told: list[str] = []
    if isinstance(passed, int | float) and isinstance(value, int | float):
        what = trigger.crossing.of.text if trigger.crossing is not None else "the score"
        told.append(f"{what} passed {passed:g} on {since}: it was {value:g}")
    elif trigger.on is not None:
        told.append(f"{trigger.on} happened on {since}")
    rules = [rule for rule in (trigger.when,) if rule is not None]
    told += [f"{rule.text} since {since}" for rule in rules if trigger.on is None and not told]
    if trigger.crossing is not None:
        rules.insert(0, trigger.crossing.of)
    if trigger.score is not None:
        told.append(f"the score is {trigger.score.value(facts):.3g} now")
    seen = {each.term: value_words(each) for rule in rules for each in seen_by(rule, facts)}
    told += [f"{term} is {words} now" for term, words in seen.items()]
    return tuple(told)


def _value(scene: Scene, unit: Unit, workflow: Workflow, step: TaskStep, terms: Terms | None) -> TaskValue:
    facts, catalog = scene.facts(unit), scene.program.catalog
    offer = catalog.offers.get(terms.offer) if terms is not None else None
    paid: float | None = 0.0
    held = facts.holdings.plan
    if offer is not None and terms is not None and offer.target in (Target.PLAN, Target.INTERVAL):
        offered = catalog.plans.get(terms.thing)
        is_replaced = held is not None and offered is not None and held.family == offered.family
        paid = monthly_price(held, facts) if held is not None and is_replaced else 0.0
    return task_value(
        terms,
        offer.months if offer is not None else None,
        None if paid is None else round(paid),
        _number(workflow.worth.value(facts)) if workflow.worth is not None else None,
        scene.program.currency,
        _chance(step, scene, unit),
    )


def _chance(step: TaskStep, scene: Scene, unit: Unit) -> float | None:
    """Give how likely they are to take it; what is no chance is none that is known."""
    chance = _number(step.chance.value(scene.facts(unit))) if step.chance is not None else None
    return chance if chance is not None and 0.0 <= chance <= 1.0 else None


def _number(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else None  # type: ignore[arg-type]  # told apart just before


def _record(scene: Scene, name: str, told_as: str, task: HeldTask, workflow: Workflow) -> None:
    said: dict[str, object] = {
        "workflow": workflow.key,
        "task_reason": task.reason,
        "due_at": format_moment(task.due_at),
    }
    if task.terms is not None:
        said["offer"] = task.terms.offer
    scene.effects.append(Record(task_event(scene, name, told_as, task, **said)))
