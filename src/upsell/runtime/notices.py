"""Notices: whoever answers for a workflow is told by mail when one of its guardrails was broken.

For the guard. The law: that a notice is due is written with the breach, that it is being sent before the mail
server is spoken to; so a crash in between loses none, and none is accepted twice. What a crash leaves half
said is unknown, is kept as that, and is never sent again.
"""

from __future__ import annotations

import asyncio
from html import escape
from typing import assert_never

import uvloop

from upsell.channels.channel import Answer, Channel, Letter, Receipt
from upsell.channels.mime import is_address
from upsell.clock import MINUTE, SECOND, Clock, Duration, Moment, to_datetime
from upsell.decisions.guardrails import Action
from upsell.errors import DefinitionError
from upsell.journeys.program import Program
from upsell.runtime.guarding import read_live
from upsell.store.connect import Connection
from upsell.store.guardrails import (
    DueNotice,
    NoticeState,
    claim_notices,
    finish_notice,
    give_up_notices,
    has_notices,
)

LEASE: Duration = 2 * MINUTE
"""How long the sending of notices may take before they are given up as unknown."""

FIRST_PAUSE: Duration = 30 * SECOND
"""How long after a first failure a notice is tried again; each further pause is twice as long."""

MOST_ATTEMPTS = 8
"""How often a notice is tried while the mail server does not take it for now: over about an hour."""


def tell_owners(connection: Connection, clock: Clock, channel: Channel) -> int:
    """Send the notices that are due in the name of what is live; give how many the mail server took.

    While nothing is live, or what is does not compile with this release, they stay due.
    """
    if not has_notices(connection):
        return 0
    try:
        program = read_live(connection)
    except DefinitionError:
        return 0
    return send_notices(connection, clock, channel, program) if program is not None else 0


def send_notices(connection: Connection, clock: Clock, channel: Channel, program: Program) -> int:
    """Send the notices that are due; give how many the mail server took."""
    now = clock.now()
    give_up_notices(connection, now)
    letters: dict[str, tuple[DueNotice, Letter]] = {}
    for due in claim_notices(connection, now, now + LEASE):
        letter = write_notice(program, due, now)
        if letter is None:
            detail = f"expected a mail address as owner of {due.workflow}, found none"
            finish_notice(connection, due.number, NoticeState.NOBODY, "", detail, now)
        else:
            letters[letter.key] = due, letter
    if not letters:
        return 0
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        receipts = runner.run(_speak(channel, [letter for _, letter in letters.values()]))
    accepted = 0
    for receipt in receipts:
        due, letter = letters[receipt.key]
        state, next_at = _read(receipt, due, clock.now())
        finish_notice(connection, due.number, state, letter.recipient, receipt.detail, next_at)
        accepted += state is NoticeState.SENT
    return accepted


def write_notice(program: Program, due: DueNotice, now: Moment) -> Letter | None:
    """Write the mail to a workflow's owner; None where the owner is no mail address."""
    workflow = program.workflows.get(due.workflow)
    owner = workflow.owner if workflow is not None else ""
    if workflow is None or not is_address(owner):
        return None
    is_paused = due.action is Action.PAUSE
    what = "is paused" if is_paused else "is beyond a limit"
    found = f"{to_datetime(due.found_at):%Y-%m-%d %H:%M} UTC"
    lines = [
        f"{workflow.name} ({due.workflow}) {what} since {found}.",
        due.words,
        "The interval holds however often it was looked at.",
        "Nothing more is sent by it, also nothing that was on its way."
        if is_paused
        else "It goes on: its action is warn.",
        "What to do: see what people were sent, with `upsell report` and `upsell guardrails`, and mend it. "
        f'Then `upsell guardrail resume {due.workflow} --why "..."` '
        + ("lets it go on" if is_paused else "takes note")
        + "; counting begins anew from that moment.",
    ]
    return Letter(
        key=f"guardrail-{due.number}",
        sender_name=program.sender.name,
        sender=program.sender.address,
        recipient=owner,
        subject=f"{workflow.name} {what}: {due.guardrail}",
        html="".join(f"<p>{escape(line)}</p>" for line in lines),
        text="\n\n".join(lines) + "\n",
        written_at=now,
    )


async def _speak(channel: Channel, letters: list[Letter]) -> list[Receipt]:
    """Send letters and let go of the connections, which belong to this loop."""
    try:
        # Half the lease: a letter begun at the last moment still ends within it.
        return await channel.send(letters, LEASE / SECOND / 2)
    finally:
        await channel.close()


def _read(receipt: Receipt, due: DueNotice, now: Moment) -> tuple[NoticeState, Moment]:
    """Give where a notice stands after a receipt, and when it may be tried again."""
    match receipt.answer:
        case Answer.ACCEPTED:
            return NoticeState.SENT, now
        case Answer.REFUSED:
            return NoticeState.FAILED, now
        case Answer.UNKNOWN:
            return NoticeState.UNKNOWN, now
        case Answer.NOT_NOW:
            if due.attempts >= MOST_ATTEMPTS:
                return NoticeState.FAILED, now
            return NoticeState.DUE, now + FIRST_PAUSE * 2 ** (due.attempts - 1)
        case _:
            assert_never(receipt.answer)
