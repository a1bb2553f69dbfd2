"""Checkouts: a workspace directory that knows which revision it was made from.

The number stands in a hidden file beside the documents, so that applying can tell whether somebody
else applied in between.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from upsell.errors import ConfigError, StoreError
from upsell.runtime.apply import difference
from upsell.store.connect import Connection
from upsell.store.revisions import Revision, newest_revision, read_revisions
from upsell.workspace.documents import read_workspace

MARK = ".revision"


def read_mark(folder: Path) -> int:
    """Give the number of the revision a directory was made from, 0 when it was made from none.

    Raises:
        ConfigError: The mark is no number.
    """
    mark = folder / MARK
    if not mark.is_file():
        return 0
    text = mark.read_text("utf-8").strip()
    if not text.isdecimal():
        msg = f"expected the number of a revision in {mark}, got {text!r}: pull into an empty directory"
        raise ConfigError(msg)
    return int(text)


def write_mark(folder: Path, revision: Revision) -> None:
    """Say that a directory is the same as a revision.

    Raises:
        ConfigError: The directory cannot be written.
    """
    with _writing(folder):
        (folder / MARK).write_text(f"{revision.number}\n", "utf-8")


def pull_revision(connection: Connection, folder: Path, *, is_forced: bool) -> Revision:
    """Make a directory hold the documents of the revision that is live, and give that revision.

    Raises:
        StoreError: No revision is live, or the directory has changes of its own and force is not used.
    """
    revision = newest_revision(connection)
    if revision is None:
        msg = "expected a revision to be live, found none: run `upsell apply` first"
        raise StoreError(msg)
    own = read_workspace(folder) if folder.is_dir() else {}
    made_from = read_mark(folder)
    known = {kept.number: kept.documents for kept in read_revisions(connection, max(1, made_from))}
    is_changed = bool(own) and own not in (known.get(made_from), revision.documents)
    if is_changed and not is_forced:
        changed = difference(revision.documents, own)
        msg = f"{folder} has changes of its own; apply them, or say --force to lose them:\n{changed}"
        raise StoreError(msg)
    write_checkout(folder, revision)
    return revision


def write_checkout(folder: Path, revision: Revision) -> None:
    """Make a directory hold exactly the documents of a revision; other files in it stay.

    A directory that does not exist is made.

    Raises:
        ConfigError: The directory cannot be written.
    """
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name in read_workspace(folder):
            if name not in revision.documents:
                (folder / name).unlink()
        for name, text in revision.documents.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    write_mark(folder, revision)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Say plainly what stood in the way of writing."""
    try:
        yield
    except OSError as error:
        msg = f"expected a directory that can be written at {folder}, got: {error.strerror}"
        raise ConfigError(msg) from error
