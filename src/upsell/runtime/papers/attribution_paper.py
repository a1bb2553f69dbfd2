"""The ledger of credits as a paper: who is credited with what, and beside it what workflows truly changed."""

from __future__ import annotations

from upsell.measurement.charts.chart import Table
from upsell.measurement.charts.lifts import Measured, Scale, lift_chart
from upsell.money import Money, minor_digits
from upsell.runtime.attribution import CREDITED, Attribution, Credit
from upsell.runtime.papers.paper import Paper, Section
from upsell.runtime.results import day_words

_FOOTER = (
    "Credited is the workflow of the last touch before an upgrade, inside its goal window; households "
    "that are held out are credited to nobody. Each rise of what a household pays is counted once. A lift "
    "is over all exposures whose 90 days have passed, with its 95 % interval."
)


def attribution_paper(found: Attribution, currency: str) -> Paper:
    """Write a ledger of credits as a paper; lifts are in the currency of the workspace."""
    credited = sum(each.upgrades for each in found.credits if each.line == CREDITED)
    headline = (
        f"{credited:,} of {found.total.upgrades:,} upgrades are credited to a workflow: {found.label}."
        if found.total.upgrades
        else "Nobody upgraded in this stretch."
    )
    table = Table(
        caption=f"Upgrades and expansion by credit ({found.label})",
        head=("Credited to", "Channel", "Upgrades", "Expansion a month"),
        rows=tuple(map(_row, (*found.credits, found.total))),
        align="llrr",
    )
    return Paper(
        "Who is credited with upgrades?",
        (f"From {day_words(found.since)} to {day_words(found.until)}.",),
        (Section("Credited", headline, (table,)), _lifts(found, currency)),
        _FOOTER,
    )


def _row(credit: Credit) -> tuple[str, str, str, str]:
    amounts = ", ".join(str(Money(amount, currency)) for currency, amount in credit.expansion.items())
    name = credit.workflow if credit.line == CREDITED else credit.line
    return name, credit.channel or "\N{EN DASH}", f"{credit.upgrades:,}", amounts or "0"


def _lifts(found: Attribution, currency: str) -> Section:
    digits = minor_digits(currency) if currency else 0
    title = f"Recurring revenue of all exposed units together in a month, {currency}"
    chart = lift_chart(
        "attribution-lifts",
        [Measured(key, lift) for key, lift in found.lifts.items()],
        Scale("Recurring revenue", title, 10**digits, digits),
    )
    headline = "What is credited was not therefore caused; what workflows changed is this."
    return Section("What workflows changed", headline, (chart,) if found.lifts else ())
