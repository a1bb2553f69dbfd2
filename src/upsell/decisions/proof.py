"""Proof: what a customer received, reached and paid, and how that stands beside peers.

For templates, prompts, tasks and explanations. The laws: every number is computed from what was
recorded, and of what was never recorded nothing is said, not even zero; hours and money are made of the
team's own statements in the catalog, which are told with them; what would have been charged, or saved
by another plan, is not here but in ``fit``.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping

import msgspec

from upsell.catalog.catalog import Catalog
from upsell.catalog.metrics import Metric
from upsell.clock import Duration, Moment, to_datetime
from upsell.decisions.benchmarks import Benchmark, Benchmarks, cohort_of, find_benchmark
from upsell.decisions.facts import UnitFacts
from upsell.money import Money
from upsell.signals.profiles import OveragePayment, Subscription, Usage, months_after, usage_period
from upsell.signals.usage import lifetime_of

OVERAGE_MONTHS = 12
"""How many months back overage is summed."""


class Stretch(enum.Enum):
    """The stretches of time that value is told for."""

    PRESENT = "present"
    LAST = "last"
    EVER = "ever"


class MetricValue(msgspec.Struct, frozen=True):
    """What was received of one metric.

    Attributes:
        metric: Which, with what is said of it.
        used: How much.
        saved: The time that saved; None where nothing is said of it.
        worth: The money that is worth in what they pay in; None where nothing is said of it.
    """

    metric: Metric
    used: float
    saved: Duration | None
    worth: Money | None


class Value(msgspec.Struct, frozen=True):
    """What was received in one stretch of time.

    Attributes:
        stretch: The present usage period, the last whole one, or all since the first use.
        began_at: When it began.
        ended_at: When it ended; the moment asked at for what goes on.
        metrics: What was received of each metric, by id.
        saved: The time saved by all of them.
        worth: The money all of them are worth.
        price: What the plan came to in that time, the present month counted whole; None where it was
            not the same throughout, or nothing falls due.
        ratio: The worth over the price.
    """

    stretch: Stretch
    began_at: Moment
    ended_at: Moment
    metrics: tuple[MetricValue, ...]
    saved: Duration | None
    worth: Money | None
    price: Money | None
    ratio: float | None


class Achieved(msgspec.Struct, frozen=True):
    """The greatest milestone of a metric that its lifetime total has passed.

    Attributes:
        metric: Which metric.
        milestone: The milestone.
        reached_at: When the newest use had happened by which it was; None where that was not seen.
        total: The lifetime total.
        since: Since when that is.
    """

    metric: Metric
    milestone: int
    reached_at: Moment | None
    total: float
    since: Moment


class Compared(msgspec.Struct, frozen=True):
    """Use in the last whole usage period, beside that of peers in theirs.

    Attributes:
        metric: Of which metric.
        used: The unit's own.
        began_at: When its period began.
        peers: What peers used.
    """

    metric: Metric
    used: float
    began_at: Moment
    peers: Benchmark


class OveragePaid(msgspec.Struct, frozen=True):
    """What was paid for use beyond limits in the last twelve months, in the currency last paid in.

    Attributes:
        total: What was paid, less what was given back.
        given_back: What was given back.
        invoices: How many invoices had any.
        last: What the last of them had.
        last_at: When that was paid.
    """

    total: Money
    given_back: Money
    invoices: int
    last: Money
    last_at: Moment


class ProofFacts(msgspec.Struct, frozen=True):
    """All that can be proved to a customer at one moment; what was not observed is not among it."""

    values: tuple[Value, ...] = ()
    milestones: tuple[Achieved, ...] = ()
    peers: tuple[Compared, ...] = ()
    overage: OveragePaid | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing."""
        return self == ProofFacts()


def proof_of(facts: UnitFacts, catalog: Catalog, benchmarks: Benchmarks, *, is_account: bool) -> ProofFacts:
    """Give what can be proved to whoever pays for a unit, as of the facts' moment.

    Args:
        facts: The unit as of now.
        catalog: What is said of metrics.
        benchmarks: What is known of peers.
        is_account: Whether an account pays; otherwise a customer of their own.
    """
    usage = facts.principal.usage
    recorded = {
        key: (metric, usage[key]) for key, metric in sorted(catalog.described.items()) if key in usage
    }
    overage = _overage_paid(facts.principal.overage.values(), facts.now) if facts.principal.overage else None
    if not recorded:
        return ProofFacts(overage=overage)
    return ProofFacts(
        values=tuple(_values(facts, recorded.values())),
        milestones=tuple(
            achieved for each in recorded.values() if (achieved := _achieved(*each)) is not None
        ),
        peers=tuple(_compared(facts, catalog, benchmarks, recorded, is_account=is_account)),
        overage=overage,
    )


def used_in(usage: Usage, began_at: Moment, ended_at: Moment) -> float | None:
    """Give what was used in the usage period ``[began_at, ended_at)``; None where none was counted.

    Nor where what was counted in it was counted in periods that began at other moments, as before
    somebody subscribed.
    """
    if usage.period_started_at is None:
        return None
    periods = (*usage.past, (usage.period_started_at, usage.amount))
    inside = [period for period in periods if began_at <= period[0] < ended_at]
    return inside[0][1] if len(inside) == 1 and inside[0][0] == began_at else None


