"""Readers: whom a message was for, and what the catalog said when it was written.

For the pages that links in mail lead to. The law: what is known of a reader is as of now, by the id they
have today; what was said to them is as it was then.
"""

from __future__ import annotations

import msgspec

from upsell.clock import Moment
from upsell.decisions.hours import zone_of
from upsell.decisions.reach import ADDRESS_TRAITS
from upsell.ids import bare, is_account
from upsell.journeys.effects import Speak
from upsell.journeys.household import Household
from upsell.journeys.program import Program
from upsell.rules.facts import Scalar
from upsell.runtime.identities import Identity
from upsell.runtime.preferences import masked
from upsell.runtime.programs import Programs


class Reader(msgspec.Struct, frozen=True):
    """Whom the message was for.

    Attributes:
        customer_id: Who, by the id they have today.
        account_id: The account that would pay, None for themselves.
        account_name: What it is called; empty for themselves.
        address: Their address, masked; empty when there is none any more.
        traits: What is known of them.
        zone: The zone of their clock.
    """

    customer_id: str
    account_id: str | None
    account_name: str
    address: str
    traits: dict[str, Scalar]
    zone: str

    @property
    def identity(self) -> Identity:
        """Who they are to whoever takes an answer."""
        return Identity(self.customer_id, self.account_id)


def program_when(programs: Programs, offer_id: str, at: Moment) -> Program | None:
    """Give what was live at a moment and has an offer, or the last before that had it, else the first after.

    What does not compile with this release is passed over; None where nothing is left.
    """
    newest = programs.newest()
    known: Program | None = None
    for number in range(1, (newest.number if newest is not None else 0) + 1):
        program = programs.compiled(number)
        if program is None or offer_id not in program.catalog.offers:
            continue
        if known is None or programs.revision(number).live_at <= at:
            known = program
    return known


def reader_of(program: Program, household: Household, message: Speak) -> Reader:
    """Tell whom a message was for."""
    person = household.customers.get(message.customer_id)
    traits = dict(person.profile.traits) if person is not None else {}
    account = household.account.profile.traits if household.account is not None else {}
    account_id = bare(household.account.id) if household.account is not None else None
    name = str(account.get("name") or account_id) if account_id is not None else ""
    address = masked(message.channel, traits.get(ADDRESS_TRAITS.get(message.channel, "")))
    zone = zone_of(traits, account, program.zone)
    return Reader(message.customer_id, account_id, name, address, traits, zone)


def may_decide(program: Program, household: Household, customer_id: str) -> bool:
    """Tell whether somebody may decide for whoever pays: for themselves, or by a role in the account."""
    roles = household.roster.get(customer_id, [])
    return not is_account(household.id) or not program.accepting.roles.isdisjoint(roles)
