"""Updating: traits that a journey sets, as an event like those of any source.

The law: what a journey writes down is asked about like what anybody else tells, and is in the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping

from upsell.ids import bare, digest, is_account
from upsell.journeys.household import Unit
from upsell.journeys.scene import Scene
from upsell.rules.facts import Scalar
from upsell.signals.events import ACCOUNT_IDENTIFIED, CUSTOMER_IDENTIFIED, Event


def update_traits(scene: Scene, unit: Unit, key: str, values: Mapping[str, object]) -> None:
    """Set traits of a unit by an event that is taken next; a value that is no scalar is kept as null.

    Args:
        scene: The household, as of now.
        unit: Whose traits they are.
        key: Made of enrollment, step and visit: two passages that set the same tell of it twice.
        values: What each trait is set to, by name.
    """
    said: dict[str, Scalar] = {
        name: value if isinstance(value, bool | int | float | str) else None for name, value in values.items()
    }
    name = ACCOUNT_IDENTIFIED if is_account(unit.id) else CUSTOMER_IDENTIFIED
    household_id = scene.household.id
    scene.tell(
        Event(
            id=digest("update", key),
            name=name,
            occurred_at=scene.now,
            seen_at=scene.now,
            customer_id=None if is_account(unit.id) else bare(unit.id),
            account_id=bare(household_id) if is_account(household_id) else None,
            properties=dict(said),
            source="core",
        )
    )
