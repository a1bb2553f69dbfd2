"""Calls: events written as the calls an SDK would make, so that they come in by the same door.

For replays. The law: what intake reads from a call is the event it was written from, but for when
it was seen and its source, which intake says itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from upsell.clock import format_moment
from upsell.signals.events import ACCOUNT_IDENTIFIED, CUSTOMER_IDENTIFIED, CUSTOMERS_MERGED, Event


def batch_body(events: Iterable[Event]) -> bytes:
    """Write events as the body of one ``POST /v1/batch``; none give an empty batch."""
    return msgspec.json.encode({"batch": [_item(event) for event in events]})


def _item(event: Event) -> dict[str, Any]:
    item: dict[str, Any] = {"messageId": event.id, "timestamp": format_moment(event.occurred_at)}
    if event.customer_id is not None:
        item["userId"] = event.customer_id
    if event.is_historical:
        item["historical"] = True
    if event.name == ACCOUNT_IDENTIFIED:
        return item | {"type": "group", "groupId": event.account_id, "traits": event.properties}
    if event.name == CUSTOMERS_MERGED:
        return item | {"type": "alias", "previousId": event.properties["from"]}
    if event.account_id is not None:
        item["context"] = {"groupId": event.account_id}
    if event.name == CUSTOMER_IDENTIFIED:
        return item | {"type": "identify", "traits": event.properties}
    return item | {"type": "track", "event": event.name, "properties": event.properties}
