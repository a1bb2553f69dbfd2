"""The event table holds the fixed names, and tells slips from names of the team's own."""

from __future__ import annotations

import pytest

from upsell.signals import events
from upsell.signals.event_table import EVENT_TABLE, meant_event

# The list of fixed names, as the project's semantics state it.
FIXED = """
Subscription Started, Subscription Changed, Subscription Renewed, Subscription Canceled, Trial
Started, Trial Ended, Invoice Paid, Invoice Payment Failed, Refunded, Usage Recorded, Limit Reached,
Feature Gate Hit, Ticket Opened, Ticket Closed, Incident Started, Incident Ended, Survey Answered,
Order Completed, Order Delivered, Order Canceled, Cart Updated, Checkout Started, Consent Given,
Consent Withdrawn, Message Reserved, Message Withheld, Message Sent, Message Failed, Message
Delivered, Message Bounced, Message Complained, Message Opened, Message Clicked, Prompt Offered,
Prompt Withheld, Prompt Shown, Prompt Clicked, Prompt Dismissed, Offer Accepted, Offer Declined,
Task Opened, Task Closed, Subscription Upgraded, Subscription Downgraded, Customer Identified,
Account Identified
"""


def test_every_fixed_name_is_in_the_table() -> None:
    assert {name.strip() for name in FIXED.replace("\n", " ").split(",")} - EVENT_TABLE.keys() == set()


def test_every_name_the_code_speaks_of_is_in_the_table() -> None:
    spoken = {value for key, value in vars(events).items() if key.isupper() and isinstance(value, str)}
    assert spoken - EVENT_TABLE.keys() == set()


def test_what_is_derived_is_recorded_by_us_alone() -> None:
    assert EVENT_TABLE["Subscription Upgraded"].is_ours
    assert EVENT_TABLE["Subscription Downgraded"].is_ours
    assert not EVENT_TABLE["Subscription Changed"].is_ours


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Trial Start", "Trial Started"),
        ("trial_started", "Trial Started"),
        ("Subscripton Upgraded", "Subscription Upgraded"),
        ("Order Cancelled", "Order Canceled"),
    ],
)
def test_a_slip_is_told_from_a_fixed_name(name: str, meant: str) -> None:
    assert meant_event(name) == meant


@pytest.mark.parametrize(
    "name", ["Trial Started", "Pricing Viewed", "Invite Sent", "Trial Extended", "", "x" * 100_000]
)
def test_fixed_names_and_a_teams_own_are_no_slips(name: str) -> None:
    assert meant_event(name) is None
