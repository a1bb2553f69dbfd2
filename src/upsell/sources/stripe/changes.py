"""Changes: what happened to a subscription between two states of it, as events of the event table.

The law: an event says what is so from now on, whole, and from which state it came (``state_before``,
``state_after``), so that whatever the order they are told in, the last of them stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from upsell.clock import Moment, format_moment
from upsell.ids import digest
from upsell.sources.stripe.terms import Standing, Terms

NOTHING: Final = ""
"""The state of what is not had yet, or was taken out of a subscription that goes on."""

OVER: Final = "over"
"""The state of what has ended with its subscription."""

_encode = msgspec.json.Encoder(order="sorted").encode


class Told(msgspec.Struct, frozen=True):
    """One event.

    Attributes:
        name: Its name.
        said: What it says.
        about: About which subscription of ours; empty where it is about none.
        place: How many microseconds after what it follows from it is put.
    """

    name: str
    said: Mapping[str, Any]
    about: str = ""
    place: int = 0


def changes_between(was: Standing | None, now: Standing, ended_at: Moment) -> list[Told]:
    """Give what happened to a subscription, in order; nothing where nothing of ours changed.

    Args:
        was: What it was to before; None where that is not known: what it is now is told then.
        now: What it is to now.
        ended_at: When what is had no more ended.
    """
    told: list[Told] = []
    parts = sorted({*now.parts, *(was.parts if was is not None else ())})
    for part in parts:
        before = was.parts.get(part) if was is not None else None
        after = now.parts.get(part)
        reached = state_of(after, now)
        came = state_of(before, was) if was is not None else None
        if came == reached:
            continue
        if after is not None:
            told += _had(before, after, came, reached)
        elif before is not None:
            told.append(_canceled(before, ended_at, came, reached))
        told += _trial(before, after, is_known=was is not None)
    return told


def ended_from(was: Standing, at: Moment) -> list[Told]:
    """Give what happened when a subscription ended that was to ``was`` until then."""
    return changes_between(was, Standing({}, is_over=True), at)


def state_of(terms: Terms | None, standing: Standing) -> str:
    """Give the key of the state a part of a subscription is in: equal terms, equal key."""
    if terms is None:
        return OVER if standing.is_over else NOTHING
    return digest("terms", _encode(terms).decode())[:12]


def _had(before: Terms | None, after: Terms, came: str | None, reached: str) -> Iterator[Told]:
    """Tell of terms that hold, and after them of their end where one is set."""
    name = _name_of(before, after, came)
    if after.ends_at is None:
        yield _terms(name, after, came, reached)
        return
    open_ended = msgspec.structs.replace(after, ends_at=None)
    between = state_of(open_ended, Standing({}))
    is_new_end = before is not None and msgspec.structs.replace(before, ends_at=None) == open_ended
    if not is_new_end:
        yield _terms(name, open_ended, came, between)
    end = _canceled(after, after.ends_at, came if is_new_end else between, reached)
    yield end if is_new_end else msgspec.structs.replace(end, place=1)


def _name_of(before: Terms | None, after: Terms, came: str | None) -> str:
    if came == NOTHING:
        return "Subscription Started"
    if before is None:
        return "Subscription Changed"
    later = (before.renews_at or 0) < (after.renews_at or 0)
    rest = msgspec.structs.replace(before, renews_at=after.renews_at, ends_at=after.ends_at)
    return "Subscription Renewed" if later and rest == after else "Subscription Changed"


def _trial(before: Terms | None, after: Terms | None, *, is_known: bool) -> Iterator[Told]:
    """Tell of a trial that began or ended; what is not known to have changed is not told."""
    was = before is not None and before.status == "trialing"
    now = after is not None and after.status == "trialing"
    if not is_known or was == now:
        return
    if now and after is not None:
        said = {"plan": after.plan, "ends_at": _written(after.renews_at)}
        yield _told("Trial Started", after, {key: value for key, value in said.items() if value is not None})
    elif before is not None:
        kept = after if after is not None else before
        yield _told("Trial Ended", kept, {"plan": kept.plan, "converted": after is not None})


def _terms(name: str, terms: Terms, came: str | None, reached: str) -> Told:
    return _told(name, terms, _whole(terms, came, reached))


def _canceled(terms: Terms, ends_at: Moment, came: str | None, reached: str) -> Told:
    said = {**_whole(terms, came, reached), "ends_at": _written(ends_at)}
    return _told("Subscription Canceled", terms, said)


def _whole(terms: Terms, came: str | None, reached: str) -> dict[str, Any]:
    said = {
        "plan": terms.plan,
        "quantity": terms.quantity,
        "amount": terms.amount,
        "currency": terms.currency if terms.amount is not None else None,
        "interval": terms.interval,
        "status": terms.status,
        "started_at": _written(terms.started_at),
        "renews_at": _written(terms.renews_at),
        "state_before": came,
        "state_after": reached,
    }
    return {key: value for key, value in said.items() if value is not None}


def _told(name: str, terms: Terms, said: Mapping[str, Any]) -> Told:
    return Told(name, {"subscription_id": terms.subscription_id, **said}, terms.subscription_id)


def _written(at: Moment | None) -> str | None:
    return format_moment(at) if at is not None else None
