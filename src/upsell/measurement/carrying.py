"""Carrying: what sqlglot writes wrong for engines that our queries were never run on, written another way.

For queries, which go to Spark, Snowflake and BigQuery as text only. The law: every mend says the same by
means that any of the three has; what none of them is needed for is left as sqlglot writes it.
"""

from __future__ import annotations

from sqlglot import exp

_SPARK, _SNOWFLAKE, _BIGQUERY = "spark", "snowflake", "bigquery"


def mend(statement: exp.Expr, dialect: str) -> None:
    """Change a statement in place, so that it means in a dialect what it means in DuckDB.

    Args:
        statement: What was read in DuckDB's dialect, with every placeholder filled.
        dialect: sqlglot's name for the engine.
    """
    _uncollate(statement)
    _count_up(statement)
    if dialect in (_SNOWFLAKE, _BIGQUERY):
        _add_months(statement, exp.DateAdd if dialect == _SNOWFLAKE else exp.DatetimeAdd)
    if dialect == _BIGQUERY:
        _order_running_sums(statement)


def _uncollate(statement: exp.Expr) -> None:
    """Leave away the collation by code point: these engines order text so anyway and know no such name."""
    for collation in list(statement.find_all(exp.Collate)):
        collation.replace(collation.this)


def _count_up(statement: exp.Expr) -> None:
    """Write the numbers from one to another as rows of their own: no two engines name that alike."""
    for series in list(statement.find_all(exp.GenerateSeries)):
        table = series.find_ancestor(exp.Table)
        alias = table.args["alias"] if table is not None else None
        if table is None or alias is None:
            continue
        column = alias.columns[0].name
        first, last = (int(series.args[end].name) for end in ("start", "end"))
        rows: exp.Select | exp.Union = _row(first, column)
        for number in range(first + 1, last + 1):
            rows = exp.union(rows, _row(number, column), distinct=False, copy=False)
        table.replace(rows.subquery(alias.name, copy=False))


def _row(number: int, column: str) -> exp.Select:
    return exp.select(exp.alias_(exp.Literal.number(number), column))


def _add_months(statement: exp.Expr, adding: type[exp.DateAdd | exp.DatetimeAdd]) -> None:
    """Add a number of months by the engine's function: Snowflake multiplies no interval."""
    for product in list(statement.find_all(exp.Mul)):
        count, interval, whole = product.this, product.expression, product.parent
        if isinstance(interval, exp.Interval) and isinstance(whole, exp.Add):
            whole.replace(adding(this=whole.this, expression=exp.paren(count), unit=interval.args["unit"]))


def _order_running_sums(statement: exp.Expr) -> None:
    """Say nothing of where null goes in a running sum, where BigQuery cannot: moments summed by have none."""
    for window in statement.find_all(exp.Window):
        order = window.args.get("order")
        for ordered in order.expressions if order is not None and isinstance(window.this, exp.Sum) else ():
            ordered.set("nulls_first", True)
