"""The contract of a channel: laws that every channel keeps, asked with a stand-in in its provider's place.

For whoever writes a channel: give an ``Example``, and let pytest ask each of ``LAWS`` and, with the address
of a migrated and empty database, each of ``DISPATCHED_LAWS``::

    @pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
    def test_my_channel_keeps_the_contract(law):
        law(my_example())

The first laws are of the channel alone. The others are of what the dispatcher makes of it: a message ends in
a named state, is said at most once whatever dies when, and waits while its channel is stopped.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

import msgspec

from upsell.channels.channel import Answer, Channel, Letter, Receipt
from upsell.clock import DAY, SetClock
from upsell.runtime.apply import apply
from upsell.runtime.dispatcher import FIRST_PAUSE, Dispatcher
from upsell.runtime.worker import Worker
from upsell.signals.events import Event
from upsell.store.connect import Connection, connect
from upsell.store.ledger import append
from upsell.store.stops import end_stop, start_stop
from upsell.testing.stand_ins import Manner, StandIn
from upsell.testing.stories import START

WITHIN: Final = 10.0
"""Seconds in which letters are begun, where a law is not about that."""

_PATIENCE = 5.0
_LEASE = 60


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """A channel with a stand-in of its provider.

    Attributes:
        channel: What messages call the channel, such as ``sms``.
        stands_in: Opens a stand-in of the provider.
        opens: Makes the channel, aimed at a stand-in.
        letter: Writes a letter with a key.
        traits: Gives the traits of a customer by number that say where they are reached.
        step: Writes the step of a journey that speaks by the channel, in YAML; it goes by ``t1``.
        templates: Documents beside the settings, such as ``templates/t1.sms.txt``.
        arrange: Keeps what else has to be known of a customer to reach them, by their id.
        broken: What is made of an answer that says that something broke on the provider's side: unknown, or
            not now where the provider promises that it took nothing.
        odd: What a recipient may be that reaches nobody.
        at_once: The most letters that are under way at once.
    """

    channel: str
    stands_in: Callable[[], AbstractContextManager[StandIn]]
    opens: Callable[[StandIn], Channel]
    letter: Callable[[StandIn, str], Letter]
    traits: Callable[[StandIn, int], dict[str, Any]]
    step: Callable[[StandIn], str]
    templates: Mapping[str, str] = {}
    arrange: Callable[[StandIn, Connection, SetClock, str], object] = lambda *_: None
    broken: Answer = Answer.UNKNOWN
    odd: Sequence[str] = ("", "\r\nDATA", "a b", "☃", "\ud800", "x" * 70_000)
    at_once: int = 8


def every_letter_has_one_receipt(example: Example) -> None:
    """Each letter has one receipt, whatever becomes of the others, in any order; none has none."""
    manners = [Manner.ACCEPTS, Manner.REFUSES, Manner.NOT_NOW, Manner.ACCEPTS, Manner.BREAKS, Manner.HANGS_UP]
    with example.stands_in() as stand_in:
        keys = [f"key{number}" for number in range(len(manners))]
        for key, manner in zip(keys, manners, strict=True):
            stand_in.be(manner, key)
        told = _send(example, stand_in, keys)
        _hold(sorted(each.key for each in told) == keys, f"expected a receipt for each of {keys}, got {told}")
        _hold(_send(example, stand_in, []) == [], "expected no receipts for no letters")


def an_answer_is_what_the_provider_said(example: Example) -> None:
    """Accepted, refused for good and not now are the provider's words, with what it said; each was begun."""
    expected = {
        Manner.ACCEPTS: Answer.ACCEPTED,
        Manner.REFUSES: Answer.REFUSED,
        Manner.NOT_NOW: Answer.NOT_NOW,
        Manner.BREAKS: example.broken,
    }
    with example.stands_in() as stand_in:
        for manner, answer in expected.items():
            stand_in.be(manner)
            (told,) = _send(example, stand_in, [manner.name])
            _hold(told.answer is answer, f"{manner.value}: expected {answer}, got {told}")
            _hold(told.is_begun, f"{manner.value}: expected it to count as an attempt, got {told}")
            _hold(manner is Manner.ACCEPTS or told.detail != "", f"{manner.value}: expected words for people")


def accepted_is_only_what_was_taken(example: Example) -> None:
    """No receipt says accepted of what the provider did not take, and what it took once it was given once."""
    with example.stands_in() as stand_in:
        for number, manner in enumerate(Manner):
            stand_in.be(manner, f"key{number}")
        told = _send(example, stand_in, [f"key{number}" for number in range(len(Manner))])
        for each in told:
            came, taken = stand_in.came[each.key], stand_in.accepted[each.key]
            _hold(came == 1, f"expected that {each.key} was given once, it came {came} times: {each}")
            _hold(
                each.answer is not Answer.ACCEPTED or taken == 1,
                f"expected no acceptance of what was not taken: {each}",
            )


