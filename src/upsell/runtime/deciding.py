"""Deciding in a request: what somebody may be shown at a placement, now, or why nothing.

The law: the answer is what the worker records. The request is an input of the ledger like any other;
as the core gives the same for the same inputs, the answer is known before the worker comes to it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import psycopg
import structlog

from upsell.clock import SECOND, Clock, Duration, Moment
from upsell.decisions.decision import Verdict
from upsell.decisions.fit import fit_plan
from upsell.decisions.lineup import ListedPlan, line_up
from upsell.decisions.proof import ProofFacts
from upsell.decisions.reasons import Reason
from upsell.errors import ConfigError, IntakeError, StoreError
from upsell.ids import SHARDS, UnitId, account_unit, bare, customer_unit, is_account, shard_of
from upsell.journeys.advance import Session, concerns_for
from upsell.journeys.effects import Effect, Record
from upsell.journeys.explain import Explanation, explain, explain_withheld, prove
from upsell.journeys.household import Household, empty_household
from upsell.journeys.program import Program
from upsell.journeys.scene import Scene
from upsell.journeys.steps import PromptStep, asked_where
from upsell.journeys.workflow import Trigger
from upsell.runtime.identities import NotAVisitorError
from upsell.runtime.intake import Intake
from upsell.runtime.preferences import tell_customer_left
from upsell.runtime.programs import Programs, is_limited
from upsell.runtime.snapshot import take_through
from upsell.runtime.suppressing import tell_customer
from upsell.signals.events import FEATURE_GATE_HIT, PLACEMENT_ASKED, PROMPT_OFFERED, PROMPT_WITHHELD, Event
from upsell.sources.segment import Draft
from upsell.store.acceptances import keep_prompted, newest_acceptance
from upsell.store.connect import Connection, connect, one_moment
from upsell.store.cursors import read_cursors
from upsell.store.households import Homes, find_homes
from upsell.store.identities import find_identities
from upsell.store.ledger import Appended, Outcome, append, hash_event
from upsell.store.queries import query

READ_EACH: Duration = SECOND
"""How old what is known of revisions and incidents may be."""

SOURCE = "decide"
"""The source of the events made here."""

_LOCALE_TRAITS = ("locale", "language")

_log = structlog.get_logger(__name__)
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Asked(msgspec.Struct, frozen=True):
    """A request: who looks at what, or is told by what, and under which id it is known.

    Attributes:
        id: Told again under the same id it is the same request.
        placement: Which placement; empty where a channel is asked for.
        customer_id: Who looks, None when only the account is known.
        account_id: Their account, None for their own or the one they are a member of.
        context: What else is known at that moment, as scalars.
        is_dry_run: Whether nothing is to be recorded.
        channel: Which channel, by which the team's own system is about to speak; empty for a placement.
        cart: What lies in their cart now, as ``Cart Updated`` says it with ``sold_out`` and ``is_checked``
            beside; None where nothing is said of it.
        is_visitor: Whether the customer is named by the id of a device alone.
    """

    id: str
    placement: str
    customer_id: str | None
    account_id: str | None
    context: Mapping[str, Any]
    is_dry_run: bool
    channel: str = ""
    cart: Mapping[str, Any] | None = None
    is_visitor: bool = False

    @property
    def said(self) -> dict[str, Any]:
        """What the request is as an event's properties."""
        what = {"channel": self.channel} if self.channel else {"placement": self.placement}
        return {**self.context, **what, **({"cart": self.cart} if self.cart is not None else {})}


class Prompted(msgspec.Struct, frozen=True):
    """What is answered.

    Attributes:
        at: The moment decided at.
        unit_id: Whom it is about.
        prompt: What the offered prompt says of itself, None when none is.
        reasons: Why not, for each workflow with a prompt for what was asked; none when one is offered.
        program: What decided.
        plans: The plans they have or may move to, side by side, where a prompt is offered.
        proof: What can be proved to them, beside a prompt that is offered.
        locales: The locales they read, as far as their traits say.
        household: What is known of them, beside a prompt that is offered, for the words it is told in.
        customer_id: Who looks, by who they are now; None when only the account is known.
    """

    at: Moment
    unit_id: UnitId
    prompt: Mapping[str, Any] | None
    reasons: tuple[Explanation, ...]
    program: Program
    plans: tuple[ListedPlan, ...] = ()
    proof: ProofFacts = ProofFacts()
    locales: tuple[object, ...] = ()
    household: Household | None = None
    customer_id: str | None = None


