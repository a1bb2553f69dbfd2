"""Freezing: since when a state has stopped what a journey would say, and whether one has passed meanwhile.

The law: a journey is frozen from the moment a state begins, also within a wait. Of what the policy's states
keep, this is computed when a step speaks, so a state costs nothing while nobody wants to speak.
"""

from __future__ import annotations

from collections.abc import Iterator

from upsell.clock import Moment
from upsell.decisions.intents import Intent
from upsell.journeys.household import Enrollment, Unit
from upsell.journeys.scene import Scene
from upsell.signals.profiles import Span


def frozen_since(scene: Scene, unit: Unit, enrollment: Enrollment, intent: Intent) -> Moment:
    """Give since when a journey that stands still now has been frozen.

    That is when the first of the states that are open and stop the intent began; of one that began before
    or with the journey, and of what has no beginning that is kept (rules, incidents, a pause), it is now.
    """
    opened = (at for span in _spans(scene, unit, intent) for at in span.opened.values())
    return min((at for at in opened if at > enrollment.entered_at), default=scene.now)


def has_state_passed(scene: Scene, unit: Unit, enrollment: Enrollment, intent: Intent) -> bool:
    """Tell whether a state that stops an intent ended since the journey began, or was last released."""
    since = max(enrollment.entered_at, enrollment.released_at)
    return any(span.ended_at is not None and span.ended_at > since for span in _spans(scene, unit, intent))


def _spans(scene: Scene, unit: Unit, intent: Intent) -> Iterator[Span]:
    """Give the stretches of states that stop an intent, of whoever pays and of the unit."""
    principal = scene.principal()
    profiles = [each.profile for each in ((unit,) if unit is principal else (principal, unit))]
    for state in scene.program.policy.states:
        if intent in state.stops:
            yield from (profile.states[state.name] for profile in profiles if state.name in profile.states)
