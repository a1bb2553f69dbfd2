"""Collisions: how often workflows that compete for a slot would have met over a history.

For ``upsell conflicts``. The law: nothing is rehearsed here; a backtest's own counts are put side by side.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from upsell.journeys.conflicts import Conflict
from upsell.runtime.backtest import Backtest
from upsell.runtime.tally import Tally


class Losses(msgspec.Struct, frozen=True):
    """What one workflow lost to another.

    Attributes:
        workflow: Key of the loser.
        unit: What it is about: ``account`` or ``customer``.
        lost: Units that wanted the slot while the other held it.
        in_vain: Candidates of theirs that never got it: they lapsed, were dropped, or their trigger went.
    """

    workflow: str
    unit: str
    lost: int
    in_vain: int


class Collision(msgspec.Struct, frozen=True):
    """How often two workflows met.

    Attributes:
        conflict: The two.
        both: Units that were candidates of both; for ``people``, members whose account was one, too.
        losses: What each lost to the other, in the order of the two.
    """

    conflict: Conflict
    both: int
    losses: tuple[Losses, Losses]

    @property
    def collisions(self) -> int:
        """How many units lost the slot, of either."""
        return sum(each.lost for each in self.losses)


def find_collisions(conflicts: Iterable[Conflict], found: Backtest) -> list[Collision]:
    """Give for each pair what a backtest of the same workspace counted of it, most collisions first."""
    outcomes = {outcome.workflow: outcome for outcome in found.outcomes}
    collisions = []
    for conflict in conflicts:
        one, other = outcomes[conflict.one], outcomes[conflict.other]
        losses = (
            _losses(one.workflow, one.unit, one.tally, other.workflow),
            _losses(other.workflow, other.unit, other.tally, one.workflow),
        )
        collisions.append(Collision(conflict, one.tally.shared[other.workflow], losses))
    return sorted(collisions, key=lambda each: -each.collisions)


def slots_words(conflict: Conflict) -> str:
    """Say over whose slots two workflows meet."""
    if conflict.units == "people":
        return f"the slots of an account's {' and '.join(conflict.roles)}"
    return f"the slots of {conflict.units}s"


def _losses(workflow: str, unit: str, tally: Tally, holder: str) -> Losses:
    return Losses(workflow, unit, tally.lost_to[holder], tally.in_vain[holder])
