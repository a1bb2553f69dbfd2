"""Price guardrails: the rails inside which a discount may be given, whatever a workflow says.

The law: a discount that breaks a rail is not given. What can be known from the catalog alone is
refused when a workspace is checked; the rest when it is decided, with the rail as the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from upsell.clock import DAY, Duration, Moment, format_duration
from upsell.decisions.decision import Seen, Verdict
from upsell.decisions.discounting import Rounding
from upsell.decisions.reasons import Reason
from upsell.decisions.terms import Terms
from upsell.money import Money

PROTECTED = frozenset(
    "age birth_date birthdate birthday date_of_birth disability ethnicity gender marital_status nationality "
    "orientation pregnancy race religion sex sexual_orientation union_member".split()
)
"""Traits that no price may hang on, unless the policy lists its own."""


class Rails(msgspec.Struct, frozen=True):
    """What holds for every discount.

    Attributes:
        max_discount_rate: The deepest discount, as a share of the price.
        min_margin_rate: The least share of the discounted price that must remain above what serving
            costs; None asks for none. A cost that is not known breaks nothing.
        rest: How long after anybody of a customer was shown a discount nobody of it is shown another; None
            for no rest. Of an account its people are one customer.
        unit_budget: How much discount one customer may be shown within ``unit_within``; None for any.
        unit_within: Length of that window in microseconds.
        is_laddered: Whether a journey must say something without a discount before it gives one.
        round_to: Discounted prices are rounded down to whole multiples of so much, in whole units of any
            currency alike; None for exact ones. What is asked of a discount is asked after it.
        protected: Traits that no price may hang on.
    """

    max_discount_rate: float = 1.0
    min_margin_rate: float | None = None
    rest: Duration | None = None
    unit_budget: Money | None = None
    unit_within: Duration = 365 * DAY
    is_laddered: bool = False
    round_to: Money | None = None
    protected: frozenset[str] = PROTECTED

    @property
    def rounding(self) -> Rounding:
        """To which prices discounted ones are rounded down: never deeper than the deepest discount."""
        return Rounding(self.round_to, self.max_discount_rate)


MOST_GIVEN = 20
"""How many of the discounts that were shown last are remembered, whatever the rails ask."""


class Given(msgspec.Struct, frozen=True, array_like=True):
    """A discount that was shown: in which enrollment, by which offer, when, and what it comes to."""

    enrollment: str
    offer: str
    at: Moment
    amount: int
    currency: str


class Spent(msgspec.Struct, frozen=True):
    """A workflow's discount budget that ran out.

    Attributes:
        workflow: Key of the workflow.
        budget: How much discount may be given away through it in all.
        accepted: What the discounts accepted through it came to when it ran out, in its minor units.
        ran_out_at: From when on it gives no more.
    """

    workflow: str
    budget: Money
    accepted: int
    ran_out_at: Moment


def broken_rail(rails: Rails, rate: float, price: int | None, cost: int | None) -> str | None:
    """Say which rail a discount breaks by itself, or None.

    Args:
        rails: What holds.
        rate: The discount that is really taken off, 0 to 1.
        price: The price after it in minor units, None when not known.
        cost: What serving costs over the same time in the same currency, None when not known.
    """
    if rate <= 0:
        return None
    if rate > rails.max_discount_rate:
        return f"at most {rails.max_discount_rate * 100:.4g} % off"
    if rails.min_margin_rate is not None and price is not None and cost is not None:
        margin = (price - cost) / price if price > 0 else float("-inf")
        if margin < rails.min_margin_rate:
            return f"a margin of at least {rails.min_margin_rate * 100:.4g} %"
    return None


def keep_given(kept: Sequence[Given], shown: Given, rails: Rails) -> list[Given]:
    """Give the discounts to remember with one more that is shown now; said again it is the same one.

    Those shown last are, and besides what counts against a budget for as long as it does.
    """
    others = [each for each in kept if (each.enrollment, each.offer) != (shown.enrollment, shown.offer)]
    early, late = others[: 1 - MOST_GIVEN], others[1 - MOST_GIVEN :]
    since = shown.at - rails.unit_within
    budgeted = [each for each in early if rails.unit_budget is not None and each.amount and each.at > since]
    return [*budgeted, *late, shown]


def ask_rails(
    rails: Rails,
    terms: Terms,
    given: Iterable[Given],
    enrollment: str,
    now: Moment,
    *,
    is_first: bool = False,
) -> Verdict | None:
    """Say which rail forbids terms at ``now``, or None; what is not discounted breaks none.

    A rail that cannot be asked, as its amounts are in another currency than the price, forbids them too.
    What the same enrollment showed before by the same offer is the same discount, said again.

    Args:
        rails: What holds.
        terms: What is proposed.
        given: Discounts the unit, and anybody of whoever pays, was shown before.
        enrollment: Id of the enrollment that would show it.
        now: The moment asked about.
        is_first: Whether it would be the first thing that reaches anybody of that enrollment.
    """
    if terms.discount_rate <= 0:
        return None
    if rails.is_laddered and is_first:
        return Verdict(Reason.PRICE_GUARDRAIL, "something without a discount first")
    broken = broken_rail(rails, terms.discount_rate, terms.price, terms.cost)
    if broken is not None:
        seen = (Seen("discount", terms.discount_rate), Seen("price", terms.price), Seen("cost", terms.cost))
        return Verdict(Reason.PRICE_GUARDRAIL, broken, seen)
    unasked = _unaskable(rails, terms)
    if unasked is not None:
        return unasked
    others = [each for each in given if (each.enrollment, each.offer) != (enrollment, terms.offer)]
    if rails.rest is not None:
        last = max((each.at for each in others), default=None)
        if last is not None and now < last + rails.rest:
            rule = f"a rest of {format_duration(rails.rest)} between discounts"
            return Verdict(Reason.PRICE_GUARDRAIL, rule, (), last + rails.rest)
    return _ask_budget(rails, terms, others, now)


def ask_spent(spent: Spent | None, terms: Terms, now: Moment) -> Verdict | None:
    """Say that a workflow's discount budget forbids terms at ``now``, or None: it forbids discounts alone.

    Args:
        spent: The budget of the workflow that would show them; None while it has not run out.
        terms: What is proposed.
        now: The moment asked about.
    """
    if spent is None or terms.discount_rate <= 0 or now < spent.ran_out_at:
        return None
    rule = f"a discount budget of {spent.budget} for {spent.workflow}"
    accepted = Money(spent.accepted, spent.budget.currency)
    return Verdict(Reason.PRICE_GUARDRAIL, rule, (Seen("discounts accepted when it ran out", str(accepted)),))


def _unaskable(rails: Rails, terms: Terms) -> Verdict | None:
    """Say which rail cannot be asked, as its amounts are in another currency than the price, or None.

    Currencies are never compared, so such a discount is not given.
    """
    budget, currency = rails.unit_budget, Seen("currency of the price", terms.currency)
    if budget is not None and budget.currency != terms.currency:
        seen = (currency, Seen("currency of the budget", budget.currency))
        return Verdict(Reason.PRICE_GUARDRAIL, f"at most {budget} of discount, not known in others", seen)
    if rails.min_margin_rate is not None and terms.cost_currency:
        rule = f"a margin of at least {rails.min_margin_rate * 100:.4g} %, not known across currencies"
        seen = (currency, Seen("currency of the cost", terms.cost_currency))
        return Verdict(Reason.PRICE_GUARDRAIL, rule, seen)
    return None


def _ask_budget(rails: Rails, terms: Terms, others: list[Given], now: Moment) -> Verdict | None:
    budget = rails.unit_budget
    if budget is None:
        return None
    within = [
        each for each in others if each.at > now - rails.unit_within and each.currency == budget.currency
    ]
    spent = sum(each.amount for each in within)
    if spent + terms.discount <= budget.amount:
        return None
    opens_at = min((each.at for each in within), default=None)
    retry_at = opens_at + rails.unit_within if opens_at is not None else None
    rule = f"at most {budget} of discount within {format_duration(rails.unit_within)}"
    return Verdict(
        Reason.PRICE_GUARDRAIL, rule, (Seen("discount shown before, in minor units", spent),), retry_at
    )
