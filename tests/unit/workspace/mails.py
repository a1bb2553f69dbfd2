"""A workspace of one mail, for tests of what a mail may be written in."""

from __future__ import annotations

from collections.abc import Mapping

from tests.unit.workspace.acme import problems_of
from tests.unit.workspace.code_examples import FAULTLESS
from upsell.errors import Problem
from upsell.journeys.workflow import Content
from upsell.workspace.compile import compile_documents


def of_mails(files: Mapping[str, str], **settings: str) -> dict[str, str]:
    """Give the workspace without fault, with files under templates in the place of ``tips.html``."""
    documents = dict(FAULTLESS)
    del documents["templates/tips.html"]
    said = "".join(f"{key}: {value}\n" for key, value in settings.items())
    documents["upsell.yaml"] = said + documents["upsell.yaml"]
    return documents | {f"templates/{name}": text for name, text in files.items()}


def mjml(within: str, head: str = "subject: Tips") -> str:
    """Write a mail in MJML around what stands in its one column."""
    return (
        f"---\n{head}\n---\n<mjml>\n<mj-body>\n<mj-section>\n<mj-column>\n{within}\n"
        "</mj-column>\n</mj-section>\n</mj-body>\n</mjml>\n"
    )


def content_of(files: Mapping[str, str], **settings: str) -> Content:
    """Compile the mail ``tips``."""
    program = compile_documents(of_mails(files, **settings)).program
    return program.workflows["room"].contents["tips"]


def told_of(files: Mapping[str, str], **settings: str) -> list[tuple[str | None, str | None, int | None]]:
    """Give code, file and line of each problem."""
    return [(each.code, each.file, each.line) for each in problems(files, **settings)]


def problems(files: Mapping[str, str], **settings: str) -> tuple[Problem, ...]:
    """Give every problem."""
    return problems_of(of_mails(files, **settings))
