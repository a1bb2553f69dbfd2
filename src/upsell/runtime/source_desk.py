"""The source desk: takes what vendors send to the sources of the workspace that is live.

The laws: a new revision is taken up within about a second, without a restart; and of a request that does not
prove who it comes from nothing is kept but a count.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Final

import msgspec
import structlog

from upsell.clock import SECOND, Clock, Duration, Moment
from upsell.errors import ConfigError, DefinitionError
from upsell.sources.definition import Definition
from upsell.sources.definitions import read_sources
from upsell.sources.segment import Draft, Refusal
from upsell.sources.source import Delivery, Source, Taken
from upsell.sources.vendor_details import Detail, Named
from upsell.sources.vendor_ids import Naming, NamingSource, Owner
from upsell.store.connect import Connection, connect
from upsell.store.rejections import Rejection
from upsell.store.revisions import newest_number, newest_revision
from upsell.store.vendor_details import find_details, keep_detail
from upsell.store.vendor_ids import find_owner, keep_owner

ASK_EACH: Final[Duration] = SECOND
"""How often it is asked whether another revision is live."""

_log = structlog.get_logger(__name__)


class Closed(msgspec.Struct, frozen=True):
    """A source that takes nothing, and what is to be done about it."""

    name: str
    why: str


class Desk:
    """The sources that are live, by path; what it has to read it reads over one connection."""

    def __init__(self, url: str, clock: Clock, secrets: Mapping[str, str]) -> None:
        """Know nothing yet of the database at ``url``; open sources with ``secrets`` by their variables."""
        self._url = url
        self._clock = clock
        self._secrets = secrets
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._number = 0
        self._asked_at: Moment | None = None
        self._by_path: Mapping[str, Source | Closed] = {}

    def is_stale(self) -> bool:
        """Tell whether it is time to ask which revision is live."""
        return self._asked_at is None or self._clock.now() >= self._asked_at + ASK_EACH

    def refresh(self) -> None:
        """Take up the sources of the revision that is live.

        Raises:
            psycopg.Error: The database did not answer; what was known still is.
        """
        with self._lock:
            if not self.is_stale():
                return
            if self._connection is None or self._connection.closed:
                self._connection = connect(self._url)
            number = newest_number(self._connection)
            if number != self._number:
                live = newest_revision(self._connection)
                self._by_path = self._opened(live.documents if live is not None else {})
                self._number = number
            self._asked_at = self._clock.now()

    def find(self, path: str) -> Source | Closed | None:
        """Give the source under a path of ``/hooks/``; None where there is none."""
        return self._by_path.get(path)

    def know(self, source: NamingSource, name: str, delivery: Delivery) -> Source:
        """Give a source with whom and what a delivery means, and keep what the delivery itself says of that.

        Raises:
            psycopg.Error: The database did not answer.
        """
        naming, told = source.naming(delivery), source.detail(delivery)
        lacking = source.lacking(delivery, {})
        owners: dict[str, Owner] = {}
        details: dict[Named, tuple[Detail, ...]] = {}
        if naming is None and told is None and not lacking:
            return source.knowing(owners, details)
        with self._lock:
            if self._connection is None or self._connection.closed:
                self._connection = connect(self._url)
            if told is not None:
                keep_detail(self._connection, name, told)
            if naming is not None and (owner := _known_owner(self._connection, name, naming)) is not None:
                owners[naming.vendor_id] = owner
            while lacking:
                details.update(find_details(self._connection, name, lacking))
                lacking = source.lacking(delivery, details)
        return source.knowing(owners, details)

    def close(self) -> None:
        """Give the connection back."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()

    def _opened(self, documents: Mapping[str, str]) -> dict[str, Source | Closed]:
        try:
            defined = read_sources(documents)
        except DefinitionError as error:
            # A release that reads sources otherwise than the one that applied them: none of them is guessed.
            _log.warning("sources_not_read", error=str(error))
            return {}
        return {each.path: open_source(each, self._secrets) for each in defined.values() if each.path}


def _known_owner(connection: Connection, source: str, naming: Naming) -> Owner | None:
    """Give whom an id was known to mean, and keep what is said of that now."""
    known = find_owner(connection, source, naming.vendor_id)
    if naming.owner is not None and known != naming.owner and (known is None or naming.is_own):
        keep_owner(connection, source, naming)
    return known


def open_source(definition: Definition, secrets: Mapping[str, str]) -> Source | Closed:
    """Open a source with the secrets there are; closed where it needs one that is not."""
    needed = definition.settings
    if needed and not any(secrets.get(name, "").strip() for name in needed):
        return Closed(
            definition.name, f"expected {' or '.join(needed)} to be set before this takes anything; it is not"
        )
    try:
        return definition.open(secrets)
    except ConfigError as error:
        return Closed(definition.name, str(error))


def drafts_of(taken: Taken) -> list[Draft]:
    """Give what is appended of what was taken, in order: with each item what goes before it."""
    drafts = (each for each in taken.items if isinstance(each, Draft))
    return [each for draft in drafts for each in ((draft.merge, draft) if draft.merge else (draft,))]


def rejections_of(name: str, taken: Taken, now: Moment) -> list[Rejection]:
    """Give what is kept of a source's with its reason: what was refused, and what was kept aside."""
    refused = [
        Rejection(now, name, str(index), each.code, each.message, each.body)
        for index, each in enumerate(taken.items)
        if isinstance(each, Refusal)
    ]
    aside = [Rejection(now, name, each.place, each.code, each.message, each.body) for each in taken.asides]
    return refused + aside
