"""Experiments: what is compared, how far it is and whether it may be read; and the form that closes one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from upsell.clock import Clock, Moment, format_moment, to_datetime
from upsell.errors import ConfigError
from upsell.journeys.program import Program
from upsell.measurement.question import Contrast
from upsell.runtime.comparisons import Comparison, Pair, Phase, compare
from upsell.runtime.keeping import Keeper
from upsell.runtime.overview import ReportBook, State
from upsell.runtime.phase_words import (
    compared_words,
    phase_state,
    phase_words,
    sizes_state,
    together_words,
    watched_words,
)
from upsell.runtime.reporting import Report, WorkflowReport
from upsell.runtime.results import (
    Results,
    date_words,
    effect_words,
    headline,
    metric_label,
    ratio_words,
    share_words,
)
from upsell.runtime.rolling import close_live, rolled_file
from upsell.runtime.soundness_words import Checked, checked_words
from upsell.store.experiments import ClosedExperiment, find_closed
from upsell.store.lending import Lender
from upsell.web.pages.customer import LARGEST_FORM
from upsell.web.pages.intervals import IntervalDrawing, draw_interval
from upsell.web.pages.notices import Notice
from upsell.web.pages.posting import Form, done, posted
from upsell.web.pages.results import Table, table_of
from upsell.web.pages.shell import Trouble, refuse, shown

PATH: Final = "/experiments"

MOST_CLOSED: Final = 50
"""How many experiments that were closed stand on one page."""


class SideRow(msgspec.Struct, frozen=True):
    """One arm in words: its planned share, units exposed, and how many the plan expects."""

    arm: str
    planned: str
    exposed: str
    expected: str


class PairRow(msgspec.Struct, frozen=True):
    """Two arms in words.

    Attributes:
        words: The pair.
        label: What it is decided by.
        effect: The effect with its interval.
        drawing: The same as a picture, None where it is not known.
        state: Whether it may be read.
        why: Why, and how long it still takes.
        watched: The effect with the interval that holds at any look; empty where it was not read.
        closed: Units whose window has closed.
        needed: How many it takes; None where nobody can tell.
    """

    words: str
    label: str
    effect: str
    drawing: IntervalDrawing | None
    state: State
    why: str
    watched: str
    closed: int
    needed: int | None


class ComparisonPart(msgspec.Struct, frozen=True):
    """A comparison in words, with its arms, its pairs, and all that was measured of each pair."""

    key: str
    path: str
    name: str
    unit: str
    compared: str
    is_of_arms: bool
    is_running: bool
    since: str
    sizes: State
    sizes_words: str
    sides: tuple[SideRow, ...]
    pairs: tuple[PairRow, ...]
    tables: tuple[Table, ...]
    together: str


class ClosedRow(msgspec.Struct, frozen=True):
    """An experiment that was closed, in words."""

    when: str
    workflow: str
    path: str
    chosen: str
    findings: tuple[str, ...]
    doubts: tuple[str, ...]
    by: str
    why: str


class ExperimentsPage(msgspec.Struct, frozen=True):
    """What the list says: how many may be read, each, and what was closed before."""

    is_live: bool
    answer: str
    as_of: str
    parts: tuple[ComparisonPart, ...]
    closed: tuple[ClosedRow, ...]
    older: str


class ExperimentPage(msgspec.Struct, frozen=True):
    """What the page of one workflow's experiments says.

    Attributes:
        key: The workflow's key.
        name: What people call it.
        is_live: Whether the workflow is live, so that there is something to read.
        answer: What it earned, in a sentence.
        as_of: As of when.
        parts: Its comparisons.
        checks: What speaks for and against what is read; empty while it is not checked.
        checked: As of when that is; empty while it is not checked.
        arms: Arms of which one may be given to everybody; empty where there are none.
        closed: What was decided about it, the newest first.
        file: Where the file is that gives everybody the arm that was chosen last; empty for none.
    """

    key: str
    name: str
    is_live: bool
    answer: str
    as_of: str
    parts: tuple[ComparisonPart, ...]
    checks: tuple[Checked, ...]
    checked: str
    arms: tuple[str, ...]
    closed: tuple[ClosedRow, ...]
    file: str


class Seen(msgspec.Struct, frozen=True):
    """One workflow, what it did, and the same read thoroughly; None where nothing did so yet."""

    results: Results
    found: WorkflowReport
    comparisons: tuple[Comparison, ...]
    thorough: WorkflowReport | None
    checked_at: Moment | None


def experiment_routes(
    lender: Lender, book: ReportBook, checked: Keeper[Report | None], clock: Clock
) -> list[HTTPRouteHandler]:
    """Give the routes of the list, of each workflow's experiments, and of the form that closes one."""

    @route([PATH], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False)
    def show_experiments(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Show every experiment."""
        said, program, results = request.query_params.get("before", ""), book.program(), book.read()
        before = int(said) if said.isdecimal() and len(said) < 19 else None
        with lender.lent() as connection:
            closed = find_closed(connection, MOST_CLOSED + 1, before)
        seen = seen_of(program, results, checked.at_hand())
        page = experiments_page(seen, closed, results, is_live=program is not None)
        return shown(
            request, "experiments.html", page, told=_encode(list_content(seen, closed, results, page))
        )

    @route(
        [f"{PATH}/{{workflow:str}}"],
        http_method=["GET", "HEAD"],
        sync_to_thread=True,
        include_in_schema=False,
    )
    def show_experiment(request: Request[Any, Any, Any], workflow: FromPath[str]) -> Response[bytes]:
        """Show what one workflow compares."""
        program, results = book.program(), book.read()
        seen = {each.found.key: each for each in seen_of(program, results, checked.at_hand())}.get(workflow)
        with lender.lent() as connection:
            closed = find_closed(connection, MOST_CLOSED, workflow=workflow)
        if seen is None and not closed:
            said = Trouble(
                "There is no such experiment",
                f"Expected the key of a workflow that compares something, got {workflow}.",
                "Every experiment stands at /experiments.",
            )
            return refuse(request, said, "unknown", HTTPStatus.NOT_FOUND)
        page = experiment_page(workflow, seen, closed, program)
        return shown(
            request, "experiment.html", page, told=_encode(experiment_content(workflow, seen, closed))
        )

    @route(
        [f"{PATH}/{{workflow:str}}/close"],
        http_method=["POST"],
        status_code=HTTPStatus.SEE_OTHER,
        include_in_schema=False,
        request_max_body_size=LARGEST_FORM,
    )
    async def close(request: Request[Any, Any, Any], workflow: FromPath[str]) -> Response[bytes]:
        """Close the experiment of a workflow: what was found is kept."""

        def act(form: Form) -> Response[bytes]:
            """Close it with the arm that everybody is to have, and why."""
            arm, why = form.needed("arm", "an arm"), form.needed("why", "why, for whoever reads it in a year")
            with lender.lent() as connection:
                close_live(
                    connection, clock, workflow, arm, form.by.name, why, is_forced=bool(form.said("anyway"))
                )
            return done(request, _path_of(workflow), Notice.EXPERIMENT_CLOSED, "decided")

        return await posted(request, act)

    @route(
        [f"{PATH}/{{workflow:str}}/rolled/{{name:str}}"],
        http_method=["GET", "HEAD"],
        sync_to_thread=True,
        include_in_schema=False,
    )
    def give_file(
        request: Request[Any, Any, Any], workflow: FromPath[str], name: FromPath[str]
    ) -> Response[bytes]:
        """Give the workflow's file in which everybody gets an arm."""
        try:
            with lender.lent() as connection:
                text = rolled_file(connection, workflow, name)
        except ConfigError as error:
            words = f"{str(error)[:1].upper()}{str(error)[1:]}."
            said = Trouble("There is no such file", words, "Every experiment stands at /experiments.")
            return refuse(request, said, "unknown", HTTPStatus.NOT_FOUND)
        headers = {
            "Content-Disposition": f'attachment; filename="{quote(workflow, safe="")}.yaml"',
            "Cache-Control": "no-store",
        }
        return Response(text.encode(), media_type="application/yaml", headers=headers)

    return [show_experiments, show_experiment, close, give_file]


def seen_of(program: Program | None, results: Results, thorough: Report | None) -> tuple[Seen, ...]:
    """Give the workflows that compare something, in order of their keys."""
    if program is None:
        return ()
    deep = {each.key: each for each in thorough.workflows} if thorough is not None else {}
    seen = []
    for found in results.report.workflows:
        workflow = program.workflows.get(found.key)
        comparisons = compare(workflow, found, deep.get(found.key)) if workflow is not None else ()
        if comparisons:
            checked_at = thorough.as_of if thorough is not None and found.key in deep else None
            seen.append(Seen(results, found, comparisons, deep.get(found.key), checked_at))
    return tuple(seen)


def experiments_page(
    seen: Sequence[Seen], closed: Sequence[ClosedExperiment], results: Results, *, is_live: bool
) -> ExperimentsPage:
    """Give what the list says."""
    return ExperimentsPage(
        is_live=is_live,
        answer=_answer([comparison for each in seen for comparison in each.comparisons]),
        as_of=date_words(results.report.as_of) if is_live else "",
        parts=tuple(part for each in seen for part in _parts(each)),
        closed=tuple(map(_closed, closed[:MOST_CLOSED])),
        older=f"{PATH}?before={closed[MOST_CLOSED - 1].number}" if len(closed) > MOST_CLOSED else "",
    )


def experiment_page(
    key: str, seen: Seen | None, closed: Sequence[ClosedExperiment], program: Program | None
) -> ExperimentPage:
    """Give what the page of one workflow's experiments says."""
    workflow = program.workflows.get(key) if program is not None else None
    arms = tuple(arm.name for arm in workflow.experiment.arms) if workflow is not None else ()
    is_waiting = bool(closed) and workflow is not None and closed[0].version == workflow.version
    checked_at = seen.checked_at if seen is not None else None
    return ExperimentPage(
        key=key,
        name=workflow.name if workflow is not None else key,
        is_live=seen is not None,
        answer=headline(seen.found) if seen is not None else "It compares nothing any more.",
        as_of=date_words(seen.results.report.as_of) if seen is not None else "",
        parts=tuple(_parts(seen)) if seen is not None else (),
        checks=_checks(seen),
        checked=date_words(checked_at) if checked_at is not None else "",
        arms=arms,
        closed=tuple(map(_closed, closed)),
        file=f"{_path_of(key)}/rolled/{quote(closed[0].arm, safe='')}" if is_waiting and arms else "",
    )


def list_content(
    seen: Sequence[Seen], closed: Sequence[ClosedExperiment], results: Results, page: ExperimentsPage
) -> dict[str, Any]:
    """Give the list as plain data: moments as ISO 8601, shares as fractions, amounts in minor units."""
    return {
        "as_of": format_moment(results.report.as_of) if page.is_live else None,
        "experiments": [_comparison_content(each) for one in seen for each in one.comparisons],
        "closed": [_closed_content(each) for each in closed[:MOST_CLOSED]],
        "older": page.older,
    }


def experiment_content(key: str, seen: Seen | None, closed: Sequence[ClosedExperiment]) -> dict[str, Any]:
    """Give one workflow's experiments as plain data."""
    thorough = seen.thorough if seen is not None else None
    health = thorough.health if thorough is not None else None
    return {
        "workflow": key,
        "as_of": format_moment(seen.results.report.as_of) if seen is not None else None,
        "experiments": [_comparison_content(each) for each in (seen.comparisons if seen is not None else ())],
        "health": msgspec.to_builtins(health, str_keys=True) if health is not None else None,
        "checked_at": format_moment(seen.checked_at)
        if seen is not None and seen.checked_at is not None
        else None,
        "closed": [_closed_content(each) for each in closed],
    }


def _encode(content: dict[str, Any]) -> bytes:
    return msgspec.json.encode(content)


def _path_of(key: str) -> str:
    return f"{PATH}/{quote(key, safe='')}"


def _comparison_content(comparison: Comparison) -> dict[str, Any]:
    content: dict[str, Any] = msgspec.to_builtins(comparison, str_keys=True)
    content["since"] = format_moment(comparison.since) if comparison.since is not None else None
    for told, pair in zip(content["pairs"], comparison.pairs, strict=True):
        told["phase"] = pair.phase.name.lower()
    return content


def _closed_content(closed: ClosedExperiment) -> dict[str, Any]:
    content: dict[str, Any] = msgspec.to_builtins(closed)
    return {
        **content,
        "closed_at": format_moment(closed.closed_at),
        "record": msgspec.Raw(closed.record.encode()),
    }


def _answer(comparisons: Sequence[Comparison]) -> str:
    """Say how many comparisons may be read."""
    phases = [pair.phase for comparison in comparisons for pair in comparison.pairs]
    if not phases:
        return ""
    counts = (
        (sum(each in (Phase.READY, Phase.CERTAIN) for each in phases), "may be read"),
        (phases.count(Phase.EARLY), "early"),
        (phases.count(Phase.UNKNOWN), "too early to read"),
        (phases.count(Phase.BLOCKED), "not to be read"),
    )
    told = [f"{count} {words}" for count, words in counts if count]
    noun = "comparison" if len(phases) == 1 else "comparisons"
    return f"Of {len(phases)} {noun}: {', '.join(told)}."


def _parts(seen: Seen) -> Iterator[ComparisonPart]:
    for comparison in seen.comparisons:
        yield ComparisonPart(
            key=f"{comparison.workflow}-{comparison.contrast.value}",
            path=_path_of(comparison.workflow),
            name=comparison.name,
            unit=comparison.unit,
            compared=compared_words(comparison),
            is_of_arms=comparison.contrast is Contrast.ARMS,
            is_running=comparison.is_running,
            since=_day(comparison.since) if comparison.since is not None else "",
            sizes=sizes_state(comparison),
            sizes_words=ratio_words(comparison.pairs[0].deciding) if comparison.pairs else "",
            sides=tuple(
                SideRow(
                    side.arm,
                    share_words(side.share),
                    f"{side.exposed:,}" if side.exposed is not None else "\N{EN DASH}",
                    f"{side.expected:,.0f}" if side.expected is not None else "\N{EN DASH}",
                )
                for side in comparison.sides
            ),
            pairs=tuple(_pair(seen, comparison, pair) for pair in comparison.pairs),
            tables=tuple(table_of(seen.results, pair.lifts, seen.found) for pair in comparison.pairs),
            together=together_words(comparison),
        )


def _pair(seen: Seen, comparison: Comparison, pair: Pair) -> PairRow:
    lift = pair.deciding
    return PairRow(
        words=f"{pair.arm} against {pair.against}",
        label=metric_label(lift, seen.found.lift.question),
        effect=effect_words(lift.absolute, lift),
        drawing=draw_interval(lift, None),
        state=phase_state(pair),
        why=phase_words(pair, comparison.unit),
        watched=watched_words(pair),
        closed=lift.arm.closed + lift.against.closed if pair.outlook is None else pair.outlook.closed,
        needed=pair.outlook.needed if pair.outlook is not None else None,
    )


def _checks(seen: Seen | None) -> tuple[Checked, ...]:
    thorough = seen.thorough if seen is not None else None
    if thorough is None or thorough.health is None:
        return ()
    return tuple(checked_words(thorough.health, thorough.lift))


def _closed(closed: ClosedExperiment) -> ClosedRow:
    record = msgspec.json.decode(closed.record)
    others = ", ".join(name for name in record["arms"] if name != closed.arm)
    return ClosedRow(
        when=f"{to_datetime(closed.closed_at):%Y-%m-%d %H:%M}",
        workflow=closed.workflow,
        path=_path_of(closed.workflow),
        chosen=f"{closed.arm} over {others}, which differed in {closed.vary}",
        findings=tuple(f"Against {each['against']}: {each['said']}" for each in record["findings"]),
        doubts=tuple(f"But {each}" for each in record["doubts"]),
        by=closed.closed_by,
        why=closed.why,
    )


def _day(at: Moment) -> str:
    return f"{to_datetime(at):%-d %B %Y}"
