"""Stripe ids of ``catalog.yaml`` compiled: what is sold by which price, and discounted by which coupon.

The laws: an id stands beside the price it is of, so that what Stripe charges can be held against it; and one
id is the price of one thing alone, so that what somebody holds can be told from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from upsell.catalog.plans import BillingInterval, PriceIds
from upsell.errors import nearest
from upsell.workspace.findings import Findings
from upsell.workspace.items import NOTHING_WRITTEN, Leaf, Record

ONCE = "once"
"""The key of what is due once."""


def compile_price_ids(record: Record, currency: str, findings: Findings) -> PriceIds:
    """Compile the ids of recurring prices, and note those beside which no price stands.

    Args:
        record: The plan or product as written.
        currency: Currency of one price written without one.
        findings: Where problems are noted.
    """
    written = record.record("stripe") or NOTHING_WRITTEN
    _check_priced(record, written, currency, findings)
    return {
        interval: dict(_by_currency(written, interval.value, currency))
        for interval in BillingInterval
        if interval.value in written.items
    }


def compile_ids_once(record: Record, currency: str) -> Mapping[str, str]:
    """Compile the ids of prices that are due once, by currency."""
    written = record.record("stripe") or NOTHING_WRITTEN
    return dict(_by_currency(written, ONCE, currency))


def compile_coupon(record: Record, findings: Findings) -> str:
    """Compile the coupon of an offer; empty for one that is made for it."""
    written = record.record("stripe")
    leaf = written.leaf("coupon") if written is not None else None
    if leaf is None:
        return ""
    if record.leaf("discount") is None:
        findings.error(
            leaf.place,
            "expected one discount that the coupon takes off, got "
            + ("one by steps" if record.has("discount") else "none"),
            hint="a coupon takes off one share; leave it out, and one is made for each share at Stripe",
            code="stripe-coupon",
        )
    return leaf.text


def check_own_ids(records: Mapping[str, Record], findings: Findings) -> None:
    """Note an id of a price that is of another thing, or another interval, as well."""
    seen: dict[str, tuple[str, str]] = {}
    for key, record in records.items():
        written = record.record("stripe") or NOTHING_WRITTEN
        for interval in written.items:
            for leaf in _leaves(written, interval):
                before = seen.setdefault(leaf.text, (key, interval))
                if before != (key, interval):
                    findings.error(
                        leaf.place,
                        f"expected a price of its own, got {leaf.text}, which is that of {before[0]} per "
                        f"{before[1]}",
                        hint="whoever holds a price at Stripe has one thing by it; make another price there",
                        code="stripe-twice",
                    )


def _check_priced(record: Record, written: Record, currency: str, findings: Findings) -> None:
    """Note ids beside which no price of their interval and currency stands."""
    priced = record.record("price") or NOTHING_WRITTEN
    for interval in written.items:
        known = [name for name, _ in _by_currency(priced, interval, currency)]
        item = written.items[interval]
        wanted = {currency: written.keys[interval]} if isinstance(item, Leaf) else {}
        if isinstance(item, Record):
            wanted = dict(item.keys)
        for name, place in wanted.items():
            if name in known:
                continue
            near = nearest(name, known)
            advice = f"did you mean {near}?" if near else f"state price: {{{interval}: ...}} beside it"
            findings.error(
                place,
                f"expected a price per {interval} in {name} beside its id at Stripe, got none",
                hint=f"{advice}; what Stripe charges is held against it",
                code="stripe-price",
            )


def _by_currency(record: Record, key: str, currency: str) -> Iterator[tuple[str, str]]:
    """Give what is written under a key, by currency; one text is in the workspace's."""
    item = record.items.get(key)
    if isinstance(item, Leaf):
        yield currency, item.text
    elif isinstance(item, Record):
        for code in item.items:
            if (leaf := item.leaf(code)) is not None:
                yield code, leaf.text


def _leaves(record: Record, key: str) -> Iterator[Leaf]:
    item = record.items.get(key)
    if isinstance(item, Leaf):
        yield item
    elif isinstance(item, Record):
        yield from (leaf for code in item.items if (leaf := item.leaf(code)) is not None)
