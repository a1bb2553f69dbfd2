"""Who waited for a discount, as a paper: shares with their intervals, and how far budgets are used."""

from __future__ import annotations

from collections.abc import Iterator

from upsell.clock import to_datetime
from upsell.measurement.answers import Undetermined
from upsell.measurement.charts.chart import Table, percent
from upsell.measurement.charts.shares import Shared, shares_chart
from upsell.money import Money
from upsell.runtime.discounts import NO_DISCOUNT, BudgetUse, Discounts, Waiting
from upsell.runtime.papers.paper import Block, Paper, Section
from upsell.runtime.results import day_words

_FOOTER = (
    "It describes what happened; it is no effect of a discount. A share of too few buyers is not told. "
    "Intervals are of 95 %."
)


def discounts_paper(found: Discounts) -> Paper:
    """Write who waited for a discount as a paper; without buyers it says so."""
    meaning = (
        f"A buyer had waited when they let a chance at full price pass for more than {found.wait_days} days, "
        "were then shown a discount, and bought while it was open."
    )
    share = found.all.share
    headline = (
        f"{found.all.waited:,} of {found.all.buyers:,} buyers had waited."
        if isinstance(share, Undetermined)
        else f"{percent(share.estimate)} of {found.all.buyers:,} buyers had waited for a discount "
        f"({percent(share.low)} to {percent(share.high)}, 95 % interval)."
    )
    return Paper(
        "Who waited for a discount before they bought?",
        (f"From {day_words(found.since)} to {day_words(found.until)}.", meaning),
        (Section("Who waited", headline, tuple(_waited(found))), _budgets(found.budgets)),
        _FOOTER,
    )


def _waited(found: Discounts) -> Iterator[Block]:
    # Of those who bought under none nobody can have waited for one.
    groups = [found.all, *(each for each in found.kinds if each.label != NO_DISCOUNT), *found.quarters]
    title = f"{found.all.waited:,} of {found.all.buyers:,} buyers had waited"
    shares = [Shared(_label(each), each.share) for each in groups]
    yield shares_chart("discounts-waited", title, "Buyers who had waited for a discount", shares)
    yield Table(
        caption="Buyers by the discount they bought under, and by quarter",
        head=("Group", "Bought", "Had waited"),
        rows=tuple(map(_row, (found.all, *found.kinds, *found.quarters))),
        align="lrr",
    )
    if found.before:
        yield Table(
            caption="Those who waited, by how many discounts they had been shown before that one",
            head=("Discounts before", "Buyers"),
            rows=tuple((f"{shown:,}", f"{buyers:,}") for shown, buyers in found.before),
            align="rr",
        )


def _row(group: Waiting) -> tuple[str, str, str]:
    return _label(group), f"{group.buyers:,}", f"{group.waited:,}"


def _label(group: Waiting) -> str:
    return "no discount" if group.label == NO_DISCOUNT else group.label or "all buyers"


def _budgets(budgets: tuple[BudgetUse, ...]) -> Section:
    spent = [each for each in budgets if each.ran_out_at is not None]
    headline = (
        "No workflow has a discount budget."
        if not budgets
        else f"{len(spent)} of {len(budgets)} discount budgets are spent."
    )
    table = Table(
        caption="Discount budgets of live workflows",
        head=("Workflow", "Budget", "Accepted", "Shown and still open", "Spent since"),
        rows=tuple(map(_budget, budgets)),
        align="lrrrl",
    )
    return Section("Budgets", headline, (table,) if budgets else ())


def _budget(use: BudgetUse) -> tuple[str, str, str, str, str]:
    budget, accepted, still = (Money(each, use.currency) for each in (use.budget, use.accepted, use.open))
    since = "\N{EN DASH}" if use.ran_out_at is None else f"{to_datetime(use.ran_out_at):%Y-%m-%d %H:%M} UTC"
    return use.workflow, str(budget), str(accepted), str(still), since
