"""Ramps: a workflow that is opened to a share of its units first, and to more of them later.

For whoever lets candidates in. The law: a greater share keeps everyone a smaller one had, because
units are drawn once and for all by a salt of the ramp's own; who is outside is in no arm at all.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from upsell.clock import Moment
from upsell.decisions.decision import Seen, Verdict
from upsell.decisions.reasons import Reason
from upsell.ids import UnitId, share


class RampStep(msgspec.Struct, frozen=True):
    """From a moment on a workflow is open to a share of its units.

    Attributes:
        share: Share of units it is open to, 0 to 1.
        begins_at: From when on; None for as long as the ramp is written.
    """

    share: float
    begins_at: Moment | None = None


def ramp_share(ramp: Sequence[RampStep], now: Moment) -> float | None:
    """Give the share a workflow is open to at a moment: that of the last step that has begun.

    Before the first step it is 0.0. Without a ramp it is open to all, and there is None.
    """
    if not ramp:
        return None
    begun = [step.share for step in ramp if step.begins_at is None or step.begins_at <= now]
    return begun[-1] if begun else 0.0


def ask_ramp(ramp: Sequence[RampStep], salt: str, unit_id: UnitId, now: Moment) -> Verdict | None:
    """Say that a unit is outside a ramp at a moment, and when a later step takes it in; None when inside."""
    open_to = ramp_share(ramp, now)
    if open_to is None:
        return None
    drawn = share(salt, unit_id)
    if drawn < open_to:
        return None
    later = (step for step in ramp if step.begins_at is not None and step.begins_at > now)
    taken_in_at = next((step.begins_at for step in later if drawn < step.share), None)
    seen = (Seen("ramp", open_to), Seen("drawn", round(drawn, 6)))
    return Verdict(Reason.NOT_IN_RAMP, "", seen, taken_in_at)
