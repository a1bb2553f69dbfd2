"""Reading: one webhook of Stripe's as items in Segment's shapes.

What is not about subscriptions, invoices, refunds and customers is passed over, for an endpoint may be told
everything. What is, and cannot be read, is kept aside. Two events of one second are told apart: a
subscription is created first and deleted last, and an invoice fails before it is paid.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from upsell.clock import SECOND, Moment, format_moment
from upsell.sources.bounds import FARTHEST_AHEAD
from upsell.sources.reports import MalformedError
from upsell.sources.source import Aside, Item, Read, shown_body
from upsell.sources.stripe.applied import TELLING, Applying, detail_of
from upsell.sources.stripe.changes import Told, changes_between, ended_from
from upsell.sources.stripe.hook import BAD_JSON, CREATED, DELETED, SUBSCRIPTIONS, UPDATED, Hook, decode_hook
from upsell.sources.stripe.payments import INVOICES, REFUNDED, invoice_told, refund_told
from upsell.sources.stripe.people import NobodyError, Ownership, as_account, traits_of
from upsell.sources.stripe.shapes import LATEST, before, moment_of, read_subscription
from upsell.sources.stripe.terms import (
    PlanBook,
    Standing,
    UnknownPriceError,
    had_with,
    standing_of,
)
from upsell.sources.vendor_details import Details
from upsell.sources.vendor_ids import PATIENCE, Naming, NotYetError, Owner

CUSTOMERS: Final = frozenset({"customer.created", "customer.updated"})
"""Events by which something of a customer is known."""

READ: Final = SUBSCRIPTIONS | {REFUNDED, *INVOICES, *CUSTOMERS}
"""The events that become events of ours."""

NAMES: Final = READ | {"checkout.session.completed"}
"""The events that say whose something is, as what was bought at Stripe's checkout does."""

_TOLD_OTHERWISE: Final[Mapping[str, frozenset[str]]] = {
    "customer.subscription": frozenset(
        "paused resumed trial_will_end pending_update_applied pending_update_expired".split()
    ),
    "invoice": frozenset(
        """
        created deleted finalization_failed finalized marked_uncollectible overdue overpaid
        payment_action_required payment_attempt_required payment_succeeded sent upcoming updated will_be_due
        """.split()
    ),
}
"""What says nothing that another event does not, of what subscriptions and invoices are told by."""

_UNHEARD: Final = "expected an event about a subscription or an invoice that is known, got another"

_PLACE: Final[Mapping[str, Moment]] = {
    UPDATED: 1_000,
    DELETED: 900_000,
    "invoice.paid": 1_000,
    "invoice.voided": 1_000,
}
"""Where in its second an event is put, in microseconds: Stripe says seconds alone."""

_EARLIEST: Final = 946_684_800  # 2000-01-01, in seconds


class _UnreadableError(Exception):
    """What is read says something, but not all that is needed; with a code and a message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def read_hook(
    body: bytes, book: PlanBook, ownership: Ownership, now: Moment, details: Details | None = None
) -> Read:
    """Read a webhook.

    Args:
        body: Its body.
        book: What each price is of.
        ownership: How it is told whose something is.
        now: The present.
        details: What other webhooks told of the discounts and coupons it names.

    Raises:
        MalformedError: It is no event of Stripe's with what it is about.
        NotYetError: It happened lately, and whose it is or what a discount takes off may yet be told.
    """
    try:
        hook = decode_hook(body)
    except BAD_JSON as error:
        msg = (
            "expected an event of Stripe's with what it is about (payload style: snapshot), such as "
            f'{{"id": "evt_...", "type": "invoice.paid", "created": ..., "data": {{...}}}}, got: {error}'
        )
        raise MalformedError(msg) from error
    if hook.type in TELLING:
        return _told_of_discounts(hook, body)
    if hook.type not in READ:
        return Read(passed_over=1) if _is_known(hook.type) else _aside(hook, "unknown_kind", _UNHEARD, body)
    try:
        if not _EARLIEST <= hook.created <= min(LATEST, (now + FARTHEST_AHEAD) // SECOND - 1):
            msg = f"expected created in seconds since 1970 and at most a day ahead, got {hook.created}"
            raise _UnreadableError("invalid_time", msg)
        items, unknown = _items(hook, book, ownership, details or {}, now)
    except NobodyError as error:
        if error.may_be_told and hook.created * SECOND > now - PATIENCE:
            raise NotYetError(str(error)) from error
        return _aside(hook, "missing_id", str(error), body)
    except UnknownPriceError as error:
        return _aside(hook, "unknown_price", str(error), body)
    except msgspec.ValidationError as error:
        return _aside(
            hook, "unknown_shape", f"expected {_about(hook)} in a shape that is known: {error}", body
        )
    except ValueError as error:
        return _aside(hook, "unknown_state", str(error), body)
    except _UnreadableError as error:
        return _aside(hook, error.code, str(error), body)
    if not items:
        return Read(passed_over=1)
    without = _aside(hook, "unknown_amount", f"taken without what it comes to: {unknown}", body).asides
    return Read(items, without if unknown else ())


def naming_in(body: bytes, ownership: Ownership) -> Naming | None:
    """Give whom a webhook names by Stripe's id of its customer; None where it names nobody, or is none."""
    try:
        hook = decode_hook(body)
        return ownership.naming(hook.type, hook.data.object) if hook.type in NAMES else None
    except (*BAD_JSON, NobodyError):
        return None


