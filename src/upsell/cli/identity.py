"""``upsell identity``: the secret with which your server says who looks at a page, and a token to try."""

from __future__ import annotations

import os
from typing import Annotated, Literal

import typer


def identity(
    action: Annotated[Literal["make", "token"], typer.Argument(help="make or token.")],
    customer: Annotated[
        str, typer.Argument(metavar="[CUSTOMER]", help="Whom a token is for.", show_default=False)
    ] = "",
    *,
    account: Annotated[str, typer.Option(help="Their account, where it is not their own.")] = "",
    hours: Annotated[int, typer.Option(min=1, max=168, help="How long the token holds.")] = 1,
    grace_hours: Annotated[
        int, typer.Option(min=0, help="How many hours the secret before is still good.")
    ] = 24,
) -> None:
    """Make the secret your server signs identities with, or a token to try a page with.

    Pages ask what to show with a write key, which everybody can read. So that nobody asks for somebody
    else, your server signs who is looking: a JSON Web Token with HS256, sub, exp and, if need be, account.
    The secret belongs on your server and never into a page. Made again, the one before ends after its grace.
    """
    from upsell.clock import HOUR, SystemClock
    from upsell.config import load_settings
    from upsell.errors import ConfigError
    from upsell.runtime.identities import Identity, sign_identity
    from upsell.store.connect import connect, database_url
    from upsell.store.identity_secrets import make_identity_secret, read_identity_secrets

    if (action == "token") is not bool(customer):
        wanted = "the id of a customer" if action == "token" else "no customer to make a secret"
        raise typer.BadParameter(f"expected {wanted}, got {customer or 'none'}", param_hint="CUSTOMER")
    now = SystemClock().now()
    with connect(database_url(load_settings(os.environ))) as connection:
        if action == "make":
            print(make_identity_secret(connection, now, grace_hours * HOUR))
            return
        secrets = read_identity_secrets(connection, now)
    if not secrets:
        msg = "expected an identity secret to sign with, found none; make one with `upsell identity make`"
        raise ConfigError(msg)
    print(sign_identity(secrets[0], Identity(customer, account or None), now + hours * HOUR))
