"""A rule as SQL: one scalar expression, for asking very many units at once.

The expression stands over a relation ``u`` with the columns ``unit_id text, now timestamptz,
customer, account, plan, subscription, cart, fit, usage, limits`` and the forecast's three (JSON
objects, moments within as ISO 8601 text; ``jsonb`` in PostgreSQL) and a table ``events`` with ``unit_id
text, name text, occurred_at timestamptz, properties`` (JSON). The law: its value is the closure's, for
every unit; a moment is given as microseconds since 1970.
"""

from __future__ import annotations

from typing import Literal, assert_never

from upsell.clock import DAY
from upsell.rules import tree
from upsell.rules.compile import Rule
from upsell.rules.dialects import Dialect, DuckDB, Postgres, quoted
from upsell.rules.facts import Counter, Measure
from upsell.rules.kinds import Kind
from upsell.rules.patterns import write_pattern

DialectName = Literal["duckdb", "postgres"]
"""The databases a rule can be written for."""

_DIALECTS: dict[DialectName, Dialect] = {"duckdb": DuckDB(), "postgres": Postgres()}
_ZERO = "CAST('0.0' AS FLOAT8)"


def to_sql(rule: Rule, dialect: DialectName) -> str:
    """Write a rule as a scalar expression over ``u``, with correlated counts over ``events AS e``."""
    return _Writer(_DIALECTS[dialect], None).value(rule.tree)


