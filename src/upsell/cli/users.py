"""``upsell users``: who may sign in to the pages, and the links by which they set their passwords."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from upsell.clock import Moment
    from upsell.config import Settings
    from upsell.store.users import Role, User


def users(
    action: Annotated[
        Literal["list", "add", "role", "link", "remove"],
        typer.Argument(help="list, add, role, link or remove."),
    ] = "list",
    email: Annotated[
        str, typer.Argument(metavar="[ADDRESS]", help="The address they sign in with.", show_default=False)
    ] = "",
    *,
    role: Annotated[
        str,
        typer.Option(help="What they are: viewer, editor, approver, success or admin; for add and role."),
    ] = "",
    because: Annotated[str, typer.Option(help="Why, for the log.")] = "",
) -> None:
    """List users, add one, give one another role or a link, or let one in no more.

    Nobody is given a password: whoever is added gets a link that is good for a day and for once, by which
    they set their own. `link` makes another for whoever forgot theirs. What is done stands in `upsell audit`.
    """
    from upsell.cli.experiment import user_name
    from upsell.clock import SystemClock
    from upsell.config import load_settings
    from upsell.store import users as kept
    from upsell.store.connect import connect, database_url

    if (action == "list") is bool(email):
        wanted = "no address to list" if action == "list" else f"the address of the user to {action}"
        raise typer.BadParameter(f"expected {wanted}, got {email or 'none'}", param_hint="ADDRESS")
    chosen, email = _role(action, role), email.strip().lower()
    settings, now, by = load_settings(os.environ), SystemClock().now(), f"shell:{user_name()}"
    with connect(database_url(settings)) as connection:
        match action:
            case "list":
                print("\n".join(_listed(kept.read_users(connection))))
            case "add":
                link = kept.add_user(connection, email, chosen, by, because, now)
                print(f"{email} is {chosen.value}, and can sign in once they set a password:")
                print(_address(settings, link))
                print(_until(now))
            case "role":
                kept.change_role(connection, email, chosen, by, because, now)
                print(f"{email} is {chosen.value} from their next page on.")
            case "link":
                link = kept.make_link(connection, email, by, because, now)
                print(f"By this {email} sets another password; until then the one before is good:")
                print(_address(settings, link))
                print(_until(now))
            case "remove":
                kept.remove_user(connection, email, by, because, now)
                print(f"{email} is signed out, and is let in no more.")


def _role(action: str, said: str) -> Role:
    """Give the role that was said; a viewer where somebody is added without one."""
    from upsell.store.users import Role

    known = {role.value: role for role in Role}
    if action not in ("add", "role"):
        if said:
            raise typer.BadParameter(f"expected none with {action}, got {said}", param_hint="--role")
        return Role.VIEWER
    if said in known:
        return known[said]
    if action == "add" and not said:
        return Role.VIEWER
    expected = ", ".join(known)
    raise typer.BadParameter(f"expected one of {expected}, got {said or 'none'}", param_hint="--role")


def _listed(known: tuple[User, ...]) -> Iterator[str]:
    """Write every user in a line."""
    if not known:
        yield "There is no user yet: `upsell up` prints a link by which the first one is made."
        return
    for user in known:
        state = "" if user.has_password else "  has not set a password yet"
        yield f"{user.email:<40} {user.role.value:<9}{state}".rstrip()


def _address(settings: Settings, link: str) -> str:
    """Write where a link is."""
    from upsell.config import link_base

    return f"  {link_base(settings)}/join/{link}"


def _until(now: Moment) -> str:
    """Say how long a link is good."""
    from upsell.clock import to_datetime
    from upsell.store.users import LINK_LASTS

    return f"It works once, until {to_datetime(now + LINK_LASTS):%Y-%m-%d %H:%M} UTC. Give it to nobody else."
