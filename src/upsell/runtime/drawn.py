"""Drawn: a workflow that is live as an outline, and how many stand at each of its steps now.

For the page and the command that draw it; the words are the workspace's, the numbers the store's.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from upsell.errors import ConfigError, nearest
from upsell.journeys.household import Phase
from upsell.journeys.program import Program
from upsell.runtime.programs import compile_revision
from upsell.store.connect import Connection
from upsell.store.passages import PassageCount, count_passages
from upsell.store.revisions import newest_revision
from upsell.workspace.outline import Item, Outline, outline
from upsell.workspace.whereabouts import Stand, Whereabouts

_STANDS: Final = {
    Phase.WALKING: Stand.WAITING,
    Phase.SPEAKING: Stand.SPEAKING,
    Phase.FROZEN: Stand.FROZEN,
    Phase.CAPPED: Stand.CAPPED,
}


def outline_of(program: Program | None, workflow: str) -> Outline:
    """Give a workflow of a program as an outline.

    Raises:
        ConfigError: There is none of that key, or no program.
    """
    live = known_program(program, workflow)
    return outline(live.workflows[workflow], live.layers.get(workflow))


def known_program(program: Program | None, workflow: str) -> Program:
    """Give a program that has a workflow.

    Raises:
        ConfigError: There is none of that key, or no program.
    """
    if program is None:
        msg = "expected a workspace that is live, found none; run upsell apply WORKSPACE"
        raise ConfigError(msg)
    if workflow not in program.workflows:
        near = nearest(workflow, program.workflows)
        known = f"the workflows are {', '.join(sorted(program.workflows)) or 'none'}"
        advice = f"did you mean {near}? {known}" if near else known
        msg = f"expected the key of a workflow, got {workflow}; {advice}"
        raise ConfigError(msg)
    return program


def live_outline(connection: Connection, workflow: str) -> Outline:
    """Give a workflow of the newest revision as an outline.

    Raises:
        ConfigError: It has none of that key, or there is no revision.
    """
    newest = newest_revision(connection)
    return outline_of(compile_revision(newest) if newest is not None else None, workflow)


def find_whereabouts(connection: Connection, drawn: Outline) -> Whereabouts:
    """Count who stands where in a workflow now, in the version that is drawn and in others."""
    return whereabouts_of(count_passages(connection, drawn.key), drawn)


def whereabouts_of(counts: Iterable[PassageCount], drawn: Outline) -> Whereabouts:
    """Give who stands where by what was counted, in the version that is drawn and in others."""
    here: defaultdict[str, Counter[Stand]] = defaultdict(Counter)
    elsewhere: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for each in counts:
        if each.version == drawn.version:
            here[each.step][Stand.SHADOW if each.is_shadow else _STANDS[Phase(each.phase)]] += each.count
        else:
            elsewhere[each.version][each.step] += each.count
    return Whereabouts(here, elsewhere)


def drawn_content(drawn: Outline, found: Whereabouts) -> dict[str, Any]:
    """Give a workflow and who stands where as plain data, for machines."""
    return {
        "workflow": drawn.key,
        "version": drawn.version,
        "name": drawn.title,
        "unit": drawn.unit,
        "status": drawn.status.value,
        "begins": drawn.begins,
        "gates": list(drawn.gates),
        "goal": drawn.goal,
        "under_way": _counts(found.everywhere()),
        "steps": list(_steps(drawn.items, found)),
        "after_goal": list(_steps(drawn.after_goal, found)),
        "other_versions": {version: dict(steps) for version, steps in found.elsewhere.items()},
    }


def _steps(items: tuple[Item, ...], found: Whereabouts) -> Iterator[dict[str, Any]]:
    for item in items:
        yield {
            "steps": list(item.ids),
            "words": item.words,
            "name": item.name or None,
            "here": _counts(found.at(item)),
            "ways": [{"when": way.label, "steps": list(_steps(way.items, found))} for way in item.ways],
        }


def _counts(counts: Mapping[Stand, int]) -> dict[str, int]:
    return {"all": sum(counts.values()), **{stand.name.lower(): counts.get(stand, 0) for stand in Stand}}
