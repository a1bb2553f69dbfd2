"""``upsell bounces``: mail that came back, read from a mailbox, a file or a pipe."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from upsell.sources.reports import Unread


def bounces(
    _: Annotated[Literal["read"], typer.Argument(metavar="ACTION", help="read.")],
    source: Annotated[
        str,
        typer.Argument(metavar="SOURCE", help="An mbox, a Maildir, a file of one mail, or - for a pipe."),
    ],
) -> None:
    """Read mail that came back: delivery reports, complaints of feedback loops, and what older servers write.

    A report is believed about a message that went to that very address in the last 14 days, and each only
    once, so a mailbox may be read as often as you like; nothing in it is changed. The exit code is 0 also
    when some could not be read: a server that pipes mail here must not return what is of no use.
    """
    from upsell.clock import SystemClock
    from upsell.config import load_settings
    from upsell.runtime.mail_reports import RETURNED, Trust, commit_reports, match_reports
    from upsell.sources.returned import read_returned
    from upsell.store.connect import connect, database_url

    clock = SystemClock()
    total: Counter[str] = Counter()
    unread: list[tuple[str, Unread]] = []
    with connect(database_url(load_settings(os.environ))) as connection:
        for place, raw in _mails(source):
            total["mails"] += 1
            reading = read_returned(raw, clock.now())
            matched = match_reports(connection, reading, RETURNED, Trust(is_proved=False), clock.now())
            taken = commit_reports(connection, clock, RETURNED, matched)
            total.update(
                taken=taken.taken, duplicates=taken.duplicates, foreign=taken.foreign,
                passed_over=taken.passed_over, set_aside=taken.set_aside,
            )  # fmt: skip
            unread += [(place, each) for each in reading.unread]
    print("\n".join(_told(total)))
    for place, each in unread[:20]:
        print(f"{place}: {each.message}", file=sys.stderr)
    if len(unread) > 20:
        print(f"and {len(unread) - 20:,} more; `upsell doctor` tells of them", file=sys.stderr)


def _mails(source: str) -> Iterator[tuple[str, bytes]]:
    """Give the mails of a pipe or of a path, each with its place."""
    from upsell.sources.mailboxes import read_mails, split_mails

    if source == "-":
        yield from split_mails(sys.stdin.buffer, "stdin")
    else:
        yield from read_mails(Path(source))


def _told(total: Counter[str]) -> Iterator[str]:
    """Write what was read, in a line for each thing that came of it."""
    mails = total["mails"]
    yield f"{mails:,} {'mail' if mails == 1 else 'mails'} read: {total['taken']:,} new reports taken"
    for name, words in (
        ("duplicates", "were taken before"),
        ("foreign", "are about no message of ours"),
        ("passed_over", "report nothing"),
        ("set_aside", "are kept aside, each with its reason; see `upsell doctor`"),
    ):
        if total[name]:
            yield f"  {total[name]:,} {words}"