def what_may_have_been_taken_is_unknown(example: Example) -> None:
    """Whoever hangs up after a letter, or says what is no answer, may have it: nobody gives it again."""
    with example.stands_in() as stand_in:
        for manner in (Manner.HANGS_UP, Manner.BABBLES):
            stand_in.be(manner)
            (told,) = _send(example, stand_in, [manner.name])
            _hold(told.answer is Answer.UNKNOWN, f"{manner.value}: expected {Answer.UNKNOWN}, got {told}")
            _hold(
                stand_in.came[manner.name] == 1, f"{manner.value}: expected it once, it came {stand_in.came}"
            )


def where_nobody_listens_it_may_be_tried_again(example: Example) -> None:
    """What was handed to nobody may be tried again."""
    with example.stands_in() as stand_in:
        pass
    for each in _send(example, stand_in, ["a", "b"]):
        _hold(each.answer is Answer.NOT_NOW, f"expected {Answer.NOT_NOW}, got {each}")


def nothing_is_begun_after_its_time(example: Example) -> None:
    """With no time left nothing is begun: not now, no attempt, and the provider heard of nothing."""
    with example.stands_in() as stand_in:
        for each in _send(example, stand_in, ["a", "b", "c"], within=0.0):
            _hold(each.answer is Answer.NOT_NOW, f"expected {Answer.NOT_NOW}, got {each}")
            _hold(not each.is_begun, f"expected that it is no attempt, got {each}")
        _hold(not stand_in.came, f"expected that nothing comes, got {stand_in.came}")


def a_slow_provider_is_left_the_rest(example: Example) -> None:
    """Of more letters than a slow provider has time for, those that were not begun never came to it."""
    keys = [f"key{number:02}" for number in range(3 * example.at_once)]
    with example.stands_in() as stand_in:

        async def act(channel: Channel) -> list[Receipt]:
            """Hand letters over."""
            # Connections are open before the time runs, so that it is the provider that is slow.
            await channel.send([example.letter(stand_in, "first")], WITHIN)
            stand_in.pause = 0.15
            return await channel.send([example.letter(stand_in, key) for key in keys], 0.05)

        told = {each.key: each for each in _run(example, stand_in, act)}
        _hold(sorted(told) == keys, f"expected a receipt for each, got {sorted(told)}")
        left = [each for each in told.values() if not each.is_begun]
        _hold(bool(left), "expected that some were not begun; say at_once of the example")
        for each in left:
            _hold(each.answer is Answer.NOT_NOW, f"expected {Answer.NOT_NOW}, got {each}")
            _hold(stand_in.came[each.key] == 0, f"it is told as not begun, and came: {each}")
        for key in told.keys() - {each.key for each in left}:
            _hold(stand_in.came[key] == 1, f"expected that what was begun comes once: {told[key]}")


def a_key_that_comes_again_is_taken_once(example: Example) -> None:
    """A provider that tells keys apart is told the key: what is given it twice it takes once."""
    with example.stands_in() as stand_in:
        for _ in range(2):
            (told,) = _send(example, stand_in, ["again"])
            _hold(told.answer is Answer.ACCEPTED, f"expected {Answer.ACCEPTED}, got {told}")
        _hold(
            stand_in.came == {"again": 2}, f"expected that the key comes with the letter, got {stand_in.came}"
        )
        if stand_in.knows_keys:
            _hold(stand_in.accepted["again"] == 1, f"expected one letter, got {stand_in.accepted}")


def nothing_about_one_letter_is_raised(example: Example) -> None:
    """A letter to nowhere or with odd words goes or is refused for good, and the rest goes on.

    Nor is an answer that cannot be read: it was taken, or may have been.
    """
    with example.stands_in() as stand_in:
        good = example.letter(stand_in, "good")
        letters = [
            msgspec.structs.replace(good, key=f"odd{number}", recipient=odd)
            for number, odd in enumerate(example.odd)
        ]
        letters += [
            msgspec.structs.replace(good, key=f"text{number}", text=odd, html=odd, subject="")
            for number, odd in enumerate(("", "\x00", "\ud800", "☃" * 5_000))
        ]

        async def act(channel: Channel) -> list[Receipt]:
            """Hand letters over."""
            return await channel.send([*letters, good], WITHIN)

        told = {each.key: each for each in _run(example, stand_in, act)}
        expected = {each.key for each in letters} | {"good"}
        _hold(told.keys() == expected, f"expected a receipt for each, got {sorted(told)}")
        _hold(told["good"].answer is Answer.ACCEPTED, f"expected {Answer.ACCEPTED}, got {told['good']}")
        for each in told.values():
            # Whatever else would be tried again, or be listed as possibly said, for ever.
            _hold(each.answer in (Answer.ACCEPTED, Answer.REFUSED), f"expected one or the other, got {each}")
        stand_in.be(Manner.MUMBLES)
        (mumbled,) = _send(example, stand_in, ["mumbled"])
        is_honest = mumbled.answer in (Answer.ACCEPTED, Answer.UNKNOWN)
        _hold(is_honest, f"expected that what says it was taken may have been, got {mumbled}")


