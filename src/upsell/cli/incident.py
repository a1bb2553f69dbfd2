"""``upsell incident``: say that something is broken, or works again."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from upsell.store.connect import Connection


def incident(
    turn: Annotated[Literal["start", "end", "list"], typer.Argument(help="start, end or list.")],
    incident_id: Annotated[
        str,
        typer.Argument(metavar="[ID]", help="What you call the incident, such as INC-7.", show_default=False),
    ] = "",
    *,
    title: Annotated[str, typer.Option(help="What is broken, in a few words.")] = "",
    account: Annotated[
        str | None, typer.Option(help="Only for this account; without it for everyone.")
    ] = None,
    customer: Annotated[str | None, typer.Option(help="Only for this customer, who has no account.")] = None,
) -> None:
    """Say that something of yours is broken or works again, or list the incidents for everyone.

    While it is broken and for the cool-down after (a day, unless the policy's state `incident` says
    otherwise), nobody concerned is helped, shown or offered anything; service mail goes on. The exit
    code is 1 when an end finds nothing that is open.
    """
    from upsell.clock import SystemClock
    from upsell.config import load_settings
    from upsell.ids import account_unit, customer_unit
    from upsell.runtime.incidents import Turn, tell_incident
    from upsell.store.connect import connect, database_url

    if (turn == "list") is bool(incident_id):
        wanted = "no id to list" if turn == "list" else f"the id of the incident to {turn}, such as INC-7"
        raise typer.BadParameter(f"expected {wanted}, got {incident_id or 'none'}", param_hint="ID")
    if account is not None and customer is not None:
        raise typer.BadParameter("expected one of --account and --customer, got both")
    unit_id = account_unit(account) if account is not None else None
    unit_id = customer_unit(customer) if customer is not None else unit_id
    with connect(database_url(load_settings(os.environ))) as connection:
        if turn == "list":
            print("\n".join(_listed(connection)))
            return
        told = tell_incident(
            connection, SystemClock(), Turn[turn.upper()], incident_id, title=title, unit_id=unit_id
        )
    who = "everyone" if told.unit_id is None else told.unit_id
    if told.is_new:
        is_over = "is over" if turn == "end" else "has begun"
        print(f"Incident {incident_id} {is_over} for {who}.")
    elif turn == "start":
        print(f"Incident {incident_id} was told before for {who}; nothing changed.")
    else:
        print(f"Incident {incident_id} is not open for {who}; nothing changed.")
        raise typer.Exit(1)


def _listed(connection: Connection) -> list[str]:
    """Write the incidents for everyone, the newest first."""
    from upsell.clock import to_datetime
    from upsell.store.incidents import read_incidents

    known = read_incidents(connection)
    if not known:
        return ["No incident for everyone is on record."]
    lines = []
    for each in reversed(known):
        until = f"{to_datetime(each.ended_at):%Y-%m-%d %H:%M}" if each.ended_at is not None else "open"
        since = f"{to_datetime(each.started_at):%Y-%m-%d %H:%M}"
        lines.append(f"{each.id:<16} {since} to {until:<16} UTC  {each.title}")
    return lines
