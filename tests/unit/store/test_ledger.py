"""The ledger: one order for positions, moments and commits, and every event once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from upsell.clock import DAY, HOUR, Moment, SetClock, SystemClock, parse_moment
from upsell.signals.events import Event
from upsell.store.connect import Connection, connect
from upsell.store.ledger import (
    Head,
    LedgerInput,
    Outcome,
    append,
    append_derived,
    forget_ids,
    reach_moment,
    read_inputs,
)

pytestmark = pytest.mark.postgres

START: Moment = parse_moment("2026-03-02T09:00:00Z") or 0
EVERY_SHARD = list(range(16))


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    with connect(database) as opened:
        yield opened


def event(
    number: str,
    customer_id: str | None = "ada",
    account_id: str | None = None,
    *,
    name: str = "Viewed",
    at: Moment = START,
    **said: object,
) -> Event:
    return Event(number, name, at, at, customer_id, account_id, said, "test")


def read_all(connection: Connection, *names: str) -> list[LedgerInput]:
    known = names or ("Viewed", "Account Identified")
    return read_inputs(connection, EVERY_SHARD, known, Head(0, 0), 1_000_000, 1_000_000)


def test_events_come_back_as_they_went_in_seen_at_the_clock_s_present(connection: Connection) -> None:
    told = event("1", "ada", "acme", at=START - HOUR, amount=3, text='a "quoted" ☃', none=None)
    append(connection, [told], SetClock(START))
    (found,) = read_all(connection)
    assert (found.position, found.household_id) == (1, "a:acme")
    assert found.event == Event(
        "1", "Viewed", START - HOUR, START, "ada", "acme", told.properties, "test", is_historical=False
    )


def test_an_event_said_to_happen_after_it_was_seen_happened_when_it_was_seen(connection: Connection) -> None:
    append(connection, [event("1", at=START + DAY)], SetClock(START))
    assert read_all(connection)[0].event.occurred_at == START


def test_seen_at_never_goes_back_although_the_clock_does(connection: Connection) -> None:
    append(connection, [event("1")], SetClock(START))
    append(connection, [event("2")], SetClock(START - DAY))
    assert [item.event.seen_at for item in read_all(connection)] == [START, START]


def test_nothing_is_seen_before_a_moment_that_was_promised(connection: Connection) -> None:
    assert reach_moment(connection, START + HOUR) == Head(0, START + HOUR)
    append(connection, [event("1")], SetClock(START))
    assert read_all(connection)[0].event.seen_at == START + HOUR


def test_the_same_body_under_the_same_id_is_taken_once(connection: Connection) -> None:
    clock = SetClock(START)
    assert [a.outcome for a in append(connection, [event("1", a=1)], clock)] == [Outcome.APPENDED]
    again = append(connection, [event("2"), event("1", a=1), event("2")], clock)
    assert [a.outcome for a in again] == [Outcome.APPENDED, Outcome.DUPLICATE, Outcome.DUPLICATE]
    assert [a.position for a in again] == [2, 1, 2]
    assert len(read_all(connection)) == 2


def test_another_body_under_a_known_id_is_refused_and_named(connection: Connection) -> None:
    clock = SetClock(START)
    append(connection, [event("1", a=1)], clock)
    (answer,) = append(connection, [event("1", a=2)], clock)
    assert (answer.outcome, answer.position) == (Outcome.CONFLICT, 1)
    assert [item.event.properties for item in read_all(connection)] == [{"a": 1}]


def test_ids_of_different_sources_never_meet(connection: Connection) -> None:
    other = Event("1", "Viewed", START, START, "ada", source="another")
    assert {a.outcome for a in append(connection, [event("1"), other], SetClock(START))} == {Outcome.APPENDED}


def test_hashes_given_decide_instead_of_the_event_itself(connection: Connection) -> None:
    clock = SetClock(START)
    append(connection, [event("1", at=START - 5)], clock, [b"body"])
    (answer,) = append(connection, [event("1", at=START - 3)], clock, [b"body"])
    assert answer.outcome is Outcome.DUPLICATE


def test_a_forgotten_id_is_taken_again(connection: Connection) -> None:
    append(connection, [event("1")], SetClock(START))
    append(connection, [event("2")], SetClock(START + 30 * DAY))
    assert forget_ids(connection, START + DAY) == 1
    again = append(connection, [event("1"), event("2")], SetClock(START + 31 * DAY))
    assert [a.outcome for a in again] == [Outcome.APPENDED, Outcome.DUPLICATE]


def test_a_customer_s_event_belongs_to_the_account_they_joined_before_it(connection: Connection) -> None:
    clock = SetClock(START)
    joins = event("2", "ada", "acme", name="Account Identified")
    append(connection, [event("1"), joins, event("3"), event("4", "bob")], clock)
    append(connection, [event("5")], clock)
    households = [item.household_id for item in read_all(connection)]
    assert households == ["c:ada", "a:acme", "a:acme", "c:bob", "a:acme"]


def test_a_customer_who_joins_another_account_belongs_there_from_then_on(connection: Connection) -> None:
    clock = SetClock(START)
    append(connection, [event("1", "ada", "acme", name="Account Identified")], clock)
    append(connection, [event("2", "ada", "bolt", name="Account Identified"), event("3")], clock)
    assert [item.household_id for item in read_all(connection)] == ["a:acme", "a:bolt", "a:bolt"]


def test_each_month_has_a_partition_made_when_an_event_needs_it(connection: Connection) -> None:
    for number, days in enumerate((0, 31, 32)):
        append(connection, [event(str(number))], SetClock(START + days * DAY))
    statement = (
        "select inhrelid::regclass::text from pg_inherits where inhparent = 'events'::regclass order by 1"
    )
    assert [row[0] for row in connection.execute(statement)] == ["events_2026_03", "events_2026_04"]


def test_derived_events_are_kept_and_are_no_inputs(connection: Connection) -> None:
    append(connection, [event("1")], SetClock(START + HOUR))
    with connection.transaction():
        append_derived(connection, [("c:ada", event("d", name="Viewed"))])
    assert [item.event.id for item in read_all(connection)] == ["1"]
    kept = connection.execute("select position, seen_at, is_derived from events order by position").fetchall()
    assert kept == [(1, START + HOUR, False), (2, START, True)]


def test_inputs_are_those_of_the_shards_and_names_asked_for(connection: Connection) -> None:
    append(connection, [event(str(n), f"c{n}") for n in range(50)], SetClock(START))
    append(connection, [event("x", name="Other")], SetClock(START))
    everything = read_all(connection)
    parts = [
        item
        for shard in EVERY_SHARD
        for item in read_inputs(connection, [shard], ["Viewed"], Head(0, 0), 1000, 1000)
    ]
    assert sorted(parts, key=lambda item: item.position) == everything
    assert len(everything) == 50
    assert read_inputs(connection, EVERY_SHARD, ["Viewed"], Head(10, START), 12, 1000) == everything[10:12]


def test_order_of_positions_is_order_of_moments_whoever_appends(database: str) -> None:
    def append_some(writer: int) -> None:
        with connect(database) as connection:
            for number in range(20):
                append(connection, [event(f"{writer}-{number}-{n}") for n in range(3)], SystemClock())

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(append_some, range(4)))
    with connect(database) as connection:
        found = read_all(connection)
    assert len({item.position for item in found}) == len(found) == 240
    seen = [item.event.seen_at for item in found]
    assert seen == sorted(seen)


def test_ids_of_two_sources_in_one_batch_never_clash_and_each_is_known_again(connection: Connection) -> None:
    told = [event("1"), msgspec.structs.replace(event("1"), source="other"), event("2")]
    for expected in (Outcome.APPENDED, Outcome.DUPLICATE):
        assert [each.outcome for each in append(connection, told, SetClock(START))] == [expected] * 3
    alone = append(connection, [msgspec.structs.replace(event("2"), source="other")], SetClock(START))
    assert [each.outcome for each in alone] == [Outcome.APPENDED]
