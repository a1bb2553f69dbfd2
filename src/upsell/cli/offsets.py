"""``upsell offsets``: where sources of Kafka stand, and putting one elsewhere."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from upsell.store.connect import Connection
    from upsell.store.kafka_offsets import Kept


def offsets(
    source: Annotated[
        str, typer.Argument(metavar="[SOURCE]", help="Name of a source of Kafka.", show_default=False)
    ] = "",
    *,
    put: Annotated[
        str,
        typer.Option(metavar="TOPIC[/PARTITION]", help="Put this elsewhere: events, or events/3 alone."),
    ] = "",
    at: Annotated[
        str, typer.Option(help="Beside --put: earliest, latest, an offset, or a moment with a zone.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show where sources of Kafka stand, or put one elsewhere.

    An offset is the number of the message that is read next. It is kept in the database with the events of
    all messages before it; what Kafka knows of it is never asked for. Going back writes nothing twice whose
    id is remembered still; going ahead leaves out what lies between.
    """
    from upsell.config import load_settings
    from upsell.errors import ConfigError
    from upsell.store.connect import connect, database_url
    from upsell.store.kafka_offsets import read_offsets

    if bool(put) is not bool(at) or (put and not source):
        msg = "expected SOURCE, --put and --at together, or neither option"
        raise typer.BadParameter(msg)
    settings = load_settings(os.environ)
    with connect(database_url(settings)) as connection:
        kept = list(read_offsets(connection, source or None).values())
        if put:
            _put(connection, source, kept, put, at)
            return
    if source and not kept:
        msg = f"expected a source of Kafka that was read, got {source}; `upsell consume {source}` reads it"
        raise ConfigError(msg)
    print(_as_json(kept) if as_json else "\n".join(_lines(kept)))


def _put(connection: Connection, source: str, kept: Sequence[Kept], what: str, at: str) -> None:
    from upsell.config import load_settings
    from upsell.runtime.live_sources import read_streams
    from upsell.runtime.offsets import choose, put_offsets, read_place
    from upsell.sources.kafka_topics import open_topics

    place, chosen = read_place(at), choose(kept, what)
    config = read_streams(connection).find(source).config(load_settings(os.environ).secrets)
    for each in put_offsets(connection, chosen, place, open_topics(config)):
        print(f"{each.partition} is read from {each.after} on now; it stood at {each.before}")


def _lines(kept: Sequence[Kept]) -> list[str]:
    """Write a table, and below it why something stopped."""
    from upsell.clock import format_moment

    if not kept:
        return ["No source of Kafka was read yet."]
    head = ("source", "partition", "next", "end", "behind", "taken", "refused", "empty", "last message")
    rows = [
        (
            each.source,
            str(each.partition),
            str(each.stand.next_offset),
            _number(each.end_offset),
            _number(each.behind),
            f"{each.taken:,}",
            f"{each.refused:,}",
            f"{each.empty:,}",
            format_moment(each.last_sent_at) if each.last_sent_at is not None else "none",
        )
        for each in kept
    ]
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = ["  ".join(_fit(row, widths)).rstrip() for row in (head, *rows)]
    heard = max((each.heard_at for each in kept if each.heard_at is not None), default=None)
    lines.append(f"Heard last {format_moment(heard)}." if heard is not None else "No consumer was heard yet.")
    return lines + [f"{each.partition} stopped: {each.trouble}" for each in kept if each.trouble]


def _fit(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    """Set names to the left and numbers to the right."""
    last = len(row) - 1
    return [
        text.ljust(width) if column < 2 or column == last else text.rjust(width)
        for column, (text, width) in enumerate(zip(row, widths, strict=True))
    ]


def _number(number: int | None) -> str:
    return "unknown" if number is None else str(number)


def _as_json(kept: Sequence[Kept]) -> str:
    import msgspec

    from upsell.clock import format_moment

    def content(each: Kept) -> dict[str, Any]:
        return {
            "source": each.source,
            "topic": each.partition.topic,
            "partition": each.partition.number,
            "next_offset": each.stand.next_offset,
            "end_offset": each.end_offset,
            "behind": each.behind,
            "taken": each.taken,
            "refused": each.refused,
            "empty": each.empty,
            "last_sent_at": format_moment(each.last_sent_at) if each.last_sent_at is not None else None,
            "heard_at": format_moment(each.heard_at) if each.heard_at is not None else None,
            "trouble": each.trouble or None,
        }

    return msgspec.json.format(msgspec.json.encode([content(each) for each in kept])).decode()
