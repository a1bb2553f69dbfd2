"""Rolling: the value of one arm becomes everybody's, in the text of the workflow's own file.

The law: only what the experiment wrote is touched, and the file then means exactly what the arm meant;
where that cannot be had by cutting text, nothing is changed and it is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

import msgspec
import yaml

from upsell.errors import DefinitionError, Problem
from upsell.journeys.steps import Journey, MessageStep, PromptStep, Step, TaskStep, WaitStep, for_arm
from upsell.journeys.workflow import Workflow
from upsell.workspace.compile import compile_documents
from upsell.workspace.documents import WORKFLOWS, Documents
from upsell.workspace.versions import plain

Value = TypeVar("Value", str, int)

_SPEAKING = ("email", "sms", "push", "message", "prompt", "task")
_BY_ARM = ("content", "offer")
_HOLDING = ("split", "choose", "trial")
_INNER = frozenset({"then", "elif", "else", "steps", "accepted", "expired"})
_AWAITED = frozenset({"for", "until", "date", "time"})
_OF_ARMS = frozenset({"name", "vary", "arms", "audience"})


class _Edit(msgspec.Struct, frozen=True):
    """Characters ``[start, end)`` of a text give way to others."""

    start: int
    end: int
    text: str = ""


def roll_arm(documents: Documents, key: str, arm: str) -> Documents:
    """Give a workspace in which an arm of a workflow is what everybody gets, and its experiment has no arms.

    Comments and the writing of everything else stay. The holdout goes on.

    Args:
        documents: A workspace that compiles, whose workflow has the arm.
        key: Key of the workflow.
        arm: Name of the arm.

    Raises:
        DefinitionError: The file is written in a way that cannot be cut, such as with aliases.
    """
    path = f"{WORKFLOWS}/{key}.yaml"
    before = compile_documents(documents).program.workflows[key]
    changed = {**documents, path: _rolled_text(path, documents[path], arm)}
    try:
        after = compile_documents(changed).program.workflows[key]
    except DefinitionError as error:
        raise _uncut(path, error.problems[0].line or 1) from error
    if _meaning(after) != _meaning(_rolled(before, arm)):
        raise _uncut(path, 1)
    return changed


def _rolled_text(path: str, text: str, arm: str) -> str:
    root: yaml.Node = yaml.compose(text, Loader=yaml.SafeLoader) or yaml.MappingNode("", [])
    entries = dict(_entries(path, root))
    edits: list[_Edit] = []
    for name in ("journey", "on_goal"):
        if name in entries:
            edits += _steps(path, text, entries[name][1], arm)
    experiment_key, experiment = entries["experiment"]
    known = dict(_entries(path, experiment))
    if "audience" in known:
        rule = dict(_entries(path, known["audience"][1]))[arm][1]
        edits.append(_with_rule(path, text, entries, str(rule.value)))
    kept = [pair for name, pair in known.items() if name not in _OF_ARMS]
    if kept or _is_flow(root):
        edits += _without_arms(text, experiment, kept, known)
    else:
        edits.append(_lines(text, experiment_key, experiment))
    for edit in sorted(edits, key=lambda each: each.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def _steps(path: str, text: str, steps: yaml.Node, arm: str) -> Iterator[_Edit]:
    """Cut the values that differ by arm out of steps, and those inside their branches."""
    for step in steps.value:
        if not isinstance(step, yaml.MappingNode):
            continue
        for name, (key, value) in _entries(path, step):
            if name in _SPEAKING:
                for inner, (inner_key, inner_value) in _entries(path, value):
                    if inner in _BY_ARM and isinstance(inner_value, yaml.MappingNode):
                        yield _chosen(path, text, inner_key, inner_value, arm)
            elif name == "wait" and isinstance(value, yaml.MappingNode):
                if not _AWAITED & dict(_entries(path, value)).keys():
                    yield _chosen(path, text, key, value, arm)
            elif name in _HOLDING:
                yield from _held(path, text, value, arm)
            elif name in _INNER:
                yield from _steps(path, text, value, arm)


def _held(path: str, text: str, holder: yaml.Node, arm: str) -> Iterator[_Edit]:
    """Cut the values that differ by arm out of the steps that a step holds, at whatever depth."""
    for name, (_, value) in _entries(path, holder):
        if name in _INNER:
            yield from _steps(path, text, value, arm)
        elif isinstance(value, yaml.MappingNode):
            yield from _held(path, text, value, arm)


def _chosen(path: str, text: str, key: yaml.Node, by_arm: yaml.Node, arm: str) -> _Edit:
    """Put the value of an arm in the place of the values of all."""
    value = dict(_entries(path, by_arm))[arm][1]
    colon = text.index(":", key.end_mark.index)
    return _Edit(colon + 1, _end(by_arm), f" {text[value.start_mark.index : _end(value)]}")


def _without_arms(
    text: str,
    experiment: yaml.Node,
    kept: Sequence[tuple[yaml.Node, yaml.Node]],
    known: dict[str, tuple[yaml.Node, yaml.Node]],
) -> Iterator[_Edit]:
    """Take what is of the arms out of an experiment."""
    if _is_flow(experiment):
        parts = [text[key.start_mark.index : _end(value)] for key, value in kept]
        yield _Edit(experiment.start_mark.index, experiment.end_mark.index, "{" + ", ".join(parts) + "}")
        return
    for name, (key, value) in known.items():
        if name in _OF_ARMS:
            yield _lines(text, key, value)


def _with_rule(path: str, text: str, entries: dict[str, tuple[yaml.Node, yaml.Node]], rule: str) -> _Edit:
    """Write a rule beside those that must all be true."""
    quoted = "'" + rule.replace("'", "''") + "'"
    if "eligible" not in entries:
        goal, _ = entries["goal"]
        at = goal.start_mark.index
        if goal.start_mark.column:
            raise _uncut(path, goal.start_mark.line + 1)
        return _Edit(at, at, f"eligible:\n  - {quoted}\n")
    _, rules = entries["eligible"]
    if _is_flow(rules):
        at = rules.end_mark.index - 1
        return _Edit(at, at, f", {quoted}" if rules.value else quoted)
    last = rules.value[-1]
    at = _line_end(text, _end(last))
    written = f"{' ' * rules.start_mark.column}- {quoted}\n"
    return _Edit(at, at, written if text[at - 1] == "\n" else f"\n{written}")


def _entries(path: str, node: yaml.Node) -> Iterator[tuple[str, tuple[yaml.Node, yaml.Node]]]:
    """List the keys and values of a mapping; what is written elsewhere and only named here is refused."""
    for key, value in node.value:
        if value.start_mark.index < key.end_mark.index or key.value == "<<":
            raise _uncut(path, key.start_mark.line + 1)
        yield key.value, (key, value)


def _is_flow(node: yaml.Node) -> bool:
    """Whether a node is written in brackets, not in a block."""
    return isinstance(node, yaml.CollectionNode) and bool(node.flow_style)


def _end(node: yaml.Node) -> int:
    """Give where a node ends; a block ends with its last value, not with what follows it."""
    if not isinstance(node, yaml.CollectionNode) or node.flow_style or not node.value:
        end: int = node.end_mark.index
        return end
    last = node.value[-1]
    return _end(last[1] if isinstance(last, tuple) else last)


def _lines(text: str, key: yaml.Node, value: yaml.Node) -> _Edit:
    """Take out an entry of a block with its lines."""
    return _Edit(key.start_mark.index - key.start_mark.column, _line_end(text, _end(value)))


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1


def _uncut(path: str, line: int) -> DefinitionError:
    problem = Problem(
        "expected an experiment written out where it is, got one that cannot be cut out of the text",
        path,
        line,
        hint="write aliases and merge keys out, or take vary, arms and the other values out by hand",
        code="roll",
    )
    return DefinitionError([problem])


def _rolled(workflow: Workflow, arm: str) -> Workflow:
    """Give the workflow that everybody would be in, had they the arm."""
    experiment = workflow.experiment
    rule = experiment.audience.get(arm)
    return msgspec.structs.replace(
        workflow,
        eligible=(*workflow.eligible, *([rule] if rule is not None else [])),
        experiment=msgspec.structs.replace(experiment, vary=None, arms=(), arms_salt="", audience={}),
        journey=_rolled_journey(workflow.journey, arm),
        on_goal=_rolled_journey(workflow.on_goal, arm),
    )


def _rolled_journey(journey: Journey, arm: str) -> Journey:
    return msgspec.structs.replace(
        journey, steps={at: _rolled_step(step, arm) for at, step in journey.steps.items()}
    )


def _rolled_step(step: Step, arm: str) -> Step:
    match step:
        case MessageStep():
            return msgspec.structs.replace(step, content=_one(step.content, arm), offer=_one(step.offer, arm))
        case PromptStep() | TaskStep():
            return msgspec.structs.replace(step, offer=_one(step.offer, arm))
        case WaitStep():
            return msgspec.structs.replace(step, lasts=_one(step.lasts, arm))
        case _:
            return step


def _one(by_arm: Mapping[str, Value], arm: str) -> dict[str, Value]:
    value = for_arm(by_arm, arm)
    return {} if value is None else {"": value}


def _meaning(workflow: Workflow) -> object:
    """Give what a roll may change, as plain values."""
    return [
        plain(part) for part in (workflow.eligible, workflow.experiment, workflow.journey, workflow.on_goal)
    ]
