"""Explaining: why a unit is spoken to or not, now or at any moment of the past.

For ``upsell explain``. The law: the answer is the core's own, over the household as it is kept with
whatever waits in the ledger, or over the household lived again from the ledger alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from queue import Empty, Full, LifoQueue

import msgspec

from upsell.clock import Moment
from upsell.decisions.addresses import address_key
from upsell.decisions.decision import Decision
from upsell.decisions.policy import Per, caps_per
from upsell.decisions.reach import EMAIL
from upsell.decisions.standing import Standing
from upsell.errors import ConfigError, nearest
from upsell.ids import SHARDS, UnitId, account_unit, bare, customer_unit, is_account
from upsell.journeys.advance import concerns_for
from upsell.journeys.explain import (
    Explanation,
    InSegment,
    explain,
    explain_address,
    explain_segments,
    explain_standing,
)
from upsell.journeys.household import Household
from upsell.journeys.inputs import Launched, Tick
from upsell.journeys.program import Program
from upsell.journeys.speaking import address_of
from upsell.runtime.batches import Batch, merging_customers
from upsell.runtime.filling import fill_counters, new_counters
from upsell.runtime.left_addresses import heed_left
from upsell.runtime.programs import Programs
from upsell.runtime.snapshot import take_pending
from upsell.runtime.suppressing import heed_suppressions, suppressed_of
from upsell.store.answers import Decided, read_last_decisions
from upsell.store.connect import Connection
from upsell.store.cursors import read_cursors
from upsell.store.households import Homes, find_homes
from upsell.store.identities import find_gone, find_identities, find_merge_homes
from upsell.store.ledger import Head, LedgerInput, read_household_inputs
from upsell.store.places import read_places
from upsell.store.suppressions import Suppressed

_MOST_RECORDED = 3
"""How many decisions of each workflow are told: let in or refused, what became of it, and one before."""


_MOST_KEPT = 2
"""How many sets of compiled revisions a shelf keeps of each kind while nobody uses them."""

_EVER: Moment = 0
"""Since when past questions are asked where it is not known beforehand."""


class Shelf:
    """Compiled revisions kept between questions, for a server: what was applied is compiled once.

    Whoever asks has a set to themselves meanwhile, so that none is read anew under somebody's hands.
    """

    def __init__(self) -> None:
        """Keep nothing yet."""
        self._now: LifoQueue[Programs] = LifoQueue(_MOST_KEPT)
        self._past: LifoQueue[Programs] = LifoQueue(_MOST_KEPT)

    @contextmanager
    def lent(self, connection: Connection, *, is_past: bool) -> Iterator[Programs]:
        """Lend every revision there is now, for questions about now, or about any moment of the past."""
        kept = self._past if is_past else self._now
        try:
            programs = kept.get_nowait()
        except Empty:
            programs = Programs(_EVER if is_past else None)
        # What could not be read anew to its end is not kept.
        programs.refresh(connection)
        try:
            yield programs
        finally:
            with suppress(Full):
                kept.put_nowait(programs)


class FullAddress(msgspec.Struct, frozen=True):
    """A cap that has no place left for a customer because of what other ids were sent at their address.

    Attributes:
        rule: The cap in words.
        until: When it opens.
        customers: The other ids, as they are called today.
    """

    rule: str
    until: Moment | None
    customers: tuple[str, ...]


class Found(msgspec.Struct, frozen=True):
    """A unit, the household it is in, and the id it was asked by when that id went into it."""

    unit_id: UnitId
    household_id: UnitId
    asked_as: UnitId | None = None


class Stood(msgspec.Struct, frozen=True):
    """A unit's household at some moment, with the number and the program of the revision that was live."""

    found: Found
    number: int
    program: Program
    household: Household


class Answer(msgspec.Struct, frozen=True):
    """What every workflow answers to a unit, and what it decided about it last.

    Attributes:
        unit_id: Whom it is about.
        at: The moment it is about.
        revision: Number of the revision that was live.
        explanations: One for each workflow of the unit's kind.
        recorded: The last decisions of each of these workflows about the unit, by its key, oldest first.
        asked_as: The id asked about when it went into this unit's; None when it is the unit's own.
        standing: What it pays for and uses.
        full_address: Caps that others filled at its address; only of now, the past is not kept.
        segments: The segments it is in.
        suppressed: Its addresses that are suppressed, and why; only of now.
    """

    unit_id: UnitId
    at: Moment
    revision: int
    explanations: tuple[Explanation, ...]
    recorded: Mapping[str, tuple[Decided, ...]] = {}
    asked_as: UnitId | None = None
    standing: Standing | None = None
    full_address: tuple[FullAddress, ...] = ()
    segments: tuple[InSegment, ...] = ()
    suppressed: tuple[Suppressed, ...] = ()


