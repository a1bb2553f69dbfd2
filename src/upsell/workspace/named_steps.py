"""Named steps: where each step that has a name is, known before any step is compiled.

The law: an id is the path in the file, so what is named and what is compiled have the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec

from upsell.decisions.reach import CHANNELS
from upsell.errors import nearest
from upsell.journeys.steps import Asked, Heard
from upsell.workspace.findings import Findings, listed
from upsell.workspace.items import Item, Leaf, Record

_SPEAKING = (*CHANNELS, "message", "prompt", "task", "trial")
_HEARD = frozenset(each.value for each in Heard)


class NamedStep(msgspec.Struct, frozen=True):
    """A step that has a name: its id, and whether it speaks."""

    id: str
    speaks: bool


def name_steps(items: Sequence[Item], prefix: str, findings: Findings) -> dict[str, NamedStep]:
    """Find the steps that have a name, also inside branches; a name that is given twice is noted."""
    found: dict[str, NamedStep] = {}
    for at, record in _walk(items, prefix):
        leaf = record.leaf("name")
        if leaf is None:
            continue
        if leaf.text in found:
            findings.error(
                leaf.place,
                f"expected a name of its own for each step, got {leaf.text} twice",
                code="step-name",
            )
        found[leaf.text] = NamedStep(at, any(record.has(word) for word in _SPEAKING))
    return found


def asked_by(
    leaf: Leaf | None, of: Leaf | None, named: Mapping[str, NamedStep], findings: Findings
) -> Asked | None:
    """Give what a question asks of an earlier step; None when it asks something else."""
    if leaf is None or leaf.text not in _HEARD:
        if of is not None:
            findings.error(
                of.place,
                f"expected one of {', '.join(sorted(_HEARD))} beside of, got another question",
                hint="of names the step that is asked about; a rule asks about the customer",
                code="step-name",
            )
        return None
    if of is None:
        return Asked(Heard(leaf.text))
    step = named.get(of.text)
    if step is None or not step.speaks:
        speaking = [name for name, each in named.items() if each.speaks]
        note_unnamed(of, "a step that speaks", speaking, findings)
        return Asked(Heard(leaf.text))
    return Asked(Heard(leaf.text), step.id)


def note_unnamed(leaf: Leaf, kind: str, known: Collection[str], findings: Findings) -> None:
    """Note a name that no step has, with the nearest one that some step has."""
    near = nearest(leaf.text, known)
    named = f"steps with a name: {listed(sorted(known), 10)}" if known else "no step has one yet"
    findings.error(
        leaf.place,
        f"expected the name of {kind}, got {leaf.text}",
        hint=f"did you mean {near}?" if near else f"{named}; give one with name: beside the step's own key",
        code="step-name",
    )


def branches_of(record: Record, at: str) -> Iterator[tuple[str, Sequence[Item]]]:
    """Give the steps inside a step, each list with the prefix of its ids."""
    yield f"{at}.then.", record.each("then")
    for number, other in enumerate(record.each("elif")):
        if isinstance(other, Record):
            yield f"{at}.elif.{number}.then.", other.each("then")
    yield f"{at}.else.", record.each("else")
    split, choose, trial = record.record("split"), record.record("choose"), record.record("trial")
    for name, way in split.records() if split is not None else ():
        yield f"{at}.{name}.", way.each("steps")
    if trial is not None:
        reminded = trial.record("remind")
        yield f"{at}.remind.", reminded.each("steps") if reminded is not None else ()
        yield f"{at}.accepted.", trial.each("accepted")
        yield f"{at}.expired.", trial.each("expired")
    if choose is not None:
        yield f"{at}.else.", choose.each("else")


def _walk(items: Sequence[Item], prefix: str) -> Iterator[tuple[str, Record]]:
    for number, item in enumerate(items):
        if isinstance(item, Record):
            at = f"{prefix}{number}"
            yield at, item
            for inner, steps in branches_of(item, at):
                yield from _walk(steps, inner)
