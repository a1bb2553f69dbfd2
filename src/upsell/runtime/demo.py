"""The demo: a simulated year at a made-up company, through everything that is real.

Intake, worker, outbox and mail server do their work on a database of their own; the company answers
to the mail that arrives. Afterwards what the report says stands beside what truly happened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from upsell.clock import DAY, Duration, Moment
from upsell.errors import ConfigError
from upsell.ids import bare
from upsell.journeys.program import Program
from upsell.measurement.question import Metric
from upsell.runtime.apply import apply
from upsell.runtime.company import YEAR, Company, index_of
from upsell.runtime.learning import learn
from upsell.runtime.replay import Heard, Replay, Step
from upsell.runtime.reporting import exposed_units, live_program, question_of, report, serving_of
from upsell.runtime.results import Results
from upsell.runtime.simulate import Simulation
from upsell.runtime.sink import open_sink
from upsell.runtime.truth import Rerun, Truth, planted_truth
from upsell.store.connect import Connection
from upsell.workspace.documents import Documents, read_workspace

WORKSPACE = Path("examples") / "saas"
"""The demo's workspace, in a checkout of the repository."""


class Told(msgspec.Struct, frozen=True):
    """How far the demo has come.

    Attributes:
        what: What is being done.
        share: How much of it is done, 0 to 1.
        at: The simulated moment, None while there is none.
        events: Events so far.
        mails: Mails so far.
    """

    what: str
    share: float
    at: Moment | None = None
    events: int = 0
    mails: int = 0


def find_workspace(folder: Path) -> Documents:
    """Read the demo's workspace, in ``folder`` or where this checkout keeps it.

    Raises:
        ConfigError: It is in neither place.
        DefinitionError: It is there and cannot be read.
    """
    checkout = Path(__file__).resolve().parents[3]
    for place in (folder, checkout):
        if (place / WORKSPACE).is_dir():
            return read_workspace(place / WORKSPACE)
    msg = f"expected the demo's workspace in {WORKSPACE}, found none; run the demo in the repository's folder"
    raise ConfigError(msg)


def run_demo(
    url: str,
    documents: Documents,
    company: Company,
    step: Duration,
    processes: int,
    told: Callable[[Told], None],
) -> Results:
    """Run the simulated year on an empty database and report on it, beside the planted truth.

    Args:
        url: Where the database is.
        documents: The workspace.
        company: The simulated company.
        step: Length of the steps of time; see ``Replay``.
        processes: How many processes live the worlds that were not.
        told: Told how far it has come.
    """
    with open_sink() as sink:
        replay = Replay(url, sink, company.starts_at, step=step)
        try:
            simulation = Simulation(company)
            apply(replay.connection, documents, replay.clock, expected=0, note="the demo's workspace")
            told(Told("Customers from before the year", 0.0))
            replay.take(simulation.history())

            def hear(mail: Heard) -> None:
                simulation.hear(bare(mail.unit_id), mail.workflow, mail.at, mail.arm)

            def tell(far: Step) -> None:
                share = (far.at - company.starts_at) / company.lasts
                told(Told("The simulated year", min(1.0, share), far.at, far.events, far.mails))

            end = replay.run(simulation, company.ends_at, hear, tell)
            told(Told("Living the exposed accounts again", 0.0))
            # Its pages say what came in, which a server learns behind the ledger.
            learn(replay.connection)
            program = live_program(replay.connection)
            reported = report(replay.connection, program, company.ends_at)
            reruns = _reruns(replay.connection, program, documents, company, step)
            truths = planted_truth(
                reruns, processes, lambda share: told(Told("Living the exposed accounts again", share))
            )
        finally:
            replay.close()
    return Results(_about(company, end), reported, _known(truths, program))


def _known(truths: Mapping[str, tuple[Truth, ...]], program: Program) -> dict[str, tuple[Truth, ...]]:
    """Leave out the truth of a margin where messages cost something: whoever lives again is sent none."""
    if not program.costs.are_known:
        return dict(truths)
    return {
        key: tuple(truth for truth in found if truth.metric is not Metric.MARGIN)
        for key, found in truths.items()
    }


def _reruns(
    connection: Connection, program: Program, documents: Documents, company: Company, step: Duration
) -> list[Rerun]:
    return [
        Rerun(
            documents=dict(documents),
            company=company,
            step=step,
            question=msgspec.structs.replace(
                question_of(workflow, program.currency, company.ends_at), serving=serving_of(program)
            ),
            indexes=tuple(index_of(bare(unit_id)) for unit_id in exposed_units(connection, key)),
        )
        for key, workflow in sorted(program.workflows.items())
    ]


def _about(company: Company, end: Step) -> str:
    return (
        f"{_length(company)} at a made-up company: {company.accounts:,} accounts, {end.events:,} events, "
        f"{end.mails:,} mails accepted by a real mail server on this machine, seed {company.seed}. The "
        "planted truth is what a workflow did to the accounts exposed to it: each lived it twice, "
        "once with everybody treated and once with everybody held out."
    )


def _length(company: Company) -> str:
    return "A simulated year" if company.lasts == YEAR else f"{company.lasts // DAY} simulated days"
