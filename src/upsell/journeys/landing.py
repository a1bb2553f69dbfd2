"""Landing: where a passage that stands at a step of one version would go on in another.

The law: what is not plainly the same step has no place, and who stands there stays on the version
they entered with; deleting a step harms nobody.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from upsell.journeys.steps import Journey, Step
from upsell.journeys.workflow import Workflow


def land(before: Journey, after: Journey, said: Mapping[str, str]) -> dict[str, str]:
    """Give for each step of a journey the step of the other where its passages go on; others stay.

    A step goes where it is said to go; else to the step of its name; else to the one with its own id that
    does the same; else to the only one that does the same.

    Args:
        before: The journey that is left.
        after: The one gone on with.
        said: Steps by id or name in the one that is left, each with an id or name in the other.
    """
    named = {step_id: name for name, step_id in before.names.items()}
    landings: dict[str, str] = {}
    for step_id, step in before.steps.items():
        name = named.get(step_id)
        told = said.get(step_id) or (said.get(name) if name is not None else None)
        to = after.names.get(told, told) if told is not None else None
        if to is None:
            to = after.names.get(name or "") or _same(step, after)
        if to in after.steps:
            landings[step_id] = str(to)
    return landings


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


def _same(step: Step, after: Journey) -> str | None:
    alike = [other.id for other in after.steps.values() if _does(other) == _does(step)]
    return step.id if step.id in alike else alike[0] if len(alike) == 1 else None


def _does(step: Step) -> tuple[str, tuple[object, ...]]:
    """Give what a step does, without where it stands and what comes next."""
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
