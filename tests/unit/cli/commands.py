"""Commands run as their user would, in this process."""

from __future__ import annotations

import sys

import pytest

from upsell.cli.main import main


def run_command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: object
) -> tuple[int, str, str]:
    """Run a command line; give its exit code and what it wrote."""
    monkeypatch.setattr(sys, "argv", ["upsell", *map(str, words)])
    with pytest.raises(SystemExit) as left:
        main()
    shown = capsys.readouterr()
    return (left.value.code if isinstance(left.value.code, int) else 0), shown.out, shown.err
