"""Consumed: what messages of Kafka came to, of each that was refused where it lies and why.

For consumers. The law: every message is counted once, as taken, as refused or as empty.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from upsell.clock import Moment
from upsell.sources.kafka_messages import Message, Partition
from upsell.sources.segment import Draft, Refusal
from upsell.sources.source import Taken, shown_body
from upsell.store.kafka_offsets import Move
from upsell.store.ledger import Appended, Outcome
from upsell.store.rejections import Rejection


def rejections_of(name: str, message: Message, taken: Taken, now: Moment) -> list[Rejection]:
    """Give what of a message is kept with its reason, and where it lies."""
    refused = (each for each in taken.items if isinstance(each, Refusal))
    return [
        *(Rejection(now, name, message.place, each.code, each.message, each.body) for each in refused),
        *(Rejection(now, name, message.place, each.code, each.message, each.body) for each in taken.asides),
    ]


def conflict_of(message: Message, draft: Draft, answer: Appended, now: Moment) -> Rejection | None:
    """Say that an id was taken by another event; None where it was not."""
    if answer.outcome is not Outcome.CONFLICT:
        return None
    said = (
        f"expected a messageId of its own, got {draft.event.id}, under which another event came before, at "
        f"position {answer.position}"
    )
    return Rejection(
        now, draft.event.source, message.place, "conflict", said, shown_body(message.value or b"")
    )


def moves_of(
    messages: Sequence[Message], drafts: Sequence[Sequence[Draft]], kept: Sequence[Sequence[Rejection]]
) -> dict[Partition, Move]:
    """Give how far each partition is moved, and what its messages came to."""
    counts: dict[Partition, Counter[str]] = {}
    last: dict[Partition, Message] = {}
    for message, its_drafts, its_kept in zip(messages, drafts, kept, strict=True):
        became = "refused" if its_kept else "taken" if its_drafts else "empty"
        counts.setdefault(message.partition, Counter())[became] += 1
        last[message.partition] = message
    return {
        partition: Move(
            last[partition].offset + 1,
            count["taken"],
            count["refused"],
            count["empty"],
            last[partition].sent_at,
        )
        for partition, count in counts.items()
    }
