"""Rolling out: the arm that won becomes what everybody gets, and what was found is kept.

The law: nothing is rolled out in silence over a result that does not carry it, and the record says what
was tested, on whom, what was found and what spoke against it, whatever was decided.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.compute as pc
import yaml

from upsell.clock import Clock, Moment, format_moment
from upsell.errors import ConfigError, DefinitionError, nearest
from upsell.journeys.program import Program
from upsell.journeys.workflow import Workflow
from upsell.measurement.answers import Effect, Undetermined
from upsell.measurement.lift import Lift
from upsell.measurement.question import Contrast, Metric, Question
from upsell.measurement.sample_ratio import SampleRatio, Verdict
from upsell.runtime.outcomes import Ledger, first_exposures, read_lifts
from upsell.runtime.reporting import ask_about, live_program, question_of, read_ledger
from upsell.runtime.results import effect_words, metric_label
from upsell.store.acts import Act, add_act
from upsell.store.connect import Connection
from upsell.store.experiments import ClosedExperiment, keep_closed_experiment
from upsell.store.revisions import newest_revision
from upsell.workspace.documents import WORKFLOWS, Documents
from upsell.workspace.rolling import roll_arm

FOLDER = "experiments"
"""Where a workspace keeps what was tested, a file for each workflow."""

_HEAD = "# What was tested and found. Written by upsell experiment roll, and kept.\n"


class Finding(msgspec.Struct, frozen=True):
    """What was found of the arm rolled out against another.

    Attributes:
        against: The other arm.
        metric: What was measured.
        units: Units of both arms whose window has closed.
        effect: How much better it did, per unit exposed.
        said: The same in words.
    """

    against: str
    metric: Metric
    units: int
    effect: Effect | Undetermined
    said: str


class Roll(msgspec.Struct, frozen=True):
    """An experiment about to be closed.

    Attributes:
        workflow: Key of the workflow.
        version: Its version while it was tested.
        vary: What the arms differ in.
        arms: Planned share of each arm, by name.
        arm: The arm to be rolled out.
        exposed: Units exposed by arm; empty where nothing was measured.
        exposed_from: When the first was exposed.
        exposed_until: When the last was exposed.
        findings: What was found against every other arm.
        doubts: What speaks against rolling it out; empty when the result carries it.
    """

    workflow: str
    version: str
    vary: str
    arms: Mapping[str, float]
    arm: str
    exposed: Mapping[str, int]
    exposed_from: Moment | None
    exposed_until: Moment | None
    findings: tuple[Finding, ...]
    doubts: tuple[str, ...]


def choose_arm_of(program: Program, key: str, arm: str) -> Workflow:
    """Give the workflow whose arm is to be rolled out.

    Raises:
        ConfigError: There is no such workflow, it has no arms, or not this one.
    """
    workflow = program.workflows.get(key)
    if workflow is None:
        raise ConfigError(_unknown("the key of a workflow", key, program.workflows))
    names = [each.name for each in workflow.experiment.arms]
    if not names:
        msg = f"expected a workflow with arms, got {key}, which has none; there is nothing to roll out"
        raise ConfigError(msg)
    if arm not in names:
        raise ConfigError(_unknown(f"an arm of {key}", arm, names))
    return workflow


def plan_roll(workflow: Workflow, arm: str, currency: str, ledger: Ledger | None, as_of: Moment) -> Roll:
    """Find what was found of an arm, and what speaks against rolling it out.

    ``ledger`` holds exposures and outcomes up to ``as_of``; None where nothing was measured.
    """
    experiment = workflow.experiment
    lifts: tuple[Lift, ...] = ()
    question = question_of(workflow, currency, as_of)
    exposed_at: list[Moment] = []
    if ledger is not None:
        ledger = _of_experiment(ledger, workflow)
        question = ask_about(ledger, workflow, currency, as_of)
        lifts = _against_others(read_lifts(ledger, question).lifts, arm)
        exposed_at = first_exposures(ledger, workflow.key, Contrast.ARMS)
    return Roll(
        workflow=workflow.key,
        version=workflow.version,
        vary=experiment.vary.value if experiment.vary is not None else "",
        arms={each.name: each.share for each in experiment.arms},
        arm=arm,
        exposed={side.arm: side.exposed for lift in lifts for side in (lift.arm, lift.against)},
        exposed_from=exposed_at[0] if exposed_at else None,
        exposed_until=exposed_at[-1] if exposed_at else None,
        findings=tuple(_finding(lift, question) for lift in lifts),
        doubts=tuple(_doubts(lifts, question, is_measured=ledger is not None)),
    )


def measure_roll(connection: Connection | None, program: Program, key: str, arm: str, now: Moment) -> Roll:
    """Find what was found of an arm of a workflow; nothing is measured without a database.

    Raises:
        ConfigError: There is no such workflow, it has no arms, or not this one.
    """
    tested = choose_arm_of(program, key, arm)
    ledger = read_ledger(connection, program, now) if connection is not None else None
    return plan_roll(tested, arm, program.currency, ledger, now)


def keep_roll(connection: Connection, closed: ClosedExperiment, actor: str) -> None:
    """Keep an experiment that is closed, and who did it in the log, in the transaction that is open."""
    keep_closed_experiment(connection, closed)
    words = f"{closed.arm} for everybody; arms differed in {closed.vary}"
    add_act(connection, Act.EXPERIMENT_CLOSED, actor, closed.workflow, words, closed.why, closed.closed_at)


def close_live(  # what is decided, by whom and why
    connection: Connection, clock: Clock, key: str, arm: str, by: str, why: str, *, is_forced: bool
) -> Roll:
    """Close the experiment of a workflow that is live: what was found is kept, and its file is to be applied.

    Raises:
        ConfigError: There is no such arm, the result does not carry it and it was not to be done anyway, or
            the file cannot be cut.
    """
    now = clock.now()
    rolled_file(connection, key, arm)
    roll = measure_roll(connection, live_program(connection), key, arm, now)
    if roll.doubts and not is_forced:
        doubts = "; ".join(roll.doubts)
        msg = f"expected a result that carries {arm}, got one that does not: {doubts}. Wait, or do it anyway"
        raise ConfigError(msg)
    with connection.transaction():
        keep_roll(connection, closed_experiment(roll, now, by, why), by)
    return roll


def rolled_file(connection: Connection, key: str, arm: str) -> str:
    """Give the text of a live workflow's file in which everybody gets an arm.

    Raises:
        ConfigError: There is no such arm, or the file cannot be cut.
    """
    choose_arm_of(live_program(connection), key, arm)
    live = newest_revision(connection)
    documents = live.documents if live is not None else {}
    try:
        return roll_arm(documents, key, arm)[f"{WORKFLOWS}/{key}.yaml"]
    except DefinitionError as error:
        msg = str(error.problems[0]).partition("\n")[0]
        raise ConfigError(msg) from error


def closed_experiment(roll: Roll, closed_at: Moment, closed_by: str, why: str) -> ClosedExperiment:
    """Give what the store keeps of an experiment that is closed."""
    return ClosedExperiment(
        workflow=roll.workflow,
        version=roll.version,
        vary=roll.vary,
        arm=roll.arm,
        closed_at=closed_at,
        closed_by=closed_by,
        why=why,
        record=msgspec.json.encode(_content(roll)).decode(),
    )


def write_roll(folder: Path, documents: Documents, roll: Roll, closed: ClosedExperiment) -> Path:
    """Write the workflow as rolled out, and add the record to the workspace; give the record's file.

    The record is written first. Each file is put in the place of the one before as a whole.

    Raises:
        ConfigError: The directory cannot be written.
    """
    workflow = f"{WORKFLOWS}/{roll.workflow}.yaml"
    record = folder / FOLDER / f"{roll.workflow}.yaml"
    said = {
        "closed_at": format_moment(closed.closed_at),
        "closed_by": closed.closed_by,
        "why": closed.why,
        **_content(roll),
    }
    item = yaml.safe_dump([said], sort_keys=False, allow_unicode=True, width=100)
    try:
        record.parent.mkdir(exist_ok=True)
        _replace(record, (record.read_text("utf-8") if record.is_file() else _HEAD) + item)
        _replace(folder / workflow, documents[workflow])
    except OSError as error:
        msg = f"expected a directory that can be written at {folder}, got: {error.strerror}"
        raise ConfigError(msg) from error
    return record


def _content(roll: Roll) -> dict[str, Any]:
    """Give a roll as plain values; moments are ISO 8601, money minor units."""
    content: dict[str, Any] = msgspec.to_builtins(roll)
    for name in ("exposed_from", "exposed_until"):
        content[name] = None if content[name] is None else format_moment(content[name])
    return content


def _replace(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text, "utf-8")
    os.replace(beside, path)  # noqa: PTH105  # the one call that is whole or not at all


def _of_experiment(ledger: Ledger, workflow: Workflow) -> Ledger:
    """Give the ledger without the arms of experiments before this one."""
    names = [each.name for each in workflow.experiment.arms]
    is_mine = pc.field("workflow") == workflow.key
    is_arm = pc.field("contrast") == Contrast.ARMS.value
    return Ledger(ledger.exposures.filter(is_mine & is_arm & pc.field("arm").isin(names)), ledger.events)


def _against_others(lifts: tuple[Lift, ...], arm: str) -> tuple[Lift, ...]:
    """Give the lifts of an arm against every other, turned round where it was the other's."""
    found = []
    for lift in lifts:
        if lift.contrast is not Contrast.ARMS or lift.metric not in _DECIDING:
            continue
        if lift.arm.arm == arm:
            found.append(lift)
        elif lift.against.arm == arm:
            turned = _turned(lift.absolute)
            found.append(msgspec.structs.replace(lift, arm=lift.against, against=lift.arm, absolute=turned))
    return tuple(found)


