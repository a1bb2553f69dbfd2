"""The workflow page: the picture of one live workflow, who stands where in it now, and the same in words."""

from __future__ import annotations

import base64
import hashlib
from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from markupsafe import Markup

from upsell.clock import Clock, Moment, format_moment
from upsell.errors import ConfigError
from upsell.runtime.drawn import drawn_content, find_whereabouts, live_outline
from upsell.runtime.results import date_words
from upsell.store.connect import connect
from upsell.web.api.answers import Refused
from upsell.web.pages.forms import data, json_path, page, prefers_json, rendered
from upsell.workspace.drawing import STYLE, draw_outline
from upsell.workspace.outline import Outline
from upsell.workspace.outline_text import subtitle_of
from upsell.workspace.whereabouts import Whereabouts, noted_whereabouts, parts_in_words

PATH: Final = "/workflows"
"""Under which each workflow has its page, by its key."""

_STYLE_HASH: Final = f"sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}"
_JSON: Final = ".json"


def workflow_route(url: str, clock: Clock) -> HTTPRouteHandler:
    """Give the route of the page of each workflow over the database at ``url``, as of now."""

    @route(
        [f"{PATH}/{{workflow:str}}"],
        http_method=["GET", "HEAD"],
        sync_to_thread=True,
        include_in_schema=False,
    )
    def show_workflow(request: Request[Any, Any, Any], workflow: FromPath[str]) -> Response[bytes]:
        """Show a workflow."""
        wants_json = workflow.endswith(_JSON) or prefers_json(request.headers.get("accept", ""))
        now = clock.now()
        try:
            with connect(url) as connection:
                drawn = live_outline(connection, workflow.removesuffix(_JSON))
                found = find_whereabouts(connection, drawn)
        except ConfigError as error:
            return _unknown(str(error), wants_json=wants_json)
        if wants_json:
            content = {"at": format_moment(now), **drawn_content(drawn, found)}
            return data(msgspec.json.encode(content))
        return page(workflow_page(drawn, found, now), style_hash=_STYLE_HASH)

    return show_workflow


def workflow_page(drawn: Outline, found: Whereabouts, now: Moment) -> str:
    """Write the page of a workflow."""
    counts = found.everywhere()
    total = sum(counts.values())
    parts = parts_in_words(counts)
    return rendered(
        "workflow.html",
        drawn=drawn,
        subtitle=subtitle_of(drawn),
        headline=f"{total:,} {drawn.unit}{' is' if total == 1 else 's are'} under way now"
        + (f": {parts}." if parts else "."),
        notes=tuple(noted_whereabouts(drawn, found))[1:],
        # The drawing escapes what is written in a workflow itself.
        picture=Markup(draw_outline(drawn, found)),  # noqa: S704
        found=found,
        parts_in_words=parts_in_words,
        as_of=date_words(now),
        json_path=json_path(f"{PATH}/{drawn.key}"),
    )


def _unknown(said: str, *, wants_json: bool) -> Response[bytes]:
    """Say that there is no such workflow."""
    if wants_json:
        return data(msgspec.json.encode(Refused("unknown", said)), HTTPStatus.NOT_FOUND)
    return page(rendered("unknown_workflow.html", said=said), HTTPStatus.NOT_FOUND)
