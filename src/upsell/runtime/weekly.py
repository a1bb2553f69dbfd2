"""The weekly mail: each owner told once a week what their workflows did and earned.

The law: a week is told to an owner at most once. What a crash leaves half said is unknown, is recorded as
that, and is never said again; what no server would take is tried again until the week is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import assert_never
from zoneinfo import ZoneInfo

import msgspec

from upsell.channels.channel import Answer, Channel, Letter, Receipt
from upsell.channels.mime import is_address
from upsell.clock import WEEK, Moment, from_datetime, to_datetime
from upsell.errors import DefinitionError
from upsell.ids import digest
from upsell.journeys.program import Program, Weekly
from upsell.runtime.papers.html import html_of
from upsell.runtime.papers.markdown import markdown_of
from upsell.runtime.papers.paper import Paper, Paragraph, Section
from upsell.runtime.papers.report_paper import FOOTER, workflow_section
from upsell.runtime.programs import compile_revision
from upsell.runtime.reporting import Report, WorkflowReport, read_funnel, report
from upsell.runtime.results import Results
from upsell.runtime.trends import Trends
from upsell.store.connect import Connection
from upsell.store.outbox import State
from upsell.store.revisions import Revision, read_revisions
from upsell.store.weekly import (
    claim_weekly,
    finish_weekly,
    forget_weekly,
    give_up_weekly,
    is_weekly_claimed,
)

SECONDS_TO_SEND = 30.0
"""How long the sending of one mail may take before it is begun no more."""


class Due(msgspec.Struct, frozen=True):
    """A week that is to be told.

    Attributes:
        at: The moment that was agreed; everything told is as of it.
        day: Its day in the team's zone.
        program: What was live then.
    """

    at: Moment
    day: date
    program: Program


def mail_weekly(connection: Connection, channel: Channel, now: Moment) -> dict[State, int]:
    """Mail each owner the week that is due, unless they were told; give how many came to which state."""
    give_up_weekly(connection, now)
    tally: dict[State, int] = {}
    due = find_due(read_revisions(connection, 1), now)
    if due is None:
        return tally
    for owner in owners_of(due.program):
        key = f"weekly-{due.day.isoformat()}-{digest('weekly', owner)[:16]}"
        if is_weekly_claimed(connection, key):
            continue
        # Written first: a report that cannot be made leaves nothing said by halves.
        letter = _letter(connection, due, owner, key)
        if claim_weekly(connection, key, owner, now):
            state = _send(connection, channel, letter, now)
            tally[state] = tally.get(state, 0) + 1
    return tally


def find_due(revisions: list[Revision], now: Moment) -> Due | None:
    """Find the week that is due: the last agreed time of the live zone, under what was applied by then.

    None where no weekly mail was agreed at that time, or is not any more.
    """
    program = _compiled(revisions[-1]) if revisions else None
    if program is None or program.reports.weekly is None:
        return None
    at, day = last_time(program.reports.weekly, program.zone, now)
    then = [revision for revision in revisions if revision.applied_at <= at]
    agreed = _compiled(then[-1]) if then else None
    is_agreed = agreed is not None and agreed.reports.weekly == program.reports.weekly
    return Due(at, day, program) if is_agreed else None


def last_time(weekly: Weekly, zone: str, now: Moment) -> tuple[Moment, date]:
    """Give the last moment at or before ``now`` that is this time of the week, and its day in the zone.

    A time that a zone leaves out is told at the moment that follows it; of one it has twice, the first.
    """
    tz = ZoneInfo(zone)
    today = to_datetime(now).astimezone(tz).date()
    day = today - timedelta(days=(today.weekday() - weekly.weekday) % 7)
    at = _moment(day, weekly.minute, tz)
    if at > now:
        day -= timedelta(days=7)
        at = _moment(day, weekly.minute, tz)
    return at, day


def owners_of(program: Program) -> tuple[str, ...]:
    """Give the owners that can be mailed, each once, in order; who is no address is told nothing."""
    owners = {workflow.owner.strip() for workflow in program.workflows.values()}
    return tuple(sorted(owner for owner in owners if is_address(owner)))


def weekly_paper(connection: Connection, program: Program, owner: str, at: Moment) -> Paper:
    """Write what an owner's workflows did in the week before a moment, and what they earned so far."""
    mine = [key for key, workflow in sorted(program.workflows.items()) if workflow.owner.strip() == owner]
    found = [report(connection, program, at, key).workflows[0] for key in mine]
    results = Results("", Report(at, program.currency, tuple(found)))
    day = to_datetime(at).astimezone(ZoneInfo(program.zone))
    return Paper(
        title=f"Your week to {day:%-d %B %Y}",
        about=("Of each workflow you own: what it did this week, and what it earned so far.",),
        sections=tuple(_section(connection, results, one, at) for one in found),
        footer=f"{FOOTER} You get this as their owner; without reports.weekly in upsell.yaml it ends.",
    )


def _section(connection: Connection, results: Results, found: WorkflowReport, at: Moment) -> Section:
    whole = workflow_section(results, found, Trends())
    week = Paragraph(" ".join(_week_words(connection, found, at)))
    return msgspec.structs.replace(whole, blocks=(week, *whole.blocks))


def _week_words(connection: Connection, found: WorkflowReport, at: Moment) -> Iterator[str]:
    now, before = found.funnel, read_funnel(connection, found.key, at - WEEK)
    counts = (
        (now.considered - before.considered, f"{found.unit}s considered"),
        (now.let_in - before.let_in, "let in"),
        (now.held_out - before.held_out, "held out"),
        (now.messages_sent - before.messages_sent, "messages sent"),
    )
    yield f"This week: {', '.join(f'{count:,} {what}' for count, what in counts)}."


def _letter(connection: Connection, due: Due, owner: str, key: str) -> Letter:
    paper = weekly_paper(connection, due.program, owner, due.at)
    sender = due.program.sender
    return Letter(
        key=key,
        sender_name=sender.name,
        sender=sender.address,
        recipient=owner,
        subject=f"{paper.title}: {paper.sections[0].headline}",
        html=html_of(paper, has_pictures=False),
        text=markdown_of(paper),
        written_at=due.at,
    )


def _send(connection: Connection, channel: Channel, letter: Letter, now: Moment) -> State:
    (receipt,) = asyncio.run(_spoken(channel, letter))
    state = _state_of(receipt)
    if state is State.RESERVED:
        forget_weekly(connection, letter.key)
    else:
        finish_weekly(connection, letter.key, state, receipt.detail, now)
    return state


async def _spoken(channel: Channel, letter: Letter) -> list[Receipt]:
    try:
        return await channel.send([letter], SECONDS_TO_SEND)
    finally:
        await channel.close()


def _state_of(receipt: Receipt) -> State:
    match receipt.answer:
        case Answer.ACCEPTED:
            return State.SENT
        case Answer.REFUSED:
            return State.FAILED
        case Answer.UNKNOWN:
            return State.UNKNOWN
        case Answer.NOT_NOW:
            return State.RESERVED
        case _:
            assert_never(receipt.answer)


def _compiled(revision: Revision) -> Program | None:
    """Compile a revision; one that this release takes no more has agreed to nothing."""
    try:
        return compile_revision(revision)
    except DefinitionError:
        return None


def _moment(day: date, minute: int, zone: ZoneInfo) -> Moment:
    return from_datetime(datetime.combine(day, time(*divmod(minute, 60)), zone))
