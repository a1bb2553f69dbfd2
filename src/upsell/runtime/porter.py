"""The porter: lets users of the pages in, knows who is in, and lets them out.

The laws: a sign-in gives a new token and ends the one a browser had; tries to sign in are counted by name and
by address before a password is looked at; and a name that nobody has is answered like a wrong password.
"""

from __future__ import annotations

import secrets
from typing import Final

import msgspec

from upsell.clock import MINUTE, Clock, Moment
from upsell.errors import ConfigError
from upsell.runtime.passwords import fault_of, hash_password, is_password
from upsell.store.acts import Act, add_act
from upsell.store.lending import Lender
from upsell.store.sessions import (
    Signed,
    end_session,
    find_password,
    find_session,
    forget_tried,
    note_session_seen,
    note_tried,
    start_session,
)
from upsell.store.users import Invited, find_invited, hash_secret, read_email, take_link

TRIES_OF_NAME: Final = 10
"""How often within 15 minutes a password may be wrong for one name."""

TRIES_FROM_ADDRESS: Final = 50
"""How often within 15 minutes it may be wrong from one address, whatever the names."""

_LONGEST_NAME = 254


class In(msgspec.Struct, frozen=True):
    """Somebody was let in: what their browser keeps from now on."""

    token: str


class Kept(msgspec.Struct, frozen=True):
    """Somebody was not let in.

    Attributes:
        words: Why, for people.
        until: From when on it can be tried again, None where it can at once.
    """

    words: str
    until: Moment | None = None


_WRONG = Kept("This address and this password do not belong together.")
_GONE = Kept("This link was used already, or is older than a day.")


class Porter:
    """Lets users in and out, over connections that are lent."""

    def __init__(self, lender: Lender, clock: Clock) -> None:
        """Know nobody yet."""
        self._lender = lender
        self._clock = clock

    def sign_in(self, said: str, password: str, address: str, old: str) -> In | Kept:
        """Let somebody in by name and password.

        Args:
            said: The name they typed.
            password: What they typed for a password.
            address: Where they come from.
            old: The token their browser had, which ends; empty for none.
        """
        now = self._clock.now()
        email = said.strip().lower()[:_LONGEST_NAME]
        limits = [
            (hash_secret(f"name {email}"), TRIES_OF_NAME),
            (hash_secret(f"address {address}"), TRIES_FROM_ADDRESS),
        ]
        with self._lender.lent() as connection:
            tried, until = note_tried(connection, limits, now)
            if until is not None:
                forget_tried(connection, tried, now)
                minutes = max(1, -(-(until - now) // MINUTE))
                wait = "1 minute" if minutes == 1 else f"{minutes} minutes"
                return Kept(f"Too many tries. Try again in {wait}, or ask an admin for a link.", until)
            found = find_password(connection, email)
            # Nothing is learned from how long it takes: work is done for a name that nobody has, too.
            if not is_password(password, found[1] if found is not None else None) or found is None:
                return _WRONG
            forget_tried(connection, tried, now)
            token = secrets.token_urlsafe(32)
            with connection.transaction():
                if old:
                    end_session(connection, old)
                start_session(connection, token, found[0], now)
                add_act(connection, Act.SIGNED_IN, email, email, "", "", now)
        return In(token)

    def ask(self, token: str) -> Signed | None:
        """Give who is in by a token, None when nobody is."""
        if not token:
            return None
        now = self._clock.now()
        with self._lender.lent() as connection:
            signed = find_session(connection, token, now)
            if signed is not None and now >= signed.seen_at + MINUTE:
                note_session_seen(connection, token, now)
        return signed

    def sign_out(self, token: str) -> None:
        """End the session of a token; nothing where there is none."""
        with self._lender.lent() as connection, connection.transaction():
            email = end_session(connection, token)
            if email is not None:
                add_act(connection, Act.SIGNED_OUT, email, email, "", "", self._clock.now())

    def look_at(self, link: str) -> Invited | None:
        """Give for whom a link is by its end; None for one that is none any more. It stays good."""
        with self._lender.lent() as connection:
            return find_invited(connection, link, self._clock.now())

    def join(self, link: str, said: str, password: str) -> In | Kept:
        """Let somebody in by a link, with the password they choose; the link is used up.

        Args:
            link: The end of the link.
            said: The name of the first user; of no meaning for anybody else's link.
            password: What they chose.
        """
        now = self._clock.now()
        with self._lender.lent() as connection:
            invited = find_invited(connection, link, now)
            if invited is None:
                return _GONE
            try:
                email = invited.email or read_email(said)
            except ConfigError as error:
                return Kept(f"{str(error)[:1].upper()}{str(error)[1:]}.")
            fault = fault_of(password, email)
            if fault:
                return Kept(fault)
            hashed = hash_password(password)
            token = secrets.token_urlsafe(32)
            with connection.transaction():
                number = take_link(connection, link, email, hashed, now)
                if number is None:
                    return _GONE
                start_session(connection, token, number, now)
                add_act(connection, Act.SIGNED_IN, email, email, "by a link", "", now)
        return In(token)
