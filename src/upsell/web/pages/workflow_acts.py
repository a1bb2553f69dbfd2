"""Acts on a workflow: pausing it, letting it go on, and a change that ends it; and what stands in the way."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from upsell.clock import Clock, to_datetime
from upsell.errors import ConfigError
from upsell.journeys.workflow import Status
from upsell.runtime import changes, desk
from upsell.runtime.change_book import ChangeBook
from upsell.runtime.change_files import with_status
from upsell.runtime.changes import Word
from upsell.runtime.overview import ReportBook
from upsell.store.connect import Connection
from upsell.store.lending import Lender
from upsell.store.messages import count_waiting_messages
from upsell.store.revisions import newest_revision
from upsell.store.stops import open_stops
from upsell.web.pages.change_forms import word_of
from upsell.web.pages.changes import PATH as CHANGES
from upsell.web.pages.customer import LARGEST_FORM
from upsell.web.pages.notices import Notice
from upsell.web.pages.posting import Form, done, posted
from upsell.workspace.documents import WORKFLOWS

AnyRequest = Request[Any, Any, Any]

_PATH: Final = "/workflows"


class WorkflowActs(msgspec.Struct, frozen=True):
    """What may be done about a workflow, for ``workflow_acts.html``.

    Attributes:
        path: Where its page is, and its forms under it.
        file: Its file within the workspace.
        is_ended: Whether it has ended.
        stopped: By whom it is stopped by hand, since when and why, in a sentence; empty where it is not.
        elsewhere: The same of a stop of everything or of a channel, which is let go on elsewhere.
        waiting: How many of its messages wait to go out.
    """

    path: str
    file: str
    is_ended: bool
    stopped: str
    elsewhere: tuple[str, ...]
    waiting: int


def workflow_acts(connection: Connection, workflow: str, status: Status) -> WorkflowActs:
    """Read what may be done about a workflow now."""
    stopped, elsewhere = "", []
    for stop in open_stops(connection):
        since = f"{to_datetime(stop.started_at):%Y-%m-%d %H:%M} UTC"
        said = f"Stopped by {stop.by} since {since}: {stop.because}"
        if stop.workflow == workflow:
            stopped = said
        elif not stop.workflow:
            elsewhere.append(f"{stop.words[:1].upper()}{stop.words[1:]}: {said[:1].lower()}{said[1:]}")
    return WorkflowActs(
        path=f"{_PATH}/{workflow}",
        file=f"{WORKFLOWS}/{workflow}.yaml",
        is_ended=status is Status.ENDED,
        stopped=stopped,
        elsewhere=tuple(elsewhere),
        waiting=count_waiting_messages(connection, workflow),
    )


def workflow_act_routes(
    lender: Lender, clock: Clock, book: ReportBook, kept: ChangeBook
) -> list[HTTPRouteHandler]:
    """Give the routes of the forms by which a workflow is paused, let go on and ended."""

    def pause(request: AnyRequest, connection: Connection, workflow: str, word: Word) -> Response[bytes]:
        if not desk.stop(connection, clock, word.by, word.because, workflow=workflow):
            msg = f"expected a workflow that is not stopped, got {workflow}, which is; its page says by whom"
            raise ConfigError(msg)
        return done(request, f"{_PATH}/{workflow}", Notice.STOPPED)

    def resume(request: AnyRequest, connection: Connection, workflow: str, word: Word) -> Response[bytes]:
        if not desk.resume(connection, clock, word.by, word.because, workflow=workflow):
            msg = f"expected a workflow that is stopped by hand, got {workflow}, which is not"
            raise ConfigError(msg)
        return done(request, f"{_PATH}/{workflow}", Notice.LET_GO_ON)

    def end(request: AnyRequest, connection: Connection, workflow: str, word: Word) -> Response[bytes]:
        live = newest_revision(connection)
        documents = with_status(live.documents if live is not None else {}, workflow, Status.ENDED)
        number = live.number if live is not None else 0
        change = changes.propose(connection, clock, documents, word, made_from=number)
        kept.prepare(connection, change.number, book)
        return done(request, f"{CHANGES}/{change.number}", Notice.CHANGE_DRAFTED)

    return [
        _form(lender, "pause", pause),
        _form(lender, "resume", resume),
        _form(lender, "end", end),
    ]


def _form(
    lender: Lender, name: str, act: Callable[[AnyRequest, Connection, str, Word], Response[bytes]]
) -> HTTPRouteHandler:
    @route(
        [f"{_PATH}/{{workflow:str}}/{name}"],
        http_method=["POST"],
        status_code=HTTPStatus.SEE_OTHER,
        include_in_schema=False,
        request_max_body_size=LARGEST_FORM,
    )
    async def take(request: AnyRequest, workflow: FromPath[str]) -> Response[bytes]:
        """Take the form."""

        def doing(form: Form) -> Response[bytes]:
            word = word_of(form)
            with lender.lent() as connection:
                return act(request, connection, workflow, word)

        return await posted(request, doing)

    return take