def explain_now(
    connection: Connection, name: str, now: Moment, workflow: str | None, programs: Programs | None = None
) -> Answer:
    """Explain a unit as it stands, with inputs that the worker has not come to yet.

    Args:
        connection: The database.
        name: The unit's id, ``a:<account>`` or ``c:<customer>``; or the account's or customer's own.
        now: The present.
        workflow: Key of the one workflow asked about, None for all.
        programs: The revisions as they are now, where a shelf lends them.

    Raises:
        ConfigError: The unit was never heard of, no revision is live, or no workflow has that key.
    """
    stood = stand_now(connection, name, now, programs)
    found, program, household = stood.found, stood.program, stood.household
    heed_suppressions(connection, household.customers.values())
    heed_left(connection, household.customers.values())
    own = None if is_account(found.unit_id) else household.customers.get(bare(found.unit_id))
    suppressed = tuple(suppressed_of(connection, own).values()) if own is not None else ()
    at = max(now, household.taken_at)
    explained = _chosen(explain(program, household, found.unit_id, at), workflow)
    recorded = _recorded(connection, found.unit_id, at, explained)
    standing = explain_standing(program, household, found.unit_id, at)
    full = _full_address(connection, program, household, found.unit_id, at)
    segments = explain_segments(program, household, found.unit_id, at)
    known = found.asked_as
    return Answer(
        found.unit_id, at, stood.number, explained, recorded, known, standing, full, segments, suppressed
    )


def explain_past(
    connection: Connection, name: str, at: Moment, workflow: str | None, programs: Programs | None = None
) -> Answer:
    """Explain a unit as it stood at ``at``, from the ledger alone; otherwise as ``explain_now``."""
    stood = stand_past(connection, name, at, programs)
    found, program, household = stood.found, stood.program, stood.household
    explained = _chosen(explain(program, household, found.unit_id, at), workflow)
    recorded = _recorded(connection, found.unit_id, at, explained)
    standing = explain_standing(program, household, found.unit_id, at)
    segments = explain_segments(program, household, found.unit_id, at)
    known = found.asked_as
    return Answer(found.unit_id, at, stood.number, explained, recorded, known, standing, segments=segments)


def stand_now(connection: Connection, name: str, now: Moment, programs: Programs | None = None) -> Stood:
    """Give a unit's household as it stands, with inputs that the worker has not come to yet.

    Raises:
        ConfigError: As ``explain_now``.
    """
    programs = programs or _programs(connection)
    number = _number(programs)
    found = _find(connection, name)
    program = programs.program(number)
    wanted = {found.household_id: () if is_account(found.unit_id) else (bare(found.unit_id),)}
    cursors = read_cursors(connection, range(SHARDS))
    homes = take_pending(connection, program, wanted, cursors, now)
    return Stood(found, number, program, _home(homes, found))


def stand_past(connection: Connection, name: str, at: Moment, programs: Programs | None = None) -> Stood:
    """Give a unit's household as it stood at ``at``, from the ledger alone; otherwise as ``stand_now``."""
    programs = programs or _programs(connection, at)
    newest = _number(programs)
    found = _find(connection, name)
    every = sorted({event for number in range(1, newest + 1) for event in _names(programs, number)})
    inputs = _past(connection, found.household_id, every, at)
    number, homes, _ = _live_again(connection, programs, found.household_id, inputs, at)
    return Stood(found, number, programs.program(number), _home(homes, found))


def decide_again(connection: Connection, name: str, at: Moment) -> tuple[Decision, ...]:
    """Take every decision about a household up to ``at`` anew, from its events alone, in order.

    What the ledger holds of decisions is not looked at: an audit compares the two.

    Raises:
        ConfigError: As ``explain_now``.
    """
    programs = _programs(connection, at)
    newest = _number(programs)
    found = _find(connection, name)
    every = sorted({event for number in range(1, newest + 1) for event in _names(programs, number)})
    inputs = _past(connection, found.household_id, every, at)
    return tuple(_live_again(connection, programs, found.household_id, inputs, at)[2])


def _full_address(
    connection: Connection, program: Program, household: Household, unit_id: UnitId, at: Moment
) -> tuple[FullAddress, ...]:
    """Ask the places at a customer's address which caps others filled there."""
    person = None if is_account(unit_id) else household.customers.get(bare(unit_id))
    address = address_of(person, EMAIL) if person is not None else None
    caps = caps_per(program.policy, Per.PERSON)
    if address is None or not caps:
        return ()
    since = at - max(cap.within for cap in caps)
    places = read_places(connection, {"": address_key(EMAIL, address)}, since)
    full = explain_address(program, household, unit_id, at, [place.touch for place in places])
    if not full:
        return ()
    named = {place.customer_id for place in places}
    known = find_identities(connection, named)
    today = {known[name].customer_id if name in known else name for name in named} - {bare(unit_id)}
    return tuple(FullAddress(each.rule, each.retry_at, tuple(sorted(today))) for each in full)


