"""Addresses: where people are reached, told apart as whoever delivers there tells them apart.

For caps: what several ids are sent at one address comes out of one budget; and for suppression: an
address that refused a message for good refuses it for everyone who has it. The laws: a key is made
of what is reached and by which means, so no address needs to be written down a second time; an address
that is malformed or suppressed is none.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

from upsell.decisions.reach import ADDRESS_TRAITS, EMAIL, PUSH, SMS
from upsell.ids import digest
from upsell.rules.facts import Scalar

_FORMS: Final[Mapping[str, re.Pattern[str]]] = {
    EMAIL: re.compile(r".*@.*", re.DOTALL),
    # E.164: a plus, the country's code and the number, 15 digits at most.
    SMS: re.compile(r"\+[1-9][0-9]{6,14}"),
    PUSH: re.compile(r"\S{8,4096}"),
}

_OF_DEVICES: Final = "devices:"

_IN_TEXT = re.compile(r"[^\s<>,;:\"'()=\[\]]+@[^\s<>,;:\"'()=\[\]]+|\+[1-9][0-9]{6,14}(?![0-9])")


def normalize_address(address: str) -> str:
    """Give an address in the form in which one that is written otherwise is the same."""
    return address.casefold()


def address_key(channel: str, address: str) -> str:
    """Give the key of an address: the same for every channel that reaches somebody by the same trait."""
    return digest("address", ADDRESS_TRAITS.get(channel, channel), normalize_address(address))


def devices_address(customer_id: str) -> str:
    """Give the address that stands for all devices which somebody told us of: for pushes they are one."""
    return _OF_DEVICES + digest("devices", customer_id)


def is_of_devices(address: str) -> bool:
    """Tell whether an address stands for somebody's devices, and is not the token of one."""
    return address.startswith(_OF_DEVICES)


def address_keys(traits: Mapping[str, object]) -> set[str]:
    """Give the keys of somebody's addresses, by the traits that hold them."""
    found = {channel: traits.get(trait) for channel, trait in ADDRESS_TRAITS.items()}
    return {address_key(channel, said) for channel, said in found.items() if isinstance(said, str) and said}


def address_on(channel: str, traits: Mapping[str, Scalar], bounced: Collection[str]) -> str | None:
    """Give somebody's address on a channel; None when they have none or it is suppressed.

    Args:
        channel: The channel.
        traits: What is known of them.
        bounced: Keys of addresses that are suppressed; or the addresses themselves, as they were kept before.
    """
    address = traits.get(ADDRESS_TRAITS[channel])
    if not isinstance(address, str) or is_suppressed(channel, traits, bounced):
        return None
    return address if _FORMS[channel].fullmatch(address) else None


def is_suppressed(channel: str, traits: Mapping[str, Scalar], bounced: Collection[str]) -> bool:
    """Tell whether somebody has an address on a channel that is suppressed; as ``address_on``."""
    address = traits.get(ADDRESS_TRAITS[channel]) if bounced else None
    if not isinstance(address, str):
        return False
    return address in bounced or address_key(channel, address) in bounced


def hide_address(address: str) -> str:
    """Give an address with most of it hidden, as ``a***@example.com``: who knows it knows it again."""
    local, at, domain = address.casefold().rpartition("@")
    if at:
        return f"{local[:1]}***@{domain}"
    return f"{address[:4]}***"


def hide_addresses(text: str) -> str:
    """Give a text with most of every mail address and phone number in it hidden."""
    return _IN_TEXT.sub(lambda found: hide_address(found[0]), text)
