"""Who is in a workflow now: one row each, the last to come in first, in all or at one step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from upsell.clock import Clock, Moment, format_moment, to_datetime
from upsell.errors import ConfigError
from upsell.ids import bare
from upsell.journeys.household import Enrollment
from upsell.runtime.counted import CountBook, Counted
from upsell.runtime.drawn import outline_of, whereabouts_of
from upsell.runtime.overview import ReportBook
from upsell.runtime.results import date_words
from upsell.runtime.under_way import (
    People,
    UnderWay,
    find_people,
    people_content,
    standing_words,
    step_words,
    stood_since,
    waiting_words,
)
from upsell.store.lending import Lender
from upsell.store.passages import LAST
from upsell.web.pages.known import path_of as customer_path
from upsell.web.pages.shell import Way, shown
from upsell.web.pages.workflow_parts import PATH, path_of, tabs_of, unknown
from upsell.workspace.outline import Item, Outline, items_of
from upsell.workspace.whereabouts import Whereabouts

BEFORE_FIRST: Final = "-"
"""What is asked for those who stand before the first step."""


class Asked(msgspec.Struct, frozen=True):
    """Whom a page shows: those at a step or in a version, and of these those let in before a decision.

    Attributes:
        step: Id of the step; ``BEFORE_FIRST`` for none, empty for every one.
        version: The version; empty for every one. A step is one of the version that is live.
        before: Before which decision they were let in.
    """

    step: str
    version: str
    before: int

    def path(self, key: str, before: int) -> str:
        """Give where those are who were let in before a decision."""
        said = [("step", self.step), ("version", self.version), ("before", str(before))]
        return f"{path_of(key, 'people')}?{urlencode([(name, value) for name, value in said if value])}"


class PersonRow(msgspec.Struct, frozen=True):
    """One passage in words: whose, where their page is, in whose household, where they stand, and why."""

    name: str
    path: str
    of: str
    stands: str
    since: str
    waits: str
    due: str
    arm: str
    entered: str


class Choice(msgspec.Struct, frozen=True):
    """One step that may be asked for: its id, what it does and how many stand there, if it is asked for."""

    step: str
    words: str
    is_asked: bool


class PeoplePage(msgspec.Struct, frozen=True):
    """What the page says."""

    key: str
    name: str
    unit: str
    tabs: tuple[Way, ...]
    answer: str
    counted_at: str
    fault: str
    version: str
    path: str
    choices: tuple[Choice, ...]
    rows: tuple[PersonRow, ...]
    looked: int
    is_filtered: bool
    is_first: bool
    older: str


def people_route(lender: Lender, book: ReportBook, counts: CountBook, clock: Clock) -> HTTPRouteHandler:
    """Give the route of the page of who is in a workflow."""

    @route(
        [f"{PATH}/{{workflow:str}}/people"],
        http_method=["GET", "HEAD"],
        sync_to_thread=True,
        include_in_schema=False,
    )
    def show_people(request: Request[Any, Any, Any], workflow: FromPath[str]) -> Response[bytes]:
        """Show who is in a workflow."""
        asked = _asked(request)
        try:
            drawn = outline_of(book.program(), workflow)
        except ConfigError as error:
            return unknown(request, str(error))
        with lender.lent() as connection:
            people = find_people(
                connection, workflow, lambda each: is_asked_for(each, asked, drawn), asked.before
            )
        counted = counts.read(workflow)
        told = {
            "at": format_moment(clock.now()),
            "workflow": workflow,
            "step": asked.step or None,
            "version": asked.version or None,
            "people": people_content(people),
            "older": asked.path(workflow, people.older) if people.older is not None else "",
        }
        page = people_page(drawn, people, asked, counted)
        return shown(request, "workflow_people.html", page, told=msgspec.json.encode(told))

    return show_people


def people_page(drawn: Outline, people: People, asked: Asked, counted: Counted | None) -> PeoplePage:
    """Give what the page says; ``counted`` is None while nobody knows how many stand where."""
    where = whereabouts_of(counted.counts, drawn) if counted is not None else None
    words = step_words(drawn)
    items = [item for item in items_of((*drawn.items, *drawn.after_goal)) if item.ids]
    is_known = not asked.step or asked.step == BEFORE_FIRST or asked.step in words
    return PeoplePage(
        key=drawn.key,
        name=drawn.title,
        unit=drawn.unit,
        tabs=tabs_of(drawn.key, "people"),
        answer=_answer(drawn, asked, where, items),
        counted_at=date_words(counted.at) if counted is not None else "",
        fault="" if is_known else f"There is no step {asked.step} in what is live; choose one of these.",
        version=asked.version,
        path=path_of(drawn.key, "people"),
        choices=tuple(
            Choice(
                item.ids[0],
                f"{item.ids[0]} {item.words}"
                + (f" ({sum(where.at(item).values()):,})" if where is not None else ""),
                asked.step in item.ids,
            )
            for item in items
        ),
        rows=tuple(_row(each, drawn, words) for each in people.found),
        looked=people.looked,
        is_filtered=bool(asked.step or asked.version),
        is_first=asked.before == LAST,
        older=asked.path(drawn.key, people.older) if people.older is not None else "",
    )


def is_asked_for(passage: Enrollment, asked: Asked, drawn: Outline) -> bool:
    """Tell whether a passage is one of those that are asked for, as those at a step are counted."""
    if asked.version and passage.version != asked.version:
        return False
    if not asked.step:
        return True
    if asked.step == BEFORE_FIRST:
        return passage.step is None and passage.version == drawn.version
    ids = next(
        (item.ids for item in items_of((*drawn.items, *drawn.after_goal)) if asked.step in item.ids), ()
    )
    return passage.version == drawn.version and passage.step in ids


def _asked(request: Request[Any, Any, Any]) -> Asked:
    """Read whom to show; a place that is none is the top."""
    said = request.query_params.get("before", "")
    before = int(said) if said.isascii() and said.isdecimal() and len(said) < 19 else LAST
    return Asked(
        request.query_params.get("step", "").strip(),
        request.query_params.get("version", "").strip(),
        min(before, LAST),
    )


def _answer(drawn: Outline, asked: Asked, where: Whereabouts | None, items: list[Item]) -> str:
    """Say how many there are."""
    if where is None:
        return "How many is being counted."
    if asked.version and asked.version != drawn.version:
        total = sum(where.elsewhere.get(asked.version, {}).values())
        return f"{_many(total, drawn)} under way in version {asked.version[:8]}."
    if asked.step == BEFORE_FIRST:
        return f"{_many(sum(where.here.get('', {}).values()), drawn)} before the first step."
    for item in items:
        if asked.step in item.ids:
            return f"{_many(sum(where.at(item).values()), drawn)} at step {asked.step}: {item.words}."
    total = sum(where.everywhere().values()) + sum(sum(each.values()) for each in where.elsewhere.values())
    return f"{_many(total, drawn)} under way."


def _many(count: int, drawn: Outline) -> str:
    return f"{count:,} {drawn.unit} is" if count == 1 else f"{count:,} {drawn.unit}s are"


def _row(each: UnderWay, drawn: Outline, words: Mapping[str, str]) -> PersonRow:
    passage = each.passage
    arm = passage.arm or ""
    if passage.is_shadow:
        arm = f"held out, {arm}" if arm else "held out"
    return PersonRow(
        name=bare(each.unit_id),
        path=customer_path(each.unit_id),
        of=bare(each.household_id) if each.household_id != each.unit_id else "",
        stands=standing_words(passage, drawn, words),
        since=_minute(stood_since(passage)),
        waits=waiting_words(passage),
        due=_minute(passage.due_at) if passage.due_at is not None else "",
        arm=arm,
        entered=_minute(passage.entered_at),
    )


def _minute(at: Moment) -> str:
    return f"{to_datetime(at):%Y-%m-%d %H:%M}"
