"""The scene: one household being advanced, what is looked up about it, and the effects so far.

Everything that moves an enrollment works on a scene. It belongs to one call, so that nothing of
it is seen from outside but the household and the effects.
"""

from __future__ import annotations

from upsell.clock import Moment
from upsell.decisions.decision import BY_ACCOUNT, Decision, Exposure, Verdict
from upsell.decisions.facts import UnitFacts
from upsell.decisions.proof import ProofFacts, proof_of
from upsell.ids import UnitId, bare, customer_unit, is_account
from upsell.journeys.concerns import Concerns
from upsell.journeys.effects import Decided, Effect, Exposed, Record
from upsell.journeys.household import Enrollment, Household, Unit, Watch
from upsell.journeys.program import Program
from upsell.journeys.triggers import fired_words
from upsell.journeys.workflow import UnitKind, Workflow
from upsell.signals.events import Event
from upsell.signals.profiles import Profile


class Scene:
    """A household in the hands of ``advance``.

    Attributes:
        program: What the workspace says.
        concerns: What each event name can mean to it.
        household: The records, changed in place.
        now: The moment everything is asked at.
        effects: What was asked of the outside world so far, in order.
        has_new_holdings: Whether the event just taken changed what an account's members have together.
        has_freed: Whether a slot or a place in a cap was given back that somebody may wait for.
        reslotted: Units whose slot was taken or given back since they were last looked at.
        told: Events of the core's own that are taken next.
        tasked: Units whose tasks changed since they were last looked at.
    """

    __slots__ = (
        "_facts",
        "concerns",
        "effects",
        "has_freed",
        "has_new_holdings",
        "household",
        "now",
        "program",
        "reslotted",
        "tasked",
        "told",
    )

    def __init__(self, program: Program, concerns: Concerns, household: Household) -> None:
        """Open a scene over a household; it is changed in place."""
        self.program = program
        self.concerns = concerns
        self.household = household
        self.now: Moment = household.taken_at
        self.effects: list[Effect] = []
        self.has_freed = False
        self.has_new_holdings = False
        self.reslotted: list[Unit] = []
        self.told: list[Event] = []
        self.tasked: list[Unit] = []
        self._facts: dict[UnitId, UnitFacts] = {}

    def facts(self, unit: Unit) -> UnitFacts:
        """Give the view rules are asked over for a unit, as of ``now``."""
        known = self._facts.get(unit.id)
        if known is None:
            account = self.household.account
            known = self._facts[unit.id] = UnitFacts(
                unit.profile,
                account.profile if account is not None else None,
                self.program.catalog,
                self.concerns.tiers,
                self.concerns.known,
                self.now,
                is_account=is_account(unit.id),
            )
        elif known.now != self.now:
            known.move_to(self.now)
        return known

    def proof(self, unit: Unit) -> ProofFacts:
        """Give what can be proved to whoever pays for a unit, as of ``now``."""
        pays = self.household.account is not None
        return proof_of(self.facts(unit), self.program.catalog, self.program.benchmarks, is_account=pays)

    def refresh_facts(self) -> None:
        """Look again at plans and subscriptions after an event changed them."""
        for known in self._facts.values():
            known.now = self.now
            known.refresh()

    def principal(self) -> Unit:
        """Give the unit that pays: the account, or the customer without one."""
        return self.household.account or self.customer(bare(self.household.id))

    def has_ended_subscription(self) -> bool:
        """Tell whether a subscription ended by time alone, exactly now."""
        held = self.principal().profile.subscriptions.values()
        return any(subscription.ends_at == self.now for subscription in held)

    def customer(self, customer_id: str) -> Unit:
        """Give a customer's record; one never heard of begins empty."""
        unit = self.household.customers.get(customer_id)
        if unit is None:
            unit = Unit(customer_unit(customer_id), Profile())
            self.household.customers[customer_id] = unit
        return unit

    def units(self) -> list[Unit]:
        """Give the loaded units in a fixed order: the account, then customers by id."""
        household = self.household
        customers = [household.customers[key] for key in sorted(household.customers)]
        return [household.account, *customers] if household.account is not None else customers

    def concerned(self, moved: list[Unit]) -> list[Unit]:
        """Give the units that a change in what all share concerns, in a fixed order.

        Those that moved, the account, its engaged members and those with a role that is addressed:
        who is loaded besides must not matter, because batches load different members.
        """
        household = self.household
        if household.account is None:
            return self.units()
        roles = self.concerns.roles
        named = {bare(unit.id) for unit in moved if unit is not household.account}
        named.update(household.engaged)
        named.update(key for key, held in household.roster.items() if not roles.isdisjoint(held))
        customers = household.customers
        return [household.account, *(customers[key] for key in sorted(named) if key in customers)]

    def touched(self, event: Event) -> list[Unit]:
        """Give the units an event is about: the account and the customer named."""
        household = self.household
        touched = [household.account] if household.account is not None else []
        if event.customer_id is not None:
            touched.append(self.customer(event.customer_id))
        elif household.account is None:
            touched.append(self.customer(bare(household.id)))
        return touched

    def decide(
        self, unit: Unit, workflow: Workflow, verdict: Verdict, enrollment: Enrollment | None = None
    ) -> None:
        """Write an answer down."""
        self.effects.append(
            Decided(
                Decision(
                    unit_id=unit.id,
                    workflow=workflow.key,
                    version=workflow.version,
                    decided_at=self.now,
                    reason=verdict.reason,
                    rule=verdict.rule,
                    seen=verdict.seen,
                    enrollment=enrollment.id if enrollment is not None else None,
                )
            )
        )

    def expose(
        self, unit: Unit, enrollment: Enrollment, workflow: Workflow, contrast: str, arm: str, share: float
    ) -> None:
        """Write an exposure down, once per contrast and enrollment."""
        if contrast in enrollment.exposed:
            return
        enrollment.exposed.append(contrast)
        if not is_account(unit.id):
            watch = self.watch(unit, workflow)
            watch.exposed_at = watch.exposed_at if watch.exposed_at is not None else self.now
            unit.exposed_at = unit.exposed_at if unit.exposed_at is not None else self.now
        stage = self.program.stage
        self.effects.append(
            Exposed(
                Exposure(
                    unit_id=unit.id,
                    workflow=workflow.key,
                    contrast=contrast,
                    arm=arm,
                    share=share,
                    stratum=enrollment.control_stratum
                    if contrast == "control"
                    else self._stratum(workflow, enrollment),
                    exposed_at=self.now,
                    enrollment=enrollment.id,
                    stage=str(stage.value(self.facts(unit)) or "") if stage is not None else "",
                    trigger=fired_words(workflow.trigger, enrollment.trigger),
                )
            )
        )

    def tell(self, event: Event) -> None:
        """Keep an event of the core's own, and let it be taken after what is being taken now."""
        self.effects.append(Record(event))
        self.told.append(event)

    def _stratum(self, workflow: Workflow, enrollment: Enrollment) -> str:
        """Name what must be alike for units of a workflow to be compared with each other.

        That is the version they entered with, the share held out of it, the share it was open to when
        they entered, whether accounts were drawn, and the prices of what it offers when they are exposed.
        """
        parts = [enrollment.version, f"holdout {_percent(workflow.experiment.holdout_rate)}"]
        if enrollment.ramp_share is not None:
            parts.append(f"ramp {_percent(enrollment.ramp_share)}")
        if workflow.experiment.is_by_account:
            parts.append(BY_ACCOUNT)
        prices = self.concerns.prices.get(enrollment.version, "")
        if prices:
            parts.append(f"prices {prices}")
        return " ".join(parts)

    def record(self, name: str, key: str, unit: Unit, customer_id: str | None, **said: object) -> None:
        """Keep something we did as a derived event."""
        household_id = self.household.id
        self.effects.append(
            Record(
                Event(
                    id=f"{name}/{key}",
                    name=name,
                    occurred_at=self.now,
                    seen_at=self.now,
                    customer_id=customer_id,
                    account_id=bare(household_id) if is_account(household_id) else None,
                    properties={"key": key, "unit": unit.id, **said},
                    source="core",
                )
            )
        )

    def watch(self, unit: Unit, workflow: Workflow) -> Watch:
        """Give what a workflow remembers of a unit, empty at first sight."""
        watch = unit.watches.get(workflow.key)
        if watch is None:
            watch = unit.watches[workflow.key] = Watch()
        return watch


def _percent(rate: float) -> str:
    return f"{rate * 100:.9g}%"


def kind_of(unit: Unit) -> UnitKind:
    """Give the kind of a unit."""
    return UnitKind.ACCOUNT if is_account(unit.id) else UnitKind.CUSTOMER
