"""Vendor details: what a vendor told of a thing that others of its deliveries name by its id alone.

The law: a detail holds from a moment on, until another of the same thing, so what a delivery means is what
held when it happened, in whatever order they come.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from upsell.clock import Moment


class Named(msgspec.Struct, frozen=True):
    """A thing at a vendor: its kind there, such as ``coupon``, and its id."""

    kind: str
    id: str


class Detail(msgspec.Struct, frozen=True):
    """What was told of a thing.

    Attributes:
        named: Of what.
        since: From which moment on it is so.
        said: What was told, as JSON.
    """

    named: Named
    since: Moment
    said: str


Details = Mapping[Named, tuple[Detail, ...]]
"""What was told of each thing that was asked about, in any order; nothing of some."""


def detail_at(details: Details, named: Named, at: Moment) -> Detail | None:
    """Give what held of a thing at a moment; None where nothing told of it that far back."""
    held = (each for each in details.get(named, ()) if each.since <= at)
    return max(held, key=lambda each: each.since, default=None)
