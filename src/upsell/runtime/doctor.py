"""The doctor: reads what a diagnosis is made from out of the store."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from upsell.channels.sinks.definitions import read_sinks
from upsell.clock import DAY, Moment
from upsell.errors import DefinitionError
from upsell.ids import SHARDS
from upsell.journeys.advance import concerns_for
from upsell.journeys.concerns import counted_by, events_of, properties_of, rules_of, traits_of
from upsell.journeys.program import Program as Live
from upsell.journeys.workflow import Status
from upsell.runtime.discounts import read_doubts
from upsell.runtime.examined import LOOKED_BACK, Examined, Program, share_filled
from upsell.runtime.guarding import open_breaches
from upsell.runtime.learning import learn
from upsell.runtime.live_sources import read_streams
from upsell.runtime.mail_routing import HEARD_WITHIN
from upsell.runtime.reporting import live_program
from upsell.runtime.source_standing import Standing, read_standings
from upsell.signals.events import MESSAGE_CLICKED, MESSAGE_OPENED, REPORTS
from upsell.sources.definitions import read_sources, source_sorts
from upsell.sources.kafka import KafkaDefinition
from upsell.store.census import count_rejections, count_units, sample_traits
from upsell.store.connect import Connection
from upsell.store.cursors import read_cursors
from upsell.store.guardrails import GUARDED_EVENTS
from upsell.store.kafka_offsets import read_offsets
from upsell.store.ledger import Head, read_head
from upsell.store.links import count_visits
from upsell.store.mail import read_providers
from upsell.store.messages import count_stopped
from upsell.store.outbox import count_failures, count_messages
from upsell.store.queries import query
from upsell.store.repeats import count_repeats
from upsell.store.reported import count_hooks
from upsell.store.revisions import newest_revision
from upsell.store.seen import KindSeen, hold_learned, read_seen_days, read_seen_kinds, read_seen_values
from upsell.store.sinks import read_sinks as read_standings_of_sinks
from upsell.store.stops import open_stops
from upsell.workspace.documents import Documents

SAMPLED = 5_000
"""How many units of each kind are looked at for the traits they have."""


def examine(connection: Connection, now: Moment) -> Examined:
    """Learn what is new in the ledger, and read all that a diagnosis needs."""
    learn(connection)
    program = _program(connection)
    today = now // DAY
    with connection.transaction():
        _, is_full = hold_learned(connection)
    behind, since = _behind(connection)
    discounts, unplaced = read_doubts(connection, now, now - LOOKED_BACK * DAY)
    return Examined(
        now=now,
        program=program,
        kinds=read_seen_kinds(connection),
        days=read_seen_days(connection, today - 2 * LOOKED_BACK - 1),
        values=read_seen_values(connection),
        is_full=is_full,
        repeats=count_repeats(connection, today - LOOKED_BACK + 1),
        refused=count_rejections(connection, now - LOOKED_BACK * DAY),
        population=count_units(connection),
        filled=_filled(connection, program.traits if program is not None else {}),
        behind=behind,
        behind_since=since,
        messages={state.value: count for state, count in count_messages(connection).items()},
        failures=count_failures(connection, now - LOOKED_BACK * DAY),
        breaches=open_breaches(connection),
        providers=read_providers(connection, now - HEARD_WITHIN),
        stops=open_stops(connection),
        waiting=count_stopped(connection),
        discounts=discounts,
        unplaced=unplaced,
        visits=count_visits(connection, now - LOOKED_BACK * DAY),
        hooks=count_hooks(connection, now - LOOKED_BACK * DAY),
        streams=_streams(connection),
        offsets=list(read_offsets(connection).values()),
        queries=_queries(connection, now),
        head=read_head(connection).position,
        sinks=read_standings_of_sinks(connection),
        sink_places=_sink_places(connection),
    )


def read_filled(connection: Connection, kinds: Iterable[KindSeen]) -> dict[tuple[str, str], float]:
    """Give the share of units that have each trait that was seen, by scope and name."""
    names: dict[str, set[str]] = {}
    for each in kinds:
        if each.scope in ("account", "customer") and each.property:
            names.setdefault(each.scope, set()).add(each.property)
    return _filled(connection, names)


def _streams(connection: Connection) -> Mapping[str, KafkaDefinition]:
    try:
        return read_streams(connection).sources
    except DefinitionError:
        return {}


def _program(connection: Connection) -> Program | None:
    live = newest_revision(connection)
    if live is None:
        return None
    return examined_program(live_program(connection), live.documents)


def examined_program(program: Live, documents: Documents) -> Program:
    """Give what a diagnosis needs of a program and of the documents it was made from."""
    going = {key: each for key, each in program.workflows.items() if each.status is not Status.ENDED}
    return Program(
        catalog=program.catalog,
        read=concerns_for(program).names | GUARDED_EVENTS | REPORTS | {MESSAGE_CLICKED, MESSAGE_OPENED},
        awaited={key: events_of(workflow) for key, workflow in going.items()}
        | {f"segment {name}": counted_by(segment) for name, segment in program.segments.items()},
        traits=traits_of(going.values(), program.segments.values()),
        owners={key: each.owner.strip() for key, each in going.items()},
        sources=source_sorts(documents),
        properties={key: properties_of(rules_of(workflow)) for key, workflow in going.items()}
        | {f"segment {name}": properties_of([each.rule]) for name, each in program.segments.items()},
    )


def _sink_places(connection: Connection) -> Mapping[str, str]:
    """Give where each sink that is live is; none where this release does not take what another applied."""
    live = newest_revision(connection)
    try:
        found = read_sinks(live.documents if live is not None else {})
    except DefinitionError:
        return {}
    return {name: each.where for name, each in found.items()}


def _queries(connection: Connection, now: Moment) -> tuple[Standing, ...]:
    live = newest_revision(connection)
    try:
        found = read_sources(live.documents) if live is not None else {}
    except DefinitionError:
        # Another release applied it; whoever works with it says so.
        return ()
    return read_standings(connection, found.values(), now)


def _filled(connection: Connection, wanted: Mapping[str, Collection[str]]) -> dict[tuple[str, str], float]:
    filled: dict[tuple[str, str], float] = {}
    for scope, names in wanted.items():
        traits = sample_traits(connection, f"{scope[0]}:", SAMPLED)
        filled.update({(scope, name): share_filled(traits, name) for name in names})
    return filled


def _behind(connection: Connection) -> tuple[int, Moment | None]:
    """Give how many places the slowest shard has not taken, and when the first of them was seen."""
    head = read_head(connection)
    cursors = read_cursors(connection, range(SHARDS))
    slowest = min(cursors, key=lambda cursor: cursor.position, default=None)
    reached = Head(slowest.position, slowest.seen_at) if slowest is not None else Head(0, 0)
    values = {"after": reached.position, "since": reached.seen_at}
    row = connection.execute(query("find_untaken"), values, binary=True).fetchone()
    return (head.position - reached.position, row[0]) if row is not None else (0, None)
