"""Stripe trials: what a trial of a journey without an address is at Stripe, beside what goes to addresses.

For the dispatcher. The laws: a trial is granted as one that is accepted is, by the same path, born to end
without a charge; it is converted on a stored acceptance alone, by the order where there is one, so that
nobody is charged twice; what Stripe cannot do is refused, and so is work for a person (``trial_tasks``); and
what fails of one letter costs no other its receipt.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final, assert_never

import msgspec
import psycopg
import structlog

from upsell.channels.channel import Answer, Channel, Letter, Receipt
from upsell.channels.fulfillers import Fulfilment, Outcome, Purchase
from upsell.channels.webhook import STRIPE
from upsell.clock import DAY, Clock, Moment, parse_moment
from upsell.decisions.terms import Terms
from upsell.errors import StoreError
from upsell.ids import UnitId, account_unit, bare, customer_unit, is_account
from upsell.journeys.trials import ACCEPTED, ENDED
from upsell.runtime.stripe_billing import StripeBilling
from upsell.runtime.trial_tasks import SOURCE
from upsell.signals.events import ACCOUNT_IDENTIFIED, CUSTOMER_IDENTIFIED, Event
from upsell.store.connect import connect
from upsell.store.ledger import append
from upsell.store.orders import has_order

_KIND: Final = "trial"

_log = structlog.get_logger(__name__)


class StepChannel:
    """Tells whoever a step of a journey is about: servers of the team's own, and Stripe of its trials."""

    def __init__(self, posts: Channel | None, trials: StripeTrials | None) -> None:
        """Speak through these; without one of them what is for it is refused, with what to set."""
        self._posts = posts
        self._trials = trials

    async def send(self, letters: Sequence[Letter], within: float) -> list[Receipt]:
        """Tell each, on both sides at once; what breaks off one side costs the other no receipt.

        See ``Channel.send``.
        """
        trials = [each for each in letters if each.recipient == STRIPE]
        posts = [each for each in letters if each.recipient != STRIPE]
        of_trials, of_posts = await asyncio.gather(
            self._tell_stripe(trials, within), self._tell_servers(posts, within), return_exceptions=True
        )
        # Stripe is asked first what was done, so it is told again; what a server heard nobody knows.
        return [
            *_received(of_trials, trials, Answer.NOT_NOW),
            *_received(of_posts, posts, Answer.UNKNOWN),
        ]

    async def _tell_stripe(self, letters: Sequence[Letter], within: float) -> list[Receipt]:
        if self._trials is None:
            return _refused(letters, "UPSELL_STRIPE_SECRET_KEY, since the step says no url, got none")
        return await self._trials.send(letters, within)

    async def _tell_servers(self, letters: Sequence[Letter], within: float) -> list[Receipt]:
        if self._posts is None:
            return _refused(letters, "UPSELL_GATEWAY_SECRET, got none; servers know us by it")
        return await self._posts.send(letters, within)

    async def close(self) -> None:
        """Let go of connections."""
        if self._posts is not None:
            await self._posts.close()


