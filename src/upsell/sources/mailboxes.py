"""Mailboxes: the mails of a file, a folder or a pipe, one at a time, and nothing there is changed.

The law: a mail that is too large gives its beginning, and no mailbox is held in memory whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from upsell.errors import ConfigError

LARGEST_MAIL: Final = 1024 * 1024
"""How many bytes of a mail are read; what is returned with it may be far larger."""

_FROM = b"From "


def read_mails(path: Path) -> Iterator[tuple[str, bytes]]:
    """Give the mails of an mbox, of one file, or of a folder (Maildir, or files alone), each with its place.

    Raises:
        ConfigError: There is nothing at the path, or it cannot be read.
    """
    try:
        if path.is_dir():
            yield from _folder(path)
        else:
            with path.open("rb") as file:
                yield from split_mails(file, path.name)
    except OSError as error:
        msg = f"expected an mbox, a Maildir or a mail that can be read at {path}, got: {error.strerror}"
        raise ConfigError(msg) from error


def split_mails(lines: BinaryIO | Iterable[bytes], name: str) -> Iterator[tuple[str, bytes]]:
    """Give the mails of what begins with ``From ``, as an mbox does, or the one mail that all of it is."""
    mail: list[bytes] = []
    size, number, is_mbox, is_blank = 0, 1, False, True
    for at, line in enumerate(lines):
        if at == 0 and line.startswith(_FROM):
            is_mbox, is_blank = True, False
            continue
        if is_mbox and is_blank and line.startswith(_FROM):
            yield f"{name} mail {number}", b"".join(mail)
            mail, size, number, is_blank = [], 0, number + 1, False
            continue
        is_blank = not line.strip()
        if size < LARGEST_MAIL:
            mail.append(line[: LARGEST_MAIL - size])
            size += len(line)
    if mail or is_mbox:
        yield (f"{name} mail {number}" if is_mbox else name), b"".join(mail)


def _folder(path: Path) -> Iterator[tuple[str, bytes]]:
    """Give the mails of a Maildir, new and read ones, or of a folder's files, in the order of their names."""
    boxes = [path / box for box in ("new", "cur") if (path / box).is_dir()] or [path]
    for box in boxes:
        for file in sorted(each for each in box.iterdir() if each.is_file() and each.name[0] != "."):
            with file.open("rb") as opened:
                yield file.name, opened.read(LARGEST_MAIL)
