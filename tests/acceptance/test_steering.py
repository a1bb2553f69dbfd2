"""Passages under way are moved and ended on purpose, webhooks told once, and a backlog sent spread out."""

from __future__ import annotations

import json

import pytest

from tests.live_world import make_documents, open_world
from tests.sinks import open_gateway, open_sink
from tests.stories.world import DAY, HOUR, workflow
from upsell.errors import ConfigError
from upsell.runtime.steering import end_passages, listed_landings, migrate_passages
from upsell.store.ledger import read_head
from upsell.workspace.documents import Documents

pytestmark = pytest.mark.postgres

T1, T2, T3 = (f"{{email: {{content: t{n}, intent: help}}}}" for n in (1, 2, 3))


def asks(journey: str) -> Documents:
    return make_documents({"w": workflow(trigger="{on: Asked, again_after: 1 hour}", journey=journey)})


def test_who_would_land_where_is_shown_and_then_done(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(asks(f"[{T1}, {{wait: 4 days}}, {T2}]"))
        for who in ("ada", "bob"):
            world.happens("Customer Identified", who, email=f"{who}@example.com")
        world.happens("Asked", "ada")
        world.settle()
        world.apply(asks(f"[{T3}, {T1}, {{wait: 4 days}}, {T3}]"), expected=1)
        world.settle()
        head = read_head(world.connection)
        shown = migrate_passages(world.connection, world.clock, "w", {}, "eve", is_meant=False)
        assert [(each.step, each.passages, each.to) for each in shown.landings] == [("1", 1, "2")]
        assert "goes on at step 2" in "\n".join(listed_landings(shown))
        assert read_head(world.connection).position == head.position, "looking changes nothing"
        migrate_passages(world.connection, world.clock, "w", {}, "eve", is_meant=True)
        world.settle()
        assert migrate_passages(world.connection, world.clock, "w", {}, "eve", is_meant=True).landings == ()
        world.after(4 * DAY)
        assert [row[0] for row in world.rows("select content from outbox order by reserved_at")] == [
            "t1",
            "t3",
        ]
        (moved,) = world.rows("select properties from events where name = 'Enrollment Migrated'")
        assert json.loads(moved[0])["by"] == "eve"


def test_a_step_without_a_place_stays_and_one_that_is_named_moves(database: str) -> None:
    with open_world(database) as world:
        world.apply(asks(f"[{T1}, {{wait: 4 days, name: rest}}, {T2}]"))
        world.happens("Customer Identified", "ada", email="ada@example.com")
        world.happens("Asked", "ada")
        world.settle()
        world.apply(asks(f"[{T1}, {{wait: 9 days}}, {T3}, {{wait: 8 days, name: later}}, {T2}]"), expected=1)
        world.settle()
        shown = migrate_passages(world.connection, world.clock, "w", {}, "eve", is_meant=False)
        assert [each.to for each in shown.landings] == [None]
        shown = migrate_passages(world.connection, world.clock, "w", {"rest": "later"}, "eve", is_meant=False)
        assert [each.to for each in shown.landings] == ["3"]
        with pytest.raises(ConfigError, match="did you mean later"):
            migrate_passages(world.connection, world.clock, "w", {"rest": "latr"}, "eve", is_meant=True)
        with pytest.raises(ConfigError, match="got nothing-such"):
            migrate_passages(world.connection, world.clock, "nothing-such", {}, "eve", is_meant=True)


def test_whose_arm_is_gone_is_shown_to_stay_and_stays(database: str) -> None:
    def of(one: str, two: str) -> Documents:
        says = f"{{email: {{content: {{{one}: t2, {two}: t3}}, intent: help}}}}"
        arms = f", vary: message, arms: {{{one}: 50%, {two}: 50%}}"
        journey = f"[{T1}, {{wait: 4 days}}, {says}]"
        return make_documents({"w": workflow(trigger="{on: Asked}", journey=journey, experiment=arms)})

    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(of("one", "two"))
        world.happens("Customer Identified", "ada", email="ada@example.com")
        world.happens("Asked", "ada")
        world.settle()
        world.apply(of("three", "four"), expected=1)
        world.settle()
        shown = migrate_passages(world.connection, world.clock, "w", {}, "eve", is_meant=True)
        assert [each.to for each in shown.landings] == [None]
        assert "stays as it is: it was drawn into arm" in "\n".join(listed_landings(shown))
        world.after(5 * DAY)
        assert world.rows("select content in ('t2', 't3') from outbox order by reserved_at") == [
            (False,),
            (True,),
        ]
        assert sum(sink.accepted.values()) == 2


def test_a_passage_that_was_ended_says_nothing_more_and_why(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(asks(f"[{T1}, {{wait: 4 days}}, {T2}]"))
        world.happens("Customer Identified", "ada", email="ada@example.com")
        world.happens("Asked", "ada")
        world.settle()
        assert end_passages(world.connection, world.clock, "w", "c:ada", "eve", "asked by phone") == 1
        world.after(5 * DAY)
        assert world.rows("select reason, rule from decisions order by number desc limit 1") == [
            ("ended_by_hand", "asked by phone")
        ]
        assert sum(sink.accepted.values()) == 1
        with pytest.raises(ConfigError, match="a unit that is in w now"):
            end_passages(world.connection, world.clock, "w", "c:ada", "eve", "again")


def test_a_webhook_is_told_once_signed_and_the_journey_goes_on(database: str) -> None:
    with open_sink() as sink, open_gateway() as gateway, open_world(database, sink, gateway) as world:
        world.apply(asks(f"[{{webhook: {{url: '{gateway.url}'}}}}, {T1}]"))
        world.happens("Customer Identified", "ada", email="ada@example.com", size=3)
        world.happens("Asked", "ada")
        world.settle()
        ((headers, body),) = gateway.requests
        said = json.loads(body)
        assert said["type"] == "journey.step_reached"
        assert (said["data"]["customer_id"], said["data"]["step"]) == ("ada", "0")
        assert said["data"]["traits"]["size"] == 3
        assert {name.lower() for name in headers} >= {"webhook-id", "webhook-signature", "webhook-timestamp"}
        assert sum(sink.accepted.values()) == 1


def test_an_accounts_webhook_names_no_customer(database: str) -> None:
    with open_gateway() as gateway, open_world(database, None, gateway) as world:
        text = workflow(
            trigger="{on: Asked}",
            unit="account",
            journey=f"[{{webhook: {{url: '{gateway.url}'}}}}, {{wait: 1 day}}]",
        )
        world.apply(make_documents({"w": text}))
        world.happens("Account Identified", "ada", "acme", name="Acme")
        world.happens("Asked", None, "acme")
        world.settle()
        ((_, body),) = gateway.requests
        assert json.loads(body)["data"]["account_id"] == "acme"
        assert json.loads(body)["data"]["customer_id"] is None
        assert world.states() == {"sent": 1}


def test_a_webhook_to_a_host_that_was_not_allowed_fails_and_says_so(database: str) -> None:
    with open_gateway() as gateway, open_world(database, None, gateway) as world:
        world.apply(asks("[{webhook: {url: 'https://10.1.2.3/x'}}, {wait: 1 day}]"))
        world.happens("Asked", "ada")
        world.settle()
        ((state, reason),) = world.rows("select state, reason from outbox")
        assert (state, "UPSELL_WEBHOOK_HOSTS" in reason) == ("failed", True)


def test_what_an_outage_held_up_is_sent_spread_over_an_hour(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(asks(f"[{{wait: 1 day}}, {T1}]"))
        people = [f"u{number}" for number in range(40)]
        for who in people:
            world.happens("Customer Identified", who, email=f"{who}@example.com")
            world.happens("Asked", who)
        world.settle()
        # Nobody works for two days; what was due after one is late.
        world.clock.move_to(world.clock.now() + 2 * DAY)
        world.settle()
        assert sum(sink.accepted.values()) == 0
        sent = []
        for _ in range(4):
            world.clock.move_to(world.clock.now() + HOUR // 4)
            world.settle()
            sent.append(sum(sink.accepted.values()))
        assert sent[-1] == len(people)
        assert 0 < sent[0] < sent[1] < sent[2] < sent[3]


def test_what_waited_for_a_dispatcher_is_sent_spread_over_an_hour_once_one_begins(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(asks(f"[{T1}]"))
        people = [f"u{number}" for number in range(40)]
        for who in people:
            world.happens("Customer Identified", who, email=f"{who}@example.com")
            world.happens("Asked", who)
        world.worker.run_until_idle()
        # The worker works on; nobody sends for two days.
        world.clock.move_to(world.clock.now() + 2 * DAY)
        world.happens("Customer Identified", "new", email="new@example.com")
        world.happens("Asked", "new")
        world.worker.run_until_idle()
        assert world.dispatcher.spread_late() == len(people)
        assert world.dispatcher.spread_late() == 0, "once"
        world.settle()
        sent = [sum(sink.accepted.values())]
        for _ in range(4):
            world.clock.move_to(world.clock.now() + HOUR // 4)
            world.settle()
            sent.append(sum(sink.accepted.values()))
        assert sent[0] < 10, "the one in time, and hardly any of the others"
        assert sent[0] < sent[1] < sent[2] < sent[3] < sent[4] == len(people) + 1


def test_what_is_in_time_is_sent_at_once(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(asks(f"[{{wait: 1 day}}, {T1}]"))
        world.happens("Customer Identified", "ada", email="ada@example.com")
        world.happens("Asked", "ada")
        world.after(DAY + HOUR // 2)
        assert sum(sink.accepted.values()) == 1
