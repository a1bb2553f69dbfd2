"""Queues: ``queues.yaml`` compiled: who takes tasks, how they are given, and by when they should be done."""

from __future__ import annotations

from collections.abc import Mapping

from upsell.clock import HOUR
from upsell.decisions.hours import Hours, weekly
from upsell.decisions.queues import OWNER_TRAIT, Away, Give, Person, Queue
from upsell.decisions.sla import Sla
from upsell.workspace.findings import Findings
from upsell.workspace.items import NOTHING_WRITTEN, Leaf, Record
from upsell.workspace.scalars import WEEKDAYS

_OPENS, _CLOSES = 9 * 60, 17 * 60
_WORKDAYS = frozenset(range(5))


def compile_queues(written: Record, findings: Findings) -> Mapping[str, Queue]:
    """Compile the queues that are written, by name."""
    return {name: _queue(name, record, findings) for name, record in written.records()}


def _queue(name: str, record: Record, findings: Findings) -> Queue:
    hours = record.record("hours") or NOTHING_WRITTEN
    give = Give(record.text("give", Give.ROUND_ROBIN.value))
    people = tuple(_person(each, findings) for each in record.each("people") if isinstance(each, Record))
    if record.has("otherwise") and give is not Give.ACCOUNT_OWNER:
        findings.error(
            record.keys["otherwise"],
            f"expected otherwise beside give: {Give.ACCOUNT_OWNER.value}, got give: {give.value}",
            hint="only an account may have no owner here; drop otherwise",
            code="queue",
        )
    _check_people(record, people, findings)
    days = frozenset(WEEKDAYS.index(leaf.text) for leaf in hours.leaves("days"))
    return Queue(
        name=name,
        people=people,
        give=give,
        otherwise=Give(record.text("otherwise", Give.LEAST_LOADED.value)),
        owner_trait=record.text("owner", OWNER_TRAIT),
        sla=_sla(record.leaf("sla")),
        hours=Hours(
            weekly(hours.integer("from", _OPENS), hours.integer("to", _CLOSES), days or _WORKDAYS),
            frozenset(leaf.text for leaf in hours.leaves("closed_on")),
            closes_on_holidays=record.has("holidays"),
        ),
        country=record.text("holidays"),
    )


def _person(record: Record, findings: Findings) -> Person:
    away = tuple(
        Away(each.text("from"), each.text("to")) for each in record.each("away") if isinstance(each, Record)
    )
    if any(each.first > each.last for each in away):
        findings.error(
            record.keys["away"], "expected days that end after they began, got others", code="queue"
        )
    return Person(record.text("id"), record.text("name"), record.text("mail"), away)


def _check_people(record: Record, people: tuple[Person, ...], findings: Findings) -> None:
    """Note people who could not be told apart: a task is given and taken by id or by mail."""
    called: set[str] = set()
    for person in people:
        words = {word.casefold() for word in (person.id, person.mail) if word}
        if words & called:
            findings.error(
                record.keys["people"],
                f"expected people with an id and a mail address of their own, got {person.id} again",
                code="queue",
            )
        called |= words


def _sla(leaf: Leaf | None) -> Sla | None:
    if leaf is None:
        return None
    number, _, unit = leaf.text.split()
    return Sla(hours=int(number) * HOUR) if unit.startswith("hour") else Sla(days=int(number))
