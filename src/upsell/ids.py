"""Names of units and stable keys: how everything that is counted or sent is told apart.

A unit id carries its kind in its first two characters (``a:`` account, ``c:`` customer), so an
account and a customer that share a name never meet. The law: keys are made of what they stand
for, never drawn, so the same facts give the same key on any machine.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TypeAlias

UnitId: TypeAlias = str
"""``a:<account id>`` or ``c:<customer id>``; a household has the id of its account or customer."""

SHARDS = 16
"""How many shards households are spread over; fixed, because it is stored with each row."""


def account_unit(account_id: str) -> UnitId:
    """Give the unit id of an account."""
    return "a:" + account_id


def customer_unit(customer_id: str) -> UnitId:
    """Give the unit id of a customer."""
    return "c:" + customer_id


def is_account(unit_id: UnitId) -> bool:
    """Tell whether a unit is an account."""
    return unit_id.startswith("a:")


def bare(unit_id: UnitId) -> str:
    """Give the account's or customer's own id, without the kind."""
    return unit_id[2:]


def anonymous_customer(anonymous_id: str) -> str:
    """Give the customer id of a visitor who has not said who they are, from their device's id."""
    return "anon:" + anonymous_id


def is_anonymous(customer_id: str) -> bool:
    """Tell whether a customer id is that of a visitor who has not said who they are."""
    return customer_id.startswith("anon:")


def digest(*parts: str) -> str:
    """Give 128 bits of BLAKE2b over the parts, as 32 hexadecimal characters.

    Parts are joined by a byte that text cannot hold, so ``("ab", "c")`` and ``("a", "bc")`` differ.
    """
    return blake2b("\xff".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def share(*parts: str) -> float:
    """Give a number in [0, 1) that is even over units and the same everywhere: 53 bits of BLAKE2b."""
    whole = blake2b("\xff".join(parts).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return (int.from_bytes(whole, "big") >> 11) / (1 << 53)


def shard_of(household_id: UnitId) -> int:
    """Give the shard, 0 to ``SHARDS`` - 1, that a household lives in."""
    return int(digest("shard", household_id)[:8], 16) % SHARDS
