"""A definition: a sink as it stands in a workspace, before anybody has its secrets.

For whoever adds a sort of sink. The law: no secret stands in a file; a file names the variables of the
environment that hold them, and a sink whose variables are not set takes nothing and loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from upsell.channels.border import Border
from upsell.channels.sinks.sink import Sink
from upsell.config import SECRET_PREFIX
from upsell.workspace.findings import Findings, Place
from upsell.workspace.items import Record
from upsell.workspace.shapes import RecordOf


class Definition(Protocol):
    """A sink as it is written."""

    @property
    def name(self) -> str:
        """What it is called: the name of its file."""

    @property
    def place(self) -> Place:
        """Where it is written."""

    @property
    def where(self) -> str:
        """Where it is, for people; what was gone is tried again when this changes."""

    @property
    def events(self) -> frozenset[str]:
        """Names of the events that go to it."""

    @property
    def traits(self) -> tuple[str, ...]:
        """Traits of whom an event is about that go with it."""

    @property
    def at_once(self) -> int:
        """How many parcels are under way at once; with one they arrive in the order of the ledger."""

    @property
    def settings(self) -> tuple[str, ...]:
        """The variables of the environment that hold its secrets."""

    @property
    def is_desk(self) -> bool:
        """Whether what goes to it is tasks, as they are."""

    def open(self, secrets: Mapping[str, str], border: Border) -> Sink:
        """Give the sink with its secrets, by the variables that hold them; nothing is opened yet.

        Raises:
            ConfigError: A secret is missing, or none of the form that is asked for.
        """


class Sort(msgspec.Struct, frozen=True):
    """A sort of sink.

    Attributes:
        meaning: What one of it is, for the reference page.
        shape: What may be written in its file; the key that tells it is one of these.
        read: Makes the definition of a name and what is written; None where that was noted as wrong.
    """

    meaning: str
    shape: RecordOf
    read: Callable[[str, Record, Findings], Definition | None]


def usual_setting(name: str) -> str:
    """Give the variable that holds the secret of a sink, where its file names none."""
    return f"{SECRET_PREFIX}SINK_{name.upper().replace('-', '_')}"
