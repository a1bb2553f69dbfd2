"""Acts: what users did and what was done about them, with who, when and why; added and never changed."""

from __future__ import annotations

import enum

import msgspec

from upsell.clock import Moment
from upsell.store.connect import Connection
from upsell.store.queries import query

_LOCK = 7_207_736_523  # an arbitrary number that no other advisory lock of ours uses


class Act(enum.Enum):
    """What was done."""

    SIGNED_IN = "signed in"
    SIGNED_OUT = "signed out"
    PASSWORD_SET = "set a password"  # noqa: S105  # words for people
    USER_ADDED = "added a user"
    ROLE_CHANGED = "changed a role"
    LINK_MADE = "made a link"
    USER_REMOVED = "removed a user"
    TASK_OPENED = "asked for a task"
    TASK_TAKEN = "took a task"
    TASK_GIVEN = "gave a task"
    TASK_PUT_OFF = "put a task off"
    TASK_CLOSED = "closed a task"
    CONTACT_STOPPED = "stopped contact"
    CONTACT_RESUMED = "let contact go on"
    MESSAGE_WITHDRAWN = "withdrew a message"
    MESSAGE_SETTLED = "settled a message"
    KEY_MADE = "made a key"
    KEY_ROTATED = "rotated a key"
    KEY_REVOKED = "revoked a key"
    TEST_SENT = "sent a test by"
    GUARDRAIL_LIFTED = "let a workflow go on after a guardrail"
    ORDER_APPROVED = "approved an order"
    ORDER_REFUSED = "refused an order"
    EXPERIMENT_CLOSED = "closed an experiment"
    CHANGE_DRAFTED = "drafted change"
    CHANGE_ALTERED = "altered change"
    CHANGE_ASKED = "asked for approval of change"
    CHANGE_APPROVED = "approved change"
    CHANGE_REFUSED = "refused change"
    CHANGE_LAUNCHED = "launched change"
    CHANGE_WITHDRAWN = "withdrew change"
    APPLIED = "applied revision"
    STOPPED = "stopped"
    LET_GO_ON = "let go on"


class Done(msgspec.Struct, frozen=True):
    """One row of the log.

    Attributes:
        number: Its number; a later one is greater.
        done_at: When.
        by: Who: the address of a user, or ``shell:`` and the name of who ran a command.
        act: What was done.
        about: The user it was about, who did it where they did it to themselves; or the name of a key or
            channel.
        about: The user, workflow or order it was about; who did it where they did it to themselves.
        words: What it came to, such as the role; empty where the act says it all.
        because: Why, in their words; empty where nothing was said.
    """

    number: int
    done_at: Moment
    by: str
    act: Act
    about: str
    words: str
    because: str


def add_act(
    connection: Connection, act: Act, by: str, about: str, words: str, because: str, now: Moment
) -> None:
    """Write down what was done, in the transaction that does it."""
    values = {"at": now, "by": by, "act": act.value, "about": about, "words": words, "because": because}
    connection.execute(query("add_act"), values)


def read_acts(connection: Connection, most: int, before: int | None = None, by: str = "") -> tuple[Done, ...]:
    """Give what was done, the newest first; () without any.

    Args:
        connection: The database.
        most: How many at most.
        before: Only those with a smaller number, None for the newest.
        by: Only what one did or what was about them; empty for everybody.
    """
    values = {"most": most, "before": before, "by": by}
    return tuple(
        Done(number, done_at, done_by, Act(act), *rest)
        for number, done_at, done_by, act, *rest in connection.execute(
            query("read_acts"), values, binary=True
        )
    )


def hold_acts(connection: Connection) -> None:
    """Let nobody else count what was done, in order to do it, until the transaction ends."""
    connection.execute(query("hold_acts"), {"lock": _LOCK})


def moments_of(connection: Connection, act: Act, since: Moment) -> tuple[Moment, ...]:
    """Give when something was done after a moment, of the newest thousand rows; () for never."""
    rows = connection.execute(query("find_acts"), {"act": act.value, "since": since}, binary=True)
    return tuple(row[0] for row in rows)
