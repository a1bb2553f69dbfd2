"""Limits: every guardrail as it stands, what was broken and is, and how a workflow goes on.

For the page and the commands. The law: who lets a workflow go on, when and why stands in the log as in the
record of breaches, both or neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from upsell.clock import Clock, Moment, format_moment
from upsell.decisions.guardrails import Action
from upsell.journeys.program import Program
from upsell.measurement.guardrails import Standing
from upsell.runtime.guarding import ALL_MAIL, Guarded, read_guardrails
from upsell.store.acts import Act, add_act
from upsell.store.connect import Connection
from upsell.store.guardrails import Breach, end_breaches, read_breaches, read_counted_at

MOST_PAST: Final = 50
"""How many breaches that are over are told at once."""


class Limits(msgspec.Struct, frozen=True):
    """Every guardrail, and what was broken.

    Attributes:
        counted_at: Up to when the ledger was summed; 0 before it ever was.
        readings: Each guardrail of each workflow that has not ended, then those of all mail.
        open: What is broken and nobody has let go on, the newest first.
        past: Some of what was, the newest first.
        has_more: Whether there was more before.
        names: What workflows are called, by key.
        false_alarm_rate: With which chance a workflow that keeps to all its limits may ever be paused; None
            where nothing is live.
    """

    counted_at: Moment
    readings: tuple[Guarded, ...]
    open: tuple[Breach, ...]
    past: tuple[Breach, ...]
    has_more: bool
    names: dict[str, str]
    false_alarm_rate: float | None = None

    def name_of(self, workflow: str) -> str:
        """Name a workflow as people call it."""
        return "All mail" if workflow == ALL_MAIL else self.names.get(workflow, workflow)


def read_limits(connection: Connection, program: Program | None, before: int | None = None) -> Limits:
    """Read how every guardrail stands, without summing anything; those over from ``before`` down."""
    breaches = read_breaches(connection)[::-1]
    past = [each for each in breaches if each.ended_at is not None]
    past = [each for each in past if before is None or each.number < before]
    return Limits(
        counted_at=read_counted_at(connection),
        readings=() if program is None else tuple(told_readings(read_guardrails(connection, program))),
        open=tuple(each for each in breaches if each.ended_at is None),
        past=tuple(past[:MOST_PAST]),
        has_more=len(past) > MOST_PAST,
        names={} if program is None else {key: each.name for key, each in program.workflows.items()},
        false_alarm_rate=None if program is None else program.policy.guardrails.false_alarm_rate,
    )


def told_readings(readings: Sequence[Guarded]) -> list[Guarded]:
    """Leave out a provider to whose mailboxes nothing was ever sent, which is nobody's concern."""
    return [each for each in readings if each.reading.counted or each.workflow != ALL_MAIL]


def state_words(each: Guarded, breaches: Sequence[Breach]) -> str:
    """Say how a guardrail stands: what was done, or how it is read; ``breaches`` are those that are open."""
    for breach in breaches:
        is_of_it = breach.guardrail == each.guardrail and breach.action is each.action
        if is_of_it and each.workflow in (ALL_MAIL, breach.workflow):
            return "paused" if breach.action is Action.PAUSE else "warned"
    reading = each.reading
    if reading.standing is Standing.TOO_FEW and reading.needs:
        return f"too few: needs {reading.needs}"
    return reading.standing.value


def guardrails_content(readings: Sequence[Guarded], breaches: Sequence[Breach]) -> dict[str, Any]:
    """Give readings and open breaches for machines: rates as fractions, moments in ISO 8601."""
    return {
        "guardrails": [
            {
                "workflow": each.workflow or None,
                "guardrail": each.guardrail,
                "action": each.action.value,
                **msgspec.to_builtins(each.reading),
                "words": each.words,
                "since": format_moment(each.since) if each.since else None,
            }
            for each in readings
        ],
        "open": [
            {**breach_content(breach), "remedy": f"upsell guardrail resume {breach.workflow} --why TEXT"}
            for breach in breaches
        ],
    }


def breach_content(breach: Breach) -> dict[str, Any]:
    """Give a breach for machines, moments in ISO 8601."""
    return {
        **msgspec.to_builtins(breach),
        "found_at": format_moment(breach.found_at),
        "ended_at": format_moment(breach.ended_at) if breach.ended_at is not None else None,
    }


def let_go_on(  # who says so, as the record has it and as the log does
    connection: Connection, clock: Clock, workflow: str, by: str, actor: str, why: str
) -> int:
    """Let a workflow go on from now on, whose guardrails count anew; give how many breaches were open.

    Args:
        connection: The database, in autocommit.
        clock: The present.
        workflow: Key of the workflow.
        by: Who says so, as the record of breaches names them.
        actor: The same for the log: the address of a user, or ``shell:`` and a name.
        why: What was mended, in their words.
    """
    with connection.transaction():
        ended = end_breaches(connection, clock, workflow, by, why)
        if ended:
            words = f"{ended} {'breach' if ended == 1 else 'breaches'} closed"
            add_act(connection, Act.GUARDRAIL_LIFTED, actor, workflow, words, why, clock.now())
    return ended
