"""Processes side by side: they end together, however the end comes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

PARTS = """
import os, sys, time
from functools import partial
from pathlib import Path
from upsell.errors import UpsellError
from upsell.runtime.processes import run_together

def live(folder, name, is_stopped):
    (Path(folder) / name).write_text(str(os.getpid()))
    while not is_stopped():
        time.sleep(0.02)
    (Path(folder) / f"{name}-ended").touch()

def fail(folder, is_stopped):
    raise UpsellError("no such thing")

if __name__ == "__main__":
    folder, second = sys.argv[1:]
    other = partial(fail, folder) if second == "fail" else partial(live, folder, "two")
    try:
        run_together({"one": partial(live, folder, "one"), "two": other})
    except UpsellError as error:
        sys.exit(str(error))
"""


def start(folder: Path, second: str) -> subprocess.Popen[str]:
    script = folder / "parts.py"
    script.write_text(PARTS, "utf-8")
    return subprocess.Popen(
        [sys.executable, str(script), str(folder), second], stderr=subprocess.PIPE, text=True
    )


def wait_for(*paths: Path) -> None:
    give_up_at = time.monotonic() + 60
    while not all(path.exists() and (path.name.endswith("ended") or path.read_text()) for path in paths):
        assert time.monotonic() < give_up_at, paths
        time.sleep(0.02)


def test_a_signal_ends_every_part_in_order(tmp_path: Path) -> None:
    process = start(tmp_path, "live")
    wait_for(tmp_path / "one", tmp_path / "two")
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, "")
    assert (tmp_path / "one-ended").exists()
    assert (tmp_path / "two-ended").exists()


def test_a_part_that_fails_ends_the_others_and_says_why(tmp_path: Path) -> None:
    process = start(tmp_path, "fail")
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "upsell: no such thing" in said
    assert "the two ended with code 1; the rest was stopped" in said


def test_no_part_outlives_the_process_that_started_it_even_when_that_is_killed(tmp_path: Path) -> None:
    process = start(tmp_path, "live")
    wait_for(tmp_path / "one", tmp_path / "two")
    process.kill()
    process.communicate()
    wait_for(tmp_path / "one-ended", tmp_path / "two-ended")
    for name in ("one", "two"):
        pid = int((tmp_path / name).read_text())
        give_up_at = time.monotonic() + 60
        while is_alive(pid):
            assert time.monotonic() < give_up_at
            time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("ascii")
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
