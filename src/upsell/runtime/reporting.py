"""Reporting: what each workflow did, read from the store and measured.

For the report, the demo and the results page. The law: counts of people are of units, each counted
once, so that considered is let in, held out and not let in together.
"""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO

import msgspec
import pyarrow as pa
from pyarrow import csv

from upsell.clock import DAY, Moment
from upsell.decisions.decision import BY_ACCOUNT
from upsell.decisions.reasons import Reason
from upsell.errors import ConfigError, nearest
from upsell.journeys.program import Program
from upsell.journeys.workflow import Workflow
from upsell.measurement.lift import LiftReport
from upsell.measurement.question import Contrast, Question
from upsell.runtime.outcomes import EVENT_COLUMNS, EXPOSURE_COLUMNS, SPENDING_COLUMNS, Ledger, read_lifts
from upsell.runtime.outlook import Outlook, find_outlook
from upsell.runtime.programs import compile_revision
from upsell.runtime.small_arms import held_out_rates, read_small
from upsell.runtime.soundness import (
    WorkflowHealth,
    check_health,
    count_contaminated,
    dilute,
    held_out_units,
)
from upsell.signals.events import SUBSCRIPTION_UPGRADED
from upsell.store.connect import Connection
from upsell.store.queries import query
from upsell.store.revisions import newest_revision

HORIZON = 90 * DAY
"""How long net committed revenue is followed after exposure."""


class ReasonCount(msgspec.Struct, frozen=True):
    """How many there were of one reason; ``rule`` names the rule or state that decided, or is empty."""

    reason: str
    rule: str
    count: int


class Funnel(msgspec.Struct, frozen=True):
    """Who was considered by a workflow, and what became of them; all but messages count units once.

    Attributes:
        considered: Units that were a candidate at least once.
        let_in: Of those, units let in and spoken to.
        held_out: Of those, units let in as shadows: the holdout and the global control.
        not_let_in: The others, by the last reason they got.
        messages_sent: Messages the provider accepted.
        messages_unknown: Messages of which that is not known; they count as sent.
        messages_failed: Messages that were refused for good.
        messages_waiting: Messages still on their way out.
        withheld: Messages stopped by the gate before sending or taken back, by reason.
        silenced: Units whose journey stood still or ended early, by reason.
    """

    considered: int
    let_in: int
    held_out: int
    not_let_in: tuple[ReasonCount, ...]
    messages_sent: int
    messages_unknown: int
    messages_failed: int
    messages_waiting: int
    withheld: tuple[ReasonCount, ...]
    silenced: tuple[ReasonCount, ...]


class StageReport(msgspec.Struct, frozen=True):
    """What a workflow earned with the units that were in one lifecycle stage when they were exposed.

    Attributes:
        stage: The stage; empty where it was not known.
        lift: What it earned beyond the holdout.
    """

    stage: str
    lift: LiftReport


class WorkflowReport(msgspec.Struct, frozen=True):
    """What one workflow did.

    Attributes:
        key: Key of the workflow.
        name: What people call it.
        unit: What is decided about: ``account`` or ``customer``.
        holdout_rate: Planned share of the holdout, 0 to 1.
        funnel: Who was considered, and what became of them.
        lift: What it earned beyond the holdout.
        stages: The same by lifecycle stage, where that was asked for.
        outlook: Where its conversion cannot be read yet, when it can; None where it can, or that cannot
            be told.
        health: What speaks for and against its readings, where that was asked for.
        began: When the first unit was exposed, by contrast and arm; an arm nobody had is absent.
    """

    key: str
    name: str
    unit: str
    holdout_rate: float
    funnel: Funnel
    lift: LiftReport
    stages: tuple[StageReport, ...] = ()
    outlook: Outlook | None = None
    health: WorkflowHealth | None = None
    began: Mapping[str, Mapping[str, Moment]] = {}


class Report(msgspec.Struct, frozen=True):
    """What every workflow did, up to a moment.

    Attributes:
        as_of: The moment.
        currency: ISO 4217 code of the amounts.
        workflows: Each workflow, in order of their keys.
        programme: What all of them together earned beyond the global control, by household; None without
            a control.
    """

    as_of: Moment
    currency: str
    workflows: tuple[WorkflowReport, ...]
    programme: LiftReport | None = None


