"""Households: read whole, advanced in memory, and only what changed is written again.

For the worker, which holds the rows it takes, and for the dispatcher and ``explain``, which read a
copy. The law: a unit is in one household at a time, and members of an account are read only when
they are concerned: named, in a role someone addresses, engaged, or due.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from upsell.clock import Moment
from upsell.decisions.contact import Contact
from upsell.ids import UnitId, bare, customer_unit, is_account, shard_of
from upsell.journeys.household import Household, Unit, empty_household
from upsell.journeys.merging import rename_member
from upsell.rules.facts import Scalar
from upsell.signals.profiles import Profile
from upsell.store.connect import Connection
from upsell.store.identities import find_identities, forget_records
from upsell.store.queries import query
from upsell.store.rosters import Rosters, keep_rosters, read_rosters, read_whole_rosters, rename_members
from upsell.store.tasks import move_tasks

_encode = msgspec.json.Encoder().encode
_decode_unit = msgspec.json.Decoder(Unit).decode
_decode_engaged = msgspec.json.Decoder(list[str]).decode
_shard_of = lru_cache(maxsize=65_536)(shard_of)


class Reading(enum.Enum):
    """How rows are read: taken and held until the transaction ends, or only read."""

    TAKE = "take"
    READ = "read"


class Row(msgspec.Struct, frozen=True):
    """What a unit's row said."""

    unit_id: UnitId
    household_id: UnitId
    state: str
    engaged: str | None
    taken_at: Moment


class Homes:
    """Households in memory beside what their rows said.

    Attributes:
        households: The households by id, changed in place by whoever advances them.
    """

    def __init__(self) -> None:
        """Begin with nobody."""
        self.households: dict[UnitId, Household] = {}
        self._before: dict[UnitId, Row] = {}
        self._home_of: dict[str, UnitId] = {}
        self._guests: dict[UnitId, set[str]] = {}
        self._gone: dict[str, str] = {}
        self._rosters: Rosters = {}
        self._arrived: dict[UnitId, dict[str, bool]] = {}
        self._carried: dict[str, UnitId] = {}

    def home_of(self, customer_id: str) -> UnitId | None:
        """Give the household in memory that has a customer's record, None when none has."""
        return self._home_of.get(customer_id)

    def move(self, customer_id: str, household_id: UnitId) -> None:
        """Hand a customer's record from the household that has it to another."""
        unit = self.households[self._home_of[customer_id]].customers.pop(customer_id)
        self.households[household_id].customers[customer_id] = unit
        self._arrived.get(self._home_of[customer_id], {}).pop(customer_id, None)
        self._arrived.setdefault(household_id, {})[customer_id] = True
        self._home_of[customer_id] = household_id
        self._carry(unit, household_id)

    def take_arrivals(self, household_id: UnitId) -> Mapping[str, bool]:
        """Give the customers who came into a household since this was asked, each with whether they moved.

        Who did not move is new.
        """
        return self._arrived.pop(household_id, {})

    def guests(self, household_id: UnitId) -> Collection[str]:
        """Give the customers who concern a household beside another: people of several accounts."""
        return sorted(self._guests.get(household_id, ()))

    def invite(self, customer_id: str, household_id: UnitId) -> None:
        """Note that a customer with a home in memory concerns another household too."""
        for concerned in (household_id, self._home_of[customer_id]):
            self._guests.setdefault(concerned, set()).add(customer_id)

    def dismiss(self, customer_id: str, household_id: UnitId) -> None:
        """Note that a customer does not concern a household any more."""
        self._guests.get(household_id, set()).discard(customer_id)

    def forget(self, customer_id: str, stays_id: str) -> None:
        """Let go of a customer whose record went into another's; the row goes with it."""
        self._gone[customer_id] = stays_id
        self._arrived.get(self._home_of.pop(customer_id, ""), {}).pop(customer_id, None)
        for guests in self._guests.values():
            guests.discard(customer_id)

    def gone(self) -> Mapping[str, str]:
        """Give the customers whose rows are to go, each with the one they went into."""
        return self._gone

    def know_roles(self, rosters: Rosters) -> None:
        """Put the roles of members, as far as they were read, into the accounts in memory."""
        for account, members in rosters.items():
            known = self._rosters.setdefault(account, {})
            for customer, roles in members.items():
                if customer not in known:
                    known[customer] = roles
                    self.households[account].roster[customer] = list(roles)

    def rosters(self) -> tuple[Rosters, Rosters]:
        """Give the roles of members as they were read and as they are now."""
        now = {home.id: home.roster for home in self.households.values() if home.account is not None}
        return self._rosters, now

    def settle(self, rows: Iterable[Row], households: Mapping[UnitId, Collection[str]]) -> None:
        """Put rows into these households; a unit without a row begins empty."""
        found = {row.unit_id: row for row in rows}
        self._before.update(found)
        for household_id, customers in households.items():
            household = self.households.get(household_id)
            if household is None:
                household = self.households[household_id] = _open(household_id, found.get(household_id))
            for customer_id in customers:
                self.admit(household, customer_id, found.get(customer_unit(customer_id)))

    def admit(self, household: Household, customer_id: str, row: Row | None) -> None:
        """Put a customer's record into a household, unless some household in memory has it."""
        home = self._home_of.get(customer_id)
        if home is not None:
            if home != household.id:
                self.invite(customer_id, household.id)
            return
        self._home_of[customer_id] = household.id
        if row is None or row.household_id != household.id:
            self._arrived.setdefault(household.id, {})[customer_id] = row is not None
        if row is not None:
            self._before[row.unit_id] = row
            unit = household.customers[customer_id] = _decode_unit(row.state)
            if row.household_id != household.id:
                self._carry(unit, household.id)
        elif customer_id not in household.customers:
            household.customers[customer_id] = Unit(customer_unit(customer_id), Profile())

    def carried(self) -> Mapping[str, UnitId]:
        """Give the tasks that came into another household with whose record they stand in, by key."""
        return self._carried

    def _carry(self, unit: Unit, household_id: UnitId) -> None:
        for key in unit.tasks:
            self._carried[key] = household_id

    def changed(self) -> Iterator[tuple[Any, ...]]:
        """Give, for each unit that differs from its row, the columns of its new one."""
        for household in self.households.values():
            if household.account is not None:
                yield from self._changed(household, household.account)
            for unit in household.customers.values():
                yield from self._changed(household, unit)

    def _changed(self, household: Household, unit: Unit) -> Iterator[tuple[Any, ...]]:
        state = _encode(unit).decode()
        before = self._before.get(unit.id)
        engaged = _encode(household.engaged).decode() if is_account(unit.id) else None
        if before is not None:
            engaged = None if engaged == before.engaged else engaged
            is_same = state == before.state and household.id == before.household_id
            if is_same and engaged is None:
                return
        yield (
            unit.id, household.id, _shard_of(household.id), state, engaged,
            household.taken_at, unit.next_due_at,
        )  # fmt: skip


