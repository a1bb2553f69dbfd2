"""Who waited for a discount, as text for a terminal of 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from upsell.clock import to_datetime
from upsell.measurement.shares import LEAST, Share
from upsell.money import Money
from upsell.runtime.discounts import NO_DISCOUNT

if TYPE_CHECKING:
    from upsell.clock import Moment
    from upsell.runtime.discounts import BudgetUse, Discounts, Waiting

_WIDTH = 80
_MOST = 4
"""From how many discounts on, shown before, counts are put together."""


def discounts_text(found: Discounts) -> str:
    """Write who waited: all buyers, by kind, by quarter, what they had seen before, and the budgets."""
    blocks = [_head(found), *_groups(found), *_before(found), *_budgets(found.budgets)]
    return "\n\n".join("\n".join(block) for block in blocks)


def _head(found: Discounts) -> list[str]:
    meaning = (
        f"A buyer had waited when they let a chance at full price pass for more than {found.wait_days} days, "
        "were then shown a discount, and bought while it was open."
    )
    return [
        f"Who waited for a discount, from {_day(found.since)} to {_day(found.until)}",
        *textwrap.wrap(meaning, _WIDTH),
    ]


def _groups(found: Discounts) -> Iterator[list[str]]:
    yield [f"{'':<24}{'bought':>8}{'waited':>8}  share, 95 % interval", _row("all", found.all)]
    if found.all.buyers:
        yield ["by the discount they bought under", *(_row(_kind(each), each) for each in found.kinds)]
        yield ["by the quarter they bought in", *(_row(each.label, each) for each in found.quarters)]


def _kind(group: Waiting) -> str:
    return "no discount" if group.label == NO_DISCOUNT else group.label


def _row(label: str, group: Waiting) -> str:
    share = group.share
    if group.label == NO_DISCOUNT:
        words = "-"
    elif isinstance(share, Share):
        words = f"{share.estimate:.1%} ({share.low:.1%} to {share.high:.1%})"
    else:
        words = f"too few: {LEAST} are needed" if group.buyers else f"nobody bought: {LEAST} are needed"
    return f"  {label:<22}{group.buyers:>8,}{group.waited:>8,}  {words}"


def _before(found: Discounts) -> Iterator[list[str]]:
    """Write how many discounts those who waited had been shown before the one they bought under."""
    if not found.before:
        return
    counts = dict.fromkeys(range(_MOST + 1), 0)
    for shown, buyers in found.before:
        counts[min(shown, _MOST)] += buyers
    lines = [
        f"  {'or more ' if shown == _MOST else ''}{shown}".ljust(32) + f"{buyers:>8,}"
        for shown, buyers in counts.items()
    ]
    yield ["those who waited, by how many discounts they had been shown before that one", *lines]


def _budgets(budgets: Sequence[BudgetUse]) -> Iterator[list[str]]:
    if budgets:
        yield ["discount budgets", *(line for each in budgets for line in _budget(each))]


def _budget(use: BudgetUse) -> Iterator[str]:
    budget, accepted, still = (Money(each, use.currency) for each in (use.budget, use.accepted, use.open))
    yield f"  {use.workflow}: {accepted} of {budget} accepted ({use.acceptances:,} offers)"
    if use.ran_out_at is not None:
        yield f"    spent since {to_datetime(use.ran_out_at):%Y-%m-%d %H:%M} UTC: it gives no more"
    if use.open_discounts:
        yield f"    {still} shown and still open ({use.open_discounts:,} offers), and honoured if taken"
    else:
        yield "    nothing that was shown is still open"


def _day(at: Moment) -> str:
    return f"{to_datetime(at):%Y-%m-%d}"
