"""Clients of other makers and languages, unmodified: every call is counted at both ends.

Each is fetched into a folder of its own, at the versions and hashes that stand in ``clients/``; where
it cannot be had the test says so and is skipped.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import venv
from pathlib import Path

import pytest

from tests.acceptance.test_sdk import counted

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

CLIENTS = Path(__file__).parent / "clients"
CUSTOMERS = 100
EVENTS = {
    "Pricing Viewed": (CUSTOMERS, "anon:v0"),
    "Customer Identified": (CUSTOMERS, "u0"),
    "Customers Merged": (2 * CUSTOMERS, "known0"),
    "Account Identified": (CUSTOMERS, "u0"),
    "Page Viewed": (CUSTOMERS, "u0"),
    "Screen Viewed": (CUSTOMERS, "u0"),
    "Order Completed": (CUSTOMERS, "known0"),
}


def run(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, timeout=180)


def fetched(words: list[str], folder: Path, name: str) -> None:
    """Fetch a client, or skip the test with what stood in the way."""
    done = run(words, folder)
    if done.returncode:
        pytest.skip(f"{name} cannot be fetched here: {done.stderr.strip()[-200:]}")


def sent(words: list[str], folder: Path) -> list[str]:
    """Let a client send, and give what it says failed."""
    done = run(words, folder)
    assert done.returncode == 0, done.stderr
    failed: list[str] = json.loads(done.stdout.splitlines()[-1])["failed"]
    return failed


def test_segments_node_client_is_taken_as_it_is(served_with_key: str, database: str, tmp_path: Path) -> None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("Segment's Node client needs node and npm, which are not on this machine")
    for name in ("package.json", "package-lock.json", "send.mjs"):
        shutil.copy(CLIENTS / name, tmp_path)
    fetched([npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], tmp_path, "@segment/analytics-node")
    assert sent([node, "send.mjs", served_with_key, "key", str(CUSTOMERS)], tmp_path) == []
    assert counted(database) == EVENTS


def test_rudderstacks_python_client_is_taken_as_it_is(
    served_with_key: str, database: str, tmp_path: Path
) -> None:
    venv.create(tmp_path / "own", with_pip=True)
    python = str(tmp_path / "own" / "bin" / "python")
    words = [python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r"]
    fetched([*words, str(CLIENTS / "rudderstack.txt")], tmp_path, "rudder-sdk-python")
    words = [python, str(CLIENTS / "send.py"), served_with_key, "key", str(CUSTOMERS)]
    assert sent(words, tmp_path) == []
    assert counted(database) == EVENTS
