"""Desks: what the sinks of vendors where people work on tasks have in common.

The law: a task is made there once. What names it there is our key, which the vendor holds to being unique, so
an answer that never came is followed by the same request and not by another task.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from upsell.channels.calling import Called, Caller, CallError
from upsell.channels.sinks.cards import TaskCard
from upsell.channels.sinks.sink import Parcel
from upsell.config import secrets_of
from upsell.errors import ConfigError
from upsell.signals.events import TASK_CHANGES
from upsell.workspace.findings import Place
from upsell.workspace.items import Record
from upsell.workspace.scalars import NAME, TRAIT_NAME
from upsell.workspace.shapes import Key, ListOf, MapOf, Scalar

TIMEOUT: Final = 15.0
"""Seconds a vendor may take over one answer."""

EVENTS: Final = frozenset(TASK_CHANGES)
"""What every desk is told of."""

_FIT: Final = re.compile(r"[!-~]+")
_encode = msgspec.json.Encoder().encode

TEXT_ID: Final = Scalar(
    "id at the vendor",
    "an id at the vendor, without spaces",
    lambda text: text if re.fullmatch(r"[^\s/?#]+", text) else None,
    {"type": "string", "pattern": r"^[^\s/?#]+$"},
    takes_numbers=True,
)
FIELD: Final = Scalar(
    "field",
    "the name of a field there: letters, digits and underscores",
    lambda text: text if re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", text) else None,
    {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_]*$"},
)

DESK_KEYS: Final[Mapping[str, Key]] = {
    "queues": Key(ListOf(NAME, least=1), "whose tasks go there; without it all queues'"),
}
"""Keys of every desk beside its own."""

_PERSON: Final = Scalar(
    "owner", "an id of queues.yaml", lambda text: text.strip() or None, {"type": "string"}
)

OWNERS: Final = Key(
    MapOf(TEXT_ID, "owner", _PERSON),
    "who somebody of queues.yaml is there, by id; who is not named has no owner there",
)
TRAIT: Final = TRAIT_NAME


class DeskDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """What is written of every desk.

    Attributes:
        name: What it is called: the name of its file.
        place: Where it is written.
        where: Where the vendor's API is.
        settings: The variables of the environment that hold its secrets.
        owners: Who people of ``queues.yaml`` are there, by id.
        queues: The queues whose tasks go there; empty for all.
        events: What it is told of.
        at_once: One, so that what a task is arrives in order.
        is_desk: It is one.
    """

    name: str
    place: Place
    where: str
    settings: tuple[str, ...]
    owners: Mapping[str, str]
    queues: frozenset[str]
    events: frozenset[str] = EVENTS
    at_once: int = 1
    is_desk: bool = True

    def card_of(self, parcel: Parcel) -> TaskCard | None:
        """Give the task of a parcel that goes there; None where none does."""
        card = parcel.card
        return card if card is not None and (not self.queues or card.queue in self.queues) else None


def queues_of(written: Record) -> frozenset[str]:
    """Give the queues that are named; empty for all."""
    return frozenset(leaf.text for leaf in written.leaves("queues"))


def owners_of(written: Record) -> dict[str, str]:
    """Give who people are there."""
    owners = written.record("owners")
    return {name: owners.text(name) for name in owners.items} if owners is not None else {}


def need(settings: tuple[str, ...], secrets: Mapping[str, str]) -> tuple[str, ...]:
    """Give the secrets of variables that must all be set, each fit for a header.

    Raises:
        ConfigError: One is not; names it, and never shows what it holds.
    """
    held = secrets_of(settings, secrets)
    if len(held) < len(settings):
        missing = [name for name in settings if not secrets.get(name, "").strip()]
        msg = f"expected {' and '.join(missing)} to be set, by which it knows us; it is not"
        raise ConfigError(msg)
    unfit = [name for name, secret in zip(settings, held, strict=True) if not _FIT.fullmatch(secret)]
    if unfit:
        msg = (
            f"{' and '.join(unfit)}: expected printable ASCII without blanks, got something else, such as a "
            "line break or a letter with an accent; set it anew, as the vendor shows it"
        )
        raise ConfigError(msg)
    return held


async def ask(caller: Caller, method: str, url: str, token: str, body: object = None) -> Called:
    """Send JSON, or nothing, with a bearer token.

    Raises:
        CallError: No answer came.
        BorderError: It is where nothing may go.
    """
    headers = {"authorization": f"Bearer {token}", "accept": "application/json"}
    if body is None:
        return await caller.call(method, url, headers)
    return await caller.call(
        method, url, headers | {"content-type": "application/json; charset=utf-8"}, _encode(body)
    )


def read_object(answer: Called) -> dict[str, Any]:
    """Read an answer that is one object of JSON.

    Raises:
        CallError: It is none.
    """
    try:
        said = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CallError(f"answered no JSON: {answer.said()}", is_sent=True) from error
    if not isinstance(said, dict):
        raise CallError(f"answered no object: {answer.said()}", is_sent=True)
    return said
