"""What every tracked file promises: no address of a registry, no path of one machine, nothing huge.

Without git (in an unpacked source archive) the same is asked of every file that git would track.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

import upsell

ROOT = Path(__file__).resolve().parents[1]

LARGEST = 2_000_000
"""Bytes; whatever is larger belongs to the reader's own disk, with a command that fetches or makes it."""

# Written in pieces, so that this file keeps the promise it tests.
REGISTRY_HOSTS = re.compile(
    "|".join(
        re.escape(".".join(parts))
        for parts in (
            ("pypi", "org"),
            ("pythonhosted", "org"),
            ("registry", "npmjs", "org"),
            ("registry", "yarnpkg", "com"),
            ("deb", "debian", "org"),
        )
    )
    + "|"
    + "|".join(
        "-".join(parts) for parts in (("extra", "index", "url"), ("find", "links"), ("trusted", "host"))
    )
)
MACHINE_PATHS = re.compile(
    r"(?<![A-Za-z0-9._/-])/(?:" + "|".join(("work", "farm", "root", "home/[a-z]+", "Users/[A-Za-z]+")) + ")/"
)


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("no git checkout here: nothing says which files are tracked")
    listing = subprocess.run(
        [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    paths = [ROOT / name for name in listing.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


def places(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    """Give ``file:line: text`` for every line of a text file that the pattern is found in."""
    found = []
    for path in paths:
        content = path.read_bytes()
        if b"\0" in content:
            continue
        lines = content.decode("utf-8", "replace").splitlines()
        name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
        found += [f"{name}:{i}: {line[:120]}" for i, line in enumerate(lines, 1) if pattern.search(line)]
    return found


def test_no_tracked_file_names_a_registry(tracked: list[Path]) -> None:
    assert places(REGISTRY_HOSTS, tracked) == []


def test_no_tracked_file_holds_a_path_of_one_machine(tracked: list[Path]) -> None:
    assert places(MACHINE_PATHS, tracked) == []


@pytest.mark.parametrize(
    ("pattern", "line", "is_found"),
    [
        (REGISTRY_HOSTS, "# from https://files." + "pythonhosted" + ".org/x", True),
        (REGISTRY_HOSTS, "pip install --" + "find" + "-links=wheels upsell", True),
        (REGISTRY_HOSTS, "hatchling==1.27 --hash=sha256:00", False),
        (MACHINE_PATHS, "data lies in /" + "work/x", True),
        (MACHINE_PATHS, "    '/" + "root/x'", True),
        (MACHINE_PATHS, "the network and /workflows and .yaml/rootless and how/work/ is", False),
    ],
)
def test_the_searches_find_what_they_are_for(
    tmp_path: Path, pattern: re.Pattern[str], line: str, is_found: bool
) -> None:
    path = tmp_path / "planted.txt"
    path.write_text(f"first\n{line}\n", "utf-8")
    assert places(pattern, [path]) == ([f"{path}:2: {line}"] if is_found else [])


def test_no_tracked_file_is_huge(tracked: list[Path]) -> None:
    huge = {str(path.relative_to(ROOT)): path.stat().st_size for path in tracked}
    assert {name: size for name, size in huge.items() if size > LARGEST} == {}


def test_the_readme_names_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert "make demo" in readme
    assert "make test" in readme


def test_the_version_is_told_once_and_the_changelog_knows_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == upsell.__version__
    assert re.search(
        rf"^## {re.escape(upsell.__version__)}\b", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M
    )


def test_every_dependency_is_locked_with_its_hashes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for lock, wanted in (
        ("requirements.lock", project["dependencies"]),
        ("requirements-dev.lock", project["dependencies"] + project["optional-dependencies"]["dev"]),
    ):
        locked = _locked((ROOT / lock).read_text("utf-8"))
        assert {_distribution(requirement) for requirement in wanted} - locked.keys() == set(), lock
        assert [name for name, hashes in locked.items() if hashes == 0] == [], lock


def test_the_two_locks_agree() -> None:
    runtime, everything = (
        set(re.findall(r"^([a-z0-9-]+==\S+)", (ROOT / lock).read_text("utf-8"), re.M))
        for lock in ("requirements.lock", "requirements-dev.lock")
    )
    assert runtime - everything == set()


def _distribution(requirement: str) -> str:
    return re.split(r"[\[<>=;~! ]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def _locked(text: str) -> dict[str, int]:
    pins = re.split(r"^(?=[a-z0-9][a-z0-9._-]*==)", text, flags=re.M)[1:]
    return {pin.split("==")[0]: pin.count("--hash=sha256:") for pin in pins}