def load_households(
    connection: Connection,
    wanted: Mapping[UnitId, Collection[str]],
    roles: frozenset[str],
    until: Moment,
    reading: Reading,
    is_stirred: Callable[[Household], bool] | None = None,
) -> Homes:
    """Load households with the members concerned.

    Args:
        connection: Where from; a transaction is open when rows are to be held.
        wanted: Ids of the households, each with the customers its inputs name.
        roles: Roles that some step addresses; who has one is loaded.
        until: Who is due at this moment is loaded.
        reading: Whether rows are held.
        is_stirred: Tells of an account, as it is, whether its inputs concern every member; None for never.
    """
    homes = Homes()
    named = {
        household_id: customers if is_account(household_id) else {*customers, bare(household_id)}
        for household_id, customers in wanted.items()
    }
    accounts = [household_id for household_id in named if is_account(household_id)]
    units = {customer_unit(customer_id) for customers in named.values() for customer_id in customers}
    homes.settle(_rows(connection, reading, "units", units=[*accounts, *units]), named)
    if not accounts:
        return homes
    everyone = {customer_id for customers in named.values() for customer_id in customers}
    homes.know_roles(read_rosters(connection, accounts, everyone, roles))
    concerned = {account: _concerned(homes.households[account], roles) for account in accounts}
    missing = {
        account: [customer_id for customer_id in customers if homes.home_of(customer_id) != account]
        for account, customers in concerned.items()
    }
    asked = {customer_id for customers in missing.values() for customer_id in customers}
    if asked:
        homes.settle(*_of_today(connection, homes, missing, asked, reading))
    for row in _rows(connection, reading, "due_members", households=accounts, until=until):
        homes.admit(homes.households[row.household_id], bare(row.unit_id), row)
    stirred = [each for each in accounts if is_stirred is not None and is_stirred(homes.households[each])]
    for row in _rows(connection, reading, "members", households=stirred) if stirred else ():
        homes.admit(homes.households[row.household_id], bare(row.unit_id), row)
    return homes


def _members(connection: Connection, reading: Reading, customer_ids: Iterable[str]) -> list[Row]:
    units = sorted(customer_unit(customer_id) for customer_id in customer_ids)
    return list(_rows(connection, reading, "units", units=units))


def _of_today(
    connection: Connection,
    homes: Homes,
    missing: Mapping[UnitId, Collection[str]],
    asked: Collection[str],
    reading: Reading,
) -> tuple[list[Row], Mapping[UnitId, Collection[str]]]:
    """Read the members asked for; one without a record who went into another is called by that id.

    The merge was taken in another household, which could not change the roster of this one.
    """
    rows = _members(connection, reading, [c for c in asked if homes.home_of(c) is None])
    found = {row.unit_id for row in rows}
    lost = {c for customers in missing.values() for c in customers if customer_unit(c) not in found}
    known = find_identities(connection, [c for c in sorted(lost) if homes.home_of(c) is None])
    if not known:
        return rows, missing
    for account in missing:
        for gone_id, identity in known.items():
            rename_member(homes.households[account], gone_id, identity.customer_id)
    today = {
        account: sorted({known[c].customer_id if c in known else c for c in customers})
        for account, customers in missing.items()
    }
    others = {identity.customer_id for identity in known.values()}
    new = [c for c in sorted(others) if customer_unit(c) not in found and homes.home_of(c) is None]
    return [*rows, *_members(connection, reading, new)], today


