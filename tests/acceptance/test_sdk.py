"""Segment's own Python client, unmodified: every call it makes is counted at both ends."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from segment.analytics import Client

pytestmark = pytest.mark.postgres

CUSTOMERS = 100


def counted(database: str) -> dict[str, tuple[int, str]]:
    """Give by name how many events the ledger has, and the least customer id among them."""
    asked = "select name, count(*), min(customer_id) from events group by 1"
    with psycopg.connect(database) as connection:
        return {name: (count, least) for name, count, least in connection.execute(asked)}


@pytest.mark.parametrize("is_packed", [False, True])
def test_every_call_of_the_client_is_in_the_ledger_once_and_under_who_the_customer_is(
    served_with_key: str, database: str, is_packed: bool
) -> None:
    failed: list[Any] = []
    client = Client(
        "key", host=served_with_key, gzip=is_packed, on_error=lambda error, _: failed.append(error)
    )
    for number in range(CUSTOMERS):
        client.track(anonymous_id=f"v{number}", event="Pricing Viewed")
        client.identify(f"u{number}", {"number": number}, anonymous_id=f"v{number}")
        client.group(f"u{number}", "acme", {"seats": 3})
        client.page(f"u{number}", "Docs", "Home")
        client.screen(f"u{number}", "App", "Main")
        client.alias(f"u{number}", f"w{number}")
        client.track(f"u{number}", "Report Run")
    client.shutdown()
    assert failed == []
    assert counted(database) == {
        "Pricing Viewed": (CUSTOMERS, "anon:v0"),
        "Customer Identified": (CUSTOMERS, "u0"),
        "Customers Merged": (2 * CUSTOMERS, "u0"),
        "Account Identified": (CUSTOMERS, "u0"),
        "Page Viewed": (CUSTOMERS, "u0"),
        "Screen Viewed": (CUSTOMERS, "u0"),
        "Report Run": (CUSTOMERS, "w0"),
    }


def test_the_client_hears_of_an_event_that_is_refused_and_the_others_stay(
    served_with_key: str, database: str
) -> None:
    failed: list[Any] = []
    client = Client("key", host=served_with_key, on_error=lambda error, _: failed.append(error))
    client.track("u1", "Report Run")
    client.track("u1", "Message Sent")
    client.shutdown()
    assert len(failed) == 1
    assert "400" in str(failed[0]) or "refused" in str(failed[0])
    assert counted(database) == {"Report Run": (1, "u1")}
