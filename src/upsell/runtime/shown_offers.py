"""Shown offers: an offer as it was shown to somebody, beside what is known of them now.

For the page of an offer. The law: the terms are those that were shown, and the words beside them those of
the catalog as it was then.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from upsell.catalog.offers import Offer
from upsell.clock import Moment
from upsell.decisions.declines import Answer
from upsell.decisions.lineup import ListedPlan
from upsell.decisions.proof import ProofFacts
from upsell.decisions.terms import Terms
from upsell.journeys.effects import Speak
from upsell.journeys.program import Sender
from upsell.runtime.readers import Reader
from upsell.store.orders import NOT_APPROVED, Order


class Used(msgspec.Struct, frozen=True):
    """How much of a metric is used in the present period, and how much of it is included.

    Attributes:
        name: What customers call it.
        used: How much.
        limit: How much is included.
        is_trigger: Whether what opened the journey looks at it.
    """

    name: str
    used: float
    limit: float
    is_trigger: bool


class Declined(msgspec.Struct, frozen=True):
    """A no to an offer, and when it was said."""

    answer: Answer
    at: Moment


class Shown(msgspec.Struct, frozen=True):
    """An offer as it was shown to somebody, beside what is known of them now.

    Attributes:
        message: The message that made it.
        number: The message's number.
        reader: Whom it was for.
        sender: Who it came from.
        now: The moment it is looked at.
        terms: What it comes to, as shown.
        offer: The offer as the catalog had it then.
        present: The plan they have beside the one offered; None where no plan is offered or known.
        offered: The plan offered, at today's list prices; None where none is.
        paid: What they pay for the present plan and all units per month, in minor units; None if not known.
        paid_currency: ISO 4217 code of that.
        has_it: Whether they have what is offered, or more, already.
        used: What they use of what is limited, what the trigger looks at first.
        metrics: What customers call the metrics of the catalog, by id.
        passed_at: The share of a limit that was used when that opened the journey; None where none did.
        proof: What can be proved to them.
        order: The order by which it was taken, or asked to be approved; None before, and where the team's own
            system told of it.
        accepted_at: When it was taken, None before and while or where it was not approved.
        declined: The last no to it; None before any.
        may_decide: Whether the reader may take it for whoever pays.
        needs_approval: Whether somebody of the team would have to approve it first, were it taken now.
        asked: How many colleagues they asked to; 0 where the team is to find one, None before they asked.
    """

    message: Speak
    number: int
    reader: Reader
    sender: Sender
    now: Moment
    terms: Terms
    offer: Offer
    present: ListedPlan | None
    offered: ListedPlan | None
    paid: float | None
    paid_currency: str
    has_it: bool
    used: tuple[Used, ...]
    metrics: Mapping[str, str]
    passed_at: float | None
    proof: ProofFacts
    order: Order | None
    accepted_at: Moment | None
    declined: Declined | None
    may_decide: bool
    needs_approval: bool
    asked: int | None

    @property
    def is_over(self) -> bool:
        """Whether the terms hold no longer."""
        return self.terms.expires_at is not None and self.now >= self.terms.expires_at

    @property
    def is_asked(self) -> bool:
        """Whether it was accepted and is not approved: waiting, refused or lapsed."""
        return self.order is not None and self.order.state in NOT_APPROVED

    @property
    def is_of_account(self) -> bool:
        """Whether an account would pay, also where it was made to a member: only some may decide for it."""
        return self.reader.account_id is not None
