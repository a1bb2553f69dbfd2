"""The shapes of the mail file: what may be written in it, as data.

One table drives the reader and the reference page, so that the two cannot say different things.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

from upsell.channels.buckets import Rate
from upsell.channels.providers import Asked, Tls
from upsell.channels.routes import OTHERS
from upsell.clock import HOUR, MINUTE, SECOND
from upsell.workspace import scalars
from upsell.workspace.shapes import Key, ListOf, MapOf, RecordOf, Scalar

_PER = {"second": SECOND, "minute": MINUTE, "hour": HOUR}
_RATE = re.compile(r"([1-9]\d{0,8}) ?/ ?(second|minute|hour)")
_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_DOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})+")
_HOST = re.compile(r"[A-Za-z0-9.:_-]{1,253}")


def read_rate(text: str) -> Rate | None:
    """Read a rate; None when it is none."""
    found = _RATE.fullmatch(text)
    return Rate(int(found[1]), _PER[found[2]]) if found is not None else None


def read_growth(text: str) -> Fraction | None:
    """Read by which part of itself each day is more than the one before; None when it is none."""
    found = re.fullmatch(r"(\d{1,4}(?:\.\d{1,3})?) ?%", text)
    return Fraction(Decimal(found[1])) / 100 if found is not None else None


def _text_matching(pattern: re.Pattern[str], name: str, expected: str) -> Scalar:
    return Scalar(
        name,
        expected,
        lambda text: text.lower() if pattern.fullmatch(text) else None,
        {"type": "string"},
        takes_numbers=True,
    )


RATE = Scalar(
    "rate",
    "a rate such as 14/second, 600/minute or 50000/hour",
    lambda text: text if read_rate(text) else None,
    {"type": "string", "pattern": f"^{_RATE.pattern}$"},
)
GROWTH = Scalar(
    "growth",
    "a growth from 1% to 900% a day, such as 50%",
    lambda text: text if (found := read_growth(text)) is not None and 0.01 <= found <= 9 else None,
    {"type": "string"},
)
ANY_DOMAIN = Scalar(
    "domain",
    'a domain such as gmail.com, or "*" for each other one',
    lambda text: text if text == OTHERS or _DOMAIN.fullmatch(text) else None,
    {"type": "string"},
)
HOST = _text_matching(_HOST, "host", "a host such as smtp.provider.example")
PORT = Scalar(
    "port",
    "a port from 1 to 65535",
    lambda text: int(text) if text.isdecimal() and 1 <= int(text[:6]) <= 65_535 else None,
    {"type": "integer", "minimum": 1, "maximum": 65_535},
    takes_numbers=True,
)

PROVIDER_SHAPE = RecordOf(
    {
        "host": Key(HOST, "where it takes mail", True),
        "port": Key(PORT, "on which port (default 587; with tls: tls 465)"),
        "tls": Key(
            scalars.one_of("kind of TLS", *(each.value for each in Tls)),
            "`starttls` (default), `tls` from the first byte, or `none`, which logs in on this machine only",
        ),
        "ca": Key(
            scalars.TEXT, "file of the certificates that its own must come from (default this machine's)"
        ),
        "connections": Key(scalars.POSITIVE, "how many connections are kept open (default 4)"),
        "most_per_connection": Key(
            scalars.POSITIVE,
            "how many letters go over one connection before another is opened (default 1000)",
        ),
        "rate": Key(RATE, "how many letters it takes in how long"),
        "domain_rates": Key(
            MapOf(RATE, "domain", ANY_DOMAIN), 'the same by the recipient\'s domain; "*" is each other one'
        ),
        "warm_up": Key(
            RecordOf(
                {
                    "start": Key(scalars.DATE, "the first day (UTC)", True),
                    "first": Key(scalars.POSITIVE, "how many letters go on it", True),
                    "growth": Key(GROWTH, "by how much each day is more than the one before", True),
                    "up_to": Key(
                        scalars.POSITIVE, "from a day that would have so many on, there is no cap", True
                    ),
                }
            ),
            "how many letters go a day while it gets to know you; what is beyond goes to the next provider",
        ),
        "ask": Key(
            RecordOf(
                {
                    "of": Key(
                        scalars.one_of("provider with an API", *(each.value for each in Asked)),
                        "whose HTTP API tells what became of a mail",
                        True,
                    ),
                    "domain": Key(scalars.DOMAIN, "the domain mail is sent from there; Mailgun needs it"),
                    "url": Key(scalars.URL, "where the API is (default the provider's own)"),
                }
            ),
            "how it is asked what became of a letter that may have been taken or not",
        ),
    }
)

MAIL_SHAPE = RecordOf(
    {
        "providers": Key(
            MapOf(PROVIDER_SHAPE, "provider", scalars.NAME, least=1),
            "who takes mail, in the order in which they are tried",
            True,
        ),
        "dkim": Key(
            ListOf(
                RecordOf(
                    {
                        "domain": Key(
                            scalars.DOMAIN, "the domain that signs, for senders at it and below", True
                        ),
                        "selector": Key(scalars.TEXT, "under which name its public key is published", True),
                        "key": Key(scalars.TEXT, "file of the private key in PEM, RSA or Ed25519", True),
                    }
                )
            ),
            "what signs mail; several of one domain all sign",
        ),
    }
)
