"""One account's life: what it does by itself, and what it does because it was written to.

An agenda of things to come, done in order of time; what is done becomes events. The law: two lives
of one account are alike until a message reaches one of them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from heapq import heappop, heappush
from math import exp
from random import Random
from typing import Any, TypeAlias

from upsell.clock import DAY, HOUR, Moment, format_moment
from upsell.runtime.company import Company, Custom, PricedPlan, account_id
from upsell.signals.events import Event
from upsell.signals.profiles import months_after

Act: TypeAlias = Callable[[Moment], None]

_FIRST_NAMES = ("Ana", "Bo", "Chidi", "Dana", "Emil", "Farah", "Goran", "Hana", "Ivo", "Jun", "Kaya", "Lena")
_KINDS = ("Bakery", "Clinic", "Press", "Studio", "Works", "Foods", "Partners", "Supply", "Travel", "Schools")
_PLACES = ("Alder", "Birch", "Cedar", "Dune", "Elm", "Fjord", "Grove", "Harbor", "Island", "Juniper")
_REGIONS = ("US", "EU", "APAC")


class Life:
    """One account, lived forward; ``hear`` is the only way anything outside reaches it."""

    def __init__(self, company: Company, index: int) -> None:
        """Be born with everything that chance decides about the account as a whole."""
        self._company = company
        self._index = index
        self.account = account_id(index)
        self._agenda: list[tuple[Moment, int, Act]] = []
        self._serial = 0
        self._told: list[Event] = []
        self._draw_character()
        self._heard: dict[str, int] = {}
        self._persuaded: set[str] = set()
        self._renews_at: Moment | None = None
        self._ends_at: Moment | None = None
        self._is_annoyed = False
        self._has_objected = False
        self._note(self._signup_at, self._sign_up)

    def _draw_character(self) -> None:
        company, habits = self._company, self._company.habits
        luck = company.luck(self._index, "character")
        is_existing = luck.random() < habits.existing_rate
        place = luck.random()
        if is_existing:
            self._signup_at = company.starts_at - 1 - int(place * 364 * DAY)
        else:
            self._signup_at = company.starts_at + int(place * 0.9 * company.lasts)
        self._tier = luck.choices(range(len(company.plans)), habits.plan_rates)[0]
        self._is_yearly = luck.random() < habits.yearly_rate
        self._need = company.plans[self._tier].included * exp(luck.gauss(-0.72, 0.42))
        self._growth = luck.gauss(0.03, 0.03)
        self._members = 1 + luck.choices(range(3), (5, 3, 2))[0]
        self._name = f"{luck.choice(_PLACES)} {luck.choice(_KINDS)} {self._index}"
        self._region = luck.choice(_REGIONS)
        self._first_names = luck.sample(_FIRST_NAMES, self._members)
        # One fixed draw per workflow and per way of minding: common to every world.
        self._draws = {name: luck.random() for name in sorted(company.responses)}
        self._delays = {name: luck.random() for name in sorted(company.responses)}
        self._pressure_draw, self._objection_draw = luck.random(), luck.random()
        self._regret_draw = luck.random()

    def next_at(self) -> Moment | None:
        """Give when the account next does something, None when it never will."""
        return self._agenda[0][0] if self._agenda else None

    def live_until(self, at: Moment) -> list[Event]:
        """Live up to and including ``at``; give what happened, in order."""
        while self._agenda and self._agenda[0][0] <= at:
            moment, _, act = heappop(self._agenda)
            if self._ends_at is None or moment < self._ends_at:
                act(moment)
        told, self._told = self._told, []
        return told

    def hear(self, workflow: str, at: Moment, arm: str | None = None) -> None:
        """Receive a message of a workflow at ``at``; what it changes lies a few hours ahead at least."""
        before = sum(self._heard.values())
        heard = self._heard[workflow] = self._heard.get(workflow, 0) + 1
        response = self._company.responses.get(workflow)
        force = (1 - self._company.habits.fatigue_rate) ** before
        if response is not None and self._draws[workflow] < response.rate(heard, arm) * force:
            self._be_persuaded(workflow, at, is_renewal=response.is_renewal)
        if heard > 1:
            self._consider_looking(workflow, heard, at)
        self._mind(at)

    def _be_persuaded(self, workflow: str, at: Moment, *, is_renewal: bool) -> None:
        if workflow in self._persuaded:
            return
        self._persuaded.add(workflow)
        if not is_renewal:
            upgrade_at = at + 12 * HOUR + int(self._delays[workflow] * 8 * DAY)
            self._note(upgrade_at, partial(self._accept, self._tier))

    def _consider_looking(self, workflow: str, heard: int, at: Moment) -> None:
        luck = self._company.luck(self._index, "look", workflow, heard)
        if luck.random() < 0.35:
            self._note(at + 6 * HOUR + int(luck.random() * 2 * DAY), self._look_at_prices)

    def _mind(self, at: Moment) -> None:
        habits, heard = self._company.habits, sum(self._heard.values())
        if not self._is_annoyed and self._pressure_draw < heard * habits.pressure_rate:
            self._is_annoyed = True
            self._note(at + 3 * DAY, self._leave)
        if not self._has_objected and self._objection_draw < heard * habits.objection_rate:
            self._has_objected = True
            self._note(at + 8 * HOUR, self._object)

    def _note(self, at: Moment, act: Act) -> None:
        if at < self._company.ends_at:
            self._serial += 1
            heappush(self._agenda, (at, self._serial, act))

    def _tell(self, name: str, at: Moment, properties: dict[str, Any], member: int | None = None) -> None:
        self._serial += 1
        self._told.append(
            Event(
                id=f"{self.account}-{self._serial}",
                name=name,
                occurred_at=at,
                seen_at=at,
                customer_id=None if member is None else f"{self.account}-{member}",
                account_id=self.account,
                properties=properties,
                source="acme-reports",
                is_historical=at < self._company.starts_at,
            )
        )

    @property
    def _plan(self) -> PricedPlan:
        return self._company.plans[self._tier]

    def _sign_up(self, at: Moment) -> None:
        for member, first_name in enumerate(self._first_names):
            roles = ["admin"] if member == 0 else ["member"]
            traits = {"name": self._name, "region": self._region, "roles": roles}
            self._tell("Account Identified", at, traits, member)
            address = f"{first_name.lower()}@{self.account}.example.com"
            self._tell("Customer Identified", at, {"first_name": first_name, "email": address}, member)
        if self._tier > 0:
            self._tell("Subscription Started", at, self._terms(at))
        elapsed = max(0, self._company.starts_at - at)
        month = max(0, elapsed // (31 * DAY) - 1)
        self._note(months_after(at, month), partial(self._live_month, month))

    def _terms(self, at: Moment) -> dict[str, Any]:
        """Say the terms in force from ``at``; a yearly term begins anew with them."""
        plan = self._plan
        terms: dict[str, Any] = {
            "plan": plan.id,
            "quantity": 1,
            "amount": plan.year if self._is_yearly else plan.month,
            "currency": self._company.currency,
            "interval": "year" if self._is_yearly else "month",
            "status": "active",
        }
        if self._is_yearly:
            self._renews_at = months_after(at, 12)
            terms["renews_at"] = format_moment(self._renews_at)
            self._plan_renewal(self._renews_at)
        return terms

    def _plan_renewal(self, renews_at: Moment) -> None:
        luck = self._company.luck(self._index, "renewal")
        lapses, days_before = luck.random(), 2 + 16 * luck.random()
        if lapses < self._company.habits.lapse_rate:
            self._note(renews_at - int(days_before * DAY), partial(self._lapse, renews_at))
        self._note(renews_at, self._renew)

    def _lapse(self, renews_at: Moment, at: Moment) -> None:
        if renews_at == self._renews_at and not self._is_staying:
            self._tell("Subscription Canceled", at, {"ends_at": format_moment(renews_at)})
            self._ends_at = renews_at

    @property
    def _is_staying(self) -> bool:
        return any(self._company.responses[workflow].is_renewal for workflow in self._persuaded)

    def _renew(self, at: Moment) -> None:
        if at == self._renews_at:
            self._tell("Subscription Renewed", at, self._terms(at))

    def _leave(self, at: Moment) -> None:
        if self._tier > 0:
            self._tell("Subscription Canceled", at, {"ends_at": format_moment(at)})
        self._ends_at = at

    def _object(self, at: Moment) -> None:
        self._tell("Consent Withdrawn", at, {"channel": "email"}, 0)

    def _upgrade(self, from_tier: int, at: Moment) -> None:
        if self._tier == from_tier < len(self._company.plans) - 1:
            self._tier += 1
            self._tell("Subscription Changed" if from_tier else "Subscription Started", at, self._terms(at))

    def _accept(self, from_tier: int, at: Moment) -> None:
        """Upgrade because of what was written; some regret it."""
        self._upgrade(from_tier, at)
        if self._tier > from_tier and self._regret_draw < self._company.habits.regret_rate:
            self._note(at + 9 * DAY, self._ask_back)

    def _ask_back(self, at: Moment) -> None:
        amount = (self._plan.year if self._is_yearly else self._plan.month) // 4
        self._tell("Refunded", at, {"amount": amount, "currency": self._company.currency})

    def _downgrade(self, from_tier: int, at: Moment) -> None:
        if self._tier == from_tier:
            self._tier -= 1
            self._tell("Subscription Changed", at, self._terms(at))

    def _look_at_prices(self, at: Moment) -> None:
        self._tell("Pricing Viewed", at, {}, 0)

    def _live_month(self, month: int, start: Moment) -> None:
        """Plan a month from the plan and need at its start; the draws are the month's own."""
        end = months_after(self._signup_at, month + 1)
        luck = self._company.luck(self._index, "month", month)
        noise = luck.gauss(0, 0.12)
        draws = [luck.random() for _ in range(24)]

        def moment(share: float) -> Moment:
            return start + int(share * (end - start))

        need = self._need * exp(self._growth * month + noise)
        ratio = need / self._plan.included
        self._plan_use(need, ratio, moment, draws[0:3])
        self._plan_moves(ratio, moment, draws[3:12])
        self._plan_trouble(moment, draws[12:20])
        if draws[20] < self._company.habits.look_rate:
            self._note_live(moment(draws[21]), self._look_at_prices)
        for place, custom in enumerate(self._company.customs):
            self._plan_custom(custom, self._company.luck(self._index, "custom", month, place), moment)
        self._note(end, partial(self._live_month, month + 1))

    def _plan_custom(self, custom: Custom, luck: Random, moment: Callable[[float], Moment]) -> None:
        """Plan how often something happens in a month: its whole part always, the rest by chance."""
        times = int(custom.monthly) + (luck.random() < custom.monthly % 1)
        for _ in range(times):
            member = luck.randrange(self._members)
            self._note_live(moment(luck.random()), partial(self._do, custom, member))

    def _do(self, custom: Custom, member: int, at: Moment) -> None:
        self._tell(custom.name, at, dict(custom.properties), member)

    def _note_live(self, at: Moment, act: Act) -> None:
        """Plan something unless it lies before the simulated year."""
        if at >= self._company.starts_at:
            self._note(at, act)

    def _plan_use(
        self, need: float, ratio: float, moment: Callable[[float], Moment], draws: list[float]
    ) -> None:
        records = 3 if ratio > 0.5 else 1
        for place in range(records):
            quantity = round(need / records)
            share = (place + 0.15 + 0.8 * draws[place]) / records
            if quantity > 0:
                self._note_live(moment(share), partial(self._use, quantity))

    def _use(self, quantity: int, at: Moment) -> None:
        self._tell("Usage Recorded", at, {"metric": self._company.metric, "quantity": quantity})

    def _plan_moves(self, ratio: float, moment: Callable[[float], Moment], draws: list[float]) -> None:
        habits, tier = self._company.habits, self._tier
        wants = self._plan.shut_feature is not None and draws[0] < habits.burst_rate
        if wants:
            self._plan_burst(moment(0.7 * draws[1]), draws[2])
        elif draws[0] > 1 - habits.gate_rate:
            self._note_live(moment(draws[1]), self._hit_gate)
        at_limit = 0 if ratio < 0.8 else 1 if ratio < 1 else 2
        rate = habits.upgrade_rates[at_limit] + (habits.wanted_upgrade_rate if wants else 0.0)
        if draws[3] < rate:
            self._note_live(moment(0.3 + 0.7 * draws[4]), partial(self._upgrade, tier))
        elif tier > 1 and ratio < 0.4 and draws[3] > 1 - habits.downgrade_rate:
            self._note_live(moment(draws[4]), partial(self._downgrade, tier))
        if not self._is_yearly and draws[5] < habits.churn_rate:
            self._note_live(moment(draws[6]), self._leave)

    def _plan_burst(self, begins_at: Moment, draw: float) -> None:
        hits = 3 + int(draw * 3)
        for place in range(hits):
            self._note_live(begins_at + int(place * (1 + draw) * 1.6 * DAY), self._hit_gate)

    def _hit_gate(self, at: Moment) -> None:
        if self._plan.shut_feature is not None:
            member = self._serial % self._members
            self._tell("Feature Gate Hit", at, {"feature": self._plan.shut_feature}, member)

    def _plan_trouble(self, moment: Callable[[float], Moment], draws: list[float]) -> None:
        habits = self._company.habits
        if draws[0] < habits.ticket_rate:
            opened_at = moment(draws[1])
            ticket = f"{self.account}-t{opened_at // DAY}"
            self._note_live(opened_at, partial(self._open_ticket, ticket))
            closed_at = opened_at + int((0.2 + 6 * draws[2]) * DAY)
            self._note_live(closed_at, partial(self._close_ticket, ticket))
        if self._tier > 0 and draws[3] < habits.failure_rate:
            failed_at = moment(draws[4])
            invoice = f"{self.account}-i{failed_at // DAY}"
            self._note_live(failed_at, partial(self._fail_to_pay, invoice))
            self._note_live(failed_at + int((0.5 + 5 * draws[5]) * DAY), partial(self._pay, invoice))

    def _open_ticket(self, ticket: str, at: Moment) -> None:
        self._tell("Ticket Opened", at, {"ticket_id": ticket, "severity": "normal"}, 0)

    def _close_ticket(self, ticket: str, at: Moment) -> None:
        self._tell("Ticket Closed", at, {"ticket_id": ticket}, 0)

    def _fail_to_pay(self, invoice: str, at: Moment) -> None:
        self._tell("Invoice Payment Failed", at, self._invoice(invoice))

    def _pay(self, invoice: str, at: Moment) -> None:
        self._tell("Invoice Paid", at, self._invoice(invoice))

    def _invoice(self, invoice: str) -> dict[str, Any]:
        amount = self._plan.year if self._is_yearly else self._plan.month
        return {"invoice_id": invoice, "amount": amount, "currency": self._company.currency}
