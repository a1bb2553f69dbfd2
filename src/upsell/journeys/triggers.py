"""Triggers: when a unit becomes a candidate.

``when`` fires on the edge from not true to true, once it has held long enough; a crossing fires
when a number passes a threshold it had not passed in this period; ``on`` fires with its event.
The law: a trigger that stays true fires once.
"""

from __future__ import annotations

from collections.abc import Mapping

from upsell.clock import Moment
from upsell.decisions.facts import UnitFacts
from upsell.journeys.household import Watch
from upsell.journeys.workflow import Crossing, Score, Trigger
from upsell.rules.compile import Rule
from upsell.rules.facts import Scalar
from upsell.signals.events import Event


def ask_trigger(
    trigger: Trigger, watch: Watch, facts: UnitFacts, event: Event | None
) -> dict[str, Scalar] | None:
    """Ask a trigger just after an input; give what it saw when it fires, None when it does not.

    Changes the watch: since when it is true, what was crossed, when time alone must ask again.

    Args:
        trigger: What fires.
        watch: What was remembered of the unit.
        facts: The unit as of now.
        event: The event just taken, None when time alone asks.
    """
    if trigger.crossing is not None:
        return _ask_crossing(trigger, trigger.crossing, watch, facts)
    if trigger.score is not None:
        return _ask_score(trigger, trigger.score, watch, facts)
    if trigger.on is not None:
        return _ask_event(trigger, facts, event)
    if trigger.when is not None:
        is_history = event is not None and event.is_historical
        return _ask_edge(trigger, trigger.when, watch, facts, is_history=is_history)
    return None


def trigger_kind(trigger: Trigger) -> str:
    """Name what starts a workflow: a threshold, a score, an event by its name, or a rule."""
    if trigger.crossing is not None:
        return "threshold"
    if trigger.score is not None:
        return "score"
    if trigger.on is not None:
        return f"event {trigger.on}"
    return "rule"


def fired_words(trigger: Trigger, fired: Mapping[str, Scalar]) -> str:
    """Say what fired: the kind of trigger, and of a number that passed one the threshold.

    Args:
        trigger: The trigger.
        fired: What it saw when it fired.
    """
    passed = fired.get("threshold")
    if trigger.crossing is not None and isinstance(passed, int | float):
        return f"{trigger_kind(trigger)} {passed:g}"
    return trigger_kind(trigger)


def is_still_true(trigger: Trigger, facts: UnitFacts) -> bool:
    """Tell whether a trigger that fired still holds: its rule is true, or it has none.

    A crossing still holds while its number is at or over the least threshold.
    """
    if trigger.crossing is not None:
        value = _number(trigger.crossing, facts)
        if value is None or value < trigger.crossing.at[0]:
            return False
    if trigger.score is not None and trigger.score.value(facts) < trigger.score.at:
        return False
    return trigger.when is None or trigger.when.value(facts) is True


def take_bearings(trigger: Trigger, watch: Watch, facts: UnitFacts) -> bool:
    """Look at a unit that was there before the workflow or its version; tell whether it newly matches.

    What it newly matches counts as fired, so that only a new edge or crossing opens an enrollment.
    What an earlier version saw match already goes on: fired, or still being held.
    """
    if trigger.crossing is not None:
        fired = _ask_crossing(trigger, trigger.crossing, watch, facts)
        return fired is not None
    if trigger.score is not None:
        return _ask_score(trigger, trigger.score, watch, facts) is not None
    rule = trigger.when if trigger.on is None else None
    asked_at, watch.ask_at = watch.ask_at, rule.next_change_at(facts) if rule is not None else None
    if rule is None or rule.value(facts) is not True:
        watch.true_since = None
        watch.has_fired = False
        return False
    if watch.true_since is not None:
        if not watch.has_fired:
            _hold(trigger, watch, watch.true_since, asked_at, facts.now)
        return False
    watch.true_since = facts.now
    watch.has_fired = True
    return True


def _hold(trigger: Trigger, watch: Watch, since: Moment, asked_at: Moment | None, now: Moment) -> None:
    """Keep the moment at which a rule that is true and has not fired is asked again."""
    held_at = max(since + trigger.held_for, now + 1)
    if asked_at is not None and asked_at > held_at and since + trigger.held_for <= now:
        held_at = asked_at
    watch.ask_at = held_at if watch.ask_at is None else min(watch.ask_at, held_at)


def _ask_edge(
    trigger: Trigger, rule: Rule, watch: Watch, facts: UnitFacts, *, is_history: bool
) -> dict[str, Scalar] | None:
    """Ask for the edge; one that history brought is answered for at once, so that time does not fire it."""
    if rule.value(facts) is not True:
        if watch.true_since is not None:
            watch.true_since = None
            watch.has_fired = False
        watch.ask_at = rule.next_change_at(facts)
        return None
    if watch.true_since is None:
        watch.true_since = facts.now
    watch.ask_at = rule.next_change_at(facts)
    if watch.has_fired:
        return None
    held_at = watch.true_since + trigger.held_for
    if facts.now < held_at and not is_history:
        watch.ask_at = held_at if watch.ask_at is None else min(watch.ask_at, held_at)
        return None
    watch.has_fired = True
    return {}


def _ask_event(trigger: Trigger, facts: UnitFacts, event: Event | None) -> dict[str, Scalar] | None:
    if event is None or event.name != trigger.on:
        return None
    if trigger.where is not None and trigger.where.holds(event.properties) is not True:
        return None
    if trigger.when is not None and trigger.when.value(facts) is not True:
        return None
    return {"event": event.name}


def _ask_crossing(
    trigger: Trigger, crossing: Crossing, watch: Watch, facts: UnitFacts
) -> dict[str, Scalar] | None:
    period = facts.period()
    if watch.crossed_in != period:
        watch.crossed_in = period
        watch.crossed = []
    watch.ask_at = crossing.next_turn_at(facts)
    value = _number(crossing, facts)
    if value is None:
        return None
    watch.crossed = [passed for passed in watch.crossed if value >= passed - crossing.hysteresis]
    passed_now = [at for at in crossing.at if at <= value and at not in watch.crossed]
    if not passed_now or (trigger.when is not None and trigger.when.value(facts) is not True):
        return None
    watch.crossed = sorted({*watch.crossed, *passed_now})
    return {"threshold": passed_now[-1], "value": value}


def _ask_score(trigger: Trigger, score: Score, watch: Watch, facts: UnitFacts) -> dict[str, Scalar] | None:
    period = facts.period()
    if watch.crossed_in != period:
        watch.crossed_in = period
        watch.crossed = []
    watch.ask_at = score.asks_at(facts)
    value = score.value(facts)
    if value < score.at:
        watch.crossed = []
        return None
    if watch.crossed or (trigger.when is not None and trigger.when.value(facts) is not True):
        return None
    watch.crossed = [score.at]
    return {"threshold": score.at, "value": round(value, 6)}


def _number(crossing: Crossing, facts: UnitFacts) -> float | None:
    value = crossing.of.value(facts)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def is_too_old(event: Event | None, max_age: int, now: Moment) -> bool:
    """Tell whether the event that fired a trigger is older than the workflow allows."""
    return event is not None and event.occurred_at < now - max_age
