"""``upsell stop`` and ``upsell resume``: nothing more goes out, until somebody lets go on."""

from __future__ import annotations

import os
from typing import Annotated

import typer

_CHANNEL = Annotated[str, typer.Option(help="Only this channel: email, sms, push, webhook or prompt.")]
_WORKFLOW = Annotated[str, typer.Option(help="Only this workflow, by its key.")]
_BECAUSE = Annotated[str, typer.Option(help="Why, for whoever asks in an hour or in a year.")]


def stop(*, channel: _CHANNEL = "", workflow: _WORKFLOW = "", because: _BECAUSE = "") -> None:
    """Stop everything that is said to customers, or one channel, or one workflow, at once.

    When this returns no dispatcher begins to hand over any message it is about; what was being handed over
    ends. Messages wait as they are, and prompts are withheld. Nothing is lost: `upsell resume` lets go on.
    """
    from upsell.cli.experiment import user_name
    from upsell.clock import SystemClock
    from upsell.config import load_settings
    from upsell.runtime import desk
    from upsell.store.connect import connect, database_url
    from upsell.store.messages import count_stopped
    from upsell.store.outbox import State, count_messages
    from upsell.store.stops import open_stops

    because = _checked(channel, workflow, because, "stop")
    with connect(database_url(load_settings(os.environ))) as connection:
        is_new = desk.stop(
            connection, SystemClock(), f"shell:{user_name()}", because, channel=channel, workflow=workflow
        )
        held = next(s for s in open_stops(connection) if (s.channel, s.workflow) == (channel, workflow))
        waiting = count_stopped(connection).get(held.number, 0)
        sending = count_messages(connection).get(State.SENDING, 0)
    if is_new:
        print(f"Stopped: {held.words}. Of what is reserved {waiting:,} wait; nothing of it goes out.")
    else:
        print(f"Stopped already: {held.words}, by {held.by}: {held.because}. {waiting:,} wait.")
    if sending:
        print(f"Being handed over when it was thrown: {sending:,}; that ends in the next seconds.")
    print(f"To go on: upsell resume{_options(channel, workflow)} --because TEXT")


def resume(*, channel: _CHANNEL = "", workflow: _WORKFLOW = "", because: _BECAUSE = "") -> None:
    """Let go on what `upsell stop` stopped: everything, or one channel, or one workflow.

    Each message that waited is asked about again before it is sent. What waited for over an hour goes out
    spread over as long as it waited, at most an hour. The exit code is 1 when nothing was stopped.
    """
    from upsell.cli.experiment import user_name
    from upsell.clock import SystemClock
    from upsell.config import load_settings
    from upsell.runtime import desk
    from upsell.store.connect import connect, database_url
    from upsell.store.guardrails import read_breaches
    from upsell.store.stops import open_stops

    because = _checked(channel, workflow, because, "resume")
    with connect(database_url(load_settings(os.environ))) as connection:
        is_ended = desk.resume(
            connection, SystemClock(), f"shell:{user_name()}", because, channel=channel, workflow=workflow
        )
        left = open_stops(connection)
        breaches = [each for each in read_breaches(connection) if each.ended_at is None]
    what = f"the channel {channel}" if channel else f"the workflow {workflow}" if workflow else "everything"
    if is_ended:
        print(f"Goes on: {what}.")
    else:
        print(f"Not stopped by hand: {what}; nothing changed.")
    for each in left:
        print(f"Still stopped: {each.words}, by {each.by}: {each.because}")
    if workflow and any(each.workflow == workflow for each in breaches):
        print(f"A guardrail of it is broken: upsell guardrail resume {workflow} --why TEXT lets it go on.")
    if not is_ended:
        raise typer.Exit(1)


def _checked(channel: str, workflow: str, because: str, command: str) -> str:
    """Give the reason, and refuse what says too much or too little."""
    if channel and workflow:
        raise typer.BadParameter(
            f"expected one of --channel and --workflow, got both; {command} one, then the other"
        )
    if not because.strip():
        raise typer.BadParameter(
            f"expected why, got nothing; say upsell {command}{_options(channel, workflow)} --because TEXT",
            param_hint="--because",
        )
    return because.strip()


def _options(channel: str, workflow: str) -> str:
    return f" --channel {channel}" if channel else f" --workflow {workflow}" if workflow else ""
