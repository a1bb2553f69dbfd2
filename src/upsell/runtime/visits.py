"""Visits: what came over links is told for a person's or a machine's, and a person's becomes an event.

For the worker. The law: nothing that reads clicks or openings ever sees a machine's, because it is no event;
it is counted where it is kept. A visit is told once, in the transaction that writes its event.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Final

from msgspec.structs import replace

from upsell.channels.links import TRAP
from upsell.channels.scanners import HELD_BACK, TRAPPED, Sign, Visit, judge_visits
from upsell.clock import MINUTE, Clock, Moment
from upsell.decisions.consents import allows_pictures, allows_tracking
from upsell.decisions.contact import Contact
from upsell.decisions.reach import PUSH
from upsell.ids import UnitId, bare, is_account
from upsell.signals.events import MESSAGE_CLICKED, MESSAGE_OPENED, Event
from upsell.store.connect import Connection
from upsell.store.households import read_contacts
from upsell.store.identities import find_identities
from upsell.store.ledger import append, hash_event
from upsell.store.links import (
    SOURCE,
    Addressed,
    Held,
    Visited,
    VisitKind,
    find_addressed,
    hold_visited,
    read_visits,
    tell_visits,
)

MOST_AT_ONCE: Final = 1_000
"""How many messages' visits are told in one transaction at most."""


def tell_people(connection: Connection, clock: Clock) -> int:
    """Tell the visits that were held back long enough; give how many were told."""
    told = 0
    while step := _tell_some(connection, clock):
        told += step
    return told


def _tell_some(connection: Connection, clock: Clock) -> int:
    held_to = clock.now() - HELD_BACK
    with connection.transaction():
        visited = {each.number: each for each in hold_visited(connection, held_to, MOST_AT_ONCE)}
        if not visited:
            return 0
        found = read_visits(connection, list(visited), held_to - TRAPPED - MINUTE)
        addressed = find_addressed(connection, {each.key for each in visited.values()})
        verdicts: list[tuple[Held, str]] = []
        for number, visits in groupby(found, lambda held: held.came.number):
            message = visited[number]
            about = addressed.get(message.key)
            is_shown_at_once = about is not None and about.channel == PUSH
            verdicts += _judge(list(visits), None if is_shown_at_once else message.sending_at)
        # What came only now may yet show others up, and is shown up by them.
        due = [(held, verdict) for held, verdict in verdicts if _is_due(held, held_to)]
        contacts = _contacts(connection, addressed.values())
        events: dict[str, Event] = {}
        for held, verdict in due:
            message = visited[held.came.number]
            if verdict or message.key not in addressed:
                continue
            if _is_allowed(held, addressed[message.key], contacts):
                event = _event(held, message, addressed[message.key])
                events.setdefault(event.id, event)
        # The same link in the same minute is the same event, also where it was told before.
        hashes = [hash_event(replace(event, occurred_at=0)) for event in events.values()]
        append(connection, list(events.values()), clock, hashes)
        tell_visits(connection, due)
    return len(due)


def _contacts(connection: Connection, addressed: Iterable[Addressed]) -> dict[str, Contact]:
    """Give what those addressed allow by now, by the id they were addressed by."""
    named = {each.customer_id for each in addressed} - {""}
    today = {
        customer_id: known.customer_id for customer_id, known in find_identities(connection, named).items()
    }
    found = read_contacts(connection, {today.get(each, each) for each in named})
    return {each: found[who] for each in named if (who := today.get(each, each)) in found}


def _is_allowed(held: Held, addressed: Addressed, contacts: Mapping[str, Contact]) -> bool:
    """Tell whether a visit may be told: what was withdrawn since the message was sent holds too."""
    contact = contacts.get(addressed.customer_id)
    if contact is None:
        return True
    allows = allows_tracking if held.came.kind is VisitKind.CLICK else allows_pictures
    return allows(contact, addressed.channel)


def _is_due(held: Held, held_to: int) -> bool:
    return held.verdict is None and held.came.visited_at <= held_to


def _judge(visits: Sequence[Held], sending_at: Moment | None) -> list[tuple[Held, str]]:
    """Give each visit of a message with a machine's reason, empty for a person's."""
    signs = judge_visits([_visit(held) for held in visits], sending_at)
    return [(held, "" if sign is None else sign.value) for held, sign in zip(visits, signs, strict=True)]


def _visit(held: Held) -> Visit:
    came = held.came
    is_opening = came.kind is VisitKind.OPEN
    return Visit(
        came.visited_at,
        came.place,
        Sign(came.said) if came.said else None,
        is_opening=is_opening,
        is_trap=came.place == TRAP and not is_opening,
    )


def _event(held: Held, message: Visited, addressed: Addressed) -> Event:
    """Write a visit as an event of the person addressed; the same link in the same minute is one."""
    came = held.came
    minute = came.visited_at // MINUTE
    properties = {
        "key": message.key,
        "enrollment": addressed.enrollment,
        "unit": addressed.unit_id,
        "workflow": addressed.workflow,
        "step": addressed.step,
        "channel": addressed.channel,
        "intent": addressed.intent,
    }
    if came.kind is VisitKind.CLICK:
        name, event_id = MESSAGE_CLICKED, f"{MESSAGE_CLICKED}/{message.key}/{came.place}/{minute}"
        properties["link"] = message.targets[came.place] if came.place < len(message.targets) else ""
    else:
        name, event_id = MESSAGE_OPENED, f"{MESSAGE_OPENED}/{message.key}/{minute}"
    household_id = UnitId(addressed.household_id)
    return Event(
        id=event_id,
        name=name,
        occurred_at=came.visited_at,
        seen_at=came.visited_at,
        customer_id=addressed.customer_id or None,
        account_id=bare(household_id) if is_account(household_id) else None,
        properties=properties,
        source=SOURCE,
    )
