"""Landing: where a passage that stands at a step of one version would go on in another.

The law: what is not plainly the same step has no place, and who stands there stays on the version
they entered with; deleting a step harms nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from upsell.journeys.steps import GoStep, Journey, MessageStep, Step, TaskStep, ways_on
from upsell.journeys.workflow import Workflow


class Retold(msgspec.Struct, frozen=True):
    """What a passage that is moved hears otherwise than one that stays: contents and titles, sorted.

    Attributes:
        again: What it may have heard and may hear once more.
        unsaid: What both versions say and it will not hear any more.
    """

    again: tuple[str, ...] = ()
    unsaid: tuple[str, ...] = ()


def land(before: Journey, after: Journey, said: Mapping[str, str]) -> dict[str, str]:
    """Give for each step of a journey the step of the other where its passages go on; others stay.

    A step goes where it is said to go; else to the step of its name; else to the one that does the same
    where the two are laid side by side, if nothing is said twice by it and nothing left out.

    Args:
        before: The journey that is left.
        after: The one gone on with.
        said: Steps by id or name in the one that is left, each with an id or name in the other.
    """
    named = {step_id: name for name, step_id in before.names.items()}
    aligned = _align(before, after)
    landings: dict[str, str] = {}
    for step_id in before.steps:
        name = named.get(step_id)
        told = said.get(step_id) or (said.get(name) if name is not None else None)
        to = after.names.get(told, told) if told is not None else None
        if to is None:
            to = after.names.get(name or "")
        if to is None and (alike := aligned.get(step_id)) is not None:
            to = alike if retell(before, after, step_id, alike) == Retold() else None
        if to in after.steps:
            landings[step_id] = str(to)
    return landings


def retell(before: Journey, after: Journey, step: str, to: str) -> Retold:
    """Give what a passage that goes on at ``to`` hears twice or not at all, having stood at ``step``."""
    past = {each for each in before.steps if each != step and step in _ahead(before, each)}
    heard, rest = _said(before, past), _said(before, _ahead(before, step))
    to_come = _said(after, _ahead(after, to))
    unsaid = (rest & _said(after, after.steps)) - to_come
    return Retold(tuple(sorted((heard & to_come) - rest)), tuple(sorted(unsaid)))


def _align(before: Journey, after: Journey) -> dict[str, str]:
    """Lay two journeys side by side in the order they are written, so that most of what is said is matched.

    That is their longest common subsequence, in which one step that speaks weighs more than all that wait.
    """
    ours, theirs = list(before.steps.values()), list(after.steps.values())
    deeds, others = [_does(step) for step in ours], [_does(step) for step in theirs]
    weights = [len(ours) + 1 if _words(step) else 1 for step in ours]
    best = [[0] * (len(theirs) + 1) for _ in range(len(ours) + 1)]
    for i in reversed(range(len(ours))):
        for j in reversed(range(len(theirs))):
            skipped = max(best[i + 1][j], best[i][j + 1])
            matched = weights[i] + best[i + 1][j + 1] if deeds[i] == others[j] else 0
            best[i][j] = max(skipped, matched)
    aligned, i, j = dict[str, str](), 0, 0
    while i < len(ours) and j < len(theirs):
        if deeds[i] == others[j] and best[i][j] == weights[i] + best[i + 1][j + 1]:
            aligned[ours[i].id] = theirs[j].id
            i, j = i + 1, j + 1
        elif best[i][j] == best[i][j + 1]:
            j += 1
        else:
            i += 1
    return aligned


def _ahead(journey: Journey, step: str) -> set[str]:
    """Give the steps that may be reached from one, itself among them."""
    found: set[str] = set()
    ahead = [step]
    while ahead:
        at = ahead.pop()
        if at not in found:
            found.add(at)
            ahead += [each for each in ways_on(journey.steps[at]) if each is not None]
    return found


def _said(journey: Journey, steps: Iterable[str]) -> set[str]:
    return {word for step in steps for word in _words(journey.steps[step])}


def _words(step: Step) -> tuple[str, ...]:
    """Give what a step says: the contents of a message, the title of a task."""
    match step:
        case MessageStep():
            return tuple(step.content.values())
        case TaskStep():
            return (step.title,)
        case _:
            return ()


def keeps_arm(before: Workflow, after: Workflow, arm: str | None, *, is_exposed: bool) -> bool:
    """Tell whether a passage in an arm of one version may go on in another; who may not stays where it is.

    Where no arms are it may. Else its arm must be there, drawn by the same salt, and with the same share as
    long as it is not exposed, so that it is counted with whom it was drawn with.

    Args:
        before: The version that is left.
        after: The one gone on with.
        arm: Its arm; None for none.
        is_exposed: Whether it was exposed in its arm.
    """
    if not after.experiment.arms:
        return True
    shares = {each.name: each.share for each in before.experiment.arms}
    for each in after.experiment.arms:
        if each.name == arm and before.experiment.arms_salt == after.experiment.arms_salt:
            return is_exposed or shares.get(arm) == each.share
    return False


def _does(step: Step) -> tuple[str, tuple[object, ...]]:
    """Give what a step does, without where it stands and what comes next; of a jump, that it is one."""
    if isinstance(step, GoStep):
        return type(step).__name__, ()
    places = {"id", "then", "yes", "no", "ways", "to_step", "otherwise", "salt"}
    said = (getattr(step, field) for field in step.__struct_fields__ if field not in places)
    return type(step).__name__, tuple(_plain(value) for value in said)


def _plain(value: object) -> object:
    canonical = getattr(value, "canonical", None)
    if canonical is not None:
        return canonical
    if isinstance(value, Mapping):
        return tuple(sorted((str(key), _plain(each)) for key, each in value.items()))
    return str(msgspec.to_builtins(value)) if isinstance(value, msgspec.Struct) else value
