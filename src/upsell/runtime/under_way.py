"""Under way: who is in a workflow now, one by one, where each stands and what they wait for.

The law: however many there are, what is read for one page of them is bounded. They are found among those who
were let in, the last first; where most of these have left, a page looks through so many of them and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, assert_never

import msgspec

from upsell.clock import Moment, format_moment
from upsell.decisions.reasons import MEANINGS, Reason
from upsell.ids import UnitId
from upsell.journeys.household import Enrollment, Phase
from upsell.store.connect import Connection
from upsell.store.passages import LAST, read_entries
from upsell.workspace.outline import Outline, items_of

MOST_SHOWN: Final = 50
"""How many stand on one page at most."""

MOST_LOOKED: Final = 500
"""Through how many who were let in one page looks at most: each is read whole."""

_AT_ONCE: Final = 200


class UnderWay(msgspec.Struct, frozen=True):
    """One passage that goes on: its place among decisions, whose it is, where they are kept, itself."""

    number: int
    unit_id: UnitId
    household_id: UnitId
    passage: Enrollment


class People(msgspec.Struct, frozen=True):
    """Some of those who are in a workflow, the last to come in first.

    Attributes:
        found: Who they are.
        looked: Through how many who were let in was looked.
        older: Before which decision to go on; None where these were all.
    """

    found: tuple[UnderWay, ...]
    looked: int
    older: int | None


def find_people(
    connection: Connection, workflow: str, is_wanted: Callable[[Enrollment], bool], before: int = LAST
) -> People:
    """Give who is in a workflow and wanted, those let in before a decision, the last first."""
    found: list[UnderWay] = []
    looked = 0
    while looked < MOST_LOOKED:
        entries = read_entries(connection, workflow, _AT_ONCE, before)
        for entry in entries:
            if entry.passage is not None and is_wanted(entry.passage):
                if len(found) == MOST_SHOWN:
                    return People(tuple(found), looked, found[-1].number)
                found.append(UnderWay(entry.number, entry.unit_id, entry.household_id, entry.passage))
            looked, before = looked + 1, entry.number
        if len(entries) < _AT_ONCE:
            return People(tuple(found), looked, None)
    return People(tuple(found), looked, before)


def step_words(drawn: Outline) -> Mapping[str, str]:
    """Give what each step of the version that is drawn does, in words, by its id."""
    items = items_of((*drawn.items, *drawn.after_goal))
    return {step_id: item.words for item in items for step_id in item.ids}


def standing_words(passage: Enrollment, drawn: Outline, words: Mapping[str, str]) -> str:
    """Say at which step somebody stands; words of steps are those of the version that is drawn."""
    if passage.step is None:
        return "before the first step"
    if passage.version != drawn.version:
        return f"step {passage.step} of version {passage.version[:8]}"
    return f"{passage.step} {words.get(passage.step, '')}".rstrip()


def waiting_words(passage: Enrollment) -> str:
    """Say what somebody waits for that their step does not say; empty for nothing."""
    match passage.phase:
        case Phase.WALKING:
            return ""
        case Phase.SPEAKING:
            return "being told: goes on once it is known what became of the message"
        case Phase.FROZEN | Phase.CAPPED:
            return _held_words(passage.held_by)
        case _:
            assert_never(passage.phase)


def people_content(people: People) -> list[dict[str, Any]]:
    """Give the same as plain data: moments as ISO 8601, phases by their codes."""
    return [
        {
            "unit": each.unit_id,
            "household": each.household_id,
            "passage": each.passage.id,
            "version": each.passage.version,
            "entered_at": format_moment(each.passage.entered_at),
            "step": each.passage.step,
            "step_at": format_moment(stood_since(each.passage)),
            "phase": each.passage.phase.value,
            "due_at": None if each.passage.due_at is None else format_moment(each.passage.due_at),
            "held_by": each.passage.held_by or None,
            "arm": each.passage.arm,
            "is_shadow": each.passage.is_shadow,
            "is_after_goal": each.passage.after_goal,
        }
        for each in people.found
    ]


def stood_since(passage: Enrollment) -> Moment:
    """Give since when somebody stands where they stand."""
    return passage.step_at if passage.step is not None else passage.entered_at


def _held_words(held_by: str) -> str:
    reason, _, rule = held_by.partition("|")
    meaning = MEANINGS[Reason(reason)] if reason in {each.value for each in Reason} else reason
    return f"stands still: {meaning}" + (f" ({rule})" if rule else "")
