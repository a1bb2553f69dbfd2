"""Memberships: who is in which segment, asked with the segment's own rule wherever it may have changed.

The law: a change of membership is an event like any other. It is taken into the records before
anyone is asked anything, so that rules count it, and then it fires triggers and ends waits. What a
launch changes is told too, as history: nothing happened to the unit, so nothing starts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import msgspec

from upsell.ids import UnitId, bare, digest, is_account
from upsell.journeys.effects import Record
from upsell.journeys.household import Membership, Unit
from upsell.journeys.scene import Scene, kind_of
from upsell.journeys.segment import Segment
from upsell.journeys.taking import take_event
from upsell.signals.events import SEGMENT_ENTERED, SEGMENT_LEFT, Event

LAUNCH = "launch"
"""The source of events that tell what a new revision changed; any other comes from the ``core``."""


class Change(msgspec.Struct, frozen=True):
    """An event that tells a change of membership, and the units it is about."""

    event: Event
    about: tuple[Unit, ...]


class Asked(msgspec.Struct, frozen=True):
    """Who was asked, and what changed."""

    units: tuple[Unit, ...] = ()
    changes: tuple[Change, ...] = ()


NOBODY = Asked()
"""Nobody was asked."""


class _Cause(msgspec.Struct, frozen=True):
    """Why segments are asked: the id of the event, or a word; and how what changed is told."""

    id: str
    is_historical: bool = False
    source: str = "core"


_TIME = _Cause("time")
_ARRIVAL = _Cause("arrival")
_LAUNCH = _Cause(LAUNCH, is_historical=True, source=LAUNCH)

_Wanted: TypeAlias = dict[UnitId, tuple[Unit, set[str]]]
"""Units to ask, each with the names of the segments; it grows as what is told is counted."""


def ask_after(scene: Scene, taken: tuple[Event, ...], touched: list[Unit], *, is_stirred: bool) -> Asked:
    """Ask the segments that an event may have changed, just after it was taken into the records.

    Args:
        scene: The household, as of now.
        taken: The event taken, and after it the one derived from it, if any.
        touched: The units it is about; one that was never asked before is asked every segment.
        is_stirred: Whether it changed what the members of an account share, so that all are asked.
    """
    concerns = scene.concerns
    wanted: _Wanted = {}
    for unit in scene.units() if is_stirred else touched:
        kind = kind_of(unit)
        if not concerns.segments[kind]:
            continue
        names = {name for event in taken for name in concerns.by_name[event.name].segments[kind]}
        if names or unit.segments is None:
            wanted[unit.id] = (unit, names)
    if not wanted:
        return NOBODY
    return _ask(scene, wanted, _Cause(taken[0].id, is_historical=taken[0].is_historical))


def ask_due(scene: Scene, due: Iterable[Unit], *, has_ended: bool) -> Asked:
    """Ask the segments that time alone may have changed by now.

    Args:
        scene: The household, as of now.
        due: Whom time concerns.
        has_ended: Whether a subscription ended, so that whatever reads a plan is asked of everyone.
    """
    wanted: _Wanted = {}
    for unit in due:
        kept = unit.segments or {}
        names = {name for name, held in kept.items() if held.ask_at is not None and held.ask_at <= scene.now}
        if names:
            wanted[unit.id] = (unit, names)
    for unit in scene.units() if has_ended else ():
        planned = scene.concerns.planned[kind_of(unit)]
        if planned:
            wanted.setdefault(unit.id, (unit, set()))[1].update(planned)
    return _ask(scene, wanted, _TIME) if wanted else NOBODY


def ask_arrived(scene: Scene, customer_id: str) -> Asked:
    """Ask every segment of a customer whose record came into this household."""
    unit = scene.household.customers.get(customer_id)
    return NOBODY if unit is None else _ask_every(scene, [unit], _ARRIVAL)


def ask_launched(scene: Scene) -> Asked:
    """Ask every segment of every unit as a revision goes live; one that is gone is left."""
    return _ask_every(scene, scene.units(), _LAUNCH)


def _ask_every(scene: Scene, units: Iterable[Unit], cause: _Cause) -> Asked:
    wanted: _Wanted = {}
    for unit in units:
        every = scene.concerns.segments[kind_of(unit)]
        if every or unit.segments is not None:
            wanted[unit.id] = (unit, {segment.name for segment in every})
    return _ask(scene, wanted, cause) if wanted else NOBODY


def _ask(scene: Scene, wanted: _Wanted, cause: _Cause) -> Asked:
    """Ask units the segments named, customers before their account, which counts what is told of them."""
    asked: list[Unit] = []
    changes: list[Change] = []
    for unit_id in sorted(each for each in wanted if not is_account(each)):
        asked.append(wanted[unit_id][0])
        changes += _ask_unit(scene, *wanted[unit_id], cause, wanted)
    account = scene.household.account
    if account is not None and account.id in wanted:
        asked.append(account)
        changes += _ask_unit(scene, *wanted[account.id], cause, wanted)
    return Asked(tuple(asked), tuple(changes))


def _ask_unit(scene: Scene, unit: Unit, names: set[str], cause: _Cause, wanted: _Wanted) -> list[Change]:
    """Ask one unit segments in their order, those behind too that count what is told on the way."""
    every = scene.concerns.segments[kind_of(unit)]
    if unit.segments is None:
        unit.segments = {}
        names.update(segment.name for segment in every)
    told = _leave_gone(scene, unit, every, cause) if cause is _LAUNCH else []
    changes = [_take(scene, unit, event, wanted) for event in told]
    for segment in every:
        if segment.name in names:
            event = _ask_one(scene, unit, unit.segments, segment, cause)
            if event is not None:
                changes.append(_take(scene, unit, event, wanted))
    if not every:
        unit.segments = None
    return changes


def _ask_one(
    scene: Scene, unit: Unit, kept: dict[str, Membership], segment: Segment, cause: _Cause
) -> Event | None:
    """Ask one segment and remember the answer; give the event when it is another than before."""
    facts, rule, held = scene.facts(unit), segment.rule, kept.get(segment.name)
    before = held.since if held is not None else None
    since = (before if before is not None else scene.now) if rule.value(facts) is True else None
    ask_at = rule.next_change_at(facts) if rule.reads.is_timed else None
    if since is not None or ask_at is not None:
        kept[segment.name] = Membership(since, ask_at)
    else:
        kept.pop(segment.name, None)
    if (since is None) is (before is None):
        return None
    return _told(scene, unit, segment.name, SEGMENT_LEFT if since is None else SEGMENT_ENTERED, cause)


def _leave_gone(scene: Scene, unit: Unit, every: Iterable[Segment], cause: _Cause) -> list[Event]:
    """Forget segments that the revision does not have any more; give the events of those it was in."""
    kept = unit.segments or {}
    gone = {name: kept[name] for name in set(kept).difference(segment.name for segment in every)}
    for name in gone:
        del kept[name]
    left = sorted(name for name, held in gone.items() if held.since is not None)
    return [_told(scene, unit, name, SEGMENT_LEFT, cause) for name in left]


def _told(scene: Scene, unit: Unit, segment: str, name: str, cause: _Cause) -> Event:
    household_id = scene.household.id
    key = digest(name, segment, unit.id, str(scene.now), cause.id)[:20]
    return Event(
        id=f"{name}/{key}",
        name=name,
        occurred_at=scene.now,
        seen_at=scene.now,
        customer_id=None if is_account(unit.id) else bare(unit.id),
        account_id=bare(household_id) if is_account(household_id) else None,
        properties={"segment": segment, "unit": unit.id},
        source=cause.source,
        is_historical=cause.is_historical,
    )


def _take(scene: Scene, unit: Unit, event: Event, wanted: _Wanted) -> Change:
    """Take what is told into the records, as of the customer and their account, and ask what counts it."""
    account = scene.household.account
    about = (unit,) if account is None or unit is account else (account, unit)
    scene.effects.append(Record(event))
    concern = scene.concerns.by_name.get(event.name)
    if concern is not None:
        take_event(scene, event, concern, list(about))
        for each in about:
            names = concern.segments[kind_of(each)]
            if names:
                wanted.setdefault(each.id, (each, set()))[1].update(names)
    return Change(event, about)
