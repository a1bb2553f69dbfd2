"""Sensitive states: stretches in which some intents stay silent, as data with a start and an end."""

from __future__ import annotations

from collections.abc import Iterable

from upsell.clock import Moment
from upsell.decisions.decision import Seen, Verdict
from upsell.decisions.intents import Intent
from upsell.decisions.policy import SensitiveState
from upsell.decisions.reasons import Reason
from upsell.signals.events import Event
from upsell.signals.profiles import Profile, Span


def take_state(profile: Profile, state: SensitiveState, event: Event) -> None:
    """Take an event that starts or ends a state into a profile.

    A state with a key stays open until each of its keys was ended; an end without a key, or of a
    state without keys, ends all. A state that has no ending event ends at the moment it begins
    and lives on in its cool-down.
    """
    key = str(event.properties.get(state.key) or "") if state.key else ""
    span = profile.states.get(state.name)
    if event.name in state.starts:
        if span is None or not span.open_keys:
            span = Span([], event.occurred_at, span.ended_at if span else None)
            profile.states[state.name] = span
        if not state.ends:
            span.ended_at = max(event.occurred_at, span.ended_at or event.occurred_at)
        elif key not in span.open_keys:
            span.open_keys.append(key)
    elif span is not None and span.open_keys:
        span.open_keys = [kept for kept in span.open_keys if key and kept != key]
        if not span.open_keys:
            span.ended_at = event.occurred_at


def ask_states(
    profile: Profile, states: Iterable[SensitiveState], intent: Intent, now: Moment
) -> Verdict | None:
    """Say which state silences an intent at ``now``, or None.

    A state silences while it is open and for its cool-down after: in ``[since, ended_at +
    cool_down)``. When time alone ends the silence the verdict says when; of several silences the
    one that lasts longest answers.
    """
    held: Verdict | None = None
    for state in states:
        span = profile.states.get(state.name)
        if span is None or intent not in state.stops:
            continue
        ends_at = None if span.open_keys else (span.ended_at or span.since) + state.cool_down
        if ends_at is not None and ends_at <= now:
            continue
        verdict = Verdict(
            Reason.SENSITIVE,
            state.name,
            (Seen("open" if span.open_keys else "cooling down", ", ".join(span.open_keys) or True),),
            ends_at,
        )
        if held is None or (held.retry_at is not None and (ends_at is None or ends_at > held.retry_at)):
            held = verdict
    return held
