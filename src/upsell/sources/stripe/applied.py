"""Applied: the discounts of a subscription, where it names them by their ids, as other webhooks told of them.

From 2025-03-31 (basil) on a subscription names its discounts by id alone, and from 2025-09-30 (clover) a
discount its coupon. Source: Stripe, API reference, Discount object and Coupon object. The law: what stands in
the subscription whole goes first; what another webhook told is what held when the subscription's happened.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any, Final

import msgspec

from upsell.clock import SECOND, Moment
from upsell.sources.reports import id_in
from upsell.sources.stripe.hook import BAD_JSON, SUBSCRIPTIONS, Hook, decode_hook
from upsell.sources.stripe.shapes import Coupon, before, coupon_in, id_of, moment_of
from upsell.sources.vendor_details import Detail, Details, Named, detail_at

DISCOUNTS: Final = frozenset({"customer.discount.created", "customer.discount.updated"})
COUPONS: Final = frozenset({"coupon.created", "coupon.updated"})

TELLING: Final = DISCOUNTS | COUPONS
"""The events that tell what discounts and coupons take off; they become no event of ours."""

_DISCOUNT: Final = "discount"
_COUPON: Final = "coupon"
_TERMS: Final = frozenset(Coupon.__struct_fields__) - {"id"}


class _Applied(msgspec.Struct, frozen=True):
    """What is kept of a discount: its coupon whole or by its id, and when it began, in seconds since 1970."""

    coupon: Coupon | str
    start: int | None = None


_decode_coupon = msgspec.json.Decoder(Coupon).decode
_decode_applied = msgspec.json.Decoder(_Applied).decode


def detail_in(body: bytes) -> Detail | None:
    """Give what a webhook tells of a discount or coupon; None where it tells of none, or cannot be read."""
    try:
        hook = decode_hook(body)
        return detail_of(hook) if hook.type in TELLING else None
    except BAD_JSON:
        return None


def lacking_in(body: bytes, known: Details) -> Set[Named]:
    """Give the discounts and coupons that a subscription's webhook names by id and were not asked about."""
    try:
        hook = decode_hook(body)
        if hook.type not in SUBSCRIPTIONS:
            return frozenset()
        applying = Applying(known, hook.created * SECOND)
        applying.subscription(hook.data.object)
        if hook.data.previous_attributes is not None:
            applying.subscription(before(hook.data.object, hook.data.previous_attributes))
    except BAD_JSON:
        return frozenset()
    return applying.lacking


def detail_of(hook: Hook) -> Detail | None:
    """Give what an event of ``TELLING`` tells; None of a discount without an id, as before 2020.

    A coupon holds since it was made: what it takes off is never changed at Stripe, but another may be made
    under the id of one that was deleted. A discount holds from ever on, until it is given another coupon.

    Raises:
        msgspec.ValidationError: It does not say what it takes off.
    """
    said, at = hook.data.object, moment_of(hook.created)
    changed = frozenset(hook.data.previous_attributes or ())
    if hook.type in COUPONS:
        coupon = msgspec.convert(said, Coupon)
        since = at if changed & _TERMS else min(at, _began(said.get("created"), at))
        return _detail(_COUPON, coupon.id, since, coupon)
    applied = msgspec.convert({"coupon": coupon_in(said), "start": said.get("start")}, _Applied)
    _began(applied.start, at)
    is_changed = "id" not in changed and not changed.isdisjoint({"coupon", "source"})
    return _detail(_DISCOUNT, said.get("id"), at if is_changed else 0, applied)


class Applying(msgspec.Struct):
    """Puts what was told into subscriptions.

    Attributes:
        details: What was told.
        at: As of when.
        lacking: What was looked for and not even asked about.
    """

    details: Details
    at: Moment
    lacking: set[Named] = msgspec.field(default_factory=set)

    def subscription(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """Give a subscription with its discounts, its items' and its customer's, as far as is known."""
        single, items = said.get("discount"), said.get("items")
        whole = frozenset({id_of(single)}) if isinstance(single, Mapping) else frozenset()
        filled = self._discounts(said, whole)
        entries = items.get("data") if isinstance(items, Mapping) else None
        if isinstance(items, Mapping) and isinstance(entries, list):
            data = [self._discounts(each) if isinstance(each, Mapping) else each for each in entries]
            filled["items"] = {**items, "data": data}
        if isinstance(customer := said.get("customer"), Mapping):
            filled["customer"] = self._discounts(customer)
        return filled

    def _discounts(
        self, said: Mapping[str, Any], whole: frozenset[str | None] = frozenset()
    ) -> dict[str, Any]:
        filled = dict(said)
        if isinstance(single := said.get("discount"), Mapping):
            filled["discount"] = self._discount(single)
        if isinstance(several := said.get("discounts"), list):
            filled["discounts"] = [
                each if isinstance(each, str) and each in whole else self._discount(each) for each in several
            ]
        return filled

    def _discount(self, said: object) -> object:
        if isinstance(said, Mapping):
            return {**said, "coupon": self._coupon(coupon_in(said), said.get("start"))}
        found = self._find(_DISCOUNT, said, self.at)
        if found is None:
            return said
        applied = _decode_applied(found.said)
        coupon = applied.coupon if isinstance(applied.coupon, str) else msgspec.to_builtins(applied.coupon)
        return {"id": said, "coupon": self._coupon(coupon, applied.start)}

    def _coupon(self, said: object, start: object) -> object:
        """Give a coupon whole: as it was when its discount began, for it may be deleted since."""
        if not isinstance(said, str):
            return said
        found = self._find(_COUPON, said, _began(start, self.at))
        return msgspec.to_builtins(_decode_coupon(found.said)) if found is not None else said

    def _find(self, kind: str, said: object, at: Moment) -> Detail | None:
        named_id = id_in(said)
        if named_id is None:
            return None
        named = Named(kind, named_id)
        if named not in self.details:
            self.lacking.add(named)
        return detail_at(self.details, named, at)


def _detail(kind: str, said: object, since: Moment, whole: msgspec.Struct) -> Detail | None:
    named_id = id_in(said)
    return Detail(Named(kind, named_id), since, msgspec.json.encode(whole).decode()) if named_id else None


def _began(seconds: object, otherwise: Moment) -> Moment:
    if isinstance(seconds, bool) or not isinstance(seconds, int):
        return otherwise
    return moment_of(seconds)
