"""Settings: ``upsell.yaml`` compiled, all but the rules of its policy."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

import msgspec

from upsell.catalog.costs import MILLIONTHS, Costs
from upsell.journeys.program import Accepting, LaunchApproval, Links, Reports, Sender, Weekly
from upsell.rules.kinds import Kind
from upsell.workspace.documents import SETTINGS
from upsell.workspace.findings import Findings
from upsell.workspace.items import NOTHING_WRITTEN, Leaf, Record
from upsell.workspace.locales import DEFAULT
from upsell.workspace.products import compile_money
from upsell.workspace.standard import Lifecycle, compile_lifecycle

ROLES: Final = frozenset({"admin", "billing", "champion", "member", "owner"})
"""Roles a customer can have in an account unless the workspace lists its own."""

_KNOWN_OF_BOTH = {"created_at": Kind.MOMENT, "createdAt": Kind.MOMENT, "intent_score": Kind.NUMBER}
_TOLD_OF_BOTH = dict.fromkeys(("country", "timezone", "objection", "missing_feature"), Kind.TEXT)

ALWAYS_KNOWN: Final[Mapping[str, Mapping[str, Kind]]] = {
    "customer": {
        **dict.fromkeys(("email", "locale", "language"), Kind.TEXT),
        **_KNOWN_OF_BOTH,
        **_TOLD_OF_BOTH,
    },
    "account": {**_KNOWN_OF_BOTH, **_TOLD_OF_BOTH},
}
"""Traits that need no declaration in a declared scope."""


class Settings(msgspec.Struct, frozen=True):
    """What ``upsell.yaml`` says.

    Attributes:
        currency: ISO 4217 code.
        zone: IANA name of the team's zone.
        sender: Who mail comes from where a workflow names nobody.
        senders: Further senders by the name workflows call them.
        locale: Locale of templates whose files name none.
        roles: Roles a customer can have in an account.
        traits: Declared traits with their kinds, for the scopes that declare any.
        policy: The policy as written.
        layers: The layers as written.
        lifecycle: Boundaries of the built-in stages and trends.
        reports: What the team is told by itself.
        costs: What messages and people's time cost.
        links: What becomes of links in mail.
        accepting: Who may accept, and what needs approval.
        launch_approval: Whose approval a change needs before it goes live.
    """

    currency: str
    zone: str
    locale: str
    sender: Sender
    senders: Mapping[str, Sender]
    roles: frozenset[str]
    traits: Mapping[str, Mapping[str, Kind]]
    policy: Record
    layers: Record
    lifecycle: Lifecycle
    reports: Reports
    costs: Costs
    links: Links
    accepting: Accepting
    launch_approval: LaunchApproval


def compile_settings(written: Record | None, findings: Findings) -> Settings:
    """Compile ``upsell.yaml``; without it, stand-ins (its absence is noted where it is looked for)."""
    record = written or NOTHING_WRITTEN
    roles = frozenset(leaf.text for leaf in record.leaves("roles")) or ROLES
    senders = record.record("senders") or NOTHING_WRITTEN
    declared = record.record("traits") or NOTHING_WRITTEN
    return Settings(
        currency=record.text("currency", "USD"),
        zone=record.text("zone", "UTC"),
        sender=_sender("", record.record("sender") or NOTHING_WRITTEN),
        senders={key: _sender(key, written) for key, written in senders.records()},
        locale=record.text("locale", DEFAULT),
        roles=roles,
        # A scope with a wrong line is left open, so that no complaint follows from another.
        traits={
            scope: _kinds(scope, traits)
            for scope, traits in declared.records()
            if len(traits.items) == len(traits.keys)
        },
        policy=record.record("policy") or NOTHING_WRITTEN,
        layers=record.record("layers") or NOTHING_WRITTEN,
        lifecycle=compile_lifecycle(record.record("lifecycle") or NOTHING_WRITTEN),
        reports=_reports(record.record("reports") or NOTHING_WRITTEN),
        costs=_costs(record.record("costs") or NOTHING_WRITTEN),
        links=_links(record.record("links") or NOTHING_WRITTEN),
        accepting=_accepting(record.record("accepting") or NOTHING_WRITTEN, roles, findings),
        launch_approval=LaunchApproval(
            (record.record("going_live") or NOTHING_WRITTEN).text(
                "approval", LaunchApproval.ANOTHER_PERSON.value
            )
        ),
    )


def _accepting(written: Record, roles: frozenset[str], findings: Findings) -> Accepting:
    """Compile who may accept and what needs approval; a role that nobody can have is refused."""
    leaves = written.leaves("roles")
    for leaf in leaves:
        if leaf.text not in roles:
            findings.unknown(leaf.place, "role", leaf.text, roles, f"roles of {SETTINGS}")
    usual = Accepting()
    above = written.record("approval_above") or NOTHING_WRITTEN
    return Accepting(
        roles=frozenset(leaf.text for leaf in leaves) or usual.roles,
        approval_above={
            currency: compile_money(amount, currency, findings).amount
            for currency in above.items
            if (amount := above.leaf(currency)) is not None
        },
        approvers=tuple(leaf.text for leaf in written.leaves("approvers")),
        approval_within=written.integer("approval_within", usual.approval_within),
    )


def _links(written: Record) -> Links:
    return Links(
        has_clicks=written.text("clicks", "true") == "true",
        has_opens=written.text("opens", "false") == "true",
        has_traps=written.text("traps", "false") == "true",
        lasts=written.integer("for", Links().lasts),
    )


def _sender(key: str, written: Record) -> Sender:
    return Sender(
        written.text("name"),
        written.text("address"),
        written.text("postal_address"),
        written.text("reply_to"),
        written.text("list_domain").lower(),
        key,
        written.text("website"),
    )


def _costs(written: Record) -> Costs:
    """Compile what messages and minutes cost; beyond a millionth of a minor unit, halves up."""
    messages = written.record("messages") or NOTHING_WRITTEN
    usual = Costs()
    return Costs(
        messages={
            channel: _millionths(leaf)
            for channel in messages.items
            if (leaf := messages.leaf(channel)) is not None
        },
        task_minute=0 if (leaf := written.leaf("task_minute")) is None else _millionths(leaf),
        minutes_per_task=written.integer("minutes_per_task", usual.minutes_per_task),
    )


def _millionths(leaf: Leaf) -> int:
    exact = Decimal(leaf.text) * MILLIONTHS
    return int(exact.to_integral_value(ROUND_HALF_UP))


def _reports(record: Record) -> Reports:
    weekly = Weekly(*divmod(record.integer("weekly"), 1440)) if record.leaf("weekly") is not None else None
    return Reports(weekly, tuple(leaf.text for leaf in record.leaves("proposals")))


def _kinds(scope: str, traits: Record) -> Mapping[str, Kind]:
    """Give the kind of each trait of a scope."""
    written = {name: Kind(traits.text(name)) for name in traits.items}
    return {**ALWAYS_KNOWN[scope], **written}
