"""Results on a terminal: one block per workflow, columns that line up at 80."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from upsell.cli.health_text import health_lines
from upsell.cli.readings_text import reading_lines
from upsell.measurement.answers import Undetermined
from upsell.measurement.lift import Lift, LiftReport
from upsell.runtime import results as said
from upsell.runtime.outlook import outlook_words
from upsell.runtime.reporting import ReasonCount, WorkflowReport
from upsell.runtime.results import Results

WIDTH = 80


def results_lines(results: Results) -> Iterator[str]:
    """Write results, a block per workflow with its headline first; no workflows give one line."""
    if not results.report.workflows:
        yield "No workflow is live. Write one in workflows/ and run `upsell apply`."
        return
    for place, found in enumerate(results.report.workflows):
        if place:
            yield ""
        yield from _workflow_lines(results, found)
    if results.report.programme is not None:
        yield ""
        yield from _programme_lines(results, results.report.programme)


def _programme_lines(results: Results, reading: LiftReport) -> Iterator[str]:
    yield "== The whole programme " + "=" * (WIDTH - 23)
    yield from _wrapped(said.programme_headline(reading))
    yield ""
    lifts = said.programme_lifts(reading)
    yield from _table_lines(results, "household", reading, lifts)
    readings = list(reading_lines(reading))
    if readings:
        yield ""
        yield from readings
    yield ""
    yield from _wrapped(said.ratio_words(lifts[0]))


def _workflow_lines(results: Results, found: WorkflowReport) -> Iterator[str]:
    yield f"== {found.name} " + "=" * (WIDTH - len(found.name) - 4)
    yield from _wrapped(said.headline(found))
    if found.outlook is not None:
        yield from _wrapped(outlook_words(found.outlook, found.unit))
    yield ""
    yield from _funnel_lines(found)
    yield ""
    yield from _table_lines(results, found.unit, found.lift, said.holdout_lifts(found))
    for pair in said.arm_pairs(found):
        yield ""
        yield from _table_lines(results, found.unit, found.lift, pair)
    readings = list(reading_lines(found.lift))
    if readings:
        yield ""
        yield from readings
    if found.health is not None:
        yield ""
        yield from health_lines(found.health, found.lift)
    if found.stages:
        yield ""
        yield from _stage_lines(found)
    yield ""
    for sentence in (said.sample_ratio_words(found), said.crossed_words(found), said.open_words(found)):
        if sentence:
            yield from _wrapped(sentence)


def _funnel_lines(found: WorkflowReport) -> Iterator[str]:
    funnel = found.funnel
    yield _counted(f"{found.unit}s considered", funnel.considered)
    yield _counted("let in", funnel.let_in, 1)
    yield _counted(f"held out ({said.share_words(found.holdout_rate)} planned)", funnel.held_out, 1)
    yield _counted("not let in", funnel.considered - funnel.let_in - funnel.held_out, 1)
    yield from _reason_lines(funnel.not_let_in)
    yield _counted("messages sent", funnel.messages_sent)
    for label, count in (
        ("of which it is not known whether they arrived", funnel.messages_unknown),
        ("refused for good by the mail server", funnel.messages_failed),
        ("still on their way", funnel.messages_waiting),
    ):
        if count:
            yield _counted(label, count, 1)
    if funnel.withheld:
        yield _counted("withheld in the moment of sending", sum(r.count for r in funnel.withheld), 1)
        yield from _reason_lines(funnel.withheld)
    if funnel.silenced:
        yield f"{found.unit}s whose journey stood still or ended early"
        yield from _reason_lines(funnel.silenced, 1)


def _reason_lines(reasons: Iterable[ReasonCount], depth: int = 2) -> Iterator[str]:
    for counted in reasons:
        yield _counted(said.reason_words(counted), counted.count, depth)


def _counted(label: str, count: int, depth: int = 0) -> str:
    """Write a label with its count at the right edge; a long label goes on below it."""
    room = WIDTH - 10 - 2 * depth
    first, *rest = textwrap.wrap(label, room) or [""]
    indent = "  " * depth
    return "\n".join([f"{indent}{first:<{room}}{count:>10,}", *(f"{indent}  {line}" for line in rest)])


def _table_lines(results: Results, unit: str, reading: LiftReport, lifts: tuple[Lift, ...]) -> Iterator[str]:
    has_truth = any(results.truth_of(lift) is not None for lift in lifts)
    first = lifts[0]
    head = (f"per {unit} exposed", first.arm.arm, first.against.arm, "difference, 95 %")
    yield _row(*head, "planted truth" if has_truth else "")
    for lift in lifts:
        truth = results.truth_of(lift)
        label = said.metric_label(lift, reading.question)
        effect = lift.absolute
        yield _row(
            label,
            said.mean_words(lift.arm.mean, lift),
            said.mean_words(lift.against.mean, lift),
            "not known yet" if isinstance(effect, Undetermined) else said.effect_words(effect, lift),
            "" if truth is None else said.truth_words(truth, lift),
        )
        if isinstance(effect, Undetermined):
            yield from _wrapped(effect.detail, "  ")


def _stage_lines(found: WorkflowReport) -> Iterator[str]:
    """Write what was earned by stage: fewer units each, so wider intervals; many looks find chance."""
    yield f"by lifecycle stage when exposed ({len(found.stages)} looks: expect some to differ by chance)"
    for one in found.stages:
        yield f"  {one.stage.replace('_', ' ') or 'not known'}"
        for lift in said.lifts_in_order(one.lift):
            sizes = f"{lift.arm.closed:,} to {lift.against.closed:,}"
            effect = lift.absolute
            words = "not known yet" if isinstance(effect, Undetermined) else said.effect_words(effect, lift)
            yield f"    {said.metric_label(lift, found.lift.question):<22}{sizes:>16}  {words}"


def _row(label: str, arm: str, against: str, effect: str, truth: str) -> str:
    return f"{label:<20}{arm:>9}{against:>9} {effect:>24} {truth:>16}".rstrip()


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent)
