"""Findings about sources of Kafka: what stopped, what nobody reads, what is behind, and how each stands.

For the diagnosis. The law: only what the database says is told; where no consumer was heard, nobody guesses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from upsell.clock import MINUTE, Duration, to_datetime
from upsell.runtime.examined import Examined, Finding, Severity
from upsell.store.kafka_offsets import Kept

HEARD_WITHIN: Duration = 2 * MINUTE
"""For how long a partition counts as read after its consumer was heard."""

LATE_AFTER: Duration = 5 * MINUTE
"""How old the last message that was read may be while there are more."""

_MOST_SHOWN = 8


def find_stopped(examined: Examined) -> Iterator[Finding]:
    """Find sources whose offset is not there any more."""
    for source, kept in _live(examined):
        for trouble in dict.fromkeys(each.trouble for each in kept if each.trouble):
            yield Finding(
                "kafka-stopped", Severity.ERROR, source, trouble,
                "until it is decided nothing of this source is read; nothing was left out",
            )  # fmt: skip


def find_unread(examined: Examined) -> Iterator[Finding]:
    """Find sources that no consumer reads, or only in part."""
    for source, kept in _live(examined):
        silent = [each for each in kept if not _is_heard(each, examined)]
        if kept and not silent:
            continue
        heard = max((each.heard_at for each in kept if each.heard_at is not None), default=None)
        said = "no consumer of it was ever heard"
        if heard is not None:
            said = f"no consumer of it was heard since {to_datetime(heard):%Y-%m-%d %H:%M} UTC"
        if len(silent) < len(kept):
            said = f"nobody reads {_listed([str(each.partition) for each in silent])}, and others are read"
        yield Finding(
            "kafka-unread", Severity.ERROR, source, said,
            f"run `upsell consume {source}`, or start `upsell up` again, which reads what is live when it "
            "starts; if one runs, read its log",
        )  # fmt: skip


def find_behind(examined: Examined) -> Iterator[Finding]:
    """Find sources whose last message is old while there are more."""
    for source, kept in _live(examined):
        late = [
            each
            for each in kept
            if each.behind and each.last_sent_at is not None
            and _is_heard(each, examined) and examined.now - each.last_sent_at > LATE_AFTER
        ]  # fmt: skip
        if late:
            oldest = min(each.last_sent_at or 0 for each in late)
            behind = sum(each.behind or 0 for each in late)
            yield Finding(
                "kafka-behind", Severity.WARNING, source,
                f"{behind:,} messages behind in {_listed([str(each.partition) for each in late])}; the last "
                f"that was read is of {to_datetime(oldest):%Y-%m-%d %H:%M} UTC",
                f"wait while it catches up; if it does not, run `upsell consume {source}` on more machines, "
                "up to one for each partition",
            )  # fmt: skip


def find_read(examined: Examined) -> Iterator[Finding]:
    """Tell how each source stands."""
    for source, kept in _live(examined):
        if kept:
            yield Finding(
                "kafka-read", Severity.NOTE, source,
                "; ".join([_told(each) for each in kept[:_MOST_SHOWN]] + _more(len(kept))),
                f"nothing need be done; `upsell offsets {source}` shows every partition",
            )  # fmt: skip


def _live(examined: Examined) -> Iterator[tuple[str, list[Kept]]]:
    """List the sources that are live, and where they stand in the topics they read now."""
    for source, definition in sorted(examined.streams.items()):
        topics = definition.topics
        yield (
            source,
            [each for each in examined.offsets if each.source == source and each.partition.topic in topics],
        )


def _is_heard(kept: Kept, examined: Examined) -> bool:
    return kept.heard_at is not None and examined.now - kept.heard_at <= HEARD_WITHIN


def _told(kept: Kept) -> str:
    behind = "not heard yet" if kept.behind is None else f"{kept.behind:,} behind"
    last = "no message yet"
    if kept.last_sent_at is not None:
        last = f"last message of {to_datetime(kept.last_sent_at):%Y-%m-%d %H:%M} UTC"
    refused = f", {kept.refused:,} refused" if kept.refused else ""
    return f"{kept.partition} {behind}, {last}{refused}"


def _more(count: int) -> list[str]:
    return [f"and {count - _MOST_SHOWN:,} partitions more"] if count > _MOST_SHOWN else []


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_SHOWN])
    return f"{shown} and {len(names) - _MOST_SHOWN:,} more" if len(names) > _MOST_SHOWN else shown
