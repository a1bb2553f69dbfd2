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

import psycopg
import pytest

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

CLIENTS = Path(__file__).parent / "clients"
CUSTOMERS = 100
EVENTS = {
    "Pricing Viewed": (CUSTOMERS, {"v"}),
    "Customer Identified": (CUSTOMERS, {"u", "known"}),
    "Customers Merged": (2 * CUSTOMERS, {"u", "known"}),
    "Account Identified": (CUSTOMERS, {"u", "known"}),
    "Page Viewed": (CUSTOMERS, {"u", "known"}),
    "Screen Viewed": (CUSTOMERS, {"u", "known"}),
    "Order Completed": (CUSTOMERS, {"known"}),
}
"""How many of each, and under which of their ids: a client sends several batches at once, and what comes
after a merge is under the id that stays."""


def run(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, timeout=180)


def fetched(words: list[str], folder: Path, name: str) -> None:
    """Fetch a client, or skip the test with what stood in the way."""
    done = run(words, folder)
    if done.returncode:
        # A package registry is somebody else's machine: out of reach it proves nothing about ours.
        pytest.skip(f"{name} cannot be fetched here: {done.stderr.strip()[-200:]}")


def sent(words: list[str], folder: Path) -> list[str]:
    """Let a client send, and give what it says failed."""
    done = run(words, folder)
    assert done.returncode == 0, done.stderr
    failed: list[str] = json.loads(done.stdout.splitlines()[-1])["failed"]
    return failed


def check_counted(database: str) -> None:
    """Hold what is in the ledger against what was sent: each person's events, once."""
    asked = """
        select name, count(*), count(distinct substring(customer_id from '[0-9]+$')),
            array_agg(distinct substring(customer_id from '([a-z]+)[0-9]+$'))
        from events group by 1
    """
    with psycopg.connect(database) as connection:
        found = {name: (count, people, set(ids)) for name, count, people, ids in connection.execute(asked)}
    assert found.keys() == EVENTS.keys()
    for name, (count, ids) in EVENTS.items():
        assert found[name][:2] == (count, CUSTOMERS), name
        assert found[name][2] <= ids, name


def test_segments_node_client_is_taken_as_it_is(served_with_key: str, database: str, tmp_path: Path) -> None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        # Neither is set up by make: a Python project asks nobody to have them.
        pytest.skip("Segment's Node client needs node and npm, which are not on this machine")
    for name in ("package.json", "package-lock.json", "send.mjs"):
        shutil.copy(CLIENTS / name, tmp_path)
    fetched([npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], tmp_path, "@segment/analytics-node")
    assert sent([node, "send.mjs", served_with_key, "key", str(CUSTOMERS)], tmp_path) == []
    check_counted(database)


def test_rudderstacks_python_client_is_taken_as_it_is(
    served_with_key: str, database: str, tmp_path: Path
) -> None:
    venv.create(tmp_path / "own", with_pip=True)
    python = str(tmp_path / "own" / "bin" / "python")
    words = [python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r"]
    fetched([*words, str(CLIENTS / "rudderstack.txt")], tmp_path, "rudder-sdk-python")
    words = [python, str(CLIENTS / "send.py"), served_with_key, "key", str(CUSTOMERS)]
    assert sent(words, tmp_path) == []
    check_counted(database)
