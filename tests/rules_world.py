"""A small world for rules: one unit's facts over a plain list of events, counted anew each time.

The oracle of the rules' tests: nothing is kept in tiles, every question walks the list, so what it
says follows from the definition of a window alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from upsell.clock import DAY, Moment, format_moment, parse_moment
from upsell.rules.compile import Rule
from upsell.rules.conditions import compile_condition
from upsell.rules.facts import Counter, Scalar
from upsell.rules.kinds import as_number, distinct_key

NOON: Moment = parse_moment("2026-03-15T12:00:00Z") or 0
"""The moment at which tests ask, unless they say another."""


@dataclass(frozen=True)
class Happening:
    """One event of a unit."""

    name: str
    occurred_at: Moment
    properties: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True)
class World:
    """All there is to know of one unit."""

    events: tuple[Happening, ...] = ()
    customer: Mapping[str, Scalar] = field(default_factory=dict)
    account: Mapping[str, Scalar] = field(default_factory=dict)
    plan: Mapping[str, Scalar] = field(default_factory=dict)
    subscription: Mapping[str, Scalar] = field(default_factory=dict)
    cart: Mapping[str, Scalar] = field(default_factory=dict)
    used: Mapping[str, float] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)
    reached_at: Mapping[str, Moment] = field(default_factory=dict)
    period_ends_at: Moment | None = None
    packs: Mapping[str, float] = field(default_factory=dict)
    fits: tuple[Mapping[str, Scalar], Mapping[str, Scalar]] = ({}, {})
    fit_turns_at: Moment | None = None

    def at(self, now: Moment, rule: Rule) -> WorldFacts:
        """Give the view at a moment through which a rule is asked."""
        return WorldFacts(self, now, rule.counters)

    def asked(self, rule: Rule, now: Moment = NOON) -> object:
        """Ask a rule at a moment."""
        return rule.value(self.at(now, rule))

    def next_change(self, rule: Rule, now: Moment = NOON) -> Moment | None:
        """Ask a rule for its next change after a moment."""
        return rule.next_change_at(self.at(now, rule))

    def row(self, unit_id: str, now: Moment) -> dict[str, object]:
        """Give the row of the relation ``u`` for this unit; moments that are kept as text."""
        kept = {
            scope: {
                name: format_moment(value) if name.endswith("_at") and type(value) is int else value
                for name, value in said.items()
            }
            for scope, said in (("subscription", self.subscription), ("cart", self.cart))
        }
        facts = WorldFacts(self, now, ())
        forecasts = {
            "days_to_limit": facts.days_to_limit,
            "days_to_limit_at_least": facts.days_to_limit_at_least,
            "days_to_limit_at_most": facts.days_to_limit_at_most,
        }
        is_over = self.period_ends_at is not None and now >= self.period_ends_at
        return {
            "unit_id": unit_id,
            "now": format_moment(now),
            "customer": dict(self.customer),
            "account": dict(self.account),
            "plan": dict(self.plan),
            "fit": dict(facts.fit),
            **kept,
            "usage": dict.fromkeys(self.used, 0.0) if is_over else dict(self.used),
            "limits": {metric: facts.limit(metric) for metric in self.limits},
            **{
                name: {metric: said for metric in self.reached_at if (said := days(metric)) is not None}
                for name, days in forecasts.items()
            },
        }

    def event_rows(self, unit_id: str) -> list[dict[str, object]]:
        """Give the rows of the table ``events`` for this unit."""
        return [
            {
                "unit_id": unit_id,
                "name": event.name,
                "occurred_at": format_moment(event.occurred_at),
                "properties": dict(event.properties),
            }
            for event in self.events
        ]


class WorldFacts:
    """``Facts`` over a world at one moment."""

    def __init__(self, world: World, now: Moment, counters: tuple[Counter, ...]) -> None:
        self.world = world
        self.now = now
        self.customer = world.customer
        self.account = world.account
        self.plan = world.plan
        self.subscription = world.subscription
        self.cart = world.cart
        self.counters = {counter.key: counter for counter in counters}

    @property
    def fit(self) -> Mapping[str, Scalar]:
        """Give what fits before and after a moment of the world."""
        turns_at = self.world.fit_turns_at
        return self.world.fits[turns_at is not None and self.now >= turns_at]

    def fit_changes_at(self) -> Moment | None:
        turns_at = self.world.fit_turns_at
        return turns_at if turns_at is not None and turns_at > self.now else None

    def usage(self, metric: str) -> float | None:
        ends = self.world.period_ends_at
        used = self.world.used.get(metric)
        return 0.0 if used is not None and ends is not None and self.now >= ends else used

    def limit(self, metric: str) -> float | None:
        """Give a limit with the packs of the present period, which end with it."""
        ends, stated = self.world.period_ends_at, self.world.limits.get(metric)
        is_over = ends is not None and self.now >= ends
        return stated if stated is None or is_over else stated + self.world.packs.get(metric, 0.0)

    def limits_change_at(self) -> Moment | None:
        return self.usage_changes_at() if self.world.packs else None

    def days_to_limit(self, metric: str) -> float | None:
        """Give days that change at midnight alone, until a moment of the world."""
        reached_at = self.world.reached_at.get(metric)
        midnight = self.now // DAY * DAY
        return (reached_at - midnight) / DAY if reached_at is not None and reached_at > midnight else None

    def days_to_limit_at_least(self, metric: str) -> float | None:
        days = self.days_to_limit(metric)
        return None if days is None else days / 2

    def days_to_limit_at_most(self, metric: str) -> float | None:
        days = self.days_to_limit(metric)
        return None if days is None or days > 5 else days * 2

    def forecast_changes_at(self, metric: str) -> Moment | None:
        return (self.now // DAY + 1) * DAY if metric in self.world.reached_at else None

    def usage_changes_at(self) -> Moment | None:
        ends = self.world.period_ends_at
        return ends if ends is not None and ends > self.now else None

    def _counted(self, key: str) -> list[Happening]:
        """Give the events that a counter counts, whatever their window, up to now."""
        counter = self.counters[key]
        holds = compile_condition(counter.condition).holds if counter.condition else None
        return [
            event
            for event in self.world.events
            if event.name == counter.event
            and event.occurred_at <= self.now
            and (holds is None or holds(event.properties) is True)
        ]

    def _within(self, key: str, span: int) -> list[Happening]:
        """Give the counted events of the last ``span``, to the counter's tile."""
        tile = self.counters[key].tile
        start = (self.now - span) // tile
        return [event for event in self._counted(key) if event.occurred_at // tile > start]

    def _window(self, key: str) -> list[Happening]:
        return self._within(key, self.counters[key].window or 0)

    def count(self, key: str) -> int:
        return len(self._window(key))

    def total(self, key: str) -> float:
        name = self.counters[key].property or ""
        return sum((as_number(event.properties.get(name)) or 0.0 for event in self._window(key)), 0.0)

    def distinct(self, key: str) -> int:
        name = self.counters[key].property or ""
        return len({distinct_key(event.properties.get(name)) for event in self._window(key)} - {None})

    def first(self, key: str) -> Moment | None:
        return min((event.occurred_at for event in self._counted(key)), default=None)

    def last(self, key: str) -> Moment | None:
        return max((event.occurred_at for event in self._counted(key)), default=None)

    def trend(self, key: str) -> float | None:
        window = self.counters[key].window or 0
        recent = len(self._within(key, window))
        before = len(self._within(key, 2 * window)) - recent
        return recent / before if before else None

    def falls_below_at(self, key: str, least: int) -> Moment | None:
        counter = self.counters[key]
        tile, window = counter.tile, counter.window or 0
        leaving = sorted(event.occurred_at // tile * tile + window for event in self._window(key))
        return leaving[-least] if len(leaving) >= least else None

    def changes_at(self, key: str) -> Moment | None:
        counter = self.counters[key]
        tile, window = counter.tile, counter.window or 0
        starts = [event.occurred_at // tile * tile for event in self._counted(key)]
        turns = [start + times * window for start in starts for times in (1, 2)]
        return min((turn for turn in turns if turn > self.now), default=None)


def days_before(days: float, moment: Moment = NOON) -> Moment:
    """Give the moment some days before another."""
    return moment - round(days * DAY)