class Gated(msgspec.Struct, frozen=True):
    """What is answered to whoever reaches for a feature.

    Attributes:
        is_allowed: Whether they may use it.
        plan: Id of the plan in force, empty for none.
        prompted: What they may be shown instead; None when they may use it.
    """

    is_allowed: bool
    plan: str
    prompted: Prompted | None


class Decider:
    """Decides in requests, for a server's threads: each has a connection of its own."""

    def __init__(self, url: str, clock: Clock, intake: Intake | None = None) -> None:
        """Decide over the database at ``url``; requests are recorded by ``intake``, None to do it here.

        An intake commits what several threads record together, which else wait for each other's commits.
        """
        self._url = url
        self._clock = clock
        self._intake = intake
        self._programs = Programs()
        self._newest: Program | None = None
        self._accepted_to = 0
        self._read_at: Moment = 0
        self._reader = ThreadPoolExecutor(1, "decide-reader")
        self._reading = threading.Lock()
        self._local = threading.local()
        self._connections: list[Connection] = []

    def close(self) -> None:
        """Give the connections back."""
        self._reader.shutdown()
        for connection in self._connections:
            connection.close()

    def decide(self, asked: Asked) -> Prompted:
        """Answer a request, and record it unless it is a dry run.

        Raises:
            ConfigError: No revision is live.
            IntakeError: Another request was told under the same id.
            NotAVisitorError: The visitor is somebody who is known by now.
        """
        connection = self._connection()
        # Without definitions nothing is recorded.
        program = self._program(connection)
        _ask_visitor(connection, asked)
        if asked.channel and asked.customer_id is not None:
            # What is about to be sent by the team's own system passes no gate of ours.
            tell_customer(connection, self._clock, asked.customer_id)
            tell_customer_left(connection, program, self._clock, asked.customer_id)
        if asked.is_dry_run:
            return _try(connection, self._limited(connection), asked, self._clock.now())
        return self._record(connection, asked, _event(asked, self._clock.now()))

    def gate(self, feature: str, asked: Asked) -> Gated:
        """Say whether somebody may use a feature; where they may not it is recorded, and decided what helps.

        Raises:
            ConfigError: No revision is live.
            IntakeError: Another request was told under the same id.
            NotAVisitorError: The visitor is somebody who is known by now.
        """
        connection = self._connection()
        program = self._limited(connection)
        _ask_visitor(connection, asked)
        now = self._clock.now()
        household, _ = _look_up(connection, program, asked, now)
        scene = Scene(program, concerns_for(program), household)
        scene.now = max(now, household.taken_at)
        facts = scene.facts(scene.principal())
        plan = str(facts.plan.get("id") or "")
        if feature in facts.features:
            return Gated(is_allowed=True, plan=plan, prompted=None)
        if asked.is_dry_run:
            return Gated(is_allowed=False, plan=plan, prompted=self.decide(asked))
        event = _event(asked, now)
        hit = msgspec.structs.replace(
            event, id=f"{asked.id}/gate", name=FEATURE_GATE_HIT, properties={"feature": feature}
        )
        return Gated(is_allowed=False, plan=plan, prompted=self._record(connection, asked, hit, event))

    def _record(self, connection: Connection, asked: Asked, *events: Event) -> Prompted:
        """Record a request, the last of ``events``, with what led to it; say what follows from it.

        Raises:
            IntakeError: Another request was told under the same id.
        """
        drafts = [_draft(event) for event in events]
        if self._intake is not None:
            answers = self._intake.submit(drafts).result()
        else:
            told = [draft.event for draft in drafts]
            answers = append(connection, told, self._clock, [draft.hash for draft in drafts])
        if any(answer.outcome is Outcome.CONFLICT for answer in answers):
            msg = "expected a messageId that is new, or the same request again, "
            msg += f"got {asked.id!r}, which was another; send it under an id of its own"
            raise IntakeError(msg)
        # What was taken before the request's place in the ledger can be read only now.
        return _follow(connection, self._limited(connection), asked, events[-1], answers[-1])

    def _connection(self) -> Connection:
        held: Connection | None = getattr(self._local, "connection", None)
        if held is None or held.closed:
            held = connect(self._url)
            self._local.connection = held
            self._connections.append(held)
        return held

    def _program(self, connection: Connection) -> Program:
        """Give the newest program; what is known is read anew beside the requests, but for the first."""
        if self._newest is None:
            with self._reading:
                self._read(connection)
        elif self._clock.now() >= self._read_at + READ_EACH and self._reading.acquire(blocking=False):
            self._reader.submit(self._read_beside)
        newest = self._newest
        if newest is None:
            msg = "expected definitions that are live, found none; put some live with `upsell apply`"
            raise ConfigError(msg)
        return newest

    def _limited(self, connection: Connection) -> Program:
        """Give the newest program, with what has run out up to this very moment."""
        program = self._program(connection)
        if is_limited(program) and newest_acceptance(connection) > self._accepted_to:
            with self._reading:
                self._read(connection)
        return self._newest or program

    def _read_beside(self) -> None:
        try:
            self._read(self._connection())
        except (psycopg.Error, StoreError) as error:
            # What is known holds; the requests themselves say that the database does not answer.
            _log.warning("definitions_not_read", error=str(error))
        finally:
            self._reading.release()

    def _read(self, connection: Connection) -> None:
        self._programs.refresh(connection)
        newest = self._programs.newest()
        self._newest = self._programs.program(newest.number) if newest is not None else None
        self._accepted_to = self._programs.accepted_to
        self._read_at = self._clock.now()


