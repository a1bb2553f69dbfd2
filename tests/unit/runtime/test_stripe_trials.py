"""Letters about trials, and what fails of one: the others have their receipts, and it is told again."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

import msgspec
import psycopg
import pytest

from upsell.channels.channel import Answer, Letter, Receipt
from upsell.channels.fulfillers import Fulfilment, Outcome
from upsell.channels.stripe_door import StripeDoor
from upsell.channels.webhook import STRIPE
from upsell.clock import SystemClock
from upsell.decisions.intents import Intent
from upsell.decisions.terms import Terms
from upsell.errors import StoreError
from upsell.journeys.effects import Speak
from upsell.journeys.trials import ACCEPTED, ENDED
from upsell.runtime.stripe_billing import StripeBilling
from upsell.runtime.stripe_trials import StepChannel, StripeTrials
from upsell.runtime.trial_tasks import leave_trial
from upsell.store.outbox import Finished, Queued, State

NOBODY = "postgresql://nobody@127.0.0.1:1/none"
"""Where no database answers."""

GRANTED = "trial.granted"
ENDS = "it ends by itself at Stripe, without a charge"
DONE = Fulfilment(Outcome.DONE, detail="sub_1 lets them try it")


def letter(key: str, kind: str, recipient: str = STRIPE, **data: Any) -> Letter:
    terms = Terms("pro-trial", "pro", "Pro", "USD", "month", full=14_900, price=14_900)
    about = {"enrollment": "e1", "offer": "pro-trial", "customer_id": "ada", "terms": terms, **data}
    said = {"type": kind, "timestamp": "2026-03-02T12:00:00Z", "data": about}
    return Letter(key, "", "", recipient, "", "", msgspec.json.encode(said).decode(), 0)


def make_trials() -> StripeTrials:
    billing = StripeBilling(
        NOBODY, StripeDoor("sk_test_x", "http://127.0.0.1:1", 1.0), "https://acme.example"
    )
    return StripeTrials(NOBODY, SystemClock(), billing)


def tell(channel: StripeTrials | StepChannel, *letters: Letter) -> dict[str, Receipt]:
    return {each.key: each for each in asyncio.run(channel.send(letters, 30.0))}


class Posts:
    """Servers of the team's own that take every letter, or fail."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.begun = threading.Event()

    async def send(self, letters: Sequence[Letter], within: float) -> list[Receipt]:
        del within
        self.begun.set()
        if self.error is not None:
            raise self.error
        return [Receipt(each.key, Answer.ACCEPTED, "200") for each in letters]

    async def close(self) -> None:
        pass


def test_a_database_that_does_not_answer_puts_off_one_letter_and_loses_no_receipt() -> None:
    told = tell(
        make_trials(), letter("a", ENDED), letter("b", ACCEPTED), letter("c", GRANTED), letter("d", ENDED)
    )
    assert [told[key].answer for key in "abcd"] == [
        Answer.ACCEPTED, Answer.NOT_NOW, Answer.NOT_NOW, Answer.ACCEPTED,
    ]  # fmt: skip
    assert all(told[key].is_fault and told[key].is_begun for key in "bc")
    assert "expected a PostgreSQL database to answer" in told["b"].detail


@pytest.mark.parametrize(
    "error", [psycopg.errors.AdminShutdown("gone"), StoreError("gone"), msgspec.ValidationError("gone")]
)
def test_what_the_database_breaks_off_of_one_letter_is_told_again(error: Exception) -> None:
    with patch.object(StripeBilling, "fulfil", side_effect=[DONE, error, DONE]):
        told = tell(make_trials(), *(letter(key, GRANTED) for key in "abc"))
    assert [told[key].answer for key in "abc"] == [Answer.ACCEPTED, Answer.NOT_NOW, Answer.ACCEPTED]
    assert (told["b"].detail.endswith("gone"), told["b"].is_fault) == (True, True)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"type": "trial.granted"}'])
def test_a_letter_that_cannot_be_read_is_refused_by_itself(text: str) -> None:
    unread = msgspec.structs.replace(letter("b", GRANTED), text=text)
    told = tell(make_trials(), letter("a", ENDED), unread, letter("c", ENDED))
    assert [told[key].answer for key in "abc"] == [Answer.ACCEPTED, Answer.REFUSED, Answer.ACCEPTED]
    assert "expected a letter about a trial" in told["b"].detail
    no_terms = tell(make_trials(), letter("a", GRANTED, terms=None))["a"]
    assert (no_terms.answer, "$.data.terms" in no_terms.detail) == (Answer.REFUSED, True)


def test_where_the_teams_servers_fail_the_receipts_of_stripe_are_kept() -> None:
    channel = StepChannel(Posts(RuntimeError("broken")), make_trials())
    told = tell(channel, letter("a", ENDED), letter("b", GRANTED, "https://acme.example/hook"))
    assert told["a"] == Receipt("a", Answer.ACCEPTED, ENDS)
    assert (told["b"].answer, "broken" in told["b"].detail) == (Answer.UNKNOWN, True)


def test_where_stripe_fails_the_receipts_of_the_teams_servers_are_kept_and_it_is_told_again() -> None:
    with patch.object(StripeTrials, "_tell", side_effect=RuntimeError("broken")):
        channel = StepChannel(Posts(), make_trials())
        told = tell(channel, letter("a", ENDED), letter("b", GRANTED, "https://acme.example/hook"))
    assert told["b"] == Receipt("b", Answer.ACCEPTED, "200")
    assert (told["a"].answer, told["a"].is_fault) == (Answer.NOT_NOW, True)


def test_neither_side_waits_for_the_other() -> None:
    posts = Posts()

    def wait(_: StripeTrials, about: Letter) -> Receipt:
        return Receipt(about.key, Answer.ACCEPTED, str(posts.begun.wait(5)))

    with patch.object(StripeTrials, "_tell", wait):
        told = tell(
            StepChannel(posts, make_trials()), letter("a", ENDED), letter("b", ENDED, "https://a.example")
        )
    assert (told["a"].detail, told["b"].answer) == ("True", Answer.ACCEPTED)


NO_TASK = [
    (letter("a", ENDED), State.FAILED),
    (letter("a", GRANTED), State.RESERVED),
    (letter("a", GRANTED), State.UNKNOWN),
    (letter("a", GRANTED, "https://acme.example/hook"), State.FAILED),
]


@pytest.mark.parametrize(("about", "state"), NO_TASK)
def test_what_ends_by_itself_is_told_again_or_goes_to_a_server_is_no_task(
    about: Letter, state: State
) -> None:
    message = Speak(
        "a", "e1", "t", "v1", "0", 1, "customer:ada", "ada", "webhook", Intent.SERVICE, "", "pro-trial", None,
        {}, 0,
    )  # fmt: skip
    queued = Queued(message, "customer:ada", 0, 4, 1)
    nobody: Any = None
    assert leave_trial(nobody, queued, about, Answer.NOT_NOW, Finished("a", state, "tried"), 0) == []
