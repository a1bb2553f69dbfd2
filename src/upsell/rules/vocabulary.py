"""What names a rule may use.

The workspace gives the vocabulary; ``names.py`` holds a rule to it. The law: a scope that declares
its names is closed, and one that declares nothing is open.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from upsell.rules.facts import FIT
from upsell.rules.kinds import Kind

OWN_SCOPES = ("customer", "account", "plan", "subscription", "cart", FIT)
"""The scopes every rule knows."""


class Vocabulary(msgspec.Struct, frozen=True):
    """The names a rule may use.

    Attributes:
        signals: Rule text of each signal and of each segment, by name.
        segments: Those of these names that are segments, so that messages call them so.
        metrics: Metrics that ``usage`` and ``limit`` know; None when any will do.
        traits: Declared traits with their kinds, for the scopes ``customer`` and ``account``; a scope
            that is missing takes any name, of the kind its use asks.
        fields: Fields with their kinds, for ``plan``, ``subscription``, ``cart``, ``fit`` and any further
            scope.
    """

    signals: Mapping[str, str] = {}
    segments: frozenset[str] = frozenset()
    metrics: frozenset[str] | None = None
    traits: Mapping[str, Mapping[str, Kind]] = {}
    fields: Mapping[str, Mapping[str, Kind]] = {}

    @property
    def scopes(self) -> tuple[str, ...]:
        """The names of all scopes, the usual ones first."""
        return tuple(dict.fromkeys((*OWN_SCOPES, *self.traits, *self.fields)))

    def called(self, name: str) -> str:
        """Give a signal's or segment's name with the word for what it is."""
        return f"{'segment' if name in self.segments else 'signal'} {name}"

    def declared(self, scope: str) -> Mapping[str, Kind] | None:
        """Give the names a scope declares with their kinds; None when it takes any name."""
        return self.fields.get(scope, self.traits.get(scope))
