"""Reach: whom a change concerns before it goes live, counted where that is quick.

The law: nothing is counted over more units than ``COUNTED``, nor over more events than ``COUNTED_EVENTS``; of
more it is said about how many there are, and that no more was counted.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from upsell.clock import Moment
from upsell.journeys.conflicts import find_conflicts
from upsell.journeys.program import Program
from upsell.journeys.workflow import Status, UnitKind, Workflow
from upsell.rules.compile import compile_rule
from upsell.runtime.apply import differing_workflows
from upsell.runtime.conflicts import Competing, find_competing
from upsell.runtime.repricing import Concerned, find_concerned_between
from upsell.store.audience import open_audience
from upsell.store.connect import Connection
from upsell.store.headcount import Headcount, count_about, count_under_way
from upsell.store.ledger import read_head
from upsell.workspace.compile import Compiled

COUNTED_EVENTS: Final = 100_000
"""Up to how many events in the ledger rules are asked that count events."""


class How(enum.Enum):
    """What becomes of a workflow."""

    NEW = "new"
    ALTERED = "altered"
    PAUSED = "paused"
    RESUMED = "goes on"
    ENDED = "ended"
    REMOVED = "removed"


_THEN: Final[Mapping[How, str]] = {
    How.NEW: "they keep the version they entered with",
    How.ALTERED: "they keep the version they entered with",
    How.PAUSED: "they stop where they are",
    How.RESUMED: "they go on",
    How.ENDED: "they leave it",
    How.REMOVED: "they leave it",
}
"""What becomes of those who are under way."""


_LETTING: Final = (How.NEW, How.ALTERED, How.RESUMED)
"""After which a workflow lets somebody in, where it is live."""


class ReachedWorkflow(msgspec.Struct, frozen=True):
    """A workflow that a change concerns.

    Attributes:
        key: Its key.
        name: What people call it.
        unit: What it is about.
        how: What becomes of it.
        under_way: How many are under way in it now, each once, held-out ones as well; None where that is not
            counted.
        eligible: For how many its rules of eligibility are true now; None where that is not counted, or where
            it lets nobody in.
        triggered: For how many of these the rule of its trigger is true now; None likewise, and where it is
            opened by an event.
        lets_in: Whether it lets anybody in once this is live.
    """

    key: str
    name: str
    unit: UnitKind
    how: How
    under_way: int | None
    eligible: int | None
    triggered: int | None
    lets_in: bool = True


class Reach(msgspec.Struct, frozen=True):
    """Whom a change concerns.

    Attributes:
        workflows: Workflows that are new, altered, or gone, by key.
        units: About how many units there are, of each kind that any of those is about.
        competing: Workflows these compete with for the slot.
        concerned: Prices and packaging that change, and what that concerns.
    """

    workflows: tuple[ReachedWorkflow, ...]
    units: Mapping[UnitKind, Headcount]
    competing: tuple[Competing, ...]
    concerned: tuple[Concerned, ...]


def find_reach(connection: Connection, before: Program | None, compiled: Compiled, now: Moment) -> Reach:
    """Find whom it concerns that a compiled workspace goes live.

    Args:
        connection: The database; no transaction is open.
        before: What is live, None for nothing.
        compiled: What is to be.
        now: The present.
    """
    after = compiled.program
    known = before.workflows if before is not None else {}
    keys = differing_workflows(known, after)
    gone = {key for key in known if key not in after.workflows}
    hows = {key: _how(before, after, key) for key in sorted(keys | gone)}
    touched = {key: (after.workflows.get(key) or known[key]) for key in hows}
    units = {kind: count_about(connection, kind) for kind in {each.unit for each in touched.values()}}
    under_way: dict[str, int] = {}
    for kind, found in units.items():
        if found.is_exact:
            under_way |= count_under_way(connection, kind, {key for key in hows if touched[key].unit is kind})
    return Reach(
        workflows=tuple(
            _reached(connection, compiled, touched[key], hows[key], under_way.get(key), now) for key in hows
        ),
        units=units,
        competing=tuple(find_competing(find_conflicts(after), keys)),
        concerned=tuple(find_concerned_between(connection, before, after, now)) if before is not None else (),
    )


def leaving_words(reach: Reach) -> str:
    """Say in a phrase who leaves by it or stops where they are; empty for nobody, and for the uncounted."""
    said = []
    for each in reach.workflows:
        if each.under_way and each.how in (How.ENDED, How.REMOVED, How.PAUSED):
            whom = f"1 {each.unit.value}" if each.under_way == 1 else f"{each.under_way:,} {each.unit.value}s"
            is_one, is_paused = each.under_way == 1, each.how is How.PAUSED
            does = (
                ("stops in" if is_paused else "leaves") if is_one else ("stop in" if is_paused else "leave")
            )
            said.append(f"{whom} {does} {each.name}")
    return " and ".join(said)


def reach_words(reach: Reach) -> str:
    """Say in a phrase for whom it is launched: how many there are it decides about; empty for nobody."""
    letting = [each for each in reach.workflows if each.lets_in and each.how in _LETTING]
    said = [
        _counted(reach.units[kind], kind) for kind in UnitKind if any(each.unit is kind for each in letting)
    ]
    return " and ".join(said)


def workflow_words(each: ReachedWorkflow) -> Iterator[str]:
    """Say what becomes of those a workflow is about, in sentences."""
    noun = each.unit.value
    if each.under_way is not None:
        yield _under_way(each, noun)
    if each.how not in _LETTING:
        return
    if not each.lets_in:
        yield "It lets nobody in, for it is not live."
        return
    if each.eligible is None:
        yield (
            f"How many {noun}s are eligible is not counted here, for there is much to count; "
            "`upsell backtest` counts over a history who would enter."
        )
        return
    are = "1 is" if each.eligible == 1 else f"{each.eligible:,} are"
    if each.triggered is None:
        yield f"{are} eligible now; who of these enters depends on what they do."
    else:
        yield f"{are} eligible now; for {each.triggered:,} of these its trigger is true."


def _under_way(each: ReachedWorkflow, noun: str) -> str:
    if not each.under_way:
        return f"No {noun} is under way in it."
    are = f"1 {noun} is" if each.under_way == 1 else f"{each.under_way:,} {noun}s are"
    return f"{are} under way in it; {_THEN[each.how]}."


def _counted(found: Headcount, kind: UnitKind) -> str:
    about = "" if found.is_exact else "about "
    return f"{about}{found.count:,} {kind.value}{'' if found.count == 1 else 's'}"


def _how(before: Program | None, after: Program, key: str) -> How:
    was = before.workflows.get(key) if before is not None else None
    now = after.workflows.get(key)
    if now is None:
        return How.REMOVED
    if was is None:
        return How.NEW if now.status is not Status.ENDED else How.ENDED
    if was.status is now.status:
        return How.ALTERED
    return {Status.ENDED: How.ENDED, Status.PAUSED: How.PAUSED, Status.LIVE: How.RESUMED}[now.status]


def _reached(
    connection: Connection,
    compiled: Compiled,
    workflow: Workflow,
    how: How,
    under_way: int | None,
    now: Moment,
) -> ReachedWorkflow:
    eligible, triggered = None, None
    lets_in = how in _LETTING and workflow.status is Status.LIVE
    if under_way is not None and lets_in:
        eligible, triggered = _count_eligible(connection, compiled, workflow, now)
    return ReachedWorkflow(
        workflow.key, workflow.name, workflow.unit, how, under_way, eligible, triggered, lets_in
    )


def _count_eligible(
    connection: Connection, compiled: Compiled, workflow: Workflow, now: Moment
) -> tuple[int | None, int | None]:
    """Count for whom a workflow's rules of eligibility are true, and its trigger's rule besides."""
    texts = [f"({rule.text})" for rule in workflow.eligible] or ["true"]
    when = workflow.trigger.when
    asked = [" and ".join(texts)]
    if when is not None and workflow.trigger.on is None:
        asked.append(" and ".join([*texts, f"({when.text})"]))
    rules = [compile_rule(text, compiled.vocabulary) for text in asked]
    if any(rule.counters for rule in rules) and read_head(connection).position > COUNTED_EVENTS:
        return None, None
    with open_audience(connection, compiled.program.catalog, workflow.unit, rules, now) as audience:
        found = audience.count(rules)
    return found[0], found[1] if len(found) > 1 else None
