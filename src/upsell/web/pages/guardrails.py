"""Guardrails: each beside its limit, what is broken and was, and the form that lets a workflow go on."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from upsell.clock import Clock, Moment, format_moment, to_datetime
from upsell.decisions.guardrails import Action
from upsell.errors import ConfigError
from upsell.measurement.guardrails import Reading, Standing
from upsell.runtime.guarding import Guarded, percent_words, rate_words
from upsell.runtime.limits import (
    Limits,
    breach_content,
    guardrails_content,
    let_go_on,
    read_limits,
    state_words,
)
from upsell.runtime.overview import ReportBook, State, Tone
from upsell.runtime.results import date_words
from upsell.store.guardrails import WINDOW, Breach, NoticeState
from upsell.store.lending import Lender
from upsell.web.pages.customer import LARGEST_FORM
from upsell.web.pages.intervals import LimitDrawing, draw_beside_limit
from upsell.web.pages.notices import Notice
from upsell.web.pages.posting import Form, done, posted
from upsell.web.pages.shell import shown

PATH: Final = "/guardrails"

_TONES: Final = {
    "paused": Tone.BAD,
    "beyond": Tone.BAD,
    "warned": Tone.WARN,
    "within": Tone.GOOD,
}


class WatchRow(msgspec.Struct, frozen=True):
    """One guardrail beside its limit, in words, with its picture where there is an interval.

    Attributes:
        workflow: What its workflow is called.
        key: The workflow's key; empty for all mail.
        guardrail: Which guardrail.
        limit: Its limit.
        action: What follows where it is broken.
        state: How it stands.
        needs: What is needed before it can be told; empty where it can.
        reading: The rate with its interval.
        counted: What was counted.
        window: Since when, and over how long.
        drawing: The interval beside the limit.
    """

    workflow: str
    key: str
    guardrail: str
    limit: str
    action: str
    state: State
    needs: str
    reading: str
    counted: str
    window: str
    drawing: LimitDrawing | None


class BrokenRow(msgspec.Struct, frozen=True):
    """One breach in words; what is of its end is empty while it is open."""

    workflow: str
    state: State
    words: str
    since: str
    until: str
    told: str
    by: str
    why: str


class Stuck(msgspec.Struct, frozen=True):
    """A workflow with what is broken of it, which goes on together."""

    key: str
    name: str
    is_paused: bool
    rows: tuple[BrokenRow, ...]


class GuardrailsPage(msgspec.Struct, frozen=True):
    """What the page says.

    Attributes:
        is_live: Whether anything was applied.
        answer: How it stands, in a sentence.
        false_alarms: With which chance a workflow that keeps to its limits is ever paused; empty where
            nothing is live.
        counted: Up to when it was counted; empty before it ever was.
        stuck: Workflows of which something is broken.
        rows: Each guardrail.
        past: What was broken before.
        older: Where what was broken before that stands; empty where that was all.
    """

    is_live: bool
    answer: str
    false_alarms: str
    counted: str
    stuck: tuple[Stuck, ...]
    rows: tuple[WatchRow, ...]
    past: tuple[BrokenRow, ...]
    older: str


def guardrail_routes(lender: Lender, book: ReportBook, clock: Clock) -> list[HTTPRouteHandler]:
    """Give the routes of the page, and of the form that lets a workflow go on."""

    @route([PATH], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False)
    def show_guardrails(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Show every guardrail beside its limit."""
        said, program = request.query_params.get("before", ""), book.program()
        before = int(said) if said.isdecimal() and len(said) < 19 else None
        with lender.lent() as connection:
            found = read_limits(connection, program, before)
        page = guardrails_page(found, is_live=program is not None)
        told = msgspec.json.encode(limits_content(found, page.older))
        return shown(request, "guardrails.html", page, told=told)

    @route(
        [f"{PATH}/{{workflow:str}}/resume"],
        http_method=["POST"],
        status_code=HTTPStatus.SEE_OTHER,
        include_in_schema=False,
        request_max_body_size=LARGEST_FORM,
    )
    async def resume(request: Request[Any, Any, Any], workflow: FromPath[str]) -> Response[bytes]:
        """Let a workflow go on."""

        def act(form: Form) -> Response[bytes]:
            """Let it go on with what was mended."""
            why, by = form.needed("why", "what was mended"), form.by.name
            with lender.lent() as connection:
                ended = let_go_on(connection, clock, workflow, by, by, why)
            if not ended:
                msg = f"expected a workflow of which a guardrail is broken, got {workflow}: nothing is open"
                raise ConfigError(msg)
            return done(request, PATH, Notice.GUARDRAIL_LIFTED)

        return await posted(request, act)

    return [show_guardrails, resume]


def guardrails_page(found: Limits, *, is_live: bool) -> GuardrailsPage:
    """Give what the page says."""
    return GuardrailsPage(
        is_live=is_live,
        answer=_answer(found) if is_live else "",
        false_alarms="" if found.false_alarm_rate is None else percent_words(found.false_alarm_rate),
        counted=date_words(found.counted_at) if found.counted_at else "",
        stuck=tuple(_stuck(found)),
        rows=tuple(_watch(found, each) for each in found.readings),
        past=tuple(_broken(found, each) for each in found.past),
        older=_older(found),
    )


