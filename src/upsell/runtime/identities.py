"""Identities: who looks at a page, as the team's own server signed it.

A page is read by whoever holds it, so what it says of itself is not believed. The server of the team
makes a JSON Web Token (RFC 7519) with HMAC-SHA256 and the identity secret: ``sub`` is the customer,
``account`` their account where it is not their own, ``exp`` when it ends. The law: only HS256 is read, a
token without an end is none, and nothing of a token is used before its signature held.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Final

import jwt
import msgspec
from jwt.types import Options

from upsell.clock import DAY, SECOND, Clock, Duration, Moment
from upsell.errors import IntakeError, UpsellError
from upsell.sources.bounds import LONGEST_NAME
from upsell.store.connect import Connection, connect
from upsell.store.identity_secrets import read_identity_secrets

ALGORITHM: Final = "HS256"

LONGEST: Final[Duration] = 7 * DAY
"""How far ahead the end of a token may lie."""

_READ_EACH: Final[Duration] = 5 * SECOND


class Identity(msgspec.Struct, frozen=True):
    """Whom a token names, or a server, or whom a page says without either.

    Attributes:
        customer_id: The customer.
        account_id: Their account, None where it names none.
        is_visitor: Whether a page named a visitor by the id of a device, which proves nothing.
        is_server: Whether a server of the team asks, with its own key.
    """

    customer_id: str
    account_id: str | None = None
    is_visitor: bool = False
    is_server: bool = False


class NotAVisitorError(UpsellError):
    """The id of a device that names somebody who is known by now: it opens nothing of theirs."""


def sign_identity(secret: str, identity: Identity, until: Moment) -> str:
    """Give the token of an identity, as the team's server makes it; ``until`` is kept to the second."""
    said: dict[str, object] = {"sub": identity.customer_id, "exp": until // SECOND}
    if identity.account_id is not None:
        said["account"] = identity.account_id
    return jwt.encode(said, secret, algorithm=ALGORITHM)


def read_identity(secrets: Sequence[str], token: str, now: Moment) -> Identity:
    """Give whom a token names.

    Raises:
        IntakeError: It was signed with none of the secrets, has ended, or names nobody.
    """
    said = _opened(secrets, token)
    ends, customer, account = said.get("exp"), said.get("sub"), said.get("account")
    if isinstance(ends, bool) or not isinstance(ends, int | float):
        msg = "expected exp, the second at which the token ends, got none; let your server set it"
        raise IntakeError(msg)
    if now >= ends * SECOND:
        msg = "expected a token that has not ended, got an old one; let your server make another"
        raise IntakeError(msg)
    if ends * SECOND > now + LONGEST:
        msg = "expected a token that ends within seven days, got a longer one; an hour is usual"
        raise IntakeError(msg)
    if not _is_name(customer) or not (account is None or _is_name(account)):
        msg = "expected sub to be the customer's id, and account, if any, the account's, got something else"
        raise IntakeError(msg)
    return Identity(str(customer), None if account is None else str(account))


class IdentityReader:
    """Reads tokens for a server process; ``is_stale`` says when to ``refresh`` the secrets."""

    def __init__(self, url: str, clock: Clock) -> None:
        """Read the secrets of the database at ``url``; nothing is read yet."""
        self._url = url
        self._clock = clock
        self._secrets: tuple[str, ...] | None = None
        self._read_at: Moment = 0
        self._connection: Connection | None = None
        self._reading = threading.Lock()

    def is_stale(self) -> bool:
        """Tell whether the secrets were read too long ago, or never."""
        return self._secrets is None or self._clock.now() >= self._read_at + _READ_EACH

    def refresh(self) -> None:
        """Read the secrets; one thread at a time, others go on with those known before, if any were.

        Raises:
            psycopg.Error: The database did not answer.
            StoreError: The same.
        """
        if not self._reading.acquire(blocking=self._secrets is None):
            return
        try:
            now = self._clock.now()
            if self._connection is None or self._connection.closed:
                self._connection = connect(self._url)
            self._secrets = read_identity_secrets(self._connection, now)
            self._read_at = now
        finally:
            self._reading.release()

    def read(self, token: str) -> Identity:
        """Give whom a token names, by the secrets that were read; see ``read_identity``.

        Raises:
            IntakeError: It names nobody who can be believed.
        """
        return read_identity(self._secrets or (), token, self._clock.now())

    def close(self) -> None:
        """Let the database go."""
        if self._connection is not None:
            self._connection.close()


def _opened(secrets: Sequence[str], token: str) -> dict[str, object]:
    if not secrets:
        msg = "expected an identity secret that tokens are signed with, got none: `upsell identity make`"
        raise IntakeError(msg)
    # Its end is asked by our own clock, and by name, below.
    options: Options = {"verify_exp": False, "verify_aud": False, "verify_iat": False, "verify_nbf": False}
    for secret in secrets:
        try:
            said: dict[str, object] = jwt.decode(token, secret, algorithms=[ALGORITHM], options=options)
        except jwt.PyJWTError:
            continue
        return said
    msg = "expected a token signed with HS256 and the identity secret, got another"
    raise IntakeError(msg)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_NAME and value.isprintable()