_DECIDING = (Metric.CONVERSION, Metric.NET_COMMITTED_REVENUE)
"""What an arm is judged by."""


def _turned(effect: Effect | Undetermined) -> Effect | Undetermined:
    if isinstance(effect, Undetermined):
        return effect
    return Effect(-effect.estimate, -effect.high, -effect.low, effect.level)


def _finding(lift: Lift, question: Question) -> Finding:
    said = f"{metric_label(lift, question)}: {effect_words(lift.absolute, lift)}"
    units = lift.arm.closed + lift.against.closed
    return Finding(lift.against.arm, lift.metric, units, lift.absolute, said)


def _doubts(lifts: tuple[Lift, ...], question: Question, *, is_measured: bool) -> Iterator[str]:
    """Say what speaks against an arm: against each other one, money decides where it can be told."""
    if not is_measured:
        yield "nothing was measured: there is no database here"
        return
    for against in dict.fromkeys(lift.against.arm for lift in lifts):
        by_metric = {lift.metric: lift for lift in lifts if lift.against.arm == against}
        money, rate = by_metric[Metric.NET_COMMITTED_REVENUE], by_metric[Metric.CONVERSION]
        deciding = rate if isinstance(money.absolute, Undetermined) else money
        effect = deciding.absolute
        label = metric_label(deciding, question)
        if isinstance(effect, Undetermined):
            yield f"against {against} nothing can be said: {effect.detail}"
        elif effect.high < 0:
            yield f"against {against} it did worse. {label}: {effect_words(effect, deciding)}"
        elif effect.low <= 0:
            yield f"against {against} it may be chance. {label}: {effect_words(effect, deciding)}"
    checked = lifts[0].sample_ratio if lifts else None
    if isinstance(checked, SampleRatio) and checked.verdict is not Verdict.GOOD:
        yield f"the arms are not as large as planned (p = {checked.p_value:.2g}); find out why first"


def _unknown(what: str, came: str, known: Mapping[str, Any] | list[str]) -> str:
    near = nearest(came, known)
    hint = f"did you mean {near}?" if near else f"known: {', '.join(sorted(known)) or 'none'}"
    return f"expected {what}, got {came}; {hint}"
