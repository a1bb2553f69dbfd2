"""Messages of the outbox as text and as JSON: the list, and one as the customer saw it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from upsell.clock import Moment, format_moment, to_datetime
from upsell.decisions.decision import Seen, value_words
from upsell.decisions.reasons import MEANINGS
from upsell.decisions.stops import Stop
from upsell.journeys.effects import OF_ORDER, is_of_order
from upsell.money import Money
from upsell.runtime.desk import Shown
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
            f"Stopped: {stop.words} since {_at(stop.started_at)} by {stop.by}: {stop.because} "
            f"({waiting.get(stop.number, 0):,} waiting)"
        )
    if listed:
        yield ""
    for each in listed:
        to = each.customer_id or "-"
        yield f"{_at(each.reserved_at)}  {each.state.value:<9}  {each.channel:<7}  {each.key[:12]}  {to}"
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


def listed_content(listed: Listed) -> dict[str, object]:
    """Give a message as it is listed as plain values."""
    moments = ("reserved_at", "next_attempt_at", "sending_at", "finished_at")
    content: dict[str, object] = msgspec.structs.asdict(listed) | {"state": listed.state.value}
    for name in moments:
        at: Moment | None = getattr(listed, name)
        content[name] = format_moment(at) if at is not None else None
    return content


def show_lines(shown: Shown) -> Iterator[str]:
    """Write one message: where it stands, as the customer saw it, and why it was sent."""
    listed, message = shown.listed, shown.queued.message
    yield f"{listed.key}: {listed.state.value}"
    if listed.reason:
        yield from _wrapped(listed.reason)
    yield f"  reserved {_at(listed.reserved_at)}"
    if listed.sending_at is not None:
        tries = f", attempt {listed.attempts}" if listed.attempts > 1 else ""
        yield f"  handed over {_at(listed.sending_at)}{tries}"
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
    seen = [f"{term} was {value_words(Seen(term, value))}" for term, value in message.trigger.items()]
    if seen:
        yield from _wrapped(f"It saw: {', '.join(seen)}")
    if shown.eligible:
        yield from _wrapped(f"Eligible by: {'; '.join(shown.eligible)}")
    if shown.suppress:
        yield from _wrapped(f"Silent if, and was not: {'; '.join(shown.suppress)}")
    yield from _wrapped(f"Passage {message.enrollment} of {message.unit_id}, arm {message.arm or 'none'}")
    for each in shown.decisions:
        rule = f" ({each.rule})" if each.rule else ""
        values = ", ".join(f"{one.term} was {value_words(one)}" for one in each.seen)
        saw = f"; {values}" if values else ""
        yield from _wrapped(f"{_at(each.decided_at)}: {MEANINGS[each.reason]}{rule}{saw}")
    yield from _offer_lines(shown)
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


def show_content(shown: Shown) -> dict[str, object]:
    """Give one message as plain values for JSON."""
    message, letter = shown.queued.message, shown.letter
    return {
        **listed_content(shown.listed),
        "is_as_sent": shown.is_as_sent,
        "untold": shown.untold or None,
        "letter": msgspec.to_builtins(letter) | {"written_at": format_moment(letter.written_at)}
        if letter is not None
        else None,
        "headers": _headers(shown),
        "why": {
            "workflow": shown.workflow_name or message.workflow,
            "version": message.version,
            "trigger": shown.trigger,
            "seen": message.trigger,
            "eligible": shown.eligible,
            "suppress": shown.suppress,
            "unit": message.unit_id,
            "enrollment": message.enrollment,
            "visit": message.visit,
            "arm": message.arm,
            "offer": message.offer,
            "terms": msgspec.to_builtins(message.terms),
            "decisions": [
                {
                    "decided_at": format_moment(each.decided_at),
                    "reason": each.reason.value,
                    "rule": each.rule,
                    "seen": {one.term: one.value for one in each.seen},
                }
                for each in shown.decisions
            ],
        },
    }


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
    for name, value in _headers(shown).items():
        yield f"  {name}: {value}"
    yield ""
    yield from (f"  {line}" if line else "" for line in letter.text.strip().splitlines())


def _headers(shown: Shown) -> dict[str, str]:
    """Give the headers of a mail in their order, read; of anything else what stands for them."""
    from email import message_from_bytes, policy

    if shown.mail is not None:
        mail = message_from_bytes(shown.mail, policy=policy.default)
        return {name: str(value) for name, value in mail.items()}
    if shown.letter is None:
        return {}
    said = {"To": shown.letter.recipient, "Title": shown.letter.subject}
    return {name: value for name, value in said.items() if value}


def _offer_lines(shown: Shown) -> Iterator[str]:
    terms = shown.queued.message.terms
    if terms is None:
        return
    price = (
        str(Money(terms.price, terms.currency)) if terms.price is not None else "a price that is not known"
    )
    full = f" instead of {Money(terms.full, terms.currency)}" if terms.full not in (None, terms.price) else ""
    per = f" a {terms.interval}" if terms.interval else ""
    until = f", until {_at(terms.expires_at)}" if terms.expires_at is not None else ""
    yield from _wrapped(f"Offer {terms.offer}: {terms.name} for {price}{full}{per}{until}")


def _wrapped(words: str) -> list[str]:
    return textwrap.wrap(words, 100, initial_indent="  ", subsequent_indent="    ")


def _at(at: Moment) -> str:
    return f"{to_datetime(at):%Y-%m-%d %H:%M:%S} UTC"
