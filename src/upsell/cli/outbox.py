"""``upsell outbox``: look through messages, see one as the customer saw it, take back, settle."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, assert_never

import typer

if TYPE_CHECKING:
    from upsell.config import Settings
    from upsell.runtime.desk import Shown
    from upsell.store.connect import Connection


def outbox(  # noqa: PLR0913  # an option each
    action: Annotated[
        Literal["list", "show", "withdraw", "unknown", "reconcile", "settle"],
        typer.Argument(help="list, show, withdraw, unknown, reconcile or settle."),
    ] = "list",
    key: Annotated[
        str,
        typer.Argument(metavar="[KEY]", help="Key of a message, or how it begins.", show_default=False),
    ] = "",
    *,
    state: Annotated[
        str,
        typer.Option(help="List: only reserved, claimed, sending, sent, failed, unknown or withdrawn ones."),
    ] = "",
    channel: Annotated[str, typer.Option(help="List: only this channel.")] = "",
    workflow: Annotated[str, typer.Option(help="List, withdraw: only this workflow, by its key.")] = "",
    customer: Annotated[str, typer.Option(help="List: only to this customer, by id.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="List: at most so many.")] = 20,
    because: Annotated[str, typer.Option(help="Withdraw, settle: why.")] = "",
    is_sent: Annotated[
        bool | None,
        typer.Option("--sent/--not-sent", help="Settle: whether it was sent.", show_default=False),
    ] = None,
    html: Annotated[str, typer.Option(metavar="FILE", help="Show: write the HTML to this file.")] = "",
    eml: Annotated[str, typer.Option(metavar="FILE", help="Show: write the whole mail to this file.")] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="List, show, unknown, reconcile: print JSON.")
    ] = False,
) -> None:
    """Look through the outbox: every message, where it stands, and why.

    list counts messages by state and lists the newest; show prints one as the customer saw it and why it was
    sent; withdraw takes back what was not handed over yet; unknown lists the messages of which nobody knows
    whether they were sent, reconcile asks now what became of such mails, and settle says of one what did.
    Nothing here ever sends anything; a mail that its provider never had is reserved again.
    """
    from upsell.config import load_settings
    from upsell.store.connect import connect, database_url

    _check(action, key, because, is_sent, workflow)
    settings = load_settings(os.environ)
    with connect(database_url(settings)) as connection:
        match action:
            case "list" | "unknown":
                wanted = "unknown" if action == "unknown" else state
                _list(connection, wanted, channel, workflow, customer, limit, as_json=as_json)
            case "show":
                _show(connection, key, html, eml, as_json=as_json)
            case "withdraw":
                _withdraw(connection, key, workflow, because.strip())
            case "reconcile":
                _reconcile(connection, settings, key, as_json=as_json)
            case "settle":
                _settle(connection, key, because.strip(), is_sent=bool(is_sent))
            case _:
                assert_never(action)


def _check(action: str, key: str, because: str, is_sent: bool | None, workflow: str) -> None:
    """Refuse a command line that says too much or too little."""
    is_ok, wanted = {
        "list": (not key, "list, with options and no key"),
        "unknown": (not key, "unknown, with no key"),
        "show": (bool(key), "show KEY"),
        "reconcile": (
            not (because or workflow or is_sent is not None),
            "reconcile, or reconcile KEY; what you know yourself is said with settle",
        ),
        "withdraw": (
            bool(key) is not bool(workflow) and bool(because.strip()),
            "withdraw KEY --because TEXT, or withdraw --workflow W --because TEXT",
        ),
        "settle": (
            bool(key) and is_sent is not None and bool(because.strip()),
            "settle KEY --sent --because TEXT, or settle KEY --not-sent --because TEXT",
        ),
    }[action]
    if not is_ok:
        raise typer.BadParameter(f"expected upsell outbox {wanted}")


def _list(
    connection: Connection,
    state: str,
    channel: str,
    workflow: str,
    customer: str,
    limit: int,
    *,
    as_json: bool,
) -> None:
    """Print the counts by state, then the newest."""
    import msgspec

    from upsell.cli.outbox_text import list_content, list_lines
    from upsell.clock import SystemClock
    from upsell.decisions.stops import STOPPABLE
    from upsell.store.messages import Wanted, count_stopped, count_wanted, list_messages
    from upsell.store.outbox import State
    from upsell.store.stops import open_stops

    states = [each.value for each in State]
    for given, known, option in ((state, states, "--state"), (channel, STOPPABLE, "--channel")):
        if given and given not in known:
            raise typer.BadParameter(f"expected one of {', '.join(known)}, got {given}", param_hint=option)
    wanted = Wanted(State(state) if state else None, channel, workflow, customer)
    counts = count_wanted(connection, wanted)
    listed = list_messages(connection, wanted, SystemClock().now(), limit)
    stops = open_stops(connection)
    waiting = count_stopped(connection) if stops else {}
    if as_json:
        content = list_content(counts, listed, stops, waiting)
        print(msgspec.json.format(msgspec.json.encode(content)).decode())
    else:
        print("\n".join(list_lines(counts, listed, stops, waiting)))


def _show(connection: Connection, key: str, html: str, eml: str, *, as_json: bool) -> None:
    """Print one message, and write what was asked for to files."""
    import msgspec

    from upsell.cli.outbox_text import show_lines
    from upsell.clock import SystemClock
    from upsell.runtime.desk import show_message
    from upsell.runtime.desk_words import show_content

    shown = show_message(connection, key, SystemClock().now())
    for path, said, what in (
        (html, shown.letter.html.encode() if shown.letter is not None else b"", "HTML"),
        (eml, shown.mail or b"", "mail"),
    ):
        if path:
            _write(path, said, what, shown)
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(show_content(shown))).decode())
    else:
        print("\n".join(show_lines(shown)))


def _write(path: str, said: bytes, what: str, shown: Shown) -> None:
    """Write a part of a message to a file."""
    from upsell.errors import ConfigError

    if not said:
        why = shown.untold or f"it went over {shown.listed.channel}"
        msg = f"expected a message with {what}, got {shown.listed.key} without: {why}"
        raise ConfigError(msg)
    try:
        Path(path).write_bytes(said)
    except OSError as error:
        msg = f"expected a file that can be written at {path}, got: {error.strerror}"
        raise ConfigError(msg) from error


def _withdraw(connection: Connection, key: str, workflow: str, because: str) -> None:
    """Take back, and say how many."""
    from upsell.cli.experiment import user_name
    from upsell.clock import SystemClock
    from upsell.runtime.desk import withdraw

    number = withdraw(connection, SystemClock(), user_name(), because, key=key, workflow=workflow)
    whose = f" of {workflow}" if workflow else ""
    print(f"Withdrew {number:,} message{'s' if number != 1 else ''}{whose}; their journeys go on without.")
    if workflow:
        print(f"New ones may be reserved: upsell stop --workflow {workflow} --because TEXT holds them.")


def _reconcile(connection: Connection, settings: Settings, key: str, *, as_json: bool) -> None:
    """Ask what became of unknown mails, one or all, and print it."""
    import msgspec

    from upsell.channels.mail_file import read_mail
    from upsell.channels.reconcilers import open_reconcilers
    from upsell.cli.outbox_text import reconciled_lines
    from upsell.clock import SystemClock
    from upsell.runtime.desk import unknown_mail
    from upsell.runtime.reconciling import reconcile_unknown

    keys = [unknown_mail(connection, key)] if key else None
    reconcilers = open_reconcilers(read_mail(settings).providers)
    done = reconcile_unknown(connection, SystemClock(), reconcilers, keys)
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(done)).decode())
    else:
        print("\n".join(reconciled_lines(done)))


def _settle(connection: Connection, key: str, because: str, *, is_sent: bool) -> None:
    """Settle, and say what that means."""
    from upsell.cli.experiment import user_name
    from upsell.clock import SystemClock
    from upsell.runtime.desk import settle

    listed = settle(connection, SystemClock(), key, user_name(), because, is_sent=is_sent)
    kept = (
        "it keeps its place in the caps" if is_sent else "its place in the caps is free; it is not sent again"
    )
    print(f"{listed.key} is {listed.state.value} now: {kept}.")