def load_all_members(connection: Connection, household_ids: Iterable[UnitId]) -> Homes:
    """Load households with every member they have, and hold the rows."""
    homes = Homes()
    named = {h: () if is_account(h) else (bare(h),) for h in household_ids}
    units = list(named)
    homes.settle(_rows(connection, Reading.TAKE, "units", units=units), named)
    accounts = [household_id for household_id in named if is_account(household_id)]
    homes.know_roles(read_whole_rosters(connection, accounts))
    for row in _rows(connection, Reading.TAKE, "members", households=accounts):
        homes.admit(homes.households[row.household_id], bare(row.unit_id), row)
    return homes


def keep_households(connection: Connection, homes: Homes) -> int:
    """Write every unit that differs from its row, and where its tasks are now; give how many units did."""
    rows = list(homes.changed())
    if rows:
        names = ("units", "households", "shards", "states", "engaged", "taken", "dues")
        values = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
        connection.execute(query("keep_units"), values)
    keep_rosters(connection, *homes.rosters())
    rename_members(connection, homes.gone())
    forget_records(connection, homes.gone())
    move_tasks(connection, homes.carried())
    return len(rows)


def find_due_households(
    connection: Connection, shards: Collection[int], until: Moment, limit: int
) -> list[UnitId]:
    """Give households that time concerns at ``until``, at most ``limit`` of each shard."""
    values = {"shards": list(shards), "until": until, "limit": limit}
    return [row[0] for row in connection.execute(query("find_due_households"), values, binary=True)]


def find_next_due(connection: Connection, shards: Collection[int]) -> Moment | None:
    """Give when time next concerns anyone in the shards, None when nobody waits for time."""
    row = connection.execute(query("find_next_due"), {"shards": list(shards)}, binary=True).fetchone()
    return row[0] if row is not None else None


def find_households(connection: Connection, shard: int, after: UnitId, limit: int) -> list[UnitId]:
    """Give households of a shard in order of their ids, those after ``after``."""
    values = {"shard": shard, "after": after, "limit": limit}
    return [row[0] for row in connection.execute(query("find_households"), values, binary=True)]


def find_homes(connection: Connection, unit_ids: Collection[UnitId]) -> dict[UnitId, UnitId]:
    """Give the household each unit lives in; one never heard of is absent."""
    found = connection.execute(query("find_homes"), {"units": list(unit_ids)}, binary=True)
    return dict(found.fetchall())


def read_traits(connection: Connection, customer_id: str) -> Mapping[str, Scalar]:
    """Give the traits of a customer as they are kept; none when never heard of."""
    return read_unit_traits(connection, customer_unit(customer_id))


def read_unit_traits(connection: Connection, unit_id: UnitId) -> Mapping[str, Scalar]:
    """Give the traits of a customer or an account as they are kept; none when never heard of."""
    row = connection.execute(query("read_state"), {"unit": unit_id}).fetchone()
    return _decode_unit(row[0]).profile.traits if row is not None else {}


def read_contacts(connection: Connection, customer_ids: Collection[str]) -> dict[str, Contact]:
    """Give what customers allow, as it is kept; who was never heard of is absent."""
    if not customer_ids:
        return {}
    rows = _members(connection, Reading.READ, customer_ids)
    return {bare(row.unit_id): _decode_unit(row.state).contact for row in rows}


def read_household(connection: Connection, unit_id: UnitId, roles: frozenset[str], now: Moment) -> Household:
    """Read the household a unit lives in, with the members concerned; empty when never heard of."""
    household_id = find_homes(connection, [unit_id]).get(unit_id, unit_id)
    named = () if is_account(unit_id) else (bare(unit_id),)
    homes = load_households(connection, {household_id: named}, roles, now, Reading.READ)
    return homes.households[household_id]


def _rows(connection: Connection, reading: Reading, which: str, **values: object) -> Iterator[Row]:
    for row in connection.execute(query(f"{reading.value}_{which}"), values, binary=True):
        yield Row(*row)


def _open(household_id: UnitId, row: Row | None) -> Household:
    household = empty_household(household_id)
    if not is_account(household_id):
        # The customer's own record is admitted like anyone else's.
        household.customers.clear()
    if row is None:
        return household
    household.taken_at = row.taken_at
    if is_account(household_id):
        household.account = _decode_unit(row.state)
        household.engaged = _decode_engaged(row.engaged or "[]")
    return household


def _concerned(household: Household, roles: frozenset[str]) -> list[str]:
    addressed = [customer for customer, held in household.roster.items() if not roles.isdisjoint(held)]
    return [*addressed, *household.engaged]