class StripeTrials:
    """Grants trials at Stripe, and converts them."""

    def __init__(self, url: str, clock: Clock, billing: StripeBilling) -> None:
        """Work over the database at ``url``; nothing is opened yet."""
        self._url = url
        self._clock = clock
        self._billing = billing

    async def send(self, letters: Sequence[Letter], within: float) -> list[Receipt]:
        """Tell Stripe of each, one after the other; see ``Channel.send``."""
        loop = asyncio.get_running_loop()
        until = loop.time() + within
        receipts = []
        for letter in letters:
            if loop.time() >= until:
                receipts.append(Receipt(letter.key, Answer.NOT_NOW, "no time was left", is_begun=False))
                continue
            receipts.append(await asyncio.to_thread(self._tell, letter))
        return receipts

    def _tell(self, letter: Letter) -> Receipt:
        """Tell Stripe of one; where the database fails, before or after, it is told again."""
        try:
            said = msgspec.json.decode(letter.text, type=_Said)
        except msgspec.DecodeError as error:
            return Receipt(
                letter.key, Answer.REFUSED, f"expected a letter about a trial, got one with: {error}"
            )
        try:
            return self._tell_of(letter, said)
        except (psycopg.Error, StoreError, msgspec.DecodeError) as error:
            # Told again it is done once: Stripe is asked first what was done under this key.
            _log.warning("trial_not_told", key=letter.key, error=repr(error))
            return Receipt(letter.key, Answer.NOT_NOW, f"the database failed: {error}", is_fault=True)

    def _tell_of(self, letter: Letter, said: _Said) -> Receipt:
        if said.type == ENDED:
            return Receipt(letter.key, Answer.ACCEPTED, "it ends by itself at Stripe, without a charge")
        if said.type == ACCEPTED and self._is_ordered(said):
            return Receipt(letter.key, Answer.ACCEPTED, "the order that took the paid terms tells Stripe")
        purchase = _purchase(letter.key, said)
        fulfilment = self._billing.fulfil(purchase, self._clock.now())
        match fulfilment.outcome:
            case Outcome.DONE:
                self._learn(letter.key, said, fulfilment)
                return Receipt(letter.key, Answer.ACCEPTED, fulfilment.detail)
            case Outcome.NOT_YET:
                # Told again it is done once: Stripe is asked first what was done under this key.
                return Receipt(letter.key, Answer.NOT_NOW, fulfilment.detail, is_fault=True)
            case Outcome.UNPAID:
                # A trial that is under way ends without a charge.
                return Receipt(letter.key, Answer.REFUSED, "they have nothing at Stripe to pay by")
            case Outcome.REFUSED | Outcome.BY_HAND:
                return Receipt(letter.key, Answer.REFUSED, fulfilment.detail)
            case _:
                assert_never(fulfilment.outcome)

    def _is_ordered(self, said: _Said) -> bool:
        with connect(self._url) as connection:
            return has_order(connection, said.data.enrollment, said.data.offer)

    def _learn(self, key: str, said: _Said, fulfilment: Fulfilment) -> None:
        """Keep as whom Stripe knows whoever pays, where that is news."""
        if not fulfilment.learned:
            return
        name = ACCOUNT_IDENTIFIED if said.data.account_id is not None else CUSTOMER_IDENTIFIED
        with connect(self._url) as connection, connection.transaction():
            append(connection, [self._event(name, key, said, dict(fulfilment.learned))], self._clock)

    def _event(self, name: str, key: str, said: _Said, properties: dict[str, Any]) -> Event:
        payer = _payer(said)
        is_of_account = is_account(payer)
        return Event(
            id=f"{name}/{key}",
            name=name,
            occurred_at=self._clock.now(),
            seen_at=0,
            customer_id=None if is_of_account else bare(payer),
            account_id=bare(payer) if is_of_account else None,
            properties=properties,
            source=SOURCE,
        )


class _Trial(msgspec.Struct, frozen=True):
    """What a letter about a trial says of it, as servers are told it."""

    enrollment: str
    offer: str
    terms: Terms
    account_id: str | None = None
    customer_id: str | None = None
    ends_at: str | None = None


class _Said(msgspec.Struct, frozen=True):
    type: str
    timestamp: str
    data: _Trial


def _payer(said: _Said) -> UnitId:
    """Give who would pay: the account, or the customer without one."""
    if said.data.account_id is not None:
        return account_unit(said.data.account_id)
    return customer_unit(said.data.customer_id or "")


def _purchase(key: str, said: _Said) -> Purchase:
    """Say what is to be made theirs: some days of trial, or the paid terms."""
    begins_at = parse_moment(said.timestamp) or 0
    ends_at: Moment | None = parse_moment(said.data.ends_at) if said.data.ends_at is not None else None
    return Purchase(
        key=key,
        customer_id=said.data.customer_id or "",
        account_id=said.data.account_id,
        offer=said.data.offer,
        thing=said.data.terms.thing,
        kind=_KIND,
        terms=said.data.terms,
        trial_days=(ends_at - begins_at) // DAY if ends_at is not None else 0,
        accepted_at=begins_at,
    )


def _refused(letters: Sequence[Letter], wanted: str) -> list[Receipt]:
    return [Receipt(each.key, Answer.REFUSED, f"expected {wanted}") for each in letters]


def _received(
    told: list[Receipt] | BaseException, letters: Sequence[Letter], lost: Answer
) -> Sequence[Receipt]:
    """Give the receipts of one side; where it broke off, what is then to be held of each of its letters."""
    if not isinstance(told, BaseException):
        return told
    _log.error("step_not_told", letters=len(letters), error=repr(told))
    is_fault = lost is Answer.NOT_NOW
    return [Receipt(each.key, lost, f"broke off: {told!r}", is_fault=is_fault) for each in letters]
