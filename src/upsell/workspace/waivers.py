"""Waivers: warnings that a team has looked at and lets stand, each with its reason.

A waiver is written where what it excuses is: under ``waive`` in a workflow's file, or in an offer of the
catalog. The law: nothing is excused without a reason, and an excuse that is not needed is told.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from upsell.errors import Problem
from upsell.workspace.findings import Findings, Place
from upsell.workspace.items import NOTHING_WRITTEN, Leaf, Record


class Waiver(msgspec.Struct, frozen=True):
    """One waiver: where it is written, why, and the last day on which it holds, None for no end."""

    place: Place
    reason: str
    until: str | None = None


class Waived(msgspec.Struct, frozen=True):
    """A warning that is let stand: why, and until which day, None for no end."""

    problem: Problem
    reason: str
    until: str | None = None


def sift(warnings: Iterable[Problem], record: Record, today: str) -> tuple[list[Problem], list[Waived]]:
    """Part the warnings about what ``record`` says into those that stand and those it waives.

    A waiver that has ended waives nothing; the warning then says so. One that finds nothing to waive is a
    warning itself.

    Args:
        warnings: Everything told of what the record says.
        record: A workflow's file, or an offer.
        today: The day it is, as an ISO date.
    """
    waivers = _written(record)
    standing, waived, used = Findings(), [], set()
    for problem in warnings:
        waiver = waivers.get(problem.code)
        if waiver is None:
            standing.add([problem])
            continue
        used.add(problem.code)
        if waiver.until is not None and waiver.until < today:
            ended = f"its waiver ended on {waiver.until}: put it right, or say anew why not and until when"
            hint = f"{problem.hint}\n{ended}" if problem.hint else ended
            standing.add([msgspec.structs.replace(problem, hint=hint)])
        else:
            waived.append(Waived(problem, waiver.reason, waiver.until))
    for code, waiver in waivers.items():
        if code not in used:
            standing.warning(
                waiver.place,
                f"expected something that the waiver of {code} excuses, got nothing",
                hint="take the waiver out; left in, it would excuse the next one unseen",
                code="unused-waiver",
            )
    return list(standing.in_order()), waived


def _written(record: Record) -> dict[str, Waiver]:
    """Give the waivers of a record by code."""
    written = record.record("waive") or NOTHING_WRITTEN
    waivers = {}
    for code, item in written.items.items():
        place = written.keys[code]
        if isinstance(item, Leaf):
            waivers[code] = Waiver(place, item.text)
        elif isinstance(item, Record):
            waivers[code] = Waiver(place, item.text("reason"), item.text("until") or None)
    return waivers
