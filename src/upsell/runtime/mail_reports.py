"""Reports of mail and texts: matched to messages of ours, and made events of the households they went to.

For webhooks, and for mail that came back. The laws: a report is believed about a message of ours that went
to the address it names, and about nothing else; told again it is the same event; and what is not believed is
kept aside with its reason or, where it names no message of ours, counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from upsell.clock import DAY, Clock, Duration, Moment
from upsell.decisions.addresses import address_key, hide_address, hide_addresses
from upsell.decisions.consents import SERVICE
from upsell.decisions.reach import EMAIL, SMS
from upsell.ids import bare, is_account
from upsell.runtime.left_addresses import take_leavings
from upsell.runtime.suppressing import take_reports
from upsell.signals.events import (
    CONSENT_WITHDRAWN,
    MESSAGE_BOUNCED,
    MESSAGE_CLICKED,
    MESSAGE_COMPLAINED,
    MESSAGE_DELIVERED,
    MESSAGE_OPENED,
    Event,
)
from upsell.sources.reports import Kind, Reading, Report
from upsell.sources.segment import Draft
from upsell.store.connect import Connection
from upsell.store.ledger import Outcome as Appending
from upsell.store.ledger import append, hash_event
from upsell.store.rejections import Rejection, keep_rejections
from upsell.store.reported import Outcome, Sent, find_reported, note_hooks

BELIEVED_FOR: Final[Duration] = 14 * DAY
"""How long after a message mail that came back for it is believed: servers give up after five days."""

RETURNED: Final = "returned"
"""The source of what came back as mail."""

_SHORTEST_ID = 8
_NAMES = {
    Kind.DELIVERED: MESSAGE_DELIVERED,
    Kind.BOUNCED: MESSAGE_BOUNCED,
    Kind.COMPLAINED: MESSAGE_COMPLAINED,
    Kind.OPENED: MESSAGE_OPENED,
    Kind.CLICKED: MESSAGE_CLICKED,
    Kind.WITHDRAWN: CONSENT_WITHDRAWN,
}
_ENGAGEMENT = frozenset({Kind.OPENED, Kind.CLICKED})


class Trust(msgspec.Struct, frozen=True):
    """How far whoever reports is believed.

    Attributes:
        is_proved: Whether it is proved who they are; mail that comes back can be written by anybody.
        has_engagement: Whether opens and clicks are taken from them.
    """

    is_proved: bool
    has_engagement: bool = False


class Matched(msgspec.Struct, frozen=True):
    """What a reading comes to.

    Attributes:
        drafts: Events to append.
        rejections: What is kept aside.
        counts: How much is about no message of ours, and how much is of no use.
    """

    drafts: tuple[Draft, ...]
    rejections: tuple[Rejection, ...]
    counts: Mapping[Outcome, int]


class Taken(msgspec.Struct, frozen=True):
    """What came of reports.

    Attributes:
        taken: How many became events now.
        duplicates: How many had before.
        foreign: How many are about no message of ours.
        set_aside: How many are kept aside, each with its reason.
        passed_over: How many are understood and of no use here.
    """

    taken: int = 0
    duplicates: int = 0
    foreign: int = 0
    set_aside: int = 0
    passed_over: int = 0


def match_reports(
    connection: Connection, reading: Reading, source: str, trust: Trust, now: Moment, channel: str = EMAIL
) -> Matched:
    """Find the messages of a channel that reports are about; nothing is written."""
    reports = [each for each in reading.reports if trust.has_engagement or each.kind not in _ENGAGEMENT]
    passed_over = reading.passed_over + len(reading.reports) - len(reports)
    keys = {key for each in reports for key in each.keys}
    ids = {said for each in reports for said in each.provider_ids if len(said) >= _SHORTEST_ID}
    found = [each for each in find_reported(connection, keys, ids) if each.channel == channel]
    by_key = {each.key: each for each in found}
    by_id: dict[str, list[Sent]] = {}
    for each in found:
        by_id.setdefault(each.provider_id or "", []).append(each)
    drafts: list[Draft] = []
    rejections = [
        Rejection(now, source, each.place, each.code, each.message, each.body) for each in reading.unread
    ]
    foreign = 0
    for report in reports:
        message = _message_of(report, by_key, by_id)
        if message is None:
            foreign += 1
            continue
        doubt = _doubt(report, message, trust, now)
        if doubt is None:
            drafts.append(_draft(report, message, source, now))
        else:
            rejections.append(Rejection(now, source, report.id, *doubt, _shown(report)))
    counts = {Outcome.FOREIGN: foreign, Outcome.PASSED_OVER: passed_over}
    return Matched(tuple(drafts), tuple(rejections), {what: n for what, n in counts.items() if n})


def commit_reports(connection: Connection, clock: Clock, source: str, matched: Matched) -> Taken:
    """Write what was matched, in one transaction."""
    now = clock.now()
    events = [draft.event for draft in matched.drafts]
    with connection.transaction():
        told = take_reports(connection, events, now)
        take_leavings(connection, events)
        hashes = [*(draft.hash for draft in matched.drafts), *(hash_event(event) for event in told)]
        appended = append(connection, [*events, *told], clock, hashes)[: len(events)]
        keep_rejections(connection, matched.rejections)
        note_hooks(connection, {(source, what): count for what, count in matched.counts.items()}, now)
    return tell_taken(matched, [each.outcome for each in appended])


def tell_taken(matched: Matched, outcomes: Sequence[Appending]) -> Taken:
    """Say what came of reports, by what became of their events."""
    new = sum(outcome is Appending.APPENDED for outcome in outcomes)
    return Taken(
        taken=new,
        duplicates=len(outcomes) - new,
        foreign=matched.counts.get(Outcome.FOREIGN, 0),
        set_aside=len(matched.rejections),
        passed_over=matched.counts.get(Outcome.PASSED_OVER, 0),
    )


def _message_of(
    report: Report, by_key: Mapping[str, Sent], by_id: Mapping[str, Sequence[Sent]]
) -> Sent | None:
    """Give the message a report is about: by its key, else by what its provider alone calls it."""
    for key in report.keys:
        if key in by_key:
            return by_key[key]
    for said in report.provider_ids:
        named = by_id.get(said, ())
        if len(named) == 1:
            return named[0]
    return None


def _doubt(report: Report, message: Sent, trust: Trust, now: Moment) -> tuple[str, str] | None:
    """Say, as a code and in words, why a report is not believed; None when it is."""
    addresses = {address_key(message.channel, each) for each in report.recipients}
    if message.address is not None and addresses and message.address not in addresses:
        return "other_address", f"expected the address that message {message.key} went to, got another"
    if trust.is_proved:
        return None
    if now - message.sending_at > BELIEVED_FOR:
        days = (now - message.sending_at) // DAY
        return "too_old", f"expected a message of the last 14 days, got {message.key} of {days} days ago"
    # A feedback loop may hide who complained; whoever knows the key has seen the message.
    if report.kind is not Kind.COMPLAINED and (message.address is None or not addresses):
        return (
            "no_address",
            f"expected to know to which address message {message.key} went, which is not kept",
        )
    return None


def _draft(report: Report, message: Sent, source: str, now: Moment) -> Draft:
    said: dict[str, str] = {
        "key": message.key,
        "enrollment": message.enrollment,
        "unit": message.unit_id,
        "workflow": message.workflow,
        "step": message.step,
        "channel": message.channel,
        "intent": message.intent,
    }
    address = next((each for each in report.recipients), "")
    if report.kind is Kind.BOUNCED:
        said["kind"] = "soft" if report.is_soft else "hard"
        reason = hide_addresses(report.reason)
        said |= {name: text for name, text in (("status", report.status), ("reason", reason)) if text}
    if report.kind is Kind.CLICKED and report.link:
        said["link"] = report.link
    if report.kind is Kind.WITHDRAWN:
        said["proof"] = f"told by {source}"
        if message.channel == SMS:
            said["purpose"] = SERVICE
    if report.kind in (Kind.BOUNCED, Kind.COMPLAINED):
        if message.address is not None:
            said["address_key"] = message.address
        if address:
            said["mailbox"] = hide_address(address)
    name = _NAMES[report.kind]
    event = Event(
        id=f"{report.kind.value}/{report.id}",
        name=name,
        # Nothing is reported of a message before it was sent, whatever a clock elsewhere says.
        occurred_at=max(message.sending_at, min(report.at, now)),
        seen_at=0,
        customer_id=message.customer_id or None,
        account_id=bare(message.household_id) if is_account(message.household_id) else None,
        properties=said,
        source=source,
    )
    return Draft(event, report.id.encode())


def _shown(report: Report) -> str:
    """Give what is kept of a report that is not believed, without the address."""
    said = f"{report.status} {hide_addresses(report.reason)}".strip()
    return f"{report.kind.value} of {' '.join(report.keys)}: {said}"