def _told_of_discounts(hook: Hook, body: bytes) -> Read:
    """Pass over what is kept beside events; keep aside what cannot be."""
    try:
        detail_of(hook)
    except msgspec.ValidationError as error:
        return _aside(
            hook, "unknown_shape", f"expected {_about(hook)} in a shape that is known: {error}", body
        )
    return Read(passed_over=1)


def _is_known(kind: str) -> bool:
    """Tell whether an event may be passed over: of subscriptions and invoices those alone that are known."""
    about, _, what = kind.rpartition(".")
    return about not in _TOLD_OTHERWISE or what in _TOLD_OTHERWISE[about]


def _items(
    hook: Hook, book: PlanBook, ownership: Ownership, details: Details, now: Moment
) -> tuple[tuple[Item, ...], str]:
    """Give the items of a webhook, and why what a subscription comes to is not known."""
    said, previous = hook.data.object, hook.data.previous_attributes
    unknown = ""
    if hook.type in CUSTOMERS:
        return tuple(_customer(hook, ownership.owner(hook.type, said))), unknown
    if hook.type in INVOICES:
        told = invoice_told(hook.type, said)
    elif hook.type == REFUNDED:
        told = refund_told(said, previous or {})
    else:
        told, unknown = _subscription(hook, book, details, now)
    if not told:
        return (), ""
    return tuple(_tracked(hook, told, ownership.owner(hook.type, said))), unknown


def _subscription(hook: Hook, book: PlanBook, details: Details, now: Moment) -> tuple[list[Told], str]:
    """Give what happened to a subscription, and why what it comes to is not known.

    Raises:
        NotYetError: It happened lately, and what a discount takes off may yet be told.
    """
    applying = Applying(details, hook.created * SECOND)
    subscription = read_subscription(applying.subscription(hook.data.object))
    ended_at = moment_of(subscription.ended_at or hook.created)
    if hook.type == DELETED:
        if subscription.status == "incomplete_expired":
            return [], ""
        had = had_with(subscription, book)
        _hold_to_patience(hook, now, had)
        return ended_from(had, ended_at), ""
    is_so = standing_of(subscription, book)
    was = Standing({}) if hook.type == CREATED else _was(hook, book, applying)
    _hold_to_patience(hook, now, is_so, was)
    return changes_between(was, is_so, ended_at), is_so.unknown


def _was(hook: Hook, book: PlanBook, applying: Applying) -> Standing | None:
    """Give what a subscription was to before an update; None where that cannot be read."""
    previous = hook.data.previous_attributes
    if previous is None:
        return None
    try:
        was = applying.subscription(before(hook.data.object, previous))
        return standing_of(read_subscription(was), book)
    except (UnknownPriceError, ValueError, msgspec.ValidationError):
        return None


def _hold_to_patience(hook: Hook, now: Moment, *standings: Standing | None) -> None:
    """Have a webhook sent again while what it comes to may yet be told: now or before, both are states."""
    waits = next((each for each in standings if each is not None and each.may_be_told), None)
    if waits is not None and hook.created * SECOND > now - PATIENCE:
        raise NotYetError(waits.unknown)


def _tracked(hook: Hook, told: Iterable[Told], owner: Owner) -> Iterator[Item]:
    at = hook.created * SECOND + _PLACE.get(hook.type, 0)
    for each in told:
        about = f"/{each.about}" if each.about else ""
        yield {
            "type": "track",
            "event": each.name,
            "messageId": f"{hook.id}/{each.name}{about}",
            "userId": owner.customer_id,
            "timestamp": format_moment(at + each.place),
            "context": {"groupId": owner.account_id},
            "properties": dict(each.said),
        }


def _customer(hook: Hook, owner: Owner) -> Iterator[Item]:
    """Tell what is known of a customer: of the person, and of the account that pays."""
    traits = traits_of(hook.data.object, hook.data.previous_attributes if "updated" in hook.type else None)
    at = format_moment(hook.created * SECOND)
    if owner.customer_id is not None and traits:
        yield {
            "type": "identify",
            "messageId": f"{hook.id}/customer",
            "userId": owner.customer_id,
            "timestamp": at,
            "traits": traits,
        }
    if owner.account_id is not None and traits:
        yield {
            "type": "group",
            "messageId": f"{hook.id}/account",
            "userId": owner.customer_id,
            "groupId": owner.account_id,
            "timestamp": at,
            "traits": as_account(traits),
        }


def _aside(hook: Hook, code: str, message: str, body: bytes) -> Read:
    version = f" (API version {hook.api_version[:40]})" if hook.api_version else ""
    return Read(asides=(Aside(code, f"{hook.type} {hook.id[:60]}: {message}{version}", shown_body(body)),))


def _about(hook: Hook) -> str:
    return f"the {hook.type.rpartition('.')[0].rpartition('.')[2]}"
