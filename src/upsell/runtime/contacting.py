"""Contacting: a customer of whom the team says that they are left alone, and who says that they are not.

For pages; the same as ``upsell suppressions`` for each address of one customer. The laws: what the team said
the team takes back; what customers said themselves, by withdrawing or by calling a message spam, stands until
they say otherwise; and what refused mail is no word of anybody's, and is settled where that is looked into.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from upsell.clock import Clock
from upsell.decisions.addresses import address_key, hide_address
from upsell.decisions.reach import ADDRESS_TRAITS
from upsell.errors import ConfigError
from upsell.ids import UnitId, bare, is_account
from upsell.runtime.suppressing import free_all_by_hand, suppress_all_by_hand
from upsell.store.acts import Act, add_act
from upsell.store.connect import Connection
from upsell.store.households import find_homes, read_unit_traits
from upsell.store.suppressions import Cause, Suppressed, read_suppressed


class Reached(msgspec.Struct, frozen=True):
    """An address of a customer, and why nothing is sent there.

    Attributes:
        channel: By what it is reached.
        address: It.
        suppressed: Why nothing is sent there; None where it may be.
    """

    channel: str
    address: str
    suppressed: Suppressed | None

    @property
    def is_stopped_by_hand(self) -> bool:
        """Tell whether the team said so, so that the team may take it back."""
        return self.suppressed is not None and self.suppressed.cause is Cause.BY_HAND


def read_reached(connection: Connection, traits: Mapping[str, object]) -> tuple[Reached, ...]:
    """Give the addresses among somebody's traits, and which of them are suppressed."""
    said = {channel: traits.get(trait) for channel, trait in ADDRESS_TRAITS.items()}
    addresses = {
        channel: address for channel, address in said.items() if isinstance(address, str) and address
    }
    keys = {channel: address_key(channel, address) for channel, address in addresses.items()}
    held = read_suppressed(connection, set(keys.values()))
    return tuple(Reached(channel, address, held.get(keys[channel])) for channel, address in addresses.items())


def stop_contact(connection: Connection, clock: Clock, unit_id: UnitId, by: str, why: str) -> int:
    """Let nothing be sent to any address of a customer; give how many addresses that is new for.

    Raises:
        ConfigError: They are no customer, nothing is known of them, or nothing would change.
    """
    with connection.transaction():
        reached = _reached(connection, unit_id)
        free = [(each.channel, each.address) for each in reached if each.suppressed is None]
        if not free:
            why_not = "none is known" if not reached else "each is suppressed already"
            msg = f"expected an address of {bare(unit_id)} that is written to, but {why_not}"
            raise ConfigError(msg)
        held = suppress_all_by_hand(connection, clock, free, by, why)
        add_act(connection, Act.CONTACT_STOPPED, by, bare(unit_id), _words(free), why, clock.now())
        return len(held)


def resume_contact(connection: Connection, clock: Clock, unit_id: UnitId, by: str, why: str) -> int:
    """Take back what the team said of a customer's addresses; give how many may be written to again.

    Raises:
        ConfigError: They are no customer, nothing is known of them, or the team said nothing.
    """
    with connection.transaction():
        reached = _reached(connection, unit_id)
        stopped = [(each.channel, each.address) for each in reached if each.is_stopped_by_hand]
        if not stopped:
            msg = (
                f"expected an address of {bare(unit_id)} that somebody of the team suppressed, but there is "
                "none; what customers said themselves is theirs to take back, and what refused mail is "
                "settled with `upsell suppressions remove`"
            )
            raise ConfigError(msg)
        freed = free_all_by_hand(connection, clock, stopped, by, why, Cause.BY_HAND)
        add_act(connection, Act.CONTACT_RESUMED, by, bare(unit_id), _words(stopped), why, clock.now())
        return len(freed)


def _reached(connection: Connection, unit_id: UnitId) -> tuple[Reached, ...]:
    if is_account(unit_id) or not unit_id.isprintable() or not find_homes(connection, [unit_id]):
        msg = f"expected a customer that something is known of, got {unit_id[:80]!r}"
        raise ConfigError(msg)
    return read_reached(connection, read_unit_traits(connection, unit_id))


def _words(addresses: list[tuple[str, str]]) -> str:
    return ", ".join(f"{channel} {hide_address(address)}" for channel, address in addresses)
