"""Actors: who did what an account's counter counts, as properties beside the event's own.

So that an account's rule can ask how many different people, or people in how many roles, did
something. The law: what a sender says under these names is not believed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from upsell.journeys.household import Household
from upsell.rules.facts import Counter
from upsell.signals.events import Event

ACTOR_ID: Final = "actor_id"
"""Property that holds the customer's id; absent for an event that names none."""

ACTOR_ROLE: Final = "actor_role"
"""Property that holds the first of the customer's roles in the account; absent without any."""

ACTOR_PROPERTIES: Final = frozenset({ACTOR_ID, ACTOR_ROLE})
"""What an event has beside what its sender says."""


def counted_properties(event: Event, household: Household) -> Mapping[str, Any]:
    """Give an event's properties with those of its actor, as of when it is taken."""
    said = {name: value for name, value in event.properties.items() if name not in (ACTOR_ID, ACTOR_ROLE)}
    if event.customer_id is not None:
        said[ACTOR_ID] = event.customer_id
        roles = household.roster.get(event.customer_id)
        if roles:
            said[ACTOR_ROLE] = roles[0]
    return said


def reads_actor(counter: Counter) -> bool:
    """Tell whether a counter asks who did what it counts."""
    names = (ACTOR_ID, ACTOR_ROLE)
    return counter.property in names or any(name in (counter.condition or "") for name in names)
