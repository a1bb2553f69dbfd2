"""Payers: the household that would pay for what was shown, as it is at this very moment.

For whoever takes an acceptance, or asks somebody who may accept. The law: roles and holdings count from the
moment they are in the ledger, also when the worker is behind.
"""

from __future__ import annotations

import msgspec

from upsell.clock import Moment
from upsell.decisions.holdings import Holdings
from upsell.errors import StoreError
from upsell.ids import SHARDS, UnitId, account_unit, bare, customer_unit, is_account
from upsell.journeys.advance import concerns_for
from upsell.journeys.household import Household, empty_household
from upsell.journeys.program import Program
from upsell.journeys.scene import Scene
from upsell.runtime.programs import Programs
from upsell.runtime.snapshot import take_pending
from upsell.store.acceptances import Showing
from upsell.store.connect import Connection, one_moment
from upsell.store.cursors import read_cursors
from upsell.store.identities import find_identities
from upsell.store.queries import query


class Home(msgspec.Struct, frozen=True):
    """Whom an offer was made to by who they are today, with the household that pays and what it has."""

    unit_id: UnitId
    household: Household
    holdings: Holdings


def newest_program(programs: Programs) -> Program:
    """Give what is live.

    Raises:
        StoreError: Nothing is, or it does not compile.
    """
    newest = programs.newest()
    if newest is None:
        msg = "expected definitions that are live, found none; put some live with `upsell apply`"
        raise StoreError(msg)
    return programs.program(newest.number)


def id_today(connection: Connection, customer_id: str) -> str:
    """Give who somebody is today: the one they went into, if they did."""
    known = find_identities(connection, [customer_id]).get(customer_id)
    return known.customer_id if known is not None else customer_id


def find_home(connection: Connection, program: Program, showing: Showing, who: str, now: Moment) -> Home:
    """Read the household of what was shown, as of now, with the roles of who accepts."""
    unit_id, household_id = showing.unit_id, showing.unit_id
    with one_moment(connection):
        if not is_account(unit_id):
            customer_id = id_today(connection, bare(unit_id))
            unit_id = household_id = customer_unit(customer_id)
            values = {"customers": [customer_id]}
            for _, account_id in connection.execute(query("find_members"), values, binary=True):
                household_id = account_unit(account_id)
        people = {who} if is_account(unit_id) else {who, bare(unit_id)}
        cursors = read_cursors(connection, range(SHARDS))
        homes = take_pending(connection, program, {household_id: people}, cursors, now)
    household = homes.households.get(household_id) or empty_household(household_id)
    scene = Scene(program, concerns_for(program), household)
    scene.now = max(now, household.taken_at)
    return Home(unit_id, household, scene.facts(scene.principal()).holdings)
