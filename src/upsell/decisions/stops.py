"""Stops: a person's word that nothing is said any more, by any means, by one channel, or by one workflow.

Like an incident for everyone a stop is no event of anybody: it has its moment in the ledger's order, and is
told to whatever speaks. The law: what is stopped waits as it is. A message that was reserved is not taken
back, it is not handed over; let go on, it is asked about like any other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from upsell.clock import Moment
from upsell.decisions.decision import Verdict
from upsell.decisions.reach import CHANNELS, PROMPT, WEBHOOK
from upsell.decisions.reasons import Reason

STOPPABLE: Final = (*CHANNELS, WEBHOOK, PROMPT)
"""The channels that can be stopped by name."""


class Stop(msgspec.Struct, frozen=True):
    """One stop.

    Attributes:
        number: Its number.
        channel: The channel it is about, empty for all.
        workflow: Key of the workflow it is about, empty for all.
        started_at: From when on it holds.
        by: Who threw it, as the machine knows them.
        because: Why, in their words.
        ended_at: From when on it does not hold any more, None while it does.
        ended_by: Who let it go on.
        ended_because: Why, in their words.
    """

    number: int
    channel: str
    workflow: str
    started_at: Moment
    by: str
    because: str
    ended_at: Moment | None = None
    ended_by: str = ""
    ended_because: str = ""

    @property
    def words(self) -> str:
        """What is stopped, for people."""
        if self.channel:
            return f"the channel {self.channel}"
        return f"the workflow {self.workflow}" if self.workflow else "everything"

    @property
    def is_of_all(self) -> bool:
        """Whether it is about everything."""
        return not self.channel and not self.workflow

    def holds(self, workflow: str, channel: str, now: Moment) -> bool:
        """Tell whether it holds for what a workflow says over a channel at ``now``."""
        is_about = self.channel in ("", channel) and self.workflow in ("", workflow)
        return is_about and self.started_at <= now and (self.ended_at is None or now < self.ended_at)


def ask_stops(stops: Iterable[Stop], workflow: str, channel: str, now: Moment) -> Verdict | None:
    """Say which stop holds for what a workflow says over a channel at ``now``, or None.

    What is known of later than ``now`` does not count, so that a past moment is asked as it was.
    """
    for stop in stops:
        if stop.holds(workflow, channel, now):
            return Verdict(Reason.STOPPED, f"{stop.words}: {stop.because}")
    return None
