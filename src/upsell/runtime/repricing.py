"""Repricing: whom a change of price or packaging concerns before it goes live."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from upsell.catalog.changes import Change, find_changes, touches
from upsell.clock import Moment
from upsell.errors import DefinitionError
from upsell.journeys.program import Program
from upsell.store.connect import Connection
from upsell.store.queries import query
from upsell.workspace.compile import compile_documents


class Concerned(msgspec.Struct, frozen=True):
    """What one change concerns.

    Attributes:
        change: What changed.
        workflows: Keys of the workflows that are live and make an offer it touches, or fall back to one.
        shown: How many messages with such an offer were sent whose terms are still honoured.
    """

    change: Change
    workflows: tuple[str, ...]
    shown: int


def find_concerned(
    connection: Connection, live: Mapping[str, str], after: Program, now: Moment
) -> list[Concerned]:
    """Find what each change from the live documents' catalog to a program's concerns.

    What was shown is honoured at its terms; it is listed because customers hold it in their hands.
    Nothing can be said where this release does not take the live documents any more.
    """
    try:
        before = compile_documents(live).program
    except DefinitionError:
        return []
    return find_concerned_between(connection, before, after, now)


def find_concerned_between(
    connection: Connection, before: Program, after: Program, now: Moment
) -> list[Concerned]:
    """Find the same from a program that is live."""
    changes = find_changes(before.catalog, after.catalog)
    if not changes:
        return []
    rows = connection.execute(query("count_shown_offers"), {"now": now})
    shown: dict[str, int] = dict(rows.fetchall())
    return [_concerned(change, before, shown) for change in changes]


def concerned_lines(found: list[Concerned]) -> Iterator[str]:
    """Write what changes concern, for people; nothing without any."""
    if found:
        yield "Prices and packaging that change, and what that concerns:"
    for each in found:
        yield f"  {each.change.noun} {each.change.id}"
        yield from (f"    {said}" for said in each.change.said)
        workflows = ", ".join(each.workflows) or "no live workflow"
        honoured = f"; {each.shown:,} shown offers stay honoured at their terms" if each.shown else ""
        yield f"    concerns {workflows}{honoured}"


def _concerned(change: Change, before: Program, shown: dict[str, int]) -> Concerned:
    catalog = before.catalog
    offers = {offer.id for offer in catalog.offers.values() if touches(offer, change, catalog)}
    workflows = tuple(
        workflow.key
        for workflow in before.workflows.values()
        if any(offer.id in offers for name in workflow.offers for offer in catalog.chain(name))
    )
    return Concerned(change, workflows, sum(shown.get(offer, 0) for offer in offers))
