"""``upsell consents``: what a customer consented to and withdrew, when, how, and under which words."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from upsell.clock import Moment
    from upsell.runtime.consent_history import Entry, History

_WIDTH = 80
_KINDS = {
    "gave": "gave consent",
    "withdrew": "withdrew",
    "paused": "asked for a pause",
    "resumed": "ended a pause",
    "complained": "complained",
}


def consents(
    customer: Annotated[str, typer.Argument(help="Id of the customer, such as ada.", show_default=False)],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Show what a customer said about consent, oldest first, with the proof of each, and what holds now.

    Proof is when and how it was said, the message it answers, and the words that were before their eyes.
    """
    import msgspec

    from upsell.clock import SystemClock
    from upsell.config import load_settings
    from upsell.runtime.consent_history import find_history, history_content
    from upsell.store.connect import connect, database_url

    with connect(database_url(load_settings(os.environ))) as connection:
        history = find_history(connection, customer, SystemClock().now())
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(history_content(history))).decode())
        return
    print("\n".join(_lines(history)))


def _lines(history: History) -> Iterator[str]:
    from upsell.runtime.consent_history import standing_words

    yield f"{history.customer_id}, as of {_minute(history.at)}"
    standing = standing_words(history)
    if not standing:
        yield "  Nothing is withdrawn, paused or given: what the policy asks for decides."
    for words, at in standing:
        yield f"  {words} {_minute(at)}"
    yield ""
    if not history.entries:
        yield "They said nothing about consent."
    for entry in history.entries:
        yield from _entry_lines(entry)


def _entry_lines(entry: Entry) -> Iterator[str]:
    """Write one thing that was said, with its proof."""
    import textwrap

    from upsell.runtime.consent_history import scope_words

    yield f"{_minute(entry.said_at)}  {_KINDS[entry.kind]}: {scope_words(entry.scope)}"
    if entry.until is not None and entry.kind == "paused":
        yield f"  until    {_minute(entry.until)}"
    how = entry.how or "nobody told how"
    yield f"  how      {how} (told by {entry.source})"
    if entry.key:
        about = entry.message
        said = (
            f"{about.content}, step {about.step} of {about.workflow}"
            if about is not None
            else "not kept here"
        )
        yield f"  message  {entry.key} ({said})"
    if entry.text is not None:
        yield f"  words    version {entry.text_version}, {entry.text.language}"
        for line in entry.text.said.split("\n"):
            yield from textwrap.wrap(line, _WIDTH, initial_indent="           ", subsequent_indent=" " * 13)
    elif entry.text_version:
        yield f"  words    version {entry.text_version}, kept by {entry.source}"


def _minute(at: Moment) -> str:
    from upsell.clock import to_datetime

    return f"{to_datetime(at):%Y-%m-%d %H:%M} UTC"