def _draft(event: Event) -> Draft:
    """Give what is recorded. The moment is ours, not the request's: told again, it is the same one."""
    return Draft(event, hash_event(msgspec.structs.replace(event, occurred_at=0)))


def _ask_visitor(connection: Connection, asked: Asked) -> None:
    """Refuse the id of a device that opens more than what is known of the device.

    Raises:
        NotAVisitorError: They said who they are, or belong to an account.
    """
    if asked.is_visitor:
        values = {"customer": asked.customer_id, "unit": customer_unit(asked.customer_id or "")}
        if connection.execute(query("find_known_visitor"), values).fetchone() is not None:
            raise _not_a_visitor()


def _not_a_visitor() -> NotAVisitorError:
    return NotAVisitorError(
        "expected the anonymousId of a visitor nobody knows, got one who has said who they are; send a token"
    )


def _follow(
    connection: Connection, program: Program, asked: Asked, event: Event, appended: Appended
) -> Prompted:
    """Say what follows from a request that is in the ledger; what it shows is kept before it is seen."""
    with one_moment(connection):
        row = connection.execute(query("read_event"), {"position": appended.position}, binary=True).fetchone()
        household_id, customer_id, seen_at = row or (_home(asked), asked.customer_id, event.occurred_at)
        if asked.is_visitor and household_id != customer_unit(asked.customer_id or ""):
            # They said who they are in the very moment between being asked about and being written down.
            raise _not_a_visitor()
        wanted = {household_id: (customer_id,) if customer_id else ()}
        cursors = read_cursors(connection, range(SHARDS))
        reached = next(each.position for each in cursors if each.shard == shard_of(household_id))
        homes, gathered = take_through(connection, program, wanted, cursors, seen_at)
        answers = [told for _, told in gathered.derived if told.properties.get("request") == asked.id]
        if reached >= appended.position:
            answers = _recorded(connection, household_id, appended.position)
    if reached < appended.position:
        keep_prompted(connection, answers)
    return _answer(program, _household(homes, household_id), customer_id, asked, answers, seen_at)


def _try(connection: Connection, program: Program, asked: Asked, now: Moment) -> Prompted:
    """Say what would follow from a request; nothing is written."""
    household, customer_id = _look_up(connection, program, asked, now)
    at = max(now, household.taken_at)
    event = msgspec.structs.replace(_event(asked, at), customer_id=customer_id, seen_at=at)
    effects: Sequence[Effect] = Session(program, household).take(event)
    answers = [effect.event for effect in effects if isinstance(effect, Record)]
    return _answer(program, household, customer_id, asked, answers, at)


def _look_up(
    connection: Connection, program: Program, asked: Asked, now: Moment
) -> tuple[Household, str | None]:
    """Give the household a request is about, as of now, and who looks by who they are now."""
    with one_moment(connection):
        customer_id = asked.customer_id
        if customer_id is not None:
            known = find_identities(connection, [customer_id]).get(customer_id)
            customer_id = known.customer_id if known is not None else customer_id
        unit_id = customer_unit(customer_id) if customer_id is not None else _home(asked)
        household_id = find_homes(connection, [unit_id]).get(unit_id, _home(asked))
        wanted = {household_id: (customer_id,) if customer_id else ()}
        cursors = read_cursors(connection, range(SHARDS))
        homes, _ = take_through(connection, program, wanted, cursors, now)
    return _household(homes, household_id), customer_id


