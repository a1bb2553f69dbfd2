"""Sources as they stand in a workspace: what is wrong with one is told beside what is wrong with the rest."""

from __future__ import annotations

import pytest

from tests.live_world import make_documents
from upsell.errors import DefinitionError
from upsell.runtime.whole import compile_whole
from upsell.sources.definitions import read_sources
from upsell.workspace.compile import compile_documents

SOURCE = "webhook: {secrets: [UPSELL_SECRET_DESK], recipe: delighted}\n"


def codes(**files: str) -> list[tuple[str | None, str]]:
    """Give what is wrong with sources, by file and code."""
    try:
        read_sources({f"sources/{name}": text for name, text in files.items()})
    except DefinitionError as error:
        return [(problem.file, problem.code) for problem in error.problems]
    return []


def test_a_source_is_called_as_its_file_and_takes_requests_under_that_name() -> None:
    (source,) = read_sources({"sources/helpdesk.yaml": SOURCE}).values()
    assert (source.name, source.path, source.settings) == ("helpdesk", "helpdesk", ("UPSELL_SECRET_DESK",))


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("helpdesk.yml", SOURCE, "file-name"),
        ("Help.yaml", SOURCE, "file-name"),
        ("api.yaml", SOURCE, "source-name"),
        ("ses.yaml", SOURCE, "source-name"),
        ("a.yaml", "", "missing-key"),
        ("a.yaml", "webhok: {}", "wrong-type"),
        ("a.yaml", "webhook: {}", "missing-key"),
        ("a.yaml", "webhook: {secrets: [hunter2]}", "wrong-type"),
        ("a.yaml", "webhook: {recipe: delighted, path: mailgun}", "source-path"),
        ("a.yaml", "webhook: [", "yaml-syntax"),
        ("a.yaml", "webhook: \ud800", "encoding"),
        ("a.yaml", f"# {'x' * 1_000_000}", "too-large"),
        ("a.yaml", "&a [*a]", "too-large"),
        ("a.yaml", "- webhook", "wrong-type"),
    ],
)
def test_what_is_wrong_with_a_source_is_told_with_its_file(name: str, text: str, code: str) -> None:
    assert (f"sources/{name}", code) in codes(**{name: text})


def test_two_sources_under_one_path_are_refused() -> None:
    other = SOURCE.replace("{", "{path: a, ")
    assert codes(**{"a.yaml": SOURCE, "b.yaml": other}) == [("sources/b.yaml", "source-path")]


def test_everything_that_is_wrong_is_told_at_once_and_once() -> None:
    documents = {**make_documents({"w": "zone: ["}), "sources/a.yaml": "webhook: ["}
    with pytest.raises(DefinitionError) as refused:
        compile_whole(documents)
    files = [problem.file for problem in refused.value.problems]
    assert sorted(file for file in files if file) == ["sources/a.yaml", "workflows/w.yaml"]


def test_a_source_is_part_of_the_name_of_a_program_and_its_comments_are_not() -> None:
    def version(text: str) -> str:
        return compile_documents({**make_documents({}), "sources/a.yaml": text}).program.version

    bare = compile_documents(make_documents({})).program.version
    assert version(SOURCE) == version(f"# ours\n{SOURCE}") != bare
    assert version(SOURCE) != version(SOURCE.replace("DESK", "OTHER"))
