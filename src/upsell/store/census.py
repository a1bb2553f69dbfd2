"""The census: counts of units, messages and refusals, for whoever asks how the program is."""

from __future__ import annotations

import msgspec

from upsell.clock import Moment
from upsell.rules.facts import Scalar
from upsell.store.connect import Connection
from upsell.store.queries import query


class Population(msgspec.Struct, frozen=True):
    """How many customers there are, how many of them in an account, and how many accounts."""

    customers: int
    in_account: int
    accounts: int


class Refused(msgspec.Struct, frozen=True):
    """How many items of a source were refused with a code, when last, and what was said then."""

    source: str
    code: str
    count: int
    last_at: Moment
    message: str


class _ProfileTraits(msgspec.Struct):
    traits: dict[str, Scalar] = {}


class _UnitTraits(msgspec.Struct):
    profile: _ProfileTraits


_decode = msgspec.json.Decoder(_UnitTraits).decode


def count_units(connection: Connection) -> Population:
    """Count the units that are kept."""
    return Population(*(connection.execute(query("count_units")).fetchone() or (0, 0, 0)))


def count_rejections(connection: Connection, since: Moment) -> list[Refused]:
    """Count what was refused since a moment, the most frequent first."""
    return [
        Refused(*row) for row in connection.execute(query("count_rejections"), {"since": since}, binary=True)
    ]


def sample_traits(connection: Connection, prefix: str, limit: int) -> list[dict[str, Scalar]]:
    """Give the traits of up to ``limit`` units of one kind: ``a:`` or ``c:``."""
    values = {"like": f"{prefix}%", "limit": limit}
    return [_decode(row[0]).profile.traits for row in connection.execute(query("sample_units"), values)]