def closing_lets_go(example: Example) -> None:
    """After ``close`` no connection is open, and a second one does nothing."""
    with example.stands_in() as stand_in:

        async def act(channel: Channel) -> list[Receipt]:
            """Hand letters over."""
            told = await channel.send([example.letter(stand_in, key) for key in ("a", "b", "c")], WITHIN)
            await channel.close()
            return told

        _run(example, stand_in, act)
        give_up_at = time.monotonic() + _PATIENCE
        while stand_in.open_connections and time.monotonic() < give_up_at:
            time.sleep(0.005)
        _hold(stand_in.open_connections == 0, f"{stand_in.open_connections} connections are still open")


Law = Callable[[Example], None]

LAWS: Final[tuple[Law, ...]] = (
    every_letter_has_one_receipt,
    an_answer_is_what_the_provider_said,
    accepted_is_only_what_was_taken,
    what_may_have_been_taken_is_unknown,
    where_nobody_listens_it_may_be_tried_again,
    nothing_is_begun_after_its_time,
    a_slow_provider_is_left_the_rest,
    a_key_that_comes_again_is_taken_once,
    nothing_about_one_letter_is_raised,
    closing_lets_go,
)
"""Every law of a channel alone; each raises AssertionError with what was expected and what came."""


def each_message_ends_in_a_named_state(example: Example, database: str) -> None:
    """What a provider said becomes the state of a message; only what is for later is said again."""
    ends = {
        Manner.ACCEPTS: "sent",
        Manner.REFUSES: "failed",
        Manner.NOT_NOW: "reserved",
        Manner.HANGS_UP: "unknown",
    }
    with _reserved(example, database, len(ends)) as (stand_in, clock, connection, keys):
        manners = dict(zip(keys, ends, strict=True))
        for key, manner in manners.items():
            stand_in.be(manner, key)
        _dispatch(example, stand_in, connection, clock)
        expected = {key: ends[manner] for key, manner in manners.items()}
        _hold(_states(connection) == expected, f"expected {expected}, got {_states(connection)}")
        stand_in.be(Manner.ACCEPTS)
        clock.move_to(clock.now() + FIRST_PAUSE)
        _dispatch(example, stand_in, connection, clock)
        expected = {key: "sent" if state == "reserved" else state for key, state in expected.items()}
        _hold(_states(connection) == expected, f"later: expected {expected}, got {_states(connection)}")
        came = {key: 1 + (manner is Manner.NOT_NOW) for key, manner in manners.items()}
        _hold(stand_in.came == came, f"expected that they come {came}, got {stand_in.came}")


def whoever_dies_in_between_leaves_unknown(example: Example, database: str) -> None:
    """A dispatcher that dies between handing over and recording leaves unknown what is never said again."""
    with _reserved(example, database, 3) as (stand_in, clock, connection, keys):
        _die(example, stand_in, database, clock)
        _hold(
            set(_states(connection).values()) == {"sending"}, f"expected sending, got {_states(connection)}"
        )
        for _ in range(2):
            clock.move_to(clock.now() + DAY)
            _dispatch(example, stand_in, connection, clock)
            _hold(
                _states(connection) == dict.fromkeys(keys, "unknown"),
                f"expected unknown, got {_states(connection)}",
            )
        _hold(stand_in.came == dict.fromkeys(keys, 1), f"expected that each comes once, got {stand_in.came}")


def what_is_stopped_waits(example: Example, database: str) -> None:
    """While its channel is stopped a message waits and its provider hears of nothing; then it goes once."""
    with _reserved(example, database, 2) as (stand_in, clock, connection, keys):
        start_stop(connection, clock, example.channel, "", "a person", "a test")
        _dispatch(example, stand_in, connection, clock)
        _hold(not stand_in.came, f"expected that nothing comes while it is stopped, got {stand_in.came}")
        _hold(
            _states(connection) == dict.fromkeys(keys, "reserved"),
            f"expected that they wait, got {_states(connection)}",
        )
        end_stop(connection, clock, example.channel, "", "a person", "the test goes on")
        _dispatch(example, stand_in, connection, clock)
        _hold(stand_in.accepted == dict.fromkeys(keys, 1), f"expected each once, got {stand_in.accepted}")