def report(
    connection: Connection,
    program: Program,
    as_of: Moment,
    only: str | None = None,
    *,
    by_stage: bool = False,
    has_readings: bool = False,
    has_health: bool = False,
) -> Report:
    """Report on the workflows of a program as of a moment, in order of their keys.

    With ``by_stage`` what each earned is told for every lifecycle stage besides; with ``has_readings``
    each effect is read in other ways beside the plain one; with ``has_health`` the readings are checked.

    Raises:
        ConfigError: ``only`` names no workflow of the program.
    """
    chosen = _chosen(program, only)
    ledger = read_ledger(connection, program, as_of)
    workflows = tuple(
        WorkflowReport(
            key=workflow.key,
            name=workflow.name,
            unit=workflow.unit.value,
            holdout_rate=workflow.experiment.holdout_rate,
            funnel=read_funnel(connection, workflow.key, as_of),
            lift=read_lifts(
                ledger,
                question := with_costs(ask_about(ledger, workflow, program.currency, as_of), program),
                has_readings=has_readings,
            ),
            stages=_stages(ledger, question) if by_stage else (),
            began=ledger.began(workflow.key),
        )
        for workflow in chosen
    )
    others = [held_out_rates(found.lift) for found in workflows]
    return Report(
        as_of=as_of,
        currency=program.currency,
        workflows=tuple(
            msgspec.structs.replace(
                found,
                lift=read_small(
                    found.lift, ledger, [arm for arms in (*others[:n], *others[n + 1 :]) for arm in arms]
                ),
                outlook=find_outlook(found.lift, ledger, found.holdout_rate),
                health=_health(connection, ledger, found, program, as_of) if has_health else None,
            )
            for n, found in enumerate(workflows)
        ),
        programme=_programme(connection, program, as_of, has_readings=has_readings)
        if program.policy.control.rate > 0 and only is None
        else None,
    )


def _programme(connection: Connection, program: Program, as_of: Moment, *, has_readings: bool) -> LiftReport:
    """Measure the whole programme: households at their first exposure anywhere, against the control."""
    values: dict[str, object] = {"as_of": as_of}
    ledger = Ledger(
        exposures=copied_table(connection, "report_programme_exposures", EXPOSURE_COLUMNS, values),
        events=copied_table(connection, "report_programme_events", EVENT_COLUMNS, values),
        spendings=_spendings(connection, program, as_of),
    )
    question = Question(
        workflow="*",
        goal_event=SUBSCRIPTION_UPGRADED,
        goal_within=HORIZON,
        as_of=as_of,
        currency=program.currency,
        horizon=HORIZON,
        contrasts=(Contrast.CONTROL,),
    )
    question = with_costs(question, program)
    return read_lifts(ledger, question, has_readings=has_readings)


def _health(
    connection: Connection, ledger: Ledger, found: WorkflowReport, program: Program, as_of: Moment
) -> WorkflowHealth:
    question, held_out = found.lift.question, held_out_units(found.lift)
    offers = sorted(program.catalog.alike(program.workflows[found.key].offers.values()))
    return WorkflowHealth(
        checks=check_health(ledger, question),
        contamination=count_contaminated(connection, question, offers, held_out, as_of),
        dilution=dilute(found.lift, found.funnel.considered),
    )


def _stages(ledger: Ledger, question: Question) -> tuple[StageReport, ...]:
    return tuple(
        StageReport(stage, read_lifts(ledger.of_stage(stage), question))
        for stage in ledger.stages(question.workflow)
    )


def report_live(connection: Connection, as_of: Moment) -> Report:
    """Report on what is live as of a moment; no workflows before anything was applied."""
    if newest_revision(connection) is None:
        return Report(as_of, "", ())
    return report(connection, live_program(connection), as_of)


def live_program(connection: Connection) -> Program:
    """Give the program that is live.

    Raises:
        ConfigError: Nothing was applied yet.
    """
    live = newest_revision(connection)
    if live is None:
        msg = "expected definitions that are live, found none; put a workspace live with `upsell apply`"
        raise ConfigError(msg)
    return compile_revision(live)


def serving_of(program: Program) -> tuple[tuple[str, int], ...]:
    """Give what serving one of a plan, add-on or bundle costs in a month, where the catalog says so."""
    costs = {key: plan.cost for key, plan in program.catalog.plans.items()}
    costs |= {key: product.cost for key, product in program.catalog.products.items()}
    return tuple(
        (key, cost.amount)
        for key, cost in sorted(costs.items())
        if cost is not None and cost.currency == program.currency and cost.amount > 0
    )


def with_costs(question: Question, program: Program) -> Question:
    """Give a question that knows what serving costs, and that spendings are in the ledger where they are."""
    return msgspec.structs.replace(
        question, serving=serving_of(program), has_spendings=program.costs.are_known
    )


