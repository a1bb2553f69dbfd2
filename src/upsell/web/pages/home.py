"""Home, and the list of workflows: what runs, what it earned, what it cost in trust, what needs a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler

from upsell.clock import Clock, Moment, format_moment, to_datetime
from upsell.measurement.charts.readings import Reading
from upsell.runtime.overview import (
    Line,
    Need,
    Overview,
    Ran,
    RanWorkflow,
    ReportBook,
    State,
    Trust,
    read_overview,
)
from upsell.runtime.results import date_words
from upsell.store.lending import Lender
from upsell.web.pages.intervals import IntervalDrawing, draw_interval
from upsell.web.pages.shell import shown
from upsell.web.pages.sparklines import Sparkline, draw_sparkline, sparkline_words

HOME: Final = "/"
DEMO_PORT: Final = 8600
"""The port on which `upsell demo` shows its pages unless told another."""

WORKFLOWS: Final = "/workflows"

NO_READINGS: Final[Mapping[str, Sequence[Reading]]] = {}
"""Stands for what was known over time where it was not read yet."""


class Row(msgspec.Struct, frozen=True):
    """One workflow on a page: its line, with the picture of what it earned where it can be drawn."""

    key: str
    name: str
    owner: str
    state: State
    guardrails: State
    review: State
    earned: str
    effect: str
    drawing: IntervalDrawing | None
    trend: Sparkline | None = None
    trend_words: str = ""


class Figure(msgspec.Struct, frozen=True):
    """A number with what it is called, and of what it is."""

    label: str
    value: str
    how: str


class HomePage(msgspec.Struct, frozen=True):
    """What home says.

    Attributes:
        is_live: Whether anything was applied.
        earned: What it all earned, in a sentence.
        as_of: As of when.
        needs: What needs a person.
        rows: Each workflow.
        trust: What it cost in trust; empty before anything was counted.
        ran: What ran.
        did: What each workflow did, in a sentence, by its key.
        demo: The command that shows a made-up company, beside this server.
        demo_at: Where it shows it.
    """

    is_live: bool
    earned: str
    as_of: str
    needs: tuple[Need, ...]
    rows: tuple[Row, ...]
    trust: tuple[Figure, ...]
    ran: tuple[Figure, ...]
    did: Mapping[str, str]
    demo: str
    demo_at: str


class WorkflowsPage(msgspec.Struct, frozen=True):
    """What the list of workflows says: how many run, in a sentence, and each."""

    headline: str
    as_of: str
    rows: tuple[Row, ...]


def home_routes(lender: Lender, book: ReportBook, clock: Clock, port: int) -> list[HTTPRouteHandler]:
    """Give the routes ``/`` and ``/workflows`` of a server that listens on a port."""

    def read() -> Overview:
        program, results = book.program(), book.read()
        with lender.lent() as connection:
            return read_overview(connection, program, results, clock.now())

    @route([HOME], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False)
    def show_home(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Show what stands."""
        found = read()
        return shown(
            request, "home.html", home_page(found, port), told=msgspec.json.encode(home_content(found))
        )

    @route([WORKFLOWS], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False)
    def show_workflows(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Show every workflow in a line."""
        found, readings = read(), book.readings()
        told = msgspec.json.encode(workflows_content(found, readings))
        return shown(request, "workflows.html", workflows_page(found, readings), told=told)

    return [show_home, show_workflows]


def home_page(found: Overview, port: int) -> HomePage:
    """Give what home says on a server that listens on a port."""
    # The made-up company has a server of its own, beside this one.
    is_taken = port == DEMO_PORT
    demo_port = DEMO_PORT + is_taken
    return HomePage(
        is_live=found.is_live,
        earned=found.earned,
        as_of=date_words(found.as_of),
        needs=found.needs,
        rows=tuple(map(_row, found.lines)),
        trust=() if found.trust is None else _figures(found.trust),
        ran=() if found.ran is None else _ran(found),
        did={} if found.ran is None else {each.key: _did(each) for each in found.ran.workflows},
        demo=f"upsell demo --port {demo_port}" if is_taken else "upsell demo",
        demo_at=f"http://127.0.0.1:{demo_port}/",
    )


def workflows_page(found: Overview, readings: Mapping[str, Sequence[Reading]] = NO_READINGS) -> WorkflowsPage:
    """Give what the list of workflows says, with what was known of each over time by its key."""
    total, live = len(found.lines), _count_live(found)
    noun = "workflow" if total == 1 else "workflows"
    headline = f"{live} of {total} {noun} {'is' if live == 1 else 'are'} live." if total else ""
    rows = tuple(_row(line, readings.get(line.key, ())) for line in found.lines)
    return WorkflowsPage(headline, date_words(found.as_of), rows)


def home_content(found: Overview) -> dict[str, Any]:
    """Give what home says as plain data: moments as ISO 8601, counts, lifts as the report has them."""
    return {
        "is_live": found.is_live,
        "earned": found.earned,
        "as_of": format_moment(found.as_of),
        "needs": msgspec.to_builtins(found.needs),
        "rows": _rows_content(found),
        "trust": None if found.trust is None else msgspec.to_builtins(found.trust),
        "ran": None if found.ran is None else _ran_content(found.ran),
    }


def workflows_content(
    found: Overview, readings: Mapping[str, Sequence[Reading]] = NO_READINGS
) -> dict[str, Any]:
    """Give what the list of workflows says as plain data, with what was known of each over time."""
    return {
        "as_of": format_moment(found.as_of),
        "live": _count_live(found),
        "total": len(found.lines),
        "rows": _rows_content(found),
        "trends": {
            line.key: [
                {"at": format_moment(each.at), "effect": msgspec.to_builtins(each.effect)}
                for each in readings.get(line.key, ())
            ]
            for line in found.lines
        },
    }


def _rows_content(found: Overview) -> list[dict[str, Any]]:
    # The effect in words is the lift's, which is there.
    return [
        {name: said for name, said in msgspec.to_builtins(line, str_keys=True).items() if name != "effect"}
        for line in found.lines
    ]


def _count_live(found: Overview) -> int:
    return sum(line.state.words == "live" for line in found.lines)


def _row(line: Line, readings: Sequence[Reading] = ()) -> Row:
    return Row(
        key=line.key,
        name=line.name,
        owner=line.owner,
        state=line.state,
        guardrails=line.guardrails,
        review=line.review,
        earned=line.earned,
        effect=line.effect,
        drawing=draw_interval(line.lift, None),
        trend=draw_sparkline(readings),
        trend_words=sparkline_words(readings, line.lift),
    )


def _ran_content(ran: Ran) -> dict[str, Any]:
    moments = {"events_since": ran.events_since, "messages_since": ran.messages_since}
    return {**msgspec.to_builtins(ran), **{name: format_moment(at) for name, at in moments.items()}}


def _ran(found: Overview) -> tuple[Figure, ...]:
    """Write what ran, each with since when."""
    ran, live, total = found.ran, _count_live(found), len(found.lines)
    if ran is None:
        return ()
    is_counted = ran.messages or found.trust is not None
    return (
        Figure("Workflows that are live", f"{live:,}", f"of {total:,}"),
        Figure("Events that came in", f"{ran.events:,}", f"since {_day(ran.events_since)}"),
        Figure(
            "Messages that went out",
            f"{ran.messages:,}" if is_counted else "–",
            f"since {_day(ran.messages_since)}" if is_counted else "not counted yet, or none",
        ),
    )


def _did(each: RanWorkflow) -> str:
    """Say what a workflow did since it began."""
    if not each.considered:
        return "Nobody was considered yet."
    sent = f"{each.sent:,} {'message' if each.sent == 1 else 'messages'} went out"
    held = f", {each.held_out:,} held out" if each.held_out else ""
    return f"Since it began {each.considered:,} considered, {each.let_in:,} let in{held}; {sent}."


def _day(at: Moment) -> str:
    return f"{to_datetime(at):%-d %B %Y}"


def _figures(trust: Trust) -> tuple[Figure, ...]:
    """Write what it cost in trust, each as a count and as a share of what went out."""
    told = (
        ("Answered by leaving", trust.unsubscribed),
        ("Marked as spam", trust.complained),
        ("Came back", trust.bounced),
    )
    shares = tuple(
        Figure(label, f"{count:,}", f"{count / trust.sent * 100:.2f} % of what went out")
        for label, count in told
    )
    return (Figure("Messages that went out", f"{trust.sent:,}", "since the first one"), *shares)
