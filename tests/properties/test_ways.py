"""What the lints tell of a journey is what walking every way of it, one by one, finds.

Oracle: a walk over the steps as they are written, which copies whatever is left to do at each fork; it knows
nothing of compiled journeys. Warnings are compared by the line they stand on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drawing import examples
from tests.unit.workspace.acme import problems_of
from tests.unit.workspace.code_examples import FAULTLESS
from upsell.clock import HOUR, format_duration
from upsell.workspace.compile import compile_documents
from upsell.workspace.ways import Ways

ROOM = "workflows/room.yaml"
GOAL, OTHER = "Subscription Upgraded", "Pricing Viewed"
WITHIN = 60
LEAST = 24

HELP, SHOW, OFFER, SERVICE, CALL, PROMPT = "help", "show", "offer", "service", "call", "prompt"
SAID = {
    HELP: "email: {content: tips, intent: help}",
    SHOW: "email: {content: compare, intent: show, to: [billing]}",
    OFFER: "email: {content: upgrade, offer: grow, to: [admin, billing]}",
    SERVICE: "email: {content: tips, intent: service}",
    CALL: "task: {queue: success, title: Call them, due: 1 day}",
    PROMPT: "prompt: {placement: page, intent: help}",
}
INTERRUPTED = {HELP: {"admin"}, SHOW: {"billing"}, OFFER: {"admin", "billing"}}
FORKS = ("keen", "arrived")


@dataclass(eq=False)
class Node:
    """One step, known by its identity: what it does, hours it lasts, and the steps of a fork."""

    what: str
    hours: int = 0
    yes: Sequence[Node] = ()
    no: Sequence[Node] = ()
    line: int = field(default=0)


def nodes(deep: int, *, has_awaited: bool) -> st.SearchStrategy[list[Node]]:
    """Make steps in a row; ``if: arrived`` stands only where an event was awaited."""
    said = st.builds(Node, st.sampled_from((*SAID, SHOW, OFFER)))
    choices = [
        said,
        said,
        st.builds(Node, st.just("wait"), st.sampled_from((12, 23, 24, 36, 48, 60))),
        st.builds(Node, st.just("end")),
    ]
    if deep:
        inner = nodes(deep - 1, has_awaited=has_awaited)
        forks = FORKS if has_awaited else FORKS[:1]
        choices.append(st.builds(Node, st.sampled_from(forks), st.just(0), inner, inner))
    return st.lists(st.one_of(choices), max_size=4)


@st.composite
def journeys(draw: st.DrawFn) -> list[Node]:
    awaited = Node(draw(st.sampled_from((GOAL, OTHER))), draw(st.sampled_from((5, 24, 48))))
    before, after = draw(nodes(1, has_awaited=False)), draw(nodes(2, has_awaited=True))
    return [*before, awaited, *after, Node("wait", 1), Node(HELP)]


def write(row: Sequence[Node], indent: str, lines: list[str]) -> None:
    """Write steps, and note on which line each stands."""
    for node in row:
        node.line = len(lines) + 1
        if node.what in SAID:
            lines.append(f"{indent}- {SAID[node.what]}")
        elif node.what == "wait":
            lines.append(f"{indent}- wait: {format_duration(node.hours * HOUR)}")
        elif node.what == "end":
            lines.append(f"{indent}- end")
        elif node.what in FORKS:
            lines += [f"{indent}- if: {node.what}", f"{indent}  then:{'' if node.yes else ' []'}"]
            write(node.yes, f"{indent}    ", lines)
            lines.append(f"{indent}  else:{'' if node.no else ' []'}")
            write(node.no, f"{indent}    ", lines)
        else:
            lines.append(f"{indent}- wait: {{for: {node.what}, up_to: {node.hours} hours}}")


def walk(row: Sequence[Node], *, came: bool = False, hours: int = 0) -> Iterator[list[tuple[Node, int]]]:
    """Give every way: what is said on it, and after how many hours."""
    if not row or row[0].what == "end":
        yield []
        return
    node, left = row[0], row[1:]
    if node.what in SAID:
        for way in walk(left, came=came, hours=hours):
            yield [(node, hours), *way]
    elif node.what == "wait":
        yield from walk(left, came=came, hours=hours + node.hours)
    elif node.what == "keen":
        yield from walk([*node.yes, *left], came=came, hours=hours)
        yield from walk([*node.no, *left], came=came, hours=hours)
    elif node.what == "arrived":
        yield from walk([*(node.yes if came else node.no), *left], came=came, hours=hours)
    else:
        yield from walk(left, came=False, hours=hours + node.hours)
        if node.what != GOAL:
            yield from walk(left, came=True, hours=hours)


def find(row: Sequence[Node]) -> set[tuple[str, int]]:
    """Give what should be told, by line."""
    told: set[tuple[str, int]] = set()
    after: dict[int, list[int]] = {}
    for way in walk(row):
        is_helped = False
        for number, (node, hours) in enumerate(way):
            if node.what == OFFER and not is_helped:
                told.add(("offer-before-help", node.line))
            is_helped = is_helped or node.what in (HELP, CALL, PROMPT, OFFER)
            people = INTERRUPTED.get(node.what, set())
            before = [then for said, then in way[:number] if INTERRUPTED.get(said.what, set()) & people]
            if before and hours - before[-1] < LEAST:
                told.add(("wait-too-short", node.line))
            if node.what in (SHOW, OFFER):
                first = next(then for said, then in way if said.what != PROMPT)
                after.setdefault(node.line, []).append(hours - first)
    return told | {("goal-not-measured", line) for line, hours in after.items() if min(hours) >= WITHIN}


def documents_of(row: Sequence[Node]) -> dict[str, str]:
    head = FAULTLESS[ROOM].split("journey:")[0].replace("within: 30 days", f"within: {WITHIN} hours")
    lines = [*head.rstrip().split("\n"), "journey:"]
    write(row, "  ", lines)
    return {**FAULTLESS, ROOM: "\n".join(lines) + "\n"}


@settings(max_examples=examples(200), deadline=None)
@given(journeys())
def test_lints_tell_what_walking_every_way_finds(row: list[Node]) -> None:
    told = problems_of(documents_of(row))
    assert all(problem.severity == "warning" for problem in told), [str(problem) for problem in told]
    assert {(each.code, each.line) for each in told if each.code != "unreached"} == find(row)


@settings(max_examples=examples(50), deadline=None)
@given(journeys())
def test_every_stop_comes_once_and_behind_all_that_lead_to_it(row: list[Node]) -> None:
    ways = Ways(compile_documents(documents_of(row)).program.workflows["room"], None)
    stops = list(ways.in_order())
    place = {stop: number for number, stop in enumerate(stops)}
    assert len(place) == len(stops)
    for stop in stops:
        assert all(place[then] > place[stop] for then, _ in ways.next_of(stop))
