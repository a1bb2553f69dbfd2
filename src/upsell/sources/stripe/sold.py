"""Sold: which plan or product each price at Stripe is of, as ``catalog.yaml`` names them under ``stripe:``.

Read off the document as it is written: the catalog itself is checked where it is compiled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from upsell.workspace.documents import CATALOG, Documents
from upsell.workspace.findings import Findings
from upsell.workspace.items import Item, Leaf, Listing, Record
from upsell.workspace.nodes import compose
from upsell.workspace.reading import read_loosely


class Sold(msgspec.Struct, frozen=True):
    """What the catalog sells.

    Attributes:
        parts: Which part of a subscription each plan and product is, by id: a plan the main one, or its
            family; a product one of its own.
        prices: Id of the plan or product by the id of a price at Stripe.
    """

    parts: Mapping[str, str] = {}
    prices: Mapping[str, str] = {}


def read_sold(documents: Documents) -> Sold:
    """Read what the catalog of a workspace sells; nothing where there is none that can be read."""
    node = compose(CATALOG, documents[CATALOG], Findings()) if CATALOG in documents else None
    catalog = read_loosely(CATALOG, node) if node is not None else None
    if not isinstance(catalog, Record):
        return Sold()
    plans, products = _records(catalog, "plans"), _records(catalog, "products")
    things = {**plans, **products}
    parts = {thing: _family(record) for thing, record in plans.items()} | {thing: thing for thing in products}
    prices = {
        price: thing for thing, record in things.items() for price in _texts(record.items.get("stripe"))
    }
    return Sold(parts, prices)


def _records(catalog: Record, key: str) -> dict[str, Record]:
    written = catalog.items.get(key)
    return (
        {name: item for name, item in written.items.items() if isinstance(item, Record)}
        if isinstance(written, Record)
        else {}
    )


def _family(record: Record) -> str:
    written = record.items.get("family")
    return f"family/{written.text}" if isinstance(written, Leaf) and written.text else ""


def _texts(item: Item | None) -> Iterator[str]:
    """Give every text in what is written."""
    match item:
        case Leaf():
            yield item.text
        case Listing():
            for each in item.items:
                yield from _texts(each)
        case Record():
            for each in item.items.values():
                yield from _texts(each)
        case None:
            return
