"""Soundness in words: what was checked of a workflow's readings, and what was found, in every form."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from upsell.measurement.answers import Undetermined
from upsell.measurement.health import ALARM_BELOW, Placebo, Triggered
from upsell.measurement.lift import LiftReport
from upsell.measurement.question import Contrast
from upsell.runtime import results as said
from upsell.runtime.soundness import WorkflowHealth


class Checked(msgspec.Struct, frozen=True):
    """One check in words: what was checked, what was found, and whether it is a part of the one before."""

    what: str
    found: str
    is_part: bool = False


def checked_words(health: WorkflowHealth, report: LiftReport) -> Iterator[Checked]:
    """Say what speaks for and against the readings of a workflow, check by check."""
    told = said.metrics_told(report.question)
    lifts = {
        lift.metric.value: lift
        for lift in report.lifts
        if lift.contrast is Contrast.HOLDOUT and lift.metric in told
    }
    labels = {name: said.metric_label(lift, report.question) for name, lift in lifts.items()}
    for name, placebo in health.checks.placebo.items():
        if name in lifts:
            yield Checked(f"A against A, {labels[name]}", _placebo_words(placebo))
    for trait, alike in health.checks.symmetry.items():
        if isinstance(alike, Undetermined):
            words = f"not known: {alike.detail}"
        else:
            words = f"{'alike' if alike.is_alike else 'NOT ALIKE, find out why'} (p = {alike.p_value:.2g})"
        yield Checked(f"{trait} at exposure, treated and held out", words)
    for trigger, found in health.checks.triggers.items():
        yield _trigger_words(trigger, found)
    for name, trend in health.checks.novelty.items():
        if name not in lifts:
            continue
        width = 1 if isinstance(trend, Undetermined) else trend.width
        what = f"by {'week' if width == 1 else f'{width} weeks'} of exposure, {labels[name]}"
        if isinstance(trend, Undetermined):
            yield Checked(what, f"not known: {trend.detail}")
            continue
        changes = "changes" if trend.p_value < ALARM_BELOW else "no trend to be seen"
        slope = said.difference_words(trend.slope.estimate, lifts[name])
        yield Checked(what, f"{slope} a week, {changes} (p = {trend.p_value:.2g})")
        for week, effect in trend.weeks.items():
            to = f" to {week + width}" if width > 1 else ""
            yield Checked(
                f"week {week + 1}{to}", said.difference_words(effect.estimate, lifts[name]), is_part=True
            )
    ways = ", ".join(f"{count:,} by {way}" for way, count in health.contamination.ways.items() if count)
    reached = f"{ways or 'none'} of {health.contamination.held_out:,}"
    yield Checked("held out and reached another way", reached)
    yield Checked("exposed", f"{health.dilution.exposed:,} of {health.dilution.considered:,} considered")
    for name, spread in health.dilution.effects.items():
        if name in lifts and not isinstance(spread, Undetermined):
            words = said.difference_words(spread.estimate, lifts[name])
            yield Checked(f"{labels[name]} per considered", words, is_part=True)


def _placebo_words(placebo: Placebo | Undetermined) -> str:
    if isinstance(placebo, Undetermined):
        return f"not known: {placebo.detail}"
    words = f"{placebo.found} of {placebo.read} random partings of the untreated found something"
    return f"{words}, {'as planned' if placebo.is_nominal else 'NOT the 5 % it should be'}"


def _trigger_words(trigger: str, found: Triggered) -> Checked:
    words = f"{found.treated:,} treated, {found.held_out:,} held out"
    if isinstance(found.ratio, Undetermined):
        words = f"{words}; whether as planned is not known: {found.ratio.detail}"
    else:
        is_planned = found.ratio.p_value >= ALARM_BELOW
        planned = "as planned" if is_planned else "NOT AS PLANNED, find out why"
        words = f"{words}; {planned} (p = {found.ratio.p_value:.2g})"
    return Checked(f"exposed after {trigger or 'a trigger that was not kept'}", words)
