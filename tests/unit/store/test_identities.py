"""Who is who in the ledger: an id that went is the other's, a visitor is linked once, no circle turns."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.drawing import examples
from upsell.clock import Moment, SetClock, parse_moment
from upsell.ids import anonymous_customer
from upsell.signals.events import CUSTOMERS_MERGED, Event
from upsell.store.connect import Connection, connect
from upsell.store.identities import find_gone, find_identities
from upsell.store.ledger import Appended, Head, LedgerInput, Outcome, append, read_inputs

pytestmark = pytest.mark.postgres

START: Moment = parse_moment("2026-03-02T09:00:00Z") or 0
NAMES = ("Viewed", "Account Identified", CUSTOMERS_MERGED)
_ids = count(1)


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    with connect(database) as opened:
        yield opened


def event(name: str, customer_id: str, account_id: str | None = None, **said: object) -> Event:
    return Event(f"i{next(_ids)}", name, START, START, customer_id, account_id, said, "test")


def merged(gone_id: str, stays_id: str) -> Event:
    return event(CUSTOMERS_MERGED, stays_id, **{"from": gone_id})


def take(connection: Connection, *events: Event) -> list[Appended]:
    return append(connection, events, SetClock(START))


def read_all(connection: Connection) -> list[LedgerInput]:
    return read_inputs(connection, list(range(16)), NAMES, Head(0, 0), 1_000_000, 1_000_000)


def people(connection: Connection, *customer_ids: str) -> list[str]:
    found = find_identities(connection, customer_ids)
    return [found[name].customer_id if name in found else name for name in customer_ids]


def test_an_id_that_went_is_the_other_s_in_the_same_batch_and_in_every_later_one(
    connection: Connection,
) -> None:
    visitor = anonymous_customer("x")
    take(connection, event("Viewed", visitor), merged(visitor, "ada"), event("Viewed", visitor))
    take(connection, event("Viewed", visitor))
    assert [item.event.customer_id for item in read_all(connection)] == [visitor, "ada", "ada", "ada"]
    assert [item.household_id for item in read_all(connection)][1:] == ["c:ada"] * 3


def test_a_visitor_is_linked_once_so_two_people_on_one_device_stay_two(connection: Connection) -> None:
    visitor = anonymous_customer("x")
    (first,) = take(connection, merged(visitor, "ada"))
    (second,) = take(connection, merged(visitor, "bob"))
    assert first.outcome is Outcome.APPENDED
    assert second == Appended(Outcome.DUPLICATE, first.position)
    assert people(connection, "ada", "bob", visitor) == ["ada", "bob", "ada"]


def test_two_known_ids_are_merged_on_purpose_and_chains_lead_to_who_stays_today(
    connection: Connection,
) -> None:
    take(connection, merged("a", "b"))
    take(connection, merged("b", "c"), event("Viewed", "a"))
    assert people(connection, "a", "b", "c") == ["c", "c", "c"]
    assert find_gone(connection, ["c"]) == {"a": "c", "b": "c"}
    assert read_all(connection)[-1].event.customer_id == "c"


def test_a_circle_and_an_id_merged_into_itself_change_nothing(connection: Connection) -> None:
    take(connection, merged("a", "b"))
    answers = take(connection, merged("b", "a"), merged("a", "b"), merged("c", "c"), event("Viewed", "c"))
    kept = [answer.outcome for answer in answers]
    # An id merged into itself is an event that says nothing; nobody goes.
    assert kept[:2] == [Outcome.DUPLICATE] * 2
    assert people(connection, "a", "b", "c") == ["b", "b", "c"]


def test_who_stays_takes_the_other_s_place_in_an_account_and_keeps_their_own(
    connection: Connection,
) -> None:
    take(connection, event("Account Identified", "a", "acme"), event("Account Identified", "d", "other"))
    take(connection, event("Account Identified", "e", "zeta"))
    take(connection, merged("a", "b"), merged("d", "e"))
    take(connection, event("Viewed", "b"), event("Viewed", "a"), event("Viewed", "d"))
    assert [item.household_id for item in read_all(connection)][-3:] == ["a:acme", "a:acme", "a:zeta"]
    members = connection.execute("select customer_id, account_id from members order by 1").fetchall()
    assert members == [("b", "acme"), ("e", "zeta")]


def test_an_event_that_comes_again_after_the_merge_is_known_by_the_body_it_came_with(
    connection: Connection,
) -> None:
    told = event("Viewed", "a")
    take(connection, told)
    take(connection, merged("a", "b"))
    assert take(connection, told)[0].outcome is Outcome.DUPLICATE


KNOWN = ("a", "b", "c", "d")
pairs = st.lists(st.tuples(st.sampled_from(KNOWN), st.sampled_from(KNOWN)), max_size=6)


@settings(
    max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(said=pairs, data=st.data())
def test_whatever_the_order_of_merges_the_same_ids_are_one_person(
    connection: Connection, said: list[tuple[str, str]], data: st.DataObject
) -> None:
    # Oracle: the parts of the graph whose edges are the merges, which know no order.
    parts = {name: {name} for name in KNOWN}
    for gone, stays in said:
        joined = parts[gone] | parts[stays]
        parts.update(dict.fromkeys(joined, joined))
    for order in (said, data.draw(st.permutations(said))):
        prefix = f"{next(_ids)}-"
        for start in range(0, len(order), 2):
            take(connection, *(merged(prefix + g, prefix + s) for g, s in order[start : start + 2]))
        now = dict(zip(KNOWN, people(connection, *(prefix + name for name in KNOWN)), strict=True))
        assert {a: {b for b in KNOWN if now[a] == now[b]} for a in KNOWN} == parts
