"""Guardrails: limits on the cost in trust, as a workflow's file and the policy write them, compiled."""

from __future__ import annotations

from typing import Final

from upsell.decisions.guardrails import Action, GlobalGuardrails, Guardrails, Measure
from upsell.workspace import scalars
from upsell.workspace.findings import Findings
from upsell.workspace.items import NOTHING_WRITTEN, Record
from upsell.workspace.shapes import Either, Key, RecordOf

_KEYS: Final = {
    "unsubscribe_rate": Key(scalars.RATE, "most unsubscribes per delivered message"),
    "complaint_rate": Key(scalars.RATE, "most complaints per delivered message"),
    "bounce_rate": Key(scalars.RATE, "most bounces per sent message"),
    "excess_refund_rate": Key(scalars.RATE, "most refunds beyond the holdout's"),
    "excess_ticket_rate": Key(scalars.RATE, "most tickets beyond the holdout's"),
    "excess_downgrade_rate": Key(scalars.RATE, "most downgrades beyond the holdout's"),
    "excess_churn_rate": Key(scalars.RATE, "most churn beyond the holdout's"),
    "action": Key(
        scalars.of_enum("action", Action),
        "what follows where one is broken: the owner is told, or the workflow is paused as well "
        "(default the policy's, else pause)",
    ),
    "least": Key(
        scalars.POSITIVE,
        "how many messages, or units spoken to, there must be before anything is told (default the "
        "policy's, else 300)",
    ),
}

GUARDRAILS_SHAPE: Final = RecordOf(_KEYS)
"""Guardrails of one workflow."""

GLOBAL_GUARDRAILS_SHAPE: Final = Either(
    scalar=scalars.one_of("off", "off"),
    mapping=RecordOf(
        {
            **_KEYS,
            "mailbox_limits": Key(
                scalars.BOOLEAN,
                "whether complaints over all mail, and by mailbox provider, are held to what Gmail and Yahoo "
                "publish: warned above 0.1%, paused above 0.3% (default true)",
            ),
            "false_alarms": Key(
                scalars.HELD_RATE,
                "with which chance a workflow that keeps to all its limits may ever be paused, over all "
                "looks together, above 0% (default 5%)",
            ),
        }
    ),
)
"""Guardrails of the policy: what holds for every workflow that does not write its own."""


def compile_guardrails(record: Record | None) -> Guardrails:
    """Compile limits on the cost in trust; without any, nothing is watched."""
    record = record or NOTHING_WRITTEN
    limits = {each.value: record.rate(each.value) for each in Measure if record.leaf(each.value) is not None}
    action = record.text("action")
    least = record.integer("least") or None
    return Guardrails(**limits, action=Action(action) if action else None, least=least)


def compile_global(policy: Record, findings: Findings) -> GlobalGuardrails:
    """Compile what the policy says; ``off`` watches nothing but what a workflow writes itself."""
    record, usual = policy.record("guardrails"), GlobalGuardrails()
    if record is None:
        is_off = policy.text("guardrails") == "off"
        return GlobalGuardrails(has_mailbox_limits=False) if is_off else usual
    rate = record.rate("false_alarms", usual.false_alarm_rate)
    if rate <= 0:
        findings.error(
            record.keys["false_alarms"],
            "expected a chance above 0% under false_alarms, got 0%",
            hint="what never errs never stops anything; 1% is careful, 5% usual",
            code="wrong-type",
        )
        rate = usual.false_alarm_rate
    return GlobalGuardrails(
        usual=compile_guardrails(record),
        has_mailbox_limits=record.text("mailbox_limits", "true") == "true",
        false_alarm_rate=rate,
    )
