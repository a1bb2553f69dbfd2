"""Events are counted by day, source and property as they were learned, and signals know who names them."""

from __future__ import annotations

from msgspec.structs import replace

from tests.stories.world import make_program, workflow
from upsell.clock import DAY
from upsell.runtime.event_counts import event_counts, properties_seen, signal_uses, source_counts
from upsell.runtime.incoming import DAYS, Incoming
from upsell.store.census import Refused
from upsell.store.seen import DaySeen, KindSeen, ValueSeen
from upsell.store.stream import Lately
from upsell.testing.stories import START

TODAY = START // DAY
EMPTY = Incoming(START, None, START, 0, (), (), (), Lately({}, is_cut=False), (), (), frozenset(), {}, (), ())


def seen(scope: str, name: str, kind: str, count: int) -> KindSeen:
    return KindSeen(scope, name, kind, count, START - DAY, START)


def test_of_an_event_today_and_all_days_are_counted_apart_whoever_sent_it() -> None:
    days = [
        DaySeen("app", "Opened", TODAY, 3, 0),
        DaySeen("web", "Opened", TODAY, 4, 1),
        DaySeen("app", "Opened", TODAY - 1, 10, 2),
        DaySeen("app", "Closed", TODAY - DAYS + 1, 1, 0),
    ]
    kinds = [seen("event Opened", "", "event", 50), seen("event Closed", "", "event", 2)]
    kinds.append(seen("customer", "", "event", 1))
    first, second, third = event_counts(replace(EMPTY, kinds=kinds, days=days))
    assert (first.name, first.today, first.month, first.late, first.total) == ("Opened", 7, 17, 3, 50)
    assert first.sources == ("app", "web")
    assert (second.name, second.today, second.month) == ("Closed", 0, 1)
    assert third.name == "Customer Identified"


def test_of_a_property_its_kinds_and_how_often_it_was_there_are_told() -> None:
    kinds = [
        seen("event Usage Recorded", "", "event", 8),
        seen("event Usage Recorded", "quantity", "number", 3),
        seen("event Usage Recorded", "quantity", "text", 1),
        seen("event Usage Recorded", "metric", "missing", 2),
        seen("event Usage Recorded", "metric", "text", 6),
    ]
    values = [ValueSeen("metric", "seats", 2, START), ValueSeen("metric", "api_calls", 4, START)]
    found = {
        each.name: each
        for each in properties_seen(replace(EMPTY, kinds=kinds, values=values), "Usage Recorded")
    }
    assert (found["quantity"].kinds, found["quantity"].filled) == ((("number", 3), ("text", 1)), 0.5)
    assert (found["metric"].filled, found["metric"].is_required) == (0.75, True)
    assert found["metric"].values == (("api_calls", 4), ("seats", 2))
    # What its meaning names and never came stands there too.
    assert (found["level"].kinds, found["level"].last_at) == ((), None)


def test_a_source_stands_whether_it_sent_something_was_refused_or_is_only_written() -> None:
    found = source_counts(
        replace(
            EMPTY,
            days=[DaySeen("app", "Opened", TODAY - 1, 10, 2)],
            repeats=[("app", "duplicate", 5)],
            refused=[Refused("web", "no_id", 7, START, "expected an id")],
            sorts={"billing": "stripe"},
        )
    )
    assert [(each.name, each.month, each.again, each.refused, each.sort) for each in found] == [
        ("app", 10, 5, 0, ""),
        ("billing", 0, 0, 0, "stripe"),
        ("web", 0, 0, 7, ""),
    ]
    assert [each.last_day for each in found] == [TODAY - 1, None, None]


def test_a_signal_is_used_by_whatever_names_it_and_not_by_what_quotes_it() -> None:
    signals = """
busy: "event_count('Opened', interval '7 days') >= 3"
keen: "busy and customer.region = 'EU'"
"""
    flows = {
        "by-name": workflow(trigger="{on: Opened, when: keen}", journey="[]"),
        "in-quotes": workflow(trigger="{on: Opened, when: \"customer.mood = 'busy'\"}", journey="[]"),
    }
    mail = "journey: [{email: {content: t1, intent: help}}]"
    program = make_program(
        {key: text.replace("journey: []", mail) for key, text in flows.items()}, signals=signals
    )
    busy, keen = signal_uses(program)
    assert (busy.name, busy.events, busy.users) == ("busy", ("Opened",), ("signal keen",))
    assert (keen.users, keen.traits) == (("by-name",), ("customer.region",))
