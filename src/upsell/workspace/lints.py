"""Lints: what a workflow or an offer may do and probably should not.

For ``check``, ``plan`` and ``apply``. The law: a lint is told only of what can happen on some way through the
journey, with that way, and never of what the policy prevents already.
"""

from __future__ import annotations

from upsell.catalog.offers import Offer
from upsell.clock import DAY, Duration, format_duration
from upsell.decisions.intents import PROMOTIONAL, SELLING, Intent
from upsell.decisions.policy import Policy
from upsell.decisions.reach import SMS
from upsell.journeys.speaking import SpeakingStep, intent_of
from upsell.journeys.steps import ChooseStep, PromptStep, Step
from upsell.journeys.workflow import Workflow
from upsell.workspace.findings import Findings
from upsell.workspace.items import Record
from upsell.workspace.languages import lint_languages
from upsell.workspace.spacing import channels_of
from upsell.workspace.text_lengths import lint_text_lengths
from upsell.workspace.waits import lint_waits
from upsell.workspace.ways import Passage, Ways, arms_of
from upsell.workspace.written_steps import place_of, way_in_words

_SOON: Duration = 7 * DAY
"""How long an offer may hold that is worth a text message."""


def lint_workflow(workflow: Workflow, record: Record, policy: Policy, today: str, findings: Findings) -> None:
    """Note what a workflow probably should not do.

    Args:
        workflow: The workflow, compiled without an error.
        record: Its file.
        policy: The policy over it.
        today: The day it is in the team's zone, as an ISO date.
        findings: Where warnings are noted.
    """
    _lint_told(workflow, record, today, findings)
    _lint_holdout(workflow, record, findings)
    _lint_guardrails(workflow, record, policy, findings)
    _lint_order(workflow, record, findings)
    lint_waits(workflow, record, policy, findings)
    _lint_texts(workflow, record, findings)
    _lint_ground(workflow, record, policy, findings)
    _lint_goal(workflow, record, findings)
    lint_languages(workflow, record, findings)
    lint_text_lengths(workflow, record, findings)


def lint_offer(offer: Offer, record: Record, findings: Findings) -> None:
    """Note what an offer probably should not promise."""
    ends = (offer.available_until, offer.valid_for, offer.months, offer.stock, offer.budget)
    if offer.discount_rate > 0 and all(end is None for end in ends):
        findings.warning(
            record.keys.get("discount", record.place),
            f"expected an end of the discount of {offer.id}, got none",
            hint="say available_until, valid_for or months, or give it a stock or a budget",
            code="promotion-without-end",
        )


def _lint_told(workflow: Workflow, record: Record, today: str, findings: Findings) -> None:
    """Note where a workflow does not say who answers for it, why it is there, and until when."""
    for name, meaning, code in (
        ("owner", "who answers for it", "no-owner"),
        ("purpose", "why it exists", "no-purpose"),
        ("review_by", "when it is to be looked at again", "no-review-date"),
    ):
        if not record.has(name):
            findings.warning(record.place, f"expected {name}, got none", hint=f"{name}: {meaning}", code=code)
    if workflow.review_by is not None and workflow.review_by < today:
        findings.warning(
            record.keys["review_by"],
            f"expected a review by {workflow.review_by}, got none until today, {today}",
            hint="look at it again, then set the next date",
            code="review-overdue",
        )


def _lint_holdout(workflow: Workflow, record: Record, findings: Findings) -> None:
    """Note a workflow that wants something and keeps nobody to compare with."""
    steps = workflow.journey.steps.values()
    speaks = any(isinstance(step, SpeakingStep) and intent_of(step) in PROMOTIONAL for step in steps)
    if speaks and workflow.experiment.holdout_rate == 0:
        experiment = record.record("experiment")
        place = record.keys.get("experiment", record.place)
        findings.warning(
            place if experiment is None else experiment.keys.get("holdout", place),
            "expected a holdout, got none, so what the workflow earns can never be told",
            hint="add experiment: {holdout: 10%}",
            code="no-holdout",
        )


def _lint_guardrails(workflow: Workflow, record: Record, policy: Policy, findings: Findings) -> None:
    """Note a workflow that sells and is stopped by nothing, however many complain."""
    sells = any(_wants_something(step) for step in workflow.journey.steps.values())
    if sells and policy.guardrails.is_off and not any(workflow.guardrails.limits):
        findings.warning(
            record.keys.get("guardrails", record.place),
            "expected a guardrail, got none, and the policy watches nothing",
            hint="add guardrails: {unsubscribe_rate: 1%, complaint_rate: 0.1%}",
            code="no-guardrails",
        )


