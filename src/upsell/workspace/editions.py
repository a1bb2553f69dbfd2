"""Editions: what is meant by what a workspace does not say, as it was when it was applied.

The law: a release that means something else by silence changes nothing that is live. A revision is
compiled by the edition it was applied with, whatever release compiles it.
"""

from __future__ import annotations

import enum
from typing import Final, assert_never

from upsell.errors import DefinitionError, Problem


class Edition(enum.IntEnum):
    """One set of meanings; a member is never changed, another is added.

    Attributes:
        FIRST: Where no holdout is written, nobody is held out.
        SECOND: Where no holdout is written, a tenth of the units is.
        THIRD: Who comes to a wait for a time of day exactly at that time waits for the next one. Splits of
            one workflow are drawn apart, also where their ways have the same names.
    """

    FIRST = 1
    SECOND = 2
    THIRD = 3


NEWEST: Final = Edition.THIRD
"""What is applied from now on."""


def edition_of(number: int) -> Edition:
    """Give an edition by its number.

    Raises:
        DefinitionError: This release does not know it, because a later one applied it.
    """
    try:
        return Edition(number)
    except ValueError as error:
        told = f"expected an edition up to {NEWEST.value}, got {number}"
        hint = "the definitions were applied with a later release; run that one"
        raise DefinitionError([Problem(told, hint=hint, code="edition")]) from error


def usual_holdout(edition: Edition) -> float:
    """Give the share held out of a workflow that does not say."""
    match edition:
        case Edition.FIRST:
            return 0.0
        case Edition.SECOND | Edition.THIRD:
            return 0.1
        case _:
            assert_never(edition)


def is_time_after(edition: Edition) -> bool:
    """Tell whether a wait for a time of day that is reached exactly then is for the next one."""
    return edition >= Edition.THIRD


def is_split_apart(edition: Edition) -> bool:
    """Tell whether splits of one workflow with ways of the same names are drawn apart."""
    return edition >= Edition.THIRD
