"""A report as a paper: what each workflow did and earned, with charts that have their tables.

The sentences are those of the terminal and the page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

import msgspec

from upsell.clock import DAY
from upsell.measurement.answers import Effect, Undetermined
from upsell.measurement.charts.chart import Chart, Table, percent
from upsell.measurement.charts.lifts import Measured, Scale, lift_chart, lift_over_time_chart
from upsell.measurement.charts.money import bridge_chart, guardrail_chart
from upsell.measurement.charts.people import (
    Cohort,
    Curve,
    Stage,
    cohort_chart,
    funnel_chart,
    pressure_chart,
    survival_chart,
)
from upsell.measurement.lift import Lift, LiftReport
from upsell.measurement.question import Metric
from upsell.money import minor_digits
from upsell.runtime import results as said
from upsell.runtime.guarding import ALL_MAIL
from upsell.runtime.outlook import outlook_words
from upsell.runtime.papers.paper import Block, Heading, Paper, Paragraph, Section
from upsell.runtime.pictures import Pictures
from upsell.runtime.reporting import ReasonCount, WorkflowReport
from upsell.runtime.results import Results
from upsell.runtime.soundness import WorkflowHealth
from upsell.runtime.soundness_words import checked_words
from upsell.runtime.trends import Trends

FOOTER = (
    "A difference is treated less holdout, per unit exposed, whether or not a message was read. Net revenue "
    "is what fell due under the terms, less credits and refunds. MRR is recurring revenue per month. pp is "
    "percentage points. Intervals are of 95 % and for one look at a time fixed beforehand. Numbers by arm "
    "are from windows that have closed."
)


def report_paper(results: Results, trends: Trends) -> Paper:
    """Write a report with its trends as a paper; no workflows give one section that says how to begin."""
    report = results.report
    about = [results.about, said.coverage_words(results), f"As of {said.date_words(report.as_of)}."]
    if not report.workflows:
        begin = "Write a workflow in workflows/ and run upsell apply; it appears here with what it earned."
        sections = [Section("Nothing to show yet", "No workflow is live.", (Paragraph(begin),))]
    else:
        sections = [_overview(results, trends)]
        sections += [workflow_section(results, found, trends) for found in report.workflows]
        if report.programme is not None:
            sections.append(_programme(results, report.programme))
    return Paper(
        "What did the workflows earn?", tuple(text for text in about if text), tuple(sections), FOOTER
    )


def report_charts(results: Results, trends: Trends) -> tuple[Chart, ...]:
    """Give the charts of a report, in the order of its paper."""
    return report_paper(results, trends).charts


def scale_of(lift: Lift, reading: LiftReport) -> Scale:
    """Give how the effects of a metric are written: percentage points, or money in whole units of it."""
    days = reading.question.horizon // DAY
    match lift.metric:
        case Metric.CONVERSION:
            return Scale("Conversion", "Conversion per unit exposed, percentage points", 0.01, 1)
        case Metric.NET_COMMITTED_REVENUE:
            name = "Net revenue"
        case Metric.RECURRING_REVENUE_CHANGE:
            name = "Change of MRR"
        case Metric.MARGIN:
            name = "Margin"
        case Metric.NET_VALUE_AFTER_REGRET:
            name, days = "What was kept", days + reading.question.regret // DAY
        case _:
            assert_never(lift.metric)
    currency = lift.currency or ""
    digits = minor_digits(currency)
    return Scale(name, f"{name} per unit exposed in {days} days, {currency}", 10**digits, digits)


def _overview(results: Results, trends: Trends) -> Section:
    workflows = results.report.workflows
    charts: list[Chart] = []
    for place, key in ((1, "lift-revenue"), (0, "lift-conversion")):
        measured = [Measured(f.name, said.holdout_lifts(f)[place].absolute) for f in workflows]
        first = workflows[0].lift
        charts.append(lift_chart(key, measured, scale_of(said.holdout_lifts(workflows[0])[place], first)))
    charts.append(pressure_chart("pressure", trends.weeks))
    charts += _company_charts(results.report.currency, trends.pictures)
    sent = sum(found.funnel.messages_sent for found in workflows)
    headline = f"{charts[0].title}; {sent:,} messages were sent."
    return Section("All workflows", headline, tuple(charts))


def _company_charts(currency: str, pictures: Pictures) -> Iterator[Chart]:
    """Draw how recurring revenue moved, what cohorts keep of it, and the limits of all mail."""
    bridge = pictures.bridge
    if bridge is not None:
        yield bridge_chart("bridge", bridge.start, bridge.movements, currency, bridge.month)
    if any(cohort.shares for cohort in pictures.cohorts):
        yield _cohort_chart(pictures.cohorts, currency)
    bars = (pictures.guarded or {}).get(ALL_MAIL, ())
    if bars:
        yield guardrail_chart("guardrails-all-mail", bars)


def _cohort_chart(cohorts: Sequence[Cohort], currency: str) -> Chart:
    unit = 10 ** minor_digits(currency)
    last = [
        cohort.shares[-1] for cohort in cohorts if len(cohort.shares) > 1 and cohort.shares[-1] is not None
    ]
    grown = sum(share >= 1 for share in last)
    title = (
        f"{grown} of {len(last)} cohorts pay as much as at first, or more"
        if last
        else "Cohorts have just begun"
    )
    began = [msgspec.structs.replace(cohort, size=round(cohort.size / unit)) for cohort in cohorts]
    what = f"Recurring revenue kept, of the {currency} a month each cohort began with,"
    return cohort_chart("cohorts", title, what, "month", began)


def workflow_section(results: Results, found: WorkflowReport, trends: Trends) -> Section:
    """Write what one workflow did and earned."""
    return Section(found.name, said.headline(found), tuple(_blocks(results, found, trends)))


def _blocks(results: Results, found: WorkflowReport, trends: Trends) -> Iterator[Block]:
    if found.outlook is not None:
        yield Paragraph(outlook_words(found.outlook, found.unit))
    yield _lift_table(results, found.unit, found.lift, said.holdout_lifts(found))
    for pair in said.arm_pairs(found):
        yield _lift_table(results, found.unit, found.lift, pair)
    yield from _reading_tables(found.lift)
    if found.health is not None:
        yield _health_table(found.health, found.lift)
    for sentence in (said.sample_ratio_words(found), said.crossed_words(found), said.open_words(found)):
        if sentence:
            yield Paragraph(sentence, is_note=True)
    revenue = said.holdout_lifts(found)[1]
    readings = trends.readings.get(found.key, ())
    if any(isinstance(reading.effect, Effect) for reading in readings):
        yield lift_over_time_chart(f"{found.key}-time", found.name, readings, scale_of(revenue, found.lift))
    curves = trends.pictures.curves.get(found.key, ())
    if curves:
        yield _survival_chart(found, curves)
    if found.funnel.considered:
        yield _funnel_chart(found)
    bars = (trends.pictures.guarded or {}).get(found.key, ())
    if bars:
        yield guardrail_chart(f"{found.key}-guardrails", bars)
    yield Heading("Who was considered, and what became of them")
    yield _funnel_table(found)
    if found.stages:
        yield _stage_table(found)


def _programme(results: Results, reading: LiftReport) -> Section:
    lifts = said.programme_lifts(reading)
    ratio = Paragraph(said.ratio_words(lifts[0]), is_note=True)
    table = _lift_table(results, "household", reading, lifts)
    blocks: tuple[Block, ...] = (table, *_reading_tables(reading), ratio)
    return Section("The whole programme", said.programme_headline(reading), blocks)


def _lift_table(results: Results, unit: str, reading: LiftReport, lifts: tuple[Lift, ...]) -> Table:
    truths = [results.truth_of(lift) for lift in lifts]
    first = lifts[0]
    arms = (first.arm.arm.capitalize(), first.against.arm.capitalize())
    has_truth = any(truth is not None for truth in truths)
    rows = []
    for lift, truth in zip(lifts, truths, strict=True):
        row = (
            said.metric_label(lift, reading.question),
            said.mean_words(lift.arm.mean, lift),
            said.mean_words(lift.against.mean, lift),
            said.effect_words(lift.absolute, lift),
        )
        known = "\N{EN DASH}" if truth is None else said.truth_words(truth, lift)
        rows.append((*row, known) if has_truth else row)
    return Table(
        caption=f"Per {unit} exposed: {first.arm.arm} against {first.against.arm}",
        head=("Measured", *arms, "Difference, 95 % interval", *(("Planted truth",) if has_truth else ())),
        rows=tuple(rows),
        align="lrrl" + "l" * has_truth,
    )


def _reading_tables(report: LiftReport) -> Iterator[Table]:
    """Write each effect in every way it was read, the plain one first; nothing where that is all."""
    rows = [row for lift in report.lifts if lift.readings for row in _reading_rows(report, lift)]
    if rows:
        yield Table(
            caption="The same differences read in other ways",
            head=("Measured", "Read", "Difference, 95 % interval", "What it says"),
            rows=tuple(rows),
            align="llll",
        )


def _reading_rows(report: LiftReport, lift: Lift) -> Iterator[tuple[str, ...]]:
    label = f"{said.metric_label(lift, report.question)}: {lift.arm.arm} against {lift.against.arm}"
    yield label, "plain", said.effect_words(lift.absolute, lift), ""
    for reading in lift.readings:
        read = msgspec.structs.replace(lift, absolute=reading.absolute)
        yield (
            label,
            said.reading_label(reading.reading),
            said.effect_words(read.absolute, read),
            reading.detail,
        )


def _health_table(health: WorkflowHealth, report: LiftReport) -> Table:
    """Write what speaks for and against the readings, a row per check."""
    return Table(
        caption="Health of these numbers",
        head=("Checked", "Found"),
        rows=tuple((checked.what, checked.found) for checked in checked_words(health, report)),
        align="ll",
    )


def _survival_chart(found: WorkflowReport, curves: Sequence[Curve]) -> Chart:
    """Draw how soon the goal is reached, those held out beside those spoken to."""
    last = ", ".join(f"{curve.label} {percent(curve.points[-1].share)}" for curve in curves)
    title = f"The goal is reached by {last}"
    return survival_chart(f"{found.key}-survival", title, "Reached the goal", curves)


def _funnel_chart(found: WorkflowReport) -> Chart:
    """Draw how far the treated came; a conversion counts once its window has closed."""
    conversion = said.holdout_lifts(found)[0]
    days = found.lift.question.goal_within // DAY
    stages = [
        Stage("considered", found.funnel.considered),
        Stage("let in", found.funnel.let_in),
        Stage("exposed", conversion.arm.exposed),
        Stage(f"reached the goal in {days} days", conversion.arm.total),
    ]
    return funnel_chart(f"{found.key}-funnel", found.unit, stages)


def _funnel_table(found: WorkflowReport) -> Table:
    funnel = found.funnel
    units = f"{found.unit}s"
    rows: list[tuple[str, int, str]] = [
        ("considered", funnel.considered, units),
        ("let in", funnel.let_in, units),
        (f"held out ({said.share_words(found.holdout_rate)} planned)", funnel.held_out, units),
        ("not let in", funnel.considered - funnel.let_in - funnel.held_out, units),
        *_reasons("not let in", funnel.not_let_in, units),
        ("messages sent", funnel.messages_sent, "messages"),
        ("of which it is not known whether they arrived", funnel.messages_unknown, "messages"),
        ("refused for good by the mail server", funnel.messages_failed, "messages"),
        ("still on their way", funnel.messages_waiting, "messages"),
        *_reasons("withheld in the moment of sending", funnel.withheld, "messages"),
        *_reasons("stood still or ended early", funnel.silenced, units),
    ]
    always = {"considered", "let in", "not let in", "messages sent"}
    return Table(
        caption="Each unit counts once",
        head=("What became of them", "Count", "Of what"),
        rows=tuple((name, f"{count:,}", of) for name, count, of in rows if count or name in always),
        align="lrl",
    )


def _reasons(what: str, reasons: tuple[ReasonCount, ...], of: str) -> list[tuple[str, int, str]]:
    return [(f"{what}: {said.reason_words(reason)}", reason.count, of) for reason in reasons]


def _stage_table(found: WorkflowReport) -> Table:
    """Write what was earned by stage: fewer units each, so wider intervals; many looks find chance."""
    rows = [
        (
            one.stage.replace("_", " ") or "not known",
            said.metric_label(lift, found.lift.question),
            f"{lift.arm.closed:,} to {lift.against.closed:,}",
            "not known yet"
            if isinstance(lift.absolute, Undetermined)
            else said.effect_words(lift.absolute, lift),
        )
        for one in found.stages
        for lift in said.lifts_in_order(one.lift)
    ]
    return Table(
        caption=f"By stage when exposed ({len(found.stages)} looks: expect some to differ by chance)",
        head=("Stage", "Measured", "Units", "Difference, 95 % interval"),
        rows=tuple(rows),
        align="llrl",
    )
