"""A page: what one code means, why it matters, what to do, and how it looks wrong and right.

For ``upsell check --explain``, the reference pages, and whoever writes a new complaint. The law: a code
never changes its meaning, and every code that is told has its page.
"""

from __future__ import annotations

import enum

import msgspec


class Subject(enum.Enum):
    """What a waiver is written in."""

    WORKFLOW = "workflow"
    OFFER = "offer"


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What one code means.

    Attributes:
        code: The code, in kebab-case.
        meaning: What is so when it is told, in one sentence.
        remedy: What to do.
        why: Why it matters; of an error it is enough that nothing can be made of the text.
        source: The law or the study behind it; empty where there is none.
        wrong: Texts that bring it, each under a line ``# its file``; empty where none can be shown.
        right: The same put right.
        is_lint: Whether it is a warning: the workspace can be applied as it is.
        waived_in: What a waiver of it is written in; None for what cannot be waived.
    """

    code: str
    meaning: str
    remedy: str
    why: str = ""
    source: str = ""
    wrong: str = ""
    right: str = ""
    is_lint: bool = False
    waived_in: Subject | None = None
