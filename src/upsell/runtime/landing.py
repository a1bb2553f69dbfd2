"""Landing: what stands behind the link of an offer, as it was shown, and what its reader answers.

For the server's pages. The laws: a link speaks of the offer its message made and of whom that was for; the
terms are those that were shown, and the words beside them those of the catalog as it was then; what is known
of the reader is as of now; and reading changes nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

import msgspec
import structlog

from upsell.catalog.offers import Offer, Target
from upsell.clock import Clock, Moment
from upsell.decisions.commitments import ask_limit
from upsell.decisions.declines import Answer, read_answer
from upsell.decisions.facts import UnitFacts
from upsell.decisions.lineup import LineupOrder, ListedPlan, line_up
from upsell.decisions.terms import Terms
from upsell.ids import bare
from upsell.journeys.advance import concerns_for
from upsell.journeys.effects import Speak
from upsell.journeys.household import Household, Unit
from upsell.journeys.program import Program
from upsell.journeys.scene import Scene
from upsell.journeys.trials import says_paid_terms
from upsell.journeys.workflow import Trigger
from upsell.runtime.answering import Act, write_answer
from upsell.runtime.programs import Programs
from upsell.runtime.readers import may_decide, program_when, reader_of
from upsell.runtime.shown_offers import Declined, Shown, Used
from upsell.runtime.snapshot import take_snapshot
from upsell.signals.events import COLLEAGUE_ASKED, OFFER_ACCEPTED, OFFER_DECLINED, Event
from upsell.store.acceptances import Showing, find_showing
from upsell.store.connect import Connection, connect
from upsell.store.households import find_homes
from upsell.store.ledger import Head, append, hash_event, read_household_inputs
from upsell.store.messages import Found, find_message
from upsell.store.orders import NOT_APPROVED, Order, find_order
from upsell.store.outbox import Queued

SOURCE = "offer page"
"""The source of the answers told here."""

_log = structlog.get_logger(__name__)


class OfferDesk:
    """Reads offers by the keys of their messages and takes declines, for a server's threads."""

    def __init__(self, url: str, clock: Clock) -> None:
        """Work over the database at ``url``; nothing is opened yet."""
        self._url = url
        self._clock = clock
        self._programs = Programs()
        self._reading = threading.Lock()

    def read(self, key: str) -> Shown | None:
        """Tell what a message offered, and how that stands; None when no message of this key made an offer.

        Raises:
            StoreError: What is live does not compile with this release.
        """
        with connect(self._url) as connection, self._reading:
            self._programs.refresh(connection)
            found = find_offer(connection, key)
            if found is None:
                return None
            return _shown(connection, self._programs, found.queued, self._clock.now())

    def read_for(self, mail_key: str) -> Shown | None:
        """Tell what somebody was asked to decide by a mail; otherwise as ``read``, for whom it went to."""
        with connect(self._url) as connection, self._reading:
            self._programs.refresh(connection)
            now = self._clock.now()
            mail = find_message(connection, mail_key)
            key = str(mail.queued.message.trigger.get("key") or "") if mail is not None else ""
            showing = find_showing(connection, key, now) if key else None
            if mail is None or mail.listed.key != mail_key or showing is None:
                return None
            asked = _as_shown(connection, key, showing, mail.queued)
            return _shown(connection, self._programs, asked, now)

    def decline(self, shown: Shown, answer: Answer, reason: str, feature: str) -> None:
        """Take a no; told again it is the same.

        Args:
            shown: What is declined.
            answer: Whether it may be asked again.
            reason: What speaks against it; empty where nothing was said.
            feature: What is missing; empty where nothing was said.
        """
        key, now = shown.message.key, self._clock.now()
        why = {"answer": answer.value, "reason": reason, "feature": feature}
        why = {name: value for name, value in why.items() if value}
        told_as = "/".join(why.values())
        told = write_answer(self._url, Act.DECLINED, key, told_as, shown.reader.identity, now, why, SOURCE)
        # When it came is not what it says: told again it is the same.
        body = hash_event(msgspec.structs.replace(told, occurred_at=0, seen_at=0))
        with connect(self._url) as connection:
            append(connection, [told], self._clock, [body])
        _log.info("offer_declined", message=key, answer=answer.value)


def find_offer(connection: Connection, key: str) -> Found | None:
    """Find the message of a key that made an offer; None where there is none."""
    found = find_message(connection, key)
    if found is None or found.listed.key != key or found.queued.message.terms is None:
        return None
    return found


def _as_shown(connection: Connection, key: str, showing: Showing, mail: Queued) -> Queued:
    """Give what was shown under a key, by a mail or a prompt, as it stands for who another mail went to."""
    message = msgspec.structs.replace(
        mail.message,
        key=key,
        enrollment=showing.enrollment,
        workflow=showing.workflow,
        unit_id=showing.unit_id,
        offer=showing.terms.offer,
        trigger={},
        reserved_at=showing.shown_at,
        terms=showing.terms,
    )
    home = find_homes(connection, [showing.unit_id]).get(showing.unit_id, mail.household_id)
    return msgspec.structs.replace(mail, message=message, household_id=home)


