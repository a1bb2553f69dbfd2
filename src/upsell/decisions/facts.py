"""Facts: the view of one unit at one moment that rules are asked over.

Limits (catalog) and usage (signals) meet here, so that neither needs the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from upsell.catalog.catalog import Catalog
from upsell.catalog.plans import BillingInterval, Plan
from upsell.clock import DAY, Duration, Moment
from upsell.decisions.carts import cart_facts
from upsell.decisions.fit import LOOKED_AT, PastPeriod, fit_facts, fit_plan
from upsell.decisions.holdings import (
    Holdings,
    country_of,
    features_of,
    holdings_of,
    owned_of,
    past_holdings,
    plan_of_family,
)
from upsell.rules.facts import Counter, Scalar
from upsell.signals import counters
from upsell.signals.features import in_use, next_unused_at
from upsell.signals.forecast import (
    UNKNOWN,
    Forecast,
    expected_amount,
    forecast_limit,
    next_expected_at,
    next_forecast_at,
)
from upsell.signals.profiles import Cart, Profile, Subscription, months_after, usage_period
from upsell.signals.subscriptions import Tiers

_NOTHING: Mapping[str, Scalar] = {}


class UnitFacts:
    """The ``Facts`` of one unit, over the records themselves: it sees every change made to them.

    ``refresh`` must be called after an event changed subscriptions or packs; when time passes the end of
    either, ``move_to`` sees to it.
    """

    __slots__ = (
        "_catalog",
        "_counters",
        "_own",
        "_principal",
        "_tiers",
        "_valid_until",
        "account",
        "customer",
        "holdings",
        "now",
        "plan",
        "subscription",
    )

    def __init__(
        self,
        own: Profile,
        account: Profile | None,
        catalog: Catalog,
        tiers: Tiers,
        known: Mapping[str, Counter],
        now: Moment,
        *,
        is_account: bool,
    ) -> None:
        """Look at a unit's own profile, and at its account's where it has one.

        Args:
            own: Profile of the unit decided about; its counters answer.
            account: Profile of its account; None for a customer without one.
            catalog: Plans and their limits.
            tiers: The same plans' ranks.
            known: The program's counters by key.
            now: The moment rules are asked at.
            is_account: Whether the unit is the account itself, so that no customer is in view.
        """
        self._own = own
        self._principal = account if account is not None else own
        self._catalog = catalog
        self._tiers = tiers
        self._counters = known
        self.now = now
        self.customer: Mapping[str, Scalar] = _NOTHING if is_account else own.traits
        self.account: Mapping[str, Scalar] = account.traits if account is not None else _NOTHING
        self.plan: Mapping[str, Scalar] = _NOTHING
        self.subscription: Mapping[str, Scalar] = _NOTHING
        self.holdings: Holdings
        self._valid_until: Moment | None = None
        self.refresh()

    def refresh(self) -> None:
        """Look again at which subscription, plan and packs are in force at ``now``."""
        self.holdings = holdings_of(self._principal, self._catalog, self._tiers, self.now)
        held, plan = self.holdings.subscription, self.holdings.plan
        self.subscription = subscription_facts(held) if held is not None else _NOTHING
        self.plan = _NOTHING
        if plan is not None:
            price = plan.price(BillingInterval.MONTH, self.holdings.currency)
            self.plan = {
                "id": plan.id,
                "name": plan.name,
                "tier": plan.tier,
                "price": price.amount if price is not None else None,
            }
        ends = [other.ends_at for other in self._principal.subscriptions.values() if other.ends_at]
        if self.holdings.packs:
            ends.append(self.usage_period()[1])
        self._valid_until = min((at for at in ends if at > self.now), default=None)

    def move_to(self, now: Moment) -> None:
        """Ask from now on as of ``now``."""
        self.now = now
        if self._valid_until is not None and now >= self._valid_until:
            self.refresh()

    @property
    def principal(self) -> Profile:
        """All that is known of whoever pays: the account, or a customer without one."""
        return self._principal

    @property
    def cart(self) -> Mapping[str, Scalar]:
        """What lies in the customer's cart now; nothing when nothing was ever said, or for an account."""
        held = self._own.cart
        return cart_facts(held, self._catalog) if held is not None else _NOTHING

    @property
    def whole_cart(self) -> Cart | None:
        """The customer's cart itself; None when nothing was ever said of one, or for an account."""
        return self._own.cart

    @property
    def is_cart_asked(self) -> bool:
        """Whether the request that is taken now showed the cart."""
        return self._own.cart is not None and self._own.cart.asked_at == self.now

    @property
    def fit(self) -> Mapping[str, Scalar]:
        """What is known of the plan that fits now, reckoned each time it is asked for."""
        return fit_facts(fit_plan(self, self._catalog, self.country))

    def fit_changes_at(self) -> Moment | None:
        """Give when time alone may next change it: with expected use, what they have, or the periods over.

        None while nothing is used, or nothing was since before the periods looked back on. A feature goes out
        of use by time.
        """
        start, end = self.usage_period()
        earliest = months_after(start, -LOOKED_AT)
        turns = [
            next_expected_at(used, self.now, end)
            for used in self._principal.usage.values()
            if used.period_started_at is None or used.period_started_at >= earliest
        ]
        unused_at = next_unused_at(self._principal.features, self.now)
        return min((at for at in (*turns, self._valid_until, unused_at) if at is not None), default=None)

    @property
    def country(self) -> str:
        """The country whoever pays buys in, empty when not known."""
        return country_of(self.account, self.customer)

    @property
    def owned(self) -> frozenset[str]:
        """Ids of the plans and products that whoever pays has."""
        return owned_of(self._principal, self._catalog, self.holdings.plan, self.now)

    def plan_of(self, family: str) -> Plan | None:
        """Give the plan of a family that whoever pays has, None without one."""
        return plan_of_family(self._catalog, self.holdings.plan, self.owned, family)

    @property
    def features(self) -> frozenset[str]:
        """What those include, by name."""
        return features_of(self._catalog, self.owned)

    @property
    def cart_items(self) -> frozenset[str]:
        """Ids of what lies in the customer's cart now."""
        held = self._own.cart
        return frozenset(line.item for line in held.lines) if held is not None else frozenset()

    def usage(self, metric: str) -> float | None:
        """Give the amount used in the present period, a gauge as it stands, None when never recorded."""
        used = self._principal.usage.get(metric)
        if used is None:
            return None
        if used.period_started_at is None:
            return used.amount
        start, _ = usage_period(self._anchor(), self.now)
        return used.amount if used.period_started_at >= start else 0.0

    def limit(self, metric: str) -> float | None:
        """Give the limit of a metric, with what add-ons and packs add; None when the plan states none."""
        return self.holdings.limits.get(metric)

    def limits_change_at(self) -> Moment | None:
        """Give when packs end by time alone: with the usage period; None while there are none."""
        return self.usage_period()[1] if self.holdings.packs else None

    def expected_use(self, metric: str) -> float | None:
        """Give how much will have been used by the end of the usage period, None when never recorded."""
        used, now = self._principal.usage.get(metric), self.usage(metric)
        if used is None or now is None:
            return None
        return expected_amount(used, now, self.now, self.usage_period()[1])

    def last_use(self, metric: str) -> float | None:
        """Give the amount used in the usage period before the present one, None when nothing was recorded."""
        used = self._principal.usage.get(metric)
        if used is None or used.period_started_at is None:
            return None
        start, _ = self.usage_period()
        earliest = months_after(start, -1)
        periods = (*used.past, (used.period_started_at, used.amount))
        return max((amount for began_at, amount in periods if earliest <= began_at < start), default=None)

    @property
    def features_in_use(self) -> frozenset[str]:
        """The features of plans that whoever pays used lately."""
        used = self._principal.features
        return frozenset(in_use(used, self.now)) if used else frozenset()

    def past_use(self, metrics: Iterable[str], most: int) -> list[PastPeriod]:
        """Give the last usage periods that are over and had use of any of the metrics, oldest first.

        ``most`` says how many periods before the present one are looked at. Of them those are left out in
        which what they had changed, or is not known.
        """
        start, _ = self.usage_period()
        earliest = months_after(start, -most)
        periods: dict[Moment, dict[str, float]] = {}
        for metric in metrics:
            used = self._principal.usage.get(metric)
            if used is None or used.period_started_at is None:
                continue
            for began_at, amount in (*used.past, (used.period_started_at, used.amount)):
                if earliest <= began_at < start:
                    periods.setdefault(began_at, {})[metric] = amount
        found = []
        for began_at, amounts in sorted(periods.items()):
            held = past_holdings(
                self._principal, self._catalog, self._tiers, began_at, self._end_of(began_at)
            )
            if held is not None:
                found.append(PastPeriod(began_at, amounts, held.plan, held.added))
        return found

    def _end_of(self, began_at: Moment) -> Moment:
        """Give when a usage period that began then ended, also one under another subscription."""
        start, end = usage_period(self._anchor(), began_at)
        return end if start == began_at else months_after(began_at, 1)

    def forecast(self, metric: str) -> Forecast:
        """Give when the limit of a metric is expected to be reached."""
        used, limit = self._principal.usage.get(metric), self.limit(metric)
        if used is None or limit is None:
            return UNKNOWN
        _, ends_at = self.usage_period()
        return forecast_limit(used, limit - (self.usage(metric) or 0.0), self.now, ends_at)

    def days_to_limit(self, metric: str) -> float | None:
        """Give the days until the limit is expected to be reached, None where it is not expected."""
        return _days(self.forecast(metric).expected)

    def days_to_limit_at_least(self, metric: str) -> float | None:
        """Give the days within which it is reached with a chance of 5 %, None beyond the horizon."""
        return _days(self.forecast(metric).least)

    def days_to_limit_at_most(self, metric: str) -> float | None:
        """Give the days within which it is reached with a chance of 95 %, None beyond the horizon."""
        return _days(self.forecast(metric).most)

    def forecast_changes_at(self, metric: str) -> Moment | None:
        """Give an instant, never later than the true one, at which time alone changes the forecast."""
        used = self._principal.usage.get(metric)
        if used is None or self.limit(metric) is None:
            return None
        turns = (
            next_forecast_at(used, self.forecast(metric), self.now, self.usage_period()[1]),
            self.limits_change_at(),
        )
        return min((at for at in turns if at is not None), default=None)

    def usage_period(self) -> tuple[Moment, Moment]:
        """Give the usage period ``[start, end)`` that holds ``now``."""
        return usage_period(self._anchor(), self.now)

    def usage_changes_at(self) -> Moment | None:
        """Give when the usage period ends."""
        return self.usage_period()[1]

    def period(self) -> str:
        """Name the usage period and plan in force: what arms a crossing anew."""
        start, _ = usage_period(self._anchor(), self.now)
        return f"{start}|{self.plan.get('id')}"

    def _anchor(self) -> Moment | None:
        held = self.holdings.subscription
        return held.started_at if held is not None else None

    def count(self, key: str) -> int:
        """Give how many events are in a ``COUNT`` counter's window."""
        return counters.read_count(self._own.counters.get(key), self._counters[key], self.now)

    def total(self, key: str) -> float:
        """Give the sum over a ``SUM`` counter's window."""
        return counters.read_total(self._own.counters.get(key), self._counters[key], self.now)

    def distinct(self, key: str) -> int:
        """Give how many different values are in a ``DISTINCT`` counter's window."""
        return counters.read_distinct(self._own.counters.get(key), self._counters[key], self.now)

    def first(self, key: str) -> Moment | None:
        """Give when the first counted event occurred."""
        return counters.read_mark(self._own.counters.get(key))

    def last(self, key: str) -> Moment | None:
        """Give when the last counted event occurred."""
        return counters.read_mark(self._own.counters.get(key))

    def trend(self, key: str) -> float | None:
        """Give this window's count over the one before."""
        return counters.read_trend(self._own.counters.get(key), self._counters[key], self.now)

    def falls_below_at(self, key: str, least: int) -> Moment | None:
        """Give when a count falls below ``least`` by time alone."""
        state = self._own.counters.get(key)
        return counters.falls_below_at(state, self._counters[key], self.now, least)

    def changes_at(self, key: str) -> Moment | None:
        """Give when a windowed counter next changes by time alone."""
        return counters.changes_at(self._own.counters.get(key), self._counters[key], self.now)


def _days(span: Duration | None) -> float | None:
    """Give a span in days of 86,400 s."""
    return span / DAY if span is not None else None


def tiers_of(catalog: Catalog) -> Tiers:
    """Give the ranks of a catalog's plans, which is all that subscriptions need of it."""
    held = {each: catalog.plan_in(each) for each in (*catalog.plans, *catalog.products)}
    return Tiers(
        {each: plan.tier for each, plan in held.items() if plan is not None},
        catalog.default_plan,
        frozenset(each for each, plan in held.items() if plan is None),
    )


def subscription_facts(held: Subscription) -> dict[str, Scalar]:
    """Give what rules and templates see of a subscription; moments as integers."""
    return {
        "id": held.id,
        "plan": held.plan,
        "status": held.status,
        "quantity": held.quantity,
        "amount": held.amount,
        "currency": held.currency,
        "interval": "year" if held.interval_months == 12 else "month",
        "mrr": held.mrr(),
        "started_at": held.started_at,
        "renews_at": held.renews_at,
        "ends_at": held.ends_at,
    }
