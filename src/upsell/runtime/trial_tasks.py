"""Trial tasks: what Stripe could not be told of a trial is work for a person.

For the dispatcher. The law: of each letter to Stripe that fails for good one task is opened, in the
transaction that writes down that it failed, so that neither is there without the other; of a trial that is
over there is none, for it ends by itself at Stripe, without a charge.
"""

from __future__ import annotations

from typing import Final

import msgspec

from upsell.channels.channel import Answer, Letter
from upsell.channels.webhook import STRIPE
from upsell.clock import Moment
from upsell.decisions.reach import WEBHOOK
from upsell.ids import bare, digest, is_account
from upsell.journeys.effects import OpenTask
from upsell.journeys.trials import ACCEPTED, ENDED
from upsell.runtime.fulfilling import DUE, QUEUE
from upsell.signals.events import TASK_OPENED, Event
from upsell.store.connect import Connection
from upsell.store.outbox import Finished, Queued, State
from upsell.store.tasks import keep_tasks

SOURCE: Final = "billing"
"""The source of what is recorded of trials at Stripe."""


def leave_trial(
    connection: Connection, queued: Queued, letter: Letter, answer: Answer, told: Finished, now: Moment
) -> list[Event]:
    """Open the task of a letter that failed for good, if it was to Stripe; a transaction is open.

    Args:
        connection: The database.
        queued: The message.
        letter: What was to be told.
        answer: What Stripe answered last.
        told: What became of it.
        now: The present.

    Returns:
        What is to be recorded of it; nothing where no task is opened.
    """
    is_failed = told.state is State.FAILED and letter.recipient == STRIPE
    kind = _kind(letter) if is_failed and queued.message.channel == WEBHOOK else ENDED
    if kind == ENDED:
        return []
    payer = queued.household_id
    key, title = digest("task", "trial", told.key), _title(queued, kind, answer, told.reason or "")
    task = OpenTask(
        key=key, enrollment="", workflow="", unit_id=payer, queue=QUEUE, title=title, offer=None,
        opened_at=now, due_at=now + DUE,
    )  # fmt: skip
    if not keep_tasks(connection, [task]):
        return []
    is_of_account = is_account(payer)
    opened = Event(
        id=f"{TASK_OPENED}/{key}",
        name=TASK_OPENED,
        occurred_at=now,
        seen_at=0,
        customer_id=None if is_of_account else bare(payer),
        account_id=bare(payer) if is_of_account else None,
        properties={"key": key, "queue": QUEUE, "title": title},
        source=SOURCE,
    )
    return [opened]


class _Said(msgspec.Struct, frozen=True):
    type: str


def _kind(letter: Letter) -> str:
    """Say what was to be told of the trial; empty where that cannot be read."""
    try:
        return msgspec.json.decode(letter.text, type=_Said).type
    except msgspec.DecodeError:
        return ""


def _title(queued: Queued, kind: str, answer: Answer, why: str) -> str:
    """Say what is to be done; of what was never answered for certain it may have been done at Stripe."""
    what = "took the paid terms of their trial of" if kind == ACCEPTED else "was to try"
    if not kind:
        what = "has, or was to have, a trial of"
    message = queued.message
    name = message.terms.name if message.terms is not None else "something"
    is_certain = answer is Answer.REFUSED
    found = (
        "it could not be set up" if is_certain else "whether it is set up is not known, look at Stripe first"
    )
    return (
        f"{bare(queued.household_id)} {what} {name} ({message.offer}), but {found}: {' '.join(why.split())}"
    )
