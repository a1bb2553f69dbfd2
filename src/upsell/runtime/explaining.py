"""Explaining: why a unit is spoken to or not, now or at any moment of the past.

For ``upsell explain``. The law: the answer is the core's own, over the household as it is kept with
whatever waits in the ledger, or over the household lived again from the ledger alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from upsell.clock import Moment
from upsell.errors import ConfigError, nearest
from upsell.ids import UnitId, account_unit, customer_unit, shard_of
from upsell.journeys.advance import Session, concerns_for
from upsell.journeys.explain import Explanation, explain
from upsell.journeys.household import Household, empty_household
from upsell.journeys.inputs import Launched, Tick
from upsell.runtime.filling import fill_counters, new_counters
from upsell.runtime.programs import Programs
from upsell.store.answers import Decided, read_last_decisions
from upsell.store.connect import Connection
from upsell.store.cursors import read_cursors
from upsell.store.households import Homes, find_homes, read_household
from upsell.store.ledger import Head, LedgerInput, read_household_inputs

_MOST_RECORDED = 3
"""How many decisions of each workflow are told: let in or refused, what became of it, and one before."""


class Answer(msgspec.Struct, frozen=True):
    """What every workflow answers to a unit, and what it decided about it last.

    Attributes:
        unit_id: Whom it is about.
        at: The moment it is about.
        revision: Number of the revision that was live.
        explanations: One for each workflow of the unit's kind.
        recorded: The last decisions of each of these workflows about the unit, by its key, oldest first.
    """

    unit_id: UnitId
    at: Moment
    revision: int
    explanations: tuple[Explanation, ...]
    recorded: Mapping[str, tuple[Decided, ...]] = {}


def explain_now(connection: Connection, name: str, now: Moment, workflow: str | None) -> Answer:
    """Explain a unit as it stands, with inputs that the worker has not come to yet.

    Args:
        connection: The database.
        name: The unit's id, ``a:<account>`` or ``c:<customer>``; or the account's or customer's own.
        now: The present.
        workflow: Key of the one workflow asked about, None for all.

    Raises:
        ConfigError: The unit was never heard of, no revision is live, or no workflow has that key.
    """
    programs = _programs(connection)
    number = _number(programs)
    unit_id, household_id = _find(connection, name)
    program = programs.program(number)
    household = read_household(connection, unit_id, concerns_for(program).roles, now)
    cursor = read_cursors(connection, [shard_of(household_id)])[0]
    names = sorted(concerns_for(program).names)
    session = Session(program, household)
    after = Head(cursor.position, cursor.seen_at)
    for item in read_household_inputs(connection, [household_id], names, after):
        session.take(item.event)
    at = max(now, session.household.taken_at)
    explained = _chosen(explain(program, session.household, unit_id, at), workflow)
    return Answer(unit_id, at, number, explained, _recorded(connection, unit_id, at, explained))


def explain_past(connection: Connection, name: str, at: Moment, workflow: str | None) -> Answer:
    """Explain a unit as it stood at ``at``, from the ledger alone; otherwise as ``explain_now``."""
    programs = _programs(connection)
    newest = _number(programs)
    unit_id, household_id = _find(connection, name)
    every = sorted({event for number in range(1, newest + 1) for event in _names(programs, number)})
    found = read_household_inputs(connection, [household_id], every, Head(0, 0))
    number, household = _live_again(
        connection, programs, household_id, [item for item in found if item.event.seen_at <= at], at
    )
    explained = _chosen(explain(programs.program(number), household, unit_id, at), workflow)
    return Answer(unit_id, at, number, explained, _recorded(connection, unit_id, at, explained))


def _recorded(
    connection: Connection, unit_id: UnitId, at: Moment, explained: Sequence[Explanation]
) -> dict[str, tuple[Decided, ...]]:
    """Give what was decided last up to ``at`` by each workflow explained."""
    decided = read_last_decisions(connection, unit_id, at, _MOST_RECORDED)
    return {one.workflow: decided[one.workflow] for one in explained if one.workflow in decided}


def _live_again(
    connection: Connection,
    programs: Programs,
    household_id: UnitId,
    inputs: Sequence[LedgerInput],
    at: Moment,
) -> tuple[int, Household]:
    """Take a household through its inputs under the revisions that were live; give the last of them."""
    number = 1
    session = Session(programs.program(number), empty_household(household_id))
    waiting = list(inputs)
    while True:
        following = programs.after(number)
        ends = following is None or following.live_at > at
        while waiting and (ends or following is None or waiting[0].position <= following.live_from):
            session.take(waiting.pop(0).event)
        if ends or following is None:
            return number, session.household
        session = _launch(connection, programs, session, number)
        number += 1


def _launch(connection: Connection, programs: Programs, session: Session, number: int) -> Session:
    """Bring a household from one revision to the next as the worker does."""
    following = programs.revision(number + 1)
    program, before = programs.program(number + 1), programs.program(number)
    household = session.household
    if not household.taken_at:
        return Session(program, household)
    session.take(Tick(following.live_at))
    homes = Homes()
    homes.households[household.id] = household
    homes.settle((), {household.id: tuple(household.customers)})
    fill_counters(connection, homes, new_counters(program, before), following)
    launched = Session(program, household)
    launched.take(Launched(following.live_at))
    return launched


def _programs(connection: Connection) -> Programs:
    programs = Programs()
    programs.refresh(connection)
    return programs


def _number(programs: Programs) -> int:
    newest = programs.newest()
    if newest is None:
        msg = "expected definitions that are live, found none; put a workspace live with `upsell apply`"
        raise ConfigError(msg)
    return newest.number


def _names(programs: Programs, number: int) -> frozenset[str]:
    return concerns_for(programs.program(number)).names


def _find(connection: Connection, name: str) -> tuple[UnitId, UnitId]:
    """Find a unit and its household by a unit id, or by an account's or customer's own id."""
    tried = [name] if name[:2] in ("a:", "c:") else [account_unit(name), customer_unit(name)]
    homes = find_homes(connection, tried)
    for unit_id in tried:
        if unit_id in homes:
            return unit_id, homes[unit_id]
    msg = (
        f"expected an account or a customer that something is known of, got {name}; "
        "write a:<account> or c:<customer>, as your events name them"
    )
    raise ConfigError(msg)


def _chosen(explained: Sequence[Explanation], workflow: str | None) -> tuple[Explanation, ...]:
    if workflow is None:
        return tuple(explained)
    known = [one.workflow for one in explained]
    if workflow not in known:
        near = nearest(workflow, known)
        hint = f"did you mean {near}?" if near else f"known: {', '.join(sorted(known)) or 'none'}"
        msg = f"expected the key of a workflow for this kind of unit, got {workflow}; {hint}"
        raise ConfigError(msg)
    return tuple(one for one in explained if one.workflow == workflow)
