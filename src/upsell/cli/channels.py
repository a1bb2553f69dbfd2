"""``upsell channels``: how each channel stands, and a test by one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from upsell.runtime.channel_standing import ChannelStanding
    from upsell.runtime.send_test import Tested


def channels(
    action: Annotated[Literal["list", "test"], typer.Argument(help="list or test.")] = "list",
    channel: Annotated[
        str,
        typer.Argument(metavar="[CHANNEL]", help="email, sms, push or webhook.", show_default=False),
    ] = "",
    to: Annotated[
        str,
        typer.Argument(
            metavar="[ADDRESS]",
            help="Where a test goes by that channel.",
            show_default=False,
        ),
    ] = "",
    *,
    provider: Annotated[str, typer.Option(help="With test of email: by this mail provider.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """List how each channel stands, or send a test by one to an address of yours.

    A test is one real message by what that channel leaves by. It is of no customer: nothing of it stands in
    the ledger or counts against a cap, and it goes to no address that is suppressed. At most 5 go in 10
    minutes, and each stands in `upsell audit`. The exit code is 2 when it was not taken.
    """
    import msgspec

    from upsell.channels.channel import Answer
    from upsell.cli.experiment import user_name
    from upsell.clock import SystemClock
    from upsell.config import load_settings
    from upsell.runtime.channel_standing import channels_content, read_channels
    from upsell.runtime.guarding import read_live
    from upsell.runtime.send_test import send_test, tested_content
    from upsell.store.connect import connect, database_url

    if (action == "test") is not bool(channel and to):
        wanted = "a channel and an address to test" if action == "test" else "nothing beside list"
        raise typer.BadParameter(f"expected {wanted}, got {channel or 'none'} {to}".strip())
    settings, clock = load_settings(os.environ), SystemClock()
    with connect(database_url(settings)) as connection:
        if action == "list":
            found = read_channels(connection, settings, clock.now())
            said, lines, is_taken = channels_content(found), _listed(found), True
        else:
            by = f"shell:{user_name()}"
            tested = send_test(connection, settings, read_live(connection), channel, to, by, clock, provider)
            is_taken = tested.answer is Answer.ACCEPTED
            said, lines = [tested_content(tested)], _tested(tested)
    print(msgspec.json.format(msgspec.json.encode(said)).decode() if as_json else "\n".join(lines))
    raise typer.Exit(0 if is_taken else 2)


def _listed(found: tuple[ChannelStanding, ...]) -> Iterator[str]:
    """Write every channel in a line, with what is wrong under it."""
    from upsell.runtime.channel_standing import newest_words, state_words, waiting_words

    for each in found:
        yield f"{each.channel:<8} {state_words(each)}; {waiting_words(each)}; {newest_words(each.newest)}"
        for provider in each.providers:
            yield f"         by {provider.name} at {provider.where}"
        if each.fault:
            yield f"         {each.fault}"


def _tested(tested: Tested) -> Iterator[str]:
    """Say what became of a test."""
    from upsell.runtime.send_test import answer_words

    yield answer_words(tested)
    if tested.said:
        yield f"  It said: {tested.said}"
    yield f"  {tested.advice}"
