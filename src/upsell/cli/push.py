"""``upsell push``: the key that pushes to browsers are signed with."""

from __future__ import annotations

import os
from typing import Annotated, Literal

import typer


def push(
    action: Annotated[Literal["keys"], typer.Argument(help="keys.")],  # noqa: ARG001  # there is one as yet
    *,
    again: Annotated[
        bool, typer.Option("--again", help="Make another, though one is set: every browser is lost.")
    ] = False,
) -> None:
    """Make the key that pushes to browsers are signed with, and say where to set it.

    A browser lets nobody send but who holds the private key to the public one it subscribed with: make
    one once, keep it, and set it for `upsell up`, `serve` and `worker`. Pages are told the public one by
    the server. With another key every browser has to subscribe anew, which pages do within a day of use.
    """
    from upsell.channels.vapid import make_private_key, public_key_of
    from upsell.config import load_settings
    from upsell.errors import ConfigError

    settings = load_settings(os.environ)
    if settings.push_vapid_private_key and not again:
        msg = (
            "expected no key yet, got UPSELL_PUSH_VAPID_PRIVATE_KEY, whose public key is "
            f"{public_key_of(settings.push_vapid_private_key)}; with another no browser is reached that "
            "subscribed before, so say --again if you mean it"
        )
        raise ConfigError(msg)
    key = make_private_key()
    contact = settings.push_contact or "mailto:you@your-company.example"
    print("# Keep both with your secrets; whom push services can write to is yours to fill in.")
    print(f"UPSELL_PUSH_VAPID_PRIVATE_KEY={key}")
    print(f"UPSELL_PUSH_CONTACT={contact}")
    print(f"# Served to pages at /v1/push/key: {public_key_of(key)}")