class _Writer:
    """Writes the parts of one rule for one database."""

    def __init__(self, dialect: Dialect, properties: str | None) -> None:
        """Begin with a dialect, and with where an event's properties are when writing a condition."""
        self.dialect = dialect
        self.properties = properties

    def value(self, node: tree.Node) -> str:  # noqa: PLR0911, PLR0912  # a case for each node
        """Write one part; SQL's own nulls and three-valued logic do the rest."""
        match node:
            case tree.Null():
                return "NULL"
            case tree.Literal(value=value, kind=kind):
                return _constant(value, kind)
            case tree.Field(name=name, kind=kind) if kind is not None:
                return self.dialect.value(self._scope(node), name, kind)
            case tree.Now():
                return self.dialect.micros("u.now")
            case tree.Measured(quantity=quantity, metric=metric):
                return self._measured(quantity, metric)
            case tree.Counted(counter=counter, condition=condition):
                return self._counted(counter, condition)
            case tree.Elapsed(direction=direction, moment=moment):
                now, then = self.dialect.micros("u.now"), self.value(moment)
                since = direction is tree.Direction.SINCE
                span = f"{now} - {then}" if since else f"{then} - {now}"
                return f"(CAST({span} AS FLOAT8) / {_constant(float(DAY), Kind.NUMBER)})"
            case tree.Shifted(moment=moment, duration=duration):
                return f"({self.value(moment)} {'-' if duration < 0 else '+'} {abs(duration)})"
            case tree.Negated(operand=operand):
                return f"(- {self.value(operand)})"
            case tree.Arithmetic(operation=operation, left=left, right=right):
                divisor = self.value(right)
                if operation is tree.Operation.DIVIDE:
                    divisor = f"NULLIF({divisor}, {_ZERO})"
                return f"({self.value(left)} {operation.value} {divisor})"
            case tree.Compare(comparison=comparison, left=left, right=right):
                return f"({self._ordered(left)} {comparison.value} {self._ordered(right)})"
            case tree.In(operand=operand, choices=choices):
                written = ", ".join(self._ordered(choice) for choice in choices)
                return f"({self._ordered(operand)} IN ({written}))"
            case tree.Like(operand=operand, pieces=pieces):
                pattern = quoted(write_pattern(pieces, "!"))
                return f"({self._ordered(operand)} LIKE {pattern} ESCAPE '!')"
            case tree.IsNull(operand=tree.Field(name=name, kind=None) as field):
                return f"(NOT {self.dialect.is_present(self._scope(field), name)})"
            case tree.IsNull(operand=operand):
                return f"({self.value(operand)} IS NULL)"
            case tree.Not(operand=operand):
                return f"(NOT {self.value(operand)})"
            case tree.Junction(connective=connective, operands=operands):
                return f"({f' {connective.name} '.join(self.value(each) for each in operands)})"
            case tree.Coalesce(operands=operands):
                return f"COALESCE({', '.join(self.value(each) for each in operands)})"
            case tree.Case():
                return self._case(node)
            case tree.Hole() | tree.Signal() | tree.Field():
                msg = f"expected a checked part of a rule, got {type(node).__name__}"
                raise ValueError(msg)
            case _:
                assert_never(node)

    def _scope(self, field: tree.Field) -> str:
        """Write where a field's JSON object is."""
        return f"u.{field.scope}" if self.properties is None else self.properties

    def _ordered(self, node: tree.Node) -> str:
        """Write a part so that, if it is a text, it is compared by code point."""
        written = self.value(node)
        return self.dialect.ordered(written) if tree.kind_of(node) is Kind.TEXT else written

    def _measured(self, quantity: tree.Quantity, metric: str) -> str:
        """Write usage, limit, what is made of both, or the forecast, which stands in columns of its own."""
        used = self.dialect.number("u.usage", metric)
        limit = self.dialect.number("u.limits", metric)
        match quantity:
            case tree.Quantity.USAGE:
                return used
            case tree.Quantity.LIMIT:
                return limit
            case tree.Quantity.RATIO:
                return f"({used} / NULLIF({limit}, {_ZERO}))"
            case tree.Quantity.OVER:
                beyond = f"WHEN {used} > {limit} THEN {used} - {limit}"
                return f"(CASE {beyond} WHEN {used} <= {limit} THEN {_ZERO} END)"
            case tree.Quantity.DAYS_TO_LIMIT | tree.Quantity.DAYS_AT_LEAST | tree.Quantity.DAYS_AT_MOST:
                return self.dialect.number(f"u.{quantity.value}", metric)
            case _:
                assert_never(quantity)

    def _case(self, node: tree.Case) -> str:
        """Write a case with its conditions."""
        branches = " ".join(
            f"WHEN {self.value(condition)} THEN {self.value(result)}"
            for condition, result in zip(node.conditions, node.results, strict=True)
        )
        return f"(CASE {branches} ELSE {self.value(node.otherwise)} END)"

    def _counted(self, counter: Counter, condition: tree.Node | None) -> str:
        """Write a counter as a scalar subquery over the unit's events up to now."""
        where = [
            "e.unit_id = u.unit_id",
            f"e.name = {quoted(counter.event)}",
            "e.occurred_at <= u.now",
        ]
        if counter.window is not None:
            span = counter.window * (2 if counter.measure is Measure.TREND else 1)
            where.append(self._after(counter, span))
        if condition is not None:
            where.append(_Writer(self.dialect, "e.properties").value(condition))
        return f"(SELECT {self._aggregate(counter)} FROM events AS e WHERE {' AND '.join(where)})"

    def _after(self, counter: Counter, span: int) -> str:
        """Write that an event lies in a later tile than the one a span before now lies in."""
        if counter.tile == 1:
            return self.dialect.after("e.occurred_at", "u.now", span)
        tile, start = counter.tile, f"({self.dialect.micros('u.now')} - {span})"
        # The remainder is taken twice because SQL truncates towards zero and tiles are floored.
        floored = f"({start} - ({start} % {tile} + {tile}) % {tile})"
        return f"{self.dialect.micros('e.occurred_at')} >= {floored} + {tile}"

    def _aggregate(self, counter: Counter) -> str:
        """Write what is taken of the events in the window."""
        match counter.measure:
            case Measure.COUNT:
                return "CAST(count(*) AS FLOAT8)"
            case Measure.SUM:
                total = f"COALESCE(sum({self._property(counter, Kind.NUMBER)}), {_ZERO})"
                million = _constant(1e6, Kind.NUMBER)
                return f"floor({total} * {million} + {_constant(0.5, Kind.NUMBER)}) / {million}"
            case Measure.DISTINCT:
                kinds = (Kind.TEXT, Kind.NUMBER, Kind.BOOLEAN)
                counts = (f"count(DISTINCT {self._property(counter, kind)})" for kind in kinds)
                return f"CAST({' + '.join(counts)} AS FLOAT8)"
            case Measure.FIRST:
                return f"min({self.dialect.micros('e.occurred_at')})"
            case Measure.LAST:
                return f"max({self.dialect.micros('e.occurred_at')})"
            case Measure.TREND:
                recent = self._after(counter, counter.window or 0)
                before = f"count(*) FILTER (WHERE NOT ({recent}))"
                now = f"count(*) FILTER (WHERE {recent})"
                return f"CAST({now} AS FLOAT8) / NULLIF(CAST({before} AS FLOAT8), {_ZERO})"
            case _:
                assert_never(counter.measure)

    def _property(self, counter: Counter, kind: Kind) -> str:
        """Write the property that a counter sums or tells apart."""
        value = self.dialect.value("e.properties", counter.property or "", kind)
        return self.dialect.ordered(value) if kind is Kind.TEXT else value


def _constant(value: bool | int | float | str, kind: Kind) -> str:
    """Write a constant; numbers by way of text, so that no database takes them for decimals."""
    match kind:
        case Kind.BOOLEAN:
            return "TRUE" if value else "FALSE"
        case Kind.NUMBER:
            return f"CAST('{float(value)!r}' AS FLOAT8)"
        case Kind.TEXT:
            return f"CAST({quoted(str(value))} AS TEXT)"
        case Kind.MOMENT:
            return f"CAST({int(value)} AS BIGINT)"
        case _:
            assert_never(kind)
