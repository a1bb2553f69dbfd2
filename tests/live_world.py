"""A small live world for tests: definitions, events, and the parts of the program over one database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any

from tests.sinks import GATEWAY_SECRET, HOST, LOCAL, Gateway, Sink
from tests.stories.world import CATALOG, SETTINGS, START, TEMPLATE, workflow
from upsell.channels.channel import Channel
from upsell.channels.email import EmailChannel
from upsell.channels.gateway import GatewayChannel
from upsell.channels.signing import read_secret
from upsell.channels.webhook import WebhookChannel
from upsell.clock import Duration, SetClock
from upsell.runtime.apply import apply
from upsell.runtime.dispatcher import Dispatcher
from upsell.runtime.linking import Linker
from upsell.runtime.worker import Worker
from upsell.signals.events import Event
from upsell.store.connect import Connection, connect
from upsell.store.ledger import Appended, append
from upsell.store.link_secrets import read_link_secrets
from upsell.store.outbox import State, count_messages
from upsell.workspace.documents import Documents

ON_PRICING = "{on: Pricing Viewed, again_after: 1 days}"


def make_documents(
    workflows: Mapping[str, str], *, policy: str = "", segments: str = "", template: str = TEMPLATE
) -> Documents:
    """Write a workspace over the stories' catalog; the templates t1 to t4 exist."""
    documents = {"upsell.yaml": SETTINGS + policy, "catalog.yaml": CATALOG}
    if segments:
        documents["segments.yaml"] = segments
    documents |= {f"workflows/{key}.yaml": text for key, text in workflows.items()}
    return documents | {f"templates/t{n}.html": template.format(name=f"t{n}") for n in range(1, 5)}


def two_mails(wait: str = "1 days", *, holdout: str = "0%", trigger: str = ON_PRICING) -> str:
    """Write a workflow that mails, waits, and mails again."""
    email = "{email: {content: t1, intent: help}}"
    journey = f"[{email}, {{wait: {wait}}}, {email}]"
    return workflow(trigger=trigger, journey=journey, holdout=holdout)


class LiveWorld:
    """The program over one database, with time that the test moves.

    Attributes:
        clock: The time.
        connection: For the test itself.
        channels: By what it speaks, by name; a test may add some.
    """

    def __init__(
        self,
        connections: Sequence[Connection],
        sink: Sink | None,
        gateway: Gateway | None = None,
        base: str | None = None,
        more: Mapping[str, Channel] | None = None,
        clock: SetClock | None = None,
    ) -> None:
        self.clock = clock or SetClock(START)
        self.connection, working, sending = connections
        self.worker = Worker(working, self.clock)
        self.channels: dict[str, Channel] = {}
        channels = self.channels
        if sink is not None:
            channels["email"] = EmailChannel(HOST, sink.port)
        if gateway is not None:
            secret = read_secret(GATEWAY_SECRET)
            channels["sms"] = GatewayChannel("sms", gateway.url, secret)
            channels["webhook"] = WebhookChannel(secret, LOCAL)
        channels |= more or {}
        linker = None if base is None else Linker(base, read_link_secrets(sending, START)[0])
        self.dispatcher = Dispatcher(sending, self.clock, channels, linker=linker, links_from=base)
        self._numbers = count(1)

    def apply(self, documents: Documents, *, expected: int | None = None) -> int:
        return apply(self.connection, documents, self.clock, expected=expected).number

    def happens(
        self, name: str, customer_id: str | None = None, account_id: str | None = None, /, **said: Any
    ) -> Appended:
        """Append one event that happens now."""
        return self.append([self.event(name, customer_id, account_id, **said)])[0]

    def event(
        self, name: str, customer_id: str | None = None, account_id: str | None = None, /, **said: Any
    ) -> Event:
        number = f"e{next(self._numbers)}"
        return Event(number, name, self.clock.now(), 0, customer_id, account_id, said, "test")

    def append(self, events: Sequence[Event]) -> list[Appended]:
        return append(self.connection, events, self.clock)

    def settle(self) -> dict[State, int]:
        """Let worker and dispatcher do all there is to do now; give how many messages went to each state."""
        total: Counter[State] = Counter()
        while True:
            self.worker.run_until_idle()
            step = self.dispatcher.run_until_idle().by_state
            if not any(step.values()):
                return dict(+total)
            total.update(step)

    def after(self, duration: Duration) -> dict[State, int]:
        """Let time pass, stopping at each due moment on the way; otherwise as ``settle``."""
        end = self.clock.now() + duration
        # What has happened is taken first: it may bring a moment that is due on the way.
        total: Counter[State] = Counter(self.settle())
        while (due_at := self.worker.next_due_at()) is not None and due_at <= end:
            self.clock.move_to(due_at)
            total.update(self.settle())
        self.clock.move_to(end)
        total.update(self.settle())
        return dict(total)

    def states(self) -> dict[str, int]:
        return {state.value: number for state, number in count_messages(self.connection).items()}

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(statement).fetchall()


@contextmanager
def open_world(
    url: str,
    sink: Sink | None = None,
    gateway: Gateway | None = None,
    base: str | None = None,
    more: Mapping[str, Channel] | None = None,
    clock: SetClock | None = None,
) -> Iterator[LiveWorld]:
    """Open the program over a migrated database, with more channels; links in mail lead to the base."""
    with connect(url) as first, connect(url) as second, connect(url) as third:
        world = LiveWorld((first, second, third), sink, gateway, base, more, clock)
        try:
            yield world
        finally:
            world.dispatcher.close()


def everything(world: LiveWorld) -> dict[str, list[tuple[Any, ...]]]:
    """All that the worker wrote, without the order of rows that are of one moment."""
    statements = {
        "units": "select unit_id, household_id, state, engaged, next_due_at from units",
        "rosters": "select household_id, customer_id, place, role from rosters",
        "decisions": "select unit_id, workflow, decided_at, reason, rule, seen, enrollment from decisions",
        "exposures": "select * from exposures",
        "outbox": "select key, unit_id, customer_id, step, visit, reserved_at, state, reason from outbox",
        "derived": "select seen_at, household_id, name, message_id, properties from events where is_derived",
    }
    return {name: sorted(world.rows(statement), key=repr) for name, statement in statements.items()}
