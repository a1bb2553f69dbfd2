"""Learning: the ledger read behind everyone else, for the names and kinds that came.

The law: learning the ledger in any pieces gives what learning it whole gives.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from upsell.clock import DAY, Moment
from upsell.decisions.consents import is_read, told_scope
from upsell.rules.kinds import as_moment
from upsell.signals.event_table import EVENT_TABLE
from upsell.signals.events import (
    ACCOUNT_IDENTIFIED,
    CONSENT_GIVEN,
    CONSENT_WITHDRAWN,
    CUSTOMER_IDENTIFIED,
    FEATURE_GATE_HIT,
    USAGE_RECORDED,
)
from upsell.store.connect import Connection
from upsell.store.ledger import Head
from upsell.store.links import SOURCE
from upsell.store.seen import (
    DaySeen,
    KindSeen,
    Lesson,
    Unlearned,
    ValueSeen,
    forget_seen_days,
    hold_learned,
    keep_lesson,
    read_seen_kinds,
    read_unlearned,
)

AT_ONCE: Final = 20_000
"""How many events are learned in one transaction."""

MOST_SCOPES: Final = 2_000
"""How many different events are kept; a name made of an id would fill any table."""

MOST_PROPERTIES: Final = 200
"""How many properties of one event, or traits, are kept."""

KEPT_DAYS: Final = 60
"""For how many days it is remembered what each source sent."""

EVENT: Final = "event"
"""The kind that counts the events themselves."""

MISSING: Final = "missing"

CONSENT: Final = "consent"
"""Field of what is learned of consents in words that are not known."""

"""The kind of a required property that was not there."""

_TRAITS = {CUSTOMER_IDENTIFIED: "customer", ACCOUNT_IDENTIFIED: "account"}
_SUBSCRIPTION_PLANS = frozenset({"Subscription Started", "Subscription Changed", "Trial Started"})
_LONGEST = 200
_decode = msgspec.json.Decoder(dict[str, Any]).decode


def learn(connection: Connection, most: int | None = None) -> int:
    """Learn what is new in the ledger, up to about ``most`` events; give how many were learned.

    Each piece is one transaction with the place it reaches; of two who learn at once one waits.
    """
    learned = 0
    while most is None or learned < most:
        with connection.transaction():
            reached, _ = hold_learned(connection)
            found = read_unlearned(connection, reached, AT_ONCE)
            if not found:
                break
            known = {(kept.scope, kept.property) for kept in read_seen_kinds(connection)}
            last = found[-1]
            keep_lesson(connection, lesson_of(found, known), Head(last.position, last.seen_at))
            forget_seen_days(connection, last.seen_at // DAY - KEPT_DAYS)
        learned += len(found)
    return learned


def lesson_of(events: Iterable[Unlearned], known: Iterable[tuple[str, str]]) -> Lesson:
    """Give what events teach, beside the scopes and properties that are known already."""
    pupil = _Pupil(known)
    for event in events:
        fixed = EVENT_TABLE.get(event.name)
        if fixed is None or not fixed.is_ours:
            pupil.hear(event)
    return pupil.lesson()


class _Pupil:
    """What was heard in one piece of the ledger."""

    def __init__(self, known: Iterable[tuple[str, str]]) -> None:
        self._properties: dict[str, set[str]] = {}
        for scope, name in known:
            self._properties.setdefault(scope, set()).add(name)
        self._kinds: dict[tuple[str, str, str], list[int]] = {}
        self._days: dict[tuple[str, str, int], list[int]] = {}
        self._values: dict[tuple[str, str], list[int]] = {}
        self._is_full = False

    def hear(self, event: Unlearned) -> None:
        """Take one event."""
        said = _decode(event.properties)
        scope = _TRAITS.get(event.name) or f"event {event.name}"
        if not self._takes(scope):
            return
        self._count(scope, "", EVENT, event.seen_at)
        for name, value in said.items():
            kind = kind_of(value)
            if kind is not None:
                self._count(scope, name, kind, event.seen_at)
        fixed = EVENT_TABLE.get(event.name)
        for each in fixed.properties if fixed is not None else ():
            if each.is_required and said.get(each.name) is None:
                self._count(scope, each.name, MISSING, event.seen_at)
        self._hear_values(event, said)
        # What comes over links comes when people read; it has no rhythm that a silence would break.
        if not event.is_historical and event.source != SOURCE:
            late = event.occurred_at <= event.seen_at - DAY
            day = self._days.setdefault((event.source, event.name, event.seen_at // DAY), [0, 0])
            day[0] += 1
            day[1] += late

    def lesson(self) -> Lesson:
        """Give all that was heard."""
        return Lesson(
            kinds=[KindSeen(*key, *numbers) for key, numbers in self._kinds.items()],
            days=[DaySeen(*key, *numbers) for key, numbers in self._days.items()],
            values=[ValueSeen(*key, *numbers) for key, numbers in self._values.items()],
            is_full=self._is_full,
        )

    def _takes(self, scope: str) -> bool:
        if scope in self._properties:
            return True
        if len(self._properties) >= MOST_SCOPES:
            self._is_full = True
            return False
        self._properties[scope] = {""}
        return True

    def _count(self, scope: str, name: str, kind: str, at: Moment) -> None:
        # A NUL is no text to the database, and a name this long was made by a machine.
        name = name.replace("\0", "\N{REPLACEMENT CHARACTER}")[:_LONGEST]
        names = self._properties[scope]
        if name not in names:
            if len(names) > MOST_PROPERTIES:
                self._is_full = True
                return
            names.add(name)
        numbers = self._kinds.setdefault((scope, name, kind), [0, at, at])
        numbers[0] += 1
        numbers[1], numbers[2] = min(numbers[1], at), max(numbers[2], at)

    def _hear_values(self, event: Unlearned, said: dict[str, Any]) -> None:
        """Remember the plans, metrics and features named, and consents in words that are not known."""
        if event.name in (CONSENT_GIVEN, CONSENT_WITHDRAWN):
            scope = told_scope(said.get("channel"), said.get("purpose"))
            if not is_read(scope):
                self._hear_value(CONSENT, f"{scope.channel} for {scope.purpose}", event.seen_at)
            return
        if event.name in _SUBSCRIPTION_PLANS:
            field = "plan"
        elif event.name == USAGE_RECORDED:
            field = "metric"
        elif event.name == FEATURE_GATE_HIT:
            field = "feature"
        else:
            return
        self._hear_value(field, said.get(field), event.seen_at)

    def _hear_value(self, field: str, value: object, at: Moment) -> None:
        if isinstance(value, str) and 0 < len(value) <= _LONGEST and "\0" not in value:
            numbers = self._values.setdefault((field, value), [0, at])
            numbers[0] += 1
            numbers[1] = max(numbers[1], at)


def kind_of(value: object) -> str | None:
    """Give the kind of a JSON value; None for null."""
    match value:
        case None:
            return None
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "moment" if as_moment(value) is not None else "text"
        case list():
            return "list"
        case _:
            return "object"
