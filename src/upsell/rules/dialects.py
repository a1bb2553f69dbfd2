"""Where databases differ: how each reads JSON, moments and text.

``sql.py`` writes all that is the same everywhere and asks a ``Dialect`` for the rest. The law: a
value is read from JSON exactly as ``kinds.py`` reads it in Python, so another kind is null and
nothing ever raises. Moments are microseconds since 1970 (``bigint``) in every expression.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import assert_never

from upsell.clock import Duration
from upsell.rules.kinds import LARGEST, SMALLEST, Kind

_DATE_FORM = (
    "([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    "|02-(0[1-9]|1[0-9]|2[0-8]))"
    "|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)"
)
_CLOCK_FORM = "([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.,][0-9]{1,9})?)?"
_ZONE_FORM = "([Zz]|[+-]([01][0-9]|2[0-3]):?[0-5][0-9])"
MOMENT_FORM = f"^{_DATE_FORM}[Tt ]{_CLOCK_FORM}{_ZONE_FORM}$"
"""ISO 8601 date-times with a zone that exist in the calendar, years 0001 to 9999 (0000 is refused apart)."""


class Dialect(ABC):
    """What differs from database to database."""

    @abstractmethod
    def micros(self, timestamp: str) -> str:
        """Write a ``timestamptz`` as microseconds since 1970."""

    @abstractmethod
    def after(self, timestamp: str, now: str, window: Duration) -> str:
        """Write that a timestamp is later than a window before ``now``."""

    @abstractmethod
    def ordered(self, text: str) -> str:
        """Write a text so that it is compared by code point."""

    @abstractmethod
    def text(self, json: str, name: str) -> str:
        """Write the text of a member, whatever its type; null when it is absent."""

    @abstractmethod
    def is_type(self, json: str, name: str, kind: Kind) -> str:
        """Write whether a member has the JSON type that a kind is read from."""

    @abstractmethod
    def number(self, json: str, name: str) -> str:
        """Write a member as a double; null when it is none or beyond ``LARGEST``."""

    @abstractmethod
    def has_form(self, text: str, form: str) -> str:
        """Write whether a text matches a regular expression from its ``^`` to its ``$``."""

    def value(self, json: str, name: str, kind: Kind) -> str:
        """Write a member read as a kind; null when it is of another."""
        match kind:
            case Kind.NUMBER:
                return self.number(json, name)
            case Kind.TEXT:
                return f"(CASE WHEN {self.is_type(json, name, kind)} THEN {self.text(json, name)} END)"
            case Kind.BOOLEAN:
                truth = f"CAST({self.text(json, name)} AS BOOLEAN)"
                return f"(CASE WHEN {self.is_type(json, name, kind)} THEN {truth} END)"
            case Kind.MOMENT:
                return self._moment(json, name)
            case _:
                assert_never(kind)

    def is_present(self, json: str, name: str) -> str:
        """Write whether a member is a text, a number or a boolean; never null."""
        types = [self.is_type(json, name, kind) for kind in (Kind.TEXT, Kind.NUMBER, Kind.BOOLEAN)]
        return f"COALESCE({' OR '.join(types)}, FALSE)"

    def _moment(self, json: str, name: str) -> str:
        """Write an ISO text as microseconds, digit by digit: no database's own reading is trusted."""
        text = self.text(json, name)
        zone = f"RIGHT(REPLACE(RIGHT({text}, 6), ':', ''), 5)"
        clock = f"(CAST(SUBSTR({text}, 12, 2) AS BIGINT) * 60 + CAST(SUBSTR({text}, 15, 2) AS BIGINT)) * 60"
        second = (
            f"(CASE WHEN SUBSTR({text}, 17, 1) = ':' THEN CAST(SUBSTR({text}, 18, 2) AS BIGINT) ELSE 0 END)"
        )
        digits = f"RPAD(REGEXP_REPLACE(SUBSTR({text}, 21), '[^0-9].*$', ''), 6, '0')"
        fraction = f"(CASE WHEN SUBSTR({text}, 20, 1) IN ('.', ',') THEN CAST({digits} AS BIGINT) ELSE 0 END)"
        offset = (
            f"(CASE WHEN RIGHT({text}, 1) IN ('Z', 'z') THEN 0 ELSE "
            f"(CASE WHEN LEFT({zone}, 1) = '-' THEN -60 ELSE 60 END) * "
            f"(CAST(SUBSTR({zone}, 2, 2) AS BIGINT) * 60 + CAST(SUBSTR({zone}, 4, 2) AS BIGINT)) END)"
        )
        days = f"CAST(CAST(SUBSTR({text}, 1, 10) AS DATE) - DATE '1970-01-01' AS BIGINT)"
        seconds = f"({days} * 86400 + {clock} + {second} - {offset})"
        is_moment = (
            f"{self.is_type(json, name, Kind.MOMENT)} AND {self.has_form(text, MOMENT_FORM)} "
            f"AND LEFT({text}, 4) <> '0000'"
        )
        return f"(CASE WHEN {is_moment} THEN {seconds} * 1000000 + {fraction} END)"


