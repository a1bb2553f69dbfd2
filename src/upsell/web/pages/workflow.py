"""The workflow page: whether one workflow helps, who stands where in it now, and what it rests on.

Who is in it, its versions and its file have pages of their own under it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from markupsafe import Markup

from upsell.clock import Clock
from upsell.errors import ConfigError
from upsell.runtime import results as said
from upsell.runtime.counted import CountBook, Counted
from upsell.runtime.guarding import ALL_MAIL
from upsell.runtime.one_workflow import OneWorkflow, one_content, read_workflow, where_all_stand
from upsell.runtime.overview import ReportBook, State
from upsell.runtime.results import date_words
from upsell.store.lending import Lender
from upsell.web.pages.forms import data
from upsell.web.pages.results import Counted as Row
from upsell.web.pages.results import Section, section_of
from upsell.web.pages.shell import Way, shown, wants_json
from upsell.web.pages.workflow_acts import WorkflowActs, workflow_acts
from upsell.web.pages.workflow_parts import (
    PATH,
    Broken,
    Rail,
    Tested,
    broken_of,
    experiment_of,
    message_rows,
    path_of,
    people_rows,
    rail_of,
    reason_rows,
    tabs_of,
    unknown,
)
from upsell.workspace.drawing import STYLE, draw_outline
from upsell.workspace.outline import Outline
from upsell.workspace.outline_text import subtitle_of
from upsell.workspace.whereabouts import Stand, Whereabouts, noted_whereabouts, parts_in_words

_STYLE_HASH: Final = f"sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}"
_JSON: Final = ".json"


class WorkflowPage(msgspec.Struct, frozen=True):
    """What the page says of one workflow.

    Attributes:
        key: Its key.
        name: What people call it.
        owner: Who answers for it.
        purpose: Why it exists.
        state: Whether it runs.
        guardrails: How its guardrails stand.
        review: When it is to be looked at again.
        earned: What it earned, in a sentence.
        tabs: Its own pages.
        path: Where its pages are.
        drawn: The workflow as a tree.
        subtitle: Which version it is, and what it is about.
        picture: The tree as a picture.
        is_counted: Whether it is known who stands where.
        counted_at: As of when that is.
        headline: How many are under way.
        notes: Who stands where no step shows it.
        found: Who stands where.
        people: Who was considered, and what became of them.
        messages: What was to be said, and what became of it.
        silenced: Whose journey stood still or ended early.
        results: What it earned, in numbers; None where the report does not know it yet.
        tested: Its experiment.
        rails: Its own guardrails.
        mail_rails: Those of all mail together, which may pause it.
        breaches: Every time one was broken.
        as_of: As of when the report is.
        acts: What may be done about it; None where nobody asked.
    """

    key: str
    name: str
    owner: str
    purpose: str
    state: State
    guardrails: State
    review: State
    earned: str
    tabs: tuple[Way, ...]
    path: str
    drawn: Outline
    subtitle: str
    picture: Markup
    is_counted: bool
    counted_at: str
    headline: str
    notes: tuple[str, ...]
    found: Whereabouts
    people: tuple[Row, ...]
    messages: tuple[Row, ...]
    silenced: tuple[Row, ...]
    results: Section | None
    tested: Tested
    rails: tuple[Rail, ...]
    mail_rails: tuple[Rail, ...]
    breaches: tuple[Broken, ...]
    as_of: str
    acts: WorkflowActs | None = None

    def parts_in_words(self, counts: Mapping[Stand, int]) -> str:
        """Say how many of those at a step stand how."""
        return parts_in_words(counts)


def workflow_route(lender: Lender, book: ReportBook, counts: CountBook, clock: Clock) -> HTTPRouteHandler:
    """Give the route of the page of each workflow that is live in a book, with counts as of now."""

    @route(
        [f"{PATH}/{{workflow:str}}"],
        http_method=["GET", "HEAD"],
        sync_to_thread=True,
        include_in_schema=False,
    )
    def show_workflow(request: Request[Any, Any, Any], workflow: FromPath[str]) -> Response[bytes]:
        """Show a workflow."""
        now, key = clock.now(), workflow.removesuffix(_JSON)
        try:
            with lender.lent() as connection:
                one = read_workflow(connection, book.program(), book.read(), key, now)
                acts = workflow_acts(connection, key, one.workflow.status)
        except ConfigError as error:
            return unknown(request, str(error))
        if wants_json(request):
            told = msgspec.json.encode(one_content(one, counts.wait(key), now))
            return data(told)
        return shown(
            request, "workflow.html", workflow_page(one, counts.read(key), acts), style_hash=_STYLE_HASH
        )

    return show_workflow


def workflow_page(
    one: OneWorkflow, counted: Counted | None, acts: WorkflowActs | None = None
) -> WorkflowPage:
    """Give what the page of a workflow says; ``counted`` is None while nobody knows who stands where."""
    workflow, drawn, found = one.workflow, one.drawn, one.found
    where = where_all_stand(one, counted)
    return WorkflowPage(
        key=workflow.key,
        name=workflow.name,
        owner=workflow.owner,
        purpose=workflow.purpose,
        state=one.state,
        guardrails=one.guardrails,
        review=one.review,
        earned=said.headline(found) if found is not None else "",
        tabs=tabs_of(workflow.key, ""),
        path=path_of(workflow.key),
        drawn=drawn,
        subtitle=subtitle_of(drawn),
        # The drawing escapes what is written in a workflow itself.
        picture=Markup(draw_outline(drawn, where)),  # noqa: S704
        is_counted=counted is not None,
        counted_at=date_words(counted.at) if counted is not None else "",
        headline=_under_way(drawn, where),
        notes=tuple(noted_whereabouts(drawn, where))[1:],
        found=where,
        people=people_rows(found.funnel, found.holdout_rate) if found is not None else (),
        messages=message_rows(found.funnel) if found is not None else (),
        silenced=reason_rows("", found.funnel.silenced) if found is not None else (),
        results=section_of(one.results, found) if found is not None else None,
        tested=experiment_of(one),
        rails=tuple(rail_of(each) for each in one.readings if each.workflow != ALL_MAIL),
        mail_rails=tuple(rail_of(each) for each in one.readings if each.workflow == ALL_MAIL),
        breaches=tuple(map(broken_of, reversed(one.breaches))),
        as_of=date_words(one.results.report.as_of),
        acts=acts,
    )


def _under_way(drawn: Outline, where: Whereabouts) -> str:
    counts = where.everywhere()
    total, parts = sum(counts.values()), parts_in_words(counts)
    are = "is" if total == 1 else "s are"
    return f"{total:,} {drawn.unit}{' ' if total == 1 else ''}{are} under way now" + (
        f": {parts}." if parts else "."
    )
