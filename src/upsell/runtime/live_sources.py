"""Live sources: those of Kafka that the workspace which is live has.

For consumers and whoever shows how they are; it loads nothing of Kafka's client.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from upsell.errors import ConfigError, nearest
from upsell.sources.definitions import read_sources
from upsell.sources.kafka import KafkaDefinition
from upsell.store.connect import Connection
from upsell.store.revisions import newest_revision


class Streams(msgspec.Struct, frozen=True):
    """The number of the revision that is live, 0 for none, and its sources of Kafka by name."""

    number: int
    sources: Mapping[str, KafkaDefinition]

    def find(self, name: str) -> KafkaDefinition:
        """Give a source by its name.

        Raises:
            ConfigError: There is none of that name.
        """
        found = self.sources.get(name)
        if found is None:
            near = nearest(name, self.sources)
            known = f"known are {', '.join(self.sources)}" if self.sources else "there is none"
            advice = f"did you mean {near}?" if near else known
            msg = f"expected a source of Kafka of the workspace that is live, got {name}; {advice}"
            raise ConfigError(msg)
        return found


def read_streams(connection: Connection) -> Streams:
    """Read the sources of Kafka of the workspace that is live.

    Raises:
        DefinitionError: This release reads its sources otherwise than the one that applied them.
    """
    revision = newest_revision(connection)
    if revision is None:
        return Streams(0, {})
    sources = read_sources(revision.documents)
    return Streams(
        revision.number,
        {name: each for name, each in sources.items() if isinstance(each, KafkaDefinition)},
    )
