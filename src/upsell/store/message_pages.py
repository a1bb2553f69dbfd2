"""The outbox page by page: messages by where they stand, the newest first, and what was heard of one.

The law: a page looks over so many messages and no more, however many there are; where it found too few among
them, it says from where on to look further.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final

import msgspec

from upsell.clock import Moment
from upsell.ids import UnitId
from upsell.store.connect import Connection
from upsell.store.messages import Listed
from upsell.store.outbox import State
from upsell.store.queries import query

MOST_LOOKED: Final = 5_000
"""How many messages one page looks over."""

MOST_COUNTED: Final = 10_000
"""Up to how many are counted; what is more is said to be more."""

MOST_HEARD: Final = 50
"""How much of what was heard of one message is shown."""

_LAST_NUMBER: Final = 2**63 - 1


class Group(enum.Enum):
    """Where messages stand, as people look for them."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"
    UNKNOWN = "unknown"


STATES: Final[Mapping[Group, tuple[State, ...]]] = {
    Group.WAITING: (State.RESERVED, State.CLAIMED),
    Group.SENDING: (State.SENDING,),
    Group.SENT: (State.SENT,),
    Group.WITHDRAWN: (State.WITHDRAWN,),
    Group.FAILED: (State.FAILED,),
    Group.UNKNOWN: (State.UNKNOWN,),
}
"""The states of each group: every state is in one."""

_UNSENT: Final = frozenset({Group.WITHDRAWN, Group.FAILED, Group.UNKNOWN})


class Asked(msgspec.Struct, frozen=True):
    """Which messages a page is to show; what is empty is not asked.

    Attributes:
        group: Where they stand.
        channel: The channel.
        workflow: Key of the workflow.
        before: Only those with a smaller number; None for the newest.
    """

    group: Group | None = None
    channel: str = ""
    workflow: str = ""
    before: int | None = None


class MessagePage(msgspec.Struct, frozen=True):
    """Some messages, the newest first.

    Attributes:
        rows: The messages.
        older: Before which number to look for more; None where that was all.
        is_cut: Whether looking ended before enough were found.
    """

    rows: tuple[Listed, ...]
    older: int | None
    is_cut: bool


class OpenMessages(msgspec.Struct, frozen=True):
    """How many messages have no end yet, each counted up to ``MOST_COUNTED`` + 1.

    Attributes:
        waiting: Reserved: no dispatcher has taken them.
        leased: A dispatcher holds them, or a provider is spoken to about them.
        unknown: Nobody knows whether they were sent.
    """

    waiting: int
    leased: int
    unknown: int


class Heard(msgspec.Struct, frozen=True):
    """One thing that was heard of a message: when, which event, from where, and its properties as JSON."""

    occurred_at: Moment
    name: str
    source: str
    properties: str


def group_of(state: State) -> Group:
    """Give the group a state is in."""
    return next(group for group, states in STATES.items() if state in states)


def read_message_page(connection: Connection, asked: Asked, most: int) -> MessagePage:
    """Give a page of messages."""
    is_all = asked.group is None and not asked.channel and not asked.workflow
    look = most + 1 if is_all else MOST_LOOKED
    values = {
        "before": asked.before if asked.before is not None else _LAST_NUMBER,
        "look": look,
        "most": most + 1,
        "states": [state.value for state in (STATES[asked.group] if asked.group is not None else State)],
        "channel": asked.channel or None,
        "workflow": asked.workflow or None,
    }
    name = "page_unsent_messages" if asked.group in _UNSENT else "page_messages"
    found = connection.execute(query(name), values, binary=True).fetchall()
    reached, looked = found[0][:2]
    rows = tuple(
        Listed(key, State(state), *rest[:-1]) for _, _, key, state, *rest in found if key is not None
    )
    if len(rows) > most:
        return MessagePage(rows[:most], found[most - 1][-1], is_cut=False)
    is_cut = looked == look and not is_all
    return MessagePage(rows, reached if is_cut else None, is_cut)


def count_open_messages(connection: Connection) -> OpenMessages:
    """Count the messages that have no end yet."""
    row = connection.execute(query("count_open_messages"), {"most": MOST_COUNTED + 1}).fetchone()
    return OpenMessages(*row) if row is not None else OpenMessages(0, 0, 0)


def estimate_rows(connection: Connection, table: str) -> int | None:
    """Tell about how many rows a table holds; None where nothing was gathered of it yet."""
    row = connection.execute(query("estimate_rows"), {"table": table}).fetchone()
    return row[0] if row is not None and row[0] >= 0 else None


def read_heard(connection: Connection, household_id: UnitId, key: str, since: Moment) -> tuple[Heard, ...]:
    """Give what was heard of a message since it was reserved, the first first.

    It is looked for among the first ``MOST_LOOKED`` events of its household since.
    """
    values = {"household": household_id, "key": key, "since": since, "look": MOST_LOOKED, "most": MOST_HEARD}
    return tuple(Heard(*row) for row in connection.execute(query("read_heard"), values, binary=True))