def _event(asked: Asked, now: Moment) -> Event:
    return Event(
        id=asked.id,
        name=PLACEMENT_ASKED,
        occurred_at=now,
        seen_at=0,
        customer_id=asked.customer_id,
        account_id=asked.account_id,
        properties=asked.said,
        source=SOURCE,
    )


def _home(asked: Asked) -> UnitId:
    if asked.account_id is not None:
        return account_unit(asked.account_id)
    return customer_unit(asked.customer_id or "")


def _household(homes: Homes, household_id: UnitId) -> Household:
    return homes.households.get(household_id) or empty_household(household_id)


def _recorded(connection: Connection, household_id: UnitId, position: int) -> list[Event]:
    """Read what the worker recorded of a request, when it was there first."""
    values = {
        "household": household_id,
        "position": position,
        "names": [PROMPT_OFFERED, PROMPT_WITHHELD],
    }
    rows = connection.execute(query("read_prompts"), values, binary=True)
    return [
        Event(message_id, name, seen_at, seen_at, properties=_decode(properties))
        for message_id, name, seen_at, properties in rows
    ]


def _answer(
    program: Program,
    household: Household,
    customer_id: str | None,
    asked: Asked,
    told: Iterable[Event],
    at: Moment,
) -> Prompted:
    units = [customer_unit(customer_id)] if customer_id else []
    units += [household.id] if is_account(household.id) else []
    mine = [each for each in told if each.properties.get("request") == asked.id]
    offered = next((each.properties for each in mine if each.name == PROMPT_OFFERED), None)
    if offered is None:
        keys = _placed(program, asked_where(asked.placement, asked.channel))
        fired = [key for key in keys if _is_fired(program.workflows[key].trigger, asked)]
        withheld = {
            (each.properties.get("unit"), each.properties.get("workflow")): _verdict(each)
            for each in mine
            if each.name == PROMPT_WITHHELD
        }
        reasons = tuple(
            explain_withheld(one, verdict) if (verdict := withheld.get((unit_id, one.workflow))) else one
            for unit_id in units
            for one in explain(program, household, unit_id, at, keys, fired)
        )
        return Prompted(at, (units or [household.id])[0], None, reasons, program)
    unit_id = UnitId(str(offered["unit"]))
    plans = line_up_plans(program, household, unit_id, at, offered.get("terms", {}))
    proof = prove(program, household, unit_id, at)
    person = household.customers.get(customer_id or "")
    traits = person.profile.traits if person is not None else {}
    locales = tuple(traits[name] for name in _LOCALE_TRAITS if name in traits)
    return Prompted(at, unit_id, offered, (), program, plans, proof, locales, household, customer_id)


def _verdict(withheld: Event) -> Verdict:
    said = withheld.properties
    return Verdict(Reason(said["reason"]), str(said.get("rule") or ""))


def line_up_plans(
    program: Program, household: Household, unit_id: UnitId, at: Moment, terms: Mapping[str, Any]
) -> tuple[ListedPlan, ...]:
    """Put the plans side by side for the unit that a prompt is offered to, at its terms."""
    scene = Scene(program, concerns_for(program), household)
    scene.now = max(at, household.taken_at)
    account = household.account
    is_own = account is not None and account.id == unit_id
    facts = scene.facts(account if is_own and account is not None else scene.customer(bare(unit_id)))
    fit = fit_plan(facts, program.catalog, facts.country)
    return line_up(facts, program.catalog, program.policy.lineup_order, fit, terms.get("thing"))


def _is_fired(trigger: Trigger, asked: Asked) -> bool:
    """Whether a request fires a trigger: its event is the request, and what it says fits."""
    if trigger.on != PLACEMENT_ASKED:
        return False
    return trigger.where is None or trigger.where.holds(asked.said) is True


def _placed(program: Program, where: str) -> frozenset[str]:
    """Give the workflows that have a prompt for a placement or a channel."""
    return frozenset(
        workflow.key
        for workflow in program.workflows.values()
        if any(
            isinstance(step, PromptStep) and step.where == where for step in workflow.journey.steps.values()
        )
    )