def _shown(connection: Connection, programs: Programs, queued: Queued, now: Moment) -> Shown | None:
    snapshot = take_snapshot(connection, programs, [queued], now)
    message, household = snapshot.message(queued), snapshot.household(queued)
    terms = message.terms
    then = program_when(programs, terms.offer, message.reserved_at) if terms is not None else None
    if terms is None or then is None:
        return None
    offer = then.catalog.offers[terms.offer]
    scene, unit = _scene(snapshot.program, household, message, now)
    if says_paid_terms(unit, message.enrollment, terms.offer, message.reserved_at, scene.now):
        # Who tries it already is told what it costs, and not that they may try it.
        offer = msgspec.structs.replace(offer, trial_days=0)
    facts = scene.facts(unit)
    before, unit_then = _scene(then, household, message, now)
    present, offered = _side_by_side(before.facts(unit_then), then, terms)
    order = find_order(connection, message.key, message.enrollment, terms.offer, terms.thing)
    told = _answers(connection, household, message.key)
    workflow = snapshot.program.of_version(message.workflow, message.version)
    trigger = workflow.trigger if workflow is not None else None
    return Shown(
        message=message,
        number=queued.number,
        reader=reader_of(snapshot.program, household, message),
        sender=snapshot.program.sender_of(workflow or snapshot.program.workflows.get(message.workflow)),
        now=scene.now,
        terms=terms,
        offer=offer,
        present=present,
        offered=offered,
        paid=facts.holdings.paid,
        paid_currency=facts.holdings.currency,
        has_it=_has_it(offer, present, offered),
        used=_used(facts, snapshot.program, trigger),
        metrics={key: each.plural for key, each in then.catalog.described.items()},
        passed_at=_passed_at(trigger, message),
        proof=scene.proof(unit),
        order=order,
        accepted_at=_accepted_at(told) if order is None else _taken_at(order),
        declined=_declined(told),
        may_decide=may_decide(snapshot.program, household, message.customer_id),
        needs_approval=_needs_approval(snapshot.program, terms, offer),
        asked=_asked(told, message.customer_id),
    )


def _needs_approval(program: Program, terms: Terms, offer: Offer) -> bool:
    """Tell whether it is beyond the limits of the team; what is only tried is not."""
    above = program.accepting.approval_above
    return not offer.trial_days and ask_limit(terms, offer.months, above) is not None


def _scene(program: Program, household: Household, message: Speak, now: Moment) -> tuple[Scene, Unit]:
    scene = Scene(program, concerns_for(program), household)
    scene.now = max(now, household.taken_at)
    account = household.account
    is_own = account is not None and account.id == message.unit_id
    return scene, account if is_own and account is not None else scene.customer(bare(message.unit_id))


def _side_by_side(
    facts: UnitFacts, program: Program, terms: Terms
) -> tuple[ListedPlan | None, ListedPlan | None]:
    """Give the plan they have and the one offered, as the catalog states both."""
    if terms.thing not in program.catalog.plans:
        return None, None
    plans = line_up(facts, program.catalog, LineupOrder.ASCENDING, None, terms.thing)
    present = next((plan for plan in plans if plan.is_present), None)
    return present, next((plan for plan in plans if plan.is_offered), None)


def _has_it(offer: Offer, present: ListedPlan | None, offered: ListedPlan | None) -> bool:
    if offer.target is not Target.PLAN or present is None or offered is None:
        return False
    # A smaller plan may be what fits them; only the same one at the same interval is nothing new.
    return present.id == offered.id and offer.interval is None


def _used(facts: UnitFacts, program: Program, trigger: Trigger | None) -> tuple[Used, ...]:
    watched = _watched(trigger)
    found = []
    for metric in sorted(program.catalog.metrics):
        used, limit = facts.usage(metric), facts.limit(metric)
        if used is None or limit is None:
            continue
        described = program.catalog.described.get(metric)
        name = described.plural if described is not None else metric.replace("_", " ")
        found.append(Used(name, used, limit, f"'{metric}'" in watched))
    asked = [each for each in found if each.is_trigger]
    return tuple(asked or found)


def _watched(trigger: Trigger | None) -> str:
    """Give the text of what a trigger looks at, signals written out."""
    if trigger is None:
        return ""
    rules = [trigger.when, trigger.crossing.of if trigger.crossing is not None else None]
    return " ".join(rule.canonical for rule in rules if rule is not None)


def _passed_at(trigger: Trigger | None, message: Speak) -> float | None:
    """Give the share of a limit that was used when it opened the journey, where that is what it watches."""
    value = message.trigger.get("value", message.trigger.get("threshold"))
    if trigger is None or trigger.crossing is None or not isinstance(value, int | float):
        return None
    return float(value) if trigger.crossing.of.canonical.lower().startswith("usage_ratio(") else None


def _answers(connection: Connection, household: Household, key: str) -> list[Event]:
    """Read what was answered under a key, in the order it was taken."""
    names = [OFFER_ACCEPTED, OFFER_DECLINED, COLLEAGUE_ASKED]
    units = sorted({household.id, *(unit.id for unit in household.customers.values())})
    told = (item.event for item in read_household_inputs(connection, units, names, Head(0, 0)))
    return [event for event in told if event.properties.get("key") == key]


def _taken_at(order: Order) -> Moment | None:
    """Give when an order took something; None where somebody is still to approve it, or did not."""
    return None if order.state in NOT_APPROVED else order.accepted_at


def _accepted_at(told: Iterable[Event]) -> Moment | None:
    return next((event.occurred_at for event in told if event.name == OFFER_ACCEPTED), None)


def _asked(told: Iterable[Event], customer_id: str) -> int | None:
    """Count the colleagues somebody asked; None where they asked nobody."""
    asked = [each for each in told if each.name == COLLEAGUE_ASKED and each.customer_id == customer_id]
    return len(asked[-1].properties.get("asked") or ()) if asked else None


def _declined(told: Iterable[Event]) -> Declined | None:
    """Give the last no; "never" stays."""
    said = [
        Declined(read_answer(event.properties.get("answer")), event.occurred_at)
        for event in told
        if event.name == OFFER_DECLINED
    ]
    never = [each for each in said if each.answer is Answer.NEVER]
    return next(reversed(never or said), None)
