"""Showing marks: whether what could be shown to somebody changed, told without reading all that is known.

For pages that follow. The law: what is marked is what decides whether a prompt is there: the prompts of
every passage, a shadow's too, what was declined, what is paid for, and what holds for everybody. That a page
asked changes none of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from upsell.clock import Moment
from upsell.ids import UnitId
from upsell.store.connect import Connection
from upsell.store.queries import query

_NONE = msgspec.Raw(b"{}")


class Mark(msgspec.Struct, frozen=True):
    """What could be shown to a unit.

    Attributes:
        text: Differs when what could be shown does.
        ends: When what could be shown ends by time alone: its placement, or the terms it was shown with.
    """

    text: str
    ends: tuple[Moment, ...] = ()


class _Terms(msgspec.Struct):
    expires_at: Moment | None = None


class _Passage(msgspec.Struct):
    terms: dict[str, _Terms] = {}
    prompts: dict[str, str] = {}
    prompts_until: dict[str, Moment] = {}
    visits: dict[str, int] = {}
    after_goal: bool = False


class _Known(msgspec.Struct):
    subscriptions: msgspec.Raw = _NONE


class _Unit(msgspec.Struct):
    profile: _Known = msgspec.field(default_factory=_Known)
    enrollments: dict[str, _Passage] = {}
    declines: msgspec.Raw = _NONE


_decode = msgspec.json.Decoder(_Unit).decode


def read_row_marks(connection: Connection, units: Collection[UnitId]) -> dict[UnitId, dict[UnitId, str]]:
    """Give by unit the version of its row and of its household's; a unit nobody knows has neither."""
    marks: dict[UnitId, dict[UnitId, str]] = {unit_id: {} for unit_id in units}
    values = {"units": list(units)}
    for watched, unit_id, mark in connection.execute(query("mark_units"), values, binary=True):
        marks[watched][unit_id] = mark
    return marks


def read_world_mark(connection: Connection) -> str:
    """Give what differs when something changed for everybody: a revision, a pause, a stop, an incident."""
    row = connection.execute(query("mark_world"), binary=True).fetchone()
    return str(row[0]) if row is not None else ""


def read_showing_marks(connection: Connection, units: Collection[UnitId]) -> Mapping[UnitId, Mark]:
    """Give by unit what differs when what could be shown to it does; of whom nothing is so is absent."""
    rows = connection.execute(query("read_units"), {"units": list(units)}, binary=True)
    marks = {row[0]: _mark(_decode(row[2])) for row in rows}
    return {unit_id: mark for unit_id, mark in marks.items() if mark != _NOTHING}


def _mark(unit: _Unit) -> Mark:
    prompts = sorted(
        (key, where, step, each.visits.get(step, 1), each.prompts_until.get(where, 0))
        for key, each in unit.enrollments.items()
        if not each.after_goal
        for where, step in each.prompts.items()
    )
    ends = {
        at
        for each in unit.enrollments.values()
        if each.prompts
        for at in (*each.prompts_until.values(), *(terms.expires_at for terms in each.terms.values()))
        if at is not None
    }
    text = f"{prompts} {bytes(unit.profile.subscriptions)!r} {bytes(unit.declines)!r}"
    return Mark(text, tuple(sorted(ends)))


_NOTHING = _mark(_Unit())
