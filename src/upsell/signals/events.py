"""Events: dated facts that do not change, and the fixed names they go by.

Everything that happens is an event, also what we do. Every event has two moments: when it
happened (windows and states use that) and when it was taken (that is ``now`` for every rule).
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from upsell.clock import Moment

CUSTOMER_IDENTIFIED: Final = "Customer Identified"
ACCOUNT_IDENTIFIED: Final = "Account Identified"
ACCOUNT_LEFT: Final = "Account Left"
CUSTOMERS_MERGED: Final = "Customers Merged"

SUBSCRIPTION_STARTED: Final = "Subscription Started"
SUBSCRIPTION_CHANGED: Final = "Subscription Changed"
SUBSCRIPTION_RENEWED: Final = "Subscription Renewed"
SUBSCRIPTION_CANCELED: Final = "Subscription Canceled"
SUBSCRIPTION_UPGRADED: Final = "Subscription Upgraded"
SUBSCRIPTION_DOWNGRADED: Final = "Subscription Downgraded"

PAGE_VIEWED: Final = "Page Viewed"
SCREEN_VIEWED: Final = "Screen Viewed"

INVOICE_PAID: Final = "Invoice Paid"
REFUNDED: Final = "Refunded"

USAGE_RECORDED: Final = "Usage Recorded"
MILESTONE_REACHED: Final = "Milestone Reached"

ORDER_COMPLETED: Final = "Order Completed"
FEATURE_USED: Final = "Feature Used"
FEATURE_GATE_HIT: Final = "Feature Gate Hit"
TRIAL_STARTED: Final = "Trial Started"
TRIAL_ENDED: Final = "Trial Ended"
ORDER_CANCELED: Final = "Order Canceled"
CART_UPDATED: Final = "Cart Updated"
CHECKOUT_STARTED: Final = "Checkout Started"

CONSENT_GIVEN: Final = "Consent Given"
CONSENT_WITHDRAWN: Final = "Consent Withdrawn"

MESSAGE_RESERVED: Final = "Message Reserved"
MESSAGE_WITHHELD: Final = "Message Withheld"
MESSAGE_SENT: Final = "Message Sent"
MESSAGE_FAILED: Final = "Message Failed"
MESSAGE_UNKNOWN: Final = "Message Unknown"
MESSAGE_DELIVERED: Final = "Message Delivered"
MESSAGE_BOUNCED: Final = "Message Bounced"
MESSAGE_COMPLAINED: Final = "Message Complained"
MESSAGE_OPENED: Final = "Message Opened"
MESSAGE_CLICKED: Final = "Message Clicked"
ADDRESS_SUPPRESSED: Final = "Address Suppressed"
ADDRESS_FREED: Final = "Address Freed"
PLACEMENT_ASKED: Final = "Placement Asked"
PROMPT_OFFERED: Final = "Prompt Offered"
PROMPT_WITHHELD: Final = "Prompt Withheld"
PROMPT_SHOWN: Final = "Prompt Shown"
PROMPT_CLICKED: Final = "Prompt Clicked"
PROMPT_DISMISSED: Final = "Prompt Dismissed"
OFFER_ACCEPTED: Final = "Offer Accepted"
OFFER_DECLINED: Final = "Offer Declined"
APPROVAL_ASKED: Final = "Approval Asked"
APPROVAL_GIVEN: Final = "Approval Given"
APPROVAL_REFUSED: Final = "Approval Refused"
APPROVAL_LAPSED: Final = "Approval Lapsed"
COLLEAGUE_ASKED: Final = "Colleague Asked"
RETURN_ASKED: Final = "Return Asked"
TRIAL_GRANTED: Final = "Trial Granted"
TASK_OPENED: Final = "Task Opened"
TASK_UPDATED: Final = "Task Updated"
TASK_GIVEN: Final = "Task Given"
TASK_TAKEN: Final = "Task Taken"
TASK_SNOOZED: Final = "Task Snoozed"
TASK_OVERDUE: Final = "Task Overdue"
TASK_CLOSED: Final = "Task Closed"
ENROLLMENT_ENDED: Final = "Enrollment Ended"
ENROLLMENT_MIGRATED: Final = "Enrollment Migrated"

SEGMENT_ENTERED: Final = "Segment Entered"
SEGMENT_LEFT: Final = "Segment Left"

RECEIPTS: Final = frozenset({MESSAGE_SENT, MESSAGE_FAILED, MESSAGE_UNKNOWN, MESSAGE_WITHHELD})
"""Events that say what became of a message that was reserved; each names its ``key``."""

REPORTS: Final = frozenset(
    {MESSAGE_DELIVERED, MESSAGE_BOUNCED, MESSAGE_COMPLAINED, MESSAGE_OPENED, MESSAGE_CLICKED}
)
"""Events by which whoever delivers says what became of a message that was sent; each names its ``key``."""

TASK_EVENTS: Final = frozenset({TASK_OPENED, TASK_UPDATED, TASK_TAKEN, TASK_SNOOZED, TASK_CLOSED})
"""Events that change what work is open for a household; each names its ``key``."""

TASK_CHANGES: Final = TASK_EVENTS | {TASK_GIVEN, TASK_OVERDUE}
"""Events that tell of every change of work for a person, in the order of the ledger."""

MEMBERSHIP_EVENTS: Final = frozenset({SEGMENT_ENTERED, SEGMENT_LEFT})
"""Events that say of a unit that it is in a segment from now on, or no longer."""


class Event(msgspec.Struct, frozen=True):
    """A dated fact about a customer, an account, or both.

    Attributes:
        id: The source's own id of the event; unique within its source.
        name: What happened, by the event table's name or the team's own.
        occurred_at: When it happened.
        seen_at: When it was taken; never before any event taken earlier.
        customer_id: Whom it is about, or None when it is about the account alone.
        account_id: The paying organisation, or None.
        properties: JSON object; for ``Customer Identified`` and ``Account Identified`` the traits.
        source: Where it came from.
        is_historical: True for imported history: it changes state and never starts anything.
    """

    id: str
    name: str
    occurred_at: Moment
    seen_at: Moment
    customer_id: str | None = None
    account_id: str | None = None
    properties: dict[str, Any] = msgspec.field(default_factory=dict)
    source: str = "api"
    is_historical: bool = False
