"""Forms: in which a paper is written, and files written so that nobody reads half of one."""

from __future__ import annotations

import enum
import os
from pathlib import Path
from typing import assert_never

from upsell.clock import Moment
from upsell.errors import ConfigError, nearest
from upsell.runtime.papers.html import html_of
from upsell.runtime.papers.markdown import markdown_of
from upsell.runtime.papers.paper import Paper
from upsell.runtime.papers.pdf import pdf_of


class Form(enum.Enum):
    """What a report is written as."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"
    PDF = "pdf"


_ENDINGS = {
    ".txt": Form.TEXT, ".json": Form.JSON, ".md": Form.MARKDOWN, ".markdown": Form.MARKDOWN,
    ".html": Form.HTML, ".htm": Form.HTML, ".pdf": Form.PDF,
}  # fmt: skip


def form_of(name: str | None, file: Path | None) -> Form:
    """Give the form that is named, else that of the file's ending, else text.

    Raises:
        ConfigError: No form has that name, the ending is of none, or a PDF has no file to go into.
    """
    if name is not None:
        known = [form.value for form in Form]
        if name not in known:
            near = nearest(name, known)
            hint = f"did you mean {near}?" if near else f"known: {', '.join(known)}"
            msg = f"--format: expected the name of a form, got {name}; {hint}"
            raise ConfigError(msg)
        form = Form(name)
    elif file is None:
        form = Form.TEXT
    elif file.suffix.lower() in _ENDINGS:
        form = _ENDINGS[file.suffix.lower()]
    else:
        msg = f"-o: expected a file that ends in {', '.join(_ENDINGS)}, got {file}; or say --format"
        raise ConfigError(msg)
    if form is Form.PDF and file is None:
        msg = "expected a file for the PDF, got none; say where it goes: -o report.pdf"
        raise ConfigError(msg)
    return form


def paper_bytes(paper: Paper, form: Form, as_of: Moment) -> bytes:
    """Write a paper in a form.

    Raises:
        ConfigError: The form is no paper's: the terminal and JSON are written from what the paper is made of.
    """
    match form:
        case Form.MARKDOWN:
            return markdown_of(paper).encode()
        case Form.HTML:
            return html_of(paper).encode()
        case Form.PDF:
            return pdf_of(paper, as_of)
        case Form.TEXT | Form.JSON:
            msg = f"expected markdown, html or pdf for a paper, got {form.value}"
            raise ConfigError(msg)
        case _:
            assert_never(form)


def write_whole(file: Path, content: bytes) -> None:
    """Write a file beside its place and move it there, so that a reader finds the old one or the new one.

    Raises:
        ConfigError: The file cannot be written.
    """
    beside = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with beside.open("wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        beside.replace(file)
    except OSError as error:
        beside.unlink(missing_ok=True)
        msg = f"expected a file that can be written at {file}, got: {error.strerror}"
        raise ConfigError(msg) from error
