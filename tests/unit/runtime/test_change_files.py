"""Change files: uploads, typed texts, and a status that is written into a workflow's file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.live_world import ON_PRICING, make_documents
from tests.stories.world import workflow
from upsell.errors import ConfigError
from upsell.journeys.workflow import Status
from upsell.runtime.change_files import take_upload, with_status, with_text
from upsell.workspace.compile import compile_documents
from upsell.workspace.documents import hash_documents, is_document, read_workspace

HELP = workflow(trigger=ON_PRICING, journey="[{email: {content: t1, intent: help}}]")
DOCUMENTS = make_documents({"help": HELP, "other": HELP.replace("0%", "10%")})


def sent(folder: str) -> list[tuple[str, bytes]]:
    return [(f"{folder}{name}", text.encode()) for name, text in DOCUMENTS.items()]


@pytest.mark.parametrize("folder", ["", "acme/", "repository/deep/acme/"])
def test_a_folder_is_the_same_workspace_wherever_it_lies(folder: str) -> None:
    more = [(f"{folder}.git/HEAD", b"\xff"), (f"{folder}README.md", b"hello"), ("elsewhere/x.yaml", b"a: 1")]
    assert take_upload([*sent(folder), *more]) == dict(sorted(DOCUMENTS.items()))


def test_an_upload_is_what_the_command_reads(tmp_path: Path) -> None:
    for name, text in DOCUMENTS.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(text.replace("\n", "\r\n").encode())
    files = [
        (f"w/{each.relative_to(tmp_path)}", each.read_bytes())
        for each in tmp_path.rglob("*")
        if each.is_file()
    ]
    assert take_upload(files) == read_workspace(tmp_path)
    assert hash_documents(take_upload(files)) == hash_documents(DOCUMENTS)


def test_an_upload_that_is_no_workspace_is_refused() -> None:
    with pytest.raises(ConfigError, match="got no file"):
        take_upload([])
    with pytest.raises(ConfigError, match="got 1 files without one"):
        take_upload([("a/b.txt", b"")])
    with pytest.raises(ConfigError, match="expected UTF-8 text"):
        take_upload([("upsell.yaml", b"\xff")])


@pytest.mark.parametrize(
    "name",
    [
        "./upsell.yaml",
        "workflows//a.yaml",
        "../upsell.yaml",
        "/etc/upsell.yaml",
        "workflows/../../x.yaml",
        "workflows/a\nb.yaml",
        "",
        "x.py",
    ],
)
def test_only_a_path_of_a_workspace_is_a_document(name: str) -> None:
    assert not is_document(name)
    with pytest.raises(ConfigError, match="expected the path of a document"):
        with_text(DOCUMENTS, name, "a: 1")


def test_a_typed_text_changes_its_file_alone() -> None:
    text = HELP.replace("0%", "20%")
    written = with_text(DOCUMENTS, "workflows/help.yaml", text.replace("\n", "\r\n"))
    assert written == {**DOCUMENTS, "workflows/help.yaml": text}
    with pytest.raises(ConfigError, match="got nothing"):
        with_text(DOCUMENTS, "workflows/help.yaml", "  \n")


@pytest.mark.parametrize(
    ("text", "ended"),
    [
        (HELP, HELP.replace("name: A workflow\n", "name: A workflow\nstatus: ended\n")),
        (HELP + "status: live # for now\n", HELP + "status: ended # for now\n"),
        (HELP + "status: 'paused'\n", HELP + "status: ended\n"),
        ("status: live\n" + HELP, "status: ended\n" + HELP),
    ],
)
def test_ending_writes_one_word_and_nothing_else_means_anything_else(text: str, ended: str) -> None:
    documents = make_documents({"help": text, "other": HELP})
    after = with_status(documents, "help", Status.ENDED)
    assert after == {**documents, "workflows/help.yaml": ended}
    program = compile_documents(after).program
    assert [program.workflows[key].status for key in ("help", "other")] == [Status.ENDED, Status.LIVE]


def test_ending_what_is_ended_or_is_none_is_refused() -> None:
    after = with_status(DOCUMENTS, "help", Status.ENDED)
    with pytest.raises(ConfigError, match="nothing to change"):
        with_status(after, "help", Status.ENDED)
    with pytest.raises(ConfigError, match="expected the key of a workflow"):
        with_status(DOCUMENTS, "nothing", Status.ENDED)


def test_a_file_that_is_written_too_oddly_is_left_to_people() -> None:
    # In a document of one line there is no line below the name to write on.
    odd = "{" + ", ".join(line for line in HELP.strip().splitlines()) + "}\n"
    with pytest.raises(ConfigError, match="write it there by hand"):
        with_status(make_documents({"help": odd}), "help", Status.ENDED)
