"""Commitments: what somebody who accepts takes on over the first twelve months, and when that needs approval.

The law: what falls due under the terms is counted, nothing that may come; currencies are never added, and
what cannot be compared with a limit is beyond it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from upsell.decisions.terms import Terms

TERM_MONTHS: Final = 12
"""Over how many months a total is told: a year, for what falls due each month and for what each year."""

_MONTHS: Final[Mapping[str, int]] = {"month": 1, "year": 12}


class Beyond(msgspec.Struct, frozen=True):
    """An offer that needs approval.

    Attributes:
        total: What it comes to over its term in minor units, None where that is not known.
        most: The limit it is beyond; None where its currency has none.
        currency: ISO 4217 code of both.
    """

    total: int | None
    most: int | None
    currency: str


def committed_total(terms: Terms, months: int | None) -> int | None:
    """Give what falls due over the first twelve months, in minor units.

    The discounted price while its discount lasts, the full one after that; a price due once counts once.
    None where no price is known beforehand, as of what is paid by results.

    Args:
        terms: What was shown.
        months: How many months the discount lasts; None for as long as it is kept.
    """
    if terms.price is None:
        return None
    each = _MONTHS.get(terms.interval)
    if each is None:
        return terms.price
    full = terms.full if terms.full is not None else terms.price
    times = TERM_MONTHS // each
    # A price that falls due while the discount lasts is the discounted one, to its whole interval.
    low = times if months is None else min(times, -(-months // each))
    return low * terms.price + (times - low) * full


def ask_limit(terms: Terms, months: int | None, above: Mapping[str, int]) -> Beyond | None:
    """Say what is beyond the limits above which an offer needs approval; None where nothing is.

    Args:
        terms: What was shown.
        months: How many months the discount lasts; None for as long as it is kept.
        above: The limits in minor units, by currency; empty where nothing needs approval.
    """
    if not above:
        return None
    total, most = committed_total(terms, months), above.get(terms.currency)
    if total is not None and most is not None and total <= most:
        return None
    return Beyond(total, most, terms.currency)
