"""How many examples a property is asked: all in `make test-all`, a part in `make test`, others every time."""

from __future__ import annotations

import os

IS_ALL = os.environ.get("ALL_EXAMPLES") == "1"
"""Whether every example is drawn; ``make test-all`` says so."""

FEW = 15
"""How many examples are drawn at least, where a property asks for as many."""


def examples(wanted: int, few: int = FEW) -> int:
    """Give how many examples to draw where ``wanted`` make the proof: all of them, or an eighth.

    Args:
        wanted: How many make the proof.
        few: How many at least; fewer where each takes long.
    """
    return wanted if IS_ALL else max(wanted // 8, min(wanted, few))
