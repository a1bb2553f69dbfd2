"""Experiments: holdout and arms compiled, and the values that differ by arm.

The law: arms differ in exactly the one thing that ``vary`` names; anything else that is written
by arm is a problem, because then nobody could say what made the difference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import assert_never

from upsell.decisions.ramps import RampStep
from upsell.journeys.workflow import Arm, Experiment, UnitKind, Vary
from upsell.rules.compile import Rule
from upsell.workspace.dates import moment_of
from upsell.workspace.definitions import Definitions
from upsell.workspace.editions import Edition, is_split_apart, usual_holdout
from upsell.workspace.findings import Findings, Place
from upsell.workspace.items import NOTHING_WRITTEN, Leaf, Record
from upsell.workspace.scalars import percent

_RESERVED = {"for", "holdout", "control"}


def compile_experiment(workflow: Record, key: str, definitions: Definitions) -> Experiment:
    """Compile the experiment of the workflow ``key``; the usual share is held out where none is written."""
    record = workflow.record("experiment") or NOTHING_WRITTEN
    findings = definitions.findings
    salt = record.text("salt", key)
    vary = Vary(record.text("vary")) if record.leaf("vary") is not None else None
    arms = record.record("arms") or NOTHING_WRITTEN
    if record.has("vary") != record.has("arms"):
        has, lacks = ("vary", "arms") if record.has("vary") else ("arms", "vary")
        findings.error(
            record.keys[has],
            f"expected {lacks} beside {has} in experiment, got {has} alone",
            hint="vary names the one thing the arms differ in; arms gives the share of each",
            code="missing-key",
        )
    return Experiment(
        holdout_rate=record.rate("holdout", usual_holdout(definitions.edition)),
        salt=salt,
        vary=vary,
        arms=_arms(arms, findings),
        arms_salt="" if vary is None else _arms_salt(salt, vary, arms, record.text("name")),
        audience={} if vary is None else _audience(record, vary, definitions),
        ramp=_ramp(record, definitions),
        is_by_account=_is_by_account(workflow, record, findings),
    )


def _arms_salt(salt: str, vary: Vary, arms: Record, name: str) -> str:
    """Give what arms are drawn by: the experiment's name, or what it is of as long as it has none."""
    return f"{salt}/{name}" if name else "/".join((salt, vary.value, *sorted(arms.items)))


def _is_by_account(workflow: Record, record: Record, findings: Findings) -> bool:
    """Tell whether customers are drawn by their account; a workflow about accounts draws nothing else."""
    is_of_accounts = workflow.text("unit", UnitKind.ACCOUNT.value) == UnitKind.ACCOUNT.value
    leaf = record.leaf("by")
    if leaf is not None and is_of_accounts and leaf.text == UnitKind.CUSTOMER.value:
        findings.error(
            leaf.place,
            "expected by: account in a workflow about accounts, got customer",
            hint="nothing less than what is decided about can be drawn; unit: customer decides about them",
            code="by",
        )
    return leaf is not None and not is_of_accounts and leaf.text == UnitKind.ACCOUNT.value


def _ramp(record: Record, definitions: Definitions) -> tuple[RampStep, ...]:
    """Compile to whom the workflow is open; steps are to be in order of time and to grow."""
    if record.leaf("ramp") is not None:
        open_to = record.rate("ramp")
        # Open to all is no ramp, so that a ramp that is done may be left standing or taken out.
        return (RampStep(open_to),) if open_to < 1 else ()
    steps: list[RampStep] = []
    for each in record.each("ramp"):
        if not (isinstance(each, Record) and each.leaf("from") and each.leaf("share")):
            continue
        step = RampStep(each.rate("share"), moment_of(each.text("from"), definitions.zone))
        before = steps[-1] if steps else None
        if before is not None and (step.begins_at or 0) <= (before.begins_at or 0):
            definitions.findings.error(
                each.keys["from"],
                f"expected steps of the ramp in order of time, got {each.text('from')} after a later one",
                code="ramp",
            )
        if before is not None and step.share <= before.share:
            definitions.findings.error(
                each.keys["share"],
                f"expected a share above that of the step before, got {percent(Decimal(each.text('share')))}",
                hint="a ramp only grows; to stop a workflow write status: paused",
                code="ramp",
            )
        steps.append(step)
    return tuple(steps)


def _arms(arms: Record, findings: Findings) -> tuple[Arm, ...]:
    """Compile the arms: shares that add up, or whole-number weights; note those with reserved names."""
    for name, place in arms.keys.items():
        if name in _RESERVED:
            findings.error(
                place, f"expected the name of an arm, got {name}, which has a meaning of its own", code="arm"
            )
    written = {name: leaf.value for name, leaf in arms.items.items() if isinstance(leaf, Leaf)}
    weights = {name: value for name, value in written.items() if isinstance(value, int)}
    total = sum((Decimal(str(value)) for value in written.values()), Decimal(0))
    if weights and len(weights) == len(written) and total > 0:
        return tuple(Arm(name, float(Fraction(weight, int(total)))) for name, weight in weights.items())
    if written and len(written) == len(arms.keys) and total != 1:
        told = f"expected shares of arms that add up to 100%, got {percent(total)}"
        if 0 < len(weights) < len(written):
            told = "expected shares of arms, or whole-number weights, got both"
        findings.error(
            arms.place,
            told,
            hint="shares are of the treated units; the holdout is set aside before",
            code="arms",
        )
    return tuple(Arm(name, float(Decimal(str(value)))) for name, value in written.items())


