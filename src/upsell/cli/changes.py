"""``upsell changes``: what is proposed over what is live, and what was done about it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from upsell.runtime.change_book import Looked
    from upsell.store.changes import Change

_MOST = 50


def changes(
    action: Annotated[
        Literal["list", "show", "ask", "approve", "refuse", "launch", "renew", "withdraw"],
        typer.Argument(help="list, show, ask, approve, refuse, launch, renew or withdraw."),
    ] = "list",
    number: Annotated[
        int, typer.Argument(metavar="[NUMBER]", help="Number of the change.", show_default=False)
    ] = 0,
    *,
    why: Annotated[str, typer.Option(help="Why, for the record; for all but list and show.")] = "",
) -> None:
    """List changes, show one, or ask for approval of one, approve, refuse, launch or withdraw it.

    Nobody approves what they proposed. What is launched is what was approved, over the revision it was made
    from; `renew` carries one over to the revision that is live by now. `upsell propose` drafts and alters.
    """
    from upsell.cli.experiment import user_name
    from upsell.clock import SystemClock
    from upsell.config import load_settings
    from upsell.runtime import changes as kept
    from upsell.runtime.change_book import ChangeBook
    from upsell.runtime.changes import Word
    from upsell.runtime.guarding import read_live
    from upsell.store.changes import read_closed_changes, read_open_changes
    from upsell.store.connect import connect, database_url
    from upsell.web.access import APPROVING

    if (action == "list") is bool(number):
        wanted = "no number to list" if action == "list" else f"the number of the change to {action}"
        raise typer.BadParameter(f"expected {wanted}, got {number or 'none'}", param_hint="NUMBER")
    if action not in ("list", "show") and not why.strip():
        raise typer.BadParameter(
            f"expected why, got nothing; say upsell changes {action} {number} --why TEXT", param_hint="--why"
        )
    clock, word = SystemClock(), Word(f"shell:{user_name()}", why.strip())
    with connect(database_url(load_settings(os.environ))) as connection:
        match action:
            case "list":
                found = (*read_open_changes(connection, _MOST), *read_closed_changes(connection, _MOST))
                print("\n".join(_listed(found)))
            case "show":
                looked = ChangeBook(clock).look(connection, number, read_live(connection))
                print("\n".join(_shown(looked)))
            case "ask":
                kept.ask(connection, clock, number, word)
                print(f"Change {number} waits for another person: upsell changes approve {number} --why TEXT")
            case "approve":
                kept.approve(connection, clock, number, word)
                print(f"Change {number} is approved as it stands: upsell changes launch {number} --why TEXT")
            case "refuse":
                kept.refuse(connection, clock, number, word)
                print(f"Change {number} is refused and closed; what is live stays as it is.")
            case "launch":
                revision = kept.launch(connection, clock, number, word, APPROVING)
                print(f"Revision {revision.number} is live ({revision.hash[:12]}).")
            case "renew":
                change = kept.renew(connection, clock, number, word)
                print(f"Change {number} is over revision {change.made_from} now, and a draft again.")
            case "withdraw":
                kept.withdraw(connection, clock, number, word)
                print(f"Change {number} is withdrawn and closed; what is live stays as it is.")


def _listed(found: tuple[Change, ...]) -> Iterator[str]:
    """Write each change in a line, the open ones first."""
    if not found:
        yield "Nothing is proposed, and nothing was: `upsell propose WORKSPACE --why TEXT` drafts a change."
    for each in found:
        what = f"{each.state.value}" + (f", revision {each.revision}" if each.revision else "")
        yield f"{each.number:>6}  {what:<22} {each.proposed_by:<28} {each.because}"


def _shown(looked: Looked) -> Iterator[str]:
    """Write all of a change: where it stands, what changes, the checks, whom it concerns, its record."""
    from upsell.cli.problems_text import shown_problem, shown_waived
    from upsell.clock import to_datetime
    from upsell.runtime.change_reach import workflow_words
    from upsell.runtime.changes import did_words
    from upsell.runtime.repricing import concerned_lines

    change = looked.change
    yield f"Change {change.number}, {change.state.value}, over revision {change.made_from}: {change.because}"
    if looked.is_stale:
        yield f"Revision {looked.live} is live by now: upsell changes renew {change.number} --why TEXT"
    for file in looked.differences:
        yield f"\n{file.name}: {file.words}"
        yield from (f"{line.sign.value} {line.text}" for line in file.lines)
        if file.left_out:
            yield f"{file.left_out:,} lines more are not shown"
    if looked.checked is not None:
        yield ""
        yield from map(shown_problem, (*looked.checked.problems, *looked.checked.linted.warnings))
        yield from map(shown_waived, looked.checked.linted.waived)
        yield "The checks fail; it cannot be asked for." if looked.checked.problems else "The checks pass."
    if looked.reach is not None:
        for workflow in looked.reach.workflows:
            yield f"{workflow.name} ({workflow.key}), {workflow.how.value}:"
            yield from (f"  {said}" for said in workflow_words(workflow))
        yield from (f"Competes: {each.words}" for each in looked.reach.competing)
        yield from concerned_lines(list(looked.reach.concerned))
        yield from looked.meant
    yield ""
    for record in looked.records:
        because = f": {record.because}" if record.because else ""
        yield f"{to_datetime(record.at):%Y-%m-%d %H:%M}  {did_words(record.act)} by {record.by}{because}"
