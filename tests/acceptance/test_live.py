"""The live path: ledger, worker, outbox, gate and mail together, over a real database and server."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.live_world import LiveWorld, everything, make_documents, open_world, two_mails
from tests.sinks import open_sink
from tests.stories.world import TEMPLATE, workflow
from upsell.clock import DAY, HOUR, MINUTE, SECOND
from upsell.errors import StoreError
from upsell.journeys.advance import concerns_for
from upsell.journeys.program import Program
from upsell.runtime import batches
from upsell.runtime.worker import Worker
from upsell.store.connect import connect
from upsell.store.households import Homes, read_household
from upsell.store.outbox import State, claim_messages, start_sending

pytestmark = pytest.mark.postgres

PAID = "{event: Order Completed, within: 30 days}"


def meet(world: LiveWorld, *customers: str) -> None:
    """Make customers known, with an address."""
    world.append([world.event("Customer Identified", who, email=f"{who}@example.com") for who in customers])


def record_of(world: LiveWorld, statement: str) -> Any:
    return msgspec.json.decode(world.rows(statement)[0][0])


def test_a_trigger_becomes_a_mail_a_receipt_and_after_its_wait_another_mail(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(make_documents({"w": two_mails()}))
        meet(world, "ada", "bob")
        world.happens("Pricing Viewed", "ada")
        assert world.settle() == {State.SENT: 1}
        assert world.after(DAY - SECOND) == {}
        assert world.after(SECOND) == {State.SENT: 1}
        assert len(sink.contents) == 2
        assert b"To: ada@example.com" in sink.contents[0]
        assert world.rows("select reason from decisions order by number") == [("enrolled",), ("finished",)]
        sent = world.rows("select unit_id, contrast, arm from exposures")
        assert sent == [("c:ada", "holdout", "treated")]


def test_a_held_out_unit_walks_and_hears_nothing(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(make_documents({"w": two_mails(holdout="99%")}))
        meet(world, "ada")
        world.happens("Pricing Viewed", "ada")
        world.after(2 * DAY)
        assert not sink.accepted
        assert world.rows("select reason from decisions order by number") == [("held_out",), ("finished",)]
        assert world.rows("select arm from exposures") == [("holdout",)]


@pytest.mark.parametrize(
    ("name", "said", "why"),
    [
        ("Consent Withdrawn", {}, "no_consent"),
        ("Order Completed", {}, "left"),
        ("Message Bounced", {"address": "ada@example.com"}, "left"),
    ],
)
def test_what_became_true_since_the_reservation_stops_the_mail_before_the_worker_has_seen_it(
    database: str, name: str, said: dict[str, str], why: str
) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        journey = "[{email: {content: t1, intent: help}}]"
        world.apply(
            make_documents({"w": workflow(trigger="{on: Pricing Viewed}", journey=journey, goal=PAID)})
        )
        meet(world, "ada", "bob")
        world.happens("Pricing Viewed", "ada")
        world.happens("Pricing Viewed", "bob")
        world.worker.run_until_idle()
        world.happens(name, "ada", **said)
        assert world.dispatcher.run_until_idle().by_state == {
            State.UNKNOWN: 0, State.WITHDRAWN: 1, State.SENT: 1,
        }  # fmt: skip
        assert [b"To: bob@" in content for content in sink.contents] == [True]
        ((reason,),) = world.rows("select reason from outbox where state = 'withdrawn'")
        assert reason.startswith(why)
        receipts = world.rows("select name from events where source = 'dispatcher' order by name")
        assert receipts == [("Message Sent",), ("Message Withheld",)]


def test_a_ticket_opened_since_the_reservation_stops_what_sells_and_freezes_the_journey(
    database: str,
) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        journey = "[{email: {content: t1, intent: show}}]"
        world.apply(make_documents({"w": workflow(trigger="{on: Pricing Viewed}", journey=journey)}))
        meet(world, "ada")
        world.happens("Pricing Viewed", "ada")
        world.worker.run_until_idle()
        world.happens("Ticket Opened", "ada", ticket_id="7")
        assert world.settle() == {State.WITHDRAWN: 1}
        world.happens("Ticket Closed", "ada", ticket_id="7")
        assert world.after(3 * DAY) == {State.SENT: 1}
        assert len(sink.accepted) == 1


def test_a_goal_reached_takes_back_the_message_that_waits_in_the_outbox(database: str) -> None:
    with open_world(database) as world:
        journey = "[{email: {content: t1, intent: help}}]"
        world.apply(
            make_documents({"w": workflow(trigger="{on: Pricing Viewed}", journey=journey, goal=PAID)})
        )
        meet(world, "ada")
        world.happens("Pricing Viewed", "ada")
        world.worker.run_until_idle()
        world.happens("Order Completed", "ada")
        world.worker.run_until_idle()
        assert world.states() == {"withdrawn": 1}


def test_however_the_ledger_is_cut_into_batches_the_records_are_the_same_to_the_byte(database: str) -> None:
    with open_world(database) as world:
        often = "event_count('Clicked', interval '7 days') >= 3"
        rule = f'{{when: "{often}", held_for: 1 hours, again_after: 2 days}}'
        world.apply(
            make_documents({"w": two_mails("1 hours", trigger=rule, holdout="30%"), "v": two_mails()})
        )
        for hour in range(30):
            world.clock.move_to(world.clock.now() + HOUR)
            who = [f"u{(hour * n) % 7}" for n in range(1, 6)]
            joins = [
                world.event("Account Identified", w, "acme", roles=["admin"])
                for w in who[:1]
                if hour % 9 == 8
            ]
            clicks = [world.event("Clicked", w) for w in who]
            views = [world.event("Pricing Viewed", w) for w in who[1:3]]
            world.append(
                [*(world.event("Customer Identified", w, email=f"{w}@example.com") for w in who), *joins]
            )
            world.append([*clicks, *views])
        world.worker.run_until_idle()
        at_once = everything(world)
        for table in ("units", "decisions", "exposures", "outbox", "tasks"):
            world.connection.execute(f"delete from {table}")
        world.connection.execute("delete from events where is_derived")
        world.connection.execute("update cursors set position = 0, seen_at = moment(0)")
        with connect(database) as other:
            world.worker.connection.execute("select pg_advisory_unlock_all()")
            worker = Worker(other, world.clock, batch_size=1)
            worker.run_until_idle()
        assert everything(world) == at_once
        assert len(at_once["decisions"]) > 20


def test_timers_wake_at_their_own_moment_however_late_the_worker_is(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(make_documents({"w": two_mails("1 days")}))
        meet(world, "ada")
        started_at = world.clock.now()
        world.happens("Pricing Viewed", "ada")
        world.settle()
        world.clock.move_to(started_at + 5 * DAY)
        world.worker.run_until_idle()
        reserved = world.rows("select reserved_at from outbox order by reserved_at")
        assert reserved == [(started_at,), (started_at + DAY,)]


def test_a_customer_who_joins_an_account_takes_their_record_along(database: str) -> None:
    with open_world(database) as world:
        world.apply(make_documents({"w": two_mails()}))
        happened = [
            world.event("Account Identified", None, "acme", size=10),
            world.event("Customer Identified", "ada", email="ada@example.com"),
            world.event("Account Identified", "ada", "acme", roles=["admin"]),
            world.event("Pricing Viewed", "ada"),
            world.event("Customer Identified", "bob", email="bob@example.com"),
            world.event("Account Identified", "bob", "acme"),
        ]
        world.append(happened)
        world.worker.run_until_idle()
        rows = world.rows("select unit_id, household_id from units order by unit_id")
        assert rows == [("a:acme", "a:acme"), ("c:ada", "a:acme"), ("c:bob", "a:acme")]
        ada = record_of(world, "select state from units where unit_id = 'c:ada'")
        assert ada["profile"]["traits"] == {"email": "ada@example.com"}
        rosters = world.rows("select household_id, customer_id, role from rosters order by 2")
        assert rosters == [("a:acme", "ada", "admin"), ("a:acme", "bob", "")]


def test_one_event_in_a_large_account_reads_and_writes_what_it_concerns_alone(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_world(database) as world:
        rule = "{when: \"event_count('Clicked', interval '7 days') >= 2\"}"
        world.apply(
            make_documents(
                {
                    "w": workflow(trigger=rule, journey="[{wait: 1 days}]"),
                    "v": workflow(trigger=rule, journey="[{wait: 1 days}]", unit="account"),
                }
            )
        )
        world.append(
            [world.event("Account Identified", f"u{n}", "acme", roles=["member"]) for n in range(3000)]
        )
        world.worker.run_until_idle()
        before = dict(world.rows("select unit_id, xmin::text from units"))
        assert len(before) == 3001
        rosters = "select customer_id, xmin::text from rosters"
        members = dict(world.rows(rosters))
        loaded: list[int] = []
        loading = batches.Batch.__init__

        def counted(batch: batches.Batch, program: Program, homes: Homes) -> None:
            account = homes.households["a:acme"]
            loaded.extend([len(account.roster), len(account.customers)])
            loading(batch, program, homes)

        monkeypatch.setattr(batches.Batch, "__init__", counted)
        world.happens("Clicked", "u7")
        world.worker.run_until_idle()
        after = dict(world.rows("select unit_id, xmin::text from units"))
        # Rows that were read are locked and not written: their newest version is the one from before.
        assert {unit for unit in after if after[unit] != before[unit]} == {"a:acme", "c:u7"}
        assert loaded == [1, 1]
        world.happens("Account Identified", "u8", "acme", roles=["member", "billing"])
        world.worker.run_until_idle()
        changed = dict(world.rows(rosters))
        assert {who for who in changed if changed[who] != members[who]} == {"u8"}


def test_members_in_a_role_that_is_addressed_hear_what_the_account_is_told(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        journey = "[{email: {content: t1, intent: help, to: admin}}]"
        world.apply(
            make_documents({"w": workflow(trigger="{on: Pricing Viewed}", journey=journey, unit="account")})
        )
        for who, role in (("ada", "admin"), ("bob", "member"), ("cyd", "admin")):
            world.happens("Account Identified", who, "acme", roles=[role])
            world.happens("Customer Identified", who, email=f"{who}@example.com")
        world.settle()
        world.happens("Pricing Viewed", "bob", "acme")
        assert world.settle() == {State.SENT: 2}
        recipients = sorted(
            line for content in sink.contents for line in content.split(b"\r\n") if line[:3] == b"To:"
        )
        assert recipients == [b"To: ada@example.com", b"To: cyd@example.com"]


def test_a_revision_counts_from_its_place_in_the_ledger_and_not_before(database: str) -> None:
    with open_world(database) as world:
        world.apply(make_documents({"w": two_mails()}))
        meet(world, "ada", "bob")
        world.happens("Pricing Viewed", "ada")
        world.apply(make_documents({"w": two_mails(trigger="{on: Report Run}")}), expected=1)
        world.happens("Pricing Viewed", "bob")
        world.happens("Report Run", "bob")
        world.worker.run_until_idle()
        assert world.rows("select unit_id, reason from decisions order by number") == [
            ("c:ada", "enrolled"), ("c:bob", "enrolled"),
        ]  # fmt: skip
        assert world.rows("select distinct revision, launched_to from cursors") == [(2, None)]


def test_new_counters_are_filled_from_the_ledger_before_the_revision_goes_live(database: str) -> None:
    rule = "{when: \"event_count('Clicked', interval '7 days', properties.place = 'menu') >= 3\"}"
    with open_world(database) as world:
        world.apply(make_documents({"w": two_mails()}))
        meet(world, "ada", "bob")
        world.happens("Clicked", "bob", place="menu")
        world.clock.move_to(world.clock.now() + 8 * DAY)
        for place in ("menu", "page", "menu"):
            world.happens("Clicked", "ada", place=place)
            world.happens("Clicked", "bob", place=place)
        world.worker.run_until_idle()
        world.apply(make_documents({"w": two_mails(), "v": two_mails(trigger=rule)}), expected=1)
        world.happens("Clicked", "ada", place="menu")
        world.worker.run_until_idle()
        assert world.rows("select unit_id, workflow, reason from decisions") == [("c:ada", "v", "enrolled")]


def test_a_new_rule_about_the_first_or_last_event_ever_is_filled_from_the_whole_ledger(database: str) -> None:
    rule = "{when: \"days_since(first_event('Clicked')) > 400 and last_event('Opened') is null\"}"
    with open_world(database) as world:
        world.apply(make_documents({"w": two_mails()}))
        meet(world, "ada", "bob")
        world.append([world.event("Clicked", "ada"), world.event("Opened", "bob")])
        world.clock.move_to(world.clock.now() + 399 * DAY)
        world.worker.run_until_idle()
        world.apply(make_documents({"w": two_mails(), "v": two_mails(trigger=rule)}), expected=1)
        world.after(2 * DAY)
        assert ("c:ada", "v") in world.rows("select unit_id, workflow from decisions")
        assert not world.rows("select 1 from decisions where unit_id = 'c:bob' and workflow = 'v'")


def test_a_unit_in_a_journey_keeps_the_version_it_entered_with(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(make_documents({"w": two_mails()}))
        meet(world, "ada")
        world.happens("Pricing Viewed", "ada")
        world.settle()
        world.apply(make_documents({"w": two_mails()}, template=TEMPLATE.replace("for", "NEW")), expected=1)
        meet(world, "bob")
        world.happens("Pricing Viewed", "bob")
        world.after(2 * DAY)
        is_new = {content.split(b"To: ")[1][:3]: b"NEW" in content for content in sink.contents}
        assert is_new == {b"ada": False, b"bob": True}
        assert len(sink.contents) == 4


def test_what_came_in_before_the_first_revision_is_taken_under_it(database: str) -> None:
    with open_world(database) as world:
        meet(world, "ada")
        world.happens("Pricing Viewed", "ada")
        assert world.worker.run_until_idle() == 0
        world.apply(make_documents({"w": two_mails()}), expected=0)
        assert world.worker.run_until_idle() == 2
        assert world.rows("select unit_id, reason from decisions") == [("c:ada", "enrolled")]


def test_applying_over_a_newer_revision_is_refused_with_the_difference(database: str) -> None:
    with open_world(database) as world:
        world.apply(make_documents({"w": two_mails()}), expected=0)
        world.apply(make_documents({"w": two_mails("2 days")}), expected=1)
        with pytest.raises(
            StoreError,
            match=r"made from revision 2, which is live, got one made from revision 1[\s\S]*-.*wait: 2 days",
        ):
            world.apply(make_documents({"w": two_mails("3 days")}), expected=1)
        assert world.rows("select max(number) from revisions") == [(2,)]


def test_applying_what_is_live_makes_no_revision(database: str) -> None:
    with open_world(database) as world:
        assert world.apply(make_documents({"w": two_mails()}), expected=0) == 1
        assert world.apply(make_documents({"w": two_mails()}), expected=1) == 1


def test_a_server_that_says_not_now_is_asked_again_later_and_at_last_no_more(database: str) -> None:
    with open_sink(lambda _: "451 not now") as sink, open_world(database, sink) as world:
        world.apply(make_documents({"w": two_mails()}))
        meet(world, "ada")
        world.happens("Pricing Viewed", "ada")
        tried = [world.settle()]
        for pause in (30 * SECOND, MINUTE, 2 * MINUTE, 4 * MINUTE):
            assert world.after(pause - SECOND) == {}
            tried.append(world.after(SECOND))
        assert tried == [{State.RESERVED: 1}] * 4 + [{State.FAILED: 1}]
        assert world.rows("select reason from outbox") == [("tried 5 times: 451 not now",)]
        assert world.rows("select name from events where source = 'dispatcher'") == [("Message Failed",)]


def test_a_message_that_cannot_be_written_fails_and_says_why(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(
            make_documents({"w": two_mails()}, template=TEMPLATE.replace("customer.email", "customer.title"))
        )
        meet(world, "ada")
        world.happens("Pricing Viewed", "ada")
        assert world.settle() == {State.FAILED: 1}
        assert not sink.accepted
        ((reason,),) = world.rows("select reason from outbox")
        assert "customer.title" in reason


def test_what_a_lost_dispatcher_only_claimed_is_sent_and_what_it_was_sending_is_unknown(
    database: str,
) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(make_documents({"w": two_mails()}))
        meet(world, "ada", "bob")
        world.append([world.event("Pricing Viewed", who) for who in ("ada", "bob")])
        world.worker.run_until_idle()
        now, lease_ends_at = world.clock.now(), world.clock.now() + MINUTE
        claimed = claim_messages(world.connection, "lost", now, lease_ends_at, 10)
        first = claimed[0].message
        assert start_sending(world.connection, "lost", [first.key], now, lease_ends_at) == {first.key}
        assert world.dispatcher.run_until_idle().by_state == {State.UNKNOWN: 0}
        world.clock.move_to(lease_ends_at)
        assert world.settle() == {State.UNKNOWN: 1, State.SENT: 1}
        assert first.key not in sink.accepted
        # An unknown counts as sent, so both journeys go on.
        assert world.after(DAY) == {State.SENT: 2}


def test_two_dispatchers_never_claim_the_same_message(database: str) -> None:
    with open_world(database) as world, connect(database) as other:
        world.apply(make_documents({"w": two_mails()}))
        customers = [f"u{n}" for n in range(20)]
        meet(world, *customers)
        world.append([world.event("Pricing Viewed", who) for who in customers])
        world.worker.run_until_idle()
        now = world.clock.now()
        with world.connection.transaction():
            first = claim_messages(world.connection, "one", now, now + MINUTE, 12)
            second = claim_messages(other, "two", now, now + MINUTE, 12)
        keys = [queued.message.key for queued in (*first, *second)]
        assert (len(first), len(second), len(set(keys))) == (12, 8, 20)
        assert start_sending(other, "two", [first[0].message.key], now, now + MINUTE) == frozenset()


def test_two_workers_share_the_shards_and_together_take_everything(database: str) -> None:
    with open_world(database) as world, connect(database) as one, connect(database) as two:
        world.apply(make_documents({"w": two_mails()}))
        customers = [f"u{n}" for n in range(60)]
        meet(world, *customers)
        world.append([world.event("Pricing Viewed", who) for who in customers])
        with pytest.raises(StoreError, match="another worker"):
            Worker(one, world.clock).run_once()
        world.worker.connection.execute("select pg_advisory_unlock_all()")
        workers = [Worker(one, world.clock, shards=range(8)), Worker(two, world.clock)]
        assert [worker.shards for worker in workers] == [tuple(range(8)), tuple(range(8, 16))]
        assert sum(worker.run_until_idle() for worker in workers) == 120
        assert world.rows("select count(*) from decisions where reason = 'enrolled'") == [(60,)]


def test_a_household_is_read_as_the_worker_keeps_it(database: str) -> None:
    with open_world(database) as world:
        world.apply(make_documents({"w": two_mails()}))
        world.happens("Account Identified", "ada", "acme", roles=["admin"], name="Acme")
        world.worker.run_until_idle()
        program = world.worker._programs.program(1)
        household = read_household(world.connection, "c:ada", concerns_for(program).roles, world.clock.now())
        assert household.id == "a:acme"
        assert household.account is not None
        assert household.account.profile.traits == {"name": "Acme"}
        assert set(household.customers) == {"ada"}


def test_what_is_limited_is_gone_once_it_was_taken(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        documents = make_documents(
            {"w": workflow(trigger="{on: Asked}", journey="[{email: {content: t1, offer: pro-annual}}]")}
        )
        catalog = documents["catalog.yaml"]
        world.apply(
            {**documents, "catalog.yaml": catalog.replace("discount: 10%", "discount: 10%, stock: 1")}
        )
        for who in ("ada", "bob"):
            world.happens("Customer Identified", who, email=f"{who}@example.com")
        world.happens("Asked", "ada")
        world.worker.run_until_idle()
        world.happens("Offer Accepted", "ada", offer="pro-annual", key="k")
        world.worker.run_until_idle()
        world.clock.move_to(world.clock.now() + 1)  # what is taken is heard of the moment after
        world.happens("Asked", "bob")
        world.worker.run_until_idle()
        reasons = world.rows("select unit_id, reason from decisions order by decided_at, unit_id")
        assert reasons == [("c:ada", "enrolled"), ("c:bob", "offer_gone")]
        (terms,) = world.rows("select terms::json ->> 'price' from outbox")
        assert terms == ("13410",)
