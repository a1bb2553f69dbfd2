"""Rosters: who is a member of which account and in which roles, read as far as it concerns anybody.

The law: an event in an account reads and writes the roles of those it concerns, however many members
there are; so the roster of a household in memory may be a part of the whole.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TypeAlias

from upsell.ids import UnitId
from upsell.store.connect import Connection
from upsell.store.queries import query

Rosters: TypeAlias = dict[UnitId, dict[str, list[str]]]
"""Roles of members by account and customer id; a member without a role has none in the list."""


def read_rosters(
    connection: Connection,
    accounts: Collection[UnitId],
    customers: Collection[str],
    roles: Collection[str],
) -> Rosters:
    """Read the members of accounts who are named or have one of the roles."""
    values = {"households": list(accounts), "customers": list(customers), "roles": sorted(roles)}
    return _gathered(connection.execute(query("read_rosters"), values, binary=True))


def read_whole_rosters(connection: Connection, accounts: Collection[UnitId]) -> Rosters:
    """Read every member of accounts."""
    values = {"households": list(accounts)}
    return _gathered(connection.execute(query("read_whole_rosters"), values, binary=True))


def keep_rosters(
    connection: Connection, before: Rosters, after: Mapping[UnitId, Mapping[str, list[str]]]
) -> None:
    """Write what differs between rosters as they were read and as they are now."""
    changed = [
        (account, customer)
        for account, members in after.items()
        for customer in {*members, *before.get(account, {})}
        if members.get(customer) != before.get(account, {}).get(customer)
    ]
    if not changed:
        return
    _forget(connection, changed)
    _write(connection, {key: after[key[0]][key[1]] for key in changed if key[1] in after[key[0]]})


def rename_members(connection: Connection, gone: Mapping[str, str]) -> None:
    """Call members by the ids they went into, in every account there is, with the roles of both."""
    if not gone:
        return
    values = {"customers": [*gone, *gone.values()]}
    held = _gathered(connection.execute(query("read_roles_elsewhere"), values, binary=True))
    old: list[tuple[UnitId, str]] = []
    new: dict[tuple[UnitId, str], list[str]] = {}
    for account, members in held.items():
        for gone_id, stays_id in gone.items():
            if gone_id in members:
                both = [*new.get((account, stays_id), members.get(stays_id, ())), *members[gone_id]]
                new[account, stays_id] = list(dict.fromkeys(both))
                old += [(account, gone_id), (account, stays_id)]
    if old:
        _forget(connection, old)
        _write(connection, new)


def _gathered(rows: Iterable[tuple[UnitId, str, str]]) -> Rosters:
    rosters: Rosters = {}
    for account, customer, role in rows:
        roles = rosters.setdefault(account, {}).setdefault(customer, [])
        if role:
            roles.append(role)
    return rosters


def _forget(connection: Connection, members: Iterable[tuple[UnitId, str]]) -> None:
    accounts, customers = map(list, zip(*members, strict=True))
    connection.execute(query("forget_roles"), {"households": accounts, "customers": customers})


def _write(connection: Connection, members: Mapping[tuple[UnitId, str], list[str]]) -> None:
    rows = [
        (account, customer, place, role)
        for (account, customer), roles in members.items()
        for place, role in enumerate(dict.fromkeys(roles) or ("",), 1)
    ]
    if rows:
        names = ("households", "customers", "places", "roles")
        columns = map(list, zip(*rows, strict=True))
        connection.execute(query("keep_roles"), dict(zip(names, columns, strict=True)))
