"""Programs: the revisions of the store compiled, each beside the workflow versions it replaced.

For everything that advances live households. The law: a unit in a journey keeps the version it
entered with, so a program carries the workflows of every earlier revision.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from threading import Lock

import structlog

from upsell.catalog.offers import Offer
from upsell.clock import Moment
from upsell.decisions.benchmarks import Benchmarks, benchmarks_by_cohort
from upsell.decisions.guardrails import Pause
from upsell.decisions.incidents import Incident
from upsell.decisions.rails import Spent
from upsell.decisions.stops import Stop
from upsell.errors import DefinitionError, StoreError
from upsell.journeys.program import (
    Program,
    with_benchmarks,
    with_earlier,
    with_incidents,
    with_pauses,
    with_sold_out,
    with_stops,
)
from upsell.journeys.workflow import Workflow
from upsell.money import Money
from upsell.store.acceptances import Acceptance, read_acceptances
from upsell.store.benchmarks import newest_benchmark_day, read_benchmarks
from upsell.store.connect import Connection
from upsell.store.guardrails import read_pauses
from upsell.store.incidents import read_incidents
from upsell.store.revisions import Revision, read_revisions
from upsell.store.stops import read_stops
from upsell.workspace.compile import compile_documents
from upsell.workspace.editions import edition_of

_MOST_COMPILED = 64
"""How many compiled revisions a process keeps for whoever asks for them again."""

_compiling = Lock()
_log = structlog.get_logger(__name__)


class Programs:
    """The compiled revisions, read as they appear.

    Attributes:
        acceptances: Offers that were taken, in the order of the ledger, what was shown once only once.
        accepted_to: The place in the ledger up to which these are known.
    """

    def __init__(self, since: Moment | None = None) -> None:
        """Know no revision yet; what is asked is of today, or of ``since`` and later."""
        self._since = since
        self._revisions: list[Revision] = []
        self._programs: dict[int, Program] = {}
        self._refused: dict[int, DefinitionError] = {}
        self._workflows: dict[str, Workflow] = {}
        self._incidents: tuple[Incident, ...] = ()
        self._pauses: tuple[Pause, ...] = ()
        self._stops: tuple[Stop, ...] = ()
        self.acceptances: list[Acceptance] = []
        self._showings: set[str] = set()
        self.accepted_to = 0
        self._is_comparing = False
        self._benchmarked: int | None = None
        self._benchmarks: Benchmarks = {}

    def refresh(self, connection: Connection) -> None:
        """Read and compile the revisions that were applied since the last look.

        And read the incidents for everyone, pauses and stops, which offers were taken, and what peers use.
        """
        incidents = read_incidents(connection)
        if incidents != self._incidents:
            self._incidents = incidents
            self._programs = {
                number: with_incidents(program, incidents) for number, program in self._programs.items()
            }
        pauses = read_pauses(connection)
        if pauses != self._pauses:
            self._pauses = pauses
            self._programs = {
                number: with_pauses(program, pauses) for number, program in self._programs.items()
            }
        stops = read_stops(connection)
        if stops != self._stops:
            self._stops = stops
            self._programs = {
                number: with_stops(program, stops) for number, program in self._programs.items()
            }
        taken = read_acceptances(connection, self.accepted_to)
        if taken:
            self._accept(taken)
            self._programs = {number: self._sold(program) for number, program in self._programs.items()}
            self.accepted_to = taken[-1].position
        for revision in read_revisions(connection, len(self._revisions) + 1):
            self._add(revision)
        if self._is_comparing:
            self._read_benchmarks(connection)

    def newest(self) -> Revision | None:
        """Give the newest revision, None before the first."""
        return self._revisions[-1] if self._revisions else None

    def live_at(self, position: int) -> Revision | None:
        """Give the newest revision that is live after a position, None before the first."""
        live = [revision for revision in self._revisions if revision.live_from <= position]
        return live[-1] if live else None

    def after(self, number: int) -> Revision | None:
        """Give the revision that follows a number, None when it is the newest."""
        return self._revisions[number] if number < len(self._revisions) else None

    def revision(self, number: int) -> Revision:
        """Give a revision by its number."""
        return self._revisions[number - 1]

    def program(self, number: int) -> Program:
        """Give the program of a revision, with every version of a workflow that came before it.

        Raises:
            StoreError: This release of Upsell does not take the revision's documents any more.
        """
        refused = self._refused.get(number)
        if refused is not None:
            msg = f"revision {number} does not compile with this release; apply one that does: {refused}"
            raise StoreError(msg) from refused
        return self._programs[number]

    def compiled(self, number: int) -> Program | None:
        """Give the program of a revision, None for number 0 and where it does not compile any more."""
        return self._programs.get(number)

    def _accept(self, taken: Iterable[Acceptance]) -> None:
        """Take acceptances in; what was shown once is taken once, however often that is told."""
        for each in taken:
            if each.showing not in self._showings:
                self.acceptances.append(each)
            if each.showing:
                self._showings.add(each.showing)

    def _read_benchmarks(self, connection: Connection) -> None:
        """Read what peers use, when another day has been made."""
        made = newest_benchmark_day(connection)
        if made is None or made.day == self._benchmarked:
            return
        self._benchmarked = made.day
        self._benchmarks = benchmarks_by_cohort(read_benchmarks(connection, self._since))
        self._programs = {
            number: with_benchmarks(program, self._benchmarks) for number, program in self._programs.items()
        }

    def _sold(self, program: Program) -> Program:
        """Give a program that knows when its offers and discount budgets ran out."""
        if not is_limited(program):
            return program
        sold_out = find_sold_out(program.catalog.offers, self.acceptances)
        spent = find_spent(program.workflows, self.acceptances)
        is_known = (sold_out, spent) == (program.sold_out, program.spent)
        return program if is_known else with_sold_out(program, sold_out, spent)

    def _add(self, revision: Revision) -> None:
        self._revisions.append(revision)
        try:
            program = compile_revision(revision)
        except DefinitionError as error:
            # A later release may refuse what an earlier one took. That matters only where the
            # revision is still to be worked with.
            self._refused[revision.number] = error
            _log.warning("revision_does_not_compile", revision=revision.number, error=str(error))
            return
        live = {workflow.version for workflow in program.workflows.values()}
        earlier = [workflow for version, workflow in self._workflows.items() if version not in live]
        whole = with_pauses(with_incidents(with_earlier(program, earlier), self._incidents), self._pauses)
        whole = with_stops(whole, self._stops)
        self._programs[revision.number] = self._sold(with_benchmarks(whole, self._benchmarks))
        self._is_comparing |= any(metric.is_benchmarked for metric in program.catalog.described.values())
        self._workflows.update({workflow.version: workflow for workflow in program.workflows.values()})


def is_limited(program: Program) -> bool:
    """Tell whether anything of a program can run out."""
    offers = program.catalog.offers.values()
    return any(offer.stock is not None or offer.budget is not None for offer in offers) or any(
        workflow.discount_budget is not None for workflow in program.workflows.values()
    )


def compile_revision(revision: Revision) -> Program:
    """Compile a revision: what it does not say is meant as it was when it was applied.

    What was compiled in this process is given again: nothing of a program changes.

    Raises:
        DefinitionError: This release does not take its documents any more.
    """
    documents = tuple(sorted(revision.documents.items()))
    # Whoever comes meanwhile waits for it instead of compiling the same beside it.
    with _compiling:
        return _compile(documents, revision.edition)


@lru_cache(maxsize=_MOST_COMPILED)
def _compile(documents: tuple[tuple[str, str], ...], edition: int) -> Program:
    return compile_documents(dict(documents), edition_of(edition)).program


def find_sold_out(offers: Mapping[str, Offer], acceptances: Iterable[Acceptance]) -> Mapping[str, Moment]:
    """Find when the stock or the discount budget of offers ran out, for those that did.

    An offer has run out from the acceptance on that leaves none of its stock, or nothing of its budget.
    Discounts in another currency than the budget's do not count.
    """
    found: dict[str, Moment] = {}
    taken: dict[str, tuple[int, int]] = {}
    for acceptance in acceptances:
        offer = offers.get(acceptance.offer)
        if offer is None or offer.id in found:
            continue
        count, spent = taken.get(offer.id, (0, 0))
        count, spent = count + 1, spent + _counted(acceptance, offer.budget)
        taken[offer.id] = (count, spent)
        is_out = offer.stock is not None and count >= offer.stock
        if is_out or (offer.budget is not None and spent >= offer.budget.amount):
            found[offer.id] = _moment_after(acceptance)
    return found


def find_spent(workflows: Mapping[str, Workflow], acceptances: Iterable[Acceptance]) -> Mapping[str, Spent]:
    """Find which workflows' discount budgets ran out and when, by key.

    A budget has run out from the acceptance on with which the discounts accepted through the workflow
    come to it; those in another currency do not count.
    """
    budgets = {
        key: each.discount_budget for key, each in workflows.items() if each.discount_budget is not None
    }
    found: dict[str, Spent] = {}
    accepted: dict[str, int] = {}
    for acceptance in acceptances:
        key, budget = acceptance.workflow, budgets.get(acceptance.workflow)
        if budget is None or key in found:
            continue
        accepted[key] = accepted.get(key, 0) + _counted(acceptance, budget)
        if accepted[key] >= budget.amount:
            found[key] = Spent(key, budget, accepted[key], _moment_after(acceptance))
    return found


def accepted_through(workflow: str, budget: Money, acceptances: Iterable[Acceptance]) -> Iterator[int]:
    """List what each acceptance through a workflow takes of its budget, in the budget's minor units."""
    for acceptance in acceptances:
        if acceptance.workflow == workflow and acceptance.currency in ("", budget.currency):
            yield acceptance.discount


def _moment_after(acceptance: Acceptance) -> Moment:
    """Give from when on an acceptance is heard of.

    What was taken in its very moment may have been decided before it was there; what is later was not,
    as nothing enters the ledger behind a moment that was read up to. So a replay decides the same.
    """
    return acceptance.taken_at + 1


def _counted(acceptance: Acceptance, budget: Money | None) -> int:
    """Give what an acceptance takes of a budget."""
    is_of_it = budget is not None and acceptance.currency in ("", budget.currency)
    return acceptance.discount if is_of_it else 0
