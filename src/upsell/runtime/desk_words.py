"""What the desk shows of a message, in words and as plain values: for ``upsell outbox`` and its page."""

from __future__ import annotations

from email import message_from_bytes, policy

import msgspec

from upsell.clock import Moment, format_moment, to_datetime
from upsell.decisions.decision import Seen, value_words
from upsell.decisions.reasons import MEANINGS
from upsell.decisions.terms import Terms
from upsell.money import Money
from upsell.runtime.costless import COST, costless_terms
from upsell.runtime.desk import Shown
from upsell.store.answers import PassageDecision
from upsell.store.messages import Listed

"""What a price guardrail calls what serving costs."""


def listed_content(listed: Listed) -> dict[str, object]:
    """Give a message as it is listed as plain values."""
    moments = ("reserved_at", "next_attempt_at", "sending_at", "finished_at")
    content: dict[str, object] = msgspec.structs.asdict(listed) | {"state": listed.state.value}
    for name in moments:
        at: Moment | None = getattr(listed, name)
        content[name] = format_moment(at) if at is not None else None
    return content


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
        "headers": headers_of(shown),
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


def without_costs(shown: Shown) -> Shown:
    """Give the same without what anything costs the team, for whoever may not see margins."""
    message = shown.queued.message
    terms = costless_terms(message.terms)
    queued = msgspec.structs.replace(shown.queued, message=msgspec.structs.replace(message, terms=terms))
    decisions = tuple(
        msgspec.structs.replace(each, seen=tuple(one for one in each.seen if one.term != COST))
        for each in shown.decisions
    )
    return msgspec.structs.replace(shown, queued=queued, decisions=decisions)


def headers_of(shown: Shown) -> dict[str, str]:
    """Give the headers of a mail in their order, read; of anything else what stands for them."""
    if shown.mail is not None:
        mail = message_from_bytes(shown.mail, policy=policy.default)
        return {name: str(value) for name, value in mail.items()}
    if shown.letter is None:
        return {}
    more = shown.letter.notification
    opens, button = (more.link, more.stop_label) if more is not None else ("", "")
    said = {"To": shown.letter.recipient, "Title": shown.letter.subject, "Opens": opens, "Button": button}
    return {name: value for name, value in said.items() if value}


def seen_words(shown: Shown) -> str:
    """Say what the trigger saw; empty for nothing."""
    seen = shown.queued.message.trigger.items()
    return ", ".join(f"{term} was {value_words(Seen(term, value))}" for term, value in seen)


def decision_words(each: PassageDecision) -> str:
    """Say what was decided about a passage, by which rule, and what it saw."""
    rule = f" ({each.rule})" if each.rule else ""
    values = ", ".join(f"{one.term} was {value_words(one)}" for one in each.seen)
    return f"{MEANINGS[each.reason]}{rule}{f'; {values}' if values else ''}"


def terms_words(terms: Terms) -> str:
    """Say what an offer came to."""
    price = (
        str(Money(terms.price, terms.currency)) if terms.price is not None else "a price that is not known"
    )
    full = f" instead of {Money(terms.full, terms.currency)}" if terms.full not in (None, terms.price) else ""
    per = f" a {terms.interval}" if terms.interval else ""
    until = f", until {second_words(terms.expires_at)}" if terms.expires_at is not None else ""
    return f"Offer {terms.offer}: {terms.name} for {price}{full}{per}{until}"


def second_words(at: Moment) -> str:
    """Write the second of a moment in UTC."""
    return f"{to_datetime(at):%Y-%m-%d %H:%M:%S} UTC"
