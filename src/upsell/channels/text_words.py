"""Text words: what is texted back at once to whoever asks for no more, for texts again, or who we are.

The law: an answer says what was done and how to undo it, and sells nothing (47 CFR 64.1200(a)(12)); in each
language it is one text as long as the sender's name is short.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from upsell.channels.languages import ENGLISH, GERMAN


class TextWords(msgspec.Struct, frozen=True):
    """What is answered in one language; ``{name}`` is the sender, ``{who}`` who and where they are."""

    left: str
    back: str
    help: str


WORDS: Final[Mapping[str, TextWords]] = {
    ENGLISH: TextWords(
        left="{name}: You will get no more texts from us. Reply START to get them again.",
        back="{name}: You will get texts from us again. Reply STOP to end them.",
        help="Texts from {who}. Reply STOP to get no more.",
    ),
    GERMAN: TextWords(
        left="{name}: Sie bekommen keine SMS mehr von uns. Antworten Sie START, um sie wieder zu bekommen.",
        back="{name}: Sie bekommen wieder SMS von uns. Antworten Sie STOP, um sie zu beenden.",
        help="SMS von {who}. Antworten Sie STOP, um keine mehr zu bekommen.",
    ),
}
"""By language."""