def _past(
    connection: Connection, household_id: UnitId, names: Sequence[str], at: Moment
) -> list[LedgerInput]:
    """Read the inputs of a household up to ``at``, with the past of those who went into its customers."""
    household_ids = {household_id}
    while True:
        inputs = read_household_inputs(connection, sorted(household_ids), names, Head(0, 0), at)
        going = {customer_unit(customer_id) for customer_id in merging_customers(inputs)}
        if going <= household_ids:
            return inputs
        household_ids |= going


def _home(homes: Homes, found: Found) -> Household:
    """Give the household in memory that a unit is in."""
    home = None if is_account(found.unit_id) else homes.home_of(bare(found.unit_id))
    return homes.households[home or found.household_id]


def _recorded(
    connection: Connection, unit_id: UnitId, at: Moment, explained: Sequence[Explanation]
) -> dict[str, tuple[Decided, ...]]:
    """Give what was decided last up to ``at`` by each workflow explained, under older ids too."""
    gone = () if is_account(unit_id) else find_gone(connection, [bare(unit_id)])
    unit_ids = [unit_id, *(customer_unit(customer_id) for customer_id in gone)]
    decided = read_last_decisions(connection, unit_ids, at, _MOST_RECORDED)
    return {one.workflow: decided[one.workflow] for one in explained if one.workflow in decided}


def _live_again(
    connection: Connection,
    programs: Programs,
    household_id: UnitId,
    inputs: Sequence[LedgerInput],
    at: Moment,
) -> tuple[int, Homes, list[Decision]]:
    """Take a household through its inputs under the revisions that were live; give the last of them.

    And the household at ``at``, and every decision on the way.
    """
    number = 1
    decisions: list[Decision] = []
    homes = Homes()
    lived = {household_id, *(item.household_id for item in inputs)}
    homes.settle((), {lived_id: () if is_account(lived_id) else (bare(lived_id),) for lived_id in lived})
    waiting = list(inputs)
    while True:
        following = programs.after(number)
        batch = Batch(programs.program(number), homes)
        if following is None or following.live_at > at:
            batch.take(waiting)
            for home_id in [home.id for home in homes.households.values() if home.taken_at]:
                batch.take_one(home_id, Tick(at))
            return number, homes, [*decisions, *batch.gathered.decisions]
        batch.take(item for item in waiting if item.position <= following.live_from)
        waiting = [item for item in waiting if item.position > following.live_from]
        decisions += _launch(connection, programs, batch, homes, number)
        number += 1


def _launch(
    connection: Connection, programs: Programs, batch: Batch, homes: Homes, number: int
) -> list[Decision]:
    """Bring the households heard of from one revision to the next as the worker does; give the decisions."""
    following = programs.revision(number + 1)
    program, before = programs.program(number + 1), programs.program(number)
    heard = {home.id: tuple(home.customers) for home in homes.households.values() if home.taken_at}
    for household_id in heard:
        batch.take_one(household_id, Tick(following.live_at))
    filled = Homes()
    filled.households.update({household_id: homes.households[household_id] for household_id in heard})
    filled.settle((), heard)
    fill_counters(connection, filled, new_counters(program, before), following)
    launched = Batch(program, homes)
    for household_id in heard:
        launched.take_one(household_id, Launched(following.live_at))
    return [*batch.gathered.decisions, *launched.gathered.decisions]


def _programs(connection: Connection, since: Moment | None = None) -> Programs:
    programs = Programs(since)
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


def _find(connection: Connection, name: str) -> Found:
    """Find a unit and its household by a unit id, or by an account's or customer's own id."""
    tried = [name] if name[:2] in ("a:", "c:") else [account_unit(name), customer_unit(name)]
    homes = find_homes(connection, tried)
    customers = [bare(unit_id) for unit_id in tried if not is_account(unit_id)]
    for gone_id, known in find_identities(connection, customers).items():
        stays = customer_unit(known.customer_id)
        home = find_homes(connection, [stays]).get(stays) or min(
            find_merge_homes(connection, [known]), default=stays
        )
        return Found(stays, home, customer_unit(gone_id))
    for unit_id in tried:
        if unit_id in homes:
            return Found(unit_id, homes[unit_id])
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
