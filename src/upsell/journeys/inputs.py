"""Inputs: what ``advance`` takes, each with the moment it was seen."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from upsell.clock import Moment
from upsell.signals.events import Event


class Tick(msgspec.Struct, frozen=True, tag="tick"):
    """Time has come to ``seen_at``: due timers up to and including it are taken, nothing else.

    A timer is taken at its own due moment whenever the tick comes, so ticks need no place in the
    ledger: an input taken later finds the same household with or without them.
    """

    seen_at: Moment


class Launched(msgspec.Struct, frozen=True, tag="launched"):
    """A revision went live at ``seen_at``: workflows new to a unit take their bearings."""

    seen_at: Moment


class Arrived(msgspec.Struct, frozen=True, tag="arrived"):
    """A customer's record came into this household at ``seen_at``: it may hang on another account now.

    Which segments the customer is in is asked anew; nothing else is.
    """

    seen_at: Moment
    customer_id: str


Input: TypeAlias = Event | Tick | Launched | Arrived
