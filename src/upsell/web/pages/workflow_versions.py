"""Versions and file of a workflow: what changed in it and when, who is still in what was before; its text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from upsell.clock import Clock, Moment, format_moment
from upsell.errors import ConfigError
from upsell.runtime.counted import CountBook, Counted
from upsell.runtime.differences import FileDifference
from upsell.runtime.drawn import outline_of
from upsell.runtime.overview import ReportBook
from upsell.runtime.results import date_words
from upsell.runtime.written import Written, WrittenBook, changes_of, file_of
from upsell.store.lending import Lender
from upsell.web.pages.shell import Way, shown
from upsell.web.pages.workflow_parts import PATH, path_of, tabs_of, unknown
from upsell.workspace.outline import Outline

_PROPOSE = "/changes/new"


class TurnRow(msgspec.Struct, frozen=True):
    """A revision in which the workflow changed, in words, with where its difference stands."""

    number: int
    when: str
    hash: str
    note: str
    what: str
    path: str
    is_shown: bool


class OldVersion(msgspec.Struct, frozen=True):
    """A version that is not live, with how many are under way in it, when they came in, where they are."""

    version: str
    count: int
    came: str
    revisions: str
    path: str


class VersionsPage(msgspec.Struct, frozen=True):
    """What the page of versions says."""

    key: str
    name: str
    unit: str
    tabs: tuple[Way, ...]
    answer: str
    live: str
    path: str
    fault: str
    old: tuple[OldVersion, ...]
    counted_at: str
    turns: tuple[TurnRow, ...]
    numbers: tuple[int, ...]
    since: int
    until: int
    changes: tuple[FileDifference, ...]


class FilePage(msgspec.Struct, frozen=True):
    """What the page of a file says."""

    key: str
    name: str
    tabs: tuple[Way, ...]
    file: str
    revision: int
    applied_at: str
    lines: tuple[str, ...]
    propose: str


def version_routes(
    lender: Lender, book: ReportBook, counts: CountBook, clock: Clock
) -> list[HTTPRouteHandler]:
    """Give the routes of the versions and of the file of each workflow."""
    written = WrittenBook()

    def read(workflow: str) -> Outline:
        """Give a workflow as it is live, and have read what was written up to now.

        Raises:
            ConfigError: None of that key is live.
        """
        drawn = outline_of(book.program(), workflow)
        with lender.lent() as connection:
            written.refresh(connection)
        return drawn

    @route(
        [f"{PATH}/{{workflow:str}}/versions"],
        http_method=["GET", "HEAD"],
        sync_to_thread=True,
        include_in_schema=False,
    )
    def show_versions(request: Request[Any, Any, Any], workflow: FromPath[str]) -> Response[bytes]:
        """Show what changed in a workflow."""
        try:
            drawn = read(workflow)
        except ConfigError as error:
            return unknown(request, str(error))
        counted = counts.read(workflow)
        said = (request.query_params.get("from", ""), request.query_params.get("to", ""))
        page = versions_page(drawn, written, said, counted)
        told = msgspec.json.encode(versions_content(page, written, clock.now(), counted))
        return shown(request, "workflow_versions.html", page, told=told)

    @route(
        [f"{PATH}/{{workflow:str}}/file"],
        http_method=["GET", "HEAD"],
        sync_to_thread=True,
        include_in_schema=False,
    )
    def show_file(request: Request[Any, Any, Any], workflow: FromPath[str]) -> Response[bytes]:
        """Show what is written of a workflow."""
        try:
            drawn = read(workflow)
        except ConfigError as error:
            return unknown(request, str(error))
        page = file_page(drawn, written)
        text = "".join(f"{line}\n" for line in page.lines)
        told = {
            "at": format_moment(clock.now()),
            "workflow": workflow,
            "file": page.file,
            "revision": page.revision,
            "text": text,
        }
        return shown(request, "workflow_file.html", page, told=msgspec.json.encode(told))

    return [show_versions, show_file]


def versions_page(
    drawn: Outline, written: WrittenBook, said: tuple[str, str], counted: Counted | None
) -> VersionsPage:
    """Give what the page says; ``said`` is from and to which revision as asked; empty for the last."""
    history = written.history(drawn.key)
    numbers = tuple(each.number for each in history)
    since, until, fault = _asked(numbers, said)
    live = history[-1] if history else None
    times = "once" if len(history) == 1 else f"{len(history):,} times"
    return VersionsPage(
        key=drawn.key,
        name=drawn.title,
        unit=drawn.unit,
        tabs=tabs_of(drawn.key, "versions"),
        answer=""
        if live is None
        else f"Written {times} since {date_words(history[0].applied_at)}, last in revision {live.number}.",
        live=drawn.version,
        path=path_of(drawn.key, "versions"),
        fault=fault,
        old=_old_versions(drawn, history, counted),
        counted_at=date_words(counted.at) if counted is not None else "",
        turns=tuple(
            _turn(drawn, each, numbers[place - 1] if place else 0, until)
            for place, each in reversed(list(enumerate(history)))
        ),
        numbers=(0, *numbers),
        since=since,
        until=until,
        changes=changes_of(drawn.key, written.documents(since), written.documents(until)),
    )


def file_page(drawn: Outline, written: WrittenBook) -> FilePage:
    """Give what the page of the file says: what is live of it, line by line."""
    history = written.history(drawn.key)
    last = history[-1] if history else None
    file = file_of(drawn.key)
    text = written.documents(last.number).get(file, "") if last is not None else ""
    return FilePage(
        key=drawn.key,
        name=drawn.title,
        tabs=tabs_of(drawn.key, "file"),
        file=file,
        revision=last.number if last is not None else 0,
        applied_at=date_words(last.applied_at) if last is not None else "",
        lines=tuple(text.splitlines()),
        propose=f"{_PROPOSE}?{urlencode({'file': file})}",
    )


def versions_content(
    page: VersionsPage, written: WrittenBook, now: Moment, counted: Counted | None
) -> dict[str, Any]:
    """Give the same as plain data."""
    return {
        "at": format_moment(now),
        "workflow": page.key,
        "version": page.live,
        "revisions": [
            {
                "number": each.number,
                "hash": each.hash,
                "applied_at": format_moment(each.applied_at),
                "note": each.note,
                "changed": each.changed,
            }
            for each in written.history(page.key)
        ],
        "from": page.since,
        "to": page.until,
        "changes": [
            {"file": each.name, "lines": [[line.sign.name.lower(), line.text] for line in each.lines]}
            for each in page.changes
        ],
        "counted_at": None if counted is None else format_moment(counted.at),
        "under_way_before": None
        if counted is None
        else [{"version": each.version, "count": each.count} for each in page.old],
    }


def _asked(numbers: Sequence[int], said: tuple[str, str]) -> tuple[int, int, str]:
    """Give from and to which revision is asked, and what is wrong with that; 0 is before the first."""
    known = {str(number): number for number in (0, *numbers)}
    until = known.get(said[1], numbers[-1] if numbers else 0)
    usual = max((number for number in (0, *numbers) if number < until), default=0)
    since = known.get(said[0], usual)
    wrong = [each for each in said if each and each not in known]
    fault = f"It did not change in revision {wrong[0]}; choose two of these." if wrong else ""
    return since, until, fault


def _turn(drawn: Outline, each: Written, before: int, until: int) -> TurnRow:
    asked = urlencode({"from": before, "to": each.number})
    others = [path for path in each.changed if path != file_of(drawn.key)]
    is_own = len(others) < len(each.changed)
    what = "; ".join(
        part
        for part in (
            ""
            if not is_own
            else ("written first" if before == 0 else "its file")
            if each.is_there
            else "taken away",
            ", ".join(others) if before else "",
        )
        if part
    )
    return TurnRow(
        each.number,
        date_words(each.applied_at),
        each.hash[:8],
        each.note,
        what,
        f"{path_of(drawn.key, 'versions')}?{asked}#difference",
        each.number == until,
    )


def _old_versions(
    drawn: Outline, history: Sequence[Written], counted: Counted | None
) -> tuple[OldVersion, ...]:
    """Give the versions that are not live and have people under way, by when the first of them came in."""
    counts = [
        each for each in (counted.counts if counted is not None else ()) if each.version != drawn.version
    ]
    found = []
    for version in {each.version for each in counts}:
        mine = [each for each in counts if each.version == version]
        first, last = min(each.entered_from for each in mine), max(each.entered_to for each in mine)
        at = [revision_at(history, first), revision_at(history, last)]
        numbers = " to ".join(str(number) for number in dict.fromkeys(at) if number)
        came = date_words(first) if first == last else f"{date_words(first)} to {date_words(last)}"
        where = f"{path_of(drawn.key, 'people')}?version={quote(version)}"
        old = OldVersion(version, sum(each.count for each in mine), came, numbers, where)
        found.append((first, version, old))
    return tuple(old for _, _, old in sorted(found, key=lambda each: each[:2]))


def revision_at(history: Sequence[Written], at: Moment) -> int:
    """Give the revision that was the last to change the workflow at a moment; 0 before the first."""
    return max((each.number for each in history if each.live_at <= at), default=0)
