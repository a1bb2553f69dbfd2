"""Sensitive states: stretches in which some intents stay silent, as data with a start and an end."""

from __future__ import annotations

from collections.abc import Iterable

from upsell.clock import DAY, Duration, Moment
from upsell.decisions.decision import Seen, Verdict
from upsell.decisions.intents import Intent
from upsell.decisions.policy import SensitiveState
from upsell.decisions.reasons import Reason
from upsell.signals.events import Event
from upsell.signals.profiles import Profile, Span

REMEMBERED: Duration = 30 * DAY
"""How long an ending is remembered for a beginning that happened before it and is told after it."""


def take_state(profile: Profile, state: SensitiveState, event: Event) -> None:
    """Take an event that starts or ends a state into a profile, by when it happened.

    A state with a key stays open until each of its keys was ended; an end without a key, or of a
    state without keys, ends all that began before it. What is told to begin after its end was told
    is over already. A state that has no ending event ends at the moment it begins and lives on in
    its cool-down. A starting event of which the state's condition is not true starts nothing; where
    its name ends the state too, it ends it when the condition is false.
    """
    has_begun = event.name in state.starts
    if has_begun and state.where is not None:
        fits = state.where.holds(event.properties)
        has_begun = fits is True
        if not has_begun and (fits is None or event.name not in state.ends):
            return
    key = str(event.properties.get(state.key) or "") if state.key else ""
    span = profile.states.get(state.name)
    if span is None:
        span = profile.states[state.name] = Span()
    if has_begun:
        _begin(span, state, key, event.occurred_at)
    else:
        _end(span, key, event.occurred_at)


def open_state(profile: Profile, name: str, key: str, at: Moment) -> None:
    """Let a state be open by a key since ``at``, without an event that says so."""
    profile.states.setdefault(name, Span()).opened[key] = at


def name_state(profile: Profile, name: str, prefix: str, at: Moment) -> None:
    """Let what stood for a state end whose own beginning or end has been told by now.

    Args:
        profile: Whose state it is.
        name: The state's name.
        prefix: How the keys begin of what only stands for it.
        at: When that happened which was told; what began later stands.
    """
    span = profile.states.get(name)
    stood = (
        [key for key, since in span.opened.items() if key.startswith(prefix) and since <= at] if span else []
    )
    for key in stood:
        _end(profile.states[name], key, at)


def end_state(profile: Profile, name: str, at: Moment) -> None:
    """End whatever is open of a state because it is over, without an event that says so."""
    span = profile.states.get(name)
    if span is not None and span.opened:
        span.opened.clear()
        span.ended_at = max(at, span.ended_at or at)


def _begin(span: Span, state: SensitiveState, key: str, at: Moment) -> None:
    ended_at = max(span.closed.get(key, at), span.closed.get("", at))
    if state.ends and ended_at == at:
        span.opened[key] = max(at, span.opened.get(key, at))
    else:
        span.ended_at = max(ended_at, span.ended_at or ended_at)


def _end(span: Span, key: str, at: Moment) -> None:
    over = [kept for kept, since in span.opened.items() if key in ("", kept) and since <= at]
    for kept in over:
        del span.opened[kept]
    if over:
        span.ended_at = max(at, span.ended_at or at)
    span.closed = {kept: ended for kept, ended in span.closed.items() if ended > at - REMEMBERED}
    span.closed[key] = max(at, span.closed.get(key, at))


def ask_states(
    profile: Profile, states: Iterable[SensitiveState], intent: Intent, now: Moment
) -> Verdict | None:
    """Say which state silences an intent at ``now``, or None.

    A state silences while it is open and for its cool-down after: in ``[opened, ended_at +
    cool_down)``. When time alone ends the silence the verdict says when; of several silences the
    one that lasts longest answers.
    """
    held: Verdict | None = None
    for state in states:
        span = profile.states.get(state.name)
        if span is None or intent not in state.stops:
            continue
        ends_at = None
        opened = [since for since in span.opened.values() if _is_open(state, since, now)]
        if opened:
            ends_at = max(opened) + state.longest if state.longest is not None else None
        else:
            if span.ended_at is None or span.ended_at + state.cool_down <= now:
                continue
            ends_at = span.ended_at + state.cool_down
        verdict = Verdict(
            Reason.SENSITIVE,
            state.name,
            (Seen("open" if opened else "cooling down", ", ".join(span.opened) or True),),
            ends_at,
        )
        if held is None or (held.retry_at is not None and (ends_at is None or ends_at > held.retry_at)):
            held = verdict
    return held


def _is_open(state: SensitiveState, since: Moment, now: Moment) -> bool:
    return state.longest is None or now < since + state.longest
