"""Events counted: by kind, by property and by source, with who reads them; and the signals made of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from upsell.clock import DAY, Moment
from upsell.journeys.concerns import events_of, properties_of, rules_of
from upsell.journeys.program import Program
from upsell.journeys.workflow import Status
from upsell.rules.compile import Rule
from upsell.runtime.incoming import Incoming
from upsell.runtime.learning import EVENT, MISSING
from upsell.runtime.source_standing import Standing
from upsell.signals.event_table import EVENT_TABLE
from upsell.signals.events import ACCOUNT_IDENTIFIED, CUSTOMER_IDENTIFIED
from upsell.store.seen import DaySeen, ValueSeen

_SCOPES: Final = {CUSTOMER_IDENTIFIED: "customer", ACCOUNT_IDENTIFIED: "account"}
_EVENTS: Final = {scope: name for name, scope in _SCOPES.items()}
_NAME: Final = re.compile(r"(?<![\w.])[A-Za-z_]\w*(?![\w.(])")


class EventCount(msgspec.Struct, frozen=True):
    """How often an event came.

    Attributes:
        name: Its name.
        hour: Within the last hour, among the newest.
        today: Since midnight UTC.
        month: Within the last ``DAYS`` days, today among them.
        late: How many of those happened a day or more before they came.
        total: In all, what was told of the past too.
        first_at: When first.
        last_at: When last.
        sources: Who sent it within the last ``DAYS`` days.
        readers: The workflows and segments that read it.
    """

    name: str
    hour: int
    today: int
    month: int
    late: int
    total: int
    first_at: Moment
    last_at: Moment
    sources: tuple[str, ...]
    readers: tuple[str, ...]


class PropertySeen(msgspec.Struct, frozen=True):
    """One property of an event.

    Attributes:
        name: Its name.
        kinds: The kinds it came in, each with how often, the most frequent first.
        filled: In what share of the events it was there; more than once in one counts once.
        last_at: When last; None where it never came.
        meaning: What it says, by the event table; empty where that does not say.
        is_required: Whether the event says nothing without it.
        values: Values of it that are kept, the most frequent first.
        readers: The workflows and segments that count by it.
    """

    name: str
    kinds: tuple[tuple[str, int], ...]
    filled: float
    last_at: Moment | None
    meaning: str
    is_required: bool
    values: tuple[tuple[str, int], ...]
    readers: tuple[str, ...]


class SourceCount(msgspec.Struct, frozen=True):
    """How a source stands.

    Attributes:
        name: Its name.
        sort: What it is, as its file says; empty where none is written.
        today: Events since midnight UTC.
        month: Events within the last ``DAYS`` days.
        late: How many of those happened a day or more before they came.
        last_day: The last day it sent anything on (its number since 1970); None for not within these days.
        again: How many events came again.
        refused: How many items were refused lately.
        standing: How its query stands; None for one that is not asked.
    """

    name: str
    sort: str
    today: int
    month: int
    late: int
    last_day: int | None
    again: int
    refused: int
    standing: Standing | None


class SignalUse(msgspec.Struct, frozen=True):
    """A signal of the workspace: its rule, the events and traits it reads, and who uses it."""

    name: str
    text: str
    events: tuple[str, ...]
    traits: tuple[str, ...]
    metrics: tuple[str, ...]
    users: tuple[str, ...]


def event_counts(found: Incoming) -> tuple[EventCount, ...]:
    """Give every event that came, those that came most lately first."""
    readers = event_readers(found.program)
    days: dict[str, list[DaySeen]] = {}
    for each in found.days:
        days.setdefault(each.name, []).append(each)
    today = found.now // DAY
    counted = []
    for seen in found.kinds:
        if seen.kind != EVENT:
            continue
        name = name_of(seen.scope)
        mine = days.get(name, [])
        counted.append(
            EventCount(
                name=name,
                hour=found.lately.counts.get(name, 0),
                today=sum(each.count for each in mine if each.day == today),
                month=sum(each.count for each in mine),
                late=sum(each.late for each in mine),
                total=seen.count,
                first_at=seen.first_at,
                last_at=seen.last_at,
                sources=tuple(sorted({each.source for each in mine})),
                readers=readers.get(name, ()),
            )
        )
    return tuple(sorted(counted, key=lambda each: (-each.month, -each.total, each.name)))


def event_readers(program: Program | None) -> Mapping[str, tuple[str, ...]]:
    """Give who reads which event: keys of workflows that have not ended, and segments with that word."""
    found: dict[str, list[str]] = {}
    for reader, _, events in _readers(program):
        for event in events:
            found.setdefault(event, []).append(reader)
    return {event: tuple(sorted(readers)) for event, readers in found.items()}


def properties_seen(found: Incoming, name: str) -> tuple[PropertySeen, ...]:
    """Give the properties of an event, those that came first; () for one that is not known."""
    scope = scope_of(name)
    mine = [each for each in found.kinds if each.scope == scope]
    whole = next((each.count for each in mine if each.kind == EVENT), 0)
    fixed = EVENT_TABLE.get(name)
    meant = {each.name: each for each in fixed.properties if each.name != "*"} if fixed is not None else {}
    came = {each.property for each in mine if each.property}
    readers = _property_readers(found.program, name)
    result = []
    for each in sorted({*came, *meant, *readers}, key=lambda said: (said not in came, said)):
        kinds = [seen for seen in mine if seen.property == each and seen.kind != MISSING]
        said = meant.get(each)
        result.append(
            PropertySeen(
                name=each,
                kinds=tuple((seen.kind, seen.count) for seen in sorted(kinds, key=lambda one: -one.count)),
                filled=min(1.0, sum(seen.count for seen in kinds) / whole) if whole else 0.0,
                last_at=max((seen.last_at for seen in kinds), default=None),
                meaning=said.meaning if said is not None else "",
                is_required=said is not None and said.is_required,
                values=_values(found.values, fixed is not None, each),
                readers=readers.get(each, ()),
            )
        )
    return tuple(result)


def source_counts(found: Incoming) -> tuple[SourceCount, ...]:
    """Give every source that sent something or is written in the workspace, by name."""
    days: dict[str, list[DaySeen]] = {}
    for each in found.days:
        days.setdefault(each.source, []).append(each)
    refused = {each.source for each in found.refused}
    standings = {each.name: each for each in found.queries}
    today = found.now // DAY
    return tuple(
        SourceCount(
            name=name,
            sort=found.sorts.get(name, ""),
            today=sum(each.count for each in days.get(name, []) if each.day == today),
            month=sum(each.count for each in days.get(name, [])),
            late=sum(each.late for each in days.get(name, [])),
            last_day=max((each.day for each in days.get(name, [])), default=None),
            again=sum(count for source, _, count in found.repeats if source == name),
            refused=sum(each.count for each in found.refused if each.source == name),
            standing=standings.get(name),
        )
        for name in sorted({*days, *found.sorts, *refused, *standings})
    )


def signal_uses(program: Program | None) -> tuple[SignalUse, ...]:
    """Give the signals of a program, each with what it reads and who uses it, by name."""
    if program is None:
        return ()
    named = [(reader, _names(rules)) for reader, rules, _ in _readers(program)]
    named += [(f"signal {name}", _names([rule]) - {name}) for name, rule in program.signals.items()]
    return tuple(
        SignalUse(
            name=name,
            text=rule.text,
            events=tuple(sorted({counter.event for counter in rule.counters})),
            traits=tuple(sorted(f"{scope}.{trait}" for scope, trait in rule.reads.traits)),
            metrics=tuple(sorted(rule.reads.metrics)),
            users=tuple(sorted(reader for reader, names in named if name in names)),
        )
        for name, rule in sorted(program.signals.items())
    )


def scope_of(name: str) -> str:
    """Give the scope under which what an event says is learned."""
    return _SCOPES.get(name, f"event {name}")


def name_of(scope: str) -> str:
    """Give the name of the event whose properties are learned under a scope."""
    return _EVENTS.get(scope, scope.removeprefix("event "))


def _readers(program: Program | None) -> Iterator[tuple[str, Iterable[Rule], frozenset[str]]]:
    """Give who reads events: what they are called, their rules, and the events they read."""
    if program is None:
        return
    for key, workflow in program.workflows.items():
        if workflow.status is not Status.ENDED:
            yield key, rules_of(workflow), events_of(workflow)
    for name, segment in program.segments.items():
        yield f"segment {name}", [segment.rule], frozenset(each.event for each in segment.rule.counters)


def _property_readers(program: Program | None, event: str) -> Mapping[str, tuple[str, ...]]:
    scope = _SCOPES.get(event)
    found: dict[str, set[str]] = {}
    for reader, rules, _ in _readers(program):
        asked = list(rules)
        names = {name for of, name in properties_of(asked) if of == event}
        names |= {name for rule in asked for of, name in rule.reads.traits if of == scope}
        for name in names:
            found.setdefault(name, set()).add(reader)
    return {name: tuple(sorted(readers)) for name, readers in found.items()}


def _values(values: Sequence[ValueSeen], is_fixed: bool, name: str) -> tuple[tuple[str, int], ...]:
    """Give the values that are kept of a property: of plans, metrics and features, which name no person."""
    if not is_fixed or name not in ("plan", "metric", "feature"):
        return ()
    mine = sorted((each for each in values if each.field == name), key=lambda each: -each.count)
    return tuple((each.value, each.count) for each in mine[:10])


def _names(rules: Iterable[Rule]) -> frozenset[str]:
    """Give what the text of rules names that may be a signal: nothing in quotes, no field and no function."""
    bare = (re.sub(r"'(?:[^']|'')*'", "", rule.text) for rule in rules)
    return frozenset(name for text in bare for name in _NAME.findall(text))
