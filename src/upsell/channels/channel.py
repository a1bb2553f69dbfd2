"""Channels: the one contract every means of reaching a customer keeps.

A channel takes a batch of letters and gives a receipt for each. The law: a receipt never guesses.
Accepted means the provider said so; what may or may not have been accepted is unknown.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Protocol

import msgspec

from upsell.channels.devices import Notification
from upsell.clock import Duration, Moment


class Targets(msgspec.Struct, frozen=True):
    """Where the links in a letter lead that are put behind ours, by their place, and until when."""

    addresses: tuple[str, ...]
    until: Moment


class Letter(msgspec.Struct, frozen=True):
    """A message made ready for a channel.

    Attributes:
        key: The message's key.
        sender_name: Who it comes from, for people.
        sender: The address it comes from.
        recipient: The address it goes to.
        subject: The subject, one line.
        html: The HTML part.
        text: The plain text part.
        written_at: The moment it is dated with.
        reply_to: The address answers go to, empty for the one it comes from.
        headers: Further header fields of a mail, each its name and one line of ASCII text.
        provider: Whom it is handed to, empty for the first that takes it.
        targets: Where the links in it lead that are put behind ours; None where nothing tells what is done
            with it.
        notification: What else a push notification has; None for what is none.
    """

    key: str
    sender_name: str
    sender: str
    recipient: str
    subject: str
    html: str
    text: str
    written_at: Moment
    reply_to: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    provider: str = ""
    targets: Targets | None = None
    notification: Notification | None = None


class Answer(enum.Enum):
    """What a provider answered."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    NOT_NOW = "not now"
    UNKNOWN = "unknown"


class Receipt(msgspec.Struct, frozen=True):
    """What became of one letter at the provider.

    Attributes:
        key: The message's key.
        answer: Accepted; refused for good; not now, so it may be tried again; or unknown.
        detail: What the provider said, or what went wrong, for people.
        status: The enhanced status code of a refusal, such as ``5.1.1``; empty where there was none.
        is_begun: Whether the provider was spoken to about it; False does not count as an attempt.
        is_fault: Whether it tells against the provider: nobody answered, or not now.
        pause: For how long at least the provider asks to be left alone; 0 where it did not say.
        gone: Ids of devices that show nothing any more.
        is_gone: Whether, of a refusal, nobody is or will be at the address.
        is_left: Whether, of a refusal, whoever is at the address told the provider that they want no more.
    """

    key: str
    answer: Answer
    detail: str
    status: str = ""
    is_begun: bool = True
    is_fault: bool = False
    pause: Duration = 0
    gone: tuple[str, ...] = ()
    is_gone: bool = False
    is_left: bool = False


class Channel(Protocol):
    """A means of reaching customers."""

    async def send(self, letters: Sequence[Letter], within: float) -> list[Receipt]:
        """Send letters, beginning none after ``within`` seconds; give a receipt for each, in any order.

        A letter that was not begun in time is answered ``NOT_NOW``. Raises nothing that concerns one
        letter.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
