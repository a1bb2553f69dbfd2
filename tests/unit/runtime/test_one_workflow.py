"""One workflow over the store: its funnel adds up to what was planted, and everybody in it is listed once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator

import msgspec
import pytest

from tests.live_world import ON_PRICING, LiveWorld, make_documents, open_world
from tests.stories.world import DAY, HOUR, START, workflow
from upsell.clock import SECOND, Clock, SetClock
from upsell.decisions.reasons import Reason
from upsell.journeys.household import Enrollment, Unit
from upsell.runtime import under_way
from upsell.runtime.counted import CountBook, Counted
from upsell.runtime.differences import Sign
from upsell.runtime.drawn import find_whereabouts, outline_of
from upsell.runtime.guarding import read_live
from upsell.runtime.one_workflow import one_content, read_workflow, where_all_stand
from upsell.runtime.overview import ReportBook
from upsell.runtime.reporting import read_funnel
from upsell.runtime.under_way import People, find_people
from upsell.runtime.written import WrittenBook
from upsell.store.connect import Connection, connect
from upsell.store.lending import Lender
from upsell.store.passages import LAST, count_passages
from upsell.web.pages.workflow_parts import people_rows
from upsell.web.pages.workflow_people import Asked, is_asked_for
from upsell.web.pages.workflow_versions import versions_page
from upsell.workspace.outline import Outline, items_of

pytestmark = pytest.mark.postgres

LET_IN, TOO_POOR, TROUBLED, UNKNOWN = 60, 4, 3, 2
"""How many look at the prices and pass every gate, are not eligible, are suppressed, and have no address."""

LATE = 5
"""How many come in under the second revision."""


def flow(wait: str) -> str:
    email = "{email: {content: t1, intent: help}}"
    return workflow(
        trigger=ON_PRICING,
        journey=f"[{{wait: {wait}}}, {email}, {{wait: 9 days}}, {email}]",
        holdout="30%",
        eligible="[\"customer.region = 'EU'\"]",
        suppress="[\"event_count('Refund Asked', interval '30 days') > 0\"]",
    )


def come(world: LiveWorld, name: str, region: str = "EU", email: str | None = "") -> None:
    said = {} if email is None else {"email": f"{name}@example.com"}
    world.happens("Customer Identified", name, region=region, **said)
    world.happens("Pricing Viewed", name)


@pytest.fixture(scope="module")
def planted(shared_database: str) -> str:
    """Let so many of each kind come, some of whom are one; then put another revision live."""
    with open_world(shared_database) as world:
        world.apply(make_documents({"w": flow("2 days"), "other": flow("1 day")}))
        for number in range(LET_IN):
            come(world, f"in{number}")
        for number in range(TOO_POOR):
            come(world, f"poor{number}", region="US")
        for number in range(TROUBLED):
            world.happens("Refund Asked", f"troubled{number}")
            come(world, f"troubled{number}")
        for number in range(UNKNOWN):
            come(world, f"unknown{number}", email=None)
        world.worker.run_until_idle()
        for gone, stays in (("in0", "mid"), ("mid", "last")):
            world.happens("Customer Identified", stays, region="EU", email="one@example.com")
            world.happens("Customers Merged", stays, **{"from": gone})
        world.after(HOUR)
        world.apply(make_documents({"w": flow("5 days"), "other": flow("1 day")}), expected=1)
        for number in range(LATE):
            come(world, f"late{number}")
        world.worker.run_until_idle()
    return shared_database


@pytest.fixture
def connection(planted: str) -> Iterator[Connection]:
    with connect(planted) as connection:
        yield connection


def live_outline(connection: Connection) -> Outline:
    return outline_of(read_live(connection), "w")


def kept(connection: Connection) -> dict[str, tuple[str, Enrollment]]:
    """Give every passage through the workflow by its id, read from every record: the oracle."""
    decode = msgspec.json.Decoder(Unit).decode
    units = [decode(state) for (state,) in connection.execute("select state from units")]
    return {
        passage.id: (unit.id, passage)
        for unit in units
        for passage in unit.enrollments.values()
        if passage.workflow == "w"
    }


def test_considered_is_who_was_let_in_held_out_and_not_let_in_for_each_reason_planted(
    connection: Connection,
) -> None:
    funnel = read_funnel(connection, "w", START + DAY)
    shadows = sum(passage.is_shadow for _, passage in kept(connection).values())
    assert {each.reason: each.count for each in funnel.not_let_in} == {
        Reason.INELIGIBLE.value: TOO_POOR,
        Reason.SUPPRESSED.value: TROUBLED,
        Reason.NO_RECIPIENT.value: UNKNOWN,
    }
    assert (funnel.held_out, funnel.let_in) == (shadows, LET_IN + LATE - shadows)
    assert 0 < shadows < LET_IN
    considered, *rest = people_rows(funnel, 0.3)
    assert considered.count == sum(row.count for row in rest) == LET_IN + LATE + TOO_POOR + TROUBLED + UNKNOWN


def test_pages_of_who_is_in_it_show_everybody_once_the_last_to_come_in_first(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody = kept(connection)
    units: set[str] = set()
    for shown, looked, at_once in ((7, 1_000, 200), (50, 10, 3), (1, 2, 1)):
        monkeypatch.setattr(under_way, "MOST_SHOWN", shown)
        monkeypatch.setattr(under_way, "MOST_LOOKED", looked)
        monkeypatch.setattr(under_way, "_AT_ONCE", at_once)
        pages = list(pages_of(connection))
        assert all(len(page.found) <= shown and page.looked < looked + at_once for page in pages)
        found = [each for page in pages for each in page.found]
        assert {each.passage.id: (each.unit_id, each.passage) for each in found} == everybody
        assert len(found) == len(everybody) == LET_IN + LATE
        assert [each.number for each in found] == sorted((each.number for each in found), reverse=True)
        units = {each.unit_id for each in found}
    assert "c:last" in units
    assert units.isdisjoint({"c:in0", "c:mid"})


def pages_of(connection: Connection) -> Iterator[People]:
    before: int | None = LAST
    while before is not None:
        page = find_people(connection, "w", lambda _: True, before)
        yield page
        before = page.older


def listed(connection: Connection, drawn: Outline, asked: Asked) -> People:
    return find_people(connection, "w", lambda each: is_asked_for(each, asked, drawn))


def test_as_many_are_listed_at_a_step_as_are_counted_there(connection: Connection) -> None:
    drawn = live_outline(connection)
    where = find_whereabouts(connection, drawn)
    seen = 0
    for item in items_of(drawn.items):
        for step in item.ids[:1]:
            people = listed(connection, drawn, Asked(step, "", LAST))
            assert len(people.found) == sum(where.at(item).values())
            seen += len(people.found)
    assert seen == LATE
    (old,) = where.elsewhere
    people = listed(connection, drawn, Asked("", old, LAST))
    assert len(people.found) == under_way.MOST_SHOWN < sum(where.elsewhere[old].values()) == LET_IN


def test_who_is_in_it_is_found_by_an_index(connection: Connection) -> None:
    with connection.transaction(force_rollback=True):
        connection.execute("set local enable_seqscan = off")
        connection.execute("set local enable_sort = off")
        told = connection.execute(
            "explain select number from decisions where workflow = 'w'"
            " and reason in ('enrolled', 'held_out', 'control') and number < 5 order by number desc limit 3"
        ).fetchall()
    assert any("decisions_entries" in line for (line,) in told)


def test_those_in_what_was_before_are_told_with_the_revision_they_came_in_under(
    connection: Connection, planted: str
) -> None:
    drawn, written = live_outline(connection), WrittenBook()
    written.refresh(connection)
    lender = Lender(planted)
    counted = CountBook(lender, SetClock(START + DAY)).wait("w")
    lender.close()
    page = versions_page(drawn, written, ("", ""), counted)
    ((old),) = page.old
    assert (old.count, old.revisions) == (LET_IN, "1")
    assert [turn.number for turn in page.turns] == [2, 1]
    assert (page.since, page.until) == (1, 2)
    told = [(line.sign, line.text) for line in page.changes[0].lines]
    assert any(sign is Sign.REMOVED and "wait: 2 days" in text for sign, text in told)
    assert any(sign is Sign.ADDED and "wait: 5 days" in text for sign, text in told)


def test_what_machines_are_told_keeps_what_they_were_told_before(
    connection: Connection, planted: str
) -> None:
    clock = SetClock(START + DAY)
    lender = Lender(planted)
    results = ReportBook(lender, clock).read()
    one = read_workflow(connection, read_live(connection), results, "w", clock.now())
    counted = CountBook(lender, clock).wait("w")
    told = msgspec.json.decode(msgspec.json.encode(one_content(one, counted, clock.now())))
    assert set(told) >= {
        "at", "workflow", "version", "name", "unit", "status", "begins", "gates", "goal", "under_way",
        "steps", "after_goal", "other_versions",
    }  # fmt: skip
    assert told["under_way"]["all"] == LATE
    assert sum(sum(steps.values()) for steps in told["other_versions"].values()) == LET_IN
    assert told["report"]["funnel"]["considered"] == LET_IN + LATE + TOO_POOR + TROUBLED + UNKNOWN
    assert sum(told["experiment"]["exposed"].values()) <= LET_IN + LATE
    assert where_all_stand(one, counted) == find_whereabouts(connection, one.drawn)
    lender.close()


def test_a_large_company_is_counted_aside_and_told_as_of_when(planted: str, connection: Connection) -> None:
    clock, lender = SetClock(START + DAY), Lender(planted)
    book = CountBook(lender, clock, small=0)
    assert book.read("w") is None
    first = wait_for(book, clock)
    clock.move_to(clock.now() + 9 * SECOND)
    assert book.read("w") == first
    clock.move_to(clock.now() + 2 * SECOND)
    assert book.read("w") == first
    second = wait_for(book, clock)
    assert (first.at, second.at) == (START + DAY, START + DAY + 11 * SECOND)
    assert Counter(second.counts) == Counter(count_passages(connection, "w"))
    book.close()
    lender.close()


def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    for _ in range(2_000):
        if is_so():
            return
        threading.Event().wait(0.005)
    msg = "expected that it is so within ten seconds"
    raise AssertionError(msg)


def wait_for(book: CountBook, clock: Clock) -> Counted:
    """Give what is counted as of now, once it is."""
    until(lambda: (found := book.read("w")) is not None and found.at == clock.now())
    found = book.read("w")
    assert found is not None
    return found
