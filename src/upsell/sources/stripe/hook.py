"""Hook: the envelope of a webhook of Stripe's, around the object it is about."""

from __future__ import annotations

from typing import Any, Final

import msgspec

CREATED: Final = "customer.subscription.created"
UPDATED: Final = "customer.subscription.updated"
DELETED: Final = "customer.subscription.deleted"

SUBSCRIPTIONS: Final = frozenset({CREATED, UPDATED, DELETED})
"""The events that tell of a subscription."""


class _Data(msgspec.Struct, frozen=True):
    object: dict[str, Any]
    previous_attributes: dict[str, Any] | None = None


class Hook(msgspec.Struct, frozen=True):
    """A webhook: one event at Stripe, and what it is about as it was then."""

    id: str
    type: str
    created: int
    data: _Data
    object: str | None = None
    api_version: str | None = None


decode_hook = msgspec.json.Decoder(Hook).decode


BAD_JSON: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What is raised by what is no webhook of Stripe's."""
