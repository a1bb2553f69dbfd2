"""The workflow page: the picture of one live workflow, who stands where in it now, and the same in words."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from markupsafe import Markup

from upsell.clock import Clock, Moment, format_moment
from upsell.errors import ConfigError
from upsell.runtime.drawn import drawn_content, find_whereabouts, outline_of
from upsell.runtime.overview import ReportBook
from upsell.runtime.results import date_words
from upsell.store.lending import Lender
from upsell.web.pages.shell import Trouble, refuse, shown
from upsell.web.pages.workflow_acts import WorkflowActs, workflow_acts
from upsell.workspace.drawing import STYLE, draw_outline
from upsell.workspace.outline import Outline
from upsell.workspace.outline_text import subtitle_of
from upsell.workspace.whereabouts import Stand, Whereabouts, noted_whereabouts, parts_in_words

PATH: Final = "/workflows"
"""Under which each workflow has its page, by its key."""

_STYLE_HASH: Final = f"sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}"
_JSON: Final = ".json"


class WorkflowPage(msgspec.Struct, frozen=True):
    """What the page says: the workflow as drawn, who stands where in it, and the same in words."""

    drawn: Outline
    subtitle: str
    headline: str
    notes: tuple[str, ...]
    picture: Markup
    found: Whereabouts
    as_of: str
    acts: WorkflowActs | None = None

    def parts_in_words(self, counts: Mapping[Stand, int]) -> str:
        """Say how many of those at a step stand how."""
        return parts_in_words(counts)


def workflow_route(lender: Lender, book: ReportBook, clock: Clock) -> HTTPRouteHandler:
    """Give the route of the page of each workflow that is live in a book, with counts as of now."""

    @route(
        [f"{PATH}/{{workflow:str}}"],
        http_method=["GET", "HEAD"],
        sync_to_thread=True,
        include_in_schema=False,
    )
    def show_workflow(request: Request[Any, Any, Any], workflow: FromPath[str]) -> Response[bytes]:
        """Show a workflow."""
        now = clock.now()
        try:
            drawn = outline_of(book.program(), workflow.removesuffix(_JSON))
        except ConfigError as error:
            return _unknown(request, str(error))
        with lender.lent() as connection:
            found = find_whereabouts(connection, drawn)
            acts = workflow_acts(connection, drawn.key, drawn.status)
        told = msgspec.json.encode({"at": format_moment(now), **drawn_content(drawn, found)})
        value = workflow_page(drawn, found, now, acts)
        return shown(request, "workflow.html", value, told=told, style_hash=_STYLE_HASH)

    return show_workflow


def workflow_page(
    drawn: Outline, found: Whereabouts, now: Moment, acts: WorkflowActs | None = None
) -> WorkflowPage:
    """Give what the page of a workflow says."""
    counts = found.everywhere()
    total = sum(counts.values())
    parts = parts_in_words(counts)
    return WorkflowPage(
        drawn=drawn,
        subtitle=subtitle_of(drawn),
        headline=f"{total:,} {drawn.unit}{' is' if total == 1 else 's are'} under way now"
        + (f": {parts}." if parts else "."),
        notes=tuple(noted_whereabouts(drawn, found))[1:],
        # The drawing escapes what is written in a workflow itself.
        picture=Markup(draw_outline(drawn, found)),  # noqa: S704
        found=found,
        as_of=date_words(now),
        acts=acts,
    )


def _unknown(request: Request[Any, Any, Any], said: str) -> Response[bytes]:
    """Say that there is no such workflow."""
    trouble = Trouble(
        "There is no such workflow",
        f"{said[:1].upper()}{said[1:]}.",
        "Every workflow that is live stands at /workflows.",
    )
    return refuse(request, trouble, "unknown", HTTPStatus.NOT_FOUND)
