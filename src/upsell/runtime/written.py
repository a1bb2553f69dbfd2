"""Written: what was written of one workflow in each revision, and what changed from one to another.

The law: a revision is told of a workflow where its file changed in it, or a template that its file names.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping

import msgspec

from upsell.clock import Moment
from upsell.runtime.differences import FileDifference, find_differences
from upsell.store.connect import Connection
from upsell.store.revisions import Revision, read_revisions

_TEMPLATES = "templates/"


class Written(msgspec.Struct, frozen=True):
    """A revision in which a workflow changed.

    Attributes:
        number: Its number.
        hash: The version of the whole program.
        applied_at: When it was applied.
        live_at: From when on units are taken under it.
        note: What was said about it.
        changed: Paths of what changed of the workflow.
        is_there: Whether the workflow has a file in it.
    """

    number: int
    hash: str
    applied_at: Moment
    live_at: Moment
    note: str
    changed: tuple[str, ...]
    is_there: bool


class _Turn(msgspec.Struct, frozen=True):
    """A revision without its documents, and those it changed; None for one that went."""

    number: int
    hash: str
    applied_at: Moment
    live_at: Moment
    note: str
    changed: Mapping[str, str | None]


class WrittenBook:
    """What was written in every revision, each read once: a revision never changes."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._lock = threading.Lock()
        self._turns: list[_Turn] = []
        self._documents: Mapping[str, str] = {}

    def refresh(self, connection: Connection) -> None:
        """Read the revisions that were applied since the last look."""
        with self._lock:
            self.add(read_revisions(connection, self._turns[-1].number + 1 if self._turns else 1))

    def add(self, revisions: Iterable[Revision]) -> None:
        """Take in revisions that come after those that are known, in order."""
        for revision in revisions:
            self._turns.append(_turn(self._documents, revision))
            self._documents = revision.documents

    def history(self, key: str) -> tuple[Written, ...]:
        """Give the revisions in which a workflow changed, the first first."""
        found, text = [], ""
        for turn in tuple(self._turns):
            before = text
            text = turn.changed.get(file_of(key), text) or ""
            named = names_in(before) | names_in(text)
            changed = tuple(path for path in sorted(turn.changed) if _is_of(path, key, named))
            if changed:
                found.append(
                    Written(
                        turn.number, turn.hash, turn.applied_at, turn.live_at, turn.note, changed, bool(text)
                    )
                )
        return tuple(found)

    def documents(self, number: int) -> Mapping[str, str]:
        """Give all that was written in a revision; nothing before the first."""
        found: dict[str, str] = {}
        for turn in tuple(self._turns):
            if turn.number > number:
                break
            for path, text in turn.changed.items():
                if text is None:
                    found.pop(path, None)
                else:
                    found[path] = text
        return found


def file_of(key: str) -> str:
    """Give the path of the file of a workflow."""
    return f"workflows/{key}.yaml"


def names_in(text: str) -> frozenset[str]:
    """Give every word of a file that may name a template."""
    return frozenset(re.findall(r"[\w-]+", text))


def changes_of(key: str, before: Mapping[str, str], after: Mapping[str, str]) -> tuple[FileDifference, ...]:
    """Give what changed of a workflow from some documents to others: its file first, then its templates."""
    file = file_of(key)
    named = names_in(before.get(file, "")) | names_in(after.get(file, ""))
    found = [each for each in find_differences(before, after) if _is_of(each.name, key, named)]
    return tuple(sorted(found, key=lambda each: each.name != file))


def _is_of(path: str, key: str, named: frozenset[str]) -> bool:
    """Tell whether a file is a workflow's, or a template that it names."""
    return path == file_of(key) or (
        path.startswith(_TEMPLATES) and path.removeprefix(_TEMPLATES).partition(".")[0] in named
    )


def _turn(before: Mapping[str, str], revision: Revision) -> _Turn:
    after = revision.documents
    changed = {path: after.get(path) for path in {*before, *after} if before.get(path) != after.get(path)}
    return _Turn(
        revision.number, revision.hash, revision.applied_at, revision.live_at, revision.note, changed
    )
