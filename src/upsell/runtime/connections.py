"""Connections: every source that events come from, and every sink they go to, with how each stands in words.

For the page of connections. The law: the words are those of `upsell sources` and `upsell sinks`, and no
secret of ours is among them.
"""

from __future__ import annotations

import msgspec

from upsell.clock import Moment
from upsell.config import Settings, hide_secrets
from upsell.runtime.sink_desk import list_sinks
from upsell.runtime.sink_desk import standing_words as sink_words
from upsell.runtime.source_standing import open_words, read_standings, standing_words
from upsell.sources.definitions import read_sources, source_sorts
from upsell.store.connect import Connection
from upsell.store.ledger import read_head
from upsell.store.revisions import newest_revision


class Connected(msgspec.Struct, frozen=True):
    """A source or a sink.

    Attributes:
        name: What it is called: the name of its file.
        sort: What it is, such as ``webhook``; of a sink that is live no more empty.
        where: Under which path it takes what comes, or how it fetches; of a sink empty.
        stands: How it stands.
    """

    name: str
    sort: str
    where: str
    stands: str


class Connections(msgspec.Struct, frozen=True):
    """Every source and every sink, by name."""

    sources: tuple[Connected, ...]
    sinks: tuple[Connected, ...]


def read_connections(connection: Connection, settings: Settings, now: Moment) -> Connections:
    """Give what is connected, as it is live.

    Raises:
        DefinitionError: This release does not take what an earlier one did.
    """
    live = newest_revision(connection)
    documents = live.documents if live is not None else {}
    found, sorts = read_sources(documents), source_sorts(documents)
    asked = {each.name: standing_words(each) for each in read_standings(connection, found.values(), now)}
    sources = []
    for each in found.values():
        said = [open_words(each, settings.secrets), *filter(None, [asked.get(each.name)])]
        where = f"/hooks/{each.path}" if each.path is not None else "reads by itself"
        stands = hide_secrets("; ".join(said), settings)
        sources.append(Connected(each.name, sorts.get(each.name, ""), where, stands))
    head = read_head(connection).position
    sinks = [
        Connected(
            each.name,
            "" if each.definition is None else "tasks" if each.definition.is_desk else "events",
            "",
            hide_secrets(sink_words(each, head, now), settings),
        )
        for each in list_sinks(connection)
    ]
    return Connections(tuple(sources), tuple(sinks))
