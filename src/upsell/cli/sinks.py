"""``upsell sinks``: where events go, whether one answers, and what it did not take."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from upsell.clock import Moment
    from upsell.config import Settings
    from upsell.runtime.sink_desk import Listed
    from upsell.store.connect import Connection

_SHOWN = 50


def sinks(
    action: Annotated[
        Literal["list", "show", "try", "waiting", "dead", "replay", "resume"],
        typer.Argument(help="list, show, try, waiting, dead, replay or resume."),
    ] = "list",
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="Which sink; without it list only.", show_default=False)
    ] = "",
    *,
    workspace: Annotated[
        Path | None,
        typer.Option(help="With list, show and try: this directory in place of what is live."),
    ] = None,
    parcel: Annotated[
        str, typer.Option("--id", help="With replay: this one alone, by its id evt_...", show_default=False)
    ] = "",
    since: Annotated[
        str,
        typer.Option(
            help="With replay: only what was seen since then, ISO 8601 with a zone.", show_default=False
        ),
    ] = "",
    is_everything: Annotated[
        bool,
        typer.Option("--everything", help="With replay --since: also what was taken, under the same ids."),
    ] = False,
) -> None:
    """List where events go and how each stands; show one; see whether it answers; replay what was not taken.

    With try a test is sent that is no event; the exit code is 2 when it is not taken. With waiting and dead
    the parcels are listed that were not taken: those that are tried again, and those that are not. Replay
    tries the dead again from the beginning; resume lets a sink go on that said nobody is there any more.
    """
    from upsell.config import load_settings
    from upsell.store.connect import connect, database_url

    settings = load_settings(os.environ)
    with connect(database_url(settings)) as connection:
        match action:
            case "list":
                print("\n".join(_listed(connection, workspace)))
            case "show":
                print("\n".join(_shown(connection, name, workspace)))
            case "try":
                _try(connection, settings, name, workspace)
            case "waiting" | "dead":
                print("\n".join(_parcels(connection, name, is_dead=action == "dead")))
            case "replay":
                print(_replay(connection, name, parcel, since, is_everything=is_everything))
            case "resume":
                from upsell.clock import SystemClock
                from upsell.runtime.sink_desk import find_sink, resume

                resume(connection, find_sink(connection, name).name, SystemClock().now())
                print(f"{name} is told again from where it stopped.")


def _listed(connection: Connection, workspace: Path | None) -> Iterator[str]:
    """Write every sink with how it stands."""
    from upsell.clock import SystemClock
    from upsell.runtime.sink_desk import list_sinks, standing_words
    from upsell.store.ledger import read_head
    from upsell.workspace.documents import read_workspace

    head, now = read_head(connection).position, SystemClock().now()
    found = list_sinks(connection, read_workspace(workspace) if workspace is not None else None)
    if not found:
        yield "There is no sink. Write sinks/NAME.yaml, such as:   webhook: {url: https://hooks.acme.example/x}"
    for each in found:
        where = each.definition.where if each.definition is not None else ""
        yield f"{each.name:<20} {where}".rstrip()
        yield f"  {standing_words(each, head, now)}"


def _shown(connection: Connection, name: str, workspace: Path | None) -> Iterator[str]:
    """Write what one is told of, and how it stands."""
    from upsell.clock import SystemClock
    from upsell.runtime.sink_desk import standing_words
    from upsell.store.ledger import read_head

    found = _find(connection, name, workspace)
    yield name
    if found.definition is not None:
        yield f"  goes to     {found.definition.where}"
        yield f"  events      {', '.join(sorted(found.definition.events))}"
        yield f"  traits      {', '.join(found.definition.traits) or 'none'}"
        yield f"  secrets     {', '.join(found.definition.settings)}"
        yield f"  at once     {found.definition.at_once}"
    yield f"  stands      {standing_words(found, read_head(connection).position, SystemClock().now())}"
    if found.standing is not None and found.standing.said:
        yield f"  last said   {found.standing.said}"


def _try(connection: Connection, settings: Settings, name: str, workspace: Path | None) -> None:
    """Knock at one and say what it answered."""
    from upsell.channels.border import read_border
    from upsell.channels.sinks.sink import Outcome
    from upsell.clock import SystemClock
    from upsell.errors import ConfigError
    from upsell.runtime.sink_desk import knock, reply_words

    found = _find(connection, name, workspace)
    if found.definition is None:
        msg = f"expected a sink that is live, got {name}, which is not any more"
        raise ConfigError(msg)
    border = read_border(settings.webhook_hosts)
    reply = knock(found.definition, settings.secrets, border, SystemClock())
    print(reply_words(reply))
    raise typer.Exit(0 if reply.outcome is Outcome.TAKEN else 2)


def _parcels(connection: Connection, name: str, *, is_dead: bool) -> Iterator[str]:
    """Write what one has not taken."""
    from upsell.runtime.sink_desk import find_sink, minute
    from upsell.store.sinks import list_parcels

    found = find_sink(connection, name)
    parcels = list_parcels(connection, name, _SHOWN, is_dead=is_dead)
    if not parcels:
        yield f"Nothing {'is dead' if is_dead else 'waits'} for {name}."
        return
    for each in parcels:
        tried = "once" if each.attempts == 1 else f"{each.attempts} times"
        end = "tried no more" if each.died_at is not None else f"again {minute(each.retry_at)}"
        yield f"{each.id}  {each.name}"
        yield f"  tried {tried} since {minute(each.first_at)}, {end}: {each.said}"
    standing = found.standing
    total = 0 if standing is None else standing.dead if is_dead else standing.waiting
    if total > len(parcels):
        yield f"and {total - len(parcels):,} more"
    if is_dead:
        yield f"Try them again: upsell sinks replay {name}"


def _replay(connection: Connection, name: str, parcel: str, since: str, *, is_everything: bool) -> str:
    """Let what was not taken, or everything, be told again.

    Raises:
        ConfigError: What is asked for does not go together, or there is no such parcel.
    """
    from upsell.clock import SystemClock
    from upsell.errors import ConfigError
    from upsell.runtime.sink_desk import find_sink, minute, replay, tell_again

    found, now = find_sink(connection, name), SystemClock().now()
    at = _moment(since)
    if is_everything:
        if at is None or parcel:
            msg = "expected --since beside --everything, and no --id"
            raise ConfigError(msg)
        tell_again(connection, name, at, now)
        return f"{name} is told again of everything since {minute(at)}, under the same ids."
    revived = replay(connection, found.name, parcel, at or 0, now)
    if parcel and not revived:
        msg = f"expected the id of a parcel that is dead, got {parcel}; upsell sinks dead {name} lists them"
        raise ConfigError(msg)
    return f"{revived:,} {'parcel is' if revived == 1 else 'parcels are'} tried again, under the same ids."


def _find(connection: Connection, name: str, workspace: Path | None) -> Listed:
    from upsell.runtime.sink_desk import find_sink
    from upsell.workspace.documents import read_workspace

    return find_sink(connection, name, read_workspace(workspace) if workspace is not None else None)


def _moment(since: str) -> Moment | None:
    """Read a moment; None where none is said.

    Raises:
        ConfigError: It is none.
    """
    from upsell.clock import parse_moment
    from upsell.errors import ConfigError

    if not since:
        return None
    at = parse_moment(since)
    if at is None:
        msg = f"expected --since as ISO 8601 with a zone, such as 2026-03-01T12:00:00Z, got {since}"
        raise ConfigError(msg)
    return at
