"""Stories: one household that things happen to, in time that the story moves.

For tests of a workspace, ours and yours: given what is known, when something happens, after two
days, then this mail is sent and that reason is written. The law: a story runs the same ``advance``
as the worker, so what it shows is what a customer would get.
"""

from __future__ import annotations

from typing import Any

from upsell.clock import Moment, parse_moment
from upsell.decisions.decision import Decision, Exposure
from upsell.decisions.reasons import Reason
from upsell.ids import bare, is_account
from upsell.journeys.advance import Session
from upsell.journeys.effects import Decided, Effect, Exposed, OpenTask, Record, Speak, Withdraw
from upsell.journeys.household import Enrollment, Household, Unit, empty_household
from upsell.journeys.inputs import Input, Launched, Tick
from upsell.journeys.program import Program
from upsell.signals.events import MESSAGE_SENT, Event

START: Moment = parse_moment("2026-03-02T09:00:00Z") or 0
"""When a story begins: a Monday morning."""


class Story:
    """One household that things happen to, with mail that arrives at once unless told otherwise."""

    def __init__(
        self,
        program: Program,
        household_id: str = "c:ada",
        *,
        delivers: bool = True,
        household: Household | None = None,
    ) -> None:
        """Begin at ``START`` with nothing known but a customer's address, or with a household there was."""
        self.program = program
        self.session = Session(program, household or empty_household(household_id))
        self.now = START
        self.effects: list[Effect] = []
        self.inputs: list[Input] = []
        self.delivers = delivers
        self._count = 0
        if household is None and not is_account(household_id):
            self.happens("Customer Identified", email="ada@example.com")

    @property
    def household(self) -> Household:
        """The household as it stands."""
        return self.session.household

    def member(self, customer_id: str, *roles: str) -> Story:
        """Let a customer with an address join the account with roles."""
        self.happens("Account Identified", by=customer_id, roles=list(roles))
        return self.happens("Customer Identified", by=customer_id, email=f"{customer_id}@example.com")

    def happens(
        self, name: str, *, by: str | None = None, ago: int = 0, historical: bool = False, **properties: Any
    ) -> Story:
        """Let an event be seen now that occurred ``ago`` microseconds before."""
        self._count += 1
        household_id = self.household.id
        is_of_account = is_account(household_id)
        return self.takes(
            Event(
                id=str(self._count),
                name=name,
                occurred_at=self.now - ago,
                seen_at=self.now,
                customer_id=by if is_of_account else bare(household_id),
                account_id=bare(household_id) if is_of_account else None,
                properties=properties,
                is_historical=historical,
            )
        )

    def takes(self, item: Input) -> Story:
        """Take an input; wake at each due moment on the way, and let mail arrive at once."""
        while (due := self.session.next_due_at()) is not None and due < item.seen_at:
            self._take(Tick(due))
        self._take(item)
        return self

    def after(self, duration: int) -> Story:
        """Let time pass."""
        self.now += duration
        return self.takes(Tick(self.now))

    def launches(self) -> Story:
        """Let the program go live for a household that was there before."""
        return self.takes(Launched(self.now))

    def receipt(self, message: Speak, name: str = MESSAGE_SENT, **more: Any) -> Story:
        """Let the dispatcher say what became of a message."""
        return self.takes(receipt_of(message, self.now, name, **more))

    def _take(self, item: Input) -> None:
        self.inputs.append(item)
        effects = self.session.take(item)
        self.effects.extend(effects)
        for effect in effects:
            if self.delivers and isinstance(effect, Speak):
                self._take(receipt_of(effect, item.seen_at))

    def mails(self) -> list[Speak]:
        """Every message asked for so far."""
        return [effect for effect in self.effects if isinstance(effect, Speak)]

    def contents(self) -> list[str]:
        """Names of the templates of every message asked for so far."""
        return [mail.content for mail in self.mails()]

    def decisions(self) -> list[Decision]:
        """Every decision so far."""
        return [effect.decision for effect in self.effects if isinstance(effect, Decided)]

    def reasons(self) -> list[Reason]:
        """The reason of every decision so far."""
        return [decision.reason for decision in self.decisions()]

    def exposures(self) -> list[Exposure]:
        """Every exposure so far."""
        return [effect.exposure for effect in self.effects if isinstance(effect, Exposed)]

    def tasks(self) -> list[OpenTask]:
        """Every task opened so far."""
        return [effect for effect in self.effects if isinstance(effect, OpenTask)]

    def withdrawn(self) -> list[Withdraw]:
        """Every message taken back so far."""
        return [effect for effect in self.effects if isinstance(effect, Withdraw)]

    def recorded(self) -> list[Event]:
        """Every derived event so far."""
        return [effect.event for effect in self.effects if isinstance(effect, Record)]

    def unit(self, unit_id: str | None = None) -> Unit:
        """The record of a unit; the household's own without an id."""
        chosen = unit_id or self.household.id
        account = self.household.account
        if account is not None and is_account(chosen):
            return account
        return self.household.customers[bare(chosen)]

    def enrollments(self, unit_id: str | None = None) -> list[Enrollment]:
        """The passages of a unit that go on."""
        return list(self.unit(unit_id).enrollments.values())


def receipt_of(message: Speak, at: Moment, name: str = MESSAGE_SENT, **more: Any) -> Event:
    """Make the event that says what became of a message."""
    unit = message.unit_id
    return Event(
        id=f"{name}/{message.key}",
        name=name,
        occurred_at=at,
        seen_at=at,
        customer_id=message.customer_id,
        account_id=bare(unit) if is_account(unit) else None,
        properties={
            "key": message.key,
            "enrollment": message.enrollment,
            "unit": unit,
            "channel": message.channel,
            "intent": message.intent.value,
            **more,
        },
        source="dispatcher",
    )
