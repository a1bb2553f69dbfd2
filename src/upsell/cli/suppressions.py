"""``upsell suppressions``: addresses that are written to no more, and the record of why."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from upsell.store.suppressions import Suppression


def suppressions(
    action: Annotated[Literal["list", "add", "remove"], typer.Argument(help="list, add or remove.")],
    address: Annotated[
        str,
        typer.Argument(metavar="[ADDRESS]", help="The address; to list it alone, or add or remove it."),
    ] = "",
    *,
    because: Annotated[str, typer.Option(help="Why, for whoever reads it in a year.")] = "",
    with_ended: Annotated[bool, typer.Option("--all", help="List those removed, too.")] = False,
    limit: Annotated[int, typer.Option(help="How many to list at most.", min=1)] = 100,
) -> None:
    """List, add and remove addresses that are written to no more, whoever has them.

    Addresses are kept as keys alone, so the list shows most of one hidden; name an address to ask about it.
    Whoever adds or removes one says why; who it was, when and why is kept, and told in the ledger to
    everybody who has it. The exit code is 1 when nothing changed.
    """
    from upsell.cli.experiment import user_name
    from upsell.clock import SystemClock
    from upsell.config import load_settings
    from upsell.decisions.addresses import address_key
    from upsell.decisions.reach import EMAIL, SMS
    from upsell.runtime.suppressing import free_by_hand, suppress_by_hand
    from upsell.store.connect import connect, database_url
    from upsell.store.suppressions import read_suppressions

    because = because.strip()
    if action != "list" and not (address and because):
        raise typer.BadParameter(f"expected upsell suppressions {action} ADDRESS --because TEXT")
    if action == "list" and because:
        raise typer.BadParameter("expected no --because to list", param_hint="--because")
    channel = SMS if address.startswith("+") and "@" not in address else EMAIL
    if address and channel == EMAIL and "@" not in address:
        words = f"expected an address such as ada@example.com or +15551234567, got {address}"
        raise typer.BadParameter(words, param_hint="ADDRESS")
    clock = SystemClock()
    with connect(database_url(load_settings(os.environ))) as connection:
        if action == "list":
            key = address_key(channel, address) if address else None
            found = read_suppressions(connection, address=key, with_ended=with_ended, limit=limit + 1)
            print("\n".join(_listed(found, limit, address)))
            return
        if action == "remove":
            freed = free_by_hand(connection, clock, address, user_name(), because, channel)
            print(f"{address} may be written to again; told of it: {len(freed.customers)} customers.")
            return
        held = suppress_by_hand(connection, clock, address, user_name(), because, channel)
    if held is None:
        print(f"{address} is suppressed already; nothing changed.")
        raise typer.Exit(1)
    print(f"{address} is written to no more, whoever has it.")


def _listed(found: Sequence[Suppression], limit: int, address: str) -> Iterator[str]:
    """Write the record, the newest first."""
    from upsell.clock import to_datetime

    if not found:
        yield f"{address} is not suppressed." if address else "No address is suppressed."
    for each in found[:limit]:
        shown = address or each.shown or f"key {each.address[:12]}"
        since = f"{to_datetime(each.since):%Y-%m-%d %H:%M}"
        until = ""
        if each.ended_at is not None:
            until = f", until {to_datetime(each.ended_at):%Y-%m-%d %H:%M}"
        yield f"{shown:<32} {each.cause.value.replace('_', ' ')}, since {since} UTC{until}, by {each.source}"
        yield f"  {each.why}"
        if each.ended_at is not None:
            yield f"  removed by {each.ended_by}: {each.ended_why}"
    if len(found) > limit:
        yield f"and more; say --limit {limit * 10}"
