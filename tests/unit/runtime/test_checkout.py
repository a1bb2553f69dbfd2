"""Checkouts: a directory knows what it was made from, and nothing of one's own is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.live_world import LiveWorld, make_documents, open_world, two_mails
from upsell.errors import ConfigError, StoreError
from upsell.runtime.apply import difference
from upsell.runtime.checkout import MARK, pull_revision, read_mark
from upsell.workspace.documents import read_workspace

pytestmark = pytest.mark.postgres

FIRST = make_documents({"w": two_mails()})
SECOND = make_documents({"v": two_mails("2 days")})


def pull(world: LiveWorld, folder: Path, *, is_forced: bool = False) -> int:
    return pull_revision(world.connection, folder, is_forced=is_forced).number


def test_what_was_applied_comes_back_and_the_directory_knows_its_number(
    database: str, tmp_path: Path
) -> None:
    with open_world(database) as world:
        world.apply(FIRST)
        assert pull(world, tmp_path / "here") == 1
    assert read_workspace(tmp_path / "here") == FIRST
    assert read_mark(tmp_path / "here") == 1


def test_a_newer_revision_replaces_what_was_pulled_and_removes_what_it_no_longer_has(
    database: str, tmp_path: Path
) -> None:
    with open_world(database) as world:
        world.apply(FIRST)
        pull(world, tmp_path)
        (tmp_path / "README.md").write_text("mine", "utf-8")
        world.apply(SECOND)
        assert pull(world, tmp_path) == 2
    assert read_workspace(tmp_path) == SECOND
    assert (tmp_path / "README.md").read_text("utf-8") == "mine"


def test_changes_of_one_s_own_are_lost_only_by_force(database: str, tmp_path: Path) -> None:
    with open_world(database) as world:
        world.apply(FIRST)
        pull(world, tmp_path)
        (tmp_path / "catalog.yaml").write_text("changed\n", "utf-8")
        with pytest.raises(StoreError, match=r"has changes of its own[\s\S]*\+changed"):
            pull(world, tmp_path)
        pull(world, tmp_path, is_forced=True)
    assert read_workspace(tmp_path) == FIRST


def test_before_the_first_revision_there_is_nothing_to_pull(database: str, tmp_path: Path) -> None:
    with open_world(database) as world, pytest.raises(StoreError, match="upsell apply"):
        pull(world, tmp_path)


def test_a_mark_that_is_no_number_is_refused(tmp_path: Path) -> None:
    (tmp_path / MARK).write_text("one", "utf-8")
    with pytest.raises(ConfigError, match="number of a revision"):
        read_mark(tmp_path)


def test_a_difference_names_files_that_come_go_and_change() -> None:
    changed = difference({"a": "1\n", "b": "1\n", "same": "x\n"}, {"b": "2", "c": "3\n", "same": "x\n"})
    assert changed == (
        "--- live/a\n+++ /dev/null\n@@ -1 +0,0 @@\n-1\n"
        "--- live/b\n+++ here/b\n@@ -1 +1 @@\n-1\n+2\n\\ no newline at end of file\n"
        "--- /dev/null\n+++ here/c\n@@ -0,0 +1 @@\n+3\n"
    )


def test_a_file_where_the_directory_should_be_is_told_plainly(database: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with open_world(database) as world:
        world.apply(FIRST)
        with pytest.raises(ConfigError, match="can be written"):
            pull(world, tmp_path / "file")
