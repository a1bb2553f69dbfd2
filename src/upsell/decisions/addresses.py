"""Addresses: where people are reached, told apart as whoever delivers there tells them apart.

For caps: what several ids are sent at one address comes out of one budget. The law: a key is made
of what is reached and by which means, so no address needs to be written down a second time.
"""

from __future__ import annotations

from upsell.decisions.reach import ADDRESS_TRAITS
from upsell.ids import digest


def normalize_address(address: str) -> str:
    """Give an address in the form in which one that is written otherwise is the same."""
    return address.casefold()


def address_key(channel: str, address: str) -> str:
    """Give the key of an address: the same for every channel that reaches somebody by the same trait."""
    return digest("address", ADDRESS_TRAITS.get(channel, channel), normalize_address(address))
