"""The view of a change: what its page says to people and machines, and what whoever looks may do now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from upsell.clock import format_moment, to_datetime
from upsell.errors import Problem
from upsell.runtime.change_book import Looked
from upsell.runtime.change_reach import Reach, leaving_words, reach_words, workflow_words
from upsell.runtime.changes import did_words, is_proposer
from upsell.runtime.differences import FileDifference
from upsell.store.changes import ChangeAct, ChangeState
from upsell.web.access import Right
from upsell.web.pages.shell import Visit

TONES: Final = {
    ChangeState.DRAFT: "calm",
    ChangeState.ASKED: "warn",
    ChangeState.APPROVED: "good",
    ChangeState.REFUSED: "bad",
    ChangeState.LAUNCHED: "good",
    ChangeState.WITHDRAWN: "calm",
}
"""How much each state asks for."""

MOST_FILES: Final = 50
"""How many files a page shows the difference of."""


class Doing(msgspec.Struct, frozen=True):
    """What somebody may do about a change now.

    Attributes:
        path: Where its form goes.
        button: What it does, exactly.
        why: What it asks for.
        tone: ``grave`` for what ends it, else empty.
        is_first: Whether it is what is due; else it is opened by who wants it.
    """

    path: str
    button: str
    why: str
    tone: str
    is_first: bool


class Told(msgspec.Struct, frozen=True):
    """A complaint or a warning: where, what, what to do, its code; and why it is waived, empty for not."""

    where: str
    words: str
    advice: str
    code: str
    waived: str


class ReachRow(msgspec.Struct, frozen=True):
    """A workflow that a change concerns: what becomes of it, and of those it is about."""

    key: str
    name: str
    how: str
    words: tuple[str, ...]
    is_live: bool


class RecordRow(msgspec.Struct, frozen=True):
    """One thing that was done about a change."""

    when: str
    did: str
    by: str
    because: str


class ChangePage(msgspec.Struct, frozen=True):
    """What the page of a change says.

    Attributes:
        number: Its number.
        question: What is asked.
        answer: Where it stands, and what is due.
        about: Who proposed it, when, why, and over what.
        state: Where it stands, in a word.
        tone: How much that asks for.
        seen: What a word about it names, for the forms.
        is_open: Whether somebody may still do something about it.
        problems: What has to be put right.
        warnings: What may stand and is probably not meant.
        waived: Such that were waived, with why.
        is_checked: Whether its checks are told.
        has_reach: Whether it is told whom it concerns.
        workflows: Workflows it concerns.
        units: About how many there are of what these are about.
        competing: Workflows these compete with, in sentences.
        prices: Prices and packaging that change, in lines.
        meant: What workflows mean otherwise by what they do not say.
        counted: As of when that was counted.
        files: What changes in each file.
        more_files: How many more files change.
        records: What was done about it, the first first.
        doings: What whoever looks may do now.
        alter: Where it is altered; empty where whoever looks may not.
        barred: Why whoever looks cannot do what is due; empty where they can.
    """

    number: int
    question: str
    answer: str
    about: str
    state: str
    tone: str
    seen: str
    is_open: bool
    problems: tuple[Told, ...]
    warnings: tuple[Told, ...]
    waived: tuple[Told, ...]
    is_checked: bool
    has_reach: bool
    workflows: tuple[ReachRow, ...]
    units: str
    competing: tuple[str, ...]
    prices: tuple[str, ...]
    meant: tuple[str, ...]
    counted: str
    files: tuple[FileDifference, ...]
    more_files: int
    records: tuple[RecordRow, ...]
    doings: tuple[Doing, ...]
    alter: str
    barred: str


def change_page(looked: Looked, visit: Visit | None) -> ChangePage:
    """Give what the page of a change says to whoever looks at it."""
    change, checked, reach = looked.change, looked.checked, looked.reach
    may = visit.rights if visit is not None and visit.name else frozenset()
    linted = checked.linted if checked is not None else None
    return ChangePage(
        number=change.number,
        question=f"Should change {change.number} go live?"
        if change.is_open
        else f"What became of change {change.number}?",
        answer=_answer(looked),
        about=f"Proposed by {change.proposed_by} on {_minute(change.proposed_at)} UTC, over "
        f"{f'revision {change.made_from}' if change.made_from else 'nothing that is live'}: {change.because}",
        state="waits for approval" if change.state is ChangeState.ASKED else change.state.value,
        tone=TONES[change.state],
        seen=change.seen,
        is_open=change.is_open,
        problems=tuple(map(_told, checked.problems)) if checked is not None else (),
        warnings=tuple(map(_told, linted.warnings)) if linted is not None else (),
        waived=tuple(_told(each.problem, each.reason) for each in linted.waived)
        if linted is not None
        else (),
        is_checked=checked is not None,
        has_reach=reach is not None,
        workflows=tuple(_reach_rows(reach)) if reach is not None else (),
        units=reach_words(reach) if reach is not None else "",
        competing=tuple(_competing(reach)) if reach is not None else (),
        prices=tuple(_prices(reach)) if reach is not None else (),
        meant=looked.meant,
        counted=_minute(looked.counted_at),
        files=looked.differences[:MOST_FILES],
        more_files=max(0, len(looked.differences) - MOST_FILES),
        records=tuple(
            RecordRow(_minute(each.at), did_words(each.act), each.by, each.because) for each in looked.records
        ),
        doings=tuple(_doings(looked, visit)) if may else (),
        alter=f"/changes/{change.number}/alter" if change.is_open and Right.PROPOSE in may else "",
        barred=_barred(looked, visit),
    )


def change_content(looked: Looked) -> dict[str, Any]:
    """Give the same as plain data: moments as ISO 8601, codes, counts with whether they are exact."""
    change, checked, reach = looked.change, looked.checked, looked.reach
    return {
        **msgspec.to_builtins(change),
        "seen": change.seen,
        "proposed_at": format_moment(change.proposed_at),
        "live": looked.live,
        "is_stale": looked.is_stale,
        "needs_approval": looked.needs_approval,
        "problems": None if checked is None else [msgspec.to_builtins(each) for each in checked.problems],
        "warnings": None if checked is None else msgspec.to_builtins(checked.linted.warnings),
        "waived": None if checked is None else msgspec.to_builtins(checked.linted.waived),
        "reach": None if reach is None else _reach_content(reach),
        "counted_at": format_moment(looked.counted_at),
        "files": [
            {"name": each.name, "how": each.how, "added": each.added, "removed": each.removed}
            | {"lines": msgspec.to_builtins(each.lines), "left_out": each.left_out}
            for each in looked.differences
        ],
        "records": [{**msgspec.to_builtins(each), "at": format_moment(each.at)} for each in looked.records],
    }


def _answer(looked: Looked) -> str:
    """Say where a change stands, and what is due."""
    change, last = looked.change, looked.records[-1]
    fails = looked.checked is not None and bool(looked.checked.problems)
    match change.state:
        case ChangeState.LAUNCHED:
            return f"It is revision {change.revision}, launched by {last.by} on {_minute(last.at)} UTC."
        case ChangeState.REFUSED | ChangeState.WITHDRAWN:
            return f"It was {change.state.value} by {last.by}; nothing of it went live."
        case ChangeState.DRAFT | ChangeState.ASKED | ChangeState.APPROVED if looked.is_stale:
            live = f"revision {looked.live}" if looked.live else "nothing"
            was = f"revision {change.made_from}" if change.made_from else "nothing"
            return f"Not as it is: by now {live} is live, and it was made from {was}."
        case ChangeState.DRAFT if fails:
            count = len(looked.checked.problems) if looked.checked is not None else 0
            return f"Not yet: its checks find {count:,} {'error' if count == 1 else 'errors'} to put right."
        case ChangeState.DRAFT if looked.needs_approval:
            return "It is a draft whose checks pass: approval can be asked for."
        case ChangeState.DRAFT:
            return "It is a draft whose checks pass, and can be launched: what is live asks for no approval."
        case ChangeState.ASKED:
            return "Its checks pass, and it waits for another person to approve it."
        case ChangeState.APPROVED:
            by = next(each.by for each in reversed(looked.records) if each.act is ChangeAct.APPROVED)
            return f"{by} approved it as it stands: it can be launched."


def _doings(looked: Looked, visit: Visit | None) -> Iterator[Doing]:
    """Give what somebody may do now: what is due first, what ends it last."""
    change = looked.change
    if visit is None or not change.is_open:
        return
    here, may = f"/changes/{change.number}", visit.rights
    is_sound = looked.checked is not None and not looked.checked.problems and not looked.is_stale
    is_own = is_proposer(looked.records, visit.name)
    state, proposes = change.state, Right.PROPOSE in may
    if looked.is_stale and looked.live and proposes:
        yield Doing(f"{here}/renew", f"Carry it over to revision {looked.live}", "Why", "", is_first=True)
    if state is ChangeState.DRAFT and is_sound and proposes and looked.needs_approval:
        yield Doing(f"{here}/ask", "Ask for approval", "What whoever approves should know", "", is_first=True)
    if state is ChangeState.ASKED and Right.APPROVE in may and not is_own and is_sound:
        yield Doing(f"{here}/approve", f"Approve change {change.number}", "Why", "", is_first=True)
    is_cleared = state is ChangeState.APPROVED or not looked.needs_approval
    if is_cleared and is_sound and proposes:
        yield Doing(f"{here}/launch", launch_words(looked), "Why now", "", is_first=True)
    if state is ChangeState.ASKED and Right.APPROVE in may and not is_own:
        yield Doing(f"{here}/refuse", f"Refuse change {change.number}", "Why", "grave", is_first=False)
    if state is ChangeState.APPROVED and is_sound and proposes:
        yield Doing(f"{here}/ask", "Ask for approval anew", "Why", "", is_first=False)
    if proposes:
        yield Doing(f"{here}/withdraw", f"Withdraw change {change.number}", "Why", "grave", is_first=False)


def launch_words(looked: Looked) -> str:
    """Say exactly what launching does."""
    number = looked.live + 1
    whom = reach_words(looked.reach) if looked.reach is not None else ""
    leaving = leaving_words(looked.reach) if looked.reach is not None else ""
    what = f"Launch for {whom}" if whom else f"Launch as revision {number}"
    return f"{what}: {leaving}" if leaving else what


def _barred(looked: Looked, visit: Visit | None) -> str:
    """Say why somebody cannot do what is due."""
    if looked.change.state is not ChangeState.ASKED or looked.is_stale:
        return ""
    may = visit.rights if visit is not None and visit.name else frozenset()
    if Right.APPROVE not in may:
        return "It waits for another person: an approver or an admin."
    is_own = visit is not None and is_proposer(looked.records, visit.name)
    return "You proposed it, or had a hand in it: another person decides." if is_own else ""


def _told(problem: Problem, waived: str = "") -> Told:
    line = f", line {problem.line}" if problem.line else ""
    return Told(
        f"{problem.file or 'workspace'}{line}", problem.message, problem.hint or "", problem.code, waived
    )


def _reach_rows(reach: Reach) -> Iterator[ReachRow]:
    for each in reach.workflows:
        is_live = each.how.value != "new"
        yield ReachRow(each.key, each.name, each.how.value, tuple(workflow_words(each)), is_live)


def _competing(reach: Reach) -> Iterator[str]:
    for each in reach.competing:
        yield each.words + (f". To be looked at: {each.doubt}" if each.doubt else "")


def _prices(reach: Reach) -> Iterator[str]:
    for each in reach.concerned:
        workflows = ", ".join(each.workflows) or "no live workflow"
        shown = f"; {each.shown:,} shown offers stay honoured at their terms" if each.shown else ""
        said = "; ".join(each.change.said)
        yield f"{each.change.noun} {each.change.id}: {said}. Concerns {workflows}{shown}"


def _reach_content(reach: Reach) -> dict[str, Any]:
    return {
        "workflows": msgspec.to_builtins(reach.workflows),
        "units": {kind.value: msgspec.to_builtins(found) for kind, found in reach.units.items()},
        "competing": msgspec.to_builtins(reach.competing),
        "prices": list(_prices(reach)),
    }


def _minute(at: int) -> str:
    return f"{to_datetime(at):%Y-%m-%d %H:%M}"
