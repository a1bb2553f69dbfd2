"""Acceptances: offers that were taken, in the order of the ledger: by them what is limited runs out.

The law: what an acceptance comes to is what was shown under its key. That was written before anybody
could take it and stays as it is, so whoever reads an acceptance, now or in a replay, reads the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from upsell.clock import Moment
from upsell.decisions.terms import Terms
from upsell.ids import UnitId
from upsell.signals.events import PROMPT_OFFERED, Event
from upsell.store.connect import Connection
from upsell.store.queries import query

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode
_decode_terms = msgspec.json.Decoder(Terms).decode


class Acceptance(msgspec.Struct, frozen=True):
    """One offer that was taken.

    Attributes:
        position: Where in the ledger.
        offer: Id of the offer, empty when the event says none.
        taken_at: When it was seen.
        discount: What its discount comes to in minor units; 0 when nothing says.
        currency: ISO 4217 code of that, empty when nothing says.
        workflow: Key of the workflow that showed it, empty when nothing says.
        enrollment: Id of the enrollment that showed it, empty when its key is none of ours.
        showing: Its key where that is one of ours: one showing is taken once. Empty otherwise.
    """

    position: int
    offer: str
    taken_at: Moment
    discount: int
    currency: str = ""
    workflow: str = ""
    enrollment: str = ""
    showing: str = ""


class Showing(msgspec.Struct, frozen=True):
    """What made an offer.

    Attributes:
        workflow: Key of the workflow.
        enrollment: Id of the enrollment.
        terms: What the offer came to.
        unit_id: Whom it was made to.
        shown_at: When it was reserved, opened or shown.
    """

    workflow: str
    enrollment: str
    terms: Terms
    unit_id: UnitId
    shown_at: Moment


def read_acceptances(connection: Connection, after: int) -> list[Acceptance]:
    """Give the acceptances after a position of the ledger, in its order."""
    rows = connection.execute(query("read_acceptances"), {"after": after}, binary=True)
    told = [(position, seen_at, _decode(properties)) for position, seen_at, properties in rows]
    keys = [(_text(said, "key"), seen_at) for _, seen_at, said in told]
    showings = _find_showings(connection, keys)
    return [
        _acceptance(position, seen_at, said, showings.get(place))
        for place, (position, seen_at, said) in enumerate(told)
    ]


def newest_acceptance(connection: Connection) -> int:
    """Give the position in the ledger of the last acceptance, 0 before the first."""
    row = connection.execute(query("newest_acceptance"), binary=True).fetchone()
    return (row[0] if row is not None else None) or 0


def keep_prompted(connection: Connection, told: Iterable[Event]) -> None:
    """Keep the terms that prompts showed, of what was recorded about them; a transaction may be open."""
    shown: dict[tuple[str, str], Event] = {}
    for event in told:
        terms = event.properties.get("terms") if event.name == PROMPT_OFFERED else None
        if isinstance(terms, dict):
            text = _encode(terms).decode()
            shown.setdefault((str(event.properties["prompt"]), text), event)
    if not shown:
        return
    values = {
        "keys": [key for key, _ in shown],
        "terms": [text for _, text in shown],
        "shown": [event.seen_at for event in shown.values()],
        "workflows": [str(event.properties["workflow"]) for event in shown.values()],
        "enrollments": [str(event.properties["enrollment"]) for event in shown.values()],
        "units": [str(event.properties["unit"]) for event in shown.values()],
    }
    connection.execute(query("keep_prompted"), values)


def find_showing(connection: Connection, key: str, now: Moment) -> Showing | None:
    """Find what stood behind one key at ``now``: a message, a task or a prompt that made an offer."""
    return _find_showings(connection, [(key, now)]).get(0)


def _find_showings(connection: Connection, keys: Sequence[tuple[str, Moment]]) -> Mapping[int, Showing]:
    """Find what stood behind keys when they were told, by their place in the list."""
    asked = [(place, key, at) for place, (key, at) in enumerate(keys) if key]
    if not asked:
        return {}
    values = {"keys": [key for _, key, _ in asked], "moments": [at for _, _, at in asked]}
    found = connection.execute(query("find_showings"), values, binary=True)
    return {
        asked[number - 1][0]: Showing(workflow, enrollment, _decode_terms(terms), unit_id, shown_at)
        for number, workflow, enrollment, terms, unit_id, shown_at in found
    }


def _acceptance(
    position: int, seen_at: Moment, said: Mapping[str, Any], showing: Showing | None
) -> Acceptance:
    offer = str(said.get("offer") or "")
    if showing is None:
        return Acceptance(
            position, offer, seen_at, _amount(said), _text(said, "currency"), _text(said, "workflow")
        )
    terms = showing.terms
    # Where the catalog knew no price there was nothing to say what the discount comes to.
    is_shown = offer in ("", terms.offer) and terms.full is not None
    return Acceptance(
        position=position,
        offer=offer or terms.offer,
        taken_at=seen_at,
        discount=terms.discount if is_shown else _amount(said),
        currency=terms.currency if is_shown else _text(said, "currency"),
        workflow=showing.workflow,
        enrollment=showing.enrollment,
        showing=_text(said, "key"),
    )


def _amount(said: Mapping[str, Any]) -> int:
    """Give the discount an event says, never less than nothing."""
    match said.get("discount"):
        case bool():
            return 0
        case int() as discount:
            return max(0, discount)
        case float() as discount if math.isfinite(discount):
            return max(0, round(discount))
        case _:
            return 0


def _text(said: Mapping[str, Any], name: str) -> str:
    """Give a text an event says, empty for anything that the database holds as none."""
    text = said.get(name)
    return text if isinstance(text, str) and "\0" not in text else ""
