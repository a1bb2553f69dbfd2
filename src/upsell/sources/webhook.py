"""A webhook: a source to which a vendor sends requests, under a path of its own.

The laws: a request is read only when it proves that whoever sent it has the secret; and what no rule knows is
kept aside, never guessed at.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Final

import msgspec

from upsell.clock import Moment
from upsell.sources.definition import SETTING, Sort, secrets_of
from upsell.sources.reports import ForgedError, MalformedError
from upsell.sources.source import Aside, Delivery, Read, Source, shown_body
from upsell.workspace.findings import Findings, Place
from upsell.workspace.items import Record
from upsell.workspace.scalars import NAME
from upsell.workspace.shapes import Key, ListOf, RecordOf

_SHAPE: Final = RecordOf(
    {
        "path": Key(NAME, "where it takes requests: /hooks/ and this; without it the file's name"),
        "secrets": Key(
            ListOf(SETTING, least=1), "variables that hold its secret, several while one is changed", True
        ),
    }
)


class WebhookDefinition(msgspec.Struct, frozen=True):
    """A webhook as it is written."""

    name: str
    place: Place
    path: str
    settings: tuple[str, ...]

    def open(self, secrets: Mapping[str, str]) -> Source:
        """Give the source with its secrets."""
        return WebhookSource(self.name, secrets_of(self.settings, secrets))


class WebhookSource(msgspec.Struct, frozen=True):
    """A webhook with its secrets."""

    name: str
    secrets: tuple[str, ...]

    def prove(self, delivery: Delivery, now: Moment) -> None:  # noqa: ARG002  # the protocol's own signature
        """Hold a request to holding a secret in its header ``authorization``."""
        shown = delivery.headers.get("authorization", "").encode()
        if not any(hmac.compare_digest(shown, f"Bearer {each}".encode()) for each in self.secrets):
            msg = "expected the secret as Bearer in the header authorization, got none or another"
            raise ForgedError(msg)

    def read(self, delivery: Delivery, now: Moment) -> Read:  # noqa: ARG002  # the protocol's own signature
        """Keep aside what no rule knows."""
        try:
            msgspec.json.decode(delivery.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            msg = f"expected JSON, got: {error}"
            raise MalformedError(msg) from error
        said = "expected a body of a kind that a rule knows, got another"
        return Read(asides=(Aside("unknown_kind", said, shown_body(delivery.body)),))


def _read(name: str, written: Record, findings: Findings) -> WebhookDefinition | None:  # noqa: ARG001  # a Sort's
    settings = tuple(leaf.text for leaf in written.leaves("secrets"))
    return WebhookDefinition(name, written.place, written.text("path", name), settings)


WEBHOOK: Final = Sort("a vendor that sends requests", _SHAPE, _read)
"""The sort of source that takes requests."""