def _lint_order(workflow: Workflow, record: Record, findings: Findings) -> None:
    """Note each offer that can be made before anything that helps."""

    def helps_or_offers(step: Step) -> bool:
        return isinstance(step, SpeakingStep) and intent_of(step) in (Intent.HELP, Intent.OFFER)

    told: set[str] = set()
    ways = Ways(workflow, arms_of(workflow)[0])
    for passage in ways.from_the_start(lambda step: not helps_or_offers(step)):
        step = ways.steps[passage.stop.step]
        if isinstance(step, SpeakingStep) and intent_of(step) is Intent.OFFER and step.id not in told:
            told.add(step.id)
            findings.warning(
                place_of(record, step.id),
                "expected a step that helps before an offer is made, got the offer first",
                hint=f"on the way: {way_in_words(passage, ways, record)}\nbegin it with intent: help",
                code="offer-before-help",
            )


def _lint_texts(workflow: Workflow, record: Record, findings: Findings) -> None:
    """Note each text message that could as well come tomorrow."""
    for step in workflow.journey.steps.values():
        if not isinstance(step, SpeakingStep) or SMS not in channels_of(step):
            continue
        offers = [
            workflow.offers[key] for name in step.offer.values() for key in _offers_called(workflow, name)
        ]
        ends_soon = bool(offers) and all(_ends_soon(offer) for offer in offers)
        if intent_of(step) is not Intent.SERVICE and not ends_soon:
            findings.warning(
                place_of(record, step.id),
                f"expected a text message that cannot wait, got one of intent {intent_of(step).value} "
                "about nothing that ends",
                hint="say it by mail, or offer what ends: available_until, or valid_for up to "
                f"{format_duration(_SOON)}",
                code="sms-not-urgent",
            )


def _lint_ground(workflow: Workflow, record: Record, policy: Policy, findings: Findings) -> None:
    """Note the first text that markets where the policy asks for no ground to send it on."""
    if SMS in policy.grounds:
        return
    for step in workflow.journey.steps.values():
        if isinstance(step, SpeakingStep) and SMS in channels_of(step) and intent_of(step) in PROMOTIONAL:
            findings.warning(
                place_of(record, step.id),
                "expected a ground on which texts that market are sent, got none: whoever has not withdrawn "
                "gets them",
                hint="policy: {consent: {sms: {bases: [proven-consent]}}}",
                code="sms-without-ground",
            )
            return


def _offers_called(workflow: Workflow, name: str) -> tuple[str, ...]:
    """Give the offers a step may mean by a name: the one of that id, or what a choice calls so."""
    steps = workflow.journey.steps.values()
    chosen = (step.offers for step in steps if isinstance(step, ChooseStep) and step.name == name)
    return (name,) if name in workflow.offers else next(chosen, ())


def _ends_soon(offer: Offer) -> bool:
    return offer.available_until is not None or (offer.valid_for or _SOON + 1) <= _SOON


def _lint_goal(workflow: Workflow, record: Record, findings: Findings) -> None:
    """Note each step that wants something and is reached when the goal's window is over.

    A prompt is exposed when it is met, which may be late, so the time is told from the first mail or task.
    """
    within = workflow.goal.within
    late: dict[str, Duration] = {}
    for arm in arms_of(workflow):
        ways = Ways(workflow, arm)
        spoken = [
            Passage(passage.stop, 0, passage.before)
            for passage in ways.from_the_start(lambda step: not _is_exposing(step))
            if _is_exposing(ways.steps[passage.stop.step])
        ]
        soonest: dict[str, Duration] = {}
        for passage in ways.onward(spoken, lambda _: True):
            soonest.setdefault(passage.stop.step, passage.elapsed)
        late |= {at: elapsed for at, elapsed in soonest.items() if elapsed >= within}
    for at, elapsed in late.items():
        step = workflow.journey.steps[at]
        if _wants_something(step):
            findings.warning(
                place_of(record, at),
                f"expected this step within {format_duration(within)} of the first, for so long the goal "
                f"counts, got it {format_duration(elapsed)} after it at the soonest",
                hint="give goal.within more time, or come to it sooner",
                code="goal-not-measured",
            )


def _is_exposing(step: Step) -> bool:
    return isinstance(step, SpeakingStep) and not isinstance(step, PromptStep)


def _wants_something(step: Step) -> bool:
    return isinstance(step, SpeakingStep) and intent_of(step) in SELLING
