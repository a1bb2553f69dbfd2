"""The ledger of credits on a terminal: a line for whoever is credited, the total, and the lift beside."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from upsell.clock import format_moment
from upsell.measurement.answers import Effect, Undetermined
from upsell.money import Money
from upsell.runtime.attribution import CREDITED, Attribution, Credit

WIDTH = 80


def attribution_text(found: Attribution, currency: str) -> str:
    """Write a ledger of credits; lifts are in the currency of the workspace."""
    return "\n".join(_lines(found, currency))


def _lines(found: Attribution, currency: str) -> Iterator[str]:
    yield f"Upgrades and expansion by credit ({found.label})"
    yield f"from {format_moment(found.since)} to {format_moment(found.until)}"
    yield ""
    yield _row("", "upgrades", "expansion MRR")
    for credit in found.credits:
        yield from _credit_lines(_name(credit), credit)
    yield from _credit_lines("total", found.total)
    yield ""
    yield from textwrap.wrap(
        "Each rise of what a household pays is counted once. The expansion of `upsell metrics mrr_movements` "
        "takes a household's falls in the same month off its rises first, so it may be a little less.",
        WIDTH,
    )
    yield ""
    yield from textwrap.wrap(
        "Credited is the workflow of the last touch before it, inside its goal window; held-out households "
        "are credited to nobody. This is no effect. What workflows changed is their lift, in MRR, over "
        "all exposures whose 90 days have passed (95 % interval):",
        WIDTH,
    )
    for key, lift in found.lifts.items():
        yield from _lift_lines(key, lift, currency)


def _credit_lines(name: str, credit: Credit) -> Iterator[str]:
    amounts = [str(Money(amount, currency)) for currency, amount in credit.expansion.items()] or ["0"]
    yield _row(name, f"{credit.upgrades:,}", amounts[0])
    yield from (_row("", "", amount) for amount in amounts[1:])


def _lift_lines(key: str, lift: Effect | Undetermined, currency: str) -> Iterator[str]:
    match lift:
        case Effect(estimate=estimate, low=low, high=high):
            ends = f"{Money(round(low), currency)} to {Money(round(high), currency)}"
            yield f"  {key}: {Money(round(estimate), currency)} ({ends})"
        case Undetermined(detail=detail):
            yield from textwrap.wrap(
                f"{key}: not known: {detail}", WIDTH, initial_indent="  ", subsequent_indent="    "
            )


def _name(credit: Credit) -> str:
    return f"{credit.workflow}, {credit.channel}" if credit.line == CREDITED else credit.line


def _row(name: str, upgrades: str, expansion: str) -> str:
    return f"{name:<40}{upgrades:>10}{expansion:>24}".rstrip()