def limits_content(found: Limits, older: str) -> dict[str, Any]:
    """Give the same as plain data: rates as fractions, moments as ISO 8601."""
    return {
        "counted_at": format_moment(found.counted_at) if found.counted_at else None,
        "false_alarm_rate": found.false_alarm_rate,
        **guardrails_content(found.readings, found.open),
        "past": [breach_content(each) for each in found.past],
        "older": older,
    }


def _older(found: Limits) -> str:
    return f"{PATH}?before={found.past[-1].number}" if found.has_more else ""


def _answer(found: Limits) -> str:
    """Say how many are broken, within, and too few to say."""
    broken = sorted({each.workflow for each in found.open})
    if broken:
        said = [_trouble(found, key) for key in broken]
        return f"{', '.join(said[:-1])}{' and ' if said[:-1] else ''}{said[-1]}."
    counts = [
        (sum(each.reading.standing is standing for each in found.readings), words)
        for standing, words in (
            (Standing.BEYOND, "beyond, which is acted on at the next look"),
            (Standing.WITHIN, "within"),
            (Standing.TOO_FEW, "with too few to say"),
        )
    ]
    told = ", ".join(f"{count} {words}" for count, words in counts if count)
    return f"Nothing is broken: {told}." if told else "Nothing is watched yet."


def _trouble(found: Limits, key: str) -> str:
    """Say what became of a workflow, and by which guardrails."""
    mine = [each for each in found.open if each.workflow == key]
    is_paused = any(each.action is Action.PAUSE for each in mine)
    names = sorted({each.guardrail.replace("_", " ") for each in mine})
    return f"{found.name_of(key)} is {'paused' if is_paused else 'warned of'} for its {', '.join(names)}"


def _stuck(found: Limits) -> Iterator[Stuck]:
    for key in dict.fromkeys(each.workflow for each in found.open):
        mine = [each for each in found.open if each.workflow == key]
        is_paused = any(each.action is Action.PAUSE for each in mine)
        yield Stuck(key, found.name_of(key), is_paused, tuple(_broken(found, each) for each in mine))


def _watch(found: Limits, each: Guarded) -> WatchRow:
    reading, words = each.reading, state_words(each, found.open)
    is_excess = reading.held_out is not None or each.guardrail.startswith("excess_")
    state = words if words in _TONES else "too few to say"
    return WatchRow(
        workflow=found.name_of(each.workflow),
        key=each.workflow,
        guardrail=each.guardrail.replace("_", " "),
        limit=rate_words(reading.limit, is_excess=is_excess) + (" beyond the holdout" if is_excess else ""),
        action="pause" if each.action is Action.PAUSE else "tell the owner",
        state=State(state, _TONES.get(words, Tone.CALM)),
        needs=f"Needs {reading.needs}." if reading.needs else "",
        reading=_reading_words(reading, is_excess=is_excess),
        counted=_counted(reading, is_excess=is_excess),
        window=_window(each.since, is_excess=is_excess),
        drawing=draw_beside_limit(reading.low, reading.high, reading.rate, reading.limit),
    )


def _reading_words(reading: Reading, *, is_excess: bool) -> str:
    if reading.rate is None:
        return "\N{EN DASH}"
    if reading.low is None or reading.high is None:
        return rate_words(reading.rate, is_excess=is_excess)
    ends = (reading.rate, reading.low, reading.high)
    rate, low, high = (rate_words(each, is_excess=is_excess) for each in ends)
    return f"{rate} ({low} to {high})"


def _counted(reading: Reading, *, is_excess: bool) -> str:
    if not is_excess:
        return f"{reading.seen:,} of {reading.counted:,}"
    held = reading.held_out
    beside = f", {held.seen:,} of {held.counted:,} held out" if held is not None else ""
    return f"{reading.seen:,} of {reading.counted:,} spoken to{beside}"


def _window(since: Moment, *, is_excess: bool) -> str:
    begins = f"since it went on, {_day(since)}" if since else "since the first message"
    if is_excess:
        first = f"exposed {begins}" if since else "everybody exposed"
        return f"{first}, for {WINDOW // (24 * 3_600_000_000)} days each"
    return begins


def _broken(found: Limits, breach: Breach) -> BrokenRow:
    is_pause = breach.action is Action.PAUSE
    return BrokenRow(
        workflow=found.name_of(breach.workflow),
        state=State("paused", Tone.BAD) if is_pause else State("warned", Tone.WARN),
        words=breach.words.replace("_", " "),
        since=_minute(breach.found_at),
        until=_minute(breach.ended_at) if breach.ended_at is not None else "",
        told=_told(breach),
        by=breach.ended_by,
        why=breach.why,
    )


def _told(breach: Breach) -> str:
    """Say whether its owner knows."""
    match breach.notice:
        case NoticeState.SENT:
            return f"{breach.notice_to} was told by mail."
        case NoticeState.DUE | NoticeState.SENDING:
            return "Its owner is being told by mail."
        case NoticeState.NOBODY:
            return "Nobody was told by mail: its owner is no address."
        case NoticeState.FAILED | NoticeState.UNKNOWN:
            detail = f": {breach.notice_detail}" if breach.notice_detail else ""
            return f"Whether {breach.notice_to or 'its owner'} was told by mail is not known{detail}."


def _minute(at: Moment) -> str:
    return f"{to_datetime(at):%Y-%m-%d %H:%M}"


def _day(at: Moment) -> str:
    return f"{to_datetime(at):%-d %B %Y}"