def last_period(facts: UnitFacts) -> tuple[Moment, Moment]:
    """Give the last usage period ``[start, end)`` that is over."""
    ended_at, _ = facts.usage_period()
    held = facts.holdings.subscription
    return usage_period(held.started_at if held is not None else None, ended_at - 1)


def _values(facts: UnitFacts, recorded: Iterable[tuple[Metric, Usage]]) -> Iterable[Value]:
    """Give what was received in each stretch of time in which anything was."""
    began_at, ends_at = facts.usage_period()
    before_at, _ = last_period(facts)
    stretches = (
        (Stretch.PRESENT, began_at, ends_at, facts.now),
        (Stretch.LAST, before_at, began_at, began_at),
    )
    recorded = list(recorded)
    for stretch, start, end, until in stretches:
        used = [(metric, used_in(usage, start, end)) for metric, usage in recorded]
        value = _value(facts, stretch, start, until, used)
        if value is not None:
            yield value
    lived = [(metric, lifetime) for metric, usage in recorded if (lifetime := lifetime_of(usage)) is not None]
    if lived:
        since = min(lifetime.since for _, lifetime in lived)
        totals = [(metric, lifetime.total) for metric, lifetime in lived]
        value = _value(facts, Stretch.EVER, since, facts.now, totals)
        if value is not None:
            yield value


def _value(
    facts: UnitFacts,
    stretch: Stretch,
    began_at: Moment,
    ended_at: Moment,
    used: Iterable[tuple[Metric, float | None]],
) -> Value | None:
    """Give what was received in one stretch; None where nothing was."""
    currency = facts.holdings.currency
    metrics = tuple(_received(metric, amount, currency) for metric, amount in used if amount and amount > 0)
    if not metrics:
        return None
    saved = [each.saved for each in metrics if each.saved is not None]
    worths = [each.worth.amount for each in metrics if each.worth is not None]
    worth = Money(sum(worths), currency) if worths else None
    price = _price(facts, began_at, max(began_at, ended_at - 1))
    ratio = None
    if worth is not None and price is not None and worth.currency == price.currency:
        ratio = worth.amount / price.amount
    return Value(stretch, began_at, ended_at, metrics, sum(saved) if saved else None, worth, price, ratio)


def _received(metric: Metric, used: float, currency: str) -> MetricValue:
    each = metric.worth.get(currency)
    return MetricValue(
        metric,
        used,
        saved=round(used * metric.saves) if metric.saves is not None else None,
        worth=Money(round(used * each.amount), currency) if each is not None else None,
    )


def _price(facts: UnitFacts, began_at: Moment, last_at: Moment) -> Money | None:
    """Give what the plan came to from the usage period of one moment to that of another, both whole."""
    held = facts.holdings.subscription
    if held is None or not held.mrr() or not held.currency:
        return None
    if began_at < max(held.started_at, held.priced_since()):
        return None
    return Money(held.mrr() * _months(held, began_at, last_at), held.currency)


def _months(held: Subscription, began_at: Moment, last_at: Moment) -> int:
    """Count the usage periods from that of one moment to that of another, both counted."""
    first, last = (to_datetime(usage_period(held.started_at, at)[0]) for at in (began_at, last_at))
    return (last.year - first.year) * 12 + last.month - first.month + 1


def _achieved(metric: Metric, usage: Usage) -> Achieved | None:
    lifetime = lifetime_of(usage)
    if lifetime is None:
        return None
    passed = [milestone for milestone in metric.milestones if milestone <= lifetime.total]
    if not passed:
        return None
    reached_at = dict(lifetime.reached).get(passed[-1])
    return Achieved(metric, passed[-1], reached_at, lifetime.total, lifetime.since)


def _compared(
    facts: UnitFacts,
    catalog: Catalog,
    benchmarks: Benchmarks,
    recorded: Mapping[str, tuple[Metric, Usage]],
    *,
    is_account: bool,
) -> Iterable[Compared]:
    """Give the comparisons with peers for the metrics that are compared and were used."""
    cohort = cohort_of(facts, catalog.peers, is_account=is_account) if benchmarks else None
    if cohort is None:
        return
    began_at, ended_at = last_period(facts)
    for key, (metric, usage) in recorded.items():
        used = used_in(usage, began_at, ended_at) if metric.is_benchmarked else None
        if used is None or used <= 0:
            continue
        peers = find_benchmark(benchmarks, key, cohort, catalog.peers.least, facts.now)
        if peers is not None:
            yield Compared(metric, used, began_at, peers)


def _overage_paid(payments: Iterable[OveragePayment], now: Moment) -> OveragePaid | None:
    """Sum what was paid in the months before ``now``; None where nothing was, or all was given back."""
    since = months_after(now, -OVERAGE_MONTHS)
    lately = [payment for payment in payments if since < payment.paid_at <= now]
    paid = [payment for payment in lately if payment.amount > 0]
    if not paid:
        return None
    last = max(paid, key=lambda payment: (payment.paid_at, payment.amount))
    alike = [payment for payment in lately if payment.currency == last.currency]
    total = sum(payment.amount for payment in alike)
    if total <= 0:
        return None
    return OveragePaid(
        total=Money(total, last.currency),
        given_back=Money(-sum(min(0, payment.amount) for payment in alike), last.currency),
        invoices=sum(payment.amount > 0 for payment in alike),
        last=Money(last.amount, last.currency),
        last_at=last.paid_at,
    )
