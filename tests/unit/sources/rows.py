"""Rows of a query as a source for the contract: a delivery's body is what the warehouse gives, as JSON.

What comes of them is put into shapes of Segment and read again as what webhooks bring, so one contract is
asked of it. Traits are known by what they say, as ``syncing`` remembers them.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa

from tests.stories.world import START
from upsell.clock import Moment, format_moment
from upsell.ids import digest
from upsell.signals.events import ACCOUNT_IDENTIFIED, CUSTOMER_IDENTIFIED, Event
from upsell.sources.definitions import read_sources
from upsell.sources.mapping import Format, Subject
from upsell.sources.query import QueryDefinition
from upsell.sources.relations import DataFile
from upsell.sources.reports import MalformedError
from upsell.sources.source import Aside, Delivery, Read
from upsell.sources.staging import Staging
from upsell.testing.contract import Example

QUERY: Final = """\
query:
  sql: select * from warehouse
  from: UPSELL_SECRET_W
  records:
    - event: Limit Reached
      account: account
      occurred_at: happened
      id: run
      skip: run is null
      properties: {metric: metric}
    - account_traits: {seats: seats}
      account: account
      skip: seats is null
"""
_COLUMNS: Final = {
    "account": pa.string(),
    "happened": pa.timestamp("us", "UTC"),
    "run": pa.string(),
    "metric": pa.string(),
    "seats": pa.int64(),
}


class RowsSource(msgspec.Struct, frozen=True):
    """A query that is handed its rows."""

    definition: QueryDefinition
    secrets: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Give what the query is called."""
        return self.definition.name

    def prove(self, delivery: Delivery, now: Moment) -> None:
        """Believe it: a warehouse is asked by its login."""

    def read(self, delivery: Delivery, now: Moment) -> Read:
        """Stage rows as a query's, and give what they come to."""
        try:
            rows = [
                {name: _value(name, row.get(name)) for name in _COLUMNS} for row in json.loads(delivery.body)
            ]
            table = pa.Table.from_pylist(rows, pa.schema(list(_COLUMNS.items())))
        except (ValueError, TypeError, AttributeError, RecursionError, pa.ArrowException) as error:
            raise MalformedError(str(error)) from error

        @contextmanager
        def give() -> Iterator[pa.RecordBatchReader]:
            yield table.to_reader()

        mapping = self.definition.mapping
        file = DataFile(Path(self.name), 0, mapping.files[0], Format.QUERY, self.name, rows=give)
        with tempfile.TemporaryDirectory() as folder, Staging(Path(folder), threads=1) as staging:
            staging.load(mapping, [file], now)
            told = [
                _item(event, is_trait=mapping.records[record].subject is not Subject.EVENT)
                for staged in staging.batches(source=self.name)
                for event, record in zip(staged.events, staged.records, strict=True)
            ]
            asides = tuple(Aside("row", each.reason, each.row) for each in staging.rejects())
            left_out = staging.counts().skipped
        return Read(tuple(told), asides, left_out)


def _value(name: str, said: Any) -> Any:
    return datetime.fromisoformat(said) if name == "happened" and said is not None else said


def _item(event: Event, *, is_trait: bool) -> dict[str, Any]:
    who = {"userId": event.customer_id} if event.customer_id is not None else {}
    if is_trait:
        said = digest(event.name, str(event.customer_id), str(event.account_id), repr(event.properties))
        named = {CUSTOMER_IDENTIFIED: "identify", ACCOUNT_IDENTIFIED: "group"}[event.name]
        group = {"groupId": event.account_id} if named == "group" else {}
        return {"type": named, "messageId": said, "traits": event.properties, **who, **group}
    context = {"context": {"groupId": event.account_id}} if event.account_id is not None else {}
    at = format_moment(event.occurred_at)
    told = {"event": event.name, "messageId": event.id, "timestamp": at, "properties": event.properties}
    return {"type": "track", **told, **who, **context}


def query_example() -> Example:
    """Give rows of events and of traits, and one that names nobody."""
    definition = read_sources({"sources/crm.yaml": QUERY})["crm"]
    assert isinstance(definition, QueryDefinition)
    event = {"account": "acme", "happened": format_moment(START), "run": "r1", "metric": "seats"}
    return Example(
        source=RowsSource(definition),
        now=START,
        makes={
            "an event": (_rows(event), ("Limit Reached",)),
            "two": (_rows({**event, "run": "r2"}, {**event, "run": "r3"}), ("Limit Reached",) * 2),
            "traits": (_rows({"account": "acme", "seats": 5}), ("Account Identified",)),
            "nothing": (_rows({"account": "acme"}), ()),
        },
        lacking=_rows({**event, "run": "r4", "account": None}).body,
        lacks="row",
    )


def _rows(*rows: dict[str, Any]) -> Delivery:
    return Delivery(json.dumps(rows).encode())