class DuckDB(Dialect):
    """DuckDB, over columns of type ``json``."""

    def micros(self, timestamp: str) -> str:
        """Write a ``timestamptz`` as microseconds since 1970."""
        return f"epoch_us({timestamp})"

    def after(self, timestamp: str, now: str, window: Duration) -> str:
        """Write that a timestamp is later than a window before ``now``."""
        return f"epoch_us({timestamp}) > epoch_us({now}) - {window}"

    def ordered(self, text: str) -> str:
        """Write a text as it is: DuckDB compares its bytes, and so its code points."""
        return text

    def text(self, json: str, name: str) -> str:
        """Write the text of a member, whatever its type; null when it is absent."""
        return f"json_extract_string({json}, {_path(name)})"

    def is_type(self, json: str, name: str, kind: Kind) -> str:
        """Write whether a member has the JSON type that a kind is read from."""
        found = f"json_type({json}, {_path(name)})"
        match kind:
            case Kind.NUMBER:
                return f"{found} IN ('UBIGINT', 'BIGINT', 'HUGEINT', 'DOUBLE')"
            case Kind.BOOLEAN:
                return f"{found} = 'BOOLEAN'"
            case Kind.TEXT | Kind.MOMENT:
                return f"{found} = 'VARCHAR'"
            case _:
                assert_never(kind)

    def number(self, json: str, name: str) -> str:
        """Write a member as a double; null when it is none or beyond ``LARGEST``."""
        number = f"TRY_CAST({self.text(json, name)} AS DOUBLE)"
        return (
            f"(CASE WHEN NOT ({self.is_type(json, name, Kind.NUMBER)}) THEN NULL "
            f"WHEN abs({number}) < CAST('{SMALLEST!r}' AS DOUBLE) THEN CAST('0.0' AS DOUBLE) "
            f"WHEN abs({number}) <= CAST('{LARGEST!r}' AS DOUBLE) THEN {number} END)"
        )

    def has_form(self, text: str, form: str) -> str:
        """Write whether a text matches a regular expression from its ``^`` to its ``$``."""
        return f"regexp_full_match({text}, '{form}')"


class Postgres(Dialect):
    """PostgreSQL, over columns of type ``jsonb``."""

    def micros(self, timestamp: str) -> str:
        """Write a ``timestamptz`` as microseconds since 1970."""
        return f"CAST(EXTRACT(EPOCH FROM {timestamp}) * 1000000 AS BIGINT)"

    def after(self, timestamp: str, now: str, window: Duration) -> str:
        """Write that a timestamp is later than a window before ``now``, so that an index serves."""
        return f"{timestamp} > {now} - INTERVAL '{window} microseconds'"

    def ordered(self, text: str) -> str:
        """Write a text in the collation that compares bytes, and so code points."""
        return f'({text} COLLATE "C")'

    def text(self, json: str, name: str) -> str:
        """Write the text of a member, whatever its type; null when it is absent."""
        return f"({json} ->> {quoted(name)})"

    def is_type(self, json: str, name: str, kind: Kind) -> str:
        """Write whether a member has the JSON type that a kind is read from."""
        found = f"jsonb_typeof({json} -> {quoted(name)})"
        match kind:
            case Kind.NUMBER:
                return f"{found} = 'number'"
            case Kind.BOOLEAN:
                return f"{found} = 'boolean'"
            case Kind.TEXT | Kind.MOMENT:
                return f"{found} = 'string'"
            case _:
                assert_never(kind)

    def number(self, json: str, name: str) -> str:
        """Write a member as a double; numeric is asked first, as a cast out of range would raise."""
        exact = f"CAST({self.text(json, name)} AS NUMERIC)"
        return (
            f"(CASE WHEN NOT ({self.is_type(json, name, Kind.NUMBER)}) THEN NULL "
            f"WHEN abs({exact}) < {SMALLEST!r} THEN CAST('0.0' AS FLOAT8) "
            f"WHEN abs({exact}) <= {int(LARGEST)} THEN CAST({self.text(json, name)} AS FLOAT8) END)"
        )

    def has_form(self, text: str, form: str) -> str:
        """Write whether a text matches a regular expression from its ``^`` to its ``$``."""
        return f"{text} ~ '{form}'"


def quoted(text: str) -> str:
    """Write a text constant."""
    return "'" + text.replace("'", "''") + "'"


def _path(name: str) -> str:
    """Write a member's name as a JSON path; names hold no quotes, backslashes or asterisks."""
    return quoted(f'$."{name}"')
