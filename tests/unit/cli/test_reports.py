"""Reports and reviews from the command line, in every form."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands import typed
from tests.live_world import make_documents, open_world, two_mails
from upsell.clock import DAY, SystemClock

pytestmark = pytest.mark.postgres


@pytest.fixture
def live(database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """One workflow is live, and some were let in."""
    with open_world(database) as world:
        world.apply(make_documents({"flow": two_mails(holdout="50%")}))
        for number in range(10):
            world.happens("Customer Identified", f"p{number}", email=f"p{number}@example.com")
            world.happens("Pricing Viewed", f"p{number}")
        world.after(40 * DAY)
        now = world.clock.now()
    monkeypatch.setattr(SystemClock, "now", lambda _: now)
    monkeypatch.setenv("UPSELL_DATABASE_URL", database)
    return database


def test_a_report_is_written_in_the_form_its_file_ends_in_and_says_so_on_the_error_stream(
    live: str,
    tmp_path: Path,
) -> None:
    begins = {"r.html": b"<!doctype html>", "r.pdf": b"%PDF-", "r.md": b"# What did", "r.json": b"{"}
    for name, begin in begins.items():
        code, out, err = typed("report", "-o", tmp_path / name)
        assert (code, out) == (0, "")
        assert "Wrote 1 workflow as" in err
        assert (tmp_path / name).read_bytes().startswith(begin)
    code, out, _ = typed("report", "--json")
    assert json.loads(out) == json.loads((tmp_path / "r.json").read_bytes())
    code, out, _ = typed("report", "--format", "markdown")
    assert out.encode() == (tmp_path / "r.md").read_bytes()
    code, out, err = typed("report", "--format", "pdf")
    assert (code, out) == (1, "")
    assert "-o report.pdf" in err


def test_a_review_is_markdown_unless_something_else_is_said(
    live: str,
    tmp_path: Path,
) -> None:
    code, out, err = typed("review", "--month", "2026-03")
    assert (code, err) == (0, "")
    assert out.startswith("# Expansion review, March 2026")
    code, out, err = typed("review", "-o", tmp_path / "r.pdf")
    assert (code, out) == (0, "")
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF-")
    code, _, err = typed("review", "--month", "2026-3x")
    assert code == 1
    assert "expected a month such as 2026-10, got 2026-3x" in err
