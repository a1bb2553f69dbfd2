"""Providers: who takes mail from us, and on what terms.

Read from the mail file and settings by ``mail_file``. The law: a provider is a value; what is known of it
while the program runs is in ``routes``.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

import msgspec

from upsell.channels.buckets import Rate
from upsell.channels.warm_up import WarmUp

DEFAULT = "default"
"""What the provider is called that the plain settings name."""


class Tls(enum.Enum):
    """How a connection is kept from being read: not, after a plain greeting, or from the first byte."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


class Asked(enum.Enum):
    """Whose HTTP API tells what became of a mail."""

    MAILGUN = "mailgun"
    POSTMARK = "postmark"


class Asking(msgspec.Struct, frozen=True):
    """Where a provider is asked what became of a mail.

    Attributes:
        of: Whose API it is.
        url: Where it is, without what follows its host.
        domain: The domain mail is sent from there; Mailgun's path names it.
        key: What one is known by there: Mailgun's API key, Postmark's server token.
    """

    of: Asked
    url: str
    domain: str = ""
    key: str = ""


class Provider(msgspec.Struct, frozen=True):
    """A mail server, and what may be handed to it.

    Attributes:
        name: What it is called.
        host: Where it is.
        port: Where it listens.
        tls: How connections are kept from being read.
        ca: Path of the certificates that its own must come from; empty for those of this machine.
        user: Who logs in, empty for nobody.
        password: With what.
        connections: How many connections are kept open.
        most_per_connection: How many letters are told on one connection before another is opened.
        rate: How many letters may go in how long, None for as many as there are.
        domain_rates: The same by the recipient's domain, in lower case; ``*`` is each other domain.
        warm_up: How many may go a day while it gets to know us; None for no schedule.
        asking: How it is asked what became of a mail; None where it cannot be.
    """

    name: str
    host: str
    port: int
    tls: Tls = Tls.NONE
    ca: str = ""
    user: str = ""
    password: str = ""
    connections: int = 4
    most_per_connection: int = 1000
    rate: Rate | None = None
    domain_rates: Mapping[str, Rate] = msgspec.field(default_factory=dict)
    warm_up: WarmUp | None = None
    asking: Asking | None = None
