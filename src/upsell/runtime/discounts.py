"""Discounts: who waited for one before they bought, and how far budgets are used.

For ``upsell discounts`` and the doctor. The law: this describes what happened, in the order it did; it
is no effect of any message, and a share of too few is not told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from upsell.clock import DAY, Duration, Moment, format_moment
from upsell.decisions.rails import Spent
from upsell.journeys.program import Program
from upsell.measurement.answers import Undetermined
from upsell.measurement.shares import Share, share_of
from upsell.money import Money
from upsell.runtime.programs import Programs, accepted_through, find_spent
from upsell.store.acceptances import Acceptance
from upsell.store.connect import Connection
from upsell.store.queries import query

DAYS = 365
"""Over how many days buyers are counted."""

WAIT = 3
"""How many days after a chance at full price it was let pass."""

REACH: Duration = 90 * DAY
"""How long before a discount a chance at full price still counts."""

ENDLESS: Duration = 30 * DAY
"""How long a discount without an end counts as open."""

NO_DISCOUNT = "none"
"""Stands for the kind of discount where none was open."""


class Waiting(msgspec.Struct, frozen=True):
    """Buyers of one group, and those of them who waited.

    Attributes:
        label: What the group is called: a quarter such as ``2026 Q1``, or a kind of offer.
        buyers: How many bought.
        waited: How many of them had waited.
        share: Their share, or why it cannot be told.
    """

    label: str
    buyers: int
    waited: int
    share: Share | Undetermined


class BudgetUse(msgspec.Struct, frozen=True):
    """How far a workflow's discount budget is used.

    Attributes:
        workflow: Key of the workflow.
        budget: The budget in minor units.
        currency: ISO 4217 code of all amounts.
        accepted: What the discounts accepted through it come to.
        acceptances: How many these are.
        ran_out_at: From when on it gives no more; None while it does.
        open: What was shown and may still be accepted comes to.
        open_discounts: How many discounts these are.
    """

    workflow: str
    budget: int
    currency: str
    accepted: int
    acceptances: int
    ran_out_at: Moment | None
    open: int
    open_discounts: int


class Discounts(msgspec.Struct, frozen=True):
    """Who waited for a discount, in a stretch that ends with its last moment.

    Attributes:
        since: The moment before the stretch.
        until: Its last moment.
        wait_days: How many days after a chance at full price it was let pass.
        all: All buyers.
        kinds: By the kind of discount they bought under; ``none`` bought under none.
        quarters: By the quarter they bought in, in the team's zone.
        before: By how many discounts those who waited had been shown before, how many buyers.
        budgets: The discount budgets of live workflows.
    """

    since: Moment
    until: Moment
    wait_days: int
    all: Waiting
    kinds: tuple[Waiting, ...]
    quarters: tuple[Waiting, ...]
    before: tuple[tuple[int, int], ...]
    budgets: tuple[BudgetUse, ...]


def read_discounts(
    connection: Connection, until: Moment, *, days: int = DAYS, wait_days: int = WAIT
) -> Discounts:
    """Read who waited for a discount, and how far budgets are used, as of ``until``."""
    programs = Programs()
    programs.refresh(connection)
    return _read(connection, programs, until, days=days, wait_days=wait_days)


def read_doubts(connection: Connection, now: Moment, since: Moment) -> tuple[Discounts | None, int]:
    """Read what a diagnosis needs of discounts: as ``read_discounts``, None where none was ever shown.

    And how many offers with a discount were taken since a moment of which nothing says the workflow, where
    a workflow has a budget.
    """
    programs = Programs()
    programs.refresh(connection)
    newest = programs.newest()
    program = programs.compiled(newest.number) if newest is not None else None
    if program is None or connection.execute(query("find_discounted_offers")).fetchone() is None:
        return None, 0
    found = _read(connection, programs, now)
    offers = program.catalog.offers
    unplaced = (
        each
        for each in programs.acceptances
        if each.taken_at > since
        and not each.workflow
        and each.offer in offers
        and offers[each.offer].deepest_rate > 0
    )
    return found, sum(1 for _ in unplaced) if found.budgets else 0


def _read(
    connection: Connection, programs: Programs, until: Moment, *, days: int = DAYS, wait_days: int = WAIT
) -> Discounts:
    newest = programs.newest()
    program = programs.compiled(newest.number) if newest is not None else None
    since = until - days * DAY
    offers = _find_kinds(connection, programs)
    values = {
        "since": since,
        "until": until,
        "wait": wait_days * DAY,
        "reach": REACH,
        "endless": ENDLESS,
        "zone": program.zone if program is not None else "UTC",
        "offers": list(offers),
        "kinds": list(offers.values()),
        "trials": sorted(_trials(program)),
    }
    found: dict[str, list[Waiting]] = {"all": [], "kind": [], "quarter": [], "before": []}
    for section, label, buyers, waited in connection.execute(query("report_waiting"), values):
        found[section].append(_waiting(label, buyers, waited))
    return Discounts(
        since=since,
        until=until,
        wait_days=wait_days,
        all=found["all"][0],
        kinds=tuple(sorted(found["kind"], key=lambda each: (each.label == NO_DISCOUNT, each.label))),
        quarters=tuple(found["quarter"]),
        before=tuple(sorted((int(each.label), each.buyers) for each in found["before"])),
        budgets=read_budgets(connection, programs, until),
    )


def read_budgets(connection: Connection, programs: Programs, until: Moment) -> tuple[BudgetUse, ...]:
    """Read how far the discount budgets of live workflows are used, by key."""
    newest = programs.newest()
    program = programs.compiled(newest.number) if newest is not None else None
    budgets = {
        key: workflow.discount_budget
        for key, workflow in sorted(program.workflows.items() if program is not None else ())
        if workflow.discount_budget is not None
    }
    if program is None or not budgets:
        return ()
    taken = [each for each in programs.acceptances if each.taken_at <= until]
    ours = [each for each in taken if each.enrollment]
    values = {
        "enrollments": [each.enrollment for each in ours],
        "offers": [each.offer for each in ours],
        "now": until,
    }
    rows = connection.execute(query("report_open_discounts"), values)
    open_of = {(workflow, currency): (count, amount) for workflow, currency, count, amount in rows}
    spent = find_spent(program.workflows, taken)
    return tuple(_use(key, budget, taken, spent.get(key), open_of) for key, budget in budgets.items())


def _use(
    key: str,
    budget: Money,
    acceptances: Iterable[Acceptance],
    spent: Spent | None,
    open_of: Mapping[tuple[str, str], tuple[int, int]],
) -> BudgetUse:
    taken = list(accepted_through(key, budget, acceptances))
    count, amount = open_of.get((key, budget.currency), (0, 0))
    return BudgetUse(
        workflow=key,
        budget=budget.amount,
        currency=budget.currency,
        accepted=sum(taken),
        acceptances=len(taken),
        ran_out_at=spent.ran_out_at if spent is not None else None,
        open=amount,
        open_discounts=count,
    )


def _waiting(label: str, buyers: int, waited: int) -> Waiting:
    return Waiting(label, buyers, waited, share_of(waited, buyers, "buyers"))


def _trials(program: Program | None) -> Iterable[str]:
    """Give the offers that are tried for some days: to take one is not to buy."""
    offers = program.catalog.offers.values() if program is not None else ()
    return (offer.id for offer in offers if offer.trial_days)


def _find_kinds(connection: Connection, programs: Programs) -> Mapping[str, str]:
    """Find the kind of each offer that was ever shown with a discount, in the last revision that had it."""
    wanted = {row[0] for row in connection.execute(query("find_discounted_offers"))}
    found: dict[str, str] = {}
    newest = programs.newest()
    for number in range(newest.number if newest is not None else 0, 0, -1):
        program = programs.compiled(number)
        offers = program.catalog.offers if program is not None else {}
        found.update({each: offers[each].kind.value for each in wanted - found.keys() if each in offers})
        if found.keys() >= wanted:
            break
    return found


def discounts_content(found: Discounts) -> dict[str, Any]:
    """Give the same for machines: moments as ISO 8601 in UTC, amounts in minor units, shares as fractions."""
    content: dict[str, Any] = msgspec.to_builtins(found)
    content["since"], content["until"] = format_moment(found.since), format_moment(found.until)
    content["before"] = [{"discounts": shown, "buyers": buyers} for shown, buyers in found.before]
    for use, said in zip(found.budgets, content["budgets"], strict=True):
        said["ran_out_at"] = format_moment(use.ran_out_at) if use.ran_out_at is not None else None
    return content
