"""Conditions: rules over the properties of one event.

A counter's condition is kept as text, so that equal conditions share a counter; this module turns
the text into the test. The law: the canonical text says all there is to know about a condition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

import msgspec

from upsell.errors import DefinitionError
from upsell.rules import tree
from upsell.rules.canonical import canonical
from upsell.rules.closure import compile_of_properties
from upsell.rules.facts import Scalar
from upsell.rules.inference import settle_condition
from upsell.rules.names import check_condition
from upsell.rules.read import read


class Condition(msgspec.Struct, frozen=True):
    """A compiled condition.

    Attributes:
        text: Its canonical text, as ``Counter.condition`` holds it.
        holds: Tells of one event's properties whether they fit; None when that is unknown, which
            counts as not fitting.
        reads: Names of the properties it looks at.
    """

    text: str
    holds: Callable[[Mapping[str, Scalar]], bool | None]
    reads: frozenset[str]


@lru_cache(maxsize=4_096)
def compile_condition(text: str) -> Condition:
    """Compile a condition such as ``properties.plan = 'pro' and properties.seats > 3``.

    Raises:
        DefinitionError: The text is not a condition; all problems are told.
    """
    found, complaints = read(text)
    check_condition(found, complaints)
    settled = settle_condition(found, complaints)
    if complaints.problems:
        raise DefinitionError(complaints.problems)
    return Condition(canonical(settled), compile_of_properties(settled), fields_of(settled))


def fields_of(node: tree.Node) -> frozenset[str]:
    """Give the names of the properties that a condition's tree looks at."""
    return frozenset(part.name for part in tree.walk(node) if isinstance(part, tree.Field))
