"""Explaining: the past from the ledger alone is what the store said at the time."""

from __future__ import annotations

import pytest

from tests.live_world import ON_PRICING, LiveWorld, make_documents, open_world, two_mails
from upsell.clock import DAY, HOUR
from upsell.decisions.reasons import Reason
from upsell.errors import ConfigError
from upsell.runtime.explaining import explain_now, explain_past

pytestmark = pytest.mark.postgres

TWICE = "{when: \"event_count('Pricing Viewed', interval '7 days') >= 2\", again_after: 1 days}"


def know(world: LiveWorld, customer: str) -> None:
    world.happens("Customer Identified", customer, email=f"{customer}@example.com")


def now(world: LiveWorld, unit: str) -> object:
    return explain_now(world.connection, unit, world.clock.now(), None)


def past(world: LiveWorld, unit: str, at: int) -> object:
    return explain_past(world.connection, unit, at, None)


def test_what_was_said_at_the_time_can_be_said_again_from_the_ledger(database: str) -> None:
    with open_world(database) as world:
        world.apply(make_documents({"twice": two_mails(trigger=TWICE)}))
        told = []
        for step in (lambda: know(world, "ann"), lambda: world.happens("Pricing Viewed", "ann")):
            step()
            world.worker.run_until_idle()
            told.append((world.clock.now(), now(world, "c:ann")))
            world.clock.move_to(world.clock.now() + HOUR)
        world.clock.move_to(world.clock.now() + 30 * DAY)
        assert [(at, past(world, "c:ann", at)) for at, _ in told] == told


def test_the_revision_that_was_live_then_answers_for_then(database: str) -> None:
    with open_world(database) as world:
        world.apply(make_documents({"first": two_mails(trigger=TWICE)}))
        know(world, "ann")
        world.happens("Pricing Viewed", "ann")
        world.worker.run_until_idle()
        before = world.clock.now()
        world.clock.move_to(before + HOUR)
        world.apply(make_documents({"second": two_mails(trigger=TWICE.replace("7 days", "5 days"))}))
        world.worker.run_until_idle()
        after = world.clock.now()
        then = explain_past(world.connection, "ann", before, None)
        assert (then.revision, [one.workflow for one in then.explanations]) == (1, ["first"])
        assert past(world, "ann", after) == now(world, "ann")
        # One view before the revision was live counts under it: new counters are filled.
        (second,) = explain_past(world.connection, "ann", after, None).explanations
        assert [seen.value for seen in second.seen] == [1]


def test_inputs_the_worker_has_not_come_to_are_taken_into_account(database: str) -> None:
    with open_world(database) as world:
        world.apply(make_documents({"twice": two_mails(trigger=TWICE)}))
        know(world, "ann")
        world.worker.run_until_idle()
        world.happens("Pricing Viewed", "ann")
        (one,) = explain_now(world.connection, "ann", world.clock.now(), None).explanations
        assert (one.reason, [seen.value for seen in one.seen]) == (Reason.NOT_TRIGGERED, [1])


def test_who_was_never_heard_of_is_refused_with_what_to_write(database: str) -> None:
    with open_world(database) as world:
        world.apply(make_documents({"twice": two_mails()}))
        with pytest.raises(ConfigError, match="write a:<account> or c:<customer>"):
            now(world, "nobody")


def test_before_anything_is_live_it_says_how_to_put_it_live(database: str) -> None:
    with open_world(database) as world, pytest.raises(ConfigError, match="upsell apply"):
        now(world, "ann")


def test_one_workflow_can_be_asked_and_a_slip_in_its_name_is_answered(database: str) -> None:
    with open_world(database) as world:
        world.apply(make_documents({"one": two_mails(), "other": two_mails(trigger=ON_PRICING)}))
        know(world, "ann")
        world.worker.run_until_idle()
        asked = explain_now(world.connection, "c:ann", world.clock.now(), "other")
        assert [one.workflow for one in asked.explanations] == ["other"]
        with pytest.raises(ConfigError, match="did you mean other"):
            explain_now(world.connection, "c:ann", world.clock.now(), "othr")


def test_whoever_was_held_out_or_refused_before_is_told_so(database: str) -> None:
    with open_world(database) as world:
        mails = two_mails(holdout="99%")
        world.apply(make_documents({"w": mails}))
        world.happens("Pricing Viewed", "no-address")
        for number in range(20):
            know(world, f"c{number}")
            world.happens("Pricing Viewed", f"c{number}")
        world.settle()
        then = world.clock.now()
        world.after(3 * DAY)
        recorded = [
            tuple(
                decided.reason
                for decided in explain_now(world.connection, f"c{number}", world.clock.now(), None).recorded[
                    "w"
                ]
            )
            for number in range(20)
        ]
        assert (Reason.HELD_OUT, Reason.FINISHED) in recorded
        before = explain_past(world.connection, "c0", then - HOUR, None)
        assert before.recorded == {}
        refused = explain_now(world.connection, "no-address", world.clock.now(), None).recorded["w"]
        assert refused[0].reason is Reason.NO_RECIPIENT
