"""Changes: what is to go live and for whom it waits, and of one change all that is to be known to decide."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from upsell.clock import Moment, format_moment, to_datetime
from upsell.errors import ConfigError
from upsell.runtime.change_book import ChangeBook
from upsell.runtime.costless import costless_change
from upsell.runtime.overview import ReportBook
from upsell.store.changes import Change, ChangeState, read_closed_changes, read_open_changes
from upsell.store.lending import Lender
from upsell.store.revisions import newest_number
from upsell.web.access import Right
from upsell.web.pages.change_view import TONES, change_content, change_page
from upsell.web.pages.shell import Trouble, refuse, shown

AnyRequest = Request[Any, Any, Any]

PATH: Final = "/changes"
"""Under which each change has its page, by its number."""

MOST: Final = 50
"""How many closed changes stand on one page."""

MOST_OPEN: Final = 200
"""How many open changes are listed."""

_WAITS: Final = {
    ChangeState.DRAFT: "whoever proposes, to ask for approval",
    ChangeState.ASKED: "another person, to approve it",
    ChangeState.APPROVED: "whoever proposes, to launch it",
}


class ChangeRow(msgspec.Struct, frozen=True):
    """One change in a line: what it is for, where it stands, who proposed it and when, whom it waits for."""

    path: str
    number: int
    because: str
    state: str
    tone: str
    by: str
    when: str
    waits: str


class ChangesPage(msgspec.Struct, frozen=True):
    """Open changes, and some of those that are closed; where those before them stand, empty for nowhere."""

    headline: str
    open: tuple[ChangeRow, ...]
    closed: tuple[ChangeRow, ...]
    older: str


def change_routes(lender: Lender, book: ReportBook, changes: ChangeBook) -> list[HTTPRouteHandler]:
    """Give the routes of the list, and of the page of each change."""

    @route([PATH], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False)
    def show_changes(request: AnyRequest) -> Response[bytes]:
        """Show what is to go live, and what did."""
        said = request.query_params.get("before", "")
        before = int(said) if said.isdecimal() and len(said) < 19 else None
        with lender.lent() as connection:
            going = read_open_changes(connection, MOST_OPEN) if before is None else ()
            closed = read_closed_changes(connection, MOST + 1, before)
            live = newest_number(connection)
        older = f"{PATH}?before={closed[MOST - 1].number}" if len(closed) > MOST else ""
        page = changes_page(going, closed[:MOST], live, older)
        rows = [_content(each, live) for each in (*going, *closed[:MOST])]
        told = msgspec.json.encode({"live": live, "rows": rows, "older": older})
        return shown(request, "changes.html", page, told=told)

    @route(
        [f"{PATH}/{{number:str}}"], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False
    )
    def show_change(request: AnyRequest, number: FromPath[str]) -> Response[bytes]:
        """Show a change."""
        try:
            live = book.program()
            with lender.lent() as connection:
                looked = changes.look(connection, number_of(number), live)
        except ConfigError as error:
            return no_change(request, error)
        visit = request.scope["state"].get("visit")
        if visit is None or Right.SEE_MARGINS not in visit.rights:
            looked = costless_change(looked)
        page = change_page(looked, visit)
        return shown(request, "change.html", page, told=msgspec.json.encode(change_content(looked)))

    return [show_changes, show_change]


def number_of(said: str) -> int:
    """Read the number of a change in an address.

    Raises:
        ConfigError: It is none.
    """
    if not (said.isascii() and said.isdecimal() and len(said) < 19 and int(said)):
        msg = f"expected the number of a change, got {said if said.isprintable() else 'something else'}"
        raise ConfigError(msg)
    return int(said)


def no_change(request: AnyRequest, error: ConfigError) -> Response[bytes]:
    """Say that there is no such change."""
    words = f"{str(error)[:1].upper()}{str(error)[1:]}."
    trouble = Trouble("There is no such change", words, f"Every change stands at {PATH}.")
    return refuse(request, trouble, "unknown", HTTPStatus.NOT_FOUND)


def changes_page(going: tuple[Change, ...], closed: tuple[Change, ...], live: int, older: str) -> ChangesPage:
    """Give what the list says."""
    waiting = sum(each.state is ChangeState.ASKED for each in going)
    least = "at least " if len(going) >= MOST_OPEN else ""
    count = f"{least}{len(going)} {'change is' if len(going) == 1 else 'changes are'} open"
    headline = (
        f"{count}; {waiting or 'none'} {'waits' if waiting < 2 else 'wait'} for approval." if going else ""
    )
    return ChangesPage(
        headline if going or not closed else "Nothing is proposed now.",
        tuple(_row(each, live) for each in going),
        tuple(_row(each, live) for each in closed),
        older,
    )


def _row(each: Change, live: int) -> ChangeRow:
    is_stale = each.is_open and each.made_from != live
    waits = (
        f"whoever proposes, to carry it over to revision {live}" if is_stale else _WAITS.get(each.state, "")
    )
    state = "approval asked for" if each.state is ChangeState.ASKED else each.state.value
    return ChangeRow(
        path=f"{PATH}/{each.number}",
        number=each.number,
        because=each.because,
        state=state + (f" as revision {each.revision}" if each.revision is not None else ""),
        tone=TONES[each.state],
        by=each.proposed_by,
        when=_minute(each.proposed_at),
        waits=waits,
    )


def _content(each: Change, live: int) -> dict[str, Any]:
    return {
        **msgspec.to_builtins(each),
        "proposed_at": format_moment(each.proposed_at),
        "is_stale": each.is_open and each.made_from != live,
    }


def _minute(at: Moment) -> str:
    return f"{to_datetime(at):%Y-%m-%d %H:%M}"