DispatchedLaw = Callable[[Example, str], None]

DISPATCHED_LAWS: Final[tuple[DispatchedLaw, ...]] = (
    each_message_ends_in_a_named_state,
    whoever_dies_in_between_leaves_unknown,
    what_is_stopped_waits,
)
"""Every law of a channel behind the dispatcher; each has a database of its own, migrated and empty."""


def _hold(is_so: bool, words: str) -> None:
    """Hold a channel to something.

    Raises:
        AssertionError: It is not so.
    """
    if not is_so:
        raise AssertionError(words)


def _run(
    example: Example, stand_in: StandIn, act: Callable[[Channel], Coroutine[None, None, list[Receipt]]]
) -> list[Receipt]:
    async def run() -> list[Receipt]:
        channel = example.opens(stand_in)
        try:
            return await act(channel)
        finally:
            await channel.close()

    return asyncio.run(run())


def _send(
    example: Example, stand_in: StandIn, keys: Sequence[str], *, within: float = WITHIN
) -> list[Receipt]:
    letters = [example.letter(stand_in, key) for key in keys]
    return _run(example, stand_in, lambda channel: channel.send(letters, within))


_SETTINGS = """
name: Acme
currency: USD
zone: UTC
sender: {name: Acme, address: hello@acme.example, postal_address: 1 Road}
"""

_CATALOG = "{default_plan: free, plans: {free: {name: Free, tier: 0}}}"

_WORKFLOW = """
name: A workflow
owner: owner@acme.example
purpose: A test of one law.
review_by: 2027-01-01
unit: customer
trigger: {{on: Asked}}
goal: {{event: Subscription Upgraded, within: 30 days}}
experiment: {{holdout: 0%}}
journey: [{step}]
"""


@contextmanager
def _reserved(
    example: Example, database: str, people: int
) -> Iterator[tuple[StandIn, SetClock, Connection, list[str]]]:
    """Let a message be reserved for each of some people; give what there is then, with the messages' keys."""
    clock = SetClock(START)
    with example.stands_in() as stand_in, connect(database) as connection:
        documents = {
            "upsell.yaml": _SETTINGS,
            "catalog.yaml": _CATALOG,
            "workflows/w.yaml": _WORKFLOW.format(step=example.step(stand_in)),
            **example.templates,
        }
        apply(connection, documents, clock, expected=None)
        events = []
        for number in range(people):
            who, traits = f"u{number}", example.traits(stand_in, number)
            events.append(
                Event(f"{who} is", "Customer Identified", clock.now(), 0, who, None, traits, "test")
            )
            events.append(Event(f"{who} asks", "Asked", clock.now(), 0, who, None, {}, "test"))
            example.arrange(stand_in, connection, clock, who)
        append(connection, events, clock)
        Worker(connection, clock).run_until_idle()
        keys = list(_states(connection))
        _hold(
            len(keys) == people, f"expected that a message is reserved for each of {people}, got {len(keys)}"
        )
        yield stand_in, clock, connection, keys


def _states(connection: Connection) -> dict[str, str]:
    return dict(connection.execute("select key, state from outbox order by key").fetchall())


def _dispatch(example: Example, stand_in: StandIn, connection: Connection, clock: SetClock) -> None:
    channels = {example.channel: example.opens(stand_in)}
    dispatcher = Dispatcher(connection, clock, channels, lease_seconds=_LEASE)
    try:
        dispatcher.run_until_idle()
    finally:
        dispatcher.close()


class _Dead(BaseException):
    """Stands for the end of a process: nothing catches it."""


class _Dying:
    """A channel whose process ends after it has handed over, before anybody hears of it."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    async def send(self, letters: Sequence[Letter], within: float) -> list[Receipt]:
        await self._channel.send(letters, within)
        raise _Dead

    async def close(self) -> None:
        await self._channel.close()


def _die(example: Example, stand_in: StandIn, database: str, clock: SetClock) -> None:
    with connect(database) as connection:
        channels = {example.channel: _Dying(example.opens(stand_in))}
        dispatcher = Dispatcher(connection, clock, channels, lease_seconds=_LEASE)
        try:
            dispatcher.run_until_idle()
        except _Dead:
            return
        finally:
            dispatcher.close()
    msg = "expected that the dispatcher hands over and dies, got a rest"
    raise AssertionError(msg)
