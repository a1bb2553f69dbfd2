"""Tasks for machines: what the API, ``--json`` and other systems are told of one, by the same names."""

from __future__ import annotations

from typing import Any

import msgspec

from upsell.clock import Moment, format_moment
from upsell.ids import bare, is_account
from upsell.store.tasks import Task


def task_content(task: Task, now: Moment) -> dict[str, Any]:
    """Give a task with every name there is; what is not known is null. Money is in minor units."""
    value = task.value
    return {
        "key": task.key,
        "unit": task.unit_id,
        "account_id": bare(task.household_id) if is_account(task.household_id) else None,
        "customer_id": None if is_account(task.unit_id) else bare(task.unit_id),
        "reason": task.reason or None,
        "workflow": task.workflow or None,
        "source": task.source,
        "queue": task.queue,
        "title": task.title,
        "why": list(task.why),
        "proof": list(task.proof),
        "offer": task.offer,
        "terms": msgspec.to_builtins(task.terms) if task.terms is not None else None,
        "talk_track": task.talk_track or None,
        "objections": [{"says": each.says, "answer": each.answer} for each in task.objections],
        "value": {"amount": value.amount, "currency": value.currency, "chance": value.chance}
        if value.amount is not None
        else None,
        "opened_at": _at(task.opened_at),
        "updated_at": _at(task.updated_at),
        "due_at": _at(task.due_at),
        "is_overdue": is_overdue(task, now),
        "snoozed_until": _at(task.snoozed_until),
        "owner": task.owner,
        "given_at": _at(task.given_at),
        "taken_at": _at(task.taken_at),
        "closed_at": _at(task.closed_at),
        "closed_by": task.closed_by,
        "outcome": task.outcome,
        "because": task.because,
        "amount": task.amount,
        "currency": task.amount_currency,
        "minutes": task.minutes,
    }


def is_overdue(task: Task, now: Moment) -> bool:
    """Tell whether a task is open, due by now, and not put off."""
    return task.closed_at is None and task.due_at <= now and not task.is_snoozed(now)


def _at(at: Moment | None) -> str | None:
    return format_moment(at) if at is not None else None
