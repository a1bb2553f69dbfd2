"""A definition: a source as it stands in a workspace, before anybody has its secrets.

For whoever adds a sort of source. The law: no secret stands in a file; a file names the variables of the
environment that hold them, and a definition whose variables are not set is closed, never open to anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from upsell.sources.source import Source
from upsell.workspace.findings import Findings, Place
from upsell.workspace.items import Record
from upsell.workspace.shapes import RecordOf


class Definition(Protocol):
    """A source as it is written."""

    @property
    def name(self) -> str:
        """What it is called: the name of its file."""

    @property
    def place(self) -> Place:
        """Where it is written."""

    @property
    def path(self) -> str | None:
        """Under which path of ``/hooks/`` it takes requests; None for one that fetches what it reads."""

    @property
    def settings(self) -> tuple[str, ...]:
        """The variables of the environment of which one must be set, or it is closed; () for none."""

    def open(self, secrets: Mapping[str, str]) -> Source:
        """Give the source with its secrets, by the variables that hold them.

        Raises:
            ConfigError: A secret is none of the form that is asked for.
        """


class Sort(msgspec.Struct, frozen=True):
    """A sort of source.

    Attributes:
        meaning: What one of it is, for the reference page.
        shape: What may be written under its key.
        read: Makes the definition of a name and what is written; None where that was noted as wrong.
    """

    meaning: str
    shape: RecordOf
    read: Callable[[str, Record, Findings], Definition | None]
