"""The links of a letter: where its reader leaves, chooses what to hear about, answers its offer or goes back.

For templates, as ``links.unsubscribe``, ``links.preferences``, ``links.offer``, ``links.downgrade``,
``links.quote`` and ``links.decide``, for footers and for headers. The laws: a link is there only where it
works; it names a message by its key and says nothing of whoever reads it; and it opens for as long as its
secret is kept, for nobody may be kept from leaving, or from what was promised, by the age of a mail.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from upsell.channels.seals import open_seal, seal
from upsell.clock import Moment
from upsell.journeys.effects import Speak, is_of_order

UNSUBSCRIBE: Final = "unsubscribe"
PREFERENCES: Final = "preferences"
OFFER: Final = "offer"
DOWNGRADE: Final = "downgrade"
QUOTE: Final = "quote"
DECIDE: Final = "decide"

PATHS: Final[Mapping[str, str]] = {
    UNSUBSCRIBE: "/u/",
    PREFERENCES: "/p/",
    OFFER: "/a/",
    DOWNGRADE: "/d/",
    QUOTE: "/q/",
    DECIDE: "/c/",
}
"""Under which path each link leads, by what it is for."""

OF_MESSAGES: Final = (UNSUBSCRIBE, PREFERENCES, OFFER, DOWNGRADE)
"""What the links of a journey's messages are for."""

LINK: Final = "link"
"""What a message about an order has one link for, among what it says."""

_KEY_SIZE: Final = 16


class LinkMint(msgspec.Struct, frozen=True):
    """What the links of letters are made with.

    Attributes:
        base: How they begin, without a slash at the end.
        secret: What they are sealed with.
    """

    base: str
    secret: bytes


def link_facts(message: Speak, mint: LinkMint | None) -> Mapping[str, str]:
    """Give the links of a message by their names; empty where nothing makes them.

    That of an offer is there where the message makes one. A message about an order has the one it names, and
    none to leave: it rests on the contract.
    """
    if mint is None:
        return {}
    if is_of_order(message):
        purpose, key = str(message.trigger.get(LINK) or ""), str(message.trigger.get("key") or "")
        # Who is asked to decide for an account is known by the mail that asks them.
        about = message.key if purpose == DECIDE else key
        return {purpose: link_to(mint, purpose, about)} if purpose in PATHS and about else {}
    return {
        purpose: link_to(mint, purpose, message.key)
        for purpose in OF_MESSAGES
        if purpose != OFFER or message.terms is not None
    }


def link_to(mint: LinkMint, purpose: str, key: str) -> str:
    """Give the link of a key for one purpose."""
    return f"{mint.base}{PATHS[purpose]}{key_token(mint.secret, purpose, key)}"


def key_token(secret: bytes, purpose: str, key: str) -> str:
    """Seal the key of a message for one purpose, for ever."""
    return seal(secret, purpose, _packed(key))


def open_key(secrets: Sequence[bytes], purpose: str, token: str, now: Moment) -> str | None:
    """Give the key of the message a token was made for; None when it is none for this purpose."""
    said = open_seal(secrets, purpose, token, now)
    if said is None:
        return None
    return said.hex() if len(said) == _KEY_SIZE else said.decode("utf-8", "replace")


def _packed(key: str) -> bytes:
    """Give a key as bytes: half as many of one that is hexadecimal, as those of messages are."""
    try:
        packed = bytes.fromhex(key)
    except ValueError:
        return key.encode()
    return packed if len(packed) == _KEY_SIZE and packed.hex() == key else key.encode()
