"""``upsell keys``: the keys that senders of events and monitors show."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from upsell.clock import Moment
    from upsell.store.keys import Key, Scope


def keys(
    action: Annotated[
        Literal["list", "create", "rotate", "revoke"], typer.Argument(help="list, create, rotate or revoke.")
    ],
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="What you call the key.", show_default=False)
    ] = "",
    *,
    server: Annotated[
        bool, typer.Option("--server", help="Create a secret for a server; without it a write key for pages.")
    ] = False,
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help="What it is good for: events:write, incidents:write, decisions:ask, "
            "segments:read, bounces:write, prompts:ask, tasks:read, tasks:write; repeatable."
        ),
    ] = None,
    grace_hours: Annotated[int, typer.Option(min=0, help="How many hours a rotated key is still good.")] = 24,
    because: Annotated[str, typer.Option(help="Why, for the log.")] = "",
) -> None:
    """List keys, make one, put a new one in the place of one, or take one back.

    As long as no key was ever made, events are taken without one, from this machine alone. A write
    key is public and good for events and prompts only. A server key is a secret: it is shown once, and
    only its hash is kept. A running server hears of a change within five seconds; what is done stands in
    `upsell audit`.
    """
    from upsell.cli.experiment import user_name
    from upsell.clock import HOUR, SystemClock
    from upsell.config import load_settings
    from upsell.runtime.key_desk import make_key, replace_key, take_back_key
    from upsell.store.connect import connect, database_url
    from upsell.store.keys import Kind, read_keys

    if (action == "list") is bool(name):
        wanted = "no name to list" if action == "list" else f"the name of the key to {action}"
        raise typer.BadParameter(f"expected {wanted}, got {name or 'none'}", param_hint="NAME")
    scopes = _scopes(scope, is_public=not server)
    now, by = SystemClock().now(), f"shell:{user_name()}"
    with connect(database_url(load_settings(os.environ))) as connection:
        match action:
            case "list":
                print("\n".join(_listed(read_keys(connection), now)))
            case "create":
                kind = Kind.SERVER if server else Kind.WRITE
                print(make_key(connection, name, kind, scopes, by, because, now))
            case "rotate":
                print(replace_key(connection, name, by, because, now, grace_hours * HOUR))
            case "revoke":
                take_back_key(connection, name, by, because, now)
                print(f"The key {name} opens nothing any more.")


def _scopes(said: list[str] | None, *, is_public: bool) -> frozenset[Scope]:
    """Give the scopes that were said; without any those of pages, or events for a server."""
    from upsell.store.keys import PUBLIC
    from upsell.store.keys import Scope as Known

    known = {each.value: each for each in Known}
    for word in said or ():
        if word not in known:
            raise typer.BadParameter(f"expected one of {', '.join(known)}, got {word}", param_hint="--scope")
    if said:
        return frozenset(known[word] for word in said)
    return PUBLIC if is_public else frozenset({Known.EVENTS})


def _listed(known: tuple[Key, ...], now: Moment) -> Iterator[str]:
    """Write every key in a line; a secret only as it begins."""
    if not known:
        yield "No key was made yet: events are taken without one, from this machine alone."
        return
    from upsell.runtime.key_desk import state_words, used_words

    for key in known:
        scopes = ", ".join(sorted(scope.value for scope in key.scopes))
        state, used = state_words(key, now), used_words(key)
        yield f"{key.name:<16} {key.kind.value:<6} {key.shown:<48} {scopes}; {state}; {used}"
