"""Readings: what was known of an effect at moments, apart from how it is drawn."""

from __future__ import annotations

import msgspec

from upsell.clock import Moment
from upsell.measurement.answers import Effect, Undetermined


class Reading(msgspec.Struct, frozen=True):
    """What was known of an effect at a moment."""

    at: Moment
    effect: Effect | Undetermined
