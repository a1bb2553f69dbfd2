"""``upsell doctor``: what is wrong with what comes in, and what to do."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from upsell.store.mail import Told


def doctor(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Look for what is wrong with events, sources, the worker and the mail, and say what to do.

    The exit code is 1 when there is an error or a warning, and 0 otherwise, also with notes.
    """
    import textwrap

    import msgspec

    from upsell.clock import SystemClock
    from upsell.config import load_settings
    from upsell.runtime.diagnosis import diagnose
    from upsell.runtime.doctor import examine
    from upsell.runtime.examined import Severity
    from upsell.store.connect import connect, database_url

    with connect(database_url(load_settings(os.environ))) as connection:
        examined = examine(connection, SystemClock().now())
    findings = diagnose(examined)
    if as_json:
        said = {"findings": findings, "mail": examined.providers}
        print(msgspec.json.format(msgspec.json.encode(said)).decode())
    else:
        for told in examined.providers:
            print(_mail_line(told))
        for found in findings:
            head = f"{found.severity.value:<8}{found.subject}: {found.said}"
            inner = textwrap.TextWrapper(96, subsequent_indent=" " * 8, break_on_hyphens=False)
            print(inner.fill(head))
            inner.initial_indent = inner.subsequent_indent
            print(inner.fill(f"{found.advice} ({found.code})"))
        print(_last_line([found.severity.value for found in findings]))
    raise typer.Exit(int(any(found.severity is not Severity.NOTE for found in findings)))


def _mail_line(told: Told) -> str:
    """Say how a mail provider does, as one dispatcher knows it."""
    known = told.known
    counts = ", ".join(f"{count:,} {answer.value}" for answer, count in known.counts.items())
    return f"mail by {known.provider} ({known.standing.value}, dispatcher {told.process[:8]}): {counts}"


def _last_line(severities: list[str]) -> str:
    """Say how many findings there are."""
    if not severities:
        return "Nothing is the matter."
    counted = []
    for name in ("error", "warning", "note"):
        number = severities.count(name)
        if number:
            counted.append(f"{number} {name}{'' if number == 1 else 's'}")
    return f"{', '.join(counted)}. Each code is explained in docs/reference/doctor.md."
