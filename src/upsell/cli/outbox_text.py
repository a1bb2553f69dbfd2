"""Messages of the outbox as text: the list, which is JSON too, and one as the customer saw it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from upsell.clock import format_moment
from upsell.decisions.stops import Stop
from upsell.journeys.effects import OF_ORDER, is_of_order
from upsell.runtime.desk import Shown
from upsell.runtime.desk_words import (
    decision_words,
    headers_of,
    listed_content,
    second_words,
    seen_words,
    terms_words,
)
from upsell.runtime.reconciling import Reconciled
from upsell.store.messages import Listed
from upsell.store.outbox import State


def list_lines(
    counts: Mapping[State, int],
    listed: Sequence[Listed],
    stops: Sequence[Stop],
    waiting: Mapping[int, int],
) -> Iterator[str]:
    """Write the counts by state, what is stopped, and messages, the newest first."""
    if not counts:
        yield "No message."
    else:
        yield ", ".join(f"{count:,} {state.value}" for state, count in counts.items())
    for stop in stops:
        yield (
            f"Stopped: {stop.words} since {second_words(stop.started_at)} by {stop.by}: {stop.because} "
            f"({waiting.get(stop.number, 0):,} waiting)"
        )
    if listed:
        yield ""
    for each in listed:
        to = each.customer_id or "-"
        at = second_words(each.reserved_at)
        yield f"{at}  {each.state.value:<9}  {each.channel:<7}  {each.key[:12]}  {to}"
        said = f"template {each.content}" if each.content else f"step {each.step}"
        whose = "about an order" if each.step.startswith(OF_ORDER) else f"workflow {each.workflow}"
        yield f"  {whose}, {said}, intent {each.intent}"
        if each.reason:
            yield from textwrap.wrap(each.reason, 100, initial_indent="  ", subsequent_indent="  ")
    more = sum(counts.values()) - len(listed)
    if more > 0:
        yield f"and {more:,} more: --limit shows more of them; --state, --workflow and --customer choose"


def list_content(
    counts: Mapping[State, int],
    listed: Sequence[Listed],
    stops: Sequence[Stop],
    waiting: Mapping[int, int],
) -> dict[str, object]:
    """Give the same as plain values for JSON; moments are ISO 8601 in UTC."""
    return {
        "counts": {state.value: count for state, count in counts.items()},
        "stops": [
            {
                "channel": stop.channel or None,
                "workflow": stop.workflow or None,
                "started_at": format_moment(stop.started_at),
                "by": stop.by,
                "because": stop.because,
                "waiting": waiting.get(stop.number, 0),
            }
            for stop in stops
        ],
        "messages": [listed_content(each) for each in listed],
    }


def show_lines(shown: Shown) -> Iterator[str]:
    """Write one message: where it stands, as the customer saw it, and why it was sent."""
    listed, message = shown.listed, shown.queued.message
    yield f"{listed.key}: {listed.state.value}"
    if listed.reason:
        yield from _wrapped(listed.reason)
    yield f"  reserved {second_words(listed.reserved_at)}"
    if listed.sending_at is not None:
        tries = f", attempt {listed.attempts}" if listed.attempts > 1 else ""
        yield f"  handed over {second_words(listed.sending_at)}{tries}"
    if listed.provider_id:
        yield f"  the provider answered: {listed.provider_id}"
    yield ""
    yield from _letter_lines(shown)
    yield ""
    yield "Why"
    if is_of_order(message):
        about = message.trigger.get("key")
        yield from _wrapped(
            f"It says what became of an order ({message.step}), and no workflow sends it. All of it: "
            f"upsell orders show {about}"
        )
        return
    yield from _wrapped(
        f"{shown.workflow_name or message.workflow} ({message.workflow}, version {message.version[:12]}), "
        f"step {message.step}, visit {message.visit}, template {message.content or '-'}, "
        f"intent {message.intent.value}"
    )
    if shown.trigger:
        yield from _wrapped(f"Trigger: {shown.trigger}")
    if message.trigger:
        yield from _wrapped(f"It saw: {seen_words(shown)}")
    if shown.eligible:
        yield from _wrapped(f"Eligible by: {'; '.join(shown.eligible)}")
    if shown.suppress:
        yield from _wrapped(f"Silent if, and was not: {'; '.join(shown.suppress)}")
    yield from _wrapped(f"Passage {message.enrollment} of {message.unit_id}, arm {message.arm or 'none'}")
    for each in shown.decisions:
        yield from _wrapped(f"{second_words(each.decided_at)}: {decision_words(each)}")
    if message.terms is not None:
        yield from _wrapped(terms_words(message.terms))
    asked = f"{message.unit_id} --workflow {message.workflow} --at {format_moment(listed.reserved_at)}"
    yield f"  All of it: upsell explain {asked}"


def reconciled_lines(done: Reconciled) -> Iterator[str]:
    """Write what became of unknown mails, each with how that is known, and what to do about the rest."""
    asked = len(done.sent) + len(done.again) + len(done.unknown)
    if not asked:
        yield "No mail is unknown."
        return
    yield (
        f"Asked about {asked:,} unknown mail{'s' if asked != 1 else ''}. Sent: {len(done.sent):,}. "
        f"Never taken, and reserved again: {len(done.again):,}. Unknown still: {len(done.unknown):,}."
    )
    for what, told in (("sent", done.sent), ("reserved", done.again), ("unknown", done.unknown)):
        for key, words in sorted(told.items()):
            yield f"  {key[:12]}  {what}: {words}"
    if done.unknown:
        yield "Look these up at the provider, then: upsell outbox settle KEY --sent|--not-sent --because TEXT"


def _letter_lines(shown: Shown) -> Iterator[str]:
    letter = shown.letter
    if letter is None:
        yield "There is no letter to show:"
        yield from _wrapped(shown.untold)
        return
    if shown.is_as_sent:
        yield "As it was handed over"
    elif shown.untold:
        yield "As it would read now; it would not be sent now:"
        yield from _wrapped(shown.untold)
    else:
        yield "As it would be sent now"
    for name, value in headers_of(shown).items():
        yield f"  {name}: {value}"
    yield ""
    yield from (f"  {line}" if line else "" for line in letter.text.strip().splitlines())


def _wrapped(words: str) -> list[str]:
    return textwrap.wrap(words, 100, initial_indent="  ", subsequent_indent="    ")
