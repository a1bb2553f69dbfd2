"""Sorts: what a file ``sources/NAME.yaml`` may be, told by its first key.

The one list of them. A new sort is a module with a ``SORT``, and a line here: the reader, the JSON Schema and
the reference page follow.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from upsell.sources.definition import Sort
from upsell.sources.kafka import KAFKA
from upsell.sources.query import QUERY
from upsell.sources.stripe.source import STRIPE
from upsell.sources.webhook import WEBHOOK
from upsell.workspace.shapes import Key, RecordOf, Variants

SORTS: Final[Mapping[str, Sort]] = {
    "webhook": WEBHOOK,
    "kafka": KAFKA,
    "stripe": STRIPE,
    "query": QUERY,
}
"""Every sort by the key that tells it."""

SHAPE: Final = Variants(
    {key: RecordOf({key: Key(sort.shape, sort.meaning, True)}) for key, sort in SORTS.items()}
)
"""What a file of a source may say."""
