"""A slow second opinion on revenue: one subscription's life walked event by event in plain Python.

It shares nothing with the SQL: a state machine with a running stretch that steps from due date to
due date, where the SQL numbers windows and computes which steps fall inside.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from math import floor
from typing import Any

import msgspec

from tests.unit.measurement.worlds import Told
from upsell.clock import Duration, Moment, parse_moment, to_datetime

_RANK = ("Subscription Canceled", "Subscription Started", "Subscription Changed", "Subscription Renewed")
_MONTHS = {"month": 1, "year": 12}


class _Terms(msgspec.Struct, frozen=True):
    amount: int
    currency: str
    months: int
    is_trialing: bool


class _Running(msgspec.Struct):
    terms: _Terms
    anchor: datetime
    step: int = 0
    ends_at: datetime | None = None

    @property
    def last_due(self) -> datetime:
        return add_months(self.anchor, self.step * self.terms.months)

    @property
    def next_due(self) -> datetime:
        return add_months(self.anchor, (self.step + 1) * self.terms.months)


class Life(msgspec.Struct):
    """What one subscription owes when, and what recurs until when."""

    dues: list[tuple[datetime, int]]
    recurring: list[tuple[datetime, int]]


def add_months(day: datetime, months: int) -> datetime:
    """Go on by calendar months, to the last day of a month that is too short."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return day.replace(year=year, month=month + 1, day=min(day.day, calendar.monthrange(year, month + 1)[1]))


def nearest_whole(value: Fraction) -> int:
    """Round halves up."""
    return floor(value + Fraction(1, 2))


def live(events: Sequence[Told], currency: str, until: datetime) -> Life:
    """Walk the events of one subscription, in any order, up to and including ``until``."""
    life = Life([], [])
    running: _Running | None = None
    ordered = sorted(events, key=lambda e: (e.at, _RANK.index(e.name), _tie(e)))
    for index, event in enumerate(ordered):
        at = to_datetime(event.at)
        if at > until:
            break
        is_last_of_moment = index + 1 == len(ordered) or ordered[index + 1].at != event.at
        running = _walk(life, running, currency, at - timedelta(microseconds=1))
        if not is_last_of_moment:
            continue
        if event.name == "Subscription Canceled":
            if running is not None:
                running.ends_at = max(_end(event.properties) or at, at)
            continue
        terms = _terms(event.properties)
        assert terms is not None
        if running is not None and running.terms == terms:
            running.ends_at = None
            continue
        if running is not None:
            _credit(life, running, currency, at)
        running = _Running(terms, at)
        _note_due(life, running, currency, at)
        life.recurring.append((at, _recurring(terms, currency)))
    _walk(life, running, currency, until)
    return life


def _walk(life: Life, running: _Running | None, currency: str, until: datetime) -> _Running | None:
    """Let dues fall and a pending end arrive, up to and including ``until``."""
    while running is not None:
        if running.ends_at is not None and running.ends_at <= min(until, running.next_due):
            life.recurring.append((running.ends_at, 0))
            return None
        if running.next_due > until:
            return running
        running.step += 1
        _note_due(life, running, currency, running.last_due)
    return None


def _note_due(life: Life, running: _Running, currency: str, at: datetime) -> None:
    if running.terms.currency == currency and not running.terms.is_trialing:
        life.dues.append((at, running.terms.amount))


def _credit(life: Life, running: _Running, currency: str, at: datetime) -> None:
    if running.terms.currency != currency or running.terms.is_trialing:
        return
    unused = Fraction((running.next_due - at) // timedelta(microseconds=1))
    period = (running.next_due - running.last_due) // timedelta(microseconds=1)
    life.dues.append((at, -nearest_whole(running.terms.amount * unused / period)))


def _recurring(terms: _Terms, currency: str) -> int:
    if terms.currency != currency or terms.is_trialing:
        return 0
    return nearest_whole(Fraction(terms.amount, terms.months))


def _terms(properties: Any) -> _Terms | None:
    if properties.get("status") == "trialing":
        return _Terms(0, "", 1, True)
    amount, currency = properties.get("amount"), properties.get("currency")
    months = _MONTHS.get(properties.get("interval"))
    if not isinstance(amount, int) or currency is None or months is None:
        return None
    return _Terms(amount, currency, months, False)


def _end(properties: Any) -> datetime | None:
    text = properties.get("ends_at")
    at = parse_moment(text) if text is not None else None
    return None if at is None else to_datetime(at)


def _tie(event: Told) -> tuple[Any, ...]:
    if event.name == "Subscription Canceled":
        return (False, _end(event.properties) or to_datetime(event.at))
    terms = _terms(event.properties)
    assert terms is not None
    return (terms.is_trialing, terms.amount, terms.currency, terms.months)


def revenue(events: Iterable[Told], exposed_at: Moment, horizon: Duration, currency: str) -> tuple[int, int]:
    """Give net committed revenue and recurring revenue change of one unit."""
    start, end = to_datetime(exposed_at), to_datetime(exposed_at + horizon)
    lives: dict[str, list[Told]] = {}
    net = 0
    for event in events:
        if event.name not in _RANK:
            is_inside = start < to_datetime(event.at) <= end
            if is_inside and event.properties["currency"] == currency:
                sign = 1 if event.name == "Order Completed" else -1
                net += sign * event.properties["amount"]
        elif event.name == "Subscription Canceled" or _terms(event.properties) is not None:
            lives.setdefault(event.properties.get("subscription_id", "default"), []).append(event)
    change = 0
    for told in lives.values():
        life = live(told, currency, end)
        net += sum(amount for at, amount in life.dues if start < at <= end)
        change += _at(life, end) - _at(life, start)
    return net, change


def _at(life: Life, moment: datetime) -> int:
    known = [amount for at, amount in life.recurring if at <= moment]
    return known[-1] if known else 0
