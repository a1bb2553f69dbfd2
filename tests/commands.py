"""Commands as they are typed, run in this process: what starting Python anew for each would cost is saved."""

from __future__ import annotations

import io
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from subprocess import CompletedProcess
from unittest.mock import patch

from upsell.cli.main import main


def run_command(*words: str, **environment: str) -> CompletedProcess[str]:
    """Run ``upsell`` with words, in an environment that holds these variables too; give what it printed."""
    out, err = io.StringIO(), io.StringIO()
    code: object = 0
    with (
        patch.dict(os.environ, environment),
        patch.object(sys, "argv", ["upsell", *words]),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as left:
            code = left.code
    status = code if isinstance(code, int) else int(code is not None)
    return CompletedProcess(["upsell", *words], status, out.getvalue(), err.getvalue())
