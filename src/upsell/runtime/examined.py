"""Examined: what a diagnosis is made from, and what it comes to."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence

import msgspec

from upsell.catalog.catalog import Catalog
from upsell.clock import Moment
from upsell.decisions.stops import Stop
from upsell.rules.facts import Scalar
from upsell.runtime.discounts import Discounts
from upsell.runtime.learning import EVENT, MISSING
from upsell.runtime.source_standing import Standing
from upsell.sources.kafka import KafkaDefinition
from upsell.store.census import Population, Refused
from upsell.store.guardrails import Breach
from upsell.store.kafka_offsets import Kept
from upsell.store.links import VisitKind
from upsell.store.mail import Told
from upsell.store.reported import HookCount
from upsell.store.seen import DaySeen, KindSeen, ValueSeen
from upsell.store.sinks import Standing as SinkStanding

LOOKED_BACK = 14
"""How many days before a source's silence its rhythm is taken from, and refusals are counted over."""


class Severity(enum.Enum):
    """How bad a finding is; only errors and warnings ask for something to be done."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Finding(msgspec.Struct, frozen=True):
    """One thing found.

    Attributes:
        code: Its short stable name, as in the reference.
        severity: How bad it is.
        subject: What it is about: an event, a source, a workflow.
        said: What was found, with numbers.
        advice: What to do.
    """

    code: str
    severity: Severity
    subject: str
    said: str
    advice: str


class Program(msgspec.Struct, frozen=True):
    """What a live program needs.

    Attributes:
        catalog: Its plans and metrics.
        read: Names of all events that it reads at all.
        awaited: Names of the events each workflow, by its key, and each segment cannot do without.
        traits: Traits that its rules read, by scope.
        properties: Properties that the rules of each workflow, by its key, and each segment count by, each
            with the name of its event.
        owners: Who answers for each workflow that has not ended, by its key; empty where nobody is named.
        sources: The sort of each of the workspace's own sources, by its name.
    """

    catalog: Catalog
    read: frozenset[str]
    awaited: Mapping[str, frozenset[str]]
    traits: Mapping[str, frozenset[str]]
    owners: Mapping[str, str] = msgspec.field(default_factory=dict)
    sources: Mapping[str, str] = msgspec.field(default_factory=dict)
    properties: Mapping[str, frozenset[tuple[str, str]]] = msgspec.field(default_factory=dict)


class Examined(msgspec.Struct, frozen=True):
    """What a diagnosis is made from.

    Attributes:
        now: The moment it is about.
        program: What is live; None before anything was applied.
        kinds: Events, traits and properties seen, with their kinds.
        days: What each source sent on which day, lately.
        values: Plans and metrics seen.
        is_full: Whether more names came than are kept.
        repeats: Source, outcome and how many events came again, lately.
        refused: What was refused lately.
        population: How many customers and accounts there are.
        filled: Of each trait a rule reads, by scope and name, the share of units that have it.
        behind: How many places of the ledger the worker has still to take.
        behind_since: When the oldest of these was seen, None when there is none.
        messages: How many messages are in each state.
        failures: Channel, reason and how many messages failed for good, lately.
        discounts: Who waited for a discount, and how far budgets are used; None where none was ever shown.
        unplaced: How many offers with a discount were taken lately of which nothing says the workflow.
        breaches: Guardrails that were broken, after which nobody has let the workflow go on.
        providers: What each living dispatcher knows of each mail provider, the newest of one provider first.
        stops: What somebody stopped by hand and nobody has let go on.
        waiting: How many messages wait because of each of these, by its number.
        visits: How many visits came over links in mail lately, by kind, and by what showed a machine (empty
            for a person's), the most frequent first.
        hooks: What came to webhooks lately and is no event.
        streams: The sources of Kafka that are live, by name.
        offsets: Where sources of Kafka stand, also such as are live no more.
        queries: How the queries that the live workspace puts to warehouses stand.
        head: The last place of the ledger.
        sinks: How sinks stand, those that are live no more too.
        sink_places: Where each sink that is live is, by name.
    """

    now: Moment
    program: Program | None
    kinds: Sequence[KindSeen]
    days: Sequence[DaySeen]
    values: Sequence[ValueSeen]
    is_full: bool
    repeats: Sequence[tuple[str, str, int]]
    refused: Sequence[Refused]
    population: Population
    filled: Mapping[tuple[str, str], float]
    behind: int
    behind_since: Moment | None
    messages: Mapping[str, int]
    failures: Sequence[tuple[str, str, int]] = ()
    discounts: Discounts | None = None
    unplaced: int = 0
    breaches: Sequence[Breach] = ()
    providers: Sequence[Told] = ()
    stops: Sequence[Stop] = ()
    waiting: Mapping[int, int] = {}
    visits: Sequence[tuple[VisitKind, str, int]] = ()
    hooks: Sequence[HookCount] = ()
    streams: Mapping[str, KafkaDefinition] = msgspec.field(default_factory=dict)
    offsets: Sequence[Kept] = ()
    queries: Sequence[Standing] = ()
    head: int = 0
    sinks: Sequence[SinkStanding] = ()
    sink_places: Mapping[str, str] = {}

    def events(self) -> dict[str, KindSeen]:
        """Give how often and when each event was seen, by its name; traits go by their scope."""
        return {each.scope.removeprefix("event "): each for each in self.kinds if each.kind == EVENT}


def changed_kinds(seen: Sequence[KindSeen]) -> Mapping[tuple[str, str], tuple[KindSeen, ...]]:
    """Give the properties that came in more than one kind, each with its kinds in order of appearance.

    A moment is a text.
    """
    found: dict[tuple[str, str], dict[str, KindSeen]] = {}
    for each in seen:
        if each.kind in (EVENT, MISSING):
            continue
        name = "text" if each.kind == "moment" else each.kind
        of_property = found.setdefault((each.scope, each.property), {})
        held, told = of_property.get(name), each
        if held is not None:
            told = KindSeen(
                each.scope, each.property, name, held.count + each.count,
                min(held.first_at, each.first_at), max(held.last_at, each.last_at),
            )  # fmt: skip
        of_property[name] = told
    return {
        key: tuple(sorted(kinds.values(), key=lambda each: (each.first_at, each.kind)))
        for key, kinds in found.items()
        if len(kinds) > 1
    }


def share_filled(traits: Sequence[Mapping[str, Scalar]], name: str) -> float:
    """Give the share of units that have a trait; 1.0 over no units."""
    if not traits:
        return 1.0
    return sum(said.get(name) is not None for said in traits) / len(traits)