def question_of(workflow: Workflow, currency: str, as_of: Moment) -> Question:
    """Give what is asked about a workflow: its goal, and revenue over ``HORIZON``."""
    return Question(
        workflow=workflow.key,
        goal_event=workflow.goal.event,
        goal_within=workflow.goal.within,
        as_of=as_of,
        currency=currency,
        horizon=HORIZON,
        arms=tuple(arm.name for arm in workflow.experiment.arms),
        is_clustered=workflow.experiment.is_by_account,
    )


def ask_about(ledger: Ledger, workflow: Workflow, currency: str, as_of: Moment) -> Question:
    """Give what is asked about a workflow that may have drawn whole accounts in some earlier version."""
    question = question_of(workflow, currency, as_of)
    if question.is_clustered or not ledger.has_stratum(workflow.key, BY_ACCOUNT):
        return question
    return msgspec.structs.replace(question, is_clustered=True)


def read_ledger(connection: Connection, program: Program, as_of: Moment) -> Ledger:
    """Read the exposures, and the events that outcomes are made of, up to a moment."""
    goals = sorted({workflow.goal.event for workflow in program.workflows.values()})
    return Ledger(
        exposures=copied_table(connection, "report_exposures", EXPOSURE_COLUMNS, {"as_of": as_of}),
        events=copied_table(
            connection, "report_outcome_events", EVENT_COLUMNS, {"as_of": as_of, "goals": goals}
        ),
        spendings=_spendings(connection, program, as_of),
    )


def _spendings(connection: Connection, program: Program, as_of: Moment) -> pa.Table | None:
    """Read what messages and tasks cost; None where nothing does."""
    if not program.costs.are_known:
        return None
    values: dict[str, object] = {
        "as_of": as_of,
        "channels": list(program.costs.messages),
        "prices": list(program.costs.messages.values()),
        "task_minute": program.costs.task_minute,
        "minutes_per_task": program.costs.minutes_per_task,
    }
    return copied_table(connection, "report_spendings", SPENDING_COLUMNS, values)


def exposed_units(connection: Connection, workflow: str) -> list[str]:
    """Give the units exposed in a workflow's contrast with its holdout, in order."""
    return [row[0] for row in connection.execute(query("report_exposed_units"), {"workflow": workflow})]


def _chosen(program: Program, only: str | None) -> list[Workflow]:
    if only is None:
        return [workflow for _, workflow in sorted(program.workflows.items())]
    if only not in program.workflows:
        near = nearest(only, program.workflows)
        hint = f"did you mean {near}?" if near else f"known: {', '.join(sorted(program.workflows))}"
        msg = f"expected the key of a live workflow, got {only}; {hint}"
        raise ConfigError(msg)
    return [program.workflows[only]]


def copied_table(connection: Connection, name: str, schema: pa.Schema, values: dict[str, object]) -> pa.Table:
    """Give what a COPY answers as columns; moments in it are whole microseconds, and no text is null."""
    content = BytesIO()
    with connection.cursor() as cursor, cursor.copy(query(name), values) as copy:
        for block in copy:
            content.write(block)
    if content.tell() == 0:
        return schema.empty_table()
    content.seek(0)
    # Moments travel as whole microseconds, which no engine reads otherwise.
    raw = {field.name: pa.int64() if pa.types.is_timestamp(field.type) else field.type for field in schema}
    table = csv.read_csv(
        content,
        read_options=csv.ReadOptions(column_names=schema.names),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(column_types=raw, strings_can_be_null=False),
    )
    return table.cast(schema)


def read_funnel(connection: Connection, workflow: str, as_of: Moment) -> Funnel:
    """Read who was considered by a workflow up to a moment, and what became of them."""
    values = {"workflow": workflow, "as_of": as_of}
    entries: dict[str, int] = dict(connection.execute(query("report_entries"), values).fetchall())
    refusals = _counts(connection, "report_refusals", values)
    states: dict[str, int] = dict(connection.execute(query("report_messages"), values).fetchall())
    let_in = entries.get(Reason.ENROLLED.value, 0)
    held_out = entries.get(Reason.HELD_OUT.value, 0) + entries.get(Reason.CONTROL.value, 0)
    return Funnel(
        considered=let_in + held_out + sum(refusal.count for refusal in refusals),
        let_in=let_in,
        held_out=held_out,
        not_let_in=refusals,
        messages_sent=states.get("sent", 0),
        messages_unknown=states.get("unknown", 0),
        messages_failed=states.get("failed", 0),
        messages_waiting=sum(states.get(state, 0) for state in ("reserved", "claimed", "sending")),
        withheld=_counts(connection, "report_withheld", values),
        silenced=_counts(connection, "report_silenced", values),
    )


def _counts(connection: Connection, name: str, values: dict[str, object]) -> tuple[ReasonCount, ...]:
    return tuple(ReasonCount(*row) for row in connection.execute(query(name), values))
