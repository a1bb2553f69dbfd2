"""What is likely of a difference of two rates, given what other workflows' rates were.

For conversion in small arms. The law: the prior is stated beside the answer, the same for both arms, so that
before any outcome a workflow is as likely to harm as to help; integrals are summed, never drawn.

The prior is a beta distribution whose mean is that of all arms of the other workflows, and whose strength is
what their rates' spread beyond chance gives (method of moments; Gelman and others, Bayesian Data Analysis,
3rd ed. 2013, section 5.1), from 1 to ``STRONGEST`` units. With fewer than ``LEAST_ARMS`` other arms it is
Jeffreys', beta(1/2, 1/2).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from scipy import optimize, stats

from upsell.measurement.answers import LEVEL, Effect
from upsell.measurement.exact import Counted

LEAST_ARMS = 4
"""How many arms of other workflows a prior is made from at least."""

LEAST_IN_ARM = 20
"""Closed units an arm needs for that."""

STRONGEST = 50.0
"""How many units a prior is worth at most."""

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(1024)


class Prior(msgspec.Struct, frozen=True):
    """A beta distribution of a rate: as if ``converted`` and ``others`` had been seen; from so many arms."""

    converted: float
    others: float
    arms: int

    @property
    def rate(self) -> float:
        """Its mean."""
        return self.converted / (self.converted + self.others)

    @property
    def strength(self) -> float:
        """How many units it is worth."""
        return self.converted + self.others


class Posterior(msgspec.Struct, frozen=True):
    """What is likely of a difference of rates.

    Attributes:
        difference: Its mean, with the central interval that holds ``LEVEL`` of what is likely.
        helps: How likely it is above zero, 0 to 1.
    """

    difference: Effect
    helps: float


JEFFREYS = Prior(0.5, 0.5, 0)


def find_prior(arms: Sequence[Counted]) -> Prior:
    """Make a prior from the arms of other workflows."""
    known = [arm for arm in arms if arm.units >= LEAST_IN_ARM]
    units = sum(arm.units for arm in known)
    converted = sum(arm.converted for arm in known)
    if len(known) < LEAST_ARMS or not 0 < converted < units:
        return JEFFREYS
    rate = converted / units
    # Spread of rates beyond that of chance, weighed by units.
    spread = sum(arm.units * (arm.rate - rate) ** 2 for arm in known) / units
    by_chance = rate * (1 - rate) * (len(known) - 1) / units
    beyond = spread - by_chance
    found = rate * (1 - rate) / beyond - 1 if beyond > 0 else STRONGEST
    strength = min(max(found, 1.0), STRONGEST)
    return Prior(rate * strength, (1 - rate) * strength, len(known))


def find_posterior(arm: Counted, against: Counted, prior: Prior) -> Posterior:
    """Give what is likely of the difference, each arm's rate having the prior and its own outcomes."""
    one, other = _updated(arm, prior), _updated(against, prior)
    rates = other.ppf((_NODES + 1) / 2)

    def up_to(difference: float) -> float:
        """Give how likely it is at most this: the arm's distribution over the other's quantiles."""
        return float(_WEIGHTS @ one.cdf(rates + difference) / 2)

    def quantile(share: float) -> float:
        return float(optimize.brentq(lambda difference: up_to(difference) - share, -1.0, 1.0, xtol=1e-9))

    estimate = float(one.mean() - other.mean())
    low, high = quantile((1 - LEVEL) / 2), quantile((1 + LEVEL) / 2)
    return Posterior(Effect(estimate, low, high), 1 - up_to(0.0))


def _updated(arm: Counted, prior: Prior) -> stats.rv_continuous:
    return stats.beta(prior.converted + arm.converted, prior.others + arm.units - arm.converted)
