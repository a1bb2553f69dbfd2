"""Guarding: what guardrails count, read beside their limits, and what follows where one is broken.

For the guard, which looks every few minutes, and for whoever looks by hand. The law: who looks, and how
often, changes nothing about how often a workflow that keeps to its limits is stopped.

The allowed chance is shared out. Half of it is for the workflow's own limits, in equal parts; half for what
mailbox providers publish, a third each for all mail, Gmail's and Yahoo's. Where one kind is not watched the
other has all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

import msgspec

from upsell.clock import Clock, Moment
from upsell.decisions.guardrails import (
    BEYOND_HOLDOUT,
    NEVER_REACHED,
    PER_MESSAGE,
    STAY_UNDER,
    USUAL_LEAST,
    Action,
    GlobalGuardrails,
    Guardrails,
    Mailbox,
    Measure,
    watched_of,
)
from upsell.decisions.reach import EMAIL
from upsell.errors import DefinitionError
from upsell.journeys.program import Program
from upsell.journeys.workflow import Status, Workflow
from upsell.measurement.guardrails import ArmPair, Counts, Reading, Standing, read_excess, read_rate
from upsell.measurement.question import HELD_OUT
from upsell.runtime.programs import compile_revision
from upsell.store.connect import Connection
from upsell.store.guardrails import (
    Breach,
    Broken,
    MessageSums,
    UnitSums,
    keep_breach,
    read_breaches,
    read_message_sums,
    read_unit_sums,
    sum_some,
)
from upsell.store.ledger import read_head
from upsell.store.revisions import newest_revision

ALL_MAIL: Final = ""
"""Stands for the workflow where all mail together is read."""

MAILBOX_GUARDRAILS: Final = {
    Mailbox.ANY: "mail_complaints",
    Mailbox.GMAIL: "gmail_complaints",
    Mailbox.YAHOO: "yahoo_complaints",
}
"""What the complaint limits over all mail, and by mailbox provider, are called."""

_HITS: Final = {
    Measure.EXCESS_REFUND: "refunds",
    Measure.EXCESS_TICKET: "tickets",
    Measure.EXCESS_DOWNGRADE: "downgrades",
    Measure.EXCESS_CHURN: "churned",
}
_NOUNS: Final = {
    Measure.UNSUBSCRIBE: "unsubscribes",
    Measure.COMPLAINT: "complaints",
    Measure.BOUNCE: "bounces",
    Measure.EXCESS_REFUND: "with a refund",
    Measure.EXCESS_TICKET: "with a ticket",
    Measure.EXCESS_DOWNGRADE: "with a downgrade",
    Measure.EXCESS_CHURN: "that canceled",
}


class Guarded(msgspec.Struct, frozen=True):
    """One guardrail as it stands.

    Attributes:
        workflow: Key of the workflow, ``ALL_MAIL`` for all mail together.
        guardrail: Which guardrail.
        action: What follows where it is broken.
        reading: What was counted, beside the limit.
        words: The same as one sentence.
        concerns: Keys of the workflows that are warned or paused where it is broken: those after which the
            rest keeps to the limit.
        since: After which moment, on which somebody let it go on, it is counted; 0 for the first message.
    """

    workflow: str
    guardrail: str
    action: Action
    reading: Reading
    words: str
    concerns: tuple[str, ...]
    since: Moment = 0


def guard(
    connection: Connection, clock: Clock, is_stopped: Callable[[], bool] = lambda: False
) -> list[Breach]:
    """Sum what is new, read every guardrail, and keep what is broken; give the breaches that are new.

    What was summed when it is stopped stays summed.
    """
    count(connection, clock, is_stopped)
    try:
        program = read_live(connection)
    except DefinitionError:
        # This release does not take what an earlier one did; whoever works with it says so.
        return []
    if program is None:
        return []
    breaches = read_breaches(connection)
    known = {(each.workflow, each.guardrail, each.action) for each in breaches if each.ended_at is None}
    paused = {key for key, _, action in known if action is Action.PAUSE}
    ended = sum(each.ended_at is not None for each in breaches)
    broken = [
        each for each in read_guardrails(connection, program) if each.reading.standing is Standing.BEYOND
    ]
    numbers: list[int | None] = []
    for guarded in sorted(broken, key=lambda each: each.action is not Action.PAUSE):
        told = Broken(guarded.guardrail, guarded.action, guarded.words, ended)
        # Who is paused sends nothing, so there is nothing more to say of it until it goes on.
        for key in guarded.concerns:
            if key not in paused and (key, guarded.guardrail, guarded.action) not in known:
                numbers.append(keep_breach(connection, clock, key, told))
                if guarded.action is Action.PAUSE:
                    paused.add(key)
    return [each for each in read_breaches(connection) if each.number in numbers] if numbers else []


def count(connection: Connection, clock: Clock, is_stopped: Callable[[], bool]) -> None:
    """Sum what is new in the ledger, until stopped."""
    is_behind = True
    while is_behind and not is_stopped():
        # The ledger's time where that is ahead, as after a replay.
        is_behind = sum_some(connection, max(clock.now(), read_head(connection).seen_at))


def read_live(connection: Connection) -> Program | None:
    """Give the program that is live, None before the first.

    Raises:
        DefinitionError: This release does not take what an earlier one did.
    """
    live = newest_revision(connection)
    return compile_revision(live) if live is not None else None


def open_breaches(connection: Connection) -> list[Breach]:
    """Give the breaches after which nobody has let the workflow go on."""
    return [each for each in read_breaches(connection) if each.ended_at is None]


def read_guardrails(connection: Connection, program: Program) -> list[Guarded]:
    """Read every guardrail of every workflow that has not ended, then those of all mail; sums nothing."""
    breaches, messages, units = (
        read_breaches(connection),
        read_message_sums(connection),
        read_unit_sums(connection),
    )
    policy = program.policy.guardrails
    found: list[Guarded] = []
    for key, workflow in sorted(program.workflows.items()):
        if workflow.status is not Status.ENDED:
            since = _since(each for each in breaches if each.workflow == key)
            mine = [each for each in messages if each.workflow == key and each.since >= since]
            exposed = [each for each in units if each.workflow == key and each.since >= since]
            found += (_from(since, each) for each in _of_workflow(workflow, policy, mine, exposed))
    if policy.has_mailbox_limits:
        going = {key for key, each in program.workflows.items() if each.status is not Status.ENDED}
        # What a workflow sent before it was mended is part of all mail, so all mail is counted anew.
        anew = _since(breaches)
        for mailbox, name in MAILBOX_GUARDRAILS.items():
            mail = [each for each in messages if each.since >= anew and _is_for(each, mailbox)]
            found += (_from(anew, each) for each in _of_mail(mailbox, name, mail, policy, going))
    return found


def _from(since: Moment, guarded: Guarded) -> Guarded:
    return msgspec.structs.replace(guarded, since=since)


def _of_workflow(
    workflow: Workflow, policy: GlobalGuardrails, messages: Sequence[MessageSums], units: Sequence[UnitSums]
) -> Iterator[Guarded]:
    """Read the guardrails of one workflow over what was counted since it was launched or let go on."""
    watched = watched_of(workflow.guardrails, policy.usual)
    limits = dict(watched.limits)
    if not limits:
        return
    alpha = policy.false_alarm_rate * (0.5 if policy.has_mailbox_limits else 1.0) / len(limits)
    for measure, limit in limits.items():
        if measure in PER_MESSAGE:
            reading = read_rate(_stretches(messages, measure), limit, alpha, watched.least or USUAL_LEAST)
        else:
            reading = _read_excess(workflow, watched, units, measure, limit, alpha)
        words = reading_words(measure, reading)
        yield Guarded(
            workflow.key, measure.value, watched.action or Action.PAUSE, reading, words, (workflow.key,)
        )


def _read_excess(
    workflow: Workflow,
    watched: Guardrails,
    units: Sequence[UnitSums],
    measure: Measure,
    limit: float,
    alpha: float,
) -> Reading:
    if workflow.experiment.is_by_account:
        needs = "customers drawn by account are not independent of one another, so no excess can be told"
        return Reading(Standing.TOO_FEW, 0, 0, limit, None, None, None, alpha, Counts(0, 0), needs)
    return read_excess(_pairs(units, measure), limit, alpha, watched.least or USUAL_LEAST)


def _of_mail(
    mailbox: Mailbox,
    name: str,
    mail: Sequence[MessageSums],
    policy: GlobalGuardrails,
    going: Iterable[str],
) -> Iterator[Guarded]:
    """Read the complaint limits over mail of every workflow together: one to stay under, one not to reach."""
    alpha = policy.false_alarm_rate / 2 / len(MAILBOX_GUARDRAILS)
    least = policy.usual.least or USUAL_LEAST
    for limit, action in ((STAY_UNDER, Action.WARN), (NEVER_REACHED, Action.PAUSE)):
        reading = read_rate(_stretches(mail, Measure.COMPLAINT), limit, alpha, least)
        concerns = _worst(mail, limit, going) if reading.standing is Standing.BEYOND else ()
        where = {Mailbox.ANY: "all mail", Mailbox.GMAIL: "mail to Gmail", Mailbox.YAHOO: "mail to Yahoo"}
        words = f"{name}: over {where[mailbox]}, {_rate_words('complaints', reading)}"
        yield Guarded(ALL_MAIL, name, action, reading, words, concerns)


def _worst(mail: Sequence[MessageSums], limit: float, going: Iterable[str]) -> tuple[str, ...]:
    """Give the workflows without which the rest of the mail keeps to a limit, the worst first."""
    over = dict.fromkeys(going, 0.0)
    for each in mail:
        if each.workflow in over:
            over[each.workflow] += each.complained - limit * (each.sent - each.bounced)
    worst, rest = [], sum(over.values())
    for key in sorted(over, key=lambda each: (-over[each], each)):
        if rest <= 0 or over[key] <= 0:
            break
        worst.append(key)
        rest -= over[key]
    return tuple(worst)


def _since(breaches: Iterable[Breach]) -> Moment:
    """Give the last moment on which somebody let it go on; 0 for never."""
    return max((each.ended_at for each in breaches if each.ended_at is not None), default=0)


def _is_for(each: MessageSums, mailbox: Mailbox) -> bool:
    return each.channel == EMAIL and (mailbox is Mailbox.ANY or each.mailbox == mailbox.value)


def _stretches(messages: Iterable[MessageSums], measure: Measure) -> list[Counts]:
    """Give what was counted of a measure in each stretch, the oldest first."""
    by_stretch: dict[tuple[Moment, int], Counts] = {}
    for each in messages:
        delivered = each.sent - each.bounced
        counted, seen = {
            Measure.UNSUBSCRIBE: (delivered, each.unsubscribed),
            Measure.COMPLAINT: (delivered, each.complained),
        }.get(measure, (each.sent, each.bounced))
        at = (each.since, each.stretch)
        before = by_stretch.get(at, Counts(0, 0))
        # A message that came back and was complained of all the same is not to count for more than one.
        by_stretch[at] = Counts(before.counted + max(counted, seen), before.seen + seen)
    return [by_stretch[at] for at in sorted(by_stretch)]


def _pairs(units: Iterable[UnitSums], measure: Measure) -> list[ArmPair]:
    """Give the units of both arms by stratum."""
    nobody = Counts(0, 0)
    strata: dict[tuple[str, Moment], list[Counts]] = {}
    for each in units:
        pair = strata.setdefault((each.stratum, each.since), [nobody, nobody])
        pair[each.arm == HELD_OUT] = Counts(each.units, getattr(each, _HITS[measure]))
    return [ArmPair(treated, held_out) for treated, held_out in strata.values()]


def reading_words(measure: Measure, reading: Reading) -> str:
    """Write a reading as one sentence: counts, rate, interval and limit."""
    noun = _NOUNS[measure]
    if measure not in BEYOND_HOLDOUT:
        return f"{measure.value}: {_rate_words(noun, reading)}"
    held = reading.held_out or Counts(0, 0)
    counted = f"{reading.seen:,} of {reading.counted:,} spoken to {noun}"
    counted += f", {held.seen:,} of {held.counted:,} held out"
    return f"{measure.value}: {counted}; {_against_limit(reading, 'excess')}"


def _rate_words(noun: str, reading: Reading) -> str:
    of = "sent" if noun == "bounces" else "delivered"
    return f"{reading.seen:,} {noun} of {reading.counted:,} {of}; {_against_limit(reading, 'rate')}"


def _against_limit(reading: Reading, what: str) -> str:
    is_excess = what != "rate"
    limit = (
        f"limit {rate_words(reading.limit, is_excess=is_excess)}{' beyond the holdout' if is_excess else ''}"
    )
    if reading.rate is None or reading.low is None or reading.high is None:
        return f"needs {reading.needs}, {limit}" if reading.needs else limit
    ends = (reading.rate, reading.low, reading.high)
    rate, low, high = (rate_words(each, is_excess=is_excess) for each in ends)
    return f"{what} {rate}, between {low} and {high}, {limit}"


def rate_words(rate: float, *, is_excess: bool) -> str:
    """Write a rate in percent; an excess, the difference of two rates, in percentage points."""
    return f"{rate * 100:.3g} pp" if is_excess else percent_words(rate)


def percent_words(rate: float) -> str:
    """Write a rate in percent, to three digits."""
    return f"{rate * 100:.3g} %"
