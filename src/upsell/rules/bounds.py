"""Two things that must hold of a rule before it may run: time enters plainly, and numbers stay finite.

The laws: each comparison moves with time on one side only, and there monotonically, so the instant
at which it turns can be found; and no arithmetic can leave the range of a double, so that every
database computes what Python computes instead of raising.
"""

from __future__ import annotations

import math
from typing import assert_never

from upsell.rules import tree
from upsell.rules.canonical import canonical
from upsell.rules.caret import Complaints
from upsell.rules.facts import Measure
from upsell.rules.kinds import LARGEST, SMALLEST, Kind

_FINITE = 290.0
_READ = (math.log10(SMALLEST), math.log10(LARGEST))
_MANY = 18.0
_DAYS = (-11.0, 8.0)
_DIGITS = 17.0


def moves(node: tree.Node) -> bool:
    """Tell whether a value moves with every instant, as ``now()`` and ``days_since`` do."""
    match node:
        case tree.Now() | tree.Elapsed():
            return True
        case tree.Shifted(moment=moment):
            return moves(moment)
        case tree.Negated() | tree.Arithmetic() | tree.Coalesce():
            return any(moves(part) for part in tree.parts(node))
        case tree.Case(results=results, otherwise=otherwise):
            return any(moves(part) for part in (*results, otherwise))
        case _:
            return False


def check_time(node: tree.Node, complaints: Complaints) -> None:
    """Complain where time enters in a way whose turning instant cannot be found."""
    for part in tree.walk(node):
        match part:
            case tree.Elapsed(moment=moment) if moves(moment):
                message = f"{part.direction.value} is asked of a moment that itself moves with now"
                hint = "give it a moment that stands still, such as subscription.renews_at"
            case tree.Arithmetic(operation=operation, left=left, right=right) if moves(right) and (
                moves(left) or operation is tree.Operation.DIVIDE
            ):
                message = f"time enters {canonical(part)[:60]} twice, or below a division"
                hint = "compare each elapsed time with a value of its own, and join them with and / or"
            case tree.Compare(left=left, right=right) if moves(left) and moves(right):
                message = "both sides of the comparison move with time"
                hint = "compare the moments themselves, such as account.a < account.b"
            case tree.In(choices=choices) if any(moves(each) for each in choices):
                message = "the list after in holds a value that moves with time"
                hint = "put the value that moves before in"
            case _:
                continue
        complaints.add(part.at, message, hint, "rule-time")


def check_range(node: tree.Node, complaints: Complaints) -> None:
    """Complain about arithmetic whose result might leave the range of a double."""
    for part in tree.walk(node):
        if not isinstance(part, tree.Arithmetic):
            continue
        low, high = _magnitude(part)
        if low < -_FINITE or high > _FINITE:
            message = "this arithmetic multiplies or divides so often that its result may be out of range"
            complaints.add(part.at, message, "use fewer factors", "rule-range")
            return


def _magnitude(node: tree.Node) -> tuple[float, float]:
    """Give decimal logarithms between which the magnitude of a number lies when it is not zero."""
    match node:
        case tree.Literal(value=value, kind=Kind.NUMBER):
            size = math.log10(abs(float(value))) if value else 0.0
            return size, size
        case tree.Measured(quantity=tree.Quantity.RATIO):
            return _READ[0] - _READ[1], _READ[1] - _READ[0]
        case tree.Counted(counter=counter):
            match counter.measure:
                case Measure.SUM:
                    return -6.0, _READ[1] + _MANY
                case Measure.TREND:
                    return -_MANY, _MANY
                case _:
                    return 0.0, _MANY
        case tree.Elapsed():
            return _DAYS
        case tree.Arithmetic(operation=operation, left=left, right=right):
            return _of_operation(operation, _magnitude(left), _magnitude(right))
        case tree.Negated() | tree.Coalesce() | tree.Case():
            return _of_choice(node)
        case _:
            return _READ


def _of_operation(
    operation: tree.Operation, left: tuple[float, float], right: tuple[float, float]
) -> tuple[float, float]:
    """Give the bounds of two numbers made one; a difference may lose all but its last digit."""
    match operation:
        case tree.Operation.MULTIPLY:
            return left[0] + right[0], left[1] + right[1]
        case tree.Operation.DIVIDE:
            return left[0] - right[1], left[1] - right[0]
        case tree.Operation.ADD | tree.Operation.SUBTRACT:
            return min(left[0], right[0]) - _DIGITS, max(left[1], right[1]) + 1.0
        case _:
            assert_never(operation)


def _of_choice(node: tree.Node) -> tuple[float, float]:
    """Give the bounds that hold for whichever part is taken."""
    parts = (*node.results, node.otherwise) if isinstance(node, tree.Case) else tree.parts(node)
    bounds = [_magnitude(part) for part in parts if not isinstance(part, tree.Null)]
    return min(low for low, _ in bounds), max(high for _, high in bounds)
