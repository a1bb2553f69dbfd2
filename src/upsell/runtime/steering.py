"""Steering: what somebody of the team does with passages under way: look, move to a version, end.

The law: a hand on a journey goes into the ledger as an event, with who and why, and the worker takes it
like any other input; nothing is changed beside the ledger.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from uuid import uuid4

import msgspec

from upsell.clock import Clock, Moment
from upsell.errors import ConfigError, nearest
from upsell.ids import UnitId, bare, is_account
from upsell.journeys.landing import Retold, keeps_arm, land, retell
from upsell.journeys.program import Program
from upsell.journeys.steps import Journey
from upsell.journeys.workflow import Workflow
from upsell.runtime.programs import Programs
from upsell.signals.events import ENROLLMENT_ENDED, ENROLLMENT_MIGRATED, Event
from upsell.store.connect import Connection
from upsell.store.ledger import append
from upsell.store.passages import Passage, find_passages

SOURCE = "hand"
"""The source of the events made here."""


class Landing(msgspec.Struct, frozen=True):
    """Where passages that stand at one step of one version would go on.

    Attributes:
        version: The version they are in.
        step: The step they stand at, None before the first.
        passages: How many stand there.
        to: The step of the live version they go on at; None where they stay as they are.
        arm: The arm they are in, for whose sake they stay; None where that is not why.
        retold: What they would hear twice, or not at all, by going on there.
    """

    version: str
    step: str | None
    passages: int
    to: str | None
    arm: str | None = None
    retold: Retold = Retold()


class Migration(msgspec.Struct, frozen=True):
    """What moving a workflow's passages to the live version comes to.

    Attributes:
        version: The live version.
        landings: Who would land where, by version and step; who is in the live version already is left out.
        is_done: Whether it was written down to be done.
    """

    version: str
    landings: tuple[Landing, ...]
    is_done: bool


def migrate_passages(
    connection: Connection,
    clock: Clock,
    workflow: str,
    steps: Mapping[str, str],
    by: str,
    *,
    is_meant: bool,
) -> Migration:
    """Say where the passages of earlier versions would go on in the live one; with ``is_meant`` move them.

    Args:
        connection: The database.
        clock: The time.
        workflow: Key of the workflow.
        steps: Steps left, by id or name, each with the step to go on at.
        by: Who does it.
        is_meant: Whether it is to be done.

    Raises:
        ConfigError: The workflow is not live, or a step named is none of the live version.
    """
    program = _program(connection)
    live = program.workflows.get(workflow)
    if live is None:
        near = nearest(workflow, program.workflows)
        msg = f"expected the key of a live workflow, got {workflow}" + (
            f"; did you mean {near}?" if near else ""
        )
        raise ConfigError(msg)
    _check_steps(live.journey, steps)
    passages = [each for each in find_passages(connection, workflow) if each.version != live.version]
    versions = {each.version for each in passages}
    kept = {version: known for version in versions if (known := program.of_version(workflow, version))}
    ways = {version: land(known.journey, live.journey, steps) for version, known in kept.items()}
    places = [_place(each, kept.get(each.version), live, ways.get(each.version, {})) for each in passages]
    if is_meant:
        told = [
            _move(each, workflow, live.version, ways[each.version], by, clock.now())
            for each, place in zip(passages, places, strict=True)
            if place.to is not None
        ]
        append(connection, told, clock)
    counted = Counter(places)
    landings = [msgspec.structs.replace(place, passages=count) for place, count in counted.items()]
    landings.sort(key=lambda each: (each.version, each.step or "", each.to or "", each.arm or ""))
    return Migration(live.version, tuple(landings), is_meant)


def end_passages(
    connection: Connection, clock: Clock, workflow: str, unit_id: UnitId, by: str, why: str
) -> int:
    """End a unit's passages through a workflow; give how many there were.

    Raises:
        ConfigError: The unit is in no such workflow.
    """
    passages = [each for each in find_passages(connection, workflow) if each.unit_id == unit_id]
    if not passages:
        msg = f"expected a unit that is in {workflow} now, got {unit_id}; upsell explain says where it is"
        raise ConfigError(msg)
    said = {"workflow": workflow, "by": by, "why": why}
    append(connection, [_event(ENROLLMENT_ENDED, each, said, clock.now()) for each in passages], clock)
    return len(passages)


def _program(connection: Connection) -> Program:
    programs = Programs()
    programs.refresh(connection)
    newest = programs.newest()
    if newest is None:
        msg = "expected a workspace that is live, found none; run upsell apply WORKSPACE"
        raise ConfigError(msg)
    return programs.program(newest.number)


def _check_steps(journey: Journey, steps: Mapping[str, str]) -> None:
    known = {*journey.steps, *journey.names}
    for to in steps.values():
        if to not in known:
            near = nearest(to, known)
            advice = f"did you mean {near}?" if near else f"its steps are {', '.join(sorted(known))}"
            msg = f"expected a step of the live version, got {to}; {advice}"
            raise ConfigError(msg)


def _place(passage: Passage, known: Workflow | None, live: Workflow, ways: Mapping[str, str]) -> Landing:
    """Give where one passage would go on, or that it stays."""
    step, to = passage.step or "", ways.get(passage.step or "")
    place = Landing(passage.version, passage.step, 1, to)
    if known is None or to is None:
        return place
    if keeps_arm(known, live, passage.arm, is_exposed=passage.is_exposed):
        return msgspec.structs.replace(place, retold=retell(known.journey, live.journey, step, to))
    return msgspec.structs.replace(place, to=None, arm=passage.arm or "")


def _move(
    passage: Passage, workflow: str, version: str, steps: Mapping[str, str], by: str, now: Moment
) -> Event:
    said = {"workflow": workflow, "version": version, "steps": dict(steps), "by": by}
    return _event(ENROLLMENT_MIGRATED, passage, said, now)


def _event(name: str, passage: Passage, said: Mapping[str, object], now: Moment) -> Event:
    of_account = is_account(passage.household_id)
    return Event(
        id=f"{name}/{uuid4().hex}",
        name=name,
        occurred_at=now,
        seen_at=0,
        customer_id=None if is_account(passage.unit_id) else bare(passage.unit_id),
        account_id=bare(passage.household_id) if of_account else None,
        properties={"unit": passage.unit_id, "enrollment": passage.enrollment, **said},
        source=SOURCE,
    )


def listed_landings(migration: Migration) -> Iterable[str]:
    """Write who lands where, for people."""
    if not migration.landings:
        yield f"Everybody is in the live version {migration.version[:8]} already."
    for each in migration.landings:
        where = f"goes on at step {each.to}" if each.to is not None else f"stays as it is: {_why(each)}"
        yield f"  {each.passages:>7,} in {each.version[:8]} at step {each.step or 'none':<12} {where}"
        if each.retold.again:
            yield f"          may hear again what they heard: {', '.join(each.retold.again)}"
        if each.retold.unsaid:
            yield f"          will not hear any more: {', '.join(each.retold.unsaid)}"


def _why(landing: Landing) -> str:
    if landing.arm is None:
        return "no step does the same"
    if not landing.arm:
        return "it is in no arm, and the live version has some"
    return f"it was drawn into arm {landing.arm}, which the live version has not, or draws otherwise"
