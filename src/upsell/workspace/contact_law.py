"""Contact law: the legal contact hours compiled, those shipped and those a workspace puts in their place."""

from __future__ import annotations

from functools import cache

from upsell.decisions.contact_law import ContactLaw, LegalHours
from upsell.decisions.hours import Hours, Week
from upsell.workspace.documents import CONTACT_HOURS, read_shipped_hours
from upsell.workspace.files import FILES, FileKind
from upsell.workspace.findings import Findings
from upsell.workspace.items import Listing, Record
from upsell.workspace.nodes import compose
from upsell.workspace.reading import Reader
from upsell.workspace.scalars import days_between, minutes_between
from upsell.workspace.workflow_file import NAMED_SHAPES


def compile_law(written: Record | None, findings: Findings) -> ContactLaw:
    """Give the legal contact hours that hold: those shipped, but for jurisdictions a workspace writes."""
    return shipped_law() if written is None else {**shipped_law(), **_rows(written, findings)}


@cache
def shipped_law() -> ContactLaw:
    """Give the legal contact hours that are shipped.

    Raises:
        DefinitionError: The file is broken; tests say so before it is shipped.
    """
    findings = Findings()
    node = compose(CONTACT_HOURS, read_shipped_hours(), findings)
    reader = Reader(CONTACT_HOURS, NAMED_SHAPES, findings)
    read = reader.read(node, FILES[FileKind.CONTACT_HOURS].shape) if node is not None else None
    law = _rows(read, findings) if isinstance(read, Record) else {}
    findings.settle()
    return law


def _rows(record: Record, findings: Findings) -> dict[str, tuple[LegalHours, ...]]:
    """Compile rows by jurisdiction."""
    return {
        jurisdiction: tuple(
            _row(jurisdiction, each, findings) for each in listed.items if isinstance(each, Record)
        )
        for jurisdiction, listed in record.items.items()
        if isinstance(listed, Listing)
    }


def _row(jurisdiction: str, record: Record, findings: Findings) -> LegalHours:
    """Compile one row."""
    valid_from, valid_until = record.text("valid_from"), record.text("valid_until")
    if valid_until and valid_until <= valid_from:
        findings.error(
            record.keys["valid_until"],
            f"expected valid_until after valid_from, {valid_from}, got {valid_until}",
            hint="valid_until is the first day on which the row no longer holds",
            code="period",
        )
    week = _week(record.record("hours"), findings)
    if record.record("hours") is not None and not any(week):
        findings.warning(
            record.keys["hours"],
            f"expected hours that open somewhere in the week, got a row of {jurisdiction} that never does",
            hint="nobody there is ever sent a text while it holds",
            code="never-open",
        )
    hours = Hours(
        week,
        frozenset(leaf.text for leaf in record.leaves("closed_on")),
        closes_on_holidays=record.text("holidays") == "closed",
    )
    return LegalHours(
        jurisdiction=jurisdiction,
        hours=hours,
        source=record.text("source"),
        as_of=record.text("as_of"),
        valid_from=valid_from,
        valid_until=valid_until,
        note=record.text("note"),
    )


def _week(record: Record | None, findings: Findings) -> Week:
    """Compile the hours of a week."""
    days: list[tuple[tuple[int, int], ...]] = [()] * 7
    for named in record.items if record is not None else ():
        for day in days_between(named):
            if record is not None and days[day]:
                findings.error(
                    record.keys[named],
                    f"expected each day of the week once, got {named} again",
                    hint="write several spans of one day as a list: ['10:00-13:00', '14:00-20:00']",
                    code="duplicate-day",
                )
            elif record is not None:
                days[day] = tuple(sorted(minutes_between(leaf.text) for leaf in record.leaves(named)))
    return tuple(days)
