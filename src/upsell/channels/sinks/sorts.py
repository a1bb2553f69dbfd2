"""Sorts: what a file ``sinks/NAME.yaml`` may be, told by the one of its keys that no other sort has.

The one list of them. A new sort is a module with a ``Sort``, and a line here: the reader, the JSON Schema and
the reference page follow.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from upsell.channels.sinks.definition import Sort
from upsell.channels.sinks.hubspot import HUBSPOT
from upsell.channels.sinks.salesforce import SALESFORCE
from upsell.channels.sinks.slack import SLACK
from upsell.channels.sinks.webhook import WEBHOOK
from upsell.workspace.shapes import Variants

SORTS: Final[Mapping[str, Sort]] = {
    "webhook": WEBHOOK,
    "hubspot": HUBSPOT,
    "salesforce": SALESFORCE,
    "slack": SLACK,
}
"""Every sort by the key that tells it."""

SHAPE: Final = Variants({key: sort.shape for key, sort in SORTS.items()})
"""What a file of a sink may say."""
