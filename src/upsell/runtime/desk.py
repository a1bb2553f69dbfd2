"""The desk: a message as the customer saw it and why it was sent, and what a person does about messages.

For ``upsell outbox`` and ``upsell stop``. The laws: what is shown of a message that was handed over is the
letter that was handed over, and of one that was not, what would be now; and whatever a person does is in the
ledger with who did it and why, so that caps and journeys learn of it as of any receipt.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import psycopg

from upsell.channels.channel import Letter
from upsell.channels.mime import format_mail
from upsell.channels.render import write_letter
from upsell.channels.webhook import write_webhook
from upsell.clock import Clock, Moment, format_duration
from upsell.decisions.reach import EMAIL, WEBHOOK
from upsell.decisions.reasons import MEANINGS
from upsell.decisions.stops import STOPPABLE, Stop, ask_stops
from upsell.errors import ConfigError, DeliveryError, nearest
from upsell.journeys.gate import ask_gate
from upsell.journeys.workflow import Trigger, Workflow
from upsell.rules.facts import Scalar
from upsell.runtime.backlog import LATE_AFTER, LONGEST_SPREAD
from upsell.runtime.programs import Programs
from upsell.runtime.receipts import receipt_event
from upsell.runtime.snapshot import take_snapshot
from upsell.store.acts import Act, add_act
from upsell.store.answers import PassageDecision, read_passage
from upsell.store.connect import Connection
from upsell.store.ledger import append
from upsell.store.letters import read_letter
from upsell.store.messages import AT_ONCE, Listed, find_message, settle_by_hand, withdraw_some
from upsell.store.outbox import Finished, Queued, State, spread_messages
from upsell.store.places import free_places
from upsell.store.stops import end_stop, start_stop

SOURCE: Final = "desk"
"""The source of receipts that a person gave."""

_HANDED_OVER = frozenset({State.SENDING, State.SENT, State.UNKNOWN})


class Shown(msgspec.Struct, frozen=True):
    """A message, and why it was sent.

    Attributes:
        listed: Where it stands.
        queued: What was decided to be said, with what the trigger saw and the offer's terms.
        letter: As the customer saw it; as it would be now where it was not handed over; None where it cannot
            be told.
        mail: The letter as bytes, for a mail.
        is_as_sent: Whether the letter is the one that was handed over.
        untold: Why there is no letter, or why it would not be sent now; empty where neither is so.
        workflow_name: What the workflow calls itself, as the enrollment entered it; empty when not kept.
        trigger: The trigger's text, as the enrollment entered it; empty when not kept.
        eligible: Rules that had to be true, when it was let in and when it was sent.
        suppress: The workflow's rules of which none might be, the policy's own beside them.
        decisions: What was decided about the passage, the first first.
    """

    listed: Listed
    queued: Queued
    letter: Letter | None
    mail: bytes | None
    is_as_sent: bool
    untold: str
    workflow_name: str
    trigger: str
    eligible: tuple[str, ...]
    suppress: tuple[str, ...]
    decisions: tuple[PassageDecision, ...]


def show_message(connection: Connection, key: str, now: Moment, programs: Programs | None = None) -> Shown:
    """Show a message by its key, or by how that begins; revisions that are compiled already may be given.

    Raises:
        ConfigError: No message has that key, or several begin so.
    """
    found = find_message(connection, key)
    if found is None:
        raise ConfigError(_unknown_key(key))
    listed, queued = found.listed, found.queued
    if programs is None:
        programs = Programs()
        programs.refresh(connection)
    kept = read_letter(connection, listed.key)
    letter, untold = (
        (kept.letter, "") if kept is not None else _written_now(connection, programs, queued, now)
    )
    if kept is None and listed.state in _HANDED_OVER:
        letter, untold = None, "it was handed over, and its letter is not kept or was forgotten"
    elif kept is None and listed.state in (State.WITHDRAWN, State.FAILED):
        letter, untold = None, f"it was never handed over: {listed.reason}"
    workflow = _workflow(programs, queued)
    return Shown(
        listed, queued, letter,
        format_mail(letter) if letter is not None and listed.channel == EMAIL else None,
        kept is not None, untold,
        workflow.name if workflow is not None else "",
        trigger_words(workflow.trigger) if workflow is not None else "",
        tuple(rule.text for rule in workflow.eligible) if workflow is not None else (),
        tuple(rule.text for rule in workflow.suppress) if workflow is not None else (),
        read_passage(connection, queued.message.unit_id, queued.message.enrollment),
    )  # fmt: skip


def trigger_words(trigger: Trigger) -> str:
    """Write what opens an enrollment in a line, in the words of its file."""
    words = [f"on {trigger.on}"] if trigger.on is not None else []
    if trigger.crossing is not None:
        words.append(
            f"{trigger.crossing.of.text} passes {' or '.join(f'{at:g}' for at in trigger.crossing.at)}"
        )
    if trigger.score is not None:
        words.append(f"the score reaches {trigger.score.at:g}")
    if trigger.when is not None:
        words.append(f"{'while' if words else 'when'} {trigger.when.text}")
    if trigger.held_for:
        words.append(f"for {format_duration(trigger.held_for)}")
    return ", ".join(words)


def withdraw(
    connection: Connection, clock: Clock, by: str, because: str, *, key: str = "", workflow: str = ""
) -> int:
    """Take back one message, or all of a workflow, that no provider was spoken to about; give how many.

    Their places are given back, and their journeys go on without them: none is reserved again.

    Raises:
        ConfigError: No message has that key, or it is too late to take it back.
    """
    keys = [_listed(connection, key).key] if key else []
    reason = f"withdrawn by {by}: {because}"
    said: dict[str, Scalar] = {"by": by, "is_final": True}
    withdrawn = 0
    while True:
        with connection.transaction():
            now = clock.now()
            taken = withdraw_some(connection, keys, workflow, reason, now)
            told = [Finished(each.message.key, State.WITHDRAWN, reason, said=said) for each in taken]
            _tell(connection, clock, taken, told)
        withdrawn += len(taken)
        if len(taken) < AT_ONCE:
            break
    if keys and not withdrawn:
        listed = _listed(connection, keys[0])
        msg = (
            f"expected a message that is reserved or claimed, got {listed.key}, which is "
            f"{listed.state.value}: what a provider was spoken to about cannot be taken back"
        )
        raise ConfigError(msg)
    return withdrawn


def settle(connection: Connection, clock: Clock, key: str, by: str, because: str, *, is_sent: bool) -> Listed:
    """Say by hand what became of an unknown message; give it as it stands then.

    One that was not sent gives its place back. Neither is ever sent again by itself: its journey went on.

    Raises:
        ConfigError: No message has that key, or it is not unknown.
    """
    listed = _listed(connection, key)
    state = State.SENT if is_sent else State.FAILED
    reason = f"settled by {by} as {'sent' if is_sent else 'not sent'}: {because}"
    with connection.transaction():
        taken = settle_by_hand(connection, listed.key, state, reason, clock.now())
        if taken is None:
            raise ConfigError(_not_unknown(listed))
        if not is_sent:
            free_places(connection, [listed.key])
        _tell(connection, clock, [taken], [Finished(listed.key, state, reason, said={"by": by})])
    return _listed(connection, listed.key)


def unknown_mail(connection: Connection, key: str) -> str:
    """Give the whole key of an unknown mail, by its key or how that begins.

    Raises:
        ConfigError: No message has that key, it is no mail, or it is not unknown.
    """
    listed = _listed(connection, key)
    if listed.state is not State.UNKNOWN:
        raise ConfigError(_not_unknown(listed))
    if listed.channel != EMAIL:
        msg = (
            f"expected a mail, got {listed.key}, which went over {listed.channel}: nobody can be asked about "
            "it; what you know of it is said with `upsell outbox settle`"
        )
        raise ConfigError(msg)
    return listed.key


def stop(
    connection: Connection, clock: Clock, by: str, because: str, *, channel: str = "", workflow: str = ""
) -> bool:
    """Stop everything, a channel or a workflow from now on; tell whether it was not stopped before.

    It stands in the log of what users did.

    Raises:
        ConfigError: No channel or workflow has that name.
    """
    _check_subject(connection, channel, workflow)
    with connection.transaction():
        is_new = start_stop(connection, clock, channel, workflow, by, because)
        if is_new:
            add_act(connection, Act.STOPPED, by, _subject(channel, workflow), "", because, clock.now())
    return is_new


def resume(
    connection: Connection, clock: Clock, by: str, because: str, *, channel: str = "", workflow: str = ""
) -> bool:
    """Let go on what was stopped; tell whether it was.

    What has waited for over an hour goes out spread over as long as it waited, at most an hour; each message
    is asked about before, and one that nobody should get any more is withheld. It stands in the log of what
    users did.

    Raises:
        ConfigError: No channel or workflow has that name.
    """
    _check_subject(connection, channel, workflow)
    now, is_ended = clock.now(), False
    with connection.transaction() as transaction:
        spread_messages(connection, now, LATE_AFTER, LONGEST_SPREAD)
        is_ended = end_stop(connection, clock, channel, workflow, by, because)
        if not is_ended:
            # What was late for another reason is not put off by that.
            raise psycopg.Rollback(transaction)
        add_act(connection, Act.LET_GO_ON, by, _subject(channel, workflow), "", because, now)
    return is_ended


def _subject(channel: str, workflow: str) -> str:
    """Name what is stopped, as a stop does."""
    return Stop(0, channel, workflow, 0, "", "").words


def _check_subject(connection: Connection, channel: str, workflow: str) -> None:
    if channel and channel not in STOPPABLE:
        near = nearest(channel, STOPPABLE)
        advice = f"; did you mean {near}?" if near else ""
        msg = f"expected a channel that can be stopped ({', '.join(STOPPABLE)}), got {channel}{advice}"
        raise ConfigError(msg)
    if not workflow:
        return
    programs = Programs()
    programs.refresh(connection)
    newest = programs.newest()
    live = programs.compiled(newest.number) if newest is not None else None
    known = {each.key for each in (*live.workflows.values(), *live.earlier.values())} if live else set()
    if workflow not in known:
        near = nearest(workflow, known)
        advice = f"did you mean {near}?" if near else f"known are: {', '.join(sorted(known)) or 'none'}"
        msg = f"expected the key of a workflow that is or was live, got {workflow}; {advice}"
        raise ConfigError(msg)


def _tell(connection: Connection, clock: Clock, taken: Sequence[Queued], told: Sequence[Finished]) -> None:
    now = clock.now()
    events = [receipt_event(each, one, now, SOURCE) for each, one in zip(taken, told, strict=True)]
    append(connection, events, clock)


def _listed(connection: Connection, key: str) -> Listed:
    found = find_message(connection, key)
    if found is None:
        raise ConfigError(_unknown_key(key))
    return found.listed


def _not_unknown(listed: Listed) -> str:
    return (
        f"expected a message of which it is unknown what became, got {listed.key}, which is "
        f"{listed.state.value}; `upsell outbox unknown` lists those that can be settled"
    )


def _unknown_key(key: str) -> str:
    return (
        f"expected the key of one message, or how it begins, got {key!r}, which none or several have; "
        "`upsell outbox list` shows keys"
    )


def _workflow(programs: Programs, queued: Queued) -> Workflow | None:
    newest = programs.newest()
    program = programs.compiled(newest.number) if newest is not None else None
    message = queued.message
    return program.of_version(message.workflow, message.version) if program is not None else None


def _written_now(
    connection: Connection, programs: Programs, queued: Queued, now: Moment
) -> tuple[Letter | None, str]:
    """Write a message as it would be now; beside it why it would not be sent now, empty where it would be."""
    snapshot = take_snapshot(connection, programs, [queued], now)
    message, household = snapshot.message(queued), snapshot.household(queued)
    others = snapshot.lines.ahead(message.key)
    held = ask_stops(snapshot.program.stops, message.workflow, message.channel, now)
    verdict = held or ask_gate(snapshot.program, household, message, now, others)
    untold = f"{MEANINGS[verdict.reason]}{f' ({verdict.rule})' if verdict.rule else ''}" if verdict else ""
    try:
        write = write_webhook if message.channel == WEBHOOK else write_letter
        return write(snapshot.program, household, message, now), untold
    except DeliveryError as error:
        return None, untold or str(error)
