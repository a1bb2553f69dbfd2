"""VAPID: how we say to a browser's push service who we are (RFC 8292).

A page subscribes with the public key, and only who holds the private one may then send. The laws: a token is
for one push service and ends within a day; and the private key leaves this process in no message and no log.
"""

from __future__ import annotations

import base64
import re
from typing import Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02

from upsell.clock import HOUR, SECOND, Duration, Moment
from upsell.errors import ConfigError

LASTS: Final[Duration] = 12 * HOUR
"""For how long a token is good; RFC 8292 (2) allows a day."""

_RENEWED: Final[Duration] = HOUR
_KEY_SIZE: Final = 32
_CONTACT: Final = re.compile(r"mailto:[^\s@]+@[\w-]+(\.[\w-]+)+|https://[\w-]+(\.[\w-]+)+")
"""What the library lets through of what RFC 8292 (2.1) allows."""


class Vapid:
    """Signs requests to push services."""

    def __init__(self, private_key: str, contact: str) -> None:
        """Sign with a key, and let push services know whom they can write to.

        Args:
            private_key: 32 bytes in base64url, as ``make_private_key`` gives.
            contact: A mail address with ``mailto:``, or a site with ``https:``.

        Raises:
            ConfigError: The key or the contact is none.
        """
        self._key = _read(private_key)
        if _CONTACT.fullmatch(contact) is None:
            msg = (
                f"expected whom push services can write to, such as mailto:ops@acme.example, got "
                f"{contact or 'none'}; set UPSELL_PUSH_CONTACT"
            )
            raise ConfigError(msg)
        self._contact = contact
        self._tokens: dict[str, tuple[str, Moment]] = {}

    @property
    def public_key(self) -> str:
        """What pages subscribe with: a point of P-256, uncompressed, in base64url."""
        return _public(self._key)

    def sign(self, endpoint: str, now: Moment) -> str:
        """Give the header ``Authorization`` of a request to an endpoint; one for each service is kept."""
        parts = urlsplit(endpoint)
        origin = f"{parts.scheme}://{parts.netloc}".lower()
        held, until = self._tokens.get(origin, ("", 0))
        if not (until - LASTS <= now < until - _RENEWED):
            until = now + LASTS
            said = {"aud": origin, "exp": until // SECOND, "sub": self._contact}
            held = str(self._key.sign(said)["Authorization"])
            self._tokens[origin] = (held, until)
        return held


def make_private_key() -> str:
    """Draw a private key: 32 bytes in base64url without padding."""
    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return base64.urlsafe_b64encode(number.to_bytes(_KEY_SIZE, "big")).rstrip(b"=").decode()


def public_key_of(private_key: str) -> str:
    """Give the public key to a private one, as pages subscribe with it.

    Raises:
        ConfigError: It is no private key.
    """
    return _public(_read(private_key))


def _public(key: Vapid02) -> str:
    point = key.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(point).rstrip(b"=").decode()


def _read(private_key: str) -> Vapid02:
    try:
        if len(base64.urlsafe_b64decode(private_key + "=" * (-len(private_key) % 4))) == _KEY_SIZE:
            return Vapid02.from_raw(private_key.encode())
    except ValueError:
        pass
    msg = (
        "expected UPSELL_PUSH_VAPID_PRIVATE_KEY to be 32 bytes in base64url, got something else; make one "
        "with `upsell push keys`"
    )
    raise ConfigError(msg)
