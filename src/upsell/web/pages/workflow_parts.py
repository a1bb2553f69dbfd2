"""Parts of the page of a workflow: funnel, experiment and guardrails in words, and the way to its pages."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

import msgspec
from litestar import Request, Response

from upsell.clock import Moment, to_datetime
from upsell.decisions.guardrails import Action
from upsell.measurement.guardrails import Standing
from upsell.measurement.question import HELD_OUT, TREATED
from upsell.runtime import results as said
from upsell.runtime.guarding import Guarded, rate_words
from upsell.runtime.one_workflow import OneWorkflow, arm_lifts, exposed_by_arm
from upsell.runtime.overview import State, Tone
from upsell.runtime.reporting import Funnel, ReasonCount
from upsell.runtime.results import date_words, share_words
from upsell.store.guardrails import Breach
from upsell.web.pages.results import Counted as Row
from upsell.web.pages.shell import Trouble, Way, refuse

PATH: Final = "/workflows"
"""Under which each workflow has its page, by its key."""

_TABS: Final = (("Overview", ""), ("People in it", "people"), ("Versions", "versions"), ("File", "file"))
_TONES: Final = {Standing.WITHIN: Tone.GOOD, Standing.BEYOND: Tone.BAD, Standing.TOO_FEW: Tone.CALM}
_THEN: Final = {Action.WARN: "its owner is told", Action.PAUSE: "it is paused, and its owner told"}


class Rail(msgspec.Struct, frozen=True):
    """One guardrail: its limit, how it stands, what was counted, and what follows where it is broken."""

    name: str
    limit: str
    standing: State
    counted: str
    then: str


class Broken(msgspec.Struct, frozen=True):
    """One time a guardrail was broken: when, which, what was counted, and what became of it."""

    when: str
    name: str
    counted: str
    ended: str


class ArmRow(msgspec.Struct, frozen=True):
    """One arm: its name, what it gets, its planned share, and how many were exposed in it.

    How many is None where the report that is kept does not know the arm yet.
    """

    name: str
    gets: str
    planned: str
    exposed: int | None


class Tested(msgspec.Struct, frozen=True):
    """The experiment: since when, its arms, what else holds, what was before, and whether it has a page."""

    since: str
    arms: tuple[ArmRow, ...]
    notes: tuple[str, ...]
    closed: tuple[str, ...]
    is_comparing: bool


def path_of(key: str, part: str = "") -> str:
    """Give where the page of a workflow is, or one under it."""
    return f"{PATH}/{quote(key, safe='')}" + (f"/{part}" if part else "")


def tabs_of(key: str, here: str) -> tuple[Way, ...]:
    """Give the ways to every page of a workflow; ``here`` is the one that is looked at."""
    return tuple(Way(label, path_of(key, part), part == here) for label, part in _TABS)


def unknown(request: Request[Any, Any, Any], told: str) -> Response[bytes]:
    """Say that there is no such workflow."""
    trouble = Trouble(
        "There is no such workflow",
        f"{told[:1].upper()}{told[1:]}.",
        "Every workflow that is live stands at /workflows.",
    )
    return refuse(request, trouble, "unknown", HTTPStatus.NOT_FOUND)


def people_rows(funnel: Funnel, holdout_rate: float) -> tuple[Row, ...]:
    """Give who was considered and what became of them: all rows but the first add up to the first."""
    return (
        Row("considered", funnel.considered),
        *reason_rows("not let in: ", funnel.not_let_in),
        Row(f"held out, {share_words(holdout_rate)} planned", funnel.held_out),
        Row("let in", funnel.let_in),
    )


def message_rows(funnel: Funnel) -> tuple[Row, ...]:
    """Give what was to be said and what became of it: all rows but the first add up to the first."""
    rows = (
        Row("sent", funnel.messages_sent),
        Row("on their way", funnel.messages_waiting),
        Row("nobody knows whether they were sent", funnel.messages_unknown),
        Row("refused for good by a provider", funnel.messages_failed),
        *reason_rows("withheld: ", funnel.withheld),
    )
    total = sum(row.count for row in rows)
    return (Row("to be said", total), *(row for row in rows if row.count)) if total else ()


def reason_rows(before: str, counted: tuple[ReasonCount, ...]) -> tuple[Row, ...]:
    """Give how many there were of each reason, in words after others."""
    return tuple(Row(f"{before}{said.reason_words(each)}", each.count) for each in counted)


def experiment_of(one: OneWorkflow) -> Tested:
    """Say what is tested: the holdout first, then the treated, then each arm."""
    experiment, found = one.workflow.experiment, one.found
    exposed = exposed_by_arm(found) if found is not None else {}
    rate = experiment.holdout_rate
    arms = [
        ArmRow(HELD_OUT, "walks as a shadow and hears nothing", share_words(rate, 1), exposed.get(HELD_OUT)),
        ArmRow(TREATED, "walks the journey", share_words(1 - rate, 1), exposed.get(TREATED)),
        *(
            ArmRow(
                arm.name,
                f"of those treated, its own {experiment.vary.value}"
                if experiment.vary
                else "of those treated",
                share_words((1 - rate) * arm.share, 1),
                exposed.get(arm.name),
            )
            for arm in experiment.arms
        ),
    ]
    return Tested(
        since=date_words(one.first_entry_at) if one.first_entry_at is not None else "",
        arms=tuple(arms),
        notes=tuple(_tested_notes(one)),
        closed=tuple(
            f"{_day(each.closed_at)}: {each.arm} was rolled out to all; the arms differed in {each.vary}. "
            f"{each.closed_by}: {each.why}"
            for each in reversed(one.closed)
        ),
        is_comparing=rate > 0 or bool(experiment.arms) or bool(one.closed),
    )


def _tested_notes(one: OneWorkflow) -> Iterator[str]:
    experiment, found = one.workflow.experiment, one.found
    if not experiment.arms:
        yield "No variants are tested: everybody who is treated gets the same."
    if experiment.is_by_account:
        yield "Customers of one account are drawn together."
    for step in experiment.ramp:
        since = f" from {date_words(step.begins_at)} on" if step.begins_at is not None else ""
        yield f"Open to {share_words(step.share)} of {one.drawn.unit}s{since}."
    if found is None:
        return
    yield said.sample_ratio_words(found)
    pairs = arm_lifts(found)
    if pairs:
        yield f"Between the arms: {said.ratio_words(pairs[0])}"


def rail_of(each: Guarded) -> Rail:
    """Say how a guardrail stands to its limit."""
    words = each.words.removeprefix(f"{each.guardrail}: ")
    standing = each.reading.standing
    return Rail(
        each.guardrail.replace("_", " "),
        rate_words(each.reading.limit, is_excess=each.guardrail.startswith("excess_")),
        State("too few to say" if standing is Standing.TOO_FEW else standing.value, _TONES[standing]),
        words,
        _THEN[each.action],
    )


def broken_of(each: Breach) -> Broken:
    """Say when a guardrail was broken, and what became of it."""
    paused = "Paused" if each.action is Action.PAUSE else "Its owner was told"
    if each.ended_at is None:
        ended = f"{paused}; nobody has let it go on yet"
    else:
        ended = f"{paused}; let go on {date_words(each.ended_at)}, by {each.ended_by}: {each.why}"
    return Broken(date_words(each.found_at), each.guardrail.replace("_", " "), each.words, ended)


def _day(at: Moment) -> str:
    return f"{to_datetime(at):%-d %B %Y}"
