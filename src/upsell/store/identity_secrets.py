"""Identity secrets: what the team's own server signs with who looks at a page.

The law: there is none until the team asks for one, and then no page is believed without a signature; a
secret that another took the place of opens until its grace is over.
"""

from __future__ import annotations

import secrets
from typing import Final

from upsell.clock import DAY, Duration, Moment
from upsell.store.connect import Connection
from upsell.store.queries import query

PREFIX: Final = "ui_"
"""How a secret begins, so that one that slipped into a page or a log is found."""

GRACE: Final[Duration] = DAY
"""How long an earlier secret still opens, unless said otherwise."""


def read_identity_secrets(connection: Connection, now: Moment) -> tuple[str, ...]:
    """Give the secrets that open at ``now``, the newest first; () when none was ever made."""
    rows = connection.execute(query("read_identity_secrets"), {"now": now}, binary=True)
    return tuple(str(row[0]) for row in rows)


def make_identity_secret(connection: Connection, now: Moment, grace: Duration = GRACE) -> str:
    """Make a secret that takes the place of the one before, which opens for ``grace`` longer; give it."""
    made = PREFIX + secrets.token_urlsafe(32)
    with connection.transaction():
        connection.execute(query("end_identity_secrets"), {"ends_at": now + grace})
        connection.execute(query("add_identity_secret"), {"secret": made, "now": now})
    return made
