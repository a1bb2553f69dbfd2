"""Writing a change: one file of the workspace in a field, or a whole folder; drafted or altered."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from upsell.clock import Clock
from upsell.errors import ConfigError
from upsell.runtime import changes
from upsell.runtime.change_book import ChangeBook
from upsell.runtime.change_files import take_upload, with_text
from upsell.runtime.costless import costless_documents, says_costs
from upsell.runtime.overview import ReportBook
from upsell.store.changes import Change, read_change_documents
from upsell.store.connect import Connection
from upsell.store.lending import Lender
from upsell.store.revisions import newest_revision
from upsell.web.access import Right
from upsell.web.pages.change_forms import word_of
from upsell.web.pages.changes import PATH, no_change, number_of
from upsell.web.pages.notices import Notice
from upsell.web.pages.posting import Form, done, posted
from upsell.web.pages.shell import shown
from upsell.workspace.documents import TEMPLATES, Documents, is_document

AnyRequest = Request[Any, Any, Any]

LARGEST_UPLOAD: Final = 6_000_000
"""How many bytes a form with files may have, those that are left alone too."""


class WritingPage(msgspec.Struct, frozen=True):
    """Where a change is written.

    Attributes:
        question: What is asked.
        path: Where the forms go.
        number: The change that is altered; 0 for a new one.
        made_from: Number of the revision that it is over.
        live: Number of the revision that is live, which a folder is proposed over.
        seen: What of the change is altered; empty for a new one.
        file: The file that is edited; empty for none.
        text: What stands in it.
        is_new: Whether there is no such file yet.
        names: Every file that can be edited.
    """

    question: str
    path: str
    number: int
    made_from: int
    live: int
    seen: str
    file: str
    text: str
    is_new: bool
    names: tuple[str, ...]


class _Base(msgspec.Struct, frozen=True):
    """What is written over: the change that is altered, if any, its documents, and the revisions."""

    change: Change | None
    documents: Documents
    made_from: int
    live: int


def writing_routes(
    lender: Lender, clock: Clock, book: ReportBook, kept: ChangeBook
) -> list[HTTPRouteHandler]:
    """Give the routes where changes are drafted and altered."""

    def show(request: AnyRequest, number: int) -> Response[bytes]:
        with lender.lent() as connection:
            base = _base(connection, number)
        asked = request.query_params.get("file", "")
        if Right.SEE_MARGINS not in request.state.visit.rights:
            base = msgspec.structs.replace(base, documents=costless_documents(base.documents))
            asked = "" if says_costs(asked) else asked
        return shown(request, "change_writing.html", writing_page(base, asked))

    def take(request: AnyRequest, form: Form, number: int) -> Response[bytes]:
        word, said = word_of(form), form.said("made_from")
        made_from = int(said) if said.isdecimal() and len(said) < 10 else -1
        try:
            with lender.lent() as connection:
                documents = _sent(_base(connection, number), form)
                if number:
                    change = changes.alter(connection, clock, number, documents, word, made_from=made_from)
                else:
                    change = changes.propose(connection, clock, documents, word, made_from=made_from)
                kept.prepare(connection, change.number, book)
        except ConfigError as error:
            raise ConfigError(str(error).partition("\n")[0]) from error
        notice = Notice.CHANGE_ALTERED if number else Notice.CHANGE_DRAFTED
        return done(request, f"{PATH}/{change.number}", notice)

    @route([f"{PATH}/new"], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False)
    def show_new(request: AnyRequest) -> Response[bytes]:
        """Show where a change is drafted."""
        return show(request, 0)

    @route(
        [f"{PATH}/{{number:str}}/alter"],
        http_method=["GET", "HEAD"],
        sync_to_thread=True,
        include_in_schema=False,
    )
    def show_alter(request: AnyRequest, number: FromPath[str]) -> Response[bytes]:
        """Show where a change is altered."""
        try:
            return show(request, number_of(number))
        except ConfigError as error:
            return no_change(request, error)

    @route(
        [f"{PATH}/new"],
        http_method=["POST"],
        status_code=HTTPStatus.SEE_OTHER,
        include_in_schema=False,
        request_max_body_size=LARGEST_UPLOAD,
    )
    async def draft(request: AnyRequest) -> Response[bytes]:
        """Draft a change."""
        return await posted(request, lambda form: take(request, form, 0))

    @route(
        [f"{PATH}/{{number:str}}/alter"],
        http_method=["POST"],
        status_code=HTTPStatus.SEE_OTHER,
        include_in_schema=False,
        request_max_body_size=LARGEST_UPLOAD,
    )
    async def alter(request: AnyRequest, number: FromPath[str]) -> Response[bytes]:
        """Alter a change."""
        return await posted(request, lambda form: take(request, form, number_of(number)))

    return [show_new, show_alter, draft, alter]


def writing_page(base: _Base, asked: str) -> WritingPage:
    """Give what is said where a change is written, with the file that was asked for."""
    number = base.change.number if base.change is not None else 0
    file = asked if is_document(asked) else ""
    if file:
        question = f"What should {file} say{f' in change {number}' if number else ''}?"
    else:
        question = f"What should change {number} say instead?" if number else "What do you want to change?"
    return WritingPage(
        question=question,
        path=f"{PATH}/{number}/alter" if number else f"{PATH}/new",
        number=number,
        made_from=base.made_from,
        live=base.live,
        seen=base.change.seen if base.change is not None else "",
        file=file,
        text=base.documents.get(file, ""),
        is_new=file not in base.documents,
        # Templates are many: they come last.
        names=tuple(sorted(base.documents, key=lambda name: (name.startswith(TEMPLATES), name))),
    )


def _base(connection: Connection, number: int) -> _Base:
    """Read what is written over.

    Raises:
        ConfigError: There is no such change.
    """
    newest = newest_revision(connection)
    live = newest.number if newest is not None else 0
    if number:
        change = changes.find_change(connection, number)
        return _Base(change, read_change_documents(connection, change), change.made_from, live)
    return _Base(None, newest.documents if newest is not None else {}, live, live)


def _sent(base: _Base, form: Form) -> Documents:
    """Give the documents that a form comes to: one file written otherwise, or those of a folder.

    Raises:
        ConfigError: They cannot be those of a workspace.
    """
    name = form.said("file")
    if name and says_costs(name) and Right.SEE_MARGINS not in form.by.rights:
        msg = (
            f"expected a file that does not say what things cost, got {name}; propose the whole folder, or "
            "let somebody write it who may see margins"
        )
        raise ConfigError(msg)
    if name:
        return with_text(base.documents, name, form.fields.get("text", [""])[0])
    return take_upload([(each.path, each.content) for each in form.files])
