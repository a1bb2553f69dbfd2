"""Conflicts: which workflows compete for one upsell slot, and which of them would lose.

Read off the definitions alone. The law: it says what ``settling`` and ``candidates`` do: of candidates
that want a unit's slot at once the best ranked gets it, and whoever holds it keeps it until it leaves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

import msgspec

from upsell.journeys.concerns import DEFAULT_ROLE
from upsell.journeys.program import Program
from upsell.journeys.speaking import first_speaking
from upsell.journeys.steps import MessageStep
from upsell.journeys.workflow import Status, UnitKind, Workflow
from upsell.rules import tree
from upsell.rules.apart import apart_by
from upsell.rules.compile import Rule
from upsell.rules.read import read

_OF_WHOEVER_PAYS = frozenset({"account", "plan", "subscription"})
"""Scopes that say the same of an account and of its people."""


class Conflict(msgspec.Struct, frozen=True):
    """Two workflows that take the slot and may want the same one.

    Attributes:
        one: Key of the one; of two that are unlike, the one about accounts.
        other: Key of the other.
        units: Over whose slots: ``account``, ``customer``, or ``people`` where the one is about accounts and
            holds the slots of those it addresses, whom the other is about.
        roles: For ``people`` the roles addressed.
        triggers: What can trigger both, in words; none where their triggers have nothing in common.
        winner: Key of the one that gets the slot when both want it at once; None where it depends.
        because: Why, in words.
        doubt: What is to be looked at, in words; empty for nothing.
        apart: The fact by which no unit is eligible for both; empty where none is seen.
    """

    one: str
    other: str
    units: str
    roles: tuple[str, ...]
    triggers: tuple[str, ...]
    winner: str | None
    because: str
    doubt: str
    apart: str


def find_conflicts(program: Program) -> list[Conflict]:
    """Find each pair of live workflows that take the slot, in order of their keys; apart ones too."""
    live = [
        workflow
        for _, workflow in sorted(program.workflows.items())
        if workflow.takes_slot and workflow.status is Status.LIVE
    ]
    triggers = {workflow.key: _triggers(program, workflow) for workflow in live}
    return [_conflict(one, other, triggers) for one, other in combinations(live, 2)]


def _conflict(one: Workflow, other: Workflow, triggers: Mapping[str, frozenset[str]]) -> Conflict:
    if one.unit is not other.unit and one.unit is UnitKind.CUSTOMER:
        one, other = other, one
    is_alike = one.unit is other.unit
    winner, because, doubt = _ranked(one, other) if is_alike else _over_people(one, other)
    apart = apart_by(
        [rule.tree for rule in one.eligible],
        [rule.tree for rule in other.eligible],
        is_shared=lambda fact: is_alike or _is_of_whoever_pays(fact),
    )
    return Conflict(
        one=one.key,
        other=other.key,
        units=one.unit.value if is_alike else "people",
        roles=() if is_alike else _roles(one),
        triggers=tuple(sorted(triggers[one.key] & triggers[other.key])),
        winner=winner,
        because=because,
        doubt=doubt,
        apart=apart or "",
    )


def _ranked(one: Workflow, other: Workflow) -> tuple[str | None, str, str]:
    """Say which of two about the same kind of unit wins when both want it at once, why, and what is odd."""
    if one.worth is not None and other.worth is not None:
        because = f"the greater worth, unit by unit: {one.worth.text} against {other.worth.text}"
        return None, f"{because}; where any is unknown, {_by_priority(one, other)[1]}", ""
    winner, because = _by_priority(one, other)
    lone = next((each for each in (one, other) if each.worth is not None), None)
    if lone is not None:
        doubt = f"the worth of {lone.key} counts for nothing here, as the other says none"
    else:
        doubt = "" if winner is not None else "nothing says which should win: give one a greater priority"
    return winner, because, doubt


def _by_priority(one: Workflow, other: Workflow) -> tuple[str | None, str]:
    if one.priority == other.priority:
        first = min(one.key, other.key)
        because = (
            f"whoever has waited longer, as both have priority {one.priority}; of equals {first}, by name"
        )
        return None, because
    winner, loser = (one, other) if one.priority > other.priority else (other, one)
    return winner.key, f"priority {winner.priority} over {loser.priority}"


def _over_people(account: Workflow, customer: Workflow) -> tuple[str, str, str]:
    """Say the same of a workflow about accounts and one about their people: no rank is asked between them."""
    because = "an account is asked before its people, and holds the slots of those it addresses"
    is_odd = customer.priority > account.priority
    doubt = (
        f"the greater priority of {customer.key} counts for nothing against an account's" if is_odd else ""
    )
    return account.key, because, doubt


def _roles(workflow: Workflow) -> tuple[str, ...]:
    """Give the roles whose slots a workflow about accounts holds: of those it addresses."""
    mails = [step for step in workflow.journey.steps.values() if isinstance(step, MessageStep)]
    first = first_speaking(workflow.journey)
    roles = {role for step in mails for role in step.to or (DEFAULT_ROLE,)}
    return tuple(sorted(roles | ({DEFAULT_ROLE} if not isinstance(first, MessageStep) else set())))


def _is_of_whoever_pays(fact: tree.Node) -> bool:
    return isinstance(fact, tree.Measured) or (
        isinstance(fact, tree.Field) and fact.scope in _OF_WHOEVER_PAYS
    )


def _triggers(program: Program, workflow: Workflow) -> frozenset[str]:
    """Give in words what can trigger a workflow: events, signals, usage, and what is known of a unit."""
    trigger = workflow.trigger
    rules = [rule for rule in (trigger.when, trigger.crossing.of if trigger.crossing else None) if rule]
    rules += [part.rule for part in trigger.score.parts] if trigger.score is not None else []
    said = {f"the event {trigger.on}"} if trigger.on is not None else set[str]()
    for rule in rules:
        said.update(f"the event {counter.event}" for counter in rule.counters)
        said.update(f"the signal {name}" for name in _signals(program.signals, rule))
        said.update(f"usage of {metric}" for metric in rule.reads.metrics)
        said.update(f"{scope}.{name}" for scope, name in rule.reads.traits)
    return frozenset(said)


def _signals(signals: Mapping[str, Rule], rule: Rule) -> Iterator[str]:
    """List the signals a rule names, and those that they name."""
    passed: set[str] = set()
    texts = [rule.text]
    while texts:
        for node in tree.walk(read(texts.pop())[0]):
            if isinstance(node, tree.Signal) and node.name not in passed:
                passed.add(node.name)
                yield node.name
                if node.name in signals:
                    texts.append(signals[node.name].text)
