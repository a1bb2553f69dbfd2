"""The outbox: every message by where it stands, and each of them as the customer saw it.

The law: what is shown of a message is what ``upsell outbox show`` shows, without what anything costs for
whoever may not see margins.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from upsell.clock import Clock, Moment, format_moment
from upsell.decisions.reach import CHANNELS, WEBHOOK
from upsell.decisions.stops import Stop
from upsell.errors import ConfigError
from upsell.ids import customer_unit
from upsell.runtime import desk
from upsell.runtime.costless import costless
from upsell.runtime.desk_words import listed_content, without_costs
from upsell.runtime.explaining import Shelf
from upsell.runtime.overview import ReportBook, State
from upsell.runtime.results import date_words
from upsell.store.connect import Connection
from upsell.store.lending import Lender
from upsell.store.message_pages import (
    MOST_COUNTED,
    MOST_LOOKED,
    Asked,
    Group,
    MessagePage,
    OpenMessages,
    count_open_messages,
    estimate_rows,
    read_heard,
    read_message_page,
)
from upsell.store.messages import Listed
from upsell.store.stops import open_stops
from upsell.web.access import Right
from upsell.web.pages.known import path_of
from upsell.web.pages.letters import letter_response
from upsell.web.pages.message import (
    PATH,
    message_content,
    message_page,
    message_path,
    minute_words,
    state_of,
)
from upsell.web.pages.shell import Trouble, refuse, shown

MOST: Final = 50
"""How many messages stand on one page."""

_CHANNELS: Final = (*CHANNELS, WEBHOOK)
_LABELS: Final = {
    Group.WAITING: "Waiting",
    Group.SENDING: "Being sent",
    Group.SENT: "Sent",
    Group.WITHDRAWN: "Withheld",
    Group.FAILED: "Failed",
    Group.UNKNOWN: "Unknown",
}

AnyRequest = Request[Any, Any, Any]


class Choice(msgspec.Struct, frozen=True):
    """One way to choose among messages: what it is called, where it leads, and whether it is chosen."""

    label: str
    path: str
    is_here: bool


class Choices(msgspec.Struct, frozen=True):
    """Choices of one kind, under what they are of."""

    label: str
    choices: tuple[Choice, ...]


class MessageRow(msgspec.Struct, frozen=True):
    """One message in a line."""

    path: str
    when: str
    state: State
    channel: str
    workflow: str
    workflow_path: str
    whom: str
    whom_path: str
    said: str


class OutboxPage(msgspec.Struct, frozen=True):
    """What the outbox says.

    Attributes:
        answer: How much waits, and of how much nobody knows, in a sentence.
        about: How many messages there are, about, and as of when.
        stops: What is stopped, in sentences.
        choices: Ways to choose.
        rows: Messages, the newest first.
        older: Where older ones stand; empty where that was all.
        note: How far was looked; empty where everything was.
        is_chosen: Whether anything was chosen.
    """

    answer: str
    about: str
    stops: tuple[str, ...]
    choices: tuple[Choices, ...]
    rows: tuple[MessageRow, ...]
    older: str
    note: str
    is_chosen: bool


class Outbox(msgspec.Struct, frozen=True):
    """What the page rests on.

    Attributes:
        asked: What was asked for.
        found: Messages.
        open: How many have no end yet.
        total: About how many there are; None where nothing was gathered yet.
        stops: What is stopped.
        workflows: Keys of the workflows that are live.
        now: As of when.
    """

    asked: Asked
    found: MessagePage
    open: OpenMessages
    total: int | None
    stops: tuple[Stop, ...]
    workflows: tuple[str, ...]
    now: Moment


def outbox_routes(lender: Lender, book: ReportBook, clock: Clock) -> list[HTTPRouteHandler]:
    """Give the routes of the outbox, of each message, and of its letter."""
    shelf = Shelf()

    @route([PATH], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False)
    def show_outbox(request: AnyRequest) -> Response[bytes]:
        """List messages."""
        program = book.program()
        asked = read_asked(request.query_params)
        with lender.lent() as connection:
            found = Outbox(
                asked,
                read_message_page(connection, asked, MOST),
                count_open_messages(connection),
                estimate_rows(connection, "outbox"),
                open_stops(connection),
                tuple(sorted(program.workflows)) if program is not None else (),
                clock.now(),
            )
        told = msgspec.json.encode(outbox_content(found))
        return shown(request, "outbox.html", outbox_page(found), told=told)

    @route([f"{PATH}/{{key:str}}"], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False)
    def show_message(request: AnyRequest, key: FromPath[str]) -> Response[bytes]:
        """Show one message."""
        now = clock.now()
        try:
            with lender.lent() as connection:
                found = _read(connection, shelf, key, now)
                heard = read_heard(
                    connection, found.queued.household_id, found.listed.key, found.listed.reserved_at
                )
        except ConfigError as error:
            return _unknown(request, error)
        if Right.SEE_MARGINS not in request.state.visit.rights:
            found = without_costs(found)
            heard = tuple(
                msgspec.structs.replace(each, properties=costless(each.properties)) for each in heard
            )
        told = msgspec.json.encode(message_content(found, heard))
        value = message_page(found, heard, now)
        return shown(request, "message.html", value, told=told, has_frames=value.is_html)

    @route(
        [f"{PATH}/{{key:str}}/letter"],
        http_method=["GET", "HEAD"],
        sync_to_thread=True,
        include_in_schema=False,
    )
    def show_letter(request: AnyRequest, key: FromPath[str]) -> Response[bytes]:
        """Give the HTML of one message, for a frame."""
        try:
            with lender.lent() as connection:
                found = _read(connection, shelf, key, clock.now())
        except ConfigError as error:
            return _unknown(request, error)
        return letter_response(found.letter.html if found.letter is not None else "")

    return [show_outbox, show_message, show_letter]


def read_asked(said: Any) -> Asked:
    """Read what was asked for; what is no choice chooses nothing."""
    before = said.get("before", "")
    channel, workflow = said.get("channel", ""), said.get("workflow", "")
    return Asked(
        group=next((each for each in Group if each.value == said.get("state", "")), None),
        channel=channel if channel in _CHANNELS else "",
        workflow=workflow if workflow.isprintable() else "",
        before=int(before) if before.isascii() and before.isdecimal() and len(before) < 19 else None,
    )


def outbox_page(found: Outbox) -> OutboxPage:
    """Give what the outbox says."""
    asked, page = found.asked, found.found
    is_chosen = asked.group is not None or bool(asked.channel or asked.workflow)
    return OutboxPage(
        answer=_answer(found),
        about=f"{_total(found.total)}As of {date_words(found.now)}.",
        stops=tuple(f"{_upper(stop.words)} is stopped, by {stop.by}: {stop.because}" for stop in found.stops),
        choices=_choices(asked, found.workflows),
        rows=tuple(map(_row, page.rows)),
        older=_path(asked, before=page.older) if page.older is not None else "",
        note=f"Looked through {MOST_LOOKED:,} messages for these." if page.is_cut else "",
        is_chosen=is_chosen or asked.before is not None,
    )


def outbox_content(found: Outbox) -> dict[str, object]:
    """Give the same as plain data: moments as ISO 8601, states by codes, counts as far as counted."""
    page = found.found
    return {
        "as_of": format_moment(found.now),
        "total_about": found.total,
        "open": {**msgspec.to_builtins(found.open), "counted_to": MOST_COUNTED},
        "stops": [
            {
                "channel": stop.channel or None,
                "workflow": stop.workflow or None,
                "started_at": format_moment(stop.started_at),
                "by": stop.by,
                "because": stop.because,
            }
            for stop in found.stops
        ],
        "messages": [listed_content(each) | {"path": message_path(each.key)} for each in page.rows],
        "is_cut": page.is_cut,
        "older": _path(found.asked, before=page.older) if page.older is not None else "",
    }


def _read(connection: Connection, shelf: Shelf, key: str, now: Moment) -> desk.Shown:
    if not (key.isascii() and key.isprintable()):
        msg = f"expected the key of a message, got {key!r}; /outbox lists messages"
        raise ConfigError(msg)
    with shelf.lent(connection, is_past=False) as programs:
        return desk.show_message(connection, key, now, programs)


def _unknown(request: AnyRequest, error: ConfigError) -> Response[bytes]:
    words = f"{_upper(str(error))}."
    trouble = Trouble("There is no such message", words, f"Every message stands at {PATH}.")
    return refuse(request, trouble, "unknown", HTTPStatus.NOT_FOUND)


def _answer(found: Outbox) -> str:
    """Say how much is on its way, and what needs somebody."""
    if not found.found.rows and found.asked == Asked():
        return ""
    waiting = _counted(found.open.waiting + found.open.leased)
    unknown = found.open.unknown
    known = (
        "of every other it is known whether it went out"
        if not unknown
        else f"of {_counted(unknown)} nobody knows whether {'it' if unknown == 1 else 'they'} went out"
    )
    if not found.open.waiting + found.open.leased:
        return f"Nothing waits to be sent, and {known}."
    noun = "message waits" if waiting == "1" else "messages wait"
    return f"{_upper(waiting)} {noun} to be sent, and {known}."


def _counted(count: int) -> str:
    return f"{count:,}" if count <= MOST_COUNTED else f"more than {MOST_COUNTED:,}"


def _total(total: int | None) -> str:
    if not total:
        return ""
    return f"About {total:,} message{'' if total == 1 else 's'} in all, by the database's estimate. "


def _choices(asked: Asked, workflows: Collection[str]) -> tuple[Choices, ...]:
    def made(label: str, name: str, chosen: str, named: Sequence[tuple[str, str]]) -> Choices:
        ways = (("", "all"), *named)
        return Choices(
            label, tuple(Choice(words, _path(asked, **{name: key}), key == chosen) for key, words in ways)
        )

    found = [
        made(
            "State",
            "state",
            asked.group.value if asked.group is not None else "",
            [(group.value, words.lower()) for group, words in _LABELS.items()],
        ),
        made("Channel", "channel", asked.channel, [(each, each) for each in _CHANNELS]),
    ]
    named = sorted({*workflows, *([asked.workflow] if asked.workflow else [])})
    if named:
        found.append(made("Workflow", "workflow", asked.workflow, [(each, each) for each in named]))
    return tuple(found)


def _path(asked: Asked, **changed: object) -> str:
    """Give the address of what is asked for with something changed; from the newest on, unless that is it."""
    said = {
        "state": asked.group.value if asked.group is not None else "",
        "channel": asked.channel,
        "workflow": asked.workflow,
        **changed,
    }
    written = urlencode({name: value for name, value in said.items() if value not in ("", None)})
    return f"{PATH}?{written}" if written else PATH


def _row(each: Listed) -> MessageRow:
    whom = each.customer_id
    return MessageRow(
        path=message_path(each.key),
        when=minute_words(each.reserved_at),
        state=state_of(each.state),
        channel=each.channel,
        workflow=each.workflow,
        workflow_path=f"/workflows/{quote(each.workflow, safe='')}" if each.workflow else "",
        whom=whom,
        whom_path=path_of(customer_unit(whom)) if whom else "",
        said=each.reason or each.content or each.step,
    )


def _upper(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}"
