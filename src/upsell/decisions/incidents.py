"""Incidents for everyone: something of ours is broken, and nobody is to be sold anything meanwhile.

An incident of one account is an event of that account. One for everyone is no event of anybody: it
is told to the program, so that it holds for every household at once, from one moment on.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from upsell.clock import HOUR, MINUTE, Duration, Moment
from upsell.decisions.decision import Seen, Verdict
from upsell.decisions.intents import Intent
from upsell.decisions.policy import INCIDENT, SensitiveState
from upsell.decisions.reasons import Reason

ASKED_EACH: Duration = 15 * MINUTE
"""About how often whoever waits for an open incident asks again whether it is over."""

RELEASED_OVER: Duration = HOUR
"""The stretch over which those who waited for the same moment are asked again, not all at once."""


class Incident(msgspec.Struct, frozen=True):
    """One incident for everyone.

    Attributes:
        id: Its id.
        title: What is broken, in a few words.
        started_at: From when on it holds.
        ended_at: When it was over, None while it is open.
    """

    id: str
    title: str
    started_at: Moment
    ended_at: Moment | None = None


def ask_incidents(
    incidents: Iterable[Incident],
    states: Iterable[SensitiveState],
    intent: Intent,
    now: Moment,
    place: float,
) -> Verdict | None:
    """Say which incident for everyone silences an intent at ``now``, or None.

    An incident silences what the state ``incident`` stops, in ``[started_at, ended_at +
    cool_down)``; nothing where the policy turned that state off. What is known of later than
    ``now`` does not count, so that a past moment is asked as it was. Of several, the one that ends
    last answers.

    Args:
        incidents: All incidents for everyone there were.
        states: Sensitive states in force.
        intent: What is to be said.
        now: The moment asked about.
        place: Where in the crowd the unit stands, in [0, 1): who is asked again when.
    """
    state = next((each for each in states if each.name == INCIDENT and intent in each.stops), None)
    if state is None:
        return None
    held: Verdict | None = None
    for incident in incidents:
        if incident.started_at > now:
            continue
        ended_at = incident.ended_at if incident.ended_at is not None and incident.ended_at <= now else None
        is_open = ended_at is None
        silent_until = now if ended_at is None else ended_at + state.cool_down
        if not is_open and silent_until <= now:
            continue
        wait = int((ASKED_EACH if is_open else RELEASED_OVER) * place) + (ASKED_EACH if is_open else 0)
        seen = Seen("open for everyone" if is_open else "cooling down for everyone", incident.title)
        verdict = Verdict(Reason.SENSITIVE, INCIDENT, (seen,), silent_until + wait)
        if is_open:
            return verdict
        if held is None or (held.retry_at or 0) < silent_until + wait:
            held = verdict
    return held
