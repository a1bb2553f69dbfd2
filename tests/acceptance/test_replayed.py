"""Told again, told late, told as history: what the ledger and the worker make of it, over PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from tests.live_world import LiveWorld, everything, make_documents, open_world, two_mails
from upsell.clock import DAY, HOUR
from upsell.store.ledger import Outcome

pytestmark = pytest.mark.postgres


@pytest.fixture
def world(database: str) -> Iterator[LiveWorld]:
    with open_world(database) as opened:
        opened.apply(make_documents({"w": two_mails()}))
        yield opened


def told(world: LiveWorld) -> object:
    """All the worker wrote, and how many events the ledger holds."""
    return everything(world), world.rows("select count(*) from events")


def test_events_taken_again_change_neither_the_ledger_nor_anything_the_worker_wrote(world: LiveWorld) -> None:
    events = [
        world.event("Customer Identified", "ada", email="ada@acme.example"),
        world.event("Subscription Started", "ada", plan="starter", amount=4900),
        world.event("Pricing Viewed", "ada"),
    ]
    world.append(events)
    world.worker.run_until_idle()
    before = told(world)
    assert world.states() == {"reserved": 1}
    again = world.append(events)
    world.worker.run_until_idle()
    assert [answer.outcome for answer in again] == [Outcome.DUPLICATE] * 3
    assert told(world) == before


def test_another_body_under_a_known_id_is_told_and_changes_nothing(world: LiveWorld) -> None:
    event = world.event("Subscription Started", "ada", plan="starter", amount=4900)
    world.append([event])
    world.worker.run_until_idle()
    before = told(world)
    other = msgspec.structs.replace(event, properties={"plan": "pro", "amount": 14900})
    assert world.append([other])[0].outcome is Outcome.CONFLICT
    world.worker.run_until_idle()
    assert told(world) == before


@pytest.mark.parametrize(
    ("ago", "is_historical", "messages"),
    [(HOUR, False, {"reserved": 1}), (DAY + HOUR, False, {}), (0, True, {}), (HOUR, True, {})],
    ids=["late", "stale", "history", "late history"],
)
def test_a_late_event_starts_a_message_and_a_stale_or_historical_one_never_does(
    world: LiveWorld, ago: int, messages: dict[str, int], *, is_historical: bool
) -> None:
    world.append([world.event("Customer Identified", "ada", email="ada@acme.example")])
    viewed = world.event("Pricing Viewed", "ada")
    world.append(
        [msgspec.structs.replace(viewed, occurred_at=viewed.occurred_at - ago, is_historical=is_historical)]
    )
    world.worker.run_until_idle()
    assert world.states() == messages
