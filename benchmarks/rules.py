"""How many times a second a compiled rule is asked, for three typical rules.

Run it as ``python benchmarks/rules.py``. The facts are the cheapest there can be, so the figures
are those of the rule itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from upsell.clock import DAY, Moment, parse_moment
from upsell.rules.compile import compile_rule
from upsell.rules.facts import Facts, Scalar
from upsell.rules.vocabulary import Vocabulary

_NOW: Moment = parse_moment("2026-03-15T12:00:00Z") or 0
_ROUNDS = 200_000
_RULES = {
    "usage near a limit": "usage_ratio('api_calls') >= 0.8 and plan.tier < 3",
    "interest and place": (
        "event_count('Pricing Viewed', interval '7 days') >= 3 and account.region in ('US', 'EU') "
        "and not account.name like 'Test%'"
    ),
    "limit is near": "days_to_limit('api_calls') <= 7 and usage_over('api_calls') = 0",
    "renewal is near": "days_until(subscription.renews_at) <= 30 and subscription.status = 'active'",
}


class _LookedUpFacts:
    """Facts that are looked up and never counted."""

    def __init__(self) -> None:
        self.now = _NOW
        self.customer: Mapping[str, Scalar] = {}
        self.account: Mapping[str, Scalar] = {"region": "EU", "name": "Acme"}
        self.plan: Mapping[str, Scalar] = {"tier": 2}
        self.cart: Mapping[str, Scalar] = {}
        self.subscription: Mapping[str, Scalar] = {"status": "active", "renews_at": _NOW + 45 * DAY}
        self.amounts: dict[str, float] = {}
        self.moments: dict[str, Moment] = {}

    def usage(self, metric: str) -> float | None:
        """Give usage below the limit."""
        return self.amounts.get(metric, 85.0)

    def limit(self, metric: str) -> float | None:
        """Give the limit."""
        return self.amounts.get(metric, 100.0)

    def days_to_limit(self, metric: str) -> float | None:
        """Give days."""
        return self.amounts.get(metric, 5.0)

    def days_to_limit_at_least(self, metric: str) -> float | None:
        """Give days."""
        return self.amounts.get(metric, 4.0)

    def days_to_limit_at_most(self, metric: str) -> float | None:
        """Give days."""
        return self.amounts.get(metric, 7.0)

    def forecast_changes_at(self, metric: str) -> Moment | None:
        """Give the next midnight."""
        return self.moments.get(metric, _NOW + DAY)

    def usage_changes_at(self) -> Moment | None:
        """Give the end of the period."""
        return self.now + 10 * DAY

    def count(self, key: str) -> int:
        """Give a count."""
        return int(self.amounts.get(key, 4))

    def total(self, key: str) -> float:
        """Give a sum."""
        return self.amounts.get(key, 4.0)

    def distinct(self, key: str) -> int:
        """Give a number of values."""
        return int(self.amounts.get(key, 4))

    def first(self, key: str) -> Moment | None:
        """Give a first moment."""
        return self.moments.get(key, _NOW - DAY)

    def last(self, key: str) -> Moment | None:
        """Give a last moment."""
        return self.moments.get(key, _NOW - DAY)

    def trend(self, key: str) -> float | None:
        """Give a trend."""
        return self.amounts.get(key, 1.0)

    def falls_below_at(self, key: str, least: int) -> Moment | None:
        """Give when a count falls."""
        return self.moments.get(key, _NOW + least * DAY)

    def changes_at(self, key: str) -> Moment | None:
        """Give when a counter changes."""
        return self.moments.get(key, _NOW + DAY)


def main() -> None:
    """Print the figures."""
    facts = _LookedUpFacts()
    print(f"{'rule':<22}{'asked/s':>14}{'ns each':>10}{'next change, ns':>18}")
    for name, text in _RULES.items():
        rule = compile_rule(text, Vocabulary())
        value, change = _nanoseconds(rule.value, facts), _nanoseconds(rule.next_change_at, facts)
        print(f"{name:<22}{1e9 / value:>14,.0f}{value:>10,.0f}{change:>18,.0f}")


def _nanoseconds(ask: Callable[[Facts], object], facts: Facts) -> float:
    """Measure one asking, the best of three runs."""
    best = float("inf")
    for _ in range(3):
        started = time.perf_counter_ns()
        for _ in range(_ROUNDS):
            ask(facts)
        best = min(best, (time.perf_counter_ns() - started) / _ROUNDS)
    return best


if __name__ == "__main__":
    main()
