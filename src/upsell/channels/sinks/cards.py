"""Cards: a task as it is shown at a desk of a vendor.

The law: a desk is told what a task is now, never what happened to it, so that what comes late, twice or in
another order ends in the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from upsell.clock import Moment
from upsell.rules.facts import Scalar

LONGEST: Final = 5_000
"""How much of a task's text is shown, in characters."""


class TaskCard(msgspec.Struct, frozen=True):
    """A task as a desk shows it.

    Attributes:
        key: Its key.
        queue: Whose queue it is in.
        title: What is to be done.
        paragraphs: What led to it, what to say, what they may object and what proves the opposite.
        due_at: By when.
        owner: Whose it is, by the id or mail their queue has; empty for nobody's.
        closed_at: When it was closed; None while it is open.
        outcome: What came of it; empty where nothing was told.
        customer_id: The customer it is about; None for an account's.
        account_id: The account; None for a customer without one.
        traits: Traits of whom it is about that the desk asks for.
        opened_at: When it was opened.
        vendor_id: What the desk calls it; empty where it was never told.
    """

    key: str
    queue: str
    title: str
    paragraphs: tuple[str, ...]
    due_at: Moment
    owner: str
    closed_at: Moment | None
    outcome: str
    customer_id: str | None
    account_id: str | None
    traits: Mapping[str, Scalar]
    opened_at: Moment
    vendor_id: str = ""

    @property
    def text(self) -> str:
        """What it says, its paragraphs with empty lines between."""
        return "\n\n".join(self.paragraphs)[:LONGEST]
