"""What the pages of signals share: events with their addresses, who reads them, and what is wrong."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

import msgspec

from upsell.clock import format_moment
from upsell.runtime.event_counts import EventCount, event_readers
from upsell.runtime.examined import Finding, Severity
from upsell.runtime.incoming import Incoming
from upsell.runtime.overview import Tone
from upsell.runtime.results import date_words

PATH: Final = "/signals"
"""Under which each event has its page, by its name."""

_TONES: Final = {Severity.ERROR: Tone.BAD, Severity.WARNING: Tone.WARN, Severity.NOTE: Tone.CALM}


class Found(msgspec.Struct, frozen=True):
    """One thing that is wrong, or only to be known: what, and what to do."""

    subject: str
    said: str
    advice: str
    tone: Tone


class Reader(msgspec.Struct, frozen=True):
    """Who reads something: a workflow with its page, or a segment or signal without one."""

    name: str
    path: str


def event_path(name: str) -> str:
    """Give where the page of an event is."""
    return f"{PATH}/{quote(name, safe='')}"


def counted_to(found: Incoming) -> str:
    """Say how far is counted."""
    if not found.learned_to:
        return "Nothing is counted yet: that is done behind the worker, within a minute."
    return f"Counted up to {date_words(found.learned_to)}."


def found_of(each: Finding) -> Found:
    """Write a finding for people."""
    return Found(each.subject, upper(each.said), upper(each.advice), _TONES[each.severity])


def is_about(each: Finding, name: str) -> bool:
    """Tell whether a finding is about an event: by its subject, or what it says somebody needs of it."""
    owner = {"Customer Identified": "customer", "Account Identified": "account"}.get(name, name)
    is_subject = each.subject in (name, owner) or each.subject.startswith(f"{owner}.")
    return is_subject or each.said.startswith((f"it needs {name},", f"it counts {name} by "))


def reader_of(name: str) -> Reader:
    """Give who reads something: a workflow with its page, a segment or signal by that word."""
    is_workflow = not name.startswith(("segment ", "signal "))
    return Reader(name, f"/workflows/{quote(name, safe='')}" if is_workflow else "")


def all_readers(found: Incoming, name: str) -> tuple[Reader, ...]:
    """Give who reads an event; what no rule reads may matter to what Upsell does itself."""
    named = tuple(map(reader_of, event_readers(found.program).get(name, ())))
    return named or ((Reader("Upsell itself", ""),) if name in found.read else ())


def event_content(each: EventCount) -> dict[str, Any]:
    """Give how often an event came as plain data."""
    return {
        **msgspec.to_builtins(each),
        "path": event_path(each.name),
        "first_at": format_moment(each.first_at),
        "last_at": format_moment(each.last_at),
    }


def finding_content(each: Finding) -> dict[str, Any]:
    """Give a finding as plain data."""
    return {**msgspec.to_builtins(each), "severity": each.severity.value}


def upper(words: str) -> str:
    """Write the first letter large."""
    return f"{words[:1].upper()}{words[1:]}"