def _audience(record: Record, vary: Vary, definitions: Definitions) -> dict[str, Rule]:
    """Compile the rule each arm adds to eligibility."""
    findings = definitions.findings
    written = record.record("audience")
    if vary is not Vary.AUDIENCE:
        if record.has("audience"):
            _note_other(record.keys["audience"], Vary.AUDIENCE, vary, findings)
        return {}
    if written is None:
        if not record.has("audience"):
            findings.error(
                record.keys["vary"],
                "expected audience beside vary: audience, got none",
                hint="audience gives by arm the rule it adds to eligible",
                code="missing-key",
            )
        return {}
    arms = (record.record("arms") or NOTHING_WRITTEN).keys
    for arm, place in written.keys.items():
        if arm not in arms:
            findings.unknown(place, "arm", arm, arms, "experiment.arms")
    rules = {arm: definitions.rulebook.rule(written.leaf(arm)) for arm in written.items}
    return {arm: rule for arm, rule in rules.items() if rule is not None}


class ArmValues:
    """Reads values that may differ by arm, and remembers whether any did."""

    def __init__(self, experiment: Experiment, findings: Findings, edition: Edition) -> None:
        """Read for the arms of ``experiment``, as an edition means it."""
        self._experiment = experiment
        self._findings = findings
        self._edition = edition
        self._splits: Counter[str] = Counter()
        self.has_any = False

    def split_salt(self, ways: Iterable[str]) -> str:
        """Give what the next split with ways of these names is drawn by: the workflow's salt, and a number.

        The first has none, so that it is drawn as it was when every split with its ways was drawn alike.
        """
        named = "/".join((self._experiment.salt, *ways))
        self._splits[named] += 1
        number = self._splits[named] if is_split_apart(self._edition) else 1
        # The names stand last, for whoever draws the journey reads them there.
        return f"split/{named}" if number == 1 else f"split {number}/{named}"

    def read(self, record: Record, key: str, vary: Vary) -> dict[str, Leaf]:
        """Give the value under ``key`` by arm, ``""`` for one that all arms share; empty when absent.

        ``vary`` is what an experiment varies when this value differs.
        """
        item = record.items.get(key)
        if isinstance(item, Leaf):
            return {"": item}
        if not isinstance(item, Record):
            return {}
        self.has_any = True
        if self._experiment.vary is not vary:
            _note_other(item.place, vary, self._experiment.vary, self._findings)
            return {}
        names = [arm.name for arm in self._experiment.arms]
        for arm, place in item.keys.items():
            if arm not in names:
                self._findings.unknown(place, "arm", arm, names, "experiment.arms")
        for arm in names:
            if arm not in item.keys:
                self._findings.error(
                    item.place, f"expected a value of {key} for every arm, got none for {arm}", code="arms"
                )
        return {arm: leaf for arm in item.items if (leaf := item.leaf(arm)) is not None}

    def check_any(self, workflow: Record) -> None:
        """Note an experiment whose arms do not differ at all."""
        vary = self._experiment.vary
        if vary is None or vary is Vary.AUDIENCE or self.has_any:
            return
        experiment = workflow.record("experiment") or NOTHING_WRITTEN
        self._findings.error(
            experiment.keys.get("vary", workflow.place),
            f"expected a step that differs by arm, got vary: {vary.value} and the same for all",
            hint=_how_to_vary(vary),
            code="arms",
        )


def _note_other(place: Place, written: Vary, vary: Vary | None, findings: Findings) -> None:
    """Note a value by arm that is not what the experiment varies."""
    if vary is None:
        came = "no vary in experiment"
        hint = f"add vary: {written.value} and arms to experiment, or give one value for all"
    else:
        came = f"vary: {vary.value}"
        hint = "arms differ in exactly one thing, so that it is known what made the difference"
    findings.error(
        place,
        f"expected vary: {written.value} where this is given by arm, got {came}",
        hint=hint,
        code="arms",
    )


def _how_to_vary(vary: Vary) -> str:
    """Say how a step is written that differs by arm."""
    match vary:
        case Vary.MESSAGE:
            return "give content by arm, such as content: {short: upgrade-short, long: upgrade-long}"
        case Vary.OFFER:
            return "give offer by arm, such as offer: {trial: pro-trial, annual: pro-annual}"
        case Vary.TIMING:
            return "give wait by arm, such as wait: {soon: 1 day, late: 3 days}"
        case Vary.AUDIENCE:
            return "give audience by arm"
        case _:
            assert_never(vary)
