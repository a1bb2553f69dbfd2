"""A batch goes out piece by piece: the gate's answer is fresh for each, and none loses its lease."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from tests.live_world import LiveWorld, make_documents, open_world, two_mails
from upsell.channels.channel import Answer, Letter, Receipt
from upsell.clock import SECOND, SetClock
from upsell.runtime.dispatcher import PIECE, Dispatcher

pytestmark = pytest.mark.postgres


class Slow:
    """A channel that takes 24 seconds over each piece: longer than a third of a lease, shorter than half."""

    def __init__(self, clock: SetClock) -> None:
        self._clock = clock
        self.letters = 0
        self.meanwhile: Callable[[], object] = lambda: None

    async def send(self, letters: Sequence[Letter], within: float) -> list[Receipt]:
        assert within > 24
        self.letters += len(letters)
        self._clock.move_to(self._clock.now() + 24 * SECOND)
        self.meanwhile()
        return [Receipt(letter.key, Answer.ACCEPTED, "taken") for letter in letters]

    async def close(self) -> None:
        pass


def reserve(world: LiveWorld, messages: int) -> None:
    """Let a message be reserved for each of many people."""
    world.apply(make_documents({"w": two_mails("1 days")}))
    people = [f"u{number:04d}" for number in range(messages)]
    world.append([world.event("Customer Identified", who, email=f"{who}@example.com") for who in people])
    world.append([world.event("Pricing Viewed", who) for who in people])
    world.worker.run_until_idle()
    world.clock.move_to(world.clock.now() + SECOND)


def test_a_batch_keeps_its_messages_though_its_pieces_take_longer_than_a_lease(database: str) -> None:
    messages = 5 * PIECE
    with open_world(database) as world:
        reserve(world, messages)
        slow, seen = Slow(world.clock), list[int]()
        other = Dispatcher(world.connection, world.clock, {})
        slow.meanwhile = lambda: seen.append(sum(other.run_once().by_state.values()))
        sender = Dispatcher(world.dispatcher.connection, world.clock, {"email": slow}, batch_size=messages)
        sender.run_once()
        other.close()
        sender.close()
        assert slow.letters == messages
        assert seen == [0] * 5, "another dispatcher finds nothing that is to be taken from this one"
        assert world.states() == {"sent": messages}


def test_what_becomes_true_while_one_piece_is_handed_over_stops_those_behind_it(database: str) -> None:
    messages = 2 * PIECE
    with open_world(database) as world:
        reserve(world, messages)
        slow = Slow(world.clock)

        def withdraw_all() -> None:
            slow.meanwhile = lambda: None
            world.append([world.event("Consent Withdrawn", f"u{number:04d}") for number in range(messages)])

        slow.meanwhile = withdraw_all
        sender = Dispatcher(world.dispatcher.connection, world.clock, {"email": slow}, batch_size=messages)
        sender.run_once()
        sender.close()
        assert world.states() == {"sent": PIECE, "withdrawn": PIECE}


def test_what_is_taken_back_while_it_was_written_is_not_handed_over(database: str) -> None:
    messages = 2 * PIECE
    with open_world(database) as world:
        reserve(world, messages)
        slow = Slow(world.clock)
        take = "update outbox set state = 'withdrawn' where state = 'claimed'"
        slow.meanwhile = lambda: world.connection.execute(take)
        sender = Dispatcher(world.dispatcher.connection, world.clock, {"email": slow}, batch_size=messages)
        sender.run_once()
        sender.close()
        assert slow.letters == PIECE
        assert world.states() == {"sent": PIECE, "withdrawn": PIECE}


def test_a_dispatcher_that_is_stopped_ends_its_piece_and_gives_the_rest_back(database: str) -> None:
    messages = 3 * PIECE
    with open_world(database) as world:
        reserve(world, messages)
        slow = Slow(world.clock)
        sender = Dispatcher(world.dispatcher.connection, world.clock, {"email": slow}, batch_size=messages)
        sender.run_once(lambda: slow.letters > 0)
        sender.close()
        assert world.states() == {"sent": slow.letters, "reserved": messages - slow.letters}
        assert slow.letters < messages
        assert world.rows("select count(*) from outbox where claimed_by is not null") == [(0,)]
