"""The embedded server: there when asked for, shared by processes, gone with the last of them."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from upsell.errors import StoreError
from upsell.store.embedded import embedded_url

pytestmark = pytest.mark.postgres

USER = """
import sys
from upsell.config import Settings
from upsell.store.connect import connect, database_url
with connect(database_url(Settings(data_folder=sys.argv[1]))) as connection:
    print(database_url(Settings(data_folder=sys.argv[1])), flush=True)
    sys.stdin.readline()
    {end}
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder that the server's own user may enter, which pytest's are not."""
    with tempfile.TemporaryDirectory(prefix="upsell-embedded-", ignore_cleanup_errors=True) as name:
        yield Path(name)


class User:
    """A process that uses the server until told to end."""

    def __init__(self, folder: Path, *, end: str = "pass") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER.replace("{end}", end), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()

    def end(self) -> None:
        self.process.communicate("\n", timeout=60)


def answers(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


def test_the_server_outlives_one_user_and_ends_with_the_last(folder: Path) -> None:
    first, second = User(folder), User(folder)
    assert first.url == second.url
    first.end()
    assert answers(second.url)
    second.end()
    assert not answers(second.url)


def test_a_user_that_was_killed_is_not_waited_for(folder: Path) -> None:
    killed, last = User(folder), User(folder)
    killed.process.kill()
    killed.process.communicate()
    assert answers(last.url)
    last.end()
    assert not answers(last.url)


def test_what_was_written_is_there_when_the_server_is_started_again(folder: Path) -> None:
    first = User(folder, end="connection.execute('create table kept (a int)')")
    first.end()
    second = User(folder)
    with psycopg.connect(second.url) as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (0,)
    second.end()


def test_text_compares_by_code_point(folder: Path) -> None:
    user = User(folder)
    with psycopg.connect(user.url) as connection:
        found = connection.execute(
            "select a from (values ('a'), ('B'), ('ä'), ('Z')) t (a) order by a"
        ).fetchall()
    user.end()
    assert [row[0] for row in found] == sorted("aBäZ")


def test_durability_is_on(folder: Path) -> None:
    user = User(folder)
    with psycopg.connect(user.url) as connection:
        settings = {
            name: connection.execute(f"show {name}").fetchone() for name in ("synchronous_commit", "fsync")
        }
    user.end()
    assert settings == {"synchronous_commit": ("on",), "fsync": ("on",)}


def test_a_folder_that_cannot_be_made_is_told_with_the_setting_that_names_another(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="UPSELL_DATA_FOLDER"):
        embedded_url(tmp_path / "file" / "data")
