"""Moments in the database: ``timestamptz`` there, whole microseconds here, nothing lost between.

For everything that opens a connection. PostgreSQL keeps microseconds since 2000-01-01 in UTC, so
the way there and back is one addition. A moment travels into a statement as ``moment(%s)``, the
function of the first migration, and into a COPY as it is.
"""

from __future__ import annotations

import struct

import psycopg
from psycopg.adapt import Buffer, Dumper, Loader
from psycopg.pq import Format
from psycopg.types.datetime import TimestamptzLoader

from upsell.clock import Moment, from_datetime

_TIMESTAMPTZ = psycopg.adapters.types["timestamptz"].oid
_SINCE_1970: Moment = 946_684_800_000_000
_LONG = struct.Struct("!q")


class _MomentDumper(Dumper):
    """Writes a moment as a binary ``timestamptz``; chosen by column, never by Python type."""

    format = Format.BINARY
    oid = _TIMESTAMPTZ

    def dump(self, obj: Moment) -> bytes:
        return _LONG.pack(obj - _SINCE_1970)


class _BinaryMomentLoader(Loader):
    format = Format.BINARY

    def load(self, data: Buffer) -> Moment:
        found: int = _LONG.unpack(data)[0]
        return found + _SINCE_1970


class _TextMomentLoader(TimestamptzLoader):
    def load(self, data: Buffer) -> Moment:  # type: ignore[override]
        return from_datetime(super().load(data))


def teach_moments(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Make a connection read every ``timestamptz`` as a moment, and take moments in COPY."""
    connection.adapters.register_dumper(None, _MomentDumper)
    connection.adapters.register_loader(_TIMESTAMPTZ, _BinaryMomentLoader)
    connection.adapters.register_loader(_TIMESTAMPTZ, _TextMomentLoader)
