"""Small arms: conversion read exactly, and by what is likely, where it is too seldom for the plain reading.

For reports. The law: raw counts of several strata are added only where every stratum planned the arms alike,
for then no difference of times can look like one of arms.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import pyarrow.compute as pc

from upsell.measurement.answers import Effect, Undetermined, UndeterminedReason
from upsell.measurement.bayes import JEFFREYS, Prior, find_posterior, find_prior
from upsell.measurement.exact import Counted, exact_difference
from upsell.measurement.lift import Lift, LiftReport
from upsell.measurement.question import Contrast, Metric
from upsell.measurement.readings import Reading, ReadingKind
from upsell.measurement.sample_ratio import SHARE_TOLERANCE
from upsell.runtime.outcomes import Ledger

_TOO_SMALL = (
    UndeterminedReason.TOO_FEW,
    UndeterminedReason.TOO_SKEWED,
    UndeterminedReason.NO_VARIATION,
)
"""Why the plain reading is silent where these speak."""


def read_small(report: LiftReport, ledger: Ledger, others: Sequence[Counted]) -> LiftReport:
    """Give the report with conversions in small arms read exactly, and by what is likely.

    Args:
        report: What a workflow earned.
        ledger: What it was read from.
        others: Arms of the other workflows, which the prior is made from.
    """
    if not any(_is_small(lift) for lift in report.lifts) or report.question.is_clustered:
        return report
    prior = find_prior(others)
    lifts = tuple(
        msgspec.structs.replace(lift, readings=(*lift.readings, *_readings(lift, prior)))
        if _is_small(lift) and _has_one_plan(ledger, report.question.workflow, lift)
        else lift
        for lift in report.lifts
    )
    return msgspec.structs.replace(report, lifts=lifts)


def held_out_rates(report: LiftReport) -> tuple[Counted, ...]:
    """Give how many of the treated and of the held out converted; empty while no window has closed."""
    return tuple(
        Counted(arm.total, arm.closed)
        for lift in report.lifts
        if lift.contrast is Contrast.HOLDOUT and lift.metric is Metric.CONVERSION
        for arm in (lift.arm, lift.against)
        if arm.closed
    )


def _is_small(lift: Lift) -> bool:
    """Tell whether a conversion is silent for want of units alone."""
    return (
        lift.metric is Metric.CONVERSION
        and isinstance(lift.absolute, Undetermined)
        and lift.absolute.reason in _TOO_SMALL
        and min(lift.arm.closed, lift.against.closed) > 0
    )


def _has_one_plan(ledger: Ledger, workflow: str, lift: Lift) -> bool:
    """Tell whether each arm was planned to be as large in every stratum."""
    for name in (lift.arm.arm, lift.against.arm):
        is_it = (
            (pc.field("workflow") == workflow)
            & (pc.field("contrast") == lift.contrast.value)
            & (pc.field("arm") == name)
        )
        ends = pc.min_max(ledger.exposures.filter(is_it)["share"]).as_py()
        if ends["min"] is None or ends["max"] - ends["min"] > SHARE_TOLERANCE:
            return False
    return True


def _readings(lift: Lift, prior: Prior) -> Iterator[Reading]:
    arm, against = (Counted(one.total, one.closed) for one in (lift.arm, lift.against))
    exact = exact_difference(arm, against)
    detail = "covers at least 95 %, whatever the rates are"
    yield Reading(ReadingKind.EXACT, detail, exact, None, _times(exact, arm.units))
    found = find_posterior(arm, against, prior)
    likely = f"{found.helps:.0%} likely to help. {_prior_words(prior)}"
    yield Reading(ReadingKind.BAYESIAN, likely, found.difference, None, _times(found.difference, arm.units))


def _prior_words(prior: Prior) -> str:
    if prior == JEFFREYS:
        return "Beforehand nothing was taken for known (Jeffreys' prior)"
    return (
        f"Beforehand both arms were taken to convert {prior.rate:.1%}, as if {prior.strength:.0f} units had "
        f"been seen, by the {prior.arms} arms of other workflows"
    )


def _times(effect: Effect, units: int) -> Effect:
    return Effect(effect.estimate * units, effect.low * units, effect.high * units, effect.level)
