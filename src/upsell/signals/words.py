"""Words: which of several things said of a subscription in one second was said last.

For sources that tell seconds alone. Each word says which state it came from and which it leads to, so
that they make a chain whatever order they are heard in. The law: the answer is of the words alone, never of
the order they came in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from upsell.clock import SECOND
from upsell.signals.events import Event
from upsell.signals.profiles import Subscription, Word

MOST_WORDS: Final = 20
"""How many words of one second are kept; more are not to be put in order."""


def word_of(event: Event) -> Word | None:
    """Give what an event says as a word; None of one that names no state (``state_after``)."""
    said = event.properties
    after, before = said.get("state_after"), said.get("state_before")
    if not isinstance(after, str):
        return None
    return Word(before if isinstance(before, str) else None, after, event.name, said, event.occurred_at)


def is_beside(word: Word, held: Subscription) -> bool:
    """Tell whether a word is on the same second as the last that was told of a subscription."""
    return bool(held.told) and word.at // SECOND == held.changed_at // SECOND


def in_order(words: Sequence[Word]) -> list[Word]:
    """Give the words of one second, the one that holds last: more lead to its state than away from it.

    A circle through nothing, a key that is empty, ends there: what was put in was taken out again. Where the
    chain has no one end otherwise (it is a circle, or a link is missing) that of the greatest key is taken,
    which is as good as another and the same for everybody.
    """
    balance = Counter(word.after for word in words if word.before is not None)
    balance.update({word.after for word in words} - balance.keys())
    balance.subtract(word.before for word in words if word.before is not None)
    ends = [word for word in words if balance[word.after] > 0]
    ends = ends or [word for word in words if not word.after] or list(words)
    last = max(ends, key=lambda word: (word.after, word.before or "", word.name))
    rest = [word for word in words if word is not last]
    return [*rest, last][-MOST_WORDS:]
