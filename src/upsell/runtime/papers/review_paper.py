"""The monthly review as a paper: four sections, each with its answer as a headline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from upsell.decisions.guardrails import Action
from upsell.measurement.answers import Undetermined
from upsell.measurement.charts.chart import Table, listed, percent
from upsell.measurement.charts.lifts import Measured, lift_chart
from upsell.runtime import results as said
from upsell.runtime.papers.paper import Block, Heading, Paper, Paragraph, Section
from upsell.runtime.papers.report_paper import FOOTER, scale_of
from upsell.runtime.review import POWER, WORTH_HAVING, Review, Reviewed, Seen, StopRule
from upsell.store.guardrails import Breach


def review_paper(review: Review) -> Paper:
    """Write a review as a paper; without workflows its sections say so."""
    return Paper(
        title=f"Expansion review, {review.month.name}",
        about=(f"Everything known by {said.date_words(review.as_of)}.",),
        sections=(_ran(review), _learned(review), _stop(review), _backlog(review)),
        footer=FOOTER,
    )


def _ran(review: Review) -> Section:
    active = [one for one in review.workflows if one.activity.considered or one.activity.messages]
    messages = sum(one.activity.messages for one in review.workflows)
    table = Table(
        caption=f"In {review.month.name}",
        head=("Workflow", "Owner", "Considered", "Let in", "Held out", "Exposed", "Messages", "Status"),
        rows=tuple(
            (
                one.report.name,
                one.owner,
                *(
                    f"{count:,}"
                    for count in (
                        one.activity.considered,
                        one.activity.let_in,
                        one.activity.held_out,
                        one.activity.exposed,
                        one.activity.messages,
                    )
                ),
                "paused by a guardrail" if one.is_held else one.status.value,
            )
            for one in review.workflows
        ),
        align="llrrrrrl",
    )
    headline = (
        f"{len(active)} of {len(review.workflows)} workflows were at work, and sent {messages:,} messages."
    )
    return Section("What ran", headline, (table,))


def _learned(review: Review) -> Section:
    blocks: list[Block] = []
    headline = "Nothing was measured: no workflow is live."
    if review.workflows:
        lifts = [said.holdout_lifts(one.report)[1] for one in review.workflows]
        measured = [
            Measured(one.report.name, lift.absolute)
            for one, lift in zip(review.workflows, lifts, strict=True)
        ]
        chart = lift_chart("review-lift", measured, scale_of(lifts[0], review.workflows[0].report.lift))
        headline = f"{chart.title}."
        blocks = [chart, *(Paragraph(said.headline(one.report)) for one in review.workflows)]
    if review.closed:
        blocks += [Heading("Experiments that were closed"), _closed_table(review)]
    return Section("What was learned", headline, tuple(blocks))


def _closed_table(review: Review) -> Table:
    return Table(
        caption=f"Closed in {review.month.name}",
        head=("Workflow", "Varied", "Rolled out", "Why"),
        rows=tuple((one.workflow, one.vary, one.arm, one.why) for one in review.closed),
        align="llll",
    )


def _stop(review: Review) -> Section:
    stopped = [one for one in review.workflows if one.stop]
    names = listed([one.report.name for one in stopped]) if stopped else ""
    headline = f"Stop or decide about {names}." if stopped else "Nothing is to be stopped by the rules."
    rules = Paragraph(
        "The rules: the whole interval of net revenue lies below zero; or it holds zero although an effect "
        f"of {percent(WORTH_HAVING, 0)} of the holdout's would have been seen with a power of "
        f"{percent(POWER, 0)}; or a guardrail is beyond its limit; or the review date has passed. To stop a "
        "workflow, write status: paused in its file and run upsell apply. To let one go on that a guardrail "
        "is about, mend what people were sent and run upsell guardrail resume.",
        is_note=True,
    )
    rows = [
        (one.report.name, rule.value, evidence, one.owner)
        for one in stopped
        for rule in one.stop
        for evidence in _evidence(one, rule)
    ]
    table = Table("By which rule", ("Workflow", "Rule", "Evidence", "Owner"), tuple(rows), "llll")
    blocks: list[Block] = [table, rules] if stopped else [rules]
    gone_on = [(one, breach) for one in review.workflows for breach in one.let_go_on]
    if gone_on:
        blocks += [
            Heading("Guardrails after which a workflow was let go on"),
            _gone_on_table(review, gone_on),
        ]
    return Section("What to stop", headline, tuple(blocks))


def _gone_on_table(review: Review, gone_on: Sequence[tuple[Reviewed, Breach]]) -> Table:
    return Table(
        caption=f"Let go on in {review.month.name}",
        head=("Workflow", "Guardrail", "Figure and limit", "By", "Why"),
        rows=tuple(
            (one.report.name, breach.guardrail, breach.words, breach.ended_by, breach.why)
            for one, breach in gone_on
        ),
        align="lllll",
    )


def _evidence(one: Reviewed, rule: StopRule) -> Iterator[str]:
    if rule is StopRule.GUARDRAIL:
        for breach in one.broken:
            done = "paused" if breach.action is Action.PAUSE else "warned"
            yield f"{breach.guardrail}, {done} on {said.date_words(breach.found_at)}: {breach.words}"
        return
    revenue = said.holdout_lifts(one.report)[1]
    words = f"net revenue {said.effect_words(revenue.absolute, revenue)}"
    yield f"{words}; review by {one.review_by}" if one.review_by is not None else words


def _backlog(review: Review) -> Section:
    rows = tuple(row for one in review.workflows for row in _backlog_rows(one))
    rows += tuple(("", "proposed", proposal) for proposal in review.proposals)
    headline = f"{len(rows)} things to try or to wait for." if rows else "The backlog is empty."
    table = Table("What is under-powered, untested or proposed", ("Workflow", "What", "Next"), rows, "lll")
    return Section("Experiment backlog", headline, (table,) if rows else ())


def _backlog_rows(one: Reviewed) -> Iterator[tuple[str, str, str]]:
    name = one.report.name
    if not one.has_holdout:
        yield (name, "no holdout", "nobody can tell what it earns; write holdout: 10%")
    elif isinstance(one.seen, Undetermined):
        yield (name, "cannot be read yet", one.seen.detail)
    elif not one.seen.is_adequate and not one.seen.is_decided:
        yield (name, "under-powered", _needed(one, one.seen))
    if not one.has_arms:
        yield (name, "no experiment between arms", "vary one of timing, offer, message or audience")


def _needed(one: Reviewed, seen: Seen) -> str:
    words = (
        f"would see {percent(seen.smallest, 0)} of the holdout's mean and not {percent(WORTH_HAVING, 0)}: "
        f"{seen.units:,} units so far, about {seen.needed:,} needed"
    )
    if not one.activity.exposed:
        return f"{words}; nobody was exposed this month"
    months = (seen.needed - seen.units) / one.activity.exposed
    return f"{words}, {months:,.0f} months at this month's rate"
